//! A request head as the gate understands it.

use std::borrow::Cow;

use super::{ApiVersion, Operation, ParameterKind};
use crate::wire::{RequestHead, Upgrade};

/// One parsed request: which operation, at which version, on what, with which parameters.
///
/// A `Call` borrows from the head that it was parsed from. It cannot hold a dot segment, an empty
/// segment, an encoded slash outside a name that may contain slashes, a control character or text that
/// is not UTF-8.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Call<'a> {
    /// The operation and its targets.
    pub route: Route<'a>,
    /// The version that the client asked for; `None` stands for the engine's newest.
    pub version: Option<ApiVersion>,
    /// The query, decoded.
    pub query: Query<'a>,
    /// The protocol that the client wants to switch to.
    pub upgrade: Option<Upgrade>,
}

/// Where a call goes.
#[derive(Clone, Debug)]
pub enum Route<'a> {
    /// An operation of the table, with what its template's names stand for.
    Known(&'static Operation, Targets<'a>),
    /// A path that no operation of the table has with this method.
    Unknown {
        /// The method's token, as it came.
        method: &'a str,
        /// The path below the version: decoded, normal, and beginning with a slash.
        path: Cow<'a, str>,
    },
}

/// What the names in an operation's template stand for, in their order, decoded: at most two. Those that the
/// template does not have are empty.
pub type Targets<'a> = [Cow<'a, str>; 2];

/// A call's query parameters, decoded, in the client's order. No name comes twice unless the operation's table
/// makes a list of it.
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
    /// The parameters, in the client's order.
    pub fn iter(&self) -> impl Iterator<Item = &Entry<'a>> {
        self.0.iter()
    }

    /// The first value of `name`: the one that the engine reads, unless it reads a list.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// All values of `name`, in the client's order.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0
            .iter()
            .filter(move |entry| entry.name == name)
            .map(|entry| entry.value.as_ref())
    }
}

/// Why a request target has no unambiguous reading. Answered with 400.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadTarget {
    /// The target does not begin with a slash.
    #[error("the request target is not a path")]
    NotAPath,
}

impl PartialEq for Route<'_> {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Known(operation, targets), Self::Known(other, others)) => {
                operation.id == other.id && targets == others
            }
            (
                Self::Unknown { method, path },
                Self::Unknown {
                    method: other,
                    path: others,
                },
            ) => method == other && path == others,
            (Self::Known(..), Self::Unknown { .. }) | (Self::Unknown { .. }, Self::Known(..)) => {
                false
            }
        }
    }
}

impl Eq for Route<'_> {}

impl<'a> Call<'a> {
    /// Reads a request head by the strict grammar of targets.
    ///
    /// # Errors
    /// [`BadTarget`] when the target has no unambiguous reading.
    pub fn parse(_head: &'a RequestHead) -> Result<Self, BadTarget> {
        Err(BadTarget::NotAPath)
    }

    /// The operation, if the table has it.
    pub fn operation(&self) -> Option<&'static Operation> {
        match self.route {
            Route::Known(operation, _) => Some(operation),
            Route::Unknown { .. } => None,
        }
    }

    /// The first value of the query parameter `name`.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.query.get(name)
    }

    /// Whether the query parameter `name` is true to the engine.
    pub fn flag(&self, name: &str) -> bool {
        self.parameter(name).is_some_and(truthy)
    }

    /// What the template's name `name` stands for: `id` in `/containers/{id}/json`.
    pub fn target(&self, name: &str) -> Option<&str> {
        match &self.route {
            Route::Known(operation, targets) => operation
                .names()
                .zip(targets)
                .find(|(known, _)| *known == name)
                .map(|(_, value)| value.as_ref()),
            Route::Unknown { .. } => None,
        }
    }

    /// What the first name in the template stands for: the object that the operation is about.
    pub fn object(&self) -> Option<&str> {
        match &self.route {
            Route::Known(operation, [first, _]) => operation.names().next().map(|_| first.as_ref()),
            Route::Unknown { .. } => None,
        }
    }
}

/// Whether the engine takes `value` for true: everything but `""`, `0`, `no`, `false` and `none`, regardless of
/// case and of white space around it (moby, `httputils/form.go`).
pub fn truthy(value: &str) -> bool {
    !["", "0", "no", "false", "none"]
        .iter()
        .any(|no| value.trim().eq_ignore_ascii_case(no))
}
