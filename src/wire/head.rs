//! The words that request and response heads share, and what either is refused for.

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
pub(super) const MOST_FIELDS: usize = 100;

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

    pub(super) fn read(value: &[u8]) -> Self {
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

/// Whether a byte may stand in a method or a field's name (RFC 9110, section 5.6.2).
pub(super) fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}
