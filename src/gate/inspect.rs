//! Archives that are looked at while they stream.

use std::borrow::Cow;
use std::sync::OnceLock;

use super::answer::Reading;
use super::context::Context;
use super::current::InForce;
use super::loading::Images;
use super::respond::Refusal;
use super::server::Socket;
use super::tenancy::Clients;
use crate::api::{Call, OperationId};
use crate::demand::tar::TarGuard;
use crate::demand::{Demand, Kind, Value};
use crate::policy::{Basis, Denial};
use crate::tenant::{Steps, View};

/// Looks at an upload piece by piece.
#[derive(Debug)]
pub(crate) enum Inspector<'c> {
    /// An archive that is unpacked into a container.
    Files(Box<Files<'c>>),
    /// The context of a build.
    Context(Box<Context<'c>>),
    /// Images that a tenant loads.
    Images(Box<Images<'c>>),
}

impl<'c> Inspector<'c> {
    /// The inspector of a call that the policy allows with these demands; `None` where nothing that is uploaded has a
    /// say. `tolerated` gets what the policy refuses and the socket lets pass.
    pub(crate) fn of(
        socket: &'c Socket,
        in_force: &'c InForce,
        call: &'c Call<'c>,
        demands: Vec<Demand<'c>>,
        tolerated: &'c OnceLock<Denial>,
        reader: Reading<'_>,
    ) -> Option<Self> {
        let decider = Decider {
            in_force,
            call,
            demands,
            tolerated,
        };
        let operation = call.operation()?.id;
        if operation == OperationId::PutContainerArchive {
            return Some(Self::Files(Box::new(Files {
                guard: TarGuard::new(),
                decider,
            })));
        }
        if let (OperationId::ImageLoad, Clients::Tenant(resident)) = (operation, &socket.clients) {
            return Some(Self::Images(Box::new(Images::new(
                resident,
                &socket.engine,
            ))));
        }
        if operation != OperationId::ImageBuild {
            return None;
        }
        let tenant = match &socket.clients {
            Clients::Tenant(resident) => {
                let steps = match reader {
                    Reading::Tenant(_, View::Progress(steps)) => steps.clone(),
                    Reading::Tenant(..) | Reading::Host => Steps::default(),
                };
                Some((resident, &*socket.engine, steps))
            }
            Clients::Host => None,
        };
        let policy = decider.minds(Kind::BaseImage).then_some(decider);
        (tenant.is_some() || policy.is_some())
            .then(|| Self::Context(Box::new(Context::new(call, tenant, policy))))
    }

    /// Whether the upload is passed on otherwise than it came.
    pub(crate) fn edits(&self) -> bool {
        match self {
            Self::Files(_) => false,
            Self::Context(context) => context.is_edited(),
            Self::Images(_) => true,
        }
    }

    /// What may be passed on since this was asked last, of an upload that is edited. Asked once all is verified that has
    /// come.
    pub(crate) fn take_edited(&mut self) -> Vec<u8> {
        match self {
            Self::Files(_) => Vec::new(),
            Self::Context(context) => context.take_edited(),
            Self::Images(images) => images.take_edited(),
        }
    }

    /// Looks at the next piece, before it is passed on.
    pub(crate) fn push(&mut self, piece: &[u8]) -> Result<(), Refusal> {
        match self {
            Self::Files(files) => files.push(piece),
            Self::Context(context) => context.push(piece),
            Self::Images(images) => images.push(piece),
        }
    }

    /// Asks what has to be known before the pieces that were looked at are passed on.
    pub(crate) async fn verify(&mut self) -> Result<(), Refusal> {
        match self {
            Self::Files(_) => Ok(()),
            Self::Context(context) => context.verify().await,
            Self::Images(images) => images.verify().await,
        }
    }

    /// Whether the archive may end here.
    pub(crate) fn finish(&mut self) -> Result<(), Refusal> {
        match self {
            Self::Files(files) => files.guard.finish().map_err(Refusal::Archive),
            Self::Context(context) => context.finish(),
            Self::Images(images) => images.finish(),
        }
    }
}

/// What an archive turns out to hold is a demand like any other, and the policy decides on it as it did on the call.
#[derive(Debug)]
pub(crate) struct Decider<'c> {
    in_force: &'c InForce,
    call: &'c Call<'c>,
    demands: Vec<Demand<'c>>,
    tolerated: &'c OnceLock<Denial>,
}

impl<'c> Decider<'c> {
    /// Whether a demand of that kind can change the decision, and none has been granted unseen.
    fn minds(&self, kind: Kind) -> bool {
        self.in_force.policy.names(self.call, kind)
            && !self.demands.iter().any(|demand| demand.kind == kind)
    }

    /// Adds demands to the call's.
    ///
    /// # Errors
    /// The denial.
    pub(crate) fn demand(&mut self, further: Vec<Demand<'c>>) -> Result<(), Refusal> {
        self.demands.extend(further);
        self.decide(&self.demands).map_err(Refusal::denied)
    }

    fn decide(&self, demands: &[Demand<'_>]) -> Result<(), Denial> {
        let permit = self.in_force.decide(self.call, None, demands)?;
        if let Basis::Tolerated(denial) = permit.basis() {
            self.tolerated.get_or_init(|| denial.clone());
        }
        Ok(())
    }

    /// Decides with one further demand.
    fn decide_with(&self, kind: Kind, value: &str) -> Result<(), Denial> {
        let mut demands = self.demands.clone();
        demands.push(Demand {
            kind,
            value: Value::Text(Cow::Owned(value.to_owned())),
            place: "body".into(),
            safe: false,
        });
        self.decide(&demands)
    }
}

/// An archive that is unpacked into a container.
#[derive(Debug)]
pub(crate) struct Files<'c> {
    guard: TarGuard,
    decider: Decider<'c>,
}

impl Files<'_> {
    fn push(&mut self, piece: &[u8]) -> Result<(), Refusal> {
        let Self { guard, decider } = self;
        let pushed = guard.push(piece, &|kind, value| {
            decider.decide_with(kind, value).is_ok()
        });
        pushed.map_err(|refusal| {
            let missing = refusal.missing();
            match missing.map(|(kind, value)| decider.decide_with(kind, value)) {
                Some(Err(denial)) => Refusal::denied(denial),
                Some(Ok(())) | None => Refusal::Archive(refusal),
            }
        })
    }
}
