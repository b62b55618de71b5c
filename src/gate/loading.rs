//! Archives of images that a tenant loads, with names and the label of the tenant's own.

use super::engine::Engine;
use super::lease::Lease;
use super::packing::{Packing, stays_inside};
use super::respond::Refusal;
use super::tenancy::Resident;
use crate::demand::tar::TarGuard;
use crate::tenant::Loading;

/// An archive on its way to the engine.
#[derive(Debug)]
pub(crate) struct Images<'c> {
    resident: &'c Resident,
    engine: &'c Engine,
    packing: Packing,
    guard: TarGuard,
    loading: Loading,
    /// What may go to the engine.
    edited: Vec<u8>,
    /// The names that its images get: nobody else can give them meanwhile.
    names: Vec<Lease>,
}

impl<'c> Images<'c> {
    pub(crate) fn new(resident: &'c Resident, engine: &'c Engine) -> Self {
        Self {
            resident,
            engine,
            names: Vec::new(),
            packing: Packing::new(),
            guard: TarGuard::watching_small(),
            loading: Loading::new(resident.tenant().clone()),
            edited: Vec::new(),
        }
    }

    pub(crate) fn push(&mut self, piece: &[u8]) -> Result<(), Refusal> {
        let Self { packing, guard, .. } = self;
        let mut passed = Vec::new();
        let mut look = |bytes: &[u8]| guard.pass(bytes, &stays_inside, &mut passed);
        packing.push(piece, &mut look).map_err(Refusal::Archive)?;
        let mut from = 0;
        for file in self.guard.take_seen() {
            self.edited
                .extend_from_slice(passed.get(from..file.at).unwrap_or_default());
            from = file.at;
            let data = self.loading.file(&file.name, &file.data);
            let data = data.map_err(Refusal::Tenant)?;
            self.edited
                .extend(file.with(&data).map_err(Refusal::Archive)?);
        }
        // The engine may begin as soon as the archive has ended, whatever is still to come of the body.
        if self.guard.has_ended() {
            self.loading.finish().map_err(Refusal::Tenant)?;
        }
        self.edited
            .extend_from_slice(passed.get(from..).unwrap_or_default());
        Ok(())
    }

    /// Asks whether the names that have come are the tenant's to give.
    pub(crate) async fn verify(&mut self) -> Result<(), Refusal> {
        let targets = self.loading.take_targets();
        if !targets.is_empty() {
            let lease = self.resident.may_load_as(self.engine, targets).await?;
            self.names.push(lease);
        }
        Ok(())
    }

    pub(crate) fn take_edited(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.edited)
    }

    pub(crate) fn finish(&self) -> Result<(), Refusal> {
        self.packing.finish().map_err(Refusal::Archive)?;
        self.guard.finish().map_err(Refusal::Archive)?;
        self.loading.finish().map_err(Refusal::Tenant)
    }
}
