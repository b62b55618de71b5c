//! Request heads.

use std::ops::Range;

use super::fields::{Fields, Meaning};
use super::head::is_token;
use super::known::{Known, Seen};
use super::scan::Scan;
use super::{BadHead, Framing, Limits, Parsed, Received, Upgrade, Version};

/// A request head, owned, so that a connection can use one for all its requests: once its buffers are
/// warm, parsing allocates nothing.
#[derive(Debug, Default)]
pub struct RequestHead {
    scan: Scan,
    line: Line,
    fields: Fields,
    meaning: Meaning,
    expects_continue: bool,
    /// The limits under which the head was taken that this holds; `None` while it holds none.
    taken: Option<Limits>,
}

/// Why a request head is refused.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BadRequest {
    /// The method turns the connection into a tunnel, which is no way to talk to an engine.
    #[error("`CONNECT` is not a method of the engine")]
    Connect,
    /// An expectation other than `100-continue`.
    #[error("`Expect` must be `100-continue`")]
    Expect,
    /// An expectation on HTTP/1.0, which has none.
    #[error("`Expect` does not exist in HTTP/1.0")]
    ExpectInHttp10,
    /// What any head is refused for.
    #[error(transparent)]
    Head(#[from] BadHead),
    /// `Host` has a byte that no host name, address or port has.
    #[error("`Host` has a byte that is not allowed there")]
    Host,
    /// The connection begins with HTTP/2: the gate would see nothing of what follows.
    #[error("this is HTTP/2, and only HTTP/1.1 is served: turn prior knowledge of HTTP/2 off")]
    Http2Preface,
    /// The method has a byte that may not stand in one.
    #[error("the method has a byte that is not allowed there")]
    Method,
    /// HTTP/1.1 without `Host`.
    #[error("an HTTP/1.1 request must have `Host`")]
    MissingHost,
    /// The request line is not `method target version` with one space between.
    #[error("the request line is not a method, a target and a version with one space between")]
    RequestLine,
    /// The target has a byte that is not visible ASCII.
    #[error("the request target has a byte that is not visible ASCII")]
    Target,
    /// The request announces trailers.
    #[error("`Trailer` is not supported")]
    Trailer,
    /// A switch of protocols on HTTP/1.0, which has none.
    #[error("`Upgrade` does not exist in HTTP/1.0")]
    UpgradeInHttp10,
    /// A version other than HTTP/1.0 and HTTP/1.1.
    #[error("only HTTP/1.1 and HTTP/1.0 are served")]
    Version,
}

impl BadRequest {
    /// The stable name of the refusal.
    pub fn code(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Expect => "expect",
            Self::ExpectInHttp10 => "expect_in_http10",
            Self::Head(head) => head.code(),
            Self::Host => "host",
            Self::Http2Preface => "http2_preface",
            Self::Method => "method",
            Self::MissingHost => "missing_host",
            Self::RequestLine => "request_line",
            Self::Target => "target",
            Self::Trailer => "trailer",
            Self::UpgradeInHttp10 => "upgrade_in_http10",
            Self::Version => "version",
        }
    }

    /// The status to answer with.
    pub fn status(self) -> u16 {
        match self {
            Self::Head(BadHead::LineTooLong) => 414,
            Self::Head(BadHead::TooLarge | BadHead::TooManyFields) => 431,
            Self::Expect => 417,
            Self::Connect
            | Self::ExpectInHttp10
            | Self::Head(_)
            | Self::Host
            | Self::Http2Preface
            | Self::Method
            | Self::MissingHost
            | Self::RequestLine
            | Self::Target
            | Self::Trailer
            | Self::UpgradeInHttp10
            | Self::Version => 400,
        }
    }
}

impl RequestHead {
    /// Reads a head from the beginning of `input`. Until it is complete or refused, `input` must begin
    /// with the bytes that were there the last time: they are not looked at again.
    ///
    /// # Errors
    /// [`BadRequest`] as soon as no further byte can make the head valid.
    pub fn parse(&mut self, input: &[u8], limits: &Limits) -> Result<Parsed, BadRequest> {
        // The same bytes under the same limits have the same meaning: what a client asks again and again is read once.
        if self.taken == Some(*limits)
            && let Some(length) = self.fields.repeated(input)
        {
            return Ok(Parsed::Complete(length));
        }
        self.forget();
        let result = self.advance(input, limits);
        match result {
            Ok(Parsed::Complete(_)) => self.taken = Some(*limits),
            Ok(Parsed::Partial) => {}
            Err(_) => self.clear(),
        }
        result
    }

    /// Begins anew, for a buffer that does not continue the last one.
    fn clear(&mut self) {
        self.scan = Scan::default();
        self.line = Line::default();
        self.forget();
    }

    /// Drops the last head, so that nothing of it is taken for the next one's.
    fn forget(&mut self) {
        self.fields.clear();
        self.meaning = Meaning::default();
        self.expects_continue = false;
        self.taken = None;
    }

