//! The operations table: every route of the Engine API, one row each, in one file a family.
//!
//! Where the facts are from: names, methods, paths, versions and parameters from the Engine API's own
//! descriptions, 1.25 to 1.56; routes and parameters that those leave out, and all headers, from moby's routers
//! (`api/server/router` up to engine 28, `daemon/server/router` since 29), read for engines 1.9 to 29.7. What
//! clients send and no engine reads is in [`inert`](Operation::inert), with its source in `inert.rs`.

mod bodies;
mod build;
mod containers;
mod exec;
mod files;
mod id;
mod images;
mod inert;
mod networks;
mod plugins;
mod secrets;
mod services;
mod swarm;
mod system;

pub use bodies::{BODY_CAPS, BodyCap};
pub use id::OperationId;

use super::{AnswerKind, BodyKind, Group, Method, Operation, Parameter, ParameterKind, Versioning};

/// Every operation, in the order of [`OperationId`].
pub static OPERATIONS: &[Operation] = &JOINED;

static JOINED: [Operation; COUNT] = join();

const FAMILIES: [&[Operation]; 11] = [
    &system::OPERATIONS,
    &containers::OPERATIONS,
    &files::OPERATIONS,
    &exec::OPERATIONS,
    &images::OPERATIONS,
    &build::OPERATIONS,
    &networks::OPERATIONS,
    &swarm::OPERATIONS,
    &services::OPERATIONS,
    &secrets::OPERATIONS,
    &plugins::OPERATIONS,
];

const COUNT: usize = count();

#[expect(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "evaluated by the compiler, which refuses what is out of range"
)]
const fn count() -> usize {
    let mut sum = 0;
    let mut family = 0;
    while family < FAMILIES.len() {
        sum += FAMILIES[family].len();
        family += 1;
    }
    sum
}

#[expect(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::large_stack_arrays,
    reason = "evaluated by the compiler, which refuses what is out of range"
)]
const fn join() -> [Operation; COUNT] {
    let mut joined = [BASE; COUNT];
    let mut next = 0;
    let mut family = 0;
    while family < FAMILIES.len() {
        let mut row = 0;
        while row < FAMILIES[family].len() {
            joined[next] = FAMILIES[family][row];
            next += 1;
            row += 1;
        }
        family += 1;
    }
    joined
}

/// What most rows have in common; each row names at least its id, name, method, template, group, part and summary.
const BASE: Operation = Operation {
    id: OperationId::SystemPing,
    name: "",
    method: Method::Get,
    template: "",
    group: Group::System,
    part: "",
    harmless_read: false,
    query: &[],
    inert: &[],
    headers: &[],
    body: BodyKind::None,
    answer: AnswerKind::Empty,
    harms: &[],
    since: None,
    until: None,
    versioning: Versioning::Decisive,
    documented: true,
    summary: "",
};

const fn parameter(name: &'static str, kind: ParameterKind) -> Parameter {
    Parameter { name, kind }
}

const fn boolean(name: &'static str) -> Parameter {
    parameter(name, ParameterKind::Boolean)
}

const fn integer(name: &'static str) -> Parameter {
    parameter(name, ParameterKind::Integer)
}

const fn json(name: &'static str) -> Parameter {
    parameter(name, ParameterKind::Json)
}

const fn list(name: &'static str) -> Parameter {
    parameter(name, ParameterKind::TextList)
}

const fn prose(name: &'static str) -> Parameter {
    parameter(name, ParameterKind::Prose)
}

const fn text(name: &'static str) -> Parameter {
    parameter(name, ParameterKind::Text)
}

#[cfg(test)]
mod tests;
