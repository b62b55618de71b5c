//! A request head as the gate understands it.

use std::borrow::Cow;
use std::fmt;

use super::classify::{Class, classify, methods_of};
use super::path::Path;
use super::{ApiVersion, BadTarget, Operation, ParameterKind, Query, Versioning};
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
    pub fn parse(head: &'a RequestHead) -> Result<Self, BadTarget> {
        Self::from_parts(head.method(), head.target(), head.upgrade())
    }

    /// Reads the parts of a request head by the strict grammar of targets.
    ///
    /// # Errors
    /// [`BadTarget`] when the target has no unambiguous reading.
    pub fn from_parts(
        method: &'a str,
        target: &'a str,
        upgrade: Option<Upgrade>,
    ) -> Result<Self, BadTarget> {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        if !path.starts_with('/') {
            return Err(no_path(path));
        }
        let path = Path::parse(path)?;
        let route = match classify(method, &path)? {
            Class::Known(operation, targets) => Route::Known(operation, targets),
            Class::Unknown => Route::Unknown {
                method,
                path: path.text(),
            },
        };
        let mut call = Self {
            route,
            version: path.version,
            query: Query::default(),
            upgrade,
        };
        let operation = call.operation();
        if operation.is_some_and(|operation| operation.versioning == Versioning::Unrouted) {
            call.version = None;
        }
        call.query = Query::parse(query, operation)?;
        Ok(call)
    }

    /// The operation, if the table has it.
    pub fn operation(&self) -> Option<&'static Operation> {
        match self.route {
            Route::Known(operation, _) => Some(operation),
            Route::Unknown { .. } => None,
        }
    }

    /// The operation's name, or `unknown`: a label for audit records and metrics.
    pub fn name(&self) -> &'static str {
        self.operation()
            .map_or("unknown", |operation| operation.name)
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

    /// Makes the call one on another object: gives the first name in the template another meaning.
    pub fn set_object(&mut self, object: String) {
        if let Route::Known(_, [first, _]) = &mut self.route {
            *first = Cow::Owned(object);
        }
    }

    /// Gives the query parameter `name` one value. Nothing changes where the operation has no such parameter.
    pub fn set_parameter(&mut self, name: &'static str, value: String) {
        if let Some(kind) = self.kind_of(name) {
            self.query.set(name, kind, value);
        }
    }

    /// Adds a value to the list in the query parameter `name`.
    pub fn push_parameter(&mut self, name: &'static str, value: String) {
        if let Some(kind) = self.kind_of(name) {
            self.query.push(name, kind, value);
        }
    }

    /// Takes the query parameter `name` out.
    pub fn remove_parameter(&mut self, name: &str) {
        self.query.remove(name);
    }

    fn kind_of(&self, name: &str) -> Option<ParameterKind> {
        let parameters = self.operation()?.query;
        let found = parameters.iter().find(|parameter| parameter.name == name)?;
        Some(found.kind)
    }

    /// What the first name in the template stands for: the object that the operation is about.
    pub fn object(&self) -> Option<&str> {
        match &self.route {
            Route::Known(operation, [first, _]) => operation.names().next().map(|_| first.as_ref()),
            Route::Unknown { .. } => None,
        }
    }
}

impl fmt::Display for Route<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (method, path) = match self {
            Self::Known(operation, _) => return f.write_str(operation.name),
            Self::Unknown { method, path } => (method, path),
        };
        write!(f, "`{method} {path}`")?;
        let known = Path::parse(path)
            .map(|path| methods_of(&path))
            .unwrap_or_default();
        for (index, known) in known.iter().enumerate() {
            let before = if index == 0 {
                " (the path is known with "
            } else {
                ", "
            };
            write!(f, "{before}{known}")?;
        }
        if known.is_empty() {
            Ok(())
        } else {
            f.write_str(")")
        }
    }
}

/// Names the misbehaviour of a target that does not begin with a slash.
fn no_path(target: &str) -> BadTarget {
    let scheme = target.split_once(':').map(|(scheme, _)| scheme);
    match target {
        "*" => BadTarget::AsteriskForm,
        _ if scheme.is_some_and(|scheme| {
            scheme
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
        }) =>
        {
            BadTarget::AbsoluteForm
        }
        _ => BadTarget::NotAPath,
    }
}

/// Whether the engine takes `value` for true: everything but `""`, `0`, `no`, `false` and `none`, regardless of
/// case and of white space around it (moby, `httputils/form.go`).
pub fn truthy(value: &str) -> bool {
    !["", "0", "no", "false", "none"]
        .iter()
        .any(|no| value.trim().eq_ignore_ascii_case(no))
}
