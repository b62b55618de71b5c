//! JSON objects written straight into a buffer.
//!
//! The output is ASCII: every control character and everything beyond ASCII is escaped, so that no text of a client can
//! begin a new line, move a terminal's cursor or reverse its reading direction.

/// The members of one JSON object, comma by comma. The braces are the caller's.
#[derive(Debug, Default)]
pub(crate) struct Line(Vec<u8>);

/// The longest text that is written whole; what is behind it is cut off, and three dots say so.
const MAX_TEXT: usize = 1024;

const HEX: &[u8; 16] = b"0123456789abcdef";

impl Line {
    /// A line in the storage of `buffer`, which loses its content.
    pub(crate) fn reuse(mut buffer: Vec<u8>) -> Self {
        buffer.clear();
        Self(buffer)
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    /// Appends what is JSON already.
    pub(crate) fn raw(&mut self, json: &[u8]) -> &mut Self {
        self.0.extend_from_slice(json);
        self
    }

    /// Begins a member: its value is to be written next.
    pub(crate) fn key(&mut self, key: &str) -> &mut Self {
        if !matches!(self.0.last(), None | Some(b'{' | b'[' | b',')) {
            self.0.push(b',');
        }
        self.0.push(b'"');
        self.0.extend_from_slice(key.as_bytes());
        self.0.extend_from_slice(b"\":");
        self
    }

    /// Begins an element of an array.
    pub(crate) fn element(&mut self) -> &mut Self {
        if !matches!(self.0.last(), None | Some(b'[')) {
            self.0.push(b',');
        }
        self
    }

    /// A member with a text.
    pub(crate) fn text(&mut self, key: &str, text: &str) -> &mut Self {
        self.key(key).value(text)
    }

    /// A member with a whole number.
    pub(crate) fn number(&mut self, key: &str, number: u64) -> &mut Self {
        self.key(key).digits(number)
    }

    /// A text as a value.
    pub(crate) fn value(&mut self, text: &str) -> &mut Self {
        self.0.push(b'"');
        self.escaped(text);
        self.0.push(b'"');
        self
    }

    /// A whole number as a value.
    pub(crate) fn digits(&mut self, mut number: u64) -> &mut Self {
        let mut digits = [0_u8; 20];
        let mut used = 0_usize;
        for place in digits.iter_mut().rev() {
            *place = b'0'.saturating_add(u8::try_from(number % 10).unwrap_or(0));
            number /= 10;
            used = used.saturating_add(1);
            if number == 0 {
                break;
            }
        }
        self.0.extend_from_slice(
            digits
                .get(20_usize.saturating_sub(used)..)
                .unwrap_or_default(),
        );
        self
    }

    /// `number` with at least `width` digits, for the parts of a time.
    pub(crate) fn padded(&mut self, mut number: u64, width: usize) -> &mut Self {
        let start = self.0.len();
        self.0.resize(start.saturating_add(width), b'0');
        for place in self.0.get_mut(start..).unwrap_or_default().iter_mut().rev() {
            *place = b'0'.saturating_add(u8::try_from(number % 10).unwrap_or(0));
            number /= 10;
        }
        self
    }

    /// A number that may have a fraction; what JSON has no word for becomes `null`.
    pub(crate) fn float(&mut self, number: f64) -> &mut Self {
        if number.is_finite() {
            self.0.extend_from_slice(number.to_string().as_bytes());
        } else {
            self.0.extend_from_slice(b"null");
        }
        self
    }

    /// `number` in hexadecimal, with at least `width` digits.
    pub(crate) fn hex(&mut self, number: u64, width: u32) -> &mut Self {
        let digits = 16_u32.saturating_sub(number.leading_zeros() / 4).max(width);
        for place in (0..digits).rev() {
            let nibble = number.checked_shr(place.saturating_mul(4)).unwrap_or(0) & 0xf;
            let digit = usize::try_from(nibble)
                .ok()
                .and_then(|nibble| HEX.get(nibble));
            self.0.push(digit.copied().unwrap_or(b'0'));
        }
        self
    }

    /// Gives back the storage that is not in use.
    pub(crate) fn shrink(&mut self) {
        self.0.shrink_to_fit();
    }

    fn escaped(&mut self, text: &str) {
        let mut end = MAX_TEXT.min(text.len());
        while !text.is_char_boundary(end) {
            end = end.saturating_sub(1);
        }
        let kept = text.get(..end).unwrap_or_default();
        if kept.bytes().all(is_plain) {
            self.0.extend_from_slice(kept.as_bytes());
        } else {
            kept.chars().for_each(|c| self.escape(c));
        }
        if end < text.len() {
            self.0.extend_from_slice(b"...");
        }
    }

    fn escape(&mut self, c: char) {
        match u8::try_from(c) {
            Ok(b'"') => self.0.extend_from_slice(b"\\\""),
            Ok(b'\\') => self.0.extend_from_slice(b"\\\\"),
            Ok(byte) if is_plain(byte) => self.0.push(byte),
            Ok(_) | Err(_) => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    self.0.extend_from_slice(b"\\u");
                    for shift in [12_u32, 8, 4, 0] {
                        let nibble = usize::from((*unit >> shift) & 0xf);
                        self.0.push(HEX.get(nibble).copied().unwrap_or(b'0'));
                    }
                }
            }
        }
    }
}

/// Whether a byte stands for itself in a JSON string. `<` and `&` are escaped as well, so that no record can end a script or
/// begin an element where somebody pastes it into a page.
const fn is_plain(byte: u8) -> bool {
    matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\' | b'<' | b'&')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(
        clippy::disallowed_methods,
        reason = "another parser than the gate's own is wanted here"
    )]
    fn read(line: &Line) -> serde_json::Value {
        serde_json::from_slice(line.bytes()).unwrap()
    }

    #[test]
    fn writes_what_a_json_parser_reads_back() {
        let nasty =
            "a\"b\\c\n\r\t\u{0}\u{1b}[2J\u{7f}\u{9b}\u{202e}\u{2028}<script>&\u{e9}\u{1f600}";
        let mut line = Line::default();
        line.raw(b"{")
            .text("nasty", nasty)
            .number("zero", 0)
            .number("most", u64::MAX);
        line.key("list")
            .raw(b"[")
            .element()
            .value("a")
            .element()
            .value("b")
            .raw(b"]}");
        assert!(line.bytes().iter().all(|byte| matches!(byte, b' '..=b'~')));
        let read = read(&line);
        assert_eq!(read["nasty"], nasty);
        assert_eq!(read["zero"], 0);
        assert_eq!(read["most"], u64::MAX);
        assert_eq!(read["list"], serde_json::json!(["a", "b"]));
    }

    #[test]
    fn cuts_long_texts_at_a_character() {
        let mut line = Line::default();
        line.value(&"\u{e9}".repeat(600));
        assert_eq!(read(&line), format!("{}...", "\u{e9}".repeat(512)));
    }
}
