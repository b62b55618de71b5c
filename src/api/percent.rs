//! Percent-encoding, read strictly and written canonically (RFC 3986, section 2.1).

use std::borrow::Cow;

/// What a `+` stands for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Plus {
    /// Itself, as in a path.
    Plus,
    /// A space, as in a query.
    Space,
}

/// Why text has no decoded form.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum BadEncoding {
    /// A percent sign without two hexadecimal digits behind it.
    Escape,
    /// What the escapes stand for is not UTF-8.
    Utf8,
}

/// A set of bytes.
#[derive(Debug)]
pub(super) struct ByteSet([bool; 256]);

impl ByteSet {
    /// ASCII letters and digits, and the bytes in `others`.
    #[expect(
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        clippy::as_conversions,
        reason = "a byte is below 256, and the compiler evaluates the sets, which are all static"
    )]
    pub(super) const fn alphanumeric_and(others: &[u8]) -> Self {
        let mut set = [false; 256];
        let mut byte = 0_u8;
        while byte < 128 {
            set[byte as usize] = byte.is_ascii_alphanumeric();
            byte += 1;
        }
        let mut other = 0;
        while other < others.len() {
            set[others[other] as usize] = true;
            other += 1;
        }
        Self(set)
    }

    #[inline]
    pub(super) fn contains(&self, byte: u8) -> bool {
        self.0.get(usize::from(byte)).copied().unwrap_or(false)
    }
}

/// Decodes `text` once.
pub(super) fn decode(text: &str, plus: Plus) -> Result<Cow<'_, str>, BadEncoding> {
    let encoded = |byte: &u8| *byte == b'%' || (plus == Plus::Space && *byte == b'+');
    if !text.as_bytes().iter().any(encoded) {
        return Ok(Cow::Borrowed(text));
    }
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => {
                let high = bytes.next().and_then(digit).ok_or(BadEncoding::Escape)?;
                let low = bytes.next().and_then(digit).ok_or(BadEncoding::Escape)?;
                (high << 4) | low
            }
            b'+' if plus == Plus::Space => b' ',
            other => other,
        });
    }
    String::from_utf8(decoded)
        .map(Cow::Owned)
        .map_err(|_| BadEncoding::Utf8)
}

/// Appends `text`: bytes in `readable` as they are, all other bytes as escapes.
pub(super) fn encode(text: &str, readable: &ByteSet, out: &mut Vec<u8>) {
    if text.bytes().all(|byte| readable.contains(byte)) {
        out.extend_from_slice(text.as_bytes());
        return;
    }
    for byte in text.bytes() {
        if readable.contains(byte) {
            out.push(byte);
        } else {
            out.extend([b'%', upper(byte >> 4), upper(byte & 0xf)]);
        }
    }
}

const fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte.wrapping_sub(b'0')),
        b'a'..=b'f' => Some(byte.wrapping_sub(b'a').wrapping_add(10)),
        b'A'..=b'F' => Some(byte.wrapping_sub(b'A').wrapping_add(10)),
        _ => None,
    }
}

const fn upper(nibble: u8) -> u8 {
    match nibble {
        0..=9 => b'0'.wrapping_add(nibble),
        _ => b'A'.wrapping_add(nibble).wrapping_sub(10),
    }
}
