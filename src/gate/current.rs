//! The policy that is in force: a reload replaces it while the gate runs.

use std::future::pending;
use std::sync::Arc;

use tokio::sync::watch;

use crate::api::json::Document;
use crate::api::{AnswerKind, Call};
use crate::demand::Demand;
use crate::policy::{Denial, Enforcement, Permit, Policy};

/// What holds at a socket: its policy, and whether clients are held to it.
#[derive(Clone, Debug)]
pub struct InForce {
    /// What clients may do.
    pub policy: Arc<Policy>,
    /// Whether they are held to it.
    pub enforcement: Enforcement,
}

impl InForce {
    /// Whether a call may be allowed, by its head alone: [`Policy::admit`].
    pub(crate) fn admit(&self, call: &Call<'_>) -> Result<(), Denial> {
        self.policy
            .admit(call)
            .or_else(|denial| self.tolerate(call, None, denial).map(drop))
    }

    /// Decides a call: [`Policy::decide`]. Where clients are not held to the policy, most of what it refuses may pass.
    pub(crate) fn decide<'c>(
        &self,
        call: &'c Call<'c>,
        document: Option<&'c Document<'c>>,
        demands: &[Demand<'_>],
    ) -> Result<Permit<'c>, Denial> {
        self.policy
            .decide(call, document, demands)
            .or_else(|denial| self.tolerate(call, document, denial))
    }

    fn tolerate<'c>(
        &self,
        call: &'c Call<'c>,
        document: Option<&'c Document<'c>>,
        denial: Denial,
    ) -> Result<Permit<'c>, Denial> {
        match self.enforcement {
            Enforcement::Enforced => Err(denial),
            Enforcement::ObserveOnly(asked) => self.policy.tolerate(asked, call, document, denial),
        }
    }

    fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.policy, &other.policy) && self.enforcement == other.enforcement
    }
}

/// What holds at a socket now; it can be replaced.
#[derive(Debug)]
pub struct Current(watch::Sender<InForce>);

impl Current {
    /// Puts the first policy in force.
    pub fn new(first: InForce) -> Self {
        Self(watch::Sender::new(first))
    }

    /// Puts another policy in force: the next call is decided by it, and what lasts is decided anew.
    pub fn replace(&self, next: InForce) {
        self.0.send_replace(next);
    }

    /// What is in force.
    pub fn get(&self) -> InForce {
        self.0.borrow().clone()
    }

    /// Ends once something comes into force that denies a call which `decided` let pass.
    pub(crate) async fn revoked(
        &self,
        decided: &InForce,
        call: &Call<'_>,
        document: Option<&Document<'_>>,
        demands: &[Demand<'_>],
    ) -> Denial {
        let mut changes = self.0.subscribe();
        let mut known = decided.clone();
        loop {
            let now = changes.borrow_and_update().clone();
            if !now.is(&known) {
                if let Err(denial) = now.admit(call) {
                    return denial;
                }
                if let Err(denial) = now.decide(call, document, demands) {
                    return denial;
                }
                known = now;
            }
            if changes.changed().await.is_err() {
                return pending().await;
            }
        }
    }
}

/// Whether the answer may go on for as long as it likes, and past a reload.
pub(crate) fn lasts(call: &Call<'_>) -> bool {
    match call.operation().map(|operation| operation.answer) {
        Some(
            AnswerKind::H2c
            | AnswerKind::Hijack
            | AnswerKind::Stream
            | AnswerKind::Tar
            | AnswerKind::WebSocket,
        )
        | None => true,
        Some(AnswerKind::Empty | AnswerKind::Json | AnswerKind::Text) => false,
    }
}
