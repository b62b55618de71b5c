//! The JSON that the engine reads, as a document: parsed once, strictly, and written anew.
//!
//! The engine decodes with Go's `encoding/json`, which compares field names regardless of case (with Unicode
//! simple folding), merges duplicate names, ignores some trailing data and replaces broken text. A
//! [`Document`] has none of that room: what two decoders could read differently is refused, and what is
//! left is written in one canonical form.

mod error;
mod fold;
mod parse;
mod write;

#[cfg(test)]
mod tests;

use std::borrow::Cow;

pub use error::{BadJson, BadJsonReason};
pub use fold::{folds_to, has_folded_twins};

/// A whole JSON document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document<'a> {
    root: Value<'a>,
}

/// A value in a document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Value<'a> {
    /// `null`: to the engine, a field that was not sent.
    #[default]
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, as it was written: its range depends on who reads it.
    Number(Cow<'a, str>),
    /// A string, unescaped.
    Text(Cow<'a, str>),
    /// An array.
    Array(Vec<Self>),
    /// An object. Names are pairwise different byte by byte; whether names that differ in case are twins depends on
    /// whether the engine reads the object into a struct or a map.
    Object(Vec<Member<'a>>),
}

/// One name and value of an object, in the client's order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member<'a> {
    /// The name, unescaped.
    pub name: Cow<'a, str>,
    /// The value.
    pub value: Value<'a>,
}

impl<'a> Document<'a> {
    /// Reads `input` as exactly one JSON value, with white space around it.
    ///
    /// # Errors
    /// [`BadJson`] with the place, when the input is not JSON, holds an object with two equal names, text that
    /// is not Unicode, or more than [`MAX_DEPTH`](Self::MAX_DEPTH) levels.
    pub fn parse(input: &'a [u8]) -> Result<Self, BadJson> {
        parse::document(input, usize::MAX).map(|root| Self { root })
    }

    /// Reads what a client sends: the same, with at most [`MAX_VALUES`](Self::MAX_VALUES) values in it.
    ///
    /// # Errors
    /// [`BadJson`] as for [`parse`](Self::parse), and when there are more.
    pub fn parse_body(input: &'a [u8]) -> Result<Self, BadJson> {
        parse::document(input, Self::MAX_VALUES).map(|root| Self { root })
    }

    /// The values that a client's document may have, arrays and objects among them. Each takes many times its bytes in
    /// memory. The largest real bodies have some hundreds.
    pub const MAX_VALUES: usize = 50_000;

    /// The levels of arrays and objects that a document may have. The deepest real body, a service, has nine.
    pub const MAX_DEPTH: usize = 64;

    /// A document that holds `root`.
    pub const fn new(root: Value<'a>) -> Self {
        Self { root }
    }

    /// The outermost value.
    pub const fn root(&self) -> &Value<'a> {
        &self.root
    }

    /// The outermost value, to rewrite.
    pub const fn root_mut(&mut self) -> &mut Value<'a> {
        &mut self.root
    }

    /// Appends the canonical form: no white space, nothing escaped that need not be.
    pub fn write(&self, out: &mut Vec<u8>) {
        write::value(&self.root, out);
    }
}

impl<'a> Value<'a> {
    /// A string.
    pub fn text(text: impl Into<Cow<'a, str>>) -> Self {
        Self::Text(text.into())
    }

    /// A whole number.
    pub fn int(number: i64) -> Self {
        Self::Number(Cow::Owned(number.to_string()))
    }

    /// Whether this is `null`.
    pub const fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The string, unless this is something else.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::Array(_) | Self::Object(_) => None,
        }
    }

    /// The boolean, unless this is something else.
    pub const fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(truth) => Some(*truth),
            Self::Null | Self::Number(_) | Self::Text(_) | Self::Array(_) | Self::Object(_) => None,
        }
    }

    /// The number, if it is a whole one that fits, as the engine requires of its integers: `1.0` and `1e3` do not count.
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Self::Number(digits) => digits.parse().ok(),
            Self::Null | Self::Bool(_) | Self::Text(_) | Self::Array(_) | Self::Object(_) => None,
        }
    }

    /// The elements, unless this is something else.
    pub fn as_array(&self) -> Option<&[Self]> {
        match self {
            Self::Array(items) => Some(items),
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::Text(_) | Self::Object(_) => None,
        }
    }

    /// The members, unless this is something else.
    pub fn as_object(&self) -> Option<&[Member<'a>]> {
        match self {
            Self::Object(members) => Some(members),
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::Text(_) | Self::Array(_) => None,
        }
    }

    /// The value of the struct field `name`, which the engine finds regardless of case. `None` when this is
    /// no object or has no such field.
    pub fn field(&self, name: &str) -> Option<&Self> {
        self.as_object()?
            .iter()
            .find_map(|member| folds_to(&member.name, name).then_some(&member.value))
    }

    /// The value of the struct field `name`, to rewrite.
    pub fn field_mut(&mut self, name: &str) -> Option<&mut Self> {
        match self {
            Self::Object(members) => members
                .iter_mut()
                .find(|member| folds_to(&member.name, name))
                .map(|member| &mut member.value),
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::Text(_) | Self::Array(_) => None,
        }
    }

    /// The value of the map key `key`, which is compared byte by byte.
    pub fn entry(&self, key: &str) -> Option<&Self> {
        self.as_object()?
            .iter()
            .find_map(|member| (member.name == key).then_some(&member.value))
    }

    /// Makes this an object, unless it is one already, and gives the struct field `name` a value: in
    /// place of the one it has, or as the last member.
    pub fn set_field(&mut self, name: impl Into<Cow<'a, str>>, value: Self) {
        self.put(name.into(), value, folds_to);
    }

    /// Makes this an object, unless it is one already, and gives the map key `key` a value.
    pub fn set_entry(&mut self, key: impl Into<Cow<'a, str>>, value: Self) {
        self.put(key.into(), value, |member, key| member == key);
    }

    fn put(&mut self, name: Cow<'a, str>, value: Self, same: fn(&str, &str) -> bool) {
        if !matches!(self, Self::Object(_)) {
            *self = Self::Object(Vec::new());
        }
        if let Self::Object(members) = self {
            match members.iter_mut().find(|member| same(&member.name, &name)) {
                Some(member) => *member = Member { name, value },
                None => members.push(Member { name, value }),
            }
        }
    }
}
