//! What a tenant's call becomes before it is sent.

use std::collections::BTreeSet;

use super::facts::Answer;
use super::filters::Filters;
use super::name::is_task;
use super::refusal::Kind;
use super::scene::{Container, Scene, is_default};
use super::scope::Scope;
use super::steps::Steps;
use super::swarm;
use super::{
    CONTAINER, Counts, DEFAULT_LABEL, EventListing, Facts, Listing, Lookup, MADE_LABEL, Refusal,
    Stop, Tenant, Usage, View, build, create, image, labels, network, service,
};
use crate::api::json::{Document, Value};
use crate::api::{Call, Meaning, OperationId};
use crate::policy::{Counted, Permit};

/// A call that is ready to be sent on a tenant's behalf.
#[derive(Debug)]
pub struct Prepared<'c> {
    /// The permit for the call on the tenant's own objects.
    pub permit: Permit<'c>,
    /// What the answer holds.
    pub view: View,
    /// What of the quota the call takes until it ends, and the engine does not show.
    pub takes: Usage,
    /// What is to be done, one after the other, once the call has ended in whatever way.
    pub afterwards: Vec<Lookup>,
}

/// Makes an allowed call the tenant's own.
///
/// This is asked again and again, with the facts that it asked for: it keeps nothing in between. `chance` is a number
/// that differs from call to call, and stays the same for one; `reserved` is what other calls take
/// ([`Prepared::takes`]).
///
/// # Errors
/// [`Stop`]: what has to be known first, or why the call is not sent.
pub fn prepare<'c>(
    tenant: &Tenant,
    permit: &Permit<'c>,
    facts: &Facts,
    chance: u64,
    reserved: &Usage,
) -> Result<Prepared<'c>, Stop> {
    let scene = Scene {
        tenant,
        facts,
        chance,
        reserved,
    };
    let mut call = permit.call().clone();
    let mut document = permit.document().cloned();
    let mut takes = Usage::default();
    let mut afterwards = Vec::new();
    let view = rewrite(
        &scene,
        &mut call,
        &mut document,
        (&mut takes, &mut afterwards),
    )?;
    Ok(Prepared {
        permit: permit.rewritten(call, document),
        view,
        takes,
        afterwards,
    })
}

/// The scope of a call. What the gate does not know is for no tenant.
fn scope(call: &Call<'_>) -> Result<Scope, Refusal> {
    let Some(operation) = call.operation() else {
        return Err(Refusal::Operation("this route".to_owned()));
    };
    if let Some(unknown) = call
        .query
        .iter()
        .find(|entry| entry.meaning == Meaning::Unknown)
    {
        return Err(Refusal::Way {
            what: format!("the parameter `{}`", unknown.name),
            why: "the gate does not know what it refers to",
        });
    }
    Ok(Scope::of(operation.id))
}

/// Whether two calls of the tenant's that count against a quota may not be checked at the same time as this one.
pub fn takes_quota(call: &Call<'_>) -> bool {
    scope(call).is_ok_and(|scope| {
        matches!(
            scope,
            Scope::Build
                | Scope::ContainerCommit
                | Scope::ContainerCreate
                | Scope::ContainerExec
                | Scope::ContainerStart
                | Scope::ContainerUpdate
                | Scope::ImageCreate
                | Scope::ImageLoad
                | Scope::NetworkCreate
                | Scope::ServiceCreate
                | Scope::ServiceUpdate
                | Scope::Store(_)
                | Scope::VolumeCreate
        )
    })
}

