//! Bodies: which operation takes which, and what is in them.

mod container;
mod container_rules;
mod exec;
mod mount;
mod network;
mod plugin;
mod resource_rules;
mod service;
mod swarm;

pub(super) use mount::volume_options;
pub(super) use resource_rules::swap_left_out;

use crate::api::OperationId;
use crate::api::json::Document;

use super::schema::{Rule, TEXTS, Type};
use super::walk::{Path, Walk};
use super::{BadBody, Kind, Value};

/// Adds the demands of an operation's JSON body.
pub(super) fn demands<'c>(
    walk: &mut Walk<'c>,
    operation: OperationId,
    body: &'c Document<'c>,
) -> Result<(), BadBody> {
    match BODIES.iter().find(|(id, ..)| *id == operation) {
        Some((_, shape, rule)) => {
            walk.value(*shape, body.root(), &Path::Root)?;
            walk.rule(*rule, body.root(), &Path::Root);
        }
        // This version has no table for it.
        None => walk.push(Kind::Body, Value::Flag, &Path::Root, false),
    }
    Ok(())
}

/// What the engine decodes an operation's body into, as far as this version knows.
pub(super) fn shape(operation: OperationId) -> Option<Type> {
    BODIES
        .iter()
        .find(|(id, ..)| *id == operation)
        .map(|(_, shape, _)| *shape)
}

const PRIVILEGES: Type = Type::Structs(&plugin::PRIVILEGE);

/// What the engine decodes each operation's body into, and what the whole demands.
static BODIES: &[(OperationId, Type, Rule)] = &[
    (
        OperationId::ContainerCreate,
        Type::Struct(&container::CREATE),
        Rule::Free,
    ),
    (
        OperationId::ContainerExec,
        Type::Struct(&exec::CREATE),
        Rule::Free,
    ),
    (
        OperationId::ExecStart,
        Type::Struct(&exec::START),
        Rule::Free,
    ),
    (
        OperationId::ContainerUpdate,
        Type::Struct(&container::UPDATE),
        Rule::Free,
    ),
    (
        OperationId::VolumeCreate,
        Type::Struct(&mount::CREATE),
        Rule::Free,
    ),
    (
        OperationId::NetworkCreate,
        Type::Struct(&network::CREATE),
        Rule::Free,
    ),
    (
        OperationId::NetworkConnect,
        Type::Struct(&network::CONNECT),
        Rule::Free,
    ),
    (
        OperationId::NetworkDisconnect,
        Type::Struct(&network::DISCONNECT),
        Rule::Free,
    ),
    (
        OperationId::SystemAuth,
        Type::Struct(&exec::AUTH),
        Rule::Free,
    ),
    (
        OperationId::ImageCommit,
        Type::Struct(&container::COMMIT),
        Rule::Free,
    ),
    (
        OperationId::ServiceCreate,
        Type::Struct(&service::SERVICE),
        Rule::Free,
    ),
    (
        OperationId::ServiceUpdate,
        Type::Struct(&service::SERVICE),
        Rule::Free,
    ),
    (
        OperationId::SecretCreate,
        Type::Struct(&swarm::SECRET),
        Rule::Free,
    ),
    (
        OperationId::SecretUpdate,
        Type::Struct(&swarm::SECRET),
        Rule::Free,
    ),
    (
        OperationId::ConfigCreate,
        Type::Struct(&swarm::CONFIG),
        Rule::Free,
    ),
    (
        OperationId::ConfigUpdate,
        Type::Struct(&swarm::CONFIG),
        Rule::Free,
    ),
    (
        OperationId::VolumeUpdate,
        Type::Struct(&mount::UPDATE),
        Rule::Free,
    ),
    (
        OperationId::CheckpointCreate,
        Type::Struct(&exec::CHECKPOINT),
        Rule::Free,
    ),
    (
        OperationId::NodeUpdate,
        Type::Struct(&swarm::NODE),
        Rule::Free,
    ),
    (
        OperationId::SwarmInit,
        Type::Struct(&swarm::INIT),
        Rule::Free,
    ),
    (
        OperationId::SwarmJoin,
        Type::Struct(&swarm::JOIN),
        Rule::Free,
    ),
    (
        OperationId::SwarmUpdate,
        Type::Struct(&swarm::SPEC),
        Rule::Free,
    ),
    (
        OperationId::SwarmUnlock,
        Type::Struct(&swarm::UNLOCK),
        Rule::Free,
    ),
    (OperationId::PluginPull, PRIVILEGES, Rule::Free),
    (OperationId::PluginUpgrade, PRIVILEGES, Rule::Free),
    (
        OperationId::PluginSet,
        TEXTS,
        Rule::Ask(Kind::PluginPrivilege),
    ),
];
