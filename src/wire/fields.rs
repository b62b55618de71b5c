//! What request and response heads have in common: the fields, and what the hop-by-hop ones mean.

use std::ops::Range;

use super::head::{MOST_FIELDS, is_token};
use super::known::Known;
use super::{BadHead, Upgrade, Version};

/// Where the parts of a field are in the bytes of its head.
#[derive(Clone, Debug)]
struct Field {
    name: Range<usize>,
    value: Range<usize>,
    /// With its end.
    line: Range<usize>,
    known: Option<Known>,
}

/// A field of a head that was read: its bytes are those that a head may have.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Received<'h> {
    name: &'h [u8],
    value: &'h [u8],
    line: &'h [u8],
    known: Option<Known>,
}

impl<'h> Received<'h> {
    /// The name, as it came.
    pub fn name(&self) -> &'h str {
        str::from_utf8(self.name).unwrap_or_default()
    }

    /// The value, without the blanks around it.
    pub fn value(&self) -> &'h [u8] {
        self.value
    }

    /// Whether it has that name, whatever its case.
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name.as_bytes())
    }

    /// Whether it concerns one connection alone (RFC 9110, section 7.6.1), or the framing of one message.
    pub fn is_of_connection(&self) -> bool {
        self.known.is_some_and(Known::is_of_connection)
    }

    pub(super) fn known(&self) -> Option<Known> {
        self.known
    }

    /// The line with its end, where it is `name: value`, with one blank.
    pub(super) fn plain_line(&self) -> Option<&'h [u8]> {
        let length = self.name.len().checked_add(self.value.len())?;
        let blank = self.line.get(self.name.len().checked_add(1)?);
        (self.line.len().checked_sub(length) == Some(4) && blank == Some(&b' '))
            .then_some(self.line)
    }
}

/// A head's bytes, and where its fields are in them.
#[derive(Debug, Default)]
pub(super) struct Fields {
    bytes: Vec<u8>,
    fields: Vec<Field>,
}

impl Fields {
    #[cfg(test)]
    pub(super) fn capacity(&self) -> (usize, usize) {
        (self.bytes.capacity(), self.fields.capacity())
    }

    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.fields.clear();
    }

    /// Keeps the bytes of a complete head whose first line, line end included, takes `first_line` bytes.
    pub(super) fn fill(&mut self, head: &[u8], first_line: usize) -> Result<(), BadHead> {
        self.clear();
        let section = head.get(first_line..).unwrap_or_default();
        let mut room = [httparse::EMPTY_HEADER; MOST_FIELDS];
        let tokens = match httparse::parse_headers(section, &mut room) {
            Ok(httparse::Status::Complete((taken, tokens))) if taken == section.len() => tokens,
            Ok(_) => return Err(BadHead::Malformed),
            Err(httparse::Error::TooManyHeaders) => return Err(BadHead::TooManyFields),
            Err(_) => return Err(why_not(section)),
        };
        // The tokeniser is lenient; what it took must be exactly `name: value CRLF`, and no byte more.
        let mut rest = section;
        for token in tokens {
            let name = token.name.as_bytes();
            let after_name = rest.strip_prefix(name).ok_or(BadHead::Malformed)?;
            let after_colon = after_name.strip_prefix(b":").ok_or(BadHead::Malformed)?;
            let at_value = skip_blanks(after_colon);
            let after_value = at_value
                .strip_prefix(token.value)
                .ok_or(BadHead::Malformed)?;
            let next = skip_blanks(after_value)
                .strip_prefix(b"\r\n")
                .ok_or(BadHead::Malformed)?;
            let at = |from_here: &[u8]| head.len().saturating_sub(from_here.len());
            self.fields.push(Field {
                name: at(rest)..at(after_name),
                value: at(at_value)..at(after_value),
                line: at(rest)..at(next),
                known: Known::of(name),
            });
            rest = next;
        }
        if rest != b"\r\n" {
            return Err(BadHead::Malformed);
        }
        self.bytes.extend_from_slice(head);
        Ok(())
    }

    /// The length of the head, where `input` begins with the very same one.
    pub(super) fn repeated(&self, input: &[u8]) -> Option<usize> {
        (!self.bytes.is_empty() && input.starts_with(&self.bytes)).then_some(self.bytes.len())
    }

    /// Text that was checked to be ASCII when the head was parsed.
    pub(super) fn text(&self, at: Range<usize>) -> &str {
        self.bytes
            .get(at)
            .and_then(|bytes| str::from_utf8(bytes).ok())
            .unwrap_or_default()
    }

    /// All of them in their order.
    pub(super) fn iter(&self) -> impl Iterator<Item = Received<'_>> {
        let at = |range: &Range<usize>| self.bytes.get(range.clone()).unwrap_or_default();
        self.fields.iter().map(move |field| Received {
            name: at(&field.name),
            value: at(&field.value),
            line: at(&field.line),
            known: field.known,
        })
    }

    pub(super) fn get(&self, name: &str) -> Option<&[u8]> {
        let mut fields = self.iter();
        fields.find(|field| field.is(name)).map(|field| field.value)
    }
}

