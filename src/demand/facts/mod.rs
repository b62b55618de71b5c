//! What the names in a call are in the engine: a named volume that was made earlier may be a host path, and a
//! container whose namespaces are joined may be in the host's.
//!
//! [`references`] lists the names, the shell inspects each, and [`learn`] turns an inspection into further demands and,
//! where it names other things, further references. A name that cannot be inspected must refuse the call;
//! one that does not exist yet is nothing.

mod container;
mod image;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use super::body::volume_options;
use super::walk::{Path, Walk};
use super::{Demand, Kind, Place, Value as Asked};
use crate::api::json::{Document, Member, Value};
use crate::api::{Call, OperationId};
pub use container::{Whole, container_of_exec, exec_of, id_and_name, joined_name};
pub use image::{ById, called, called_all, image_by_id, image_names};

/// A name in a call that stands for something in the engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference<'c> {
    /// What it names.
    pub target: Target,
    /// The name or id, as the client wrote it.
    pub name: Cow<'c, str>,
    /// Where it was written, as in [`Demand::place`].
    pub place: Place<'c>,
}

/// What a reference names, and what for.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Target {
    /// A container that is acted on: connected, disconnected, committed.
    Container,
    /// A command in a container.
    Exec,
    /// A container whose network is joined.
    NetworkOf,
    /// A container whose other namespaces are joined.
    NamespaceOf,
    /// A container whose mounts are taken over.
    MountsOf,
    /// An image.
    Image,
    /// A network.
    Network,
    /// A volume that is mounted, or made.
    Volume,
}

impl Target {
    /// The operation that tells what the name is.
    pub const fn inspection(self) -> OperationId {
        match self {
            Self::Container | Self::NetworkOf | Self::NamespaceOf | Self::MountsOf => {
                OperationId::ContainerInspect
            }
            Self::Exec => OperationId::ExecInspect,
            Self::Image => OperationId::ImageInspect,
            Self::Network => OperationId::NetworkInspect,
            Self::Volume => OperationId::VolumeInspect,
        }
    }
}

/// What an inspection adds to a call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts<'c> {
    /// What the call demands besides.
    pub demands: Vec<Demand<'c>>,
    /// What must be inspected besides; these lead no further.
    pub references: Vec<Reference<'c>>,
}

/// The names in a call, of those whose meaning matters: found in its demands, and in the parts of its body and query that
/// demand nothing.
pub fn references<'c>(
    call: &'c Call<'c>,
    body: Option<&'c Document<'c>>,
    demands: &[Demand<'c>],
) -> Vec<Reference<'c>> {
    let mut found: Vec<Reference<'c>> = demands.iter().filter_map(of_demand).collect();
    let container = match call.operation().map(|operation| operation.id) {
        Some(OperationId::NetworkConnect | OperationId::NetworkDisconnect) => body
            .and_then(|body| body.root().field("Container"))
            .and_then(Value::as_str)
            .map(|name| (name, "Container")),
        Some(OperationId::ImageCommit) => call
            .parameter("container")
            .map(|name| (name, "query.container")),
        Some(_) | None => None,
    };
    if let Some((name, place)) = container.filter(|(name, _)| !name.is_empty()) {
        found.push(Reference {
            target: Target::Container,
            name: bare(name),
            place: place.into(),
        });
    }
    found
}

/// The engine takes container names in bodies with and without a slash before them.
fn bare(name: &str) -> Cow<'_, str> {
    Cow::Borrowed(name.strip_prefix('/').unwrap_or(name))
}

fn of_demand<'c>(demand: &Demand<'c>) -> Option<Reference<'c>> {
    let Asked::Text(text) = &demand.value else {
        return None;
    };
    if demand.is_left_out() {
        return None;
    }
    let (_, read) = NAMES.iter().find(|(kind, _)| *kind == demand.kind)?;
    let (target, name) = read(text)?;
    Some(Reference {
        target,
        name: part(text, name),
        place: demand.place.clone(),
    })
}

type Read = fn(&str) -> Option<(Target, &str)>;