#[expect(
    clippy::too_many_lines,
    reason = "one arm for each scope, to be read as a table"
)]
fn rewrite<'c>(
    scene: &Scene<'_>,
    call: &mut Call<'c>,
    document: &mut Option<Document<'c>>,
    (takes, afterwards): (&mut Usage, &mut Vec<Lookup>),
) -> Result<View, Stop> {
    let term = call.object().unwrap_or_default().to_owned();
    Ok(match scope(call)? {
        Scope::Plain => View::Pass,
        Scope::Refused => return Err(Refusal::Operation(call.name().to_owned()).into()),
        Scope::Info => View::Info(counts(scene)?),
        Scope::Events => events(scene, call)?,
        Scope::DataUsage => {
            let asked = |kind| call.query.all("type").any(|asked| asked == kind);
            // Images are counted by the containers that use them, which are not listed then.
            let apart = asked("image") && !asked("container");
            View::DataUsage {
                own: scene.own_names()?,
                used: apart.then(|| scene.used_images()).transpose()?,
            }
        }
        Scope::ContainerList => containers(scene, call)?,
        Scope::Container(view) => {
            if call.flag("link") {
                return Err(Refusal::Way {
                    what: "deleting a link".to_owned(),
                    why: "the links of the engine's own default network are not used",
                }
                .into());
            }
            call.set_object(scene.container(&term)?.id);
            view
        }
        Scope::ContainerInspect => {
            let term = term.strip_prefix('/').unwrap_or(&term).to_owned();
            call.set_object(scene.container_pointer(&term)?);
            View::ContainerInspect(term)
        }
        Scope::ContainerCreate => {
            create::create(scene, call, root(document))?;
            View::Pass
        }
        Scope::ContainerStart => {
            for checkpoint in ["checkpoint", "checkpoint-dir"] {
                if call.parameter(checkpoint).is_some_and(|it| !it.is_empty()) {
                    return Err(Refusal::Way {
                        what: format!("`{checkpoint}`"),
                        why: "a checkpoint is a folder of the host's",
                    }
                    .into());
                }
            }
            let container = scene.container(&term)?;
            if call.operation().map(|operation| operation.id) != Some(OperationId::ContainerUnpause)
            {
                leave_to_service(&container, "started")?;
            }
            scene.claim_start(&container.id)?;
            call.set_object(container.id);
            View::Pass
        }
        Scope::ContainerExec => {
            call.set_object(scene.container(&term)?.id);
            scene.claim(&[(Counted::Execs, 1)])?;
            View::Pass
        }
        Scope::ContainerRename => {
            let container = scene.container(&term)?;
            leave_to_service(&container, "renamed")?;
            let name = create::new_name(call.parameter("name").unwrap_or_default())?;
            call.set_object(container.id);
            call.set_parameter("name", scene.tenant.engine_name(&name));
            View::Pass
        }
        Scope::ContainerUpdate => {
            let container = scene.container(&term)?;
            if let Some(document) = document {
                scene.claim_update(&container.labels, document.root())?;
            }
            call.set_object(container.id);
            View::Pass
        }
        Scope::ContainerCommit => {
            image::commit(scene, call, document.as_ref().map(Document::root))?;
            *takes = scene.claim_image()?;
            View::Pass
        }
        Scope::Exec => {
            scene.exec(&term)?;
            View::Pass
        }
        Scope::ExecInspect => View::ExecInspect(term),
        Scope::Prune(view) => {
            let mut filters = Filters::of(call)?;
            filters.add_owner(scene.tenant);
            if call.operation().map(|operation| operation.id) == Some(OperationId::ContainerPrune) {
                // Not what the host has made of an image of the tenant's.
                filters.add("label", format!("{MADE_LABEL}={CONTAINER}"));
            }
            // An engine's own default network stays, too.
            filters.add("label!", DEFAULT_LABEL.to_owned());
            filters.write(call);
            view
        }
        Scope::ImageList => image::list(scene, call)?,
        Scope::ImageInspect => image::inspect(scene, call)?,
        Scope::ImageHistory => image::history(scene, call)?,
        Scope::ImageSave => {
            image::save(scene, call)?;
            View::ImageArchive
        }
        Scope::ImageCreate => {
            image::create(scene, call)?;
            if image::is_made(call) {
                *takes = scene.claim_image()?;
            }
            View::Pass
        }
        Scope::ImageLoad => {
            *takes = scene.claim_image()?;
            View::Progress(Steps::default())
        }
        Scope::ImagePush => {
            *afterwards = image::push(scene, call)?;
            View::Pass
        }
        Scope::ImageTag => {
            image::tag(scene, call)?;
            View::Pass
        }
        Scope::ImageDelete => {
            image::delete(scene, call)?;
            View::ImageDeleted
        }
        Scope::Build => {
            *takes = build::build(scene, call)?;
            View::Progress(Steps::default())
        }
        Scope::BuildPrune => {
            return Err(Stop::Answer(Answer {
                body: "{\"CachesDeleted\":null,\"SpaceReclaimed\":0}\n".to_owned(),
            }));
        }
        Scope::PluginList => {
            return Err(Stop::Answer(Answer {
                body: "[]\n".to_owned(),
            }));
        }
        Scope::PluginRead => {
            return Err(Refusal::NoSuch {
                kind: Kind::Plugin,
                term,
            }
            .into());
        }
        Scope::NetworkList => {
            let mut filters = Filters::of(call)?;
            let names = filters.take_names()?;
            filters.add_owner(scene.tenant);
            filters.write(call);
            View::NetworkList(Listing { names, limit: None })
        }
        Scope::NetworkRead => {
            call.set_object(scene.network_pointer(&term)?);
            View::NetworkInspect(term)
        }
        Scope::NetworkCreate => {
            network::create(scene, root(document))?;
            View::Pass
        }
        Scope::NetworkJoin => {
            network::join(scene, call, root(document))?;
            View::Pass
        }
        Scope::NetworkDelete => {
            if is_default(&term) || matches!(&*term, "host" | "none") {
                return Err(Refusal::Predefined(term).into());
            }
            call.set_object(scene.network(&term)?.0);
            View::Pass
        }
        Scope::VolumeList => {
            let mut filters = Filters::of(call)?;
            let names = filters.take_names()?;
            filters.add_owner(scene.tenant);
            filters.write(call);
            View::VolumeList(Listing { names, limit: None })
        }
        Scope::VolumeInspect => {
            call.set_object(scene.volume_name(&term));
            View::VolumeInspect(term)
        }
        Scope::VolumeDelete => {
            call.set_object(scene.volume(&term)?);
            View::Pass
        }
        Scope::VolumeCreate => View::VolumeInspect(volume(scene, root(document))?),
        Scope::SwarmList(kind) => swarm::list(scene, call, kind)?,
        Scope::Swarm(kind) => {
            call.set_object(scene.swarm(kind, &term)?.id);
            View::Pass
        }
        Scope::SwarmInspect(kind) => {
            call.set_object(scene.swarm(kind, &term)?.id);
            View::Swarm(kind, term)
        }
        Scope::ServiceCreate => {
            service::create(scene, root(document))?;
            View::ServiceMade
        }
        Scope::ServiceUpdate => {
            service::update(scene, call, root(document))?;
            View::ServiceMade
        }
        Scope::Store(kind) => {
            swarm::store(scene, root(document), kind, true)?;
            View::Pass
        }
        Scope::StoreUpdate(kind) => {
            call.set_object(scene.swarm(kind, &term)?.id);
            swarm::store(scene, root(document), kind, false)?;
            View::Pass
        }
    })
}

