//! What a service is to be, made the tenant's own: each of its tasks is a container of the tenant's, made by the engine.

use super::create::{extend, labelled_mount, mount};
use super::facts::{InspectedImage, label};
use super::image::{Image, no_image};
use super::name::SERVICE_NETWORK;
use super::refusal::Refusal;
use super::replicas::Size;
use super::scene::{Scene, is_default};
use super::swarm::{self, Object, Spec, Swarm};
use super::usage::count;
use super::{CONTAINER, IMAGE_LABEL, MADE_LABEL, OWNER_LABEL, Stop, labels};
use crate::api::Call;
use crate::api::image::{ImageTerm, Reference};
use crate::api::json::Value;
use crate::demand::normal;
use crate::policy::Counted;

/// Makes a new service the tenant's.
pub(super) fn create(scene: &Scene<'_>, root: &mut Value<'_>) -> Result<(), Stop> {
    specify(scene, root, None)?;
    scene.claim(&[(Counted::Services, 1)])
}

/// Makes what a service of the tenant's is changed to the tenant's, too.
pub(super) fn update(
    scene: &Scene<'_>,
    call: &mut Call<'_>,
    root: &mut Value<'_>,
) -> Result<(), Stop> {
    let service = scene.swarm(Swarm::Service, call.object().unwrap_or_default())?;
    if call
        .parameter("rollback")
        .is_some_and(|to| to == "previous")
        && let Some(previous) = &service.previous
    {
        let own = |labels| scene.tenant.owns(label(labels, OWNER_LABEL));
        if !own(&previous.labels) || !template(previous).is_some_and(|it| own(&it.labels)) {
            return Err(Refusal::Way {
                what: "going back to what the service was before".to_owned(),
                why: "that was not made through the gate",
            }
            .into());
        }
        scene.claim_service(&Size::stamped(&previous.labels), Some(&service))?;
    }
    specify(scene, root, Some(&service))?;
    call.set_object(service.id);
    Ok(())
}

fn template(spec: &Spec) -> Option<&swarm::ContainerSpec> {
    spec.task_template.as_ref()?.container.as_ref()
}

/// Makes all that the specification of a service refers to the tenant's.
fn specify(scene: &Scene<'_>, root: &mut Value<'_>, current: Option<&Object>) -> Result<(), Stop> {
    let plain = root.field("Name").and_then(Value::as_str);
    let plain = match plain.unwrap_or_default() {
        // The engine's own choice would lack the prefix.
        "" if current.is_none() => format!("svc_{:016x}", scene.chance),
        given => given.to_owned(),
    };
    let name = swarm::engine_name(scene, &plain, Swarm::Service)?;
    labels::check(root.field("Labels"))?;
    let mut task = object(root.field_mut("TaskTemplate"));
    runtime(&task)?;
    let mut container = object(task.field_mut("ContainerSpec"));
    labels::check(container.field("Labels"))?;

    let (term, image) = image(scene, &mut container, current)?;
    for (list, fields, kind) in [
        ("Secrets", ("SecretID", "SecretName"), Swarm::Secret),
        ("Configs", ("ConfigID", "ConfigName"), Swarm::Config),
    ] {
        if let Some(Value::Array(references)) = container.field_mut(list) {
            for reference in references {
                stored(scene, reference, fields, kind)?;
            }
        }
    }
    credentials(scene, &mut container)?;
    let size = Size::of(root, &mut task, scene.tenant.quota())?;
    volumes(scene, &mut container, image.as_ref(), size.tasks)?;
    let joined = networks(scene, root, &mut task, &plain)?;
    scene.claim_service(&size, current)?;

    let mut stamps = size.task_stamps();
    stamps.push((IMAGE_LABEL, term));
    stamps.push((MADE_LABEL, CONTAINER.to_owned()));
    labels::stamp(&mut container, scene.tenant, &stamps)?;
    task.set_field("ContainerSpec", container);
    task.set_field("Networks", Value::Array(joined));
    root.set_field("TaskTemplate", task);
    labels::stamp(root, scene.tenant, &size.stamps())?;
    root.set_field("Name", Value::text(name));
    Ok(())
}

