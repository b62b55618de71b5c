//! What a new container refers to, made the tenant's own.

use super::facts::InspectedImage;
use super::image::{self, Image, no_image};
use super::name::is_task;
use super::refusal::Kind;
use super::scene::{Scene, is_default};
use super::usage::count;
use super::{CONTAINER, IMAGE_LABEL, MADE_LABEL, OWNER_LABEL, Refusal, Stop, labels, ports};
use crate::api::Call;
use crate::api::json::{Member, Value};
use crate::demand::normal;
use crate::policy::Counted;

/// Makes the creation of a container the tenant's.
pub(super) fn create<'c>(
    scene: &Scene<'_>,
    call: &mut Call<'c>,
    root: &mut Value<'c>,
) -> Result<(), Stop> {
    let name = name(scene, call.parameter("name"))?;
    labels::check(root.field("Labels"))?;
    let term = root.field("Image").and_then(Value::as_str);
    let term = term.unwrap_or_default().to_owned();
    let image = match scene.image(&term)? {
        _ if term.is_empty() => None,
        Image::Own(image) => {
            // Its names could mean another image a moment later.
            root.set_field("Image", Value::text(image.id.clone()));
            Some(image)
        }
        Image::Shared(image) => Some(image),
        Image::Foreign | Image::Absent => return Err(no_image(&term).into()),
    };
    let mut host = root
        .field_mut("HostConfig")
        .map_or(Value::Null, std::mem::take);
    if !matches!(host, Value::Object(_)) {
        host = Value::Object(Vec::new());
    }
    modes(scene, &mut host).map_err(reference)?;
    join(scene, root, &mut host, &name).map_err(reference)?;
    volumes(scene, root, &mut host, image.as_ref()).map_err(reference)?;
    let ports = ports::publish(scene.tenant, root, &mut host, image.as_ref())?;
    let mut stamps = scene.claim_container(&mut host, ports)?.to_vec();
    stamps.push((IMAGE_LABEL, term));
    stamps.push((MADE_LABEL, CONTAINER.to_owned()));
    root.set_field("HostConfig", host);
    labels::stamp(root, scene.tenant, &stamps)?;
    call.set_parameter("name", scene.tenant.engine_name(&name));
    Ok(())
}

/// Clients that get a 404 for a new container pull its image.
fn reference(stop: Stop) -> Stop {
    match stop {
        Stop::Refuse(Refusal::NoSuch { kind, term }) if kind != Kind::Image => {
            Refusal::BadReference { kind, term }.into()
        }
        other @ (Stop::Refuse(_) | Stop::Lookup(_) | Stop::Answer(_)) => other,
    }
}

/// The plain name of a new container: the client's, or one that no other has.
fn name(scene: &Scene<'_>, given: Option<&str>) -> Result<String, Stop> {
    match given {
        Some(given) if !given.is_empty() => new_name(given),
        // The engine's own choice would lack the prefix.
        Some(_) | None => Ok(format!("box_{:016x}", scene.chance)),
    }
}

/// The name that a client gives a container, which is no name of a task's: those are its service's to give.
pub(super) fn new_name(given: &str) -> Result<String, Stop> {
    let name = plain_name(given)?;
    if is_task(&name) {
        return Err(Refusal::Way {
            what: format!("a container called `{name}`"),
            why: "that is what the containers of services are called",
        }
        .into());
    }
    Ok(name)
}

/// The name that a client gives a container or a volume.
///
/// # Errors
/// The engine's own, for a name that it would refuse: with the prefix it might not.
pub(super) fn plain_name(given: &str) -> Result<String, Stop> {
    let bare = given.strip_prefix('/').unwrap_or(given);
    let valid = bare.len() > 1 && normal::is_volume_name(bare);
    if valid {
        Ok(bare.to_owned())
    } else {
        Err(Refusal::Name(given.to_owned()).into())
    }
}

/// Name spaces that are another container's.
fn modes(scene: &Scene<'_>, host: &mut Value<'_>) -> Result<(), Stop> {
    for field in ["PidMode", "IpcMode", "Cgroup", "NetworkMode"] {
        if let Some(value) = host.field_mut(field)
            && let Some(term) = value
                .as_str()
                .and_then(|mode| mode.strip_prefix("container:"))
        {
            let id = scene.container(term)?.id;
            *value = Value::text(format!("container:{id}"));
        }
    }
    for field in ["UTSMode", "UsernsMode", "CgroupnsMode"] {
        let mode = host.field(field).and_then(Value::as_str);
        if let Some(mode) = mode.filter(|mode| mode.starts_with("container:")) {
            return Err(Refusal::Way {
                what: format!("`{field}: {mode}`"),
                why: "no engine joins this name space of another container",
            }
            .into());
        }
    }
    let parent = host.field("CgroupParent").and_then(Value::as_str);
    if parent.is_some_and(|parent| !parent.is_empty()) {
        return Err(Refusal::cgroup_parent().into());
    }
    if let Some(Value::Array(sources)) = host.field_mut("VolumesFrom") {
        for source in sources {
            let Some(text) = source.as_str() else {
                continue;
            };
            let (term, mode) = match text.split_once(':') {
                Some((term, mode)) => (term, format!(":{mode}")),
                None => (text, String::new()),
            };
            let id = scene.container(term)?.id;
            *source = Value::text(format!("{id}{mode}"));
        }
    }
    Ok(())
}

