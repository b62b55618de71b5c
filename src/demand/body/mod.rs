//! Bodies: which operation takes which, and what is in them.

mod container;
mod container_rules;
mod exec;
mod mount;
mod network;
mod plugin;
mod service;
mod swarm;

use crate::api::OperationId;
use crate::api::json::Document;

use super::schema::Type;
use super::walk::{Path, Walk};
use super::{BadBody, Kind, Value};

/// Adds the demands of an operation's JSON body.
pub(super) fn demands<'c>(
    walk: &mut Walk<'c>,
    operation: OperationId,
    body: &'c Document<'c>,
) -> Result<(), BadBody> {
    if let Some(shape) = shape(operation) {
        walk.value(shape, body.root(), &Path::Root)
    } else {
        walk.push(Kind::Body, Value::Flag, &Path::Root, false);
        Ok(())
    }
}

/// What the engine decodes an operation's body into; `None` for one that this version has no table for.
fn shape(operation: OperationId) -> Option<Type> {
    BODIES
        .iter()
        .find(|(id, _)| *id == operation)
        .map(|(_, shape)| *shape)
}

const PRIVILEGES: Type = Type::Structs(&plugin::PRIVILEGE);

static BODIES: &[(OperationId, Type)] = &[
    (
        OperationId::ContainerCreate,
        Type::Struct(&container::CREATE),
    ),
    (OperationId::ContainerExec, Type::Struct(&exec::CREATE)),
    (OperationId::ExecStart, Type::Struct(&exec::START)),
    (
        OperationId::ContainerUpdate,
        Type::Struct(&container::UPDATE),
    ),
    (OperationId::VolumeCreate, Type::Struct(&mount::CREATE)),
    (OperationId::NetworkCreate, Type::Struct(&network::CREATE)),
    (OperationId::NetworkConnect, Type::Struct(&network::CONNECT)),
    (
        OperationId::NetworkDisconnect,
        Type::Struct(&network::DISCONNECT),
    ),
    (OperationId::SystemAuth, Type::Struct(&exec::AUTH)),
    (OperationId::ImageCommit, Type::Struct(&container::COMMIT)),
    (OperationId::ServiceCreate, Type::Struct(&service::SERVICE)),
    (OperationId::ServiceUpdate, Type::Struct(&service::SERVICE)),
    (OperationId::SecretCreate, Type::Struct(&swarm::SECRET)),
    (OperationId::SecretUpdate, Type::Struct(&swarm::SECRET)),
    (OperationId::ConfigCreate, Type::Struct(&swarm::CONFIG)),
    (OperationId::ConfigUpdate, Type::Struct(&swarm::CONFIG)),
    (OperationId::VolumeUpdate, Type::Struct(&mount::UPDATE)),
    (
        OperationId::CheckpointCreate,
        Type::Struct(&exec::CHECKPOINT),
    ),
    (OperationId::NodeUpdate, Type::Struct(&swarm::NODE)),
    (OperationId::SwarmInit, Type::Struct(&swarm::INIT)),
    (OperationId::SwarmJoin, Type::Struct(&swarm::JOIN)),
    (OperationId::SwarmUpdate, Type::Struct(&swarm::SPEC)),
    (OperationId::SwarmUnlock, Type::Struct(&swarm::UNLOCK)),
    (OperationId::PluginPull, PRIVILEGES),
    (OperationId::PluginUpgrade, PRIVILEGES),
    (OperationId::PluginSet, Type::List(&Type::Text)),
];
