//! The instructions of a Dockerfile, each on one line.

use std::ops::Range;

use super::{Doubt, doubtful};

/// An instruction on one line.
#[derive(Debug, Default)]
pub(super) struct Line {
    pub(super) text: String,
    /// Where parts of it stand in the file: the offset in the line, and that in the file.
    parts: Vec<(usize, usize)>,
}

/// A word of a line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Word<'l> {
    pub(super) text: &'l str,
    /// Where it begins in the line.
    pub(super) at: usize,
}

impl Line {
    fn push(&mut self, part: &str, at: usize) {
        self.parts.push((self.text.len(), at));
        self.text.push_str(part);
    }

    fn is_blank(&self) -> bool {
        self.text.trim().is_empty()
    }

    /// The words between white space.
    pub(super) fn words(&self) -> impl Iterator<Item = Word<'_>> {
        let mut at = 0_usize;
        self.text
            .split_inclusive(char::is_whitespace)
            .filter_map(move |piece| {
                let text = piece.trim_end();
                let word = Word { text, at };
                at = at.saturating_add(piece.len());
                (!text.is_empty()).then_some(word)
            })
    }

    /// Where a part of the line that is not empty stands in the file, with whatever stands between its bytes there.
    pub(super) fn place(&self, at: usize, length: usize) -> Range<usize> {
        let place = |offset: usize| {
            let part = self.parts.iter().rev().find(|part| part.0 <= offset);
            part.map_or(offset, |(in_line, in_file)| {
                in_file.saturating_add(offset.saturating_sub(*in_line))
            })
        };
        let last = at.saturating_add(length.saturating_sub(1));
        place(at)..place(last).saturating_add(1)
    }
}

/// The instructions in `text`.
pub(super) fn logical_lines(text: &str) -> Result<Vec<Line>, Doubt> {
    let escape = escape(text)?;
    let mut lines = Vec::new();
    let mut current = Line::default();
    let mut next = 0_usize;
    for line in text.split('\n') {
        let at = next;
        next = at.saturating_add(line.len()).saturating_add(1);
        let line = line.trim_end_matches('\r');
        let bare = line.trim();
        if bare.starts_with('#') || (bare.is_empty() && !current.text.is_empty()) {
            continue;
        }
        let end = line.trim_end_matches([' ', '\t']);
        if let Some(begun) = end.strip_suffix(escape) {
            if begun.ends_with(escape) {
                return Err(doubtful(format!("`{bare}` ends in two escape characters")));
            }
            current.push(begun, at);
            continue;
        }
        current.push(line, at);
        let whole = std::mem::take(&mut current);
        if !whole.is_blank() {
            lines.push(whole);
        }
    }
    if !current.is_blank() {
        lines.push(current);
    }
    Ok(lines)
}

/// The escape character: a directive among the first lines may change it.
fn escape(text: &str) -> Result<char, Doubt> {
    let escape = directives(text).find(|(name, _)| name.eq_ignore_ascii_case("escape"));
    match escape {
        None | Some((_, "\\")) => Ok('\\'),
        Some((_, "`")) => Ok('`'),
        Some((_, other)) => Err(doubtful(format!("`{other}` is no escape character"))),
    }
}

/// The `# NAME=VALUE` lines that a file begins with.
pub(super) fn directives(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.split('\n').map_while(|line| {
        let (name, value) = line.trim().strip_prefix('#')?.split_once('=')?;
        Some((name.trim(), value.trim()))
    })
}
