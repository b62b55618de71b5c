//! Archives of saved images: the names in them are the tenant's.

use super::cursor::{Read, bad};
use crate::demand::tar::{Refusal, TarGuard};
use crate::tenant::Tenant;

/// The files that name images (moby `image/tarexport`, engines 20.10 to 28; the last one since 25).
const NAMING: &[&str] = &["manifest.json", "repositories", "index.json"];

/// An archive on its way. What it takes is one of these files.
#[derive(Debug)]
pub(super) struct Archive {
    guard: TarGuard,
}

impl Archive {
    pub(super) fn new() -> Self {
        Self {
            guard: TarGuard::watching(NAMING),
        }
    }

    pub(super) fn push(&mut self, tenant: &Tenant, input: &[u8], out: &mut Vec<u8>) -> Read<()> {
        let mut passed = Vec::new();
        self.guard
            .pass(input, &|_, _| true, &mut passed)
            .or_else(unreadable)?;
        let mut from = 0;
        for file in self.guard.take_seen() {
            out.extend_from_slice(passed.get(from..file.at).unwrap_or_default());
            from = file.at;
            let text = super::text(&file.data)?;
            let plain = tenant.plain_images(text).into_owned();
            let file = file.with(plain.as_bytes()).or_else(unreadable)?;
            out.extend(file);
        }
        out.extend_from_slice(passed.get(from..).unwrap_or_default());
        Ok(())
    }

    pub(super) fn finish(&self) -> Read<()> {
        self.guard.finish().or_else(unreadable)
    }
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "what `Result::or_else` gives"
)]
fn unreadable<T>(refusal: Refusal) -> Read<T> {
    bad(refusal.to_string())
}
