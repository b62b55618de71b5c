//! Writers of heads and chunks. What they are given cannot end a line or a head: it is refused.

use std::num::NonZeroUsize;

use super::head::is_token;
use super::scan::first_control;
use super::{Framing, Received, Upgrade, Version};

/// The interim answer that asks for a body that the client holds back.
pub const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";
/// What follows a chunk's data.
pub const CHUNK_END: &[u8] = b"\r\n";
/// The chunk that ends a body.
pub const LAST_CHUNK: &[u8] = b"0\r\n\r\n";

/// What happens to the connection after a message.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Connection {
    /// It is closed.
    Close,
    /// It stays, which HTTP/1.1 need not say, and HTTP/1.0 must.
    KeepAlive,
    /// It switches to a protocol, or is asked to.
    Upgrade(Upgrade),
}

/// Why a head cannot be written.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Unwritable {
    /// Chunks for an HTTP/1.0 peer, which would take their sizes for data.
    #[error("chunks cannot be written to an HTTP/1.0 peer")]
    ChunkedInHttp10,
    /// A name with a byte that may not stand in one.
    #[error("a field's name has a byte that is not allowed there")]
    FieldName,
    /// A value with a control byte.
    #[error("a field's value has a byte that is not allowed there")]
    FieldValue,
    /// A field that only [`Head::finish`] and [`Head::connection`] write.
    #[error("the fields of framing and connection are not written by hand")]
    FramingField,
    /// A method that is not a token.
    #[error("the method has a byte that is not allowed there")]
    Method,
    /// A protocol that has no name here.
    #[error("the protocol to switch to is not one that is known")]
    Protocol,
    /// A reason phrase with a byte that is not printable ASCII.
    #[error("the reason phrase has a byte that is not allowed there")]
    Reason,
    /// A status that is not of three digits.
    #[error("the status is not a number of three digits")]
    Status,
    /// A target that is empty or has a byte that is not visible ASCII.
    #[error("the request target has a byte that is not visible ASCII")]
    Target,
    /// A request whose body ends when the connection does.
    #[error("a request's body cannot be delimited by the end of the connection")]
    UntilCloseInRequest,
}

/// A head that is being written. Only [`Head::finish`] leaves it in the buffer; when a part is refused,
/// or the head is dropped, the buffer is as it was.
#[derive(Debug)]
pub struct Head<'o> {
    out: &'o mut Vec<u8>,
    start: usize,
    version: Version,
    is_request: bool,
}

impl<'o> Head<'o> {
    /// Begins a request, HTTP/1.1.
    ///
    /// # Errors
    /// [`Unwritable`] when the method is no token, or the target not visible ASCII.
    pub fn request(out: &'o mut Vec<u8>, method: &str, target: &[u8]) -> Result<Self, Unwritable> {
        if method.is_empty() || !method.bytes().all(is_token) {
            return Err(Unwritable::Method);
        }
        if target.is_empty() || !target.iter().all(u8::is_ascii_graphic) {
            return Err(Unwritable::Target);
        }
        let start = out.len();
        put(out, &[method.as_bytes(), b" ", target, b" HTTP/1.1\r\n"]);
        Ok(Self {
            out,
            start,
            version: Version::Http11,
            is_request: true,
        })
    }

    /// Begins an answer in the version of the request.
    ///
    /// # Errors
    /// [`Unwritable`] when the status is not from 100 to 999, or the reason not printable ASCII.
    pub fn response(
        out: &'o mut Vec<u8>,
        version: Version,
        status: u16,
        reason: &str,
    ) -> Result<Self, Unwritable> {
        if !(100..=999).contains(&status) {
            return Err(Unwritable::Status);
        }
        if !reason
            .bytes()
            .all(|byte| byte == b' ' || byte.is_ascii_graphic())
        {
            return Err(Unwritable::Reason);
        }
        let start = out.len();
        let name: &[u8] = match version {
            Version::Http10 => b"HTTP/1.0 ",
            Version::Http11 => b"HTTP/1.1 ",
        };
        let mut digits = [0; 20];
        put(
            out,
            &[
                name,
                number(u64::from(status), 10, &mut digits),
                b" ",
                reason.as_bytes(),
                b"\r\n",
            ],
        );
        Ok(Self {
            out,
            start,
            version,
            is_request: false,
        })
    }

    /// Writes a field.
    ///
    /// # Errors
    /// [`Unwritable`] when the name is no token, the value has a control byte, or the field is one of
    /// framing and connection.
    pub fn field(&mut self, name: &str, value: &[u8]) -> Result<(), Unwritable> {
        if name.is_empty() || !name.bytes().all(is_token) {
            return Err(Unwritable::FieldName);
        }
        if FRAMING_FIELDS
            .iter()
            .any(|framing| framing.eq_ignore_ascii_case(name))
        {
            return Err(Unwritable::FramingField);
        }
        if first_control(value).is_some() {
            return Err(Unwritable::FieldValue);
        }
        put(self.out, &[name.as_bytes(), b": ", value, b"\r\n"]);
        Ok(())
    }