/// Takes an object out; an empty one where there is none.
pub(super) fn object<'c>(field: Option<&mut Value<'c>>) -> Value<'c> {
    match field.map(std::mem::take) {
        Some(object @ Value::Object(_)) => object,
        Some(
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::Array(_),
        )
        | None => Value::Object(Vec::new()),
    }
}

/// Lets a service be of containers alone.
fn runtime(task: &Value<'_>) -> Result<(), Refusal> {
    let runtime = task.field("Runtime").and_then(Value::as_str);
    let other = runtime.is_some_and(|name| !matches!(name, "" | "container"));
    let given = |name| task.field(name).is_some_and(|spec| !spec.is_null());
    if other || given("PluginSpec") || given("NetworkAttachmentSpec") {
        return Err(Refusal::Way {
            what: "a service that is not of containers".to_owned(),
            why: "plugins run on the host, and attachments are the engine's own",
        });
    }
    Ok(())
}

/// Pins the image, as the tenant sees it now: the engine pulls what a service calls by a name, and moves that name. The
/// answer is what the tenant calls it.
fn image(
    scene: &Scene<'_>,
    container: &mut Value<'_>,
    current: Option<&Object>,
) -> Result<(String, Option<InspectedImage>), Stop> {
    let term = container.field("Image").and_then(Value::as_str);
    let term = term.unwrap_or_default().to_owned();
    if term.is_empty() {
        // The engine refuses it.
        return Ok((term, None));
    }
    match scene.image(&term)? {
        Image::Own(image) | Image::Shared(image) => {
            container.set_field("Image", Value::text(pinned(&term, &image)));
            Ok((term, Some(image)))
        }
        Image::Foreign | Image::Absent => {
            // What it is made of may have lost its name, or its place here, and can still be scaled.
            let same = current
                .and_then(|service| template(&service.spec))
                .filter(|spec| label(&spec.labels, IMAGE_LABEL) == Some(&term))
                .filter(|spec| scene.tenant.owns(label(&spec.labels, OWNER_LABEL)));
            let Some(same) = same else {
                return Err(no_image(&term).into());
            };
            container.set_field("Image", Value::text(same.image.clone()));
            Ok((term, None))
        }
    }
}

/// A name for the image that stands for nothing else: by its digest where a registry has it, so that other nodes find it,
/// and by its identifier otherwise.
fn pinned(term: &str, image: &InspectedImage) -> String {
    let asked = ImageTerm::parse(term).ok();
    let asked = asked.as_ref().and_then(ImageTerm::name);
    let digest = image
        .repo_digests
        .iter()
        .flatten()
        .filter_map(|known| Reference::parse(known).ok())
        .find(|known| {
            asked.is_some_and(|asked| {
                asked.domain() == known.domain() && asked.path() == known.path()
            })
        });
    digest.map_or_else(|| image.id.clone(), |known| known.to_string())
}

/// Resolves a secret or a config that the containers get. The engine wants both its identifier and its name.
fn stored(
    scene: &Scene<'_>,
    reference: &mut Value<'_>,
    (id_field, name_field): (&'static str, &'static str),
    kind: Swarm,
) -> Result<(), Stop> {
    let text = |field| reference.field(field).and_then(Value::as_str);
    let id = text(id_field).unwrap_or_default();
    let name = text(name_field).unwrap_or_default();
    let Some(found) = scene.swarm_by_id(kind, id)? else {
        return Err(not_stored(kind, name));
    };
    let name = scene.tenant.swarm_name(name);
    reference.set_field(id_field, Value::text(found.id));
    reference.set_field(name_field, Value::text(name));
    Ok(())
}

/// The engine's words (swarmkit, `manager/controlapi/service.go`).
fn not_stored(kind: Swarm, name: &str) -> Stop {
    let kind = kind.as_str();
    Refusal::SwarmName(format!(
        "rpc error: code = InvalidArgument desc = {kind} not found: {name}"
    ))
    .into()
}

