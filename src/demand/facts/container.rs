//! What a container is, to one that joins it.

use std::borrow::Cow;

use super::{Asked, Facts, Reference, Target, demand, text};
use crate::api::Call;
use crate::api::json::Document;
use crate::api::json::Value;
use crate::demand::{Demand, Kind, normal};

/// The exec that a call is about, which is in a container that the call does not name.
pub fn exec_of<'c>(call: &'c Call<'_>) -> Option<&'c str> {
    let template = call.operation()?.template;
    template.starts_with("/exec/").then(|| call.object())?
}

/// What stands around the name of a container in a demand's value.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Whole {
    before: &'static str,
    behind: String,
}

impl Whole {
    /// The value with that name in it.
    pub fn of(&self, name: &str) -> String {
        [self.before, name, &self.behind].concat()
    }
}

/// The container or network that a demand is about, of those that join one or take something from one: `container:NAME`,
/// `NAME`, `NAME:ro`, `NAME:ALIAS`.
pub fn joined_name(demand: &Demand<'_>) -> Option<(Target, String, Whole)> {
    let Asked::Text(text) = &demand.value else {
        return None;
    };
    let is_mode = [
        Kind::Cgroup,
        Kind::IpcMode,
        Kind::NetworkMode,
        Kind::PidMode,
    ]
    .contains(&demand.kind);
    let (target, before, rest) = match (demand.kind, text.strip_prefix("container:")) {
        (Kind::Link | Kind::VolumesFrom, _) => (Target::Container, "", &**text),
        (_, Some(rest)) if is_mode => (Target::Container, "container:", rest),
        (Kind::NetworkMode, None) if !is_predefined(text) => (Target::Network, "", &**text),
        _ => return None,
    };
    let end = rest.find(':').filter(|_| !is_mode).unwrap_or(rest.len());
    let (name, behind) = rest.split_at_checked(end)?;
    let name = name.strip_prefix('/').unwrap_or(name);
    (!name.is_empty()).then(|| {
        let behind = behind.to_owned();
        (target, name.to_owned(), Whole { before, behind })
    })
}

/// Whether a network mode is no network that has to be looked up.
pub(super) fn is_predefined(mode: &str) -> bool {
    matches!(mode, "host" | "none" | "bridge") || mode.contains(':')
}

/// The id of the container that an inspected exec is in.
pub fn container_of_exec(inspection: &Document<'_>) -> Option<String> {
    let id = text(inspection.root(), &["ContainerID"]);
    (!id.is_empty()).then(|| id.to_owned())
}

/// The id and the name of an inspected container or network.
pub fn id_and_name(inspection: &Document<'_>) -> Option<(String, String)> {
    let root = inspection.root();
    let (id, name) = (text(root, &["Id"]), text(root, &["Name"]));
    let name = name.strip_prefix('/').unwrap_or(name);
    (!id.is_empty() && !name.is_empty()).then(|| (id.to_owned(), name.to_owned()))
}

/// Who joins the network of a container that has the host's, has the host's.
pub(super) fn network(reference: &Reference<'_>, container: &Value<'_>) -> Vec<Demand<'static>> {
    match text(container, &["HostConfig", "NetworkMode"]) {
        mode @ "host" => vec![demand(reference, Kind::NetworkMode, mode)],
        mode if mode.starts_with("container:") => vec![demand(reference, Kind::NetworkMode, mode)],
        _ => Vec::new(),
    }
}

/// Processes of one PID namespace can look into each other's files.
pub(super) fn namespaces(reference: &Reference<'_>, container: &Value<'_>) -> Vec<Demand<'static>> {
    let modes = [(Kind::PidMode, "PidMode"), (Kind::IpcMode, "IpcMode")];
    let mut demands: Vec<Demand<'static>> = modes
        .iter()
        .map(|(kind, name)| (*kind, text(container, &["HostConfig", name])))
        .filter(|(_, mode)| *mode == "host" || mode.starts_with("container:"))
        .map(|(kind, mode)| demand(reference, kind, mode))
        .collect();
    let privileged = container
        .entry("HostConfig")
        .and_then(|host| host.entry("Privileged"));
    if privileged.and_then(Value::as_bool) == Some(true) {
        demands.push(Demand {
            value: Asked::Flag,
            ..demand(reference, Kind::Privileged, "")
        });
    }
    demands
}

/// Mounts are taken over with what they lead to.
pub(super) fn mounts(reference: &Reference<'_>, container: &Value<'_>) -> Facts<'static> {
    let mut facts = Facts::default();
    for mount in container
        .entry("Mounts")
        .and_then(Value::as_array)
        .unwrap_or_default()
    {
        let read_only = mount.entry("RW").and_then(Value::as_bool) == Some(false);
        match text(mount, &["Type"]) {
            "volume" => facts.references.push(Reference {
                target: Target::Volume,
                name: Cow::Owned(text(mount, &["Name"]).to_owned()),
                place: format!("{} ({})", reference.place, reference.name).into(),
            }),
            "tmpfs" | "image" => {}
            "bind" => {
                let bind = normal::bind(text(mount, &["Source"]), read_only);
                facts.demands.push(demand(reference, Kind::Bind, bind));
            }
            other => facts
                .demands
                .push(demand(reference, Kind::MountType, other)),
        }
    }
    facts
}