    /// Writes a field as it was received.
    ///
    /// # Errors
    /// [`Unwritable::FramingField`] when it is one of framing and connection.
    pub fn pass(&mut self, field: Received<'_>) -> Result<(), Unwritable> {
        if field.is_of_connection() {
            return Err(Unwritable::FramingField);
        }
        match field.plain_line() {
            Some(line) => put(self.out, &[line]),
            None => put(
                self.out,
                &[field.name().as_bytes(), b": ", field.value(), b"\r\n"],
            ),
        }
        Ok(())
    }

    /// Says what happens to the connection after the message.
    ///
    /// # Errors
    /// [`Unwritable::Protocol`] for [`Upgrade::Other`].
    pub fn connection(&mut self, connection: Connection) -> Result<(), Unwritable> {
        match (connection, self.version) {
            (Connection::Close, _) => put(self.out, &[b"Connection: close\r\n"]),
            (Connection::KeepAlive, Version::Http11) => {}
            (Connection::KeepAlive, Version::Http10) => {
                put(self.out, &[b"Connection: keep-alive\r\n"]);
            }
            (Connection::Upgrade(protocol), _) => {
                let token = protocol.token().ok_or(Unwritable::Protocol)?;
                put(
                    self.out,
                    &[
                        b"Connection: Upgrade\r\nUpgrade: ",
                        token.as_bytes(),
                        b"\r\n",
                    ],
                );
            }
        }
        Ok(())
    }

    /// Ends the head with the fields of the body's framing. For the answer to a HEAD request, `framing` is
    /// that of the body that a GET would have had.
    ///
    /// # Errors
    /// [`Unwritable`] when the peer could not find the end of a body that is framed so.
    pub fn finish(mut self, framing: Framing) -> Result<(), Unwritable> {
        match (framing, self.version) {
            (Framing::Chunked, Version::Http10) => return Err(Unwritable::ChunkedInHttp10),
            (Framing::UntilClose, _) if self.is_request => {
                return Err(Unwritable::UntilCloseInRequest);
            }
            (Framing::None | Framing::UntilClose, _) => put(self.out, &[b"\r\n"]),
            (Framing::Length(length), _) => {
                let mut digits = [0; 20];
                put(
                    self.out,
                    &[
                        b"Content-Length: ",
                        number(length, 10, &mut digits),
                        b"\r\n\r\n",
                    ],
                );
            }
            (Framing::Chunked, Version::Http11) => {
                put(self.out, &[b"Transfer-Encoding: chunked\r\n\r\n"]);
            }
        }
        self.start = self.out.len();
        Ok(())
    }
}

impl Drop for Head<'_> {
    fn drop(&mut self) {
        self.out.truncate(self.start);
    }
}

/// What [`Head::field`] does not write.
const FRAMING_FIELDS: &[&str] = &[
    "Connection",
    "Content-Length",
    "Keep-Alive",
    "TE",
    "Trailer",
    "Transfer-Encoding",
    "Upgrade",
];

/// Writes the line before a chunk's data, which [`CHUNK_END`] follows. There is no chunk of size zero: it
/// would end the body.
pub fn chunk_size(out: &mut Vec<u8>, size: NonZeroUsize) {
    let mut digits = [0; 20];
    let size = u64::try_from(size.get()).unwrap_or(u64::MAX);
    put(out, &[number(size, 16, &mut digits), b"\r\n"]);
}

/// Writes a whole chunk; nothing when there is no data.
pub fn chunk(out: &mut Vec<u8>, data: &[u8]) {
    if let Some(size) = NonZeroUsize::new(data.len()) {
        chunk_size(out, size);
        put(out, &[data, CHUNK_END]);
    }
}

fn put(out: &mut Vec<u8>, parts: &[&[u8]]) {
    for part in parts {
        out.extend_from_slice(part);
    }
}

/// The digits of a number.
fn number(mut value: u64, radix: u64, room: &mut [u8; 20]) -> &[u8] {
    let mut at = room.len();
    for place in room.iter_mut().rev() {
        let digit = value
            .checked_rem(radix)
            .and_then(|digit| u8::try_from(digit).ok())
            .unwrap_or_default();
        *place = digit.saturating_add(if digit < 10 {
            b'0'
        } else {
            b'a'.saturating_sub(10)
        });
        at = at.saturating_sub(1);
        value = value.checked_div(radix).unwrap_or_default();
        if value == 0 {
            break;
        }
    }
    room.get(at..).unwrap_or_default()
}

#[cfg(test)]
mod tests;
