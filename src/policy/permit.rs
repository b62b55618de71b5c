//! A decided call.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use super::denial::Denial;
use crate::api::Call;
use crate::api::json::Document;

/// Where a rule stands, for messages, audit records and metrics.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct RuleRef {
    /// The file's name.
    pub file: Arc<str>,
    /// The line, from 1.
    pub line: usize,
    /// The rule's name, as the file has it: `ContainerCreate`, `read`, `GET /path/*`.
    pub text: Arc<str>,
}

impl fmt::Display for RuleRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// A field that a rule's `set` or `force` wrote.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Rewrite {
    /// Where: `HostConfig.Memory`.
    pub place: String,
    /// What stands there now, as JSON.
    pub value: String,
    /// The rule that says so.
    pub rule: RuleRef,
}

/// Why a call may be sent.
#[derive(Clone, Debug)]
pub enum Basis {
    /// A rule allows it: the first in the order of files and lines, where there are several.
    Rule(RuleRef),
    /// The policy refuses it, and its socket only observes: [`Policy::tolerate`](super::Policy::tolerate).
    Tolerated(Denial),
}

/// A call that may be sent. Only a policy makes one, and nothing reaches the engine without one.
#[derive(Debug)]
pub struct Permit<'c> {
    pub(super) call: Cow<'c, Call<'c>>,
    pub(super) document: Option<Cow<'c, Document<'c>>>,
    pub(super) basis: Basis,
    pub(super) rewrites: Vec<Rewrite>,
}

impl<'c> Permit<'c> {
    /// The call, from which the request to the engine is written.
    pub fn call(&self) -> &Call<'c> {
        &self.call
    }

    /// The same permit for what the tenant layer made of its call and document: the call on the tenant's own objects.
    pub(crate) fn rewritten(&self, call: Call<'c>, document: Option<Document<'c>>) -> Self {
        Self {
            call: Cow::Owned(call),
            document: document.map(Cow::Owned),
            basis: self.basis.clone(),
            rewrites: self.rewrites.clone(),
        }
    }

    /// The document that the engine gets: the client's, with what the rules write into it. `None` when the
    /// client sent none, and no rule writes any.
    pub fn document(&self) -> Option<&Document<'c>> {
        self.document.as_deref()
    }

    /// Why it may be sent.
    pub const fn basis(&self) -> &Basis {
        &self.basis
    }

    /// The rule that allows it; `None` for a call that is only tolerated.
    pub const fn rule(&self) -> Option<&RuleRef> {
        match &self.basis {
            Basis::Rule(rule) => Some(rule),
            Basis::Tolerated(_) => None,
        }
    }

    /// What was written into the document.
    pub fn rewrites(&self) -> &[Rewrite] {
        &self.rewrites
    }
}
