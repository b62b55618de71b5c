//! The policy that is in force: a reload replaces it while the gate runs.

use std::future::pending;
use std::sync::Arc;

use tokio::sync::watch;

use crate::api::json::Document;
use crate::api::{AnswerKind, Call};
use crate::demand::Demand;
use crate::policy::Policy;

/// The policy of a socket, which can be replaced.
#[derive(Debug)]
pub struct Current(watch::Sender<Arc<Policy>>);

impl Current {
    /// Puts the first policy in force.
    pub fn new(policy: Arc<Policy>) -> Self {
        Self(watch::Sender::new(policy))
    }

    /// Puts another policy in force: the next call is decided by it, and what lasts is decided anew.
    pub fn replace(&self, policy: Arc<Policy>) {
        self.0.send_replace(policy);
    }

    /// The policy in force.
    pub fn get(&self) -> Arc<Policy> {
        Arc::clone(&self.0.borrow())
    }

    /// Ends once a policy comes into force that denies a call which `decided` allowed.
    pub(crate) async fn revoked(
        &self,
        decided: &Arc<Policy>,
        call: &Call<'_>,
        document: Option<&Document<'_>>,
        demands: &[Demand<'_>],
    ) {
        let mut changes = self.0.subscribe();
        let mut known = Arc::clone(decided);
        loop {
            let policy = Arc::clone(&changes.borrow_and_update());
            if !Arc::ptr_eq(&policy, &known) {
                if policy.admit(call).is_err() || policy.decide(call, document, demands).is_err() {
                    return;
                }
                known = policy;
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
