//! An archive on its way to the engine, with other names of images in it.

use super::buffer::Buffer;
use super::inspect::Inspector;
use super::relay::RelayError;
use super::stream::{Reader, Writer};
use crate::observe::Meter;
use crate::wire::{BodyDecoder, Framing, write};

/// How much is looked at a time. Out of gzip, it can become a thousand times as much.
const PIECE: usize = 4 * 1024;
/// How many bytes are held back at most before they are written.
const GATHER: usize = 32 * 1024;

/// An archive that comes in whatever framing, and goes out in chunks, since nobody knows how long it becomes.
#[derive(Debug)]
pub(super) struct Edited<'c, 'i> {
    decoder: BodyDecoder,
    inspector: Inspector<'i>,
    /// Counts the bytes as they come.
    passed: Meter<'c>,
}

impl<'c, 'i> Edited<'c, 'i> {
    pub(super) fn new(incoming: Framing, inspector: Inspector<'i>, passed: Meter<'c>) -> Self {
        Self {
            decoder: BodyDecoder::new(incoming),
            inspector,
            passed,
        }
    }

    /// Moves the archive to its end.
    ///
    /// # Errors
    /// [`RelayError`]; the engine has then got an unfinished body.
    pub(super) async fn run(
        &mut self,
        from: &mut Reader<'_>,
        input: &mut Buffer,
        to: &mut Writer<'_>,
    ) -> Result<(), RelayError> {
        let mut out = Vec::new();
        loop {
            let view = input.filled();
            let view = view.get(..PIECE).unwrap_or(view);
            let decoded = self.decoder.decode(view)?;
            let data = view.get(decoded.data).unwrap_or_default();
            self.passed.add(data.len());
            let refused = |refusal| RelayError::Inspected(Box::new(refusal));
            if !data.is_empty() {
                self.inspector.push(data).map_err(refused)?;
            }
            if decoded.end {
                self.inspector.finish().map_err(refused)?;
            }
            input.consume(decoded.consumed);
            self.inspector.verify().await.map_err(refused)?;
            let edited = self.inspector.take_edited();
            if !edited.is_empty() {
                write::chunk(&mut out, &edited);
            }
            if decoded.end {
                out.extend_from_slice(write::LAST_CHUNK);
            }
            if out.len() >= GATHER || decoded.end || decoded.consumed == 0 {
                to.write_all(&out).await.map_err(RelayError::Write)?;
                out.clear();
            }
            if decoded.end {
                return Ok(());
            }
            if decoded.consumed == 0
                && from.fill_or_rest(input).await.map_err(RelayError::Read)? == 0
            {
                return Err(RelayError::Truncated);
            }
        }
    }
}
