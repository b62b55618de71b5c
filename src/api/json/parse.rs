//! Bytes to values.

use std::borrow::Cow;

use super::{BadJson, BadJsonReason, Document, Member, Value};

/// Reads one value and the white space around it, with at most `most` values in it.
pub(super) fn document(input: &[u8], most: usize) -> Result<Value<'_>, BadJson> {
    let text = match std::str::from_utf8(input) {
        Ok(text) => text,
        Err(error) => {
            return Err(locate(
                input,
                error.valid_up_to(),
                BadJsonReason::NotUtf8,
                String::new(),
            ));
        }
    };
    let mut parser = Parser {
        text,
        at: 0,
        depth: 0,
        left: most,
        path: Vec::new(),
    };
    match parser.whole() {
        Ok(value) => Ok(value),
        Err(reason) => {
            let path = parser.path_text();
            Err(locate(input, parser.at, reason, path))
        }
    }
}

fn locate(input: &[u8], offset: usize, reason: BadJsonReason, path: String) -> BadJson {
    let before = input.get(..offset).unwrap_or(input);
    let start = before
        .iter()
        .rposition(|&byte| byte == b'\n')
        .map_or(0, |at| at.saturating_add(1));
    let lines = before.split(|&byte| byte == b'\n').count();
    BadJson {
        reason,
        offset,
        line: lines,
        column: offset.saturating_sub(start).saturating_add(1),
        path,
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    /// How many values there may still be.
    left: usize,
    /// Where an error occurred, from the inside out.
    path: Vec<Step<'a>>,
}

enum Step<'a> {
    Name(Cow<'a, str>),
    Index(usize),
}

/// Where a run of plain characters ends.
enum Stop {
    Quote,
    Backslash,
}

type Read<T> = Result<T, BadJsonReason>;

impl<'a> Parser<'a> {
    fn whole(&mut self) -> Read<Value<'a>> {
        if self.text.starts_with('\u{FEFF}') {
            return Err(BadJsonReason::ByteOrderMark);
        }
        let mut value = Value::Null;
        self.value(&mut value)?;
        self.skip_space();
        match self.peek() {
            None => Ok(value),
            Some(_) => Err(BadJsonReason::DataBehindDocument),
        }
    }

    /// Reads a value to where it belongs: to hand it on from level to level would take longer than to read it.
    fn value(&mut self, out: &mut Value<'a>) -> Read<()> {
        self.skip_space();
        self.left = self
            .left
            .checked_sub(1)
            .ok_or(BadJsonReason::TooManyValues)?;
        match self.peek() {
            Some(b'{') => self.object(out),
            Some(b'[') => self.array(out),
            Some(b'"') => {
                *out = Value::Text(self.string()?);
                Ok(())
            }
            Some(b't') => self.word("true", Value::Bool(true), out),
            Some(b'f') => self.word("false", Value::Bool(false), out),
            Some(b'n') => self.word("null", Value::Null, out),
            Some(b'-' | b'0'..=b'9') => self.number(out),
            Some(_) => Err(BadJsonReason::Wanted("a value")),
            None => Err(BadJsonReason::Ends),
        }
    }

    fn object(&mut self, out: &mut Value<'a>) -> Read<()> {
        self.enter()?;
        let mut members: Vec<Member<'a>> = Vec::new();
        let mut names = Names::default();
        self.skip_space();
        if self.peek() == Some(b'}') {
            self.leave();
            *out = Value::Object(members);
            return Ok(());
        }
        loop {
            self.skip_space();
            let start = self.at;
            let name = match self.peek() {
                Some(b'"') => self.string()?,
                Some(_) => return Err(BadJsonReason::Wanted("a name in quotes")),
                None => return Err(BadJsonReason::Ends),
            };
            let twin = || members.iter().any(|member| member.name == name);
            if names.may_hold(&name) && members.len() < FEW && twin() {
                self.at = start;
                return Err(BadJsonReason::DuplicateName(name.into_owned()));
            }
            self.skip_space();
            self.take(b':', "a colon behind the name")?;
            members.push(Member {
                name,
                value: Value::Null,
            });
            if let Some(member) = members.last_mut()
                && let Err(reason) = self.value(&mut member.value)
            {
                self.path.push(Step::Name(std::mem::take(&mut member.name)));
                return Err(reason);
            }
            self.skip_space();
            match self.peek() {
                Some(b',') => self.step(1),
                Some(b'}') => break,
                Some(_) => return Err(BadJsonReason::Wanted("a comma or the end of the object")),
                None => return Err(BadJsonReason::Ends),
            }
        }
        if names.doubtful
            && let Some(name) = duplicate(&members)
        {
            return Err(BadJsonReason::DuplicateName(name.to_owned()));
        }
        self.leave();
        *out = Value::Object(members);
        Ok(())
    }

    fn array(&mut self, out: &mut Value<'a>) -> Read<()> {
        self.enter()?;
        let mut items = Vec::new();
        self.skip_space();
        if self.peek() == Some(b']') {
            self.leave();
            *out = Value::Array(items);
            return Ok(());
        }
        loop {
            let index = items.len();
            items.push(Value::Null);
            if let Some(item) = items.last_mut()
                && let Err(reason) = self.value(item)
            {
                self.path.push(Step::Index(index));
                return Err(reason);
            }
            self.skip_space();
            match self.peek() {
                Some(b',') => self.step(1),
                Some(b']') => {
                    self.leave();
                    *out = Value::Array(items);
                    return Ok(());
                }
                Some(_) => return Err(BadJsonReason::Wanted("a comma or the end of the array")),
                None => return Err(BadJsonReason::Ends),
            }
        }
    }

    fn enter(&mut self) -> Read<()> {
        if self.depth >= Document::MAX_DEPTH {
            return Err(BadJsonReason::TooDeep);
        }
        self.depth = self.depth.saturating_add(1);
        self.step(1);
        Ok(())
    }

    fn leave(&mut self) {
        self.depth = self.depth.saturating_sub(1);
        self.step(1);
    }

    fn word(&mut self, word: &'static str, value: Value<'a>, out: &mut Value<'a>) -> Read<()> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        if rest.starts_with(word) {
            self.step(word.len());
            *out = value;
            Ok(())
        } else {
            Err(BadJsonReason::Wanted("a value"))
        }
    }

    /// RFC 8259, section 6.
    fn number(&mut self, out: &mut Value<'a>) -> Read<()> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.step(1);
        }
        match self.peek() {
            Some(b'0') => self.step(1),
            Some(b'1'..=b'9') => self.digits(),
            Some(_) | None => return Err(BadJsonReason::Number),
        }
        if self.peek() == Some(b'.') {
            self.step(1);
            self.some_digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.step(1);
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.step(1);
            }
            self.some_digits()?;
        }
        if matches!(
            self.peek(),
            Some(b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'.' | b'_')
        ) {
            return Err(BadJsonReason::Number);
        }
        *out = Value::Number(Cow::Borrowed(self.since(start)));
        Ok(())
    }

    fn some_digits(&mut self) -> Read<()> {
        if !matches!(self.peek(), Some(b'0'..=b'9')) {
            return Err(BadJsonReason::Number);
        }
        self.digits();
        Ok(())
    }

    fn digits(&mut self) {
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.step(1);
        }
    }

    /// The parser stands on the opening quote.
    fn string(&mut self) -> Read<Cow<'a, str>> {
        self.step(1);
        let start = self.at;
        match self.plain()? {
            Stop::Quote => {
                let text = self.since(start);
                self.step(1);
                Ok(Cow::Borrowed(text))
            }
            Stop::Backslash => self.escaped(start).map(Cow::Owned),
        }
    }

    /// Passes bytes that stand for themselves; stops at the closing quote or a backslash.
    fn plain(&mut self) -> Read<Stop> {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        let length = plain_bytes(rest);
        self.step(length);
        match rest.get(length) {
            Some(b'"') => Ok(Stop::Quote),
            Some(b'\\') => Ok(Stop::Backslash),
            Some(_) => Err(BadJsonReason::ControlCharacter),
            None => Err(BadJsonReason::Ends),
        }
    }

    /// Reads on from the first backslash of a string that began at `start`.
    fn escaped(&mut self, start: usize) -> Read<String> {
        let mut out = String::from(self.since(start));
        loop {
            let letter = self.escape()?;
            out.push(letter);
            let from = self.at;
            let closed = matches!(self.plain()?, Stop::Quote);
            out.push_str(self.since(from));
            if closed {
                self.step(1);
                return Ok(out);
            }
        }
    }

    /// The parser stands on a backslash.
    fn escape(&mut self) -> Read<char> {
        let start = self.at;
        self.step(1);
        let letter = match self.peek() {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                let letter = self.unicode();
                if letter.is_err() {
                    self.at = start;
                }
                return letter;
            }
            Some(_) => return Err(BadJsonReason::Escape),
            None => return Err(BadJsonReason::Ends),
        };
        self.step(1);
        Ok(letter)
    }

    /// The parser stands on the `u` of an escape; RFC 8259, section 7.
    fn unicode(&mut self) -> Read<char> {
        let first = self.hex()?;
        let code = match first {
            0 => return Err(BadJsonReason::Nul),
            0xD800..0xDC00 => {
                if self.peek() != Some(b'\\') {
                    return Err(BadJsonReason::LoneSurrogate);
                }
                self.step(1);
                if self.peek() != Some(b'u') {
                    return Err(BadJsonReason::LoneSurrogate);
                }
                let second = self.hex()?;
                match char::decode_utf16([first, second]).next() {
                    Some(Ok(letter)) => return Ok(letter),
                    Some(Err(_)) | None => return Err(BadJsonReason::LoneSurrogate),
                }
            }
            _ => u32::from(first),
        };
        char::from_u32(code).ok_or(BadJsonReason::LoneSurrogate)
    }

    fn hex(&mut self) -> Read<u16> {
        self.step(1);
        let from = self.at;
        let digits = self
            .text
            .get(from..from.saturating_add(4))
            .ok_or(BadJsonReason::Escape)?;
        if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(BadJsonReason::Escape);
        }
        self.step(4);
        u16::from_str_radix(digits, 16).map_err(|_| BadJsonReason::Escape)
    }

    fn take(&mut self, byte: u8, what: &'static str) -> Read<()> {
        match self.peek() {
            Some(found) if found == byte => {
                self.step(1);
                Ok(())
            }
            Some(_) => Err(BadJsonReason::Wanted(what)),
            None => Err(BadJsonReason::Ends),
        }
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.step(1);
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn step(&mut self, bytes: usize) {
        self.at = self.at.saturating_add(bytes);
    }

    fn since(&self, start: usize) -> &'a str {
        self.text.get(start..self.at).unwrap_or_default()
    }

    fn path_text(&self) -> String {
        let mut text = String::new();
        for step in self.path.iter().rev() {
            match step {
                Step::Name(name) => {
                    if !text.is_empty() {
                        text.push('.');
                    }
                    text.push_str(name);
                }
                Step::Index(index) => {
                    text.push('[');
                    text.push_str(&index.to_string());
                    text.push(']');
                }
            }
        }
        text
    }
}

