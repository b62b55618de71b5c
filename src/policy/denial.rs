//! Why a call is refused.

use std::fmt;
use std::sync::Arc;

use super::RuleRef;

/// Why a call is refused, in one stable word: metrics and audit records carry it.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Reason {
    /// Rules for the operation exist, but the conditions of none hold.
    ConditionNotMet,
    /// A deny rule matches.
    DeniedByRule,
    /// No allow rule grants all that the call demands.
    MissingGrant,
    /// No allow rule names the operation.
    OperationNotAllowed,
    /// Two rules that allow the call would rewrite the same field to different values.
    RewriteConflict,
    /// The path or the method is none that the gate knows, and no rule allows it by its path.
    UnknownOperation,
    /// The client asks for an API version below the policy's minimum.
    VersionTooOld,
}

impl Reason {
    /// Every reason, for metrics to begin at zero.
    pub const ALL: [Self; 7] = [
        Self::ConditionNotMet,
        Self::DeniedByRule,
        Self::MissingGrant,
        Self::OperationNotAllowed,
        Self::RewriteConflict,
        Self::UnknownOperation,
        Self::VersionTooOld,
    ];

    /// The stable word.
    pub const fn code(self) -> &'static str {
        match self {
            Self::ConditionNotMet => "condition_not_met",
            Self::DeniedByRule => "denied_by_rule",
            Self::MissingGrant => "missing_grant",
            Self::OperationNotAllowed => "operation_not_allowed",
            Self::RewriteConflict => "rewrite_conflict",
            Self::UnknownOperation => "unknown_operation",
            Self::VersionTooOld => "version_too_old",
        }
    }
}

/// A demand that the closest rule does not grant, or a requirement of it that the call does not meet.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Missing {
    /// Where in the call: `HostConfig.Binds[0]`, `query.networkmode`.
    pub place: String,
    /// The grant's name: `bind`.
    pub grant: &'static str,
    /// The demanded value as a rule would write it, where the grant has one.
    pub value: Option<String>,
    /// What the rule does say of it.
    pub problem: String,
}

/// A refused call. Its `Display` is the message that the client prints.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Denial {
    pub(super) reason: Reason,
    pub(super) operation: String,
    pub(super) policy: Arc<str>,
    pub(super) missing: Vec<Missing>,
    pub(super) rule: Option<RuleRef>,
    pub(super) message: String,
}

impl std::error::Error for Denial {}

impl Denial {
    /// Why.
    pub const fn reason(&self) -> Reason {
        self.reason
    }

    /// The operation's name, or method and path where it has none.
    pub fn operation(&self) -> &str {
        &self.operation
    }

    /// The policy that refuses.
    pub fn policy(&self) -> &str {
        &self.policy
    }

    /// What the closest rule lacks. Empty when no rule came close.
    pub fn missing(&self) -> &[Missing] {
        &self.missing
    }

    /// The deny rule that matched, or the allow rule that came closest.
    pub const fn rule(&self) -> Option<&RuleRef> {
        self.rule.as_ref()
    }
}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}
