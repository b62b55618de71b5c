//! The words that the tables of bodies are written in.

use super::Kind;
use super::walk::{Path, Walk};
use crate::api::json::Value;

/// What the engine decodes an object into: a Go struct, whose field names match regardless of case.
#[derive(Debug)]
pub(super) struct Struct {
    /// Its fields, as one or more lists: an embedded struct is a list of its own.
    pub fields: &'static [&'static [Field]],
    /// Looks at the struct as a whole, when its fields mean something together.
    pub whole: Option<Judge>,
    /// Fields of `HostConfig`, which engines up to 26 read here too (moby v26 `runconfig/config_unix.go`).
    pub leaks: Option<&'static Self>,
}

/// A field of a struct.
#[derive(Debug)]
pub(super) struct Field {
    /// The name that the engine writes.
    pub name: &'static str,
    /// What the engine decodes the value into.
    pub shape: Type,
    /// What the value demands.
    pub rule: Rule,
}

/// A Go type, as far as `encoding/json` cares.
#[derive(Clone, Copy, Debug)]
pub(super) enum Type {
    /// `bool`
    Bool,
    /// A signed or unsigned integer of up to 64 bits: no fraction, no exponent.
    Int,
    /// `float64`
    Float,
    /// `string`, and types that are written as one.
    Text,
    /// `strslice.StrSlice`: a string or an array of strings (moby v28 api/types/strslice).
    Words,
    /// A slice or array.
    List(&'static Self),
    /// A map with string keys.
    Map(&'static Self),
    /// A struct.
    Struct(&'static Struct),
    /// A slice of structs.
    Structs(&'static Struct),
    /// A map of structs.
    StructMap(&'static Struct),
    /// A map of slices of structs.
    StructsMap(&'static Struct),
    /// Nothing: no engine has the field, and clients send it all the same.
    Unread,
}

/// What a field's value demands. `null` demands nothing: the engine leaves the field alone.
#[derive(Clone, Copy, Debug)]
pub(super) enum Rule {
    /// Nothing, whatever the value; or what the fields inside demand.
    Free,
    /// A safe demand of each value that is not the type's zero value.
    Tell(Kind),
    /// A demand of each value that is not the type's zero value.
    Ask(Kind),
    /// What a function says.
    By(Judge),
}

/// Adds the demands of a value at a place. Its type has been checked.
pub(super) type Judge = for<'c, 'p> fn(&mut Walk<'c>, &Path<'p, 'c>, &'c Value<'c>);

pub(super) const fn field(name: &'static str, shape: Type, rule: Rule) -> Field {
    Field { name, shape, rule }
}

/// A field that clients send and no engine reads, whatever its value.
pub(super) const fn unread(name: &'static str) -> Field {
    field(name, Type::Unread, Rule::Free)
}

/// A struct without fields that belong together.
pub(super) const fn plain(fields: &'static [&'static [Field]]) -> Struct {
    Struct {
        fields,
        whole: None,
        leaks: None,
    }
}

/// A struct that is judged as a whole, too.
pub(super) const fn whole(fields: &'static [&'static [Field]], judge: Judge) -> Struct {
    Struct {
        fields,
        whole: Some(judge),
        leaks: None,
    }
}

pub(super) const TEXTS: Type = Type::List(&Type::Text);
pub(super) const TEXT_MAP: Type = Type::Map(&Type::Text);

/// `struct{}`: the engine ignores what is inside.
pub(super) static EMPTY: Struct = plain(&[]);