/// Up to so many members, a doubtful name is compared with each before it, which gives the exact place of a twin;
/// with more, all are compared at the end.
const FEW: usize = 256;

fn duplicate<'m>(members: &'m [Member<'_>]) -> Option<&'m str> {
    if members.len() <= FEW {
        return None;
    }
    let mut names: Vec<&str> = members.iter().map(|member| &*member.name).collect();
    names.sort_unstable();
    names
        .iter()
        .zip(names.iter().skip(1))
        .find_map(|(one, next)| (one == next).then_some(*one))
}

/// Which names have come, so far as a few bits can tell: most objects have no two that look alike.
#[derive(Default)]
struct Names {
    bits: [u64; 32],
    /// Whether some name may be a twin.
    doubtful: bool,
}

impl Names {
    /// Adds a name, and says whether it may have come before.
    fn may_hold(&mut self, name: &str) -> bool {
        let bytes = name.as_bytes();
        let head = bytes
            .first_chunk::<8>()
            .map_or_else(|| short(bytes), |head| u64::from_le_bytes(*head));
        let tail = bytes
            .last_chunk::<8>()
            .map_or(0, |tail| u64::from_le_bytes(*tail));
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let mixed = (head ^ tail.rotate_left(23) ^ length).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let word = usize::try_from(mixed >> 59).unwrap_or(0);
        let bit = 1_u64 << ((mixed >> 53) & 63);
        let Some(bits) = self.bits.get_mut(word) else {
            return true;
        };
        let known = *bits & bit != 0;
        *bits |= bit;
        self.doubtful |= known;
        known
    }
}

fn short(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0, |all, byte| (all << 8) | u64::from(*byte))
}

/// How many bytes of a string stand for themselves: up to a quote, a backslash or a control character. Eight are
/// looked at at once; borrows spoil only bytes behind the first hit (S. E. Anderson, Bit Twiddling Hacks).
fn plain_bytes(bytes: &[u8]) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let below = |word: u64, limit: u64| word.wrapping_sub(limit.wrapping_mul(ONES)) & !word & HIGH;
    let (chunks, rest) = bytes.as_chunks::<8>();
    let mut passed = 0_usize;
    for chunk in chunks {
        let word = u64::from_le_bytes(*chunk);
        let quote = below(word ^ ONES.wrapping_mul(0x22), 1);
        let backslash = below(word ^ ONES.wrapping_mul(0x5C), 1);
        let hits = quote | backslash | below(word, 0x20);
        if hits != 0 {
            return passed.saturating_add(usize::try_from(hits.trailing_zeros() / 8).unwrap_or(0));
        }
        passed = passed.saturating_add(8);
    }
    let more = rest
        .iter()
        .position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20));
    passed.saturating_add(more.unwrap_or(rest.len()))
}
