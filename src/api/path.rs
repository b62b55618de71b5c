//! The grammar of paths: raw bytes in, decoded segments out.

use std::borrow::Cow;
use std::ops::Range;

use super::percent::{BadEncoding, ByteSet, Plus, decode};
use super::{ApiVersion, BadTarget};

/// A path, split at its slashes. No segment is empty, a dot segment, or holds a control character or a backslash.
#[derive(Debug)]
pub(super) struct Path<'a> {
    /// The version before the path, if there is one.
    pub(super) version: Option<ApiVersion>,
    /// The raw path below the version.
    raw: &'a str,
    /// The segments below the version.
    pub(super) segments: Vec<Segment<'a>>,
    /// Whether a slash follows the last segment.
    pub(super) trailing_slash: bool,
}

/// One segment of a path.
#[derive(Debug)]
pub(super) struct Segment<'a> {
    /// Where it stands in the raw path.
    place: Range<usize>,
    /// What it stands for.
    pub(super) text: Cow<'a, str>,
    /// Whether it came with escapes.
    pub(super) encoded: bool,
}

impl<'a> Path<'a> {
    /// Reads `raw`, which begins with a slash.
    pub(super) fn parse(raw: &'a str) -> Result<Self, BadTarget> {
        check_bytes(raw)?;
        let mut path = Self {
            version: None,
            raw,
            segments: Vec::with_capacity(6),
            trailing_slash: false,
        };
        let mut start = 0_usize;
        for (index, bytes) in raw.as_bytes().split(|byte| *byte == b'/').enumerate() {
            let end = start.saturating_add(bytes.len());
            let piece = raw.get(start..end).unwrap_or_default();
            let segment = start..end;
            start = end.saturating_add(1);
            if index == 0 {
                continue;
            }
            if path.trailing_slash {
                return Err(BadTarget::EmptySegment);
            }
            if piece.is_empty() {
                path.trailing_slash = true;
                continue;
            }
            let encoded = bytes.contains(&b'%');
            let text = if encoded {
                decode_piece(piece)?
            } else {
                Cow::Borrowed(piece)
            };
            if encoded || piece.starts_with('.') {
                check_text(&text)?;
            }
            if index == 1 {
                path.version = version(&text, encoded)?;
                if path.version.is_some() {
                    continue;
                }
            }
            path.segments.push(Segment {
                place: segment,
                text,
                encoded,
            });
        }
        Ok(path)
    }

    /// The text of the segments from `first` up to, and without, `end`, with slashes between them.
    pub(super) fn join(&self, first: usize, end: usize) -> Cow<'a, str> {
        let segments = self.segments.get(first..end).unwrap_or_default();
        if let (Some(first), Some(last)) = (segments.first(), segments.last())
            && !segments.iter().any(|segment| segment.encoded)
            && let Some(raw) = self.raw.get(first.place.start..last.place.end)
        {
            return Cow::Borrowed(raw);
        }
        let texts: Vec<&str> = segments
            .iter()
            .map(|segment| segment.text.as_ref())
            .collect();
        Cow::Owned(texts.join("/"))
    }

    /// The whole path below the version, decoded, beginning with a slash.
    pub(super) fn text(&self) -> Cow<'a, str> {
        let encoded = self.segments.iter().any(|segment| segment.encoded);
        match self.segments.first() {
            Some(first) if !encoded => Cow::Borrowed(
                self.raw
                    .get(first.place.start.saturating_sub(1)..)
                    .unwrap_or(self.raw),
            ),
            Some(_) => Cow::Owned(format!("/{}", self.join(0, self.segments.len()))),
            None => Cow::Borrowed("/"),
        }
    }
}

fn decode_piece(piece: &str) -> Result<Cow<'_, str>, BadTarget> {
    decode(piece, Plus::Plus).map_err(|error| match error {
        BadEncoding::Escape => BadTarget::PathEscape,
        BadEncoding::Utf8 => BadTarget::PathUtf8,
    })
}

/// Refuses bytes that no path may hold (RFC 3986, section 3.3).
fn check_bytes(raw: &str) -> Result<(), BadTarget> {
    match raw.bytes().find(|byte| !PATH_BYTES.contains(*byte)) {
        None => Ok(()),
        Some(b'#') => Err(BadTarget::Fragment),
        Some(b'\\') => Err(BadTarget::Backslash),
        Some(other) => Err(BadTarget::PathByte(other)),
    }
}

static PATH_BYTES: ByteSet = ByteSet::alphanumeric_and(b"/%-._~!$&'()*+,;=:@");

/// Refuses what a decoded segment may not hold.
fn check_text(text: &str) -> Result<(), BadTarget> {
    if text.chars().any(char::is_control) {
        return Err(BadTarget::PathControl);
    }
    if text.contains('\\') {
        return Err(BadTarget::Backslash);
    }
    for piece in text.split('/') {
        match piece {
            "" => return Err(BadTarget::EmptySegment),
            "." | ".." => return Err(BadTarget::DotSegment),
            _ => {}
        }
    }
    Ok(())
}

/// The version that a first segment names: `v1.41`, and nothing that only resembles it.
fn version(text: &str, encoded: bool) -> Result<Option<ApiVersion>, BadTarget> {
    let Some(numbers) = text.strip_prefix(['v', 'V']) else {
        return Ok(None);
    };
    if numbers.is_empty()
        || !numbers
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'.')
    {
        return Ok(None);
    }
    if encoded {
        return Err(BadTarget::EncodedVersion(text.to_owned()));
    }
    let parsed = if text.starts_with('v') {
        ApiVersion::parse(numbers)
    } else {
        None
    };
    parsed
        .map(Some)
        .ok_or_else(|| BadTarget::Version(text.to_owned()))
}
