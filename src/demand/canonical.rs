//! The names of fields as the engine itself writes them.

use std::borrow::Cow;

use super::body;
use super::schema::{Struct, Type};
use super::walk::{Found, Names};
use crate::api::Call;
use crate::api::json::{Document, Member, Value};

/// Respells the names of a body's fields as the engine writes them, so that a decoder that minds the case reads what the
/// gate has read. What [`of`](super::of) refuses it leaves as it is.
pub fn canonicalise(call: &Call<'_>, document: &mut Document<'_>) {
    if let Some(shape) = call
        .operation()
        .and_then(|operation| body::shape(operation.id))
    {
        respell(shape, document.root_mut());
    }
}

fn respell(shape: Type, value: &mut Value<'_>) {
    match (shape, value) {
        (Type::Struct(table), Value::Object(members)) => fields(table, members),
        (Type::List(inner), Value::Array(items)) => each(*inner, items),
        (Type::Structs(table), Value::Array(items)) => each(Type::Struct(table), items),
        (Type::Map(inner), Value::Object(members)) => entries(*inner, members),
        (Type::StructMap(table), Value::Object(members)) => entries(Type::Struct(table), members),
        (Type::StructsMap(table), Value::Object(members)) => entries(Type::Structs(table), members),
        (
            Type::Bool
            | Type::Int
            | Type::Float
            | Type::Text
            | Type::Words
            | Type::List(_)
            | Type::Map(_)
            | Type::Struct(_)
            | Type::Structs(_)
            | Type::StructMap(_)
            | Type::StructsMap(_)
            | Type::Unread,
            _,
        ) => {}
    }
}

fn each(inner: Type, items: &mut [Value<'_>]) {
    for item in items {
        respell(inner, item);
    }
}

fn entries(inner: Type, members: &mut [Member<'_>]) {
    for member in members {
        respell(inner, &mut member.value);
    }
}

fn fields(table: &'static Struct, members: &mut [Member<'_>]) {
    let mut names = Names::new(table);
    let mut leaks = table.leaks.map(Names::new);
    for member in members.iter_mut().filter(|member| member.name.is_ascii()) {
        let mut found = names.find(&member.name);
        if let (Found::Nothing, Some(leaks)) = (&found, &mut leaks) {
            found = leaks.find(&member.name);
        }
        if let Found::Field(field) = found {
            if member.name != field.name {
                member.name = Cow::Borrowed(field.name);
            }
            respell(field.shape, &mut member.value);
        }
    }
}