/// Resolves the config that holds the credentials of a service on Windows.
fn credentials(scene: &Scene<'_>, container: &mut Value<'_>) -> Result<(), Stop> {
    let Some(config) = container
        .field_mut("Privileges")
        .and_then(|privileges| privileges.field_mut("CredentialSpec"))
        .and_then(|credentials| credentials.field_mut("Config"))
    else {
        return Ok(());
    };
    let id = config.as_str().unwrap_or_default().to_owned();
    if id.is_empty() {
        return Ok(());
    }
    match scene.swarm_by_id(Swarm::Config, &id)? {
        Some(_) => Ok(()),
        None => Err(not_stored(Swarm::Config, &id)),
    }
}

/// Makes volumes the tenant's: those that are named, and those that each task gets for itself.
fn volumes(
    scene: &Scene<'_>,
    container: &mut Value<'_>,
    image: Option<&InspectedImage>,
    tasks: u64,
) -> Result<(), Stop> {
    let mut mounts = match container.field_mut("Mounts").map(std::mem::take) {
        Some(Value::Array(mounts)) => mounts,
        Some(
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::Object(_),
        )
        | None => Vec::new(),
    };
    let mut taken = Vec::new();
    let (mut named, mut anonymous) = (0_u64, 0_u64);
    for each in &mut mounts {
        let text = |field| {
            each.field(field)
                .and_then(Value::as_str)
                .unwrap_or_default()
        };
        let (source, target) = (text("Source"), text("Target"));
        // The engine fills these in for each task: what they become cannot be known.
        if [source, target].into_iter().any(normal::has_template) {
            return Err(Refusal::Way {
                what: format!("a mount of `{source}` at `{target}`"),
                why: "what becomes of its template cannot be checked",
            }
            .into());
        }
        let unnamed = source.is_empty();
        taken.push(normal::absolute(target).into_owned());
        if mount(scene, each)? {
            let counted = if unnamed { &mut anonymous } else { &mut named };
            *counted = counted.saturating_add(1);
        }
    }
    let declared = image
        .and_then(|image| image.config.as_ref())
        .and_then(|config| config.volumes.as_ref());
    let mut declared: Vec<String> = declared
        .into_iter()
        .flatten()
        .map(|(path, _)| normal::absolute(path).into_owned())
        .collect();
    declared.retain(|target| !taken.contains(target) && target != "/");
    declared.sort();
    declared.dedup();
    anonymous = anonymous.saturating_add(count(declared.len()));
    let new = named.saturating_add(anonymous.saturating_mul(tasks));
    scene.claim(&[(Counted::Volumes, new)])?;
    for target in declared {
        mounts.push(labelled_mount(scene, target, ""));
    }
    if !mounts.is_empty() {
        container.set_field("Mounts", Value::Array(mounts));
    }
    Ok(())
}

/// The networks that the tasks are on, under the service's plain name: the tenant's own one where none is named, since the
/// engine's default network is everybody's.
fn networks<'c>(
    scene: &Scene<'_>,
    root: &mut Value<'c>,
    task: &mut Value<'c>,
    name: &str,
) -> Result<Vec<Value<'c>>, Stop> {
    let list = |value: Option<&mut Value<'c>>| match value.map(std::mem::take) {
        Some(Value::Array(networks)) => networks,
        Some(
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::Object(_),
        )
        | None => Vec::new(),
    };
    let mut joined = list(task.field_mut("Networks"));
    // The old place, which engines read or not, as the version may be.
    let old = list(root.field_mut("Networks"));
    if joined.is_empty() {
        joined = old;
    }
    if joined.is_empty() {
        let mut default = Value::Object(Vec::new());
        default.set_field("Target", Value::text(SERVICE_NETWORK));
        joined.push(default);
    }
    for network in &mut joined {
        let target = network.field("Target").and_then(Value::as_str);
        let target = target.unwrap_or_default();
        if matches!(target, "host" | "none") {
            continue;
        }
        let id = if target == SERVICE_NETWORK || is_default(target) {
            scene.service_network()?
        } else {
            scene.network(target)?.0
        };
        network.set_field("Target", Value::text(id));
        extend(network, "Aliases", vec![name.to_owned()]);
    }
    Ok(joined)
}
