//! Reading JSON that lies in memory, value by value, without building anything.
//!
//! Its grammar is as wide as what the engine writes: text that is no Unicode after unescaping is passed over, since a
//! stranger's label may hold it, and must not make a tenant's list unreadable.

use std::borrow::Cow;

use super::nest::Nest;
use crate::tenant::Unshieldable;

/// The levels of arrays and objects that an answer may have. The deepest real one, an inspected service, has nine.
const MAX_DEPTH: usize = 64;

pub(super) type Read<T> = Result<T, Unshieldable>;

pub(super) fn bad<T>(reason: impl Into<String>) -> Read<T> {
    Err(Unshieldable::Unreadable(reason.into()))
}

/// A string as it was written: with its quotes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Quoted<'a> {
    place: usize,
    raw: &'a str,
    escaped: bool,
}

impl<'a> Quoted<'a> {
    /// The bytes as they were written, quotes included.
    pub(super) const fn raw(self) -> &'a str {
        self.raw
    }

    /// Where its first quote stands.
    pub(super) const fn place(self) -> usize {
        self.place
    }

    /// What it stands for. Halves of pairs and other escapes without a meaning become U+FFFD.
    #[expect(
        clippy::inline_always,
        reason = "what is handed over in memory takes longer than reading it"
    )]
    #[inline(always)]
    pub(super) fn text(self) -> Cow<'a, str> {
        let inner = self
            .raw
            .strip_prefix('"')
            .and_then(|text| text.strip_suffix('"'))
            .unwrap_or_default();
        if self.escaped {
            Cow::Owned(unescape(inner))
        } else {
            Cow::Borrowed(inner)
        }
    }
}

