//! The operations on commands started inside running containers.

use super::{BASE, integer};
use crate::api::{AnswerKind, ApiVersion, BodyKind, Group, Harm, Method, Operation, OperationId};

pub(super) const OPERATIONS: [Operation; 3] = [
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
