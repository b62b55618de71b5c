//! A decided call.

use std::fmt;
use std::sync::Arc;

use crate::api::Call;

/// Where a rule stands, for messages, audit records and metrics.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct RuleRef {
    /// The file's name.
    pub file: Arc<str>,
    /// The line, from 1.
    pub line: usize,
    /// The rule's first line, as the file has it.
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

/// An allowed call. Only a policy's decision makes one, and nothing reaches the engine without one.
#[derive(Debug)]
pub struct Permit<'c> {
    pub(super) call: Call<'c>,
    pub(super) rule: RuleRef,
    pub(super) rewrites: Vec<Rewrite>,
}

impl<'c> Permit<'c> {
    /// The call, from which the request to the engine is written.
    pub const fn call(&self) -> &Call<'c> {
        &self.call
    }

    /// The rule that allows it: the first in the order of files and lines, where there are several.
    pub const fn rule(&self) -> &RuleRef {
        &self.rule
    }

    /// What was rewritten in the document.
    pub fn rewrites(&self) -> &[Rewrite] {
        &self.rewrites
    }
}
