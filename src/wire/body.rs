//! Body framing: where a message's body is in the bytes of its connection.

use std::ops::Range;

use super::fields::Fields;
use super::{BadHead, Framing};

/// Reads a body piece by piece. It copies nothing: it says which part of its input is data.
#[derive(Debug)]
pub struct BodyDecoder {
    state: State,
    /// The bytes of chunk extensions so far: they are skipped, and there is no use for many.
    extensions: usize,
    /// The trailer section so far, which is checked as a whole, and dropped.
    trailers: Vec<u8>,
}

/// One step of [`BodyDecoder::decode`].
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Decoded {
    /// The bytes of the input that are dealt with, framing included.
    pub consumed: usize,
    /// The part of the input that is data; it may be empty.
    pub data: Range<usize>,
    /// Whether the body ends here: what follows in the input belongs to the next message.
    pub end: bool,
}

/// Why a body is refused.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BadBody {
    /// A chunk is longer than it said, or its line end is not CR LF.
    #[error("a chunk does not end where it said")]
    ChunkEnd,
    /// A control byte in a chunk's extension, or a line end that is not CR LF.
    #[error("a chunk's extension has a byte that is not allowed there")]
    ChunkExtension,
    /// More bytes of extensions than anyone needs.
    #[error("the chunk extensions are too long")]
    ChunkExtensionTooLong,
    /// The line of a chunk's size does not end in CR LF.
    #[error("the line of a chunk's size does not end in CR LF")]
    ChunkLineEnd,
    /// A chunk's size is not a plain hexadecimal number.
    #[error("a chunk's size is not a plain hexadecimal number")]
    ChunkSize,
    /// A chunk's size has more than 16 digits.
    #[error("a chunk's size is too large")]
    ChunkSizeTooLarge,
    /// A trailer that is about the message's framing or routing.
    #[error("a trailer has a field that may only stand in the head")]
    ForbiddenTrailer,
    /// A trailer section that is not well-formed fields.
    #[error("the trailers are malformed")]
    Trailer,
    /// More bytes or fields of trailers than anyone needs.
    #[error("the trailers are too long")]
    TrailersTooLong,
    /// The peer closed before the body was complete.
    #[error("the body ends before its end")]
    Truncated,
}

impl BadBody {
    /// The stable name of the refusal.
    pub fn code(self) -> &'static str {
        match self {
            Self::ChunkEnd => "chunk_end",
            Self::ChunkExtension => "chunk_extension",
            Self::ChunkExtensionTooLong => "chunk_extension_too_long",
            Self::ChunkLineEnd => "chunk_line_end",
            Self::ChunkSize => "chunk_size",
            Self::ChunkSizeTooLarge => "chunk_size_too_large",
            Self::ForbiddenTrailer => "forbidden_trailer",
            Self::Trailer => "trailer",
            Self::TrailersTooLong => "trailers_too_long",
            Self::Truncated => "truncated",
        }
    }
}

/// What is expected next.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    /// Bytes of a body with a length.
    Length(u64),
    /// Digits of a chunk's size.
    Size { value: u64, digits: u8 },
    /// The rest of a chunk's line, after the semicolon.
    Extension(u64),
    /// The line feed of a chunk's line.
    SizeEnd(u64),
    /// Bytes of a chunk.
    Chunk(u64),
    /// The carriage return after a chunk.
    ChunkReturn,
    /// The line feed after a chunk.
    ChunkEnd,
    /// Trailers, up to the empty line.
    Trailers,
    /// Bytes until the peer closes.
    UntilClose,
    /// The body is over.
    End,
    /// It was refused, and stays so.
    Refused(BadBody),
}

/// How many bytes of extensions a body may have: less than what the engine allows (Go,
/// `net/http/internal`, 16 KiB of excess), since nobody uses them.
const MOST_EXTENSION_BYTES: usize = 1024;
/// How many bytes the trailer section may have, its empty line included. The engine must find the end
/// in a buffer of 4 KiB (Go, `body.readTrailer`).
const MOST_TRAILER_BYTES: usize = 4096;
/// How many fields the trailer section may have.
const MOST_TRAILERS: usize = 32;
/// What a trailer may not be: the fields that frame or route a message (RFC 9110, section 6.5.1).
const FORBIDDEN_TRAILERS: &[&str] = &[
    "Connection",
    "Content-Length",
    "Expect",
    "Host",
    "Trailer",
    "Transfer-Encoding",
    "Upgrade",
];

impl BodyDecoder {
    /// Begins a body that is delimited so.
    pub fn new(framing: Framing) -> Self {
        let state = match framing {
            Framing::None | Framing::Length(0) => State::End,
            Framing::Length(length) => State::Length(length),
            Framing::Chunked => State::SIZE,
            Framing::UntilClose => State::UntilClose,
        };
        Self {
            state,
            extensions: 0,
            trailers: Vec::new(),
        }
    }

    /// Whether the body is over.
    pub fn is_end(&self) -> bool {
        self.state == State::End
    }

    /// Takes the peer's close for the end of the input.
    ///
    /// # Errors
    /// [`BadBody::Truncated`] when the body was to go on, and whatever it was refused for before.
    pub fn close(&self) -> Result<(), BadBody> {
        match self.state {
            State::End | State::UntilClose => Ok(()),
            State::Refused(why) => Err(why),
            State::Length(_)
            | State::Size { .. }
            | State::Extension(_)
            | State::SizeEnd(_)
            | State::Chunk(_)
            | State::ChunkReturn
            | State::ChunkEnd
            | State::Trailers => Err(BadBody::Truncated),
        }
    }