/// A place in a JSON text.
#[derive(Debug)]
pub(super) struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(super) const fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// Fails unless nothing but white space is left.
    pub(super) fn end(&mut self) -> Read<()> {
        match self.peek() {
            None => Ok(()),
            Some(_) => self.wanted("the end"),
        }
    }

    /// The first byte of the next value or sign.
    pub(super) fn peek(&mut self) -> Option<u8> {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        // The engine writes no white space between signs.
        if let Some(byte) = rest.first().filter(|byte| **byte > b' ') {
            return Some(*byte);
        }
        let space = rest
            .iter()
            .position(|byte| !matches!(byte, b' ' | b'\t' | b'\n' | b'\r'))
            .unwrap_or(rest.len());
        self.step(space);
        rest.get(space).copied()
    }

    /// Takes `null`, if that is next.
    pub(super) fn null(&mut self) -> Read<bool> {
        if self.peek() != Some(b'n') {
            return Ok(false);
        }
        self.word("null").map(|()| true)
    }

    /// Takes a string.
    #[expect(
        clippy::inline_always,
        reason = "what is handed over in memory takes longer than reading it"
    )]
    #[inline(always)]
    pub(super) fn string(&mut self) -> Read<Quoted<'a>> {
        if self.peek() != Some(b'"') {
            return self.wanted("a string");
        }
        let place = self.at;
        let mut escaped = false;
        self.step(1);
        loop {
            let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
            let plain = plain(rest);
            match rest.get(plain) {
                Some(b'"') => {
                    self.step(plain.saturating_add(1));
                    let raw = self.since(place);
                    return Ok(Quoted {
                        place,
                        raw,
                        escaped,
                    });
                }
                Some(b'\\') => {
                    escaped = true;
                    self.step(plain.saturating_add(2));
                }
                Some(_) | None => {
                    self.step(plain);
                    return self.wanted("the end of a string");
                }
            }
        }
    }

    /// Takes the beginning of an object.
    pub(super) fn open_object(&mut self) -> Read<()> {
        self.sign(b'{', "an object")
    }

    /// Takes the name of the next member, with its colon; `None` for the end of the object.
    #[expect(
        clippy::inline_always,
        reason = "what is handed over in memory takes longer than reading it"
    )]
    #[inline(always)]
    pub(super) fn member(&mut self, first: &mut bool) -> Read<Option<Quoted<'a>>> {
        if !self.goes_on(first, b'}')? {
            return Ok(None);
        }
        let name = self.string()?;
        // The engine writes no white space in front of it.
        if self.text.as_bytes().get(self.at) == Some(&b':') {
            self.step(1);
        } else {
            self.sign(b':', "a colon")?;
        }
        Ok(Some(name))
    }

    /// Takes the beginning of an array.
    pub(super) fn open_array(&mut self) -> Read<()> {
        self.sign(b'[', "an array")
    }

    /// Whether there is one more element; if not, takes the end of the array.
    pub(super) fn element(&mut self, first: &mut bool) -> Read<bool> {
        self.goes_on(first, b']')
    }

    /// Takes a value, whatever it is, as it was written.
    pub(super) fn value(&mut self) -> Read<&'a str> {
        self.peek();
        let start = self.at;
        self.skip(0)?;
        Ok(self.since(start))
    }

    /// Takes a value as it was written, and looks only for its end: for what is not written by it.
    #[expect(
        clippy::inline_always,
        reason = "what is handed over in memory takes longer than reading it"
    )]
    #[inline(always)]
    pub(super) fn pass(&mut self) -> Read<&'a str> {
        match self.peek() {
            Some(b'{' | b'[') => {}
            Some(b'"') => return self.string().map(Quoted::raw),
            Some(_) | None => return self.value(),
        }
        let start = self.at;
        let rest = self.text.as_bytes().get(start..).unwrap_or_default();
        let (length, complete) = Nest::new().run(rest)?;
        if !complete {
            return self.wanted("the end of a value");
        }
        self.step(length);
        Ok(self.since(start))
    }

    /// What was written from a place to where the cursor stands.
    pub(super) fn since(&self, start: usize) -> &'a str {
        self.text.get(start..self.at).unwrap_or_default()
    }

    fn skip(&mut self, depth: usize) -> Read<()> {
        if depth > MAX_DEPTH {
            return bad("it has too many levels");
        }
        let deeper = depth.saturating_add(1);
        let mut first = true;
        match self.peek() {
            Some(b'"') => self.string().map(drop),
            Some(b'{') => {
                self.step(1);
                while self.member(&mut first)?.is_some() {
                    self.skip(deeper)?;
                }
                Ok(())
            }
            Some(b'[') => {
                self.step(1);
                while self.element(&mut first)? {
                    self.skip(deeper)?;
                }
                Ok(())
            }
            Some(b't') => self.word("true"),
            Some(b'f') => self.word("false"),
            Some(b'n') => self.word("null"),
            Some(b'-' | b'0'..=b'9') => {
                self.number();
                Ok(())
            }
            Some(_) | None => self.wanted("a value"),
        }
    }

    fn number(&mut self) {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        let length = rest
            .iter()
            .position(|byte| !matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E'))
            .unwrap_or(rest.len());
        self.step(length);
    }

    fn goes_on(&mut self, first: &mut bool, end: u8) -> Read<bool> {
        let began = std::mem::replace(first, false);
        match self.peek() {
            Some(byte) if byte == end => {
                self.step(1);
                Ok(false)
            }
            Some(b',') if !began => {
                self.step(1);
                Ok(true)
            }
            Some(_) if began => Ok(true),
            Some(_) | None => self.wanted("a comma or an end"),
        }
    }

    fn word(&mut self, word: &str) -> Read<()> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        if rest.starts_with(word) {
            self.step(word.len());
            Ok(())
        } else {
            self.wanted("a value")
        }
    }

    fn sign(&mut self, sign: u8, what: &str) -> Read<()> {
        if self.peek() == Some(sign) {
            self.step(1);
            Ok(())
        } else {
            self.wanted(what)
        }
    }

    fn wanted<T>(&self, what: &str) -> Read<T> {
        bad(format!("{what} should stand at byte {}", self.at))
    }

    fn step(&mut self, bytes: usize) {
        self.at = self.at.saturating_add(bytes);
    }
}

