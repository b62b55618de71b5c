//! Build contexts, looked at while they stream: what the Dockerfile takes something from must be granted.

use super::engine::Engine;
use super::inspect::Decider;
use super::packing::{Packing, stays_inside};
use super::respond::Refusal;
use super::tenancy::Resident;
use crate::api::Call;
use crate::demand::dockerfile;
use crate::demand::tar::{self, TarGuard, Watched};
use crate::tenant::Steps;

/// The context of a build.
#[derive(Debug)]
pub(crate) struct Context<'c> {
    packing: Packing,
    guard: TarGuard,
    call: &'c Call<'c>,
    /// Whose images the tenant may build from, where it is a tenant's build.
    tenant: Option<(&'c Resident, &'c Engine, Steps)>,
    /// What decides about images, where a rule says from which ones to build.
    policy: Option<Decider<'c>>,
    /// The Dockerfiles that have come and are still to be read.
    files: Vec<Watched>,
    /// What may go to the engine, but for these: of a tenant's build, whose Dockerfile is written anew.
    edited: Vec<u8>,
    /// Whether there was one.
    found: bool,
    /// Whether it is granted to build from what nobody has seen.
    blind: bool,
}

impl<'c> Context<'c> {
    pub(crate) fn new(
        call: &'c Call<'c>,
        tenant: Option<(&'c Resident, &'c Engine, Steps)>,
        policy: Option<Decider<'c>>,
    ) -> Self {
        Self {
            packing: Packing::new(),
            guard: TarGuard::watching(&dockerfile::files(call)),
            call,
            tenant,
            policy,
            files: Vec::new(),
            edited: Vec::new(),
            found: false,
            blind: false,
        }
    }

    pub(crate) fn push(&mut self, piece: &[u8]) -> Result<(), Refusal> {
        if self.blind {
            return Ok(());
        }
        if let Err(refusal) = self.look(piece) {
            return self.unseen(refusal);
        }
        let mut seen = self.guard.take_seen();
        self.found |= !seen.is_empty();
        self.files.append(&mut seen);
        // The engine may begin as soon as the archive has ended, whatever is still to come of the body.
        if self.guard.has_ended() {
            self.must_have_come()?;
        }
        Ok(())
    }

    fn look(&mut self, piece: &[u8]) -> Result<(), tar::Refusal> {
        let Self {
            packing,
            guard,
            tenant,
            edited,
            ..
        } = self;
        let mut look = |bytes: &[u8]| match tenant {
            Some(_) => guard.pass(bytes, &stays_inside, edited),
            None => guard.push(bytes, &stays_inside),
        };
        packing.push(piece, &mut look)
    }

    fn must_have_come(&mut self) -> Result<(), Refusal> {
        if self.found || self.blind {
            return Ok(());
        }
        self.unseen(tar::Refusal::Malformed("it does not hold the Dockerfile"))
    }

    /// What cannot be looked into is not for tenants, and for others the policy's to grant.
    fn unseen(&mut self, why: tar::Refusal) -> Result<(), Refusal> {
        match (&self.tenant, &mut self.policy) {
            (None, Some(policy)) => {
                policy.demand(vec![dockerfile::unseen(&why)])?;
                self.blind = true;
                Ok(())
            }
            (Some(_), _) | (None, None) => Err(Refusal::Archive(why)),
        }
    }

    /// Whether the context is passed on otherwise than it came.
    pub(crate) const fn is_edited(&self) -> bool {
        self.tenant.is_some()
    }

    /// What may go to the engine since this was asked last. Asked once all is verified that has come.
    pub(crate) fn take_edited(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.edited)
    }

    pub(crate) async fn verify(&mut self) -> Result<(), Refusal> {
        if self.files.is_empty() {
            return Ok(());
        }
        let edited = std::mem::take(&mut self.edited);
        let mut from = 0;
        for file in std::mem::take(&mut self.files) {
            if let Some(policy) = &mut self.policy {
                policy.demand(dockerfile::demands(self.call, &file.data))?;
            }
            if let Some((resident, engine, steps)) = &self.tenant {
                let renamed = resident.dockerfile(engine, self.call, &file.data).await?;
                steps.note(renamed.written);
                let before = edited.get(from..file.at).unwrap_or_default();
                from = file.at;
                self.edited.extend_from_slice(before);
                let file = file.with(&renamed.text).map_err(Refusal::Archive)?;
                self.edited.extend(file);
            }
        }
        let rest = edited.get(from..).unwrap_or_default();
        self.edited.extend_from_slice(rest);
        Ok(())
    }

    pub(crate) fn finish(&mut self) -> Result<(), Refusal> {
        if self.blind {
            return Ok(());
        }
        match self.packing.finish().and_then(|()| self.guard.finish()) {
            Ok(()) => self.must_have_come(),
            Err(refusal) => self.unseen(refusal),
        }
    }
}
