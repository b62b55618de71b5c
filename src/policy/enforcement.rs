//! Whether a socket holds its clients to its policy.

/// Whether a socket holds its clients to its policy.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Enforcement {
    /// What the policy refuses is refused.
    #[default]
    Enforced,
    /// What the policy refuses is passed on, and noted: for trying a policy on clients that run.
    ObserveOnly(ObserveOnly),
}

impl Enforcement {
    /// Whether nothing is refused because of the policy.
    pub const fn observes_only(self) -> bool {
        match self {
            Self::Enforced => false,
            Self::ObserveOnly(_) => true,
        }
    }
}

/// That the operator has asked to only observe. Without one, no refused call can be passed on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ObserveOnly(());

impl ObserveOnly {
    /// For what reads the operator's wish: a configuration's `observe-only: true`, or the option of that name.
    pub const fn asked_for() -> Self {
        Self(())
    }
}
