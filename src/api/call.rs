//! A request head as the gate understands it.

use std::borrow::Cow;

use super::{ApiVersion, Method, Operation};
use crate::wire::{RequestHead, Upgrade};

/// One parsed request: which operation, at which version, on what, with which parameters.
///
/// A `Call` borrows from the head that it was parsed from. It cannot hold a dot segment, an empty
/// segment, an encoded slash outside a name that may contain slashes, a control character or text that
/// is not UTF-8.
#[derive(Clone, Debug)]
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
    /// A path that no operation of the table has: `path` is decoded, normal, and begins with a slash.
    Unknown {
        /// The method.
        method: Method,
        /// The decoded path below the version.
        path: Cow<'a, str>,
    },
}

/// What the names in an operation's template stand for, in their order, decoded: at most two.
pub type Targets<'a> = [Cow<'a, str>; 2];

/// The query's names and values, decoded, in the client's order.
pub type Query<'a> = Vec<(Cow<'a, str>, Cow<'a, str>)>;

/// Why a request target has no unambiguous reading. Answered with 400.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadTarget {
    /// The target does not begin with a slash.
    #[error("the request target is not a path")]
    NotAPath,
}

impl<'a> Call<'a> {
    /// Reads a request head by the strict grammar of targets.
    ///
    /// # Errors
    /// [`BadTarget`] when the target has no unambiguous reading.
    pub fn parse(_head: &'a RequestHead) -> Result<Self, BadTarget> {
        Err(BadTarget::NotAPath)
    }
}