/// Puts the container on networks of the tenant's, under its plain name.
fn join<'c>(
    scene: &Scene<'_>,
    root: &mut Value<'c>,
    host: &mut Value<'c>,
    name: &str,
) -> Result<(), Stop> {
    let links = links(scene, host)?;
    let endpoints = root
        .field_mut("NetworkingConfig")
        .and_then(|config| config.field_mut("EndpointsConfig"))
        .map_or(Value::Null, std::mem::take);
    let mut joined = Value::Object(Vec::new());
    let mut first = None;
    if let Value::Object(members) = endpoints {
        for Member { name: key, value } in members {
            let (network, value) = if matches!(&*key, "none" | "host") {
                (key.into_owned(), value)
            } else {
                let (_, network) = scene.network(&key)?;
                (network, endpoint(value, name))
            };
            first.get_or_insert_with(|| network.clone());
            joined.set_entry(network, value);
        }
    }
    let mode = host
        .field("NetworkMode")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned();
    let mode = match (mode.as_str(), first) {
        ("none" | "host", _) => mode,
        (other, _) if other.starts_with("container:") => mode,
        ("" | "default", Some(first)) => first,
        (term, _) if term.is_empty() || is_default(term) => scene.default_network()?.1,
        (term, _) => scene.network(term)?.1,
    };
    let own = scene.tenant.plain_name(&mode).is_some();
    // Old versions take one endpoint at a creation.
    let alone = joined.as_object().is_some_and(<[_]>::is_empty);
    if own && (alone || joined.entry(&mode).is_some()) {
        let there = joined.entry(&mode).cloned().unwrap_or(Value::Null);
        let mut there = endpoint(there, name);
        if !links.is_empty() {
            extend(&mut there, "Links", links);
        }
        joined.set_entry(mode.clone(), there);
    }
    host.set_field("NetworkMode", Value::text(mode));
    if joined
        .as_object()
        .is_some_and(|members| !members.is_empty())
    {
        let mut config = Value::Object(Vec::new());
        config.set_field("EndpointsConfig", joined);
        root.set_field("NetworkingConfig", config);
    }
    Ok(())
}

/// An endpoint that is known by the container's plain name, and joins no other network than the one it stands for.
pub(super) fn endpoint<'c>(mut value: Value<'c>, name: &str) -> Value<'c> {
    if !matches!(value, Value::Object(_)) {
        value = Value::Object(Vec::new());
    }
    for field in ["NetworkID", "EndpointID", "DNSNames"] {
        if value.field(field).is_some() {
            value.set_field(field, Value::Null);
        }
    }
    extend(&mut value, "Aliases", vec![name.to_owned()]);
    value
}

/// Adds what is missing to a list of texts.
pub(super) fn extend(value: &mut Value<'_>, field: &'static str, more: Vec<String>) {
    let mut items = match value.field_mut(field).map(std::mem::take) {
        Some(Value::Array(items)) => items,
        Some(Value::Text(text)) => vec![Value::Text(text)],
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_)) | None => {
            Vec::new()
        }
    };
    for text in more {
        if !items.iter().any(|item| item.as_str() == Some(&text)) {
            items.push(Value::text(text));
        }
    }
    value.set_field(field, Value::Array(items));
}

/// Resolves `HostConfig.Links`, and answers them as the links of an endpoint: the engine ignores the former on every
/// network but its own default one.
fn links(scene: &Scene<'_>, host: &mut Value<'_>) -> Result<Vec<String>, Stop> {
    let mut links = Vec::new();
    if let Some(Value::Array(items)) = host.field_mut("Links") {
        for item in items {
            let Some(text) = item.as_str() else { continue };
            let (term, alias) = text.split_once(':').unwrap_or((text, text));
            let container = scene.container(term)?;
            let alias = alias.rsplit('/').next().unwrap_or(alias).to_owned();
            links.push(format!("{}:{alias}", container.name));
            *item = Value::text(format!(
                "{}:{alias}",
                scene.tenant.engine_name(&container.name)
            ));
        }
    }
    Ok(links)
}

