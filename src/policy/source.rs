//! A policy file as a tree of nodes that know where they stand.
//!
//! A policy decides who becomes root, so its file may have one reading only, for people and for every
//! parser: a small, plain subset of YAML. Refused are anchors and aliases, tags, merge keys, keys that
//! come twice or that are not plain text, more than one document, characters that a screen does not
//! show, and files that are deep or large. `yes`, `no`, `on` and `off` are text and never a boolean.
//!
//! Why not a serde deserializer: `serde_yaml` is archived, and it and its forks keep the last of two
//! equal keys of a map in silence, so that a second `deny:` could make the first one vanish; they tell
//! a mistake's place only sometimes, and stop at the first. `saphyr-parser` is maintained, is safe Rust,
//! and gives events with their places; the tree below is what a policy needs on top of it.

mod build;

use std::sync::Arc;

use build::Builder;

use super::diagnostics::{Diagnostic, Diagnostics, Severity, is_unprintable};

/// How deep lists and mappings may nest.
const MAX_DEPTH: usize = 16;
/// How many nodes a file may have.
const MAX_NODES: usize = 20_000;
/// How long a file may be, in bytes.
const MAX_BYTES: usize = 1 << 20;

/// A file's name and text.
#[derive(Clone, Debug)]
pub(super) struct Source<'s> {
    /// The name that messages use.
    pub(super) file: Arc<str>,
    /// The whole text.
    pub(super) text: &'s str,
    /// The byte that each line begins with.
    starts: Vec<usize>,
}

/// Where a node stands in its file.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Span {
    /// The line, from 1.
    pub(super) line: usize,
    /// The column in characters, from 1.
    pub(super) column: usize,
    /// The first byte.
    pub(super) start: usize,
    /// The byte behind the last one.
    pub(super) end: usize,
}

/// A value of the file.
#[derive(Clone, Debug)]
pub(super) struct Node {
    /// Where it stands.
    pub(super) span: Span,
    /// What it is.
    pub(super) data: Data,
}

/// What a node holds.
#[derive(Clone, Debug)]
pub(super) enum Data {
    /// Text; `plain` when written without quotes, so that it may stand for a number, a boolean or nothing.
    Scalar {
        /// The text, unescaped.
        text: String,
        /// Whether it was written without quotes.
        plain: bool,
    },
    /// A list.
    List(Vec<Node>),
    /// A mapping: keys are scalars, and each comes once.
    Map(Vec<Entry>),
}

/// A key of a mapping and its value.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// The key's text.
    pub(super) key: String,
    /// Where the key stands.
    pub(super) span: Span,
    /// The value.
    pub(super) value: Node,
}

impl Span {
    /// The first character alone.
    pub(super) fn first(self) -> Self {
        Self {
            end: self.start.saturating_add(1),
            ..self
        }
    }
}

impl Node {
    /// Whether the value is left out, or written as `null` or `~`.
    pub(super) fn is_null(&self) -> bool {
        matches!(&self.data, Data::Scalar { text, plain: true }
            if matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL"))
    }

    /// What the node is, for a message.
    pub(super) fn kind(&self) -> &'static str {
        if self.is_null() {
            return "nothing";
        }
        match self.data {
            Data::Scalar { .. } => "text",
            Data::List(_) => "a list",
            Data::Map(_) => "a mapping",
        }
    }
}

impl<'s> Source<'s> {
    /// A file of that name.
    pub(super) fn new(file: &str, text: &'s str) -> Self {
        Self {
            file: file.into(),
            text,
            starts: std::iter::once(0)
                .chain(text.match_indices('\n').map(|(at, _)| at.saturating_add(1)))
                .collect(),
        }
    }

    /// The text of a line, counted from 1.
    pub(super) fn line(&self, number: usize) -> &'s str {
        let index = number.saturating_sub(1);
        let from = self.starts.get(index).copied().unwrap_or(self.text.len());
        let to = self
            .starts
            .get(index.saturating_add(1))
            .copied()
            .unwrap_or(self.text.len());
        self.text
            .get(from..to)
            .unwrap_or_default()
            .trim_end_matches(['\r', '\n'])
    }

    /// How many characters of `span` stand on its first line.
    pub(super) fn chars_on_first_line(&self, span: Span) -> usize {
        self.text.get(span.start..span.end).map_or(1, |text| {
            text.split('\n')
                .next()
                .unwrap_or_default()
                .trim_end()
                .chars()
                .count()
        })
    }

    /// The place of the byte at `offset`.
    fn span_at(&self, offset: usize, length: usize) -> Span {
        let before = self.text.get(..offset).unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |at| at.saturating_add(1));
        Span {
            line: before.matches('\n').count().saturating_add(1),
            column: before
                .get(line_start..)
                .unwrap_or_default()
                .chars()
                .count()
                .saturating_add(1),
            start: offset,
            end: offset.saturating_add(length),
        }
    }

    /// Reads the text as a tree.
    ///
    /// # Errors
    /// What is not in the subset that this module's documentation describes.
    pub(super) fn parse(&self) -> Result<Node, Diagnostics> {
        let mut diagnostics = Diagnostics::default();
        self.check_characters(&mut diagnostics);
        if diagnostics.has_errors() {
            return Err(diagnostics);
        }
        let mut builder = Builder::new(self);
        builder.run(&mut diagnostics);
        if diagnostics.has_errors() {
            diagnostics.sort();
            return Err(diagnostics);
        }
        let root = builder.root.take();
        root.ok_or_else(|| {
            diagnostics.push(
                Diagnostic::new(
                    Severity::Error,
                    self,
                    self.span_at(0, 0),
                    "the file is empty",
                )
                .help("the smallest useful file is `{version: 1, allow: [read]}`"),
            );
            diagnostics
        })
    }

    /// Refuses what an editor would not show, or show in another place, and what is too long.
    fn check_characters(&self, diagnostics: &mut Diagnostics) {
        if self.text.len() > MAX_BYTES {
            diagnostics.error(
                self,
                self.span_at(0, 0),
                format!("the file is longer than {MAX_BYTES} bytes"),
            );
            return;
        }
        let mut chars = self.text.char_indices().peekable();
        while let Some((offset, c)) = chars.next() {
            let fine = match c {
                '\n' | '\t' => true,
                '\r' => chars.peek().is_some_and(|(_, next)| *next == '\n'),
                c => !is_unprintable(c),
            };
            if !fine {
                diagnostics.error(
                    self,
                    self.span_at(offset, c.len_utf8()),
                    format!(
                        "the character U+{:04X} is not allowed: it does not show on a screen",
                        u32::from(c)
                    ),
                );
                // One binary file should not give a million messages.
                if diagnostics.count(Severity::Error) >= 20 {
                    return;
                }
            }
        }
    }
}

/// Reads a file's bytes as text.
///
/// # Errors
/// Where the bytes are not UTF-8.
pub fn decode<'b>(file: &str, bytes: &'b [u8]) -> Result<&'b str, Diagnostics> {
    std::str::from_utf8(bytes).map_err(|error| {
        let readable = bytes
            .get(..error.valid_up_to())
            .and_then(|bytes| std::str::from_utf8(bytes).ok())
            .unwrap_or_default();
        let source = Source::new(file, readable);
        let mut diagnostics = Diagnostics::default();
        diagnostics.error(
            &source,
            source.span_at(readable.len(), 0),
            "the file is not UTF-8 text from here on",
        );
        diagnostics
    })
}

#[cfg(test)]
mod tests;
