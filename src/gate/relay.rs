//! Moving a body from one peer to the other, framed anew.

use std::io;
use std::num::NonZeroUsize;

use super::buffer::Buffer;
use super::inspect::Inspector;
use super::respond::Refusal;
use super::stream::{Reader, Writer};
use crate::observe::Meter;
use crate::tenant::Unshieldable;
use crate::wire::{BadBody, BodyDecoder, Framing, write};

/// From how many bytes on a piece is written from where it lies, instead of being copied together with others.
const DIRECT: usize = 8 * 1024;
/// How many copied bytes are held back at most before they are written.
const GATHER: usize = 32 * 1024;

/// Why a body did not come through whole.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RelayError {
    /// The body is not to be passed on.
    #[error("{0}")]
    Inspected(Box<Refusal>),
    /// The body is not one that a tenant may get.
    #[error("{0}")]
    Shielded(Unshieldable),
    /// The sender broke the framing.
    #[error("{0}")]
    Malformed(#[from] BadBody),
    /// The sender stopped in the middle.
    #[error("the body ends too early")]
    Truncated,
    /// The sender cannot be read from.
    #[error("cannot read: {0}")]
    Read(io::Error),
    /// The receiver takes no more.
    #[error("cannot write: {0}")]
    Write(io::Error),
}

/// A body on its way.
#[derive(Debug)]
pub(crate) struct Relay<'c, 'i> {
    decoder: BodyDecoder,
    outgoing: Framing,
    inspector: Option<Inspector<'i>>,
    /// Counts the bytes of the body as they are passed on, so that a relay that is dropped on its way has counted too.
    passed: Meter<'c>,
}

impl<'c, 'i> Relay<'c, 'i> {
    /// A relay of a body that comes in framed as `incoming` and goes out framed as `outgoing`. `passed` counts what it
    /// passes on.
    pub(crate) fn new(incoming: Framing, outgoing: Framing, passed: Meter<'c>) -> Self {
        Self {
            decoder: BodyDecoder::new(incoming),
            outgoing,
            inspector: None,
            passed,
        }
    }

    /// The same relay with every piece looked at before it is passed on.
    pub(crate) fn inspected(mut self, inspector: Option<Inspector<'i>>) -> Self {
        self.inspector = inspector;
        self
    }

    /// Waits for what the inspector has to ask before anything that it has looked at is passed on.
    async fn verify(&mut self) -> Result<(), RelayError> {
        match &mut self.inspector {
            Some(inspector) => inspector
                .verify()
                .await
                .map_err(|refusal| RelayError::Inspected(Box::new(refusal))),
            None => Ok(()),
        }
    }

    fn inspect_end(&mut self) -> Result<(), RelayError> {
        let ended = self.inspector.as_mut().map_or(Ok(()), Inspector::finish);
        ended.map_err(|refusal| RelayError::Inspected(Box::new(refusal)))
    }

    /// Moves what `input` holds into `out`, until the body ends, `input` is used up, or a large piece is at
    /// the front of `input`. Answers what is to be done next.
    fn gather(&mut self, input: &mut Buffer, out: &mut Vec<u8>) -> Result<Next, RelayError> {
        loop {
            if out.len() >= GATHER {
                return Ok(Next::Flush);
            }
            let decoded = self.decoder.decode(input.filled())?;
            let data = input.filled().get(decoded.data.clone()).unwrap_or_default();
            if data.len() >= DIRECT {
                return Ok(Next::Pass(decoded));
            }
            self.passed.add(data.len());
            if !data.is_empty() {
                inspect(&mut self.inspector, data)?;
                match self.outgoing {
                    Framing::Chunked => write::chunk(out, data),
                    Framing::Length(_) | Framing::None | Framing::UntilClose => {
                        out.extend_from_slice(data);
                    }
                }
            }
            input.consume(decoded.consumed);
            if decoded.end {
                self.inspect_end()?;
                if self.outgoing == Framing::Chunked {
                    out.extend_from_slice(write::LAST_CHUNK);
                }
                return Ok(Next::End);
            }
            if decoded.consumed == 0 {
                return Ok(Next::More);
            }
        }
    }

    /// Moves the body to its end. `out` may hold a head already; the first write carries both.
    ///
    /// # Errors
    /// [`RelayError`]; the receiver has then got an unfinished body.
    pub(crate) async fn run(
        &mut self,
        from: &mut Reader<'_>,
        input: &mut Buffer,
        to: &mut Writer<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), RelayError> {
        loop {
            let next = self.gather(input, out)?;
            self.verify().await?;
            match next {
                Next::End => {
                    to.write_all(out).await.map_err(RelayError::Write)?;
                    out.clear();
                    return Ok(());
                }
                Next::Flush => {
                    to.write_all(out).await.map_err(RelayError::Write)?;
                    out.clear();
                }
                Next::Pass(decoded) => {
                    let data = input.filled().get(decoded.data).unwrap_or_default();
                    inspect(&mut self.inspector, data)?;
                    if decoded.end {
                        self.inspect_end()?;
                    }
                    self.verify().await?;
                    self.passed.add(data.len());
                    let tail = match (self.outgoing, NonZeroUsize::new(data.len())) {
                        (Framing::Chunked, Some(size)) => {
                            write::chunk_size(out, size);
                            write::CHUNK_END
                        }
                        _ => b"",
                    };
                    to.write_framed(out, data, tail)
                        .await
                        .map_err(RelayError::Write)?;
                    out.clear();
                    input.consume(decoded.consumed);
                    if decoded.end {
                        if self.outgoing == Framing::Chunked {
                            out.extend_from_slice(write::LAST_CHUNK);
                        }
                        to.write_all(out).await.map_err(RelayError::Write)?;
                        out.clear();
                        return Ok(());
                    }
                }
                Next::More => {
                    if !out.is_empty() {
                        to.write_all(out).await.map_err(RelayError::Write)?;
                        // What follows may not come for days.
                        *out = Vec::new();
                    }
                    if from.fill_or_rest(input).await.map_err(RelayError::Read)? == 0 {
                        return self.end_of_stream(to, out).await;
                    }
                }
            }
        }
    }

    /// The sender has closed: the end of a body that is delimited so, and a cut of any other.
    async fn end_of_stream(
        &mut self,
        to: &mut Writer<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), RelayError> {
        self.decoder.close().map_err(|_| RelayError::Truncated)?;
        if self.outgoing == Framing::Chunked {
            out.extend_from_slice(write::LAST_CHUNK);
            to.write_all(out).await.map_err(RelayError::Write)?;
            out.clear();
        }
        Ok(())
    }
}

fn inspect(inspector: &mut Option<Inspector<'_>>, piece: &[u8]) -> Result<(), RelayError> {
    match inspector {
        Some(inspector) => inspector
            .push(piece)
            .map_err(|refusal| RelayError::Inspected(Box::new(refusal))),
        None => Ok(()),
    }
}

enum Next {
    /// The body is over.
    End,
    /// Enough is gathered.
    Flush,
    /// More input is needed.
    More,
    /// A large piece is to be passed on from where it lies.
    Pass(crate::wire::Decoded),
}