/// Makes named volumes the tenant's, and gives those without a name the tenant's label.
fn volumes<'c>(
    scene: &Scene<'_>,
    root: &Value<'c>,
    host: &mut Value<'c>,
    image: Option<&InspectedImage>,
) -> Result<(), Stop> {
    let driver = host
        .field("VolumeDriver")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned();
    let mut taken: Vec<String> = Vec::new();
    let mut unnamed: Vec<String> = Vec::new();
    let mut binds = match host.field_mut("Binds").map(std::mem::take) {
        Some(Value::Array(binds)) => binds,
        Some(one @ Value::Text(_)) => vec![one],
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_)) | None => {
            Vec::new()
        }
    };
    let mut named: Vec<String> = Vec::new();
    binds.retain_mut(|bind| {
        let text = bind.as_str().unwrap_or_default();
        let Some((source, rest)) = text.split_once(':') else {
            unnamed.push(normal::absolute(text).into_owned());
            return false;
        };
        let target = rest.split(':').next().unwrap_or_default();
        taken.push(normal::absolute(target).into_owned());
        if normal::is_volume_name(source) {
            named.push(source.to_owned());
            *bind = Value::text(format!("{}:{rest}", scene.volume_name(source)));
        }
        true
    });
    let mut mounts = match host.field_mut("Mounts").map(std::mem::take) {
        Some(Value::Array(mounts)) => mounts,
        Some(
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::Object(_),
        )
        | None => Vec::new(),
    };
    let mut anonymous = 0_usize;
    for mount in &mut mounts {
        let target = mount
            .field("Target")
            .and_then(Value::as_str)
            .unwrap_or_default();
        taken.push(normal::absolute(target).into_owned());
        anonymous = anonymous.saturating_add(usize::from(self::mount(scene, mount)?));
    }
    for member in host
        .field("Tmpfs")
        .and_then(Value::as_object)
        .unwrap_or_default()
    {
        taken.push(normal::absolute(&member.name).into_owned());
    }
    // What comes from another container may lie anywhere: an anonymous volume in its place would hide it.
    let borrows = host
        .field("VolumesFrom")
        .and_then(Value::as_array)
        .is_some_and(|from| !from.is_empty());
    if !borrows {
        let declared = root.field("Volumes").and_then(Value::as_object);
        let declared = declared.unwrap_or_default().iter();
        unnamed.extend(declared.map(|member| normal::absolute(&member.name).into_owned()));
        let built_in = image
            .and_then(|image| image.config.as_ref())
            .and_then(|config| config.volumes.as_ref());
        let built_in = built_in.into_iter().flatten();
        unnamed.extend(built_in.map(|(path, _)| normal::absolute(path).into_owned()));
    }
    unnamed.sort();
    unnamed.dedup();
    unnamed.retain(|target| !taken.contains(target) && target != "/");
    anonymous = anonymous.saturating_add(unnamed.len());
    for target in unnamed {
        mounts.push(labelled_mount(scene, target, &driver));
    }
    let mut new = count(anonymous);
    for name in &named {
        new = new.saturating_add(u64::from(!scene.has_volume(name)?));
    }
    scene.claim(&[(Counted::Volumes, new)])?;
    for name in &named {
        scene.made_volume(name, &driver)?;
    }
    if !binds.is_empty() {
        host.set_field("Binds", Value::Array(binds));
    }
    if !mounts.is_empty() {
        host.set_field("Mounts", Value::Array(mounts));
    }
    Ok(())
}

/// Makes what a mount names the tenant's, and tells whether the engine will make a volume for it.
pub(super) fn mount(scene: &Scene<'_>, mount: &mut Value<'_>) -> Result<bool, Stop> {
    let text = |name| {
        mount
            .field(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    let source = text("Source").to_owned();
    match text("Type") {
        "volume" => {
            let mut new = true;
            if !source.is_empty() {
                new = !scene.has_volume(&source)?;
                let name = scene.free_volume(&source)?;
                mount.set_field("Source", Value::text(name));
            }
            let mut options = mount
                .field_mut("VolumeOptions")
                .map_or(Value::Null, std::mem::take);
            if !matches!(options, Value::Object(_)) {
                options = Value::Object(Vec::new());
            }
            labels::stamp(&mut options, scene.tenant, &[])?;
            mount.set_field("VolumeOptions", options);
            Ok(new)
        }
        "image" => {
            scene.usable_image(&source)?;
            if let Some(name) = image::engine_name(scene, &source)? {
                mount.set_field("Source", Value::text(name.to_string()));
            }
            Ok(false)
        }
        "bind" | "tmpfs" | "npipe" => Ok(false),
        other => Err(Refusal::Way {
            what: format!("a mount of type `{other}`"),
            why: "the gate does not know whose it would be",
        }
        .into()),
    }
}

pub(super) fn labelled_mount<'c>(scene: &Scene<'_>, target: String, driver: &str) -> Value<'c> {
    let mut labels = Value::Object(Vec::new());
    labels.set_entry(OWNER_LABEL, Value::text(scene.tenant.name().to_owned()));
    let mut options = Value::Object(Vec::new());
    options.set_field("Labels", labels);
    if !driver.is_empty() {
        let mut config = Value::Object(Vec::new());
        config.set_field("Name", Value::text(driver.to_owned()));
        options.set_field("DriverConfig", config);
    }
    let mut mount = Value::Object(Vec::new());
    mount.set_field("Type", Value::text("volume"));
    mount.set_field("Target", Value::text(target));
    mount.set_field("VolumeOptions", options);
    mount
}

impl Scene<'_> {
    /// Whether there is an own volume of that name.
    pub(super) fn has_volume(&self, term: &str) -> Result<bool, Stop> {
        match self.volume(term) {
            Ok(_) => Ok(true),
            Err(Stop::Refuse(Refusal::NoSuch {
                kind: Kind::Volume, ..
            })) => Ok(false),
            Err(other) => Err(other),
        }
    }
}
