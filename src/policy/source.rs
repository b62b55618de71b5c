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

use std::borrow::Cow;
use std::sync::Arc;

use saphyr_parser::{Event, Parser, ScalarStyle};

use super::diagnostics::{Diagnostic, Diagnostics, Severity, is_unprintable, quote};

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

/// A list or mapping that is not closed yet.
struct Open {
    span: Span,
    data: Data,
    /// A mapping's key that waits for its value; `None` inside stands for a key that is refused.
    key: Option<(Option<String>, Span)>,
}

struct Builder<'b, 's> {
    source: &'b Source<'s>,
    /// The byte offset of every character; empty when all characters are one byte long.
    offsets: Vec<usize>,
    open: Vec<Open>,
    root: Option<Node>,
    nodes: usize,
}

impl<'b, 's> Builder<'b, 's> {
    fn new(source: &'b Source<'s>) -> Self {
        let offsets = if source.text.is_ascii() {
            Vec::new()
        } else {
            source.text.char_indices().map(|(at, _)| at).collect()
        };
        Self {
            source,
            offsets,
            open: Vec::new(),
            root: None,
            nodes: 0,
        }
    }

    fn byte(&self, index: usize) -> usize {
        if self.offsets.is_empty() {
            index.min(self.source.text.len())
        } else {
            self.offsets
                .get(index)
                .copied()
                .unwrap_or(self.source.text.len())
        }
    }

    fn span(&self, span: saphyr_parser::Span) -> Span {
        Span {
            line: span.start.line(),
            column: span.start.col().saturating_add(1),
            start: self.byte(span.start.index()),
            end: self.byte(span.end.index()),
        }
    }

    /// Takes the parser's events up to the end, or up to what makes the rest meaningless.
    fn run(&mut self, diagnostics: &mut Diagnostics) {
        let mut documents = 0_usize;
        for event in Parser::new_from_str(self.source.text) {
            let (event, span) = match event {
                Ok((event, span)) => (event, self.span(span)),
                Err(error) => {
                    let marker = error.marker();
                    let span = self.span(saphyr_parser::Span::empty(*marker));
                    let problem = Diagnostic::new(
                        Severity::Error,
                        self.source,
                        span,
                        format!("not valid YAML: {}", error.info()),
                    );
                    diagnostics.push(if error.info().contains("flow") {
                        problem.help("a `{` or `[` in this line or above it may not be closed")
                    } else {
                        problem
                    });
                    return;
                }
            };
            match event {
                Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
                Event::DocumentStart(_) => {
                    documents = documents.saturating_add(1);
                    if documents > 1 {
                        diagnostics.error(
                            self.source,
                            span,
                            "a second document begins here: a file holds one",
                        );
                        return;
                    }
                }
                Event::Alias(_) => {
                    diagnostics.error(
                        self.source,
                        span,
                        "aliases (`*name`) are not allowed: write the value out, or quote the text",
                    );
                    // A value all the same, so that keys and values stay in step.
                    self.close(
                        Node {
                            span,
                            data: Data::Scalar {
                                text: String::new(),
                                plain: true,
                            },
                        },
                        diagnostics,
                    );
                }
                Event::Scalar(text, style, anchor, tag) => {
                    self.begin(span, anchor, tag.is_some(), diagnostics);
                    let plain = style == ScalarStyle::Plain;
                    self.check_scalar(&text, span, plain, diagnostics);
                    self.close(
                        Node {
                            span,
                            data: Data::Scalar {
                                text: Cow::into_owned(text),
                                plain,
                            },
                        },
                        diagnostics,
                    );
                }
                Event::SequenceStart(anchor, tag) => {
                    self.begin(span, anchor, tag.is_some(), diagnostics);
                    self.push(span, Data::List(Vec::new()));
                }
                Event::MappingStart(anchor, tag) => {
                    self.begin(span, anchor, tag.is_some(), diagnostics);
                    self.push(span, Data::Map(Vec::new()));
                }
                Event::SequenceEnd | Event::MappingEnd => {
                    if let Some(open) = self.open.pop() {
                        let node = Node {
                            span: open.span,
                            data: open.data,
                        };
                        self.close(node, diagnostics);
                    }
                }
            }
            if self.nodes > MAX_NODES || self.open.len() > MAX_DEPTH {
                let message = if self.nodes > MAX_NODES {
                    format!("the file has more than {MAX_NODES} values")
                } else {
                    format!("lists and mappings nest deeper than {MAX_DEPTH} here")
                };
                diagnostics.error(self.source, span, message);
                return;
            }
        }
    }

    fn begin(&mut self, span: Span, anchor: usize, tag: bool, diagnostics: &mut Diagnostics) {
        self.nodes = self.nodes.saturating_add(1);
        if anchor != 0 {
            diagnostics.error(
                self.source,
                span,
                "anchors (`&name`) are not allowed: write the value out, or quote the text",
            );
        }
        if tag {
            diagnostics.error(
                self.source,
                span,
                "tags (`!name`) are not allowed: write the value alone, or quote the text",
            );
        }
    }

    fn check_scalar(&self, text: &str, span: Span, plain: bool, diagnostics: &mut Diagnostics) {
        // An escape in double quotes can make what the file itself may not hold.
        if !plain && let Some(c) = text.chars().find(|c| is_unprintable(*c) && *c != '\n') {
            diagnostics.error(
                self.source,
                span,
                format!(
                    "the character U+{:04X} is not allowed, not as an escape either",
                    u32::from(c)
                ),
            );
        }
    }

    fn push(&mut self, span: Span, data: Data) {
        self.open.push(Open {
            span,
            data,
            key: None,
        });
    }

    /// Hands a finished node to what holds it.
    fn close(&mut self, node: Node, diagnostics: &mut Diagnostics) {
        let source = self.source;
        let Some(open) = self.open.last_mut() else {
            self.root = Some(node);
            return;
        };
        match (&mut open.data, open.key.take()) {
            (Data::List(items), _) => items.push(node),
            (Data::Map(_), None) => {
                open.key = Some((check_key(source, &node, diagnostics), node.span));
            }
            (Data::Map(entries), Some((Some(key), span))) => {
                if let Some(first) = entries.iter().find(|entry| entry.key == key) {
                    let line = first.span.line;
                    diagnostics.error(
                        source,
                        span,
                        format!(
                            "the key {} stands here a second time (the first: line {line})",
                            quote(&key)
                        ),
                    );
                } else {
                    entries.push(Entry {
                        key,
                        span,
                        value: node,
                    });
                }
            }
            // The value of a refused key, and what cannot be: a scalar is never open.
            (Data::Map(_) | Data::Scalar { .. }, _) => {}
        }
    }
}

/// A mapping's key as text; `None` when it is refused.
fn check_key(source: &Source<'_>, node: &Node, diagnostics: &mut Diagnostics) -> Option<String> {
    let text = match &node.data {
        Data::Scalar { text, plain } => {
            if *plain && text == "<<" {
                diagnostics.error(
                    source,
                    node.span,
                    "merge keys (`<<`) are not allowed: write the keys out",
                );
                return None;
            }
            if *plain && text.is_empty() {
                diagnostics.error(source, node.span, "a key is missing before the `:`");
                return None;
            }
            text
        }
        Data::List(_) | Data::Map(_) => {
            diagnostics.error(
                source,
                node.span,
                format!("a key must be text, and this is {}", node.kind()),
            );
            return None;
        }
    };
    Some(text.clone())
}

#[cfg(test)]
mod tests;
