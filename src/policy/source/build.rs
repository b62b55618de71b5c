//! The tree, made of the parser's events.

use std::borrow::Cow;

use saphyr_parser::{Event, Parser, ScalarStyle};

use super::{Data, Entry, MAX_DEPTH, MAX_NODES, Node, Source, Span};
use crate::policy::diagnostics::{Diagnostic, Diagnostics, Severity, is_unprintable, quote};

/// A list or mapping that is not closed yet.
struct Open {
    span: Span,
    data: Data,
    /// A mapping's key that waits for its value; `None` inside stands for a key that is refused.
    key: Option<(Option<String>, Span)>,
}

pub(super) struct Builder<'b, 's> {
    source: &'b Source<'s>,
    /// The byte offset of every character; empty when all characters are one byte long.
    offsets: Vec<usize>,
    open: Vec<Open>,
    pub(super) root: Option<Node>,
    nodes: usize,
}

impl<'b, 's> Builder<'b, 's> {
    pub(super) fn new(source: &'b Source<'s>) -> Self {
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
    pub(super) fn run(&mut self, diagnostics: &mut Diagnostics) {
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