    fn advance(&mut self, input: &[u8], limits: &Limits) -> Result<Parsed, BadRequest> {
        // Line ends are left to the scan, which names them better.
        if input
            .first()
            .is_some_and(|&byte| !is_token(byte) && !matches!(byte, b'\r' | b'\n'))
        {
            return Err(BadRequest::Method);
        }
        let line = &mut self.line;
        let first_line = |bytes: &[u8]| Line::read(bytes).map(|read| *line = read);
        let Some(length) = self.scan.run(input, limits, first_line)? else {
            return Ok(Parsed::Partial);
        };
        self.finish(input.get(..length).unwrap_or_default())?;
        Ok(Parsed::Complete(length))
    }

    fn finish(&mut self, head: &[u8]) -> Result<(), BadRequest> {
        self.fields.fill(head, self.line.length)?;
        let mut seen = Seen::default();
        let mut host = false;
        for field in self.fields.iter() {
            let Some(known) = field.known() else {
                continue;
            };
            let value = field.value();
            seen.note(known)?;
            self.meaning.take(known, value)?;
            match known {
                Known::Expect if !value.eq_ignore_ascii_case(b"100-continue") => {
                    return Err(BadRequest::Expect);
                }
                Known::Expect => self.expects_continue = true,
                Known::Host if !value.iter().copied().all(is_host) => return Err(BadRequest::Host),
                Known::Host => host = true,
                Known::Trailer => return Err(BadRequest::Trailer),
                Known::Connection
                | Known::ContentEncoding
                | Known::ContentLength
                | Known::ContentType
                | Known::KeepAlive
                | Known::ProxyConnection
                | Known::RegistryAuth
                | Known::RegistryConfig
                | Known::Te
                | Known::TransferEncoding
                | Known::Upgrade => {}
            }
        }
        let version = self.line.version;
        self.meaning.check(version)?;
        match version {
            Version::Http11 if !host => Err(BadRequest::MissingHost),
            Version::Http10 if self.expects_continue => Err(BadRequest::ExpectInHttp10),
            Version::Http10 if self.meaning.upgrade.is_some() => Err(BadRequest::UpgradeInHttp10),
            Version::Http10 | Version::Http11 => Ok(()),
        }
    }

    /// The method, as it came: methods are case-sensitive.
    pub fn method(&self) -> &str {
        self.fields.text(self.line.method.clone())
    }

    /// The request target, as it came: visible ASCII only.
    pub fn target(&self) -> &str {
        self.fields.text(self.line.target.clone())
    }

    /// The version of the request line.
    pub fn version(&self) -> Version {
        self.line.version
    }

    /// How the body is delimited: never [`Framing::UntilClose`].
    pub fn framing(&self) -> Framing {
        match (self.meaning.content_length, self.meaning.chunked) {
            (_, true) => Framing::Chunked,
            (Some(length), false) => Framing::Length(length),
            (None, false) => Framing::None,
        }
    }

    /// Whether the client wants to send another request on the connection.
    pub fn keep_alive(&self) -> bool {
        self.meaning.persists(self.line.version)
    }

    /// Whether the client holds the body back until it is asked for it.
    pub fn expects_continue(&self) -> bool {
        self.expects_continue
    }

    /// The protocol that the client asks to switch to: from `Upgrade` alone, since the engine does not
    /// look at `Connection`.
    pub fn upgrade(&self) -> Option<Upgrade> {
        self.meaning.upgrade
    }

    /// The first field of that name, whatever its case.
    pub fn field(&self, name: &str) -> Option<&[u8]> {
        self.fields.get(name)
    }

    /// All fields in their order, as they came.
    pub fn fields(&self) -> impl Iterator<Item = Received<'_>> {
        self.fields.iter()
    }
}

/// Where the parts of a request line are.
#[derive(Debug, Default)]
struct Line {
    method: Range<usize>,
    target: Range<usize>,
    version: Version,
    /// With the line end.
    length: usize,
}

impl Line {
    fn read(line: &[u8]) -> Result<Self, BadRequest> {
        if line.starts_with(b"PRI * HTTP/2") {
            return Err(BadRequest::Http2Preface);
        }
        let mut parts = line.split(|&byte| byte == b' ');
        let (Some(method), Some(target), Some(version), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(BadRequest::RequestLine);
        };
        if method.is_empty() || target.is_empty() {
            return Err(BadRequest::RequestLine);
        }
        if !method.iter().copied().all(is_token) {
            return Err(BadRequest::Method);
        }
        if !target.iter().all(u8::is_ascii_graphic) {
            return Err(BadRequest::Target);
        }
        if method == b"CONNECT" {
            return Err(BadRequest::Connect);
        }
        let version = match version {
            b"HTTP/1.1" => Version::Http11,
            b"HTTP/1.0" => Version::Http10,
            _ => return Err(BadRequest::Version),
        };
        let target_at = method.len().saturating_add(1);
        Ok(Self {
            method: 0..method.len(),
            target: target_at..target_at.saturating_add(target.len()),
            version,
            length: line.len().saturating_add(2),
        })
    }
}

/// Whether the engine takes a byte in `Host` (Go, `httpguts.ValidHostHeader`).
fn is_host(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!$%&'()*+,-.:;=[]_~".contains(&byte)
}

#[cfg(test)]
mod refusals;
#[cfg(test)]
mod tests;
