//! Why an answer does not go on: not yet, or not at all.

use crate::tenant::{Lookup, Stop, Unshieldable};

/// Why a shield stops.
#[derive(Debug)]
pub(super) enum Halt {
    /// This has to be asked of the engine first.
    Ask(Lookup),
    /// Nothing more goes to the tenant.
    Bad(Unshieldable),
}

/// What comes of reading an answer that refers to what has to be looked up.
pub(super) type Step<T> = Result<T, Halt>;

impl From<Unshieldable> for Halt {
    fn from(error: Unshieldable) -> Self {
        Self::Bad(error)
    }
}

impl From<Stop> for Halt {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Lookup(lookup) => Self::Ask(lookup),
            Stop::Refuse(refusal) => Self::Bad(Unshieldable::Refused(Box::new(refusal))),
            Stop::Answer(answer) => Self::Bad(Unshieldable::Unreadable(answer.body)),
        }
    }
}
