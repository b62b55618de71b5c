//! Response heads: the engine's answers are not trusted more than a client's requests.

use std::ops::Range;

use super::fields::{Fields, Meaning};
use super::known::Seen;
use super::scan::Scan;
use super::{BadHead, Framing, Limits, Parsed, Received, Upgrade, Version};

/// A response head, owned, so that a connection can use one for all its answers.
#[derive(Debug, Default)]
pub struct ResponseHead {
    scan: Scan,
    line: Line,
    fields: Fields,
    meaning: Meaning,
    framing: Framing,
    /// The limits under which the head was taken that this holds, and whether it answered HEAD; `None` while it holds
    /// none.
    taken: Option<(Limits, bool)>,
}

/// Why an answer is not passed on.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BadResponse {
    /// A body where there can be none: with a status 1xx or 204.
    #[error("the answer announces a body, and its status has none")]
    BodyWithoutPlace,
    /// What any head is refused for.
    #[error(transparent)]
    Head(#[from] BadHead),
    /// The answer is not HTTP/1.
    #[error("the answer is not HTTP/1")]
    NotHttp,
    /// The reason phrase has a byte that is not printable ASCII.
    #[error("the answer's reason phrase has a byte that is not allowed there")]
    Reason,
    /// The status is not a number from 100 to 999.
    #[error("the answer's status is not a number of three digits")]
    Status,
    /// The status line is not `version status reason` with one space between.
    #[error("the answer's status line is malformed")]
    StatusLine,
    /// 101 without the name of the protocol, without `Connection: upgrade` (RFC 9110, section 7.8), or of a connection
    /// that ends.
    #[error("the answer switches protocols without `Upgrade` and `Connection: upgrade` alone")]
    SwitchWithoutUpgrade,
    /// A version other than HTTP/1.0 and HTTP/1.1.
    #[error("the answer's version is not HTTP/1.1 or HTTP/1.0")]
    Version,
}

impl BadResponse {
    /// The stable name of the refusal.
    pub fn code(self) -> &'static str {
        match self {
            Self::BodyWithoutPlace => "body_without_place",
            Self::Head(head) => head.code(),
            Self::NotHttp => "not_http",
            Self::Reason => "reason",
            Self::Status => "status",
            Self::StatusLine => "status_line",
            Self::SwitchWithoutUpgrade => "switch_without_upgrade",
            Self::Version => "version",
        }
    }
}

impl ResponseHead {
    /// Reads a head from the beginning of `input`. Until it is complete or refused, `input` must begin
    /// with the bytes that were there the last time: they are not looked at again.
    ///
    /// The answer to a HEAD request has the fields of a body without the body.
    ///
    /// # Errors
    /// [`BadResponse`] as soon as no further byte can make the head valid.
    pub fn parse(
        &mut self,
        input: &[u8],
        limits: &Limits,
        request_method_is_head: bool,
    ) -> Result<Parsed, BadResponse> {
        let terms = (*limits, request_method_is_head);
        // The same bytes on the same terms have the same meaning: but for their date, an engine's answers to what is asked
        // again and again begin alike.
        if self.taken == Some(terms)
            && let Some(length) = self.fields.repeated(input)
        {
            return Ok(Parsed::Complete(length));
        }
        self.forget();
        let result = self.advance(input, limits, request_method_is_head);
        match result {
            Ok(Parsed::Complete(_)) => self.taken = Some(terms),
            Ok(Parsed::Partial) => {}
            Err(_) => self.clear(),
        }
        result
    }

    /// Begins anew, for a buffer that does not continue the last one.
    pub fn restart(&mut self) {
        if self.taken.is_none() {
            self.clear();
        }
    }

    fn clear(&mut self) {
        self.scan = Scan::default();
        self.line = Line::default();
        self.forget();
    }

    /// Drops the last head, so that nothing of it is taken for the next one's.
    fn forget(&mut self) {
        self.fields.clear();
        self.meaning = Meaning::default();
        self.framing = Framing::None;
        self.taken = None;
    }