/// Refuses what would make the container of a task run beside those that its service has a part of the quota for.
fn leave_to_service(container: &Container, done: &str) -> Result<(), Refusal> {
    if !is_task(&container.name) {
        return Ok(());
    }
    Err(Refusal::Way {
        what: format!("the container of a task to be {done}"),
        why: "its service makes another in its place; change the service",
    })
}

/// The document's outermost value; an object where the client sent none.
fn root<'d, 'c>(document: &'d mut Option<Document<'c>>) -> &'d mut Value<'c> {
    document
        .get_or_insert_with(|| Document::new(Value::Object(Vec::new())))
        .root_mut()
}

fn counts(scene: &Scene<'_>) -> Result<Counts, Stop> {
    let mut counts = Counts::default();
    for (_, state) in scene.listed()? {
        let of_state = match state.as_str() {
            "running" | "restarting" => &mut counts.running,
            "paused" => &mut counts.paused,
            _ => &mut counts.stopped,
        };
        *of_state = of_state.saturating_add(1);
        counts.containers = counts.containers.saturating_add(1);
    }
    counts.images = scene.count_images()?;
    Ok(counts)
}

fn events(scene: &Scene<'_>, call: &mut Call<'_>) -> Result<View, Stop> {
    let mut filters = Filters::of(call)?;
    // The engine takes the beginning of a name or of an identifier.
    for name in [
        "container",
        "network",
        "volume",
        "service",
        "secret",
        "config",
    ] {
        filters.add_names(name, scene.tenant);
    }
    filters.name_tasks(scene.tenant);
    // The engine knows images by other names.
    let images = filters.take("image");
    filters.write(call);
    let volumes = if filters.may_be("type", "volume") {
        scene.unnamed_volumes()?
    } else {
        BTreeSet::new()
    };
    Ok(View::Events(EventListing { images, volumes }))
}

fn containers(scene: &Scene<'_>, call: &mut Call<'_>) -> Result<View, Stop> {
    for old in ["before", "since"] {
        if call.parameter(old).is_some_and(|term| !term.is_empty()) {
            return Err(Refusal::Way {
                what: format!("the parameter `{old}`"),
                why: "write it as a filter",
            }
            .into());
        }
        call.remove_parameter(old);
    }
    let mut filters = Filters::of(call)?;
    let names = filters.take_names()?;
    for term in ["before", "since"] {
        for value in filters.take(term) {
            filters.add(term, scene.container(&value)?.id);
        }
    }
    for value in filters.take("ancestor") {
        filters.add("ancestor", image::ancestor(scene, &value)?);
    }
    for objects in ["volume", "network"] {
        filters.add_names(objects, scene.tenant);
    }
    filters.name_tasks(scene.tenant);
    filters.add_owner(scene.tenant);
    filters.write(call);
    let limit = call
        .parameter("limit")
        .and_then(|limit| limit.parse::<usize>().ok())
        .filter(|limit| *limit > 0);
    if limit.is_some() {
        // A limit asks for the newest, whether they run or not.
        call.set_parameter("all", "1".to_owned());
    }
    call.remove_parameter("limit");
    Ok(View::ContainerList(Listing { names, limit }))
}

/// Makes the creation of a volume the tenant's, and answers what the tenant calls it.
fn volume(scene: &Scene<'_>, root: &mut Value<'_>) -> Result<String, Stop> {
    labels::stamp(root, scene.tenant, &[])?;
    let name = root
        .field("Name")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned();
    if name.is_empty() {
        scene.claim(&[(Counted::Volumes, 1)])?;
        return Ok(name);
    }
    if create::plain_name(&name).is_err() || name.starts_with('/') {
        return Err(Refusal::Malformed {
            name: "Name",
            reason: format!("`{name}` is no name of a volume"),
        }
        .into());
    }
    let new = !scene.has_volume(&name)?;
    let engine_name = scene.free_volume(&name)?;
    scene.claim(&[(Counted::Volumes, u64::from(new))])?;
    root.set_field("Name", Value::text(engine_name));
    Ok(name)
}

#[cfg(test)]
mod tests;
