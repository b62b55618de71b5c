//! What request and response heads have in common: the fields, and what the hop-by-hop ones mean.

use std::ops::Range;

/// How much of a head is read before it is refused.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Limits {
    /// The bytes of a whole head, the empty line included.
    pub head_bytes: usize,
    /// The bytes of a request or status line, without the line end.
    pub line_bytes: usize,
    /// The number of fields, at most 100.
    pub fields: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            head_bytes: 64 << 10,
            line_bytes: 32 << 10,
            fields: MOST_FIELDS,
        }
    }
}

/// The room for fields on the stack while a head is tokenised.
const MOST_FIELDS: usize = 100;

/// Whether a head is complete.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Parsed {
    /// It took so many bytes.
    Complete(usize),
    /// More bytes are needed, and can still make it valid.
    Partial,
}

/// The version in a request or status line.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Version {
    /// HTTP/1.0
    Http10,
    /// HTTP/1.1
    #[default]
    Http11,
}

/// How a message's body is delimited (RFC 9112, section 6.3).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Framing {
    /// There is none.
    #[default]
    None,
    /// Exactly so many bytes.
    Length(u64),
    /// Chunks, up to the last one.
    Chunked,
    /// All that comes until the peer closes: answers only.
    UntilClose,
}

/// A protocol that a client asks to switch to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Upgrade {
    /// `tcp`: the engine's raw stream.
    Tcp,
    /// `h2c`: HTTP/2 without TLS.
    H2c,
    /// `websocket`
    WebSocket,
    /// Any other, or a list: the engine takes the presence of the field for a wish to switch (moby,
    /// `container_routes.go`), whatever it names.
    Other,
}

impl Upgrade {
    /// The protocol's name on the wire.
    pub fn token(self) -> Option<&'static str> {
        match self {
            Self::Tcp => Some("tcp"),
            Self::H2c => Some("h2c"),
            Self::WebSocket => Some("websocket"),
            Self::Other => None,
        }
    }

    fn read(value: &[u8]) -> Self {
        [Self::Tcp, Self::H2c, Self::WebSocket]
            .into_iter()
            .find(|known| {
                known
                    .token()
                    .is_some_and(|token| value.eq_ignore_ascii_case(token.as_bytes()))
            })
            .unwrap_or(Self::Other)
    }
}

/// Why a head, of a request or of an answer, is refused.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BadHead {
    /// A carriage return without a line feed.
    #[error("the head has a carriage return that ends no line")]
    BareCarriageReturn,
    /// A line that ends in a line feed alone.
    #[error("the head has a line that ends without a carriage return")]
    BareLineFeed,
    /// `Connection` names a field that must not be taken out on a peer's word.
    #[error("`Connection` may only name close, keep-alive, upgrade, te and http2-settings")]
    ConnectionOption,
    /// The length is not a plain decimal number that the engine can hold (63 bits).
    #[error("`Content-Length` must be one plain decimal number below 2^63")]
    ContentLength,
    /// A control byte other than a tab.
    #[error("the head has a control byte")]
    ControlByte,
    /// A field of which there may be only one comes twice.
    #[error("`{0}` is there more than once")]
    DuplicateField(&'static str),
    /// A field without a name.
    #[error("a field has no name")]
    EmptyFieldName,
    /// A field's name has a byte that may not stand in one.
    #[error("a field's name has a byte that is not allowed there")]
    FieldName,
    /// A line that continues the one before (RFC 9112, section 5.2, `obs-fold`).
    #[error("a line begins with white space")]
    FoldedLine,
    /// A length and chunks: two readers may choose differently.
    #[error("the head has both `Content-Length` and `Transfer-Encoding`")]
    LengthAndChunked,
    /// The head begins with an empty line.
    #[error("the head begins with an empty line")]
    LeadingEmptyLine,
    /// The request or status line is longer than the limit.
    #[error("the first line of the head is too long")]
    LineTooLong,
    /// The tokeniser reads the head in another way than its bytes say.
    #[error("the head is malformed")]
    Malformed,
    /// A line with no colon.
    #[error("a field has no colon")]
    MissingColon,
    /// White space between a field's name and its colon.
    #[error("a field has white space before its colon")]
    SpaceBeforeColon,
    /// The head is larger than the limit.
    #[error("the head is too large")]
    TooLarge,
    /// There are more fields than the limit.
    #[error("the head has too many fields")]
    TooManyFields,
    /// The body's length is not known on HTTP/1.0, where there are no chunks.
    #[error("`Transfer-Encoding` does not exist in HTTP/1.0")]
    TransferEncodingInHttp10,
    /// A coding other than `chunked`, or a list.
    #[error("`Transfer-Encoding` must be `chunked` and nothing else")]
    TransferEncoding,
}

