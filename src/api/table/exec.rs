//! The operations on commands started inside running containers.

use super::{BASE, integer};
use crate::api::{AnswerKind, ApiVersion, BodyKind, Group, Harm, Method, Operation, OperationId};

pub(super) const OPERATIONS: [Operation; 4] = [
    Operation {
        id: OperationId::ContainerExec,
        name: "ContainerExec",
        method: Method::Post,
        template: "/containers/{id}/exec",
        group: Group::Exec,
        part: "create",
        body: BodyKind::Json,
        answer: AnswerKind::Json,
        harms: &[Harm::CodeExecution],
        since: Some(ApiVersion::new(1, 15)),
        summary: "prepares a command inside a running container",
        ..BASE
    },
    Operation {
        id: OperationId::ExecStart,
        name: "ExecStart",
        method: Method::Post,
        template: "/exec/{id}/start",
        group: Group::Exec,
        part: "start",
        body: BodyKind::Json,
        answer: AnswerKind::Hijack,
        harms: &[Harm::CodeExecution],
        since: Some(ApiVersion::new(1, 15)),
        summary: "starts a prepared command and connects to it",
        ..BASE
    },
    Operation {
        id: OperationId::ExecResize,
        name: "ExecResize",
        method: Method::Post,
        template: "/exec/{id}/resize",
        group: Group::Exec,
        part: "start",
        query: &[integer("h"), integer("w")],
        since: Some(ApiVersion::new(1, 15)),
        summary: "sets the size of a command's terminal",
        ..BASE
    },
    Operation {
        id: OperationId::ExecInspect,
        name: "ExecInspect",
        method: Method::Get,
        template: "/exec/{id}/json",
        group: Group::Exec,
        part: "read",
        answer: AnswerKind::Json,
        harms: &[Harm::SecretLeak],
        since: Some(ApiVersion::new(1, 16)),
        summary: "shows a command and how it ended",
        ..BASE
    },
];
