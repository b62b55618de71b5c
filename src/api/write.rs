//! The upstream target, written from the parsed call.

use std::io::Write;

use super::percent::{ByteSet, encode};
use super::{ApiVersion, Call, Meaning, Route, Targets, Versioning};

/// What is written of the query parameters that the operation's row does not have.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum UnknownParameters {
    /// Nothing.
    Drop,
    /// All of them: every one was granted.
    Forward,
}

/// What stands unescaped in a name of one segment: unreserved characters.
static NAME: ByteSet = ByteSet::alphanumeric_and(b"-._~");
/// What stands unescaped in a name of several segments, which is most often an image reference.
static REFERENCE: ByteSet = ByteSet::alphanumeric_and(b"-._~/:@");
/// What stands unescaped in a query.
static QUERY: ByteSet = ByteSet::alphanumeric_and(b"-._~/:,");

/// `text` as one segment of a path.
pub fn segment(text: &str) -> String {
    escaped(text, &NAME)
}

/// `text` as a name that may be several segments, such as an image reference.
pub fn segments(text: &str) -> String {
    escaped(text, &REFERENCE)
}

/// `text` as the value of a query parameter.
pub fn query_value(text: &str) -> String {
    escaped(text, &QUERY)
}

fn escaped(text: &str, readable: &ByteSet) -> String {
    let mut out = Vec::with_capacity(text.len());
    encode(text, readable, &mut out);
    String::from_utf8_lossy(&out).into_owned()
}

impl Call<'_> {
    /// Whether the call names no version, and what it does can depend on it.
    pub fn lacks_version(&self) -> bool {
        let depends = self
            .operation()
            .is_none_or(|operation| operation.versioning == Versioning::Decisive);
        depends && self.version.is_none()
    }

    /// Appends the target for the engine: the template with its names encoded anew, below the call's version or,
    /// where it [lacks](Self::lacks_version) one, `default`; then the parameters that an engine reads, and unknown ones
    /// as `unknown` says.
    ///
    /// What is written reads as the same call.
    pub fn write_target(
        &self,
        default: Option<ApiVersion>,
        unknown: UnknownParameters,
        out: &mut Vec<u8>,
    ) {
        let default = default.filter(|_| self.lacks_version());
        if let Some(version) = self.version.or(default) {
            // Writing to a vector cannot fail.
            let _infallible = write!(out, "/v{version}");
        }
        match &self.route {
            Route::Known(operation, targets) => write_path(operation.template, targets, out),
            Route::Unknown { path, .. } => encode(path, &REFERENCE, out),
        }
        let mut separator = b'?';
        for entry in self.query.iter() {
            match entry.meaning {
                Meaning::Read(_) => {}
                Meaning::Unknown if unknown == UnknownParameters::Forward => {}
                Meaning::Unknown | Meaning::Inert => continue,
            }
            out.push(separator);
            separator = b'&';
            encode(&entry.name, &QUERY, out);
            out.push(b'=');
            encode(&entry.value, &QUERY, out);
        }
    }
}

fn write_path(template: &str, targets: &Targets<'_>, out: &mut Vec<u8>) {
    let mut targets = targets.iter();
    for segment in template.split('/').skip(1) {
        out.push(b'/');
        match (segment.strip_prefix('{'), targets.as_slice()) {
            (Some(name), [target, ..]) => {
                let readable = if name.ends_with("...}") {
                    &REFERENCE
                } else {
                    &NAME
                };
                encode(target, readable, out);
                targets.next();
            }
            (Some(_), []) | (None, _) => out.extend_from_slice(segment.as_bytes()),
        }
    }
}
