//! The grammar of queries.

use std::borrow::Cow;

use super::percent::{BadEncoding, Plus, decode};
use super::{BadTarget, Operation, ParameterKind};

/// How many parameters a query may have: more than any client sends, and few enough to compare each with each.
const MAX_PARAMETERS: usize = 1000;

/// A call's query parameters, decoded, in the client's order. No name is here twice unless an engine reads a list
/// of it, or nothing at all: what a client says again in the same words is said once.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Query<'a>(Vec<Entry<'a>>);

/// One query parameter of a call.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Entry<'a> {
    /// The name.
    pub name: Cow<'a, str>,
    /// The value: empty when the client sent the name alone.
    pub value: Cow<'a, str>,
    /// What the operation's row says of the name.
    pub meaning: Meaning,
}

/// What a query parameter means to an operation.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Meaning {
    /// An engine reads it.
    Read(ParameterKind),
    /// No engine reads it: it is accepted, and not forwarded.
    Inert,
    /// The table does not have it: a demand of its own.
    Unknown,
}

impl<'a> Query<'a> {
    /// Reads what stands behind the question mark. Without an operation, every name is unknown.
    pub(super) fn parse(raw: &'a str, operation: Option<&Operation>) -> Result<Self, BadTarget> {
        check_bytes(raw)?;
        let mut query = Self::default();
        for part in raw.split('&').filter(|part| !part.is_empty()) {
            if query.0.len() == MAX_PARAMETERS {
                return Err(BadTarget::QueryLength(MAX_PARAMETERS));
            }
            let entry = Entry::parse(part, operation)?;
            if entry.meaning.may_repeat() {
                query.0.push(entry);
                continue;
            }
            // The engine reads the first value, and others the last: which of them is meant must not matter.
            match query.get(&entry.name) {
                None => query.0.push(entry),
                Some(value) if value == entry.value => {}
                Some(_) => return Err(BadTarget::QueryDuplicate(entry.name.into_owned())),
            }
        }
        Ok(query)
    }

    /// The parameters, in the client's order.
    pub fn iter(&self) -> impl Iterator<Item = &Entry<'a>> {
        self.0.iter()
    }

    /// The first value of `name`: the one that the engine reads, unless it reads a list.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// Gives `name`, of which an engine reads one value of that kind, this one.
    pub(super) fn set(&mut self, name: &'static str, kind: ParameterKind, value: String) {
        self.remove(name);
        self.push(name, kind, value);
    }

    /// Adds a value of `name`, of which an engine reads a list.
    pub(super) fn push(&mut self, name: &'static str, kind: ParameterKind, value: String) {
        self.0.push(Entry {
            name: Cow::Borrowed(name),
            value: Cow::Owned(value),
            meaning: Meaning::Read(kind),
        });
    }

    /// Takes every value of `name` out.
    pub(super) fn remove(&mut self, name: &str) {
        self.0.retain(|entry| entry.name != name);
    }

    /// All values of `name`, in the client's order.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0
            .iter()
            .filter(move |entry| entry.name == name)
            .map(|entry| entry.value.as_ref())
    }
}

impl<'a> Entry<'a> {
    fn parse(part: &'a str, operation: Option<&Operation>) -> Result<Self, BadTarget> {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        let decode = |text| {
            decode(text, Plus::Space).map_err(|error| match error {
                BadEncoding::Escape => BadTarget::QueryEscape(name.to_owned()),
                BadEncoding::Utf8 => BadTarget::QueryUtf8(name.to_owned()),
            })
        };
        let (name, value) = (decode(name)?, decode(value)?);
        if name.is_empty() {
            return Err(BadTarget::QueryName);
        }
        let meaning = Meaning::of(&name, operation);
        let line_breaks = meaning.may_hold_line_breaks();
        let control = |c: char| c.is_control() && !(line_breaks && matches!(c, '\t' | '\n' | '\r'));
        if name.contains(char::is_control) || value.contains(control) {
            return Err(BadTarget::QueryControl(name.escape_debug().to_string()));
        }
        if meaning == Meaning::Read(ParameterKind::Integer) && !is_integer(&value) {
            return Err(BadTarget::QueryInteger {
                name: name.into_owned(),
                value: value.into_owned(),
            });
        }
        Ok(Self {
            name,
            value,
            meaning,
        })
    }
}

impl Meaning {
    fn of(name: &str, operation: Option<&Operation>) -> Self {
        let Some(operation) = operation else {
            return Self::Unknown;
        };
        if let Some(parameter) = operation
            .query
            .iter()
            .find(|parameter| parameter.name == name)
        {
            return Self::Read(parameter.kind);
        }
        if operation.inert.contains(&name) {
            Self::Inert
        } else {
            Self::Unknown
        }
    }

    const fn may_repeat(self) -> bool {
        matches!(self, Self::Read(ParameterKind::TextList) | Self::Inert)
    }

    /// JSON may be laid out in lines; to no other value but prose do line breaks belong, and in some of them
    /// (`changes`) they begin another instruction.
    const fn may_hold_line_breaks(self) -> bool {
        matches!(
            self,
            Self::Read(ParameterKind::Json | ParameterKind::Prose) | Self::Inert
        )
    }
}

/// Refuses bytes that no query may hold. Brackets, braces and quotes are let through raw, since clients send them.
fn check_bytes(raw: &str) -> Result<(), BadTarget> {
    for byte in raw.bytes() {
        match byte {
            b'#' => return Err(BadTarget::Fragment),
            b';' => return Err(BadTarget::QuerySemicolon),
            b'!'..=b'~' => {}
            other => return Err(BadTarget::QueryByte(other)),
        }
    }
    Ok(())
}

/// Whether the engine reads `value` as an integer (Go, `strconv.ParseInt` with base 10), or passes over it as empty.
/// A sign `+` is not accepted: no client sends one.
fn is_integer(value: &str) -> bool {
    let digits = value.strip_prefix('-').unwrap_or(value);
    value.is_empty()
        || ((1..=20).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit()))
}
