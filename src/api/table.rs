//! The operations table.

use super::operation::{AnswerKind, BodyKind, Group, Method, Operation};

/// Names an operation of the Engine API.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum OperationId {
    /// `GET /_ping`
    SystemPing,
}

/// Every operation, in the order of [`OperationId`].
pub static OPERATIONS: &[Operation] = &[Operation {
    id: OperationId::SystemPing,
    name: "SystemPing",
    method: Method::Get,
    template: "/_ping",
    group: Group::System,
    part: "ping",
    harmless_read: true,
    query: &[],
    body: BodyKind::None,
    answer: AnswerKind::Text,
    harms: &[],
    since: None,
    until: None,
    versioned: true,
    documented: true,
    summary: "answers whether the engine lives, and its API version in a header",
}];