fn skip_blanks(bytes: &[u8]) -> &[u8] {
    let blanks = bytes
        .iter()
        .take_while(|byte| matches!(byte, b' ' | b'\t'))
        .count();
    bytes.get(blanks..).unwrap_or_default()
}

/// Names what the tokeniser stumbled over.
fn why_not(section: &[u8]) -> BadHead {
    for line in section
        .split(|&byte| byte == b'\n')
        .filter(|line| *line != b"\r" && !line.is_empty())
    {
        let Some(colon) = line.iter().position(|&byte| byte == b':') else {
            return BadHead::MissingColon;
        };
        let name = line.get(..colon).unwrap_or_default();
        match name.last() {
            None => return BadHead::EmptyFieldName,
            Some(b' ' | b'\t') => return BadHead::SpaceBeforeColon,
            Some(_) if !name.iter().copied().all(is_token) => return BadHead::FieldName,
            Some(_) => {}
        }
    }
    BadHead::Malformed
}

/// What the fields that are about this connection and this message's body say.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Meaning {
    pub(super) content_length: Option<u64>,
    pub(super) chunked: bool,
    pub(super) upgrade: Option<Upgrade>,
    connection: Options,
}

/// What `Connection` names.
#[derive(Clone, Copy, Debug, Default)]
struct Options {
    count: usize,
    close: bool,
    keep_alive: bool,
    upgrade: bool,
}

impl Meaning {
    /// Takes a field into account.
    pub(super) fn take(&mut self, field: Known, value: &[u8]) -> Result<(), BadHead> {
        match field {
            Known::Connection => self.connection.read(value)?,
            Known::ContentLength => self.content_length = Some(length(value)?),
            Known::TransferEncoding if !value.eq_ignore_ascii_case(b"chunked") => {
                return Err(BadHead::TransferEncoding);
            }
            Known::TransferEncoding => self.chunked = true,
            Known::Upgrade => self.upgrade = Some(Upgrade::read(value)),
            Known::ContentEncoding
            | Known::ContentType
            | Known::Expect
            | Known::Host
            | Known::KeepAlive
            | Known::ProxyConnection
            | Known::RegistryAuth
            | Known::RegistryConfig
            | Known::Te
            | Known::Trailer => {}
        }
        Ok(())
    }

    /// Refuses what the fields may not say together.
    pub(super) fn check(self, version: Version) -> Result<(), BadHead> {
        match (self.chunked, self.content_length, version) {
            (true, _, Version::Http10) => Err(BadHead::TransferEncodingInHttp10),
            (true, Some(_), Version::Http11) => Err(BadHead::LengthAndChunked),
            (true, None, Version::Http11) | (false, _, _) => Ok(()),
        }
    }

    /// Whether another message may follow on the connection (RFC 9112, section 9.3). In HTTP/1.0 keep-alive must be
    /// the only option: of several fields, Go's server looks at the first one (`wantsHttp10KeepAlive`).
    pub(super) fn persists(self, version: Version) -> bool {
        match version {
            Version::Http10 => self.connection.keep_alive && self.connection.count == 1,
            Version::Http11 => !self.connection.close,
        }
    }

    /// Whether an answer with status 101 may say so.
    pub(super) fn switches(self, version: Version) -> bool {
        self.upgrade.is_some() && self.connection.upgrade && self.persists(version)
    }
}

impl Options {
    fn read(&mut self, value: &[u8]) -> Result<(), BadHead> {
        for option in value.split(|&byte| byte == b',').map(<[u8]>::trim_ascii) {
            self.count = self.count.saturating_add(1);
            if option.eq_ignore_ascii_case(b"close") {
                self.close = true;
            } else if option.eq_ignore_ascii_case(b"keep-alive") {
                self.keep_alive = true;
            } else if option.eq_ignore_ascii_case(b"upgrade") {
                self.upgrade = true;
            } else if !HARMLESS_OPTIONS
                .iter()
                .any(|harmless| option.eq_ignore_ascii_case(harmless))
            {
                return Err(BadHead::ConnectionOption);
            }
        }
        Ok(())
    }
}

/// What `Connection` may name beside close, keep-alive and upgrade: none of these fields is ever forwarded as it
/// came. Java's HTTP client names `HTTP2-Settings`, and Perl's LWP names `TE`.
const HARMLESS_OPTIONS: &[&[u8]] = &[b"te", b"http2-settings"];

/// Reads a length: digits only, since `u64::from_str` would take a sign.
fn length(value: &[u8]) -> Result<u64, BadHead> {
    let digits = str::from_utf8(value).map_err(|_| BadHead::ContentLength)?;
    if digits.is_empty() || digits.len() > 19 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(BadHead::ContentLength);
    }
    // The engine reads no more than 63 bits (Go, net/http, `parseContentLength`).
    match digits.parse::<i64>().map(u64::try_from) {
        Ok(Ok(length)) => Ok(length),
        Ok(Err(_)) | Err(_) => Err(BadHead::ContentLength),
    }
}
