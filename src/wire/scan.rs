//! The first look at a head that is still arriving: line ends, control bytes and limits, each byte once.

use super::{BadHead, Limits};

/// How far the bytes of a head have been looked at.
///
/// The work is linear in the bytes of the head, however they were cut into pieces, and what is found
/// does not depend on the cuts.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Scan {
    /// The first byte that has not been looked at.
    seen: usize,
    /// Where the current line begins.
    line: usize,
    /// The complete lines before it.
    lines: usize,
    /// Whether the current call goes on from an earlier one.
    resumed: bool,
}

/// What [`Scan::step`] found.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Step {
    /// The first line is complete: its length without the line end.
    FirstLine(usize),
    /// The head is complete: its length with the empty line.
    End(usize),
    /// All bytes are looked at, and more are needed.
    More,
}

impl Scan {
    /// How many bytes have been looked at.
    #[cfg(test)]
    pub(super) fn seen(&self) -> usize {
        self.seen
    }

    /// Looks at the bytes that are new since the last call. `input` begins with all earlier input. Answers with the
    /// head's length, the empty line included, or with `None` while more is needed. `first_line` gets the first line
    /// without its end.
    ///
    /// Once the head is complete or refused, the next call begins anew.
    pub(super) fn run<E: From<BadHead>>(
        &mut self,
        input: &[u8],
        limits: &Limits,
        first_line: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<Option<usize>, E> {
        self.resumed = self.seen > 0;
        let ended = self.advance(input, limits, first_line);
        if !matches!(ended, Ok(None)) {
            *self = Self::default();
        }
        ended
    }

    fn advance<E: From<BadHead>>(
        &mut self,
        input: &[u8],
        limits: &Limits,
        mut first_line: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<Option<usize>, E> {
        loop {
            match self.step(input, limits)? {
                Step::FirstLine(length) => first_line(input.get(..length).unwrap_or_default())?,
                Step::End(length) => return Ok(Some(length)),
                Step::More => return Ok(None),
            }
        }
    }

    fn step(&mut self, input: &[u8], limits: &Limits) -> Result<Step, BadHead> {
        if self.seen > input.len() {
            *self = Self::default();
        }
        let within = input.get(..limits.head_bytes).unwrap_or(input);
        loop {
            let rest = within.get(self.seen..).unwrap_or_default();
            if self.lines > 0
                && self.seen == self.line
                && matches!(rest.first(), Some(b' ' | b'\t'))
            {
                return Err(BadHead::FoldedLine);
            }
            let Some(found) = first_control(rest) else {
                self.seen = within.len();
                return self.more(input, limits);
            };
            self.seen = self.seen.saturating_add(found);
            if self.lines == 0 && self.seen > limits.line_bytes {
                return Err(BadHead::LineTooLong);
            }
            match (rest.get(found), rest.get(found.saturating_add(1))) {
                (Some(b'\r'), Some(b'\n')) => {}
                (Some(b'\r'), None) => return self.more(input, limits),
                (Some(b'\r'), Some(_)) => return Err(BadHead::BareCarriageReturn),
                (Some(b'\n'), _) => return Err(BadHead::BareLineFeed),
                (Some(_) | None, _) => return Err(BadHead::ControlByte),
            }
            let (start, end) = (self.line, self.seen);
            self.seen = end.saturating_add(2);
            self.line = self.seen;
            match (end == start, self.lines) {
                (true, 0) => return Err(BadHead::LeadingEmptyLine),
                // Whoever gives another head than the one that was begun must not get a mixture of both: a head
                // that came in pieces is looked at once more, as a whole.
                (true, _) if self.resumed => {
                    *self = Self::default();
                    return self.step(input, limits);
                }
                (true, _) => return Ok(Step::End(self.seen)),
                (false, 0) => {
                    self.lines = 1;
                    return Ok(Step::FirstLine(end));
                }
                // The first line is no field.
                (false, lines) if lines > limits.fields => return Err(BadHead::TooManyFields),
                (false, lines) => self.lines = lines.saturating_add(1),
            }
        }
    }

    /// All bytes are looked at: can more of them still complete the head?
    fn more(&self, input: &[u8], limits: &Limits) -> Result<Step, BadHead> {
        if self.lines == 0 && self.seen > limits.line_bytes {
            Err(BadHead::LineTooLong)
        } else if input.len() >= limits.head_bytes {
            Err(BadHead::TooLarge)
        } else {
            Ok(Step::More)
        }
    }
}

/// Where the first byte is that may not stand in a line: all control bytes but the tab. Blocks without one are
/// skipped whole, which the compiler makes a few vector instructions of.
pub(super) fn first_control(bytes: &[u8]) -> Option<usize> {
    const BLOCK: usize = 16;
    let is_control = |&byte: &u8| (byte < 0x20 && byte != b'\t') || byte == 0x7f;
    let (blocks, _) = bytes.as_chunks::<BLOCK>();
    let clean = blocks
        .iter()
        .take_while(|block| !block.iter().fold(false, |any, byte| any | is_control(byte)))
        .count()
        .saturating_mul(BLOCK);
    let found = bytes.get(clean..)?.iter().position(is_control)?;
    Some(clean.saturating_add(found))
}
