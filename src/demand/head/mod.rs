//! What a call demands by its target alone: query parameters, and the names in its path.

mod parameters;
mod rules;
mod signal;

use super::walk::{Path, Walk};
use super::{BadBody, Kind, Value};
use crate::api::{AnswerKind, Call, Meaning, OperationId};
use parameters::Rule;

/// Adds the demands of a call's target.
pub(super) fn demands<'c>(walk: &mut Walk<'c>, call: &'c Call<'c>) -> Result<(), BadBody> {
    let Some(operation) = call.operation() else {
        return Ok(());
    };
    if operation.answer == AnswerKind::H2c {
        walk.push(
            Kind::Tunnel,
            Value::Flag,
            &Path::Field(&Path::Root, "upgrade"),
            false,
        );
    }
    let query = Path::Field(&Path::Root, "query");
    for entry in call.query.iter() {
        let path = Path::Field(&query, &entry.name);
        match entry.meaning {
            Meaning::Inert => {}
            Meaning::Unknown => walk.ask(Kind::UnknownParameter, entry.name.as_ref(), &path),
            Meaning::Read(_) => {
                parameter(walk, call, operation.id, &entry.name, &entry.value, &path)?;
            }
        }
    }
    rules::target(walk, call, operation.id);
    Ok(())
}

fn parameter<'c>(
    walk: &mut Walk<'c>,
    call: &'c Call<'c>,
    operation: OperationId,
    name: &'c str,
    value: &'c str,
    path: &Path<'_, 'c>,
) -> Result<(), BadBody> {
    match parameters::rule(operation, name) {
        None => walk.ask(Kind::UnknownParameter, name, path),
        Some(Rule::Free) => {}
        Some(Rule::Tell(_) | Rule::Ask(_)) if value.is_empty() => {}
        Some(Rule::Tell(kind)) => walk.tell(kind, value, path),
        Some(Rule::Ask(kind)) => walk.ask(kind, value, path),
        Some(Rule::By(judge)) => judge(walk, path, value),
        Some(Rule::Call(judge)) => judge(walk, path, value, call),
        Some(Rule::Json(judge)) => judge(walk, path, value)?,
    }
    Ok(())
}
