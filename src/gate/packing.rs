//! How an archive that is looked into is packed.

use crate::demand::tar::{Gunzip, Refusal};

/// An archive as it comes: plain, or compressed with gzip.
#[derive(Debug)]
pub(super) enum Packing {
    /// Its first byte, if it has come.
    Unknown(Vec<u8>),
    /// As a plain archive.
    Plain,
    /// Compressed with gzip.
    Gzip(Gunzip),
}

impl Packing {
    pub(super) const fn new() -> Self {
        Self::Unknown(Vec::new())
    }

    /// Hands the archive's own bytes to `look`.
    ///
    /// # Errors
    /// What `look` refuses, and a stream that is broken.
    pub(super) fn push(
        &mut self,
        piece: &[u8],
        look: &mut dyn FnMut(&[u8]) -> Result<(), Refusal>,
    ) -> Result<(), Refusal> {
        let begun;
        let mut piece = piece;
        if let Self::Unknown(first) = self {
            first.extend_from_slice(piece);
            if first.len() < 2 {
                return Ok(());
            }
            begun = std::mem::take(first);
            piece = &begun;
            *self = if piece.starts_with(&[0x1F, 0x8B]) {
                Self::Gzip(Gunzip::default())
            } else {
                Self::Plain
            };
        }
        match self {
            Self::Unknown(_) => Ok(()),
            Self::Plain => look(piece),
            Self::Gzip(gunzip) => gunzip.push(piece, look),
        }
    }

    /// Whether it may end here.
    ///
    /// # Errors
    /// Inside a compressed stream.
    pub(super) fn finish(&self) -> Result<(), Refusal> {
        match self {
            Self::Gzip(gunzip) => gunzip.finish(),
            Self::Plain | Self::Unknown(_) => Ok(()),
        }
    }
}

/// What is unpacked in a folder of the engine's own may be of any kind, as long as it stays there and can be followed.
pub(super) fn stays_inside(kind: crate::demand::Kind, what: &str) -> bool {
    kind == crate::demand::Kind::TarEntry && !matches!(what, "path-outside" | "link-outside")
}