    /// Reads from the beginning of `input`, at most one range of data at a time: call it again with what
    /// was not consumed until it is at the end or nothing is left. All input is consumed before the end,
    /// so the caller keeps no half-read framing.
    ///
    /// # Errors
    /// [`BadBody`] when the framing is not exactly what it must be; then every later call fails too.
    pub fn decode(&mut self, input: &[u8]) -> Result<Decoded, BadBody> {
        let mut at = 0;
        let data = loop {
            let rest = input.get(at..).unwrap_or_default();
            let (state, consumed) = match self.state {
                State::End => break at..at,
                State::Refused(why) => return Err(why),
                _ if rest.is_empty() => break at..at,
                State::Length(left) => {
                    let (left, taken) = take(left, rest);
                    self.state = if left == 0 {
                        State::End
                    } else {
                        State::Length(left)
                    };
                    break at..at.saturating_add(taken);
                }
                State::Chunk(left) => {
                    let (left, taken) = take(left, rest);
                    self.state = if left == 0 {
                        State::ChunkReturn
                    } else {
                        State::Chunk(left)
                    };
                    break at..at.saturating_add(taken);
                }
                State::UntilClose => break at..input.len(),
                State::Trailers => self.trailers(rest),
                State::Size { .. }
                | State::Extension(_)
                | State::SizeEnd(_)
                | State::ChunkReturn
                | State::ChunkEnd => (self.framing(rest.first().copied().unwrap_or_default()), 1),
            };
            self.state = state;
            at = at.saturating_add(consumed);
        };
        Ok(Decoded {
            consumed: data.end,
            end: self.is_end(),
            data,
        })
    }

    /// Takes one byte of chunk framing.
    fn framing(&mut self, byte: u8) -> State {
        match (self.state, byte) {
            (State::Size { value, digits }, b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') => {
                if digits == 16 {
                    return State::Refused(BadBody::ChunkSizeTooLarge);
                }
                State::Size {
                    value: value << 4 | u64::from(hex(byte)),
                    digits: digits.saturating_add(1),
                }
            }
            (State::Size { value, digits: 1.. } | State::Extension(value), b'\r') => {
                State::SizeEnd(value)
            }
            (State::Size { value, digits: 1.. }, b';') => State::Extension(value),
            (State::Size { digits: 1.., .. }, b'\n') => State::Refused(BadBody::ChunkLineEnd),
            (State::Size { .. }, _) => State::Refused(BadBody::ChunkSize),
            (State::Extension(value), b'\t' | 0x20..=0x7e) => {
                self.extensions = self.extensions.saturating_add(1);
                if self.extensions > MOST_EXTENSION_BYTES {
                    return State::Refused(BadBody::ChunkExtensionTooLong);
                }
                State::Extension(value)
            }
            (State::Extension(_), _) => State::Refused(BadBody::ChunkExtension),
            (State::SizeEnd(0), b'\n') => State::Trailers,
            (State::SizeEnd(value), b'\n') => State::Chunk(value),
            (State::SizeEnd(_), _) => State::Refused(BadBody::ChunkLineEnd),
            (State::ChunkReturn, b'\r') => State::ChunkEnd,
            (State::ChunkEnd, b'\n') => State::SIZE,
            (State::ChunkReturn | State::ChunkEnd, _) => State::Refused(BadBody::ChunkEnd),
            (
                same @ (State::Length(_)
                | State::Chunk(_)
                | State::Trailers
                | State::UntilClose
                | State::End
                | State::Refused(_)),
                _,
            ) => same,
        }
    }

    /// Takes bytes of the trailer section, up to a line's end.
    fn trailers(&mut self, rest: &[u8]) -> (State, usize) {
        if self.trailers.is_empty() && rest.starts_with(b"\r\n") {
            return (State::End, 2);
        }
        let line = rest
            .iter()
            .position(|&byte| byte == b'\n')
            .map_or(rest.len(), |at| at.saturating_add(1));
        self.trailers
            .extend_from_slice(rest.get(..line).unwrap_or_default());
        let state = if self.trailers.len() > MOST_TRAILER_BYTES {
            State::Refused(BadBody::TrailersTooLong)
        } else if self.trailers == b"\r\n" || self.trailers.ends_with(b"\r\n\r\n") {
            match check_trailers(&self.trailers) {
                Ok(()) => State::End,
                Err(why) => State::Refused(why),
            }
        } else if self.trailers.ends_with(b"\n") && !self.trailers.ends_with(b"\r\n") {
            State::Refused(BadBody::Trailer)
        } else {
            State::Trailers
        };
        (state, line)
    }
}

impl State {
    const SIZE: Self = Self::Size {
        value: 0,
        digits: 0,
    };
}

/// Takes up to `left` bytes: how many are left, and how many were taken.
fn take(left: u64, rest: &[u8]) -> (u64, usize) {
    let taken = usize::try_from(left).unwrap_or(usize::MAX).min(rest.len());
    (
        left.saturating_sub(u64::try_from(taken).unwrap_or(u64::MAX)),
        taken,
    )
}

/// The value of a hexadecimal digit.
fn hex(digit: u8) -> u8 {
    if digit.is_ascii_digit() {
        digit & 15
    } else {
        (digit & 15).saturating_add(9)
    }
}

fn check_trailers(section: &[u8]) -> Result<(), BadBody> {
    let mut fields = Fields::default();
    match fields.fill(section, 0) {
        Ok(()) if fields.iter().count() <= MOST_TRAILERS => {}
        Ok(()) | Err(BadHead::TooManyFields) => return Err(BadBody::TrailersTooLong),
        Err(_) => return Err(BadBody::Trailer),
    }
    let forbidden = |name: &str| {
        FORBIDDEN_TRAILERS
            .iter()
            .any(|one| one.eq_ignore_ascii_case(name))
    };
    if fields.iter().any(|field| forbidden(field.name())) {
        return Err(BadBody::ForbiddenTrailer);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