impl BadHead {
    /// The stable name of the refusal.
    pub fn code(self) -> &'static str {
        match self {
            Self::BareCarriageReturn => "bare_carriage_return",
            Self::BareLineFeed => "bare_line_feed",
            Self::ConnectionOption => "connection_option",
            Self::ContentLength => "content_length",
            Self::ControlByte => "control_byte",
            Self::DuplicateField(_) => "duplicate_field",
            Self::EmptyFieldName => "empty_field_name",
            Self::FieldName => "field_name",
            Self::FoldedLine => "folded_line",
            Self::LengthAndChunked => "length_and_chunked",
            Self::LeadingEmptyLine => "leading_empty_line",
            Self::LineTooLong => "line_too_long",
            Self::Malformed => "malformed",
            Self::MissingColon => "missing_colon",
            Self::SpaceBeforeColon => "space_before_colon",
            Self::TooLarge => "head_too_large",
            Self::TooManyFields => "too_many_fields",
            Self::TransferEncodingInHttp10 => "transfer_encoding_in_http10",
            Self::TransferEncoding => "transfer_encoding",
        }
    }
}

/// Where a field's name and value are in the bytes of its head.
#[derive(Clone, Debug)]
struct Field {
    name: Range<usize>,
    value: Range<usize>,
}

/// A head's bytes, and where its fields are in them.
#[derive(Debug, Default)]
pub(super) struct Fields {
    bytes: Vec<u8>,
    fields: Vec<Field>,
}

impl Fields {
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
            let at = |from_here: &[u8]| head.len().saturating_sub(from_here.len());
            self.fields.push(Field {
                name: at(rest)..at(after_name),
                value: at(at_value)..at(after_value),
            });
            rest = skip_blanks(after_value)
                .strip_prefix(b"\r\n")
                .ok_or(BadHead::Malformed)?;
        }
        if rest != b"\r\n" {
            return Err(BadHead::Malformed);
        }
        self.bytes.extend_from_slice(head);
        Ok(())
    }

    /// Text that was checked to be ASCII when the head was parsed.
    pub(super) fn text(&self, at: Range<usize>) -> &str {
        self.bytes
            .get(at)
            .and_then(|bytes| str::from_utf8(bytes).ok())
            .unwrap_or_default()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.fields.iter().map(|field| {
            (
                self.text(field.name.clone()),
                self.bytes.get(field.value.clone()).unwrap_or_default(),
            )
        })
    }

    pub(super) fn get(&self, name: &str) -> Option<&[u8]> {
        self.iter()
            .find(|(have, _)| have.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
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

/// Whether a byte may stand in a method or a field's name (RFC 9110, section 5.6.2).
pub(super) fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// What the fields that are about this connection and this message's body say.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Meaning {
    pub(super) content_length: Option<u64>,
    pub(super) chunked: bool,
    pub(super) close: bool,
    pub(super) keep_alive: bool,
    pub(super) upgrade: Option<Upgrade>,
}

/// The fields that may come only once, because the engine reads one of them, or because they decide
/// where the message ends.
const SINGLE: &[&str] = &[
    "Content-Encoding",
    "Content-Length",
    "Content-Type",
    "Expect",
    "Host",
    "Transfer-Encoding",
    "Upgrade",
    "X-Registry-Auth",
    "X-Registry-Config",
];

impl Meaning {
    /// Reads the fields of a head of `version`.
    pub(super) fn read(fields: &Fields, version: Version) -> Result<Self, BadHead> {
        let mut found = Self::default();
        let mut seen = [false; SINGLE.len()];
        for (name, value) in fields.iter() {
            if let Some(index) = SINGLE
                .iter()
                .position(|single| single.eq_ignore_ascii_case(name))
            {
                let before = seen
                    .get_mut(index)
                    .is_none_or(|flag| std::mem::replace(flag, true));
                if before {
                    return Err(BadHead::DuplicateField(
                        SINGLE.get(index).copied().unwrap_or_default(),
                    ));
                }
            }
            if name.eq_ignore_ascii_case("Connection") {
                found.connection(value)?;
            } else if name.eq_ignore_ascii_case("Content-Length") {
                found.content_length = Some(length(value)?);
            } else if name.eq_ignore_ascii_case("Transfer-Encoding") {
                if !value.eq_ignore_ascii_case(b"chunked") {
                    return Err(BadHead::TransferEncoding);
                }
                found.chunked = true;
            } else if name.eq_ignore_ascii_case("Upgrade") {
                found.upgrade = Some(Upgrade::read(value));
            }
        }
        if found.chunked && version == Version::Http10 {
            return Err(BadHead::TransferEncodingInHttp10);
        }
        if found.chunked && found.content_length.is_some() {
            return Err(BadHead::LengthAndChunked);
        }
        Ok(found)
    }

    /// Whether another message may follow on the connection (RFC 9112, section 9.3).
    pub(super) fn persists(self, version: Version) -> bool {
        match version {
            Version::Http10 => self.keep_alive && !self.close,
            Version::Http11 => !self.close,
        }
    }

    fn connection(&mut self, value: &[u8]) -> Result<(), BadHead> {
        for option in value.split(|&byte| byte == b',').map(<[u8]>::trim_ascii) {
            if option.eq_ignore_ascii_case(b"close") {
                self.close = true;
            } else if option.eq_ignore_ascii_case(b"keep-alive") {
                self.keep_alive = true;
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

/// What `Connection` may name beside close and keep-alive: none of these fields is ever forwarded as it
/// came. Java's HTTP client names `HTTP2-Settings`, and Perl's LWP names `TE`.
const HARMLESS_OPTIONS: &[&[u8]] = &[b"upgrade", b"te", b"http2-settings"];

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
