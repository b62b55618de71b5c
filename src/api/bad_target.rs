//! Why a request target is refused.

/// Why a request target has no unambiguous reading. Answered with 400.
///
/// Each variant is one misbehaviour. What the engine would make of it differs with its version, or with
/// what stands between (RFC 9112, section 3.2; moby routes on the path decoded once, after Go has cleaned it).
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BadTarget {
    /// The target is a URI with a scheme: `http://host/containers/json`, `docker:/containers/json`.
    #[error("the request target is a whole URI: send the path alone, beginning with a slash")]
    AbsoluteForm,
    /// The target is `*`.
    #[error("the request target is `*`: send a path, beginning with a slash")]
    AsteriskForm,
    /// The target does not begin with a slash.
    #[error("the request target is not a path: send one that begins with a slash")]
    NotAPath,
    /// A `#`, which is part of the path to some parsers and ends it for others.
    #[error("the request target has a `#`: write it as `%23` where it is meant")]
    Fragment,
    /// A backslash, raw or encoded, in the path.
    #[error("the path has a backslash")]
    Backslash,
    /// A byte that no path may hold (RFC 3986, section 3.3).
    #[error("the path has the byte 0x{0:02x}, which must be percent-encoded")]
    PathByte(u8),
    /// A percent sign without two hexadecimal digits behind it, in the path.
    #[error("the path has a percent sign without two hexadecimal digits behind it")]
    PathEscape,
    /// The decoded path is not UTF-8.
    #[error("the decoded path is not UTF-8")]
    PathUtf8,
    /// A control character in the decoded path.
    #[error("the decoded path has a control character")]
    PathControl,
    /// Two slashes in a row, or one at the end.
    #[error(
        "the path has an empty segment: write one slash between two names, and none at the end"
    )]
    EmptySegment,
    /// A segment `.` or `..`, raw or encoded.
    #[error("the path has a `.` or `..` segment")]
    DotSegment,
    /// An encoded slash where the operation's path has no name with slashes.
    #[error("the path has an encoded slash outside an image's or plugin's name")]
    EncodedSlash,
    /// More segments than the operation's path has, which the engine would read as a name with slashes.
    #[error(
        "the path has a name with a slash: name a container by its own name or ID, not by a link's alias"
    )]
    SlashInName,
    /// An escape in a segment that the Engine API gives a fixed spelling.
    #[error("the path segment `{0}` must not be percent-encoded")]
    EncodedSegment(String),
    /// An escape in the API version.
    #[error("the API version `{0}` must not be percent-encoded")]
    EncodedVersion(String),
    /// A first segment that looks like an API version, and is none.
    #[error("`{0}` is not an API version: write it as `v1.41`")]
    Version(String),
    /// A raw `;`, which some engines take for `&`, and others drop with what is around it.
    #[error("the query has a `;`: write it as `%3B` where it is meant")]
    QuerySemicolon,
    /// A byte that no query may hold: white space, a control character, or one beyond ASCII.
    #[error("the query has the byte 0x{0:02x}, which must be percent-encoded")]
    QueryByte(u8),
    /// A percent sign without two hexadecimal digits behind it, in the query.
    #[error("the query has a percent sign without two hexadecimal digits behind it, near `{0}`")]
    QueryEscape(String),
    /// A decoded name or value is not UTF-8.
    #[error("the query is not UTF-8 when decoded, near `{0}`")]
    QueryUtf8(String),
    /// A control character in a decoded name or value.
    #[error("the query parameter `{0}` has a control character")]
    QueryControl(String),
    /// A parameter without a name.
    #[error("the query has a value without a name")]
    QueryName,
    /// A parameter that comes with two values, although the engine reads one.
    #[error("the query parameter `{0}` comes more than once, with different values")]
    QueryDuplicate(String),
    /// A value that is not the integer that the engine reads.
    #[error("the query parameter `{name}` must be an integer, not `{value}`")]
    QueryInteger {
        /// The parameter's name.
        name: String,
        /// What it came with.
        value: String,
    },
    /// More parameters than any client sends.
    #[error("the query has more than {0} parameters")]
    QueryLength(usize),
}

impl BadTarget {
    /// A stable name for the misbehaviour, for audit records and metrics.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::AbsoluteForm => "target_absolute_form",
            Self::AsteriskForm => "target_asterisk_form",
            Self::NotAPath => "target_not_a_path",
            Self::Fragment => "target_fragment",
            Self::Backslash => "path_backslash",
            Self::PathByte(_) => "path_byte",
            Self::PathEscape => "path_escape",
            Self::PathUtf8 => "path_utf8",
            Self::PathControl => "path_control",
            Self::EmptySegment => "path_empty_segment",
            Self::DotSegment => "path_dot_segment",
            Self::EncodedSlash => "path_encoded_slash",
            Self::SlashInName => "path_slash_in_name",
            Self::EncodedSegment(_) => "path_encoded_segment",
            Self::EncodedVersion(_) => "path_encoded_version",
            Self::Version(_) => "path_version",
            Self::QuerySemicolon => "query_semicolon",
            Self::QueryByte(_) => "query_byte",
            Self::QueryEscape(_) => "query_escape",
            Self::QueryUtf8(_) => "query_utf8",
            Self::QueryControl(_) => "query_control",
            Self::QueryName => "query_name",
            Self::QueryDuplicate(_) => "query_duplicate",
            Self::QueryInteger { .. } => "query_integer",
            Self::QueryLength(_) => "query_length",
        }
    }
}