/// The kinds whose values are names, or hold one.
static NAMES: &[(Kind, Read)] = &[
    (Kind::Cgroup, namespace),
    (Kind::Image, |image| Some((Target::Image, image))),
    (Kind::IpcMode, namespace),
    (Kind::Link, |link| {
        Some((Target::Container, link.split(':').next()?))
    }),
    (Kind::NetworkMode, joined),
    (Kind::PidMode, namespace),
    (Kind::Volume, |volume| Some((Target::Volume, volume))),
    (Kind::VolumesFrom, |from| {
        Some((Target::MountsOf, from.split(':').next()?))
    }),
];

fn namespace(mode: &str) -> Option<(Target, &str)> {
    mode.strip_prefix("container:")
        .map(|name| (Target::NamespaceOf, name))
}

fn joined(mode: &str) -> Option<(Target, &str)> {
    match mode.strip_prefix("container:") {
        Some(name) => Some((Target::NetworkOf, name)),
        None if container::is_predefined(mode) => None,
        None => Some((Target::Network, mode)),
    }
}

/// A part of a text, for as long as the text lives where that is possible.
fn part<'c>(whole: &Cow<'c, str>, part: &str) -> Cow<'c, str> {
    let part = part.strip_prefix('/').unwrap_or(part);
    match whole {
        Cow::Borrowed(whole) => whole
            .find(part)
            .and_then(|at| whole.get(at..at.saturating_add(part.len())))
            .map_or_else(|| Cow::Owned(part.to_owned()), Cow::Borrowed),
        Cow::Owned(_) => Cow::Owned(part.to_owned()),
    }
}

/// What the inspection of a reference adds; `None` stands for a name that nothing in the engine has.
pub fn learn(reference: &Reference<'_>, inspection: Option<&Document<'_>>) -> Facts<'static> {
    let Some(root) = inspection.map(Document::root) else {
        return Facts::default();
    };
    let mut facts = Facts::default();
    match reference.target {
        Target::Volume => facts.demands = volume(reference, root),
        Target::Network => facts.demands = network(reference, root),
        Target::NetworkOf => facts.demands = container::network(reference, root),
        Target::NamespaceOf => facts.demands = container::namespaces(reference, root),
        Target::MountsOf => facts = container::mounts(reference, root),
        Target::Container | Target::Exec | Target::Image => {}
    }
    facts
}

/// A demand that comes from what `reference` is.
fn demand(reference: &Reference<'_>, kind: Kind, value: impl Into<String>) -> Demand<'static> {
    Demand {
        kind,
        value: Asked::Text(Cow::Owned(value.into())),
        place: format!("{} ({})", reference.place, reference.name).into(),
        safe: false,
    }
}

fn text<'v>(value: &'v Value<'_>, path: &[&str]) -> &'v str {
    path.iter()
        .try_fold(value, |value, name| value.entry(name))
        .and_then(Value::as_str)
        .unwrap_or_default()
}

/// A volume demands what it would demand to make it so.
fn volume(reference: &Reference<'_>, volume: &Value<'_>) -> Vec<Demand<'static>> {
    let mut demands = Vec::new();
    let driver = text(volume, &["Driver"]);
    let local = matches!(driver, "" | "local");
    if !local {
        demands.push(demand(reference, Kind::VolumeDriver, driver));
    }
    let options: Vec<Member<'static>> = volume
        .entry("Options")
        .and_then(Value::as_object)
        .unwrap_or_default()
        .iter()
        .map(|option| Member {
            name: Cow::Owned(option.name.to_string()),
            value: Value::text(option.value.as_str().unwrap_or_default().to_owned()),
        })
        .collect();
    let mut walk = Walk::default();
    volume_options(&mut walk, &Path::Root, local, &options);
    demands.extend(walk.demands.iter().filter(|asked| !asked.safe).map(
        |asked| match &asked.value {
            Asked::Text(value) => demand(reference, asked.kind, value.as_ref()),
            Asked::Flag | Asked::Number(_) | Asked::Unlimited => demand(reference, asked.kind, ""),
        },
    ));
    demands
}

/// A network by another name may be the host's own, or lie on the host's interface.
fn network(reference: &Reference<'_>, network: &Value<'_>) -> Vec<Demand<'static>> {
    match text(network, &["Driver"]) {
        "host" => vec![demand(reference, Kind::NetworkMode, "host")],
        driver @ ("macvlan" | "ipvlan") => vec![demand(reference, Kind::NetworkDriver, driver)],
        _ => Vec::new(),
    }
}
