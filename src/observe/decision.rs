//! What became of a call, in one word.

/// What became of a call: metrics and audit records carry it.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Decision {
    /// The policy allows it, and it went to the engine.
    Allowed,
    /// The policy refuses it.
    Denied,
    /// It could not be served: the engine cannot be used, or the gate is full.
    Failed,
    /// It has no unambiguous reading.
    Malformed,
    /// The client left, or the gate ended, before there was a decision.
    Undecided,
    /// The policy refuses it, and the socket only observes: it went to the engine.
    WouldDeny,
}

impl Decision {
    /// Every decision.
    pub const ALL: [Self; 6] = [
        Self::Allowed,
        Self::Denied,
        Self::Failed,
        Self::Malformed,
        Self::Undecided,
        Self::WouldDeny,
    ];

    /// The stable word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Denied => "denied",
            Self::Failed => "failed",
            Self::Malformed => "malformed",
            Self::Undecided => "undecided",
            Self::WouldDeny => "would_deny",
        }
    }

    /// Its place in [`Decision::ALL`].
    pub(crate) const fn index(self) -> usize {
        match self {
            Self::Allowed => 0,
            Self::Denied => 1,
            Self::Failed => 2,
            Self::Malformed => 3,
            Self::Undecided => 4,
            Self::WouldDeny => 5,
        }
    }
}

/// How an exchange ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum End {
    /// The client left before its answer was whole.
    Abandoned,
    /// The gate gave up on it: it is stopping.
    Cancelled,
    /// The answer went to the client whole.
    Complete,
    /// The engine's answer broke off.
    Cut,
    /// A fault of the gate's own.
    Panicked,
    /// A policy came into force that does not allow it.
    Revoked,
}

impl End {
    /// The stable word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Abandoned => "abandoned",
            Self::Cancelled => "cancelled",
            Self::Complete => "complete",
            Self::Cut => "cut",
            Self::Panicked => "panicked",
            Self::Revoked => "revoked",
        }
    }
}
