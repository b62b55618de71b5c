//! Why bytes are not a document.

use super::Document;

/// Why a body is no JSON document, and where. Answered with 400.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}, at line {line}, column {column} (byte {offset}){}", In(.path))]
pub struct BadJson {
    /// What is wrong.
    pub reason: BadJsonReason,
    /// How many bytes come before the place.
    pub offset: usize,
    /// The line, from 1.
    pub line: usize,
    /// The column in bytes, from 1.
    pub column: usize,
    /// The value that was being read, as a JSON path: `HostConfig.Binds[2]`; empty at the outermost level.
    pub path: String,
}

struct In<'e>(&'e str);

impl std::fmt::Display for In<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            "" => Ok(()),
            path => write!(f, ", in `{path}`"),
        }
    }
}

/// What can be wrong with a JSON document.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadJsonReason {
    /// The input begins with U+FEFF, which no decoder of the engine skips.
    #[error("the body begins with a byte order mark")]
    ByteOrderMark,
    /// A byte below U+0020 stands in a string without an escape.
    #[error("a string holds a bare control character")]
    ControlCharacter,
    /// Something follows the document.
    #[error("the body goes on behind the document")]
    DataBehindDocument,
    /// An object has the same name twice; the engine would merge the two values.
    #[error("the name `{0}` comes twice in one object")]
    DuplicateName(String),
    /// The document ends too early.
    #[error("the body ends inside the document")]
    Ends,
    /// A backslash is not followed by one of JSON's escapes.
    #[error("a string holds an unknown escape")]
    Escape,
    /// Half of a surrogate pair; the engine would replace it.
    #[error("a string holds half a surrogate pair")]
    LoneSurrogate,
    /// A number does not follow JSON's grammar.
    #[error("a number is not written as JSON has it")]
    Number,
    /// U+0000, which no name, path or argument of the engine can hold.
    #[error("a string holds a NUL character")]
    Nul,
    /// The input is not UTF-8; the engine would replace the bytes.
    #[error("the body is not UTF-8")]
    NotUtf8,
    /// Arrays and objects lie too deep.
    #[error("the body has more than {} levels", Document::MAX_DEPTH)]
    TooDeep,
    /// More values than any client has a use for.
    #[error("the body has more than {} values", Document::MAX_VALUES)]
    TooManyValues,
    /// Something else was needed here.
    #[error("{0} is missing")]
    Wanted(&'static str),
}

impl BadJsonReason {
    /// The stable code for audit records and metrics.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::ByteOrderMark => "json_byte_order_mark",
            Self::ControlCharacter => "json_control_character",
            Self::DataBehindDocument => "json_data_behind_document",
            Self::DuplicateName(_) => "json_duplicate_name",
            Self::Ends => "json_ends",
            Self::Escape => "json_escape",
            Self::LoneSurrogate => "json_lone_surrogate",
            Self::Number => "json_number",
            Self::Nul => "json_nul",
            Self::NotUtf8 => "json_not_utf8",
            Self::TooDeep => "json_too_deep",
            Self::TooManyValues => "json_too_many_values",
            Self::Wanted(_) => "json_syntax",
        }
    }
}