/// How many bytes there are in front of the first quote, backslash or control character.
pub(super) fn plain(bytes: &[u8]) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = 0x8080_8080_8080_8080;
    // The lowest byte that is marked is below `limit`; higher ones may be marked in error.
    let below = |word: u64, limit: u64| word.wrapping_sub(limit.wrapping_mul(ONES)) & !word & HIGHS;
    let (words, rest) = bytes.as_chunks::<8>();
    let mut at = 0_usize;
    for word in words {
        let word = u64::from_le_bytes(*word);
        let found = below(word, 0x20)
            | below(word ^ u64::from(b'"').wrapping_mul(ONES), 1)
            | below(word ^ u64::from(b'\\').wrapping_mul(ONES), 1);
        if found != 0 {
            let bytes = usize::try_from(found.trailing_zeros()).unwrap_or_default() / 8;
            return at.saturating_add(bytes);
        }
        at = at.saturating_add(8);
    }
    let tail = rest
        .iter()
        .position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20))
        .unwrap_or(rest.len());
    at.saturating_add(tail)
}

fn unescape(text: &str) -> String {
    let mut units: Vec<u16> = Vec::with_capacity(text.len());
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        if letter != '\\' {
            units.extend(letter.encode_utf16(&mut [0; 2]).iter());
            continue;
        }
        units.push(match letters.next() {
            Some('b') => 0x8,
            Some('f') => 0xC,
            Some('n') => 0xA,
            Some('r') => 0xD,
            Some('t') => 0x9,
            Some('u') => {
                let digits: String = letters.by_ref().take(4).collect();
                u16::from_str_radix(&digits, 16).unwrap_or(0xFFFD)
            }
            Some(other) => u16::try_from(u32::from(other)).unwrap_or(0xFFFD),
            None => 0xFFFD,
        });
    }
    String::from_utf16_lossy(&units)
}

/// Appends `text` as a JSON string.
pub(super) fn write_text(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    for byte in text.bytes() {
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            0..0x20 => out.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
            _ => out.push(byte),
        }
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_end_of_what_is_plain() {
        for special in [b'"', b'\\', 0, b'\n', 0x1f] {
            for before in 0..40 {
                let mut text = vec![b'a'; before];
                text.push(special);
                text.extend_from_slice(b"\x01\"tail of some length");
                assert_eq!(plain(&text), before, "{special} behind {before}");
            }
        }
        for text in ["", "abc", "abcdefgh!~ \u{7f}\u{e4}\u{1f600}abcdefghij"] {
            assert_eq!(plain(text.as_bytes()), text.len());
        }
    }

    #[test]
    fn takes_values_as_they_were_written() {
        for (text, value) in [
            ("1 ", "1"),
            (" -1.5e+3", "-1.5e+3"),
            ("\"a\\\"b\" x", "\"a\\\"b\""),
            ("{} ", "{}"),
            (
                "{\"a\": [1, {\"b\":null}, true,false],\"a\":\"\\u0000\"},",
                "{\"a\": [1, {\"b\":null}, true,false],\"a\":\"\\u0000\"}",
            ),
            ("[]", "[]"),
        ] {
            assert_eq!(Cursor::new(text).value(), Ok(value), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_no_json() {
        let deep = "[".repeat(100);
        for text in [
            "",
            "x",
            "{",
            "[",
            "[1",
            "[1,",
            "[1 2]",
            "[,1]",
            "{a:1}",
            "{\"a\"}",
            "{\"a\":}",
            "{\"a\":1,}",
            "{\"a\":1 \"b\":2}",
            "[1,]",
            "\"a",
            "\"a\\",
            "\"a\nb\"",
            "nul",
            "[}",
            "{]",
            &deep,
        ] {
            assert!(Cursor::new(text).value().is_err(), "{text}");
        }
    }

    #[test]
    fn unescapes_as_go_does() {
        for (written, text) in [
            (r#""a""#, "a"),
            (r#""\u003c\u0026\u003e""#, "<&>"),
            (r#""\"\\\/\n\t""#, "\"\\/\n\t"),
            (r#""\ud83d\ude00""#, "\u{1f600}"),
            (r#""\ud83dx""#, "\u{fffd}x"),
            (r#""\u0000""#, "\0"),
            (r#""io\u002edoodgate""#, "io.doodgate"),
        ] {
            let quoted = Cursor::new(written).string().unwrap();
            assert_eq!(quoted.text(), text);
            assert_eq!(quoted.raw(), written);
            let mut out = Vec::new();
            write_text(text, &mut out);
            let again = String::from_utf8(out).unwrap();
            assert_eq!(Cursor::new(&again).string().unwrap().text(), text);
        }
    }
}