    fn advance(
        &mut self,
        input: &[u8],
        limits: &Limits,
        head: bool,
    ) -> Result<Parsed, BadResponse> {
        let begins = b"HTTP/1."
            .iter()
            .zip(input)
            .all(|(want, have)| want == have);
        if !begins && !matches!(input.first(), Some(b'\r' | b'\n')) {
            return Err(BadResponse::NotHttp);
        }
        let line = &mut self.line;
        let first_line = |bytes: &[u8]| Line::read(bytes).map(|read| *line = read);
        let Some(length) = self.scan.run(input, limits, first_line)? else {
            return Ok(Parsed::Partial);
        };
        self.finish(input.get(..length).unwrap_or_default(), head)?;
        Ok(Parsed::Complete(length))
    }

    fn finish(&mut self, bytes: &[u8], head: bool) -> Result<(), BadResponse> {
        self.fields.fill(bytes, self.line.length)?;
        let mut seen = Seen::default();
        for field in self.fields.iter() {
            if let Some(known) = field.known() {
                seen.note(known)?;
                self.meaning.take(known, field.value())?;
            }
        }
        self.meaning.check(self.line.version)?;
        let announced =
            self.meaning.chunked || self.meaning.content_length.is_some_and(|length| length > 0);
        self.framing = match self.line.status {
            101 if !self.meaning.switches(self.line.version) => {
                return Err(BadResponse::SwitchWithoutUpgrade);
            }
            100..=199 | 204 if announced => return Err(BadResponse::BodyWithoutPlace),
            100..=199 | 204 | 304 => Framing::None,
            _ if head => Framing::None,
            _ => match (self.meaning.content_length, self.meaning.chunked) {
                (_, true) => Framing::Chunked,
                (Some(length), false) => Framing::Length(length),
                (None, false) => Framing::UntilClose,
            },
        };
        Ok(())
    }

    /// The status, 100 to 999.
    pub fn status(&self) -> u16 {
        self.line.status
    }

    /// The reason phrase, as it came; it may be empty.
    pub fn reason(&self) -> &str {
        self.fields.text(self.line.reason.clone())
    }

    /// The version of the status line.
    pub fn version(&self) -> Version {
        self.line.version
    }

    /// How the body is delimited. An answer without a length is [`Framing::UntilClose`]; whether that is
    /// a body or a raw stream both ways is not the codec's to know.
    pub fn framing(&self) -> Framing {
        self.framing
    }

    /// Whether this is an interim answer (1xx but 101), after which the real one follows.
    pub fn is_interim(&self) -> bool {
        matches!(self.line.status, 100 | 102..=199)
    }

    /// The protocol that the connection speaks from here on: only with status 101.
    pub fn switches_to(&self) -> Option<Upgrade> {
        if self.line.status == 101 {
            self.meaning.upgrade
        } else {
            None
        }
    }

    /// Whether another answer can follow on the connection.
    pub fn keep_alive(&self) -> bool {
        self.framing != Framing::UntilClose
            && self.line.status != 101
            && self.meaning.persists(self.line.version)
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

/// Where the parts of a status line are.
#[derive(Debug, Default)]
struct Line {
    version: Version,
    status: u16,
    reason: Range<usize>,
    /// With the line end.
    length: usize,
}

impl Line {
    fn read(line: &[u8]) -> Result<Self, BadResponse> {
        let mut parts = line.splitn(3, |&byte| byte == b' ');
        let (Some(version), Some(status), Some(reason)) =
            (parts.next(), parts.next(), parts.next())
        else {
            return Err(BadResponse::StatusLine);
        };
        let version = match version {
            b"HTTP/1.1" => Version::Http11,
            b"HTTP/1.0" => Version::Http10,
            _ => return Err(BadResponse::Version),
        };
        let status = match status {
            [b'1'..=b'9', b'0'..=b'9', b'0'..=b'9'] => status.iter().fold(0_u16, |sum, digit| {
                sum.saturating_mul(10).saturating_add(u16::from(digit & 15))
            }),
            _ => return Err(BadResponse::Status),
        };
        if !reason
            .iter()
            .all(|&byte| byte == b' ' || byte.is_ascii_graphic())
        {
            return Err(BadResponse::Reason);
        }
        Ok(Self {
            version,
            status,
            reason: line.len().saturating_sub(reason.len())..line.len(),
            length: line.len().saturating_add(2),
        })
    }
}

#[cfg(test)]
mod tests;
