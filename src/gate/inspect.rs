//! Archives that are looked at while they stream.

use std::borrow::Cow;

use super::respond::Refusal;
use crate::api::{Call, OperationId};
use crate::demand::tar::{self, TarGuard};
use crate::demand::{Demand, Kind, Value};
use crate::policy::Policy;

/// Looks at an upload piece by piece. What an archive turns out to hold is a demand like any other, and the policy
/// decides on it as it did on the call.
#[derive(Debug)]
pub(crate) struct Inspector<'c> {
    guard: TarGuard,
    policy: &'c Policy,
    call: &'c Call<'c>,
    demands: Vec<Demand<'c>>,
}

impl<'c> Inspector<'c> {
    /// The inspector of a call that the policy allows with these demands; `None` where what is uploaded is not unpacked
    /// into a container.
    pub(crate) fn of(
        policy: &'c Policy,
        call: &'c Call<'c>,
        demands: Vec<Demand<'c>>,
    ) -> Option<Self> {
        (call.operation()?.id == OperationId::PutContainerArchive).then(|| Self {
            guard: TarGuard::new(),
            policy,
            call,
            demands,
        })
    }

    /// Looks at the next piece, before it is passed on.
    pub(crate) fn push(&mut self, piece: &[u8]) -> Result<(), Refusal> {
        let Self {
            guard,
            policy,
            call,
            demands,
        } = self;
        let decide = |kind: Kind, value: &str| {
            let mut demands = demands.clone();
            demands.push(Demand {
                kind,
                value: Value::Text(Cow::Owned(value.to_owned())),
                place: Cow::Borrowed("body"),
                safe: false,
            });
            policy.decide(call, None, &demands).map(drop)
        };
        let pushed = guard.push(piece, &|kind, value| decide(kind, value).is_ok());
        pushed.map_err(
            |refusal| match refusal.missing().map(|(kind, value)| decide(kind, value)) {
                Some(Err(denial)) => Refusal::denied(denial),
                Some(Ok(())) | None => Refusal::Archive(refusal),
            },
        )
    }

    /// Whether the archive may end here.
    pub(crate) fn finish(&self) -> Result<(), tar::Refusal> {
        self.guard.finish()
    }
}
