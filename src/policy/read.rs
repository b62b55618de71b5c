//! Reading typed things from a tree, with a diagnostic for each that is something else.

use super::diagnostics::{Diagnostic, Diagnostics, Severity, quote};
use super::source::{Data, Entry, Node, Source, Span};
use super::suggest::closest;

/// A file that is being read, and what is wrong with it so far.
#[derive(Debug)]
pub(super) struct Reader<'r, 's> {
    /// The file.
    pub(super) source: &'r Source<'s>,
    /// What is wrong.
    pub(super) diagnostics: &'r mut Diagnostics,
}

impl Reader<'_, '_> {
    /// Tells an error.
    pub(super) fn error(&mut self, span: Span, message: impl Into<String>) {
        self.diagnostics.error(self.source, span, message);
    }

    /// Tells an error, and what to do about it.
    pub(super) fn error_help(
        &mut self,
        span: Span,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.diagnostics
            .push(Diagnostic::new(Severity::Error, self.source, span, message).help(help));
    }

    /// Tells of an unknown name, and of the known one that it was probably meant to be.
    pub(super) fn unknown<'c>(
        &mut self,
        span: Span,
        what: &str,
        name: &str,
        known: impl IntoIterator<Item = &'c str>,
        otherwise: &str,
    ) {
        let help = match closest(name, known) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => otherwise.to_owned(),
        };
        self.error_help(span, format!("unknown {what} {}", quote(name)), help);
    }

    /// Tells that a node is not what it should be.
    pub(super) fn wrong(&mut self, node: &Node, name: &str, wanted: &str) {
        self.error(
            node.span,
            format!("`{name}` must be {wanted}, and this is {}", node.kind()),
        );
    }

    /// A text. Numbers and booleans are text too.
    pub(super) fn text<'n>(&mut self, node: &'n Node, name: &str) -> Option<&'n str> {
        match &node.data {
            Data::Scalar { text, .. } if !node.is_null() => Some(text),
            Data::Scalar { .. } | Data::List(_) | Data::Map(_) => {
                self.wrong(node, name, "text");
                None
            }
        }
    }

    /// `true` or `false`.
    pub(super) fn boolean(&mut self, node: &Node, name: &str) -> Option<bool> {
        match &node.data {
            Data::Scalar { text, plain: true } if text == "true" => Some(true),
            Data::Scalar { text, plain: true } if text == "false" => Some(false),
            Data::Scalar { text, .. } if !node.is_null() => {
                self.error(
                    node.span,
                    format!("`{name}` must be `true` or `false`, not {}", quote(text)),
                );
                None
            }
            Data::Scalar { .. } | Data::List(_) | Data::Map(_) => {
                self.wrong(node, name, "`true` or `false`");
                None
            }
        }
    }

    /// A list.
    pub(super) fn list<'n>(&mut self, node: &'n Node, name: &str) -> Option<&'n [Node]> {
        match &node.data {
            Data::List(items) => Some(items),
            Data::Scalar { text, .. } if !node.is_null() => {
                self.error_help(
                    node.span,
                    format!("`{name}` must be a list, and this is text"),
                    format!(
                        "write `{name}: [{}]`",
                        text.lines().next().unwrap_or_default()
                    ),
                );
                None
            }
            Data::Scalar { .. } | Data::Map(_) => {
                self.wrong(node, name, "a list");
                None
            }
        }
    }

    /// A mapping.
    pub(super) fn map<'n>(&mut self, node: &'n Node, name: &str) -> Option<&'n [Entry]> {
        if let Data::Map(entries) = &node.data {
            Some(entries)
        } else {
            self.wrong(node, name, "a mapping");
            None
        }
    }

    /// The outermost mapping of a file.
    pub(super) fn root<'n>(&mut self, node: &'n Node) -> Option<&'n [Entry]> {
        if let Data::Map(entries) = &node.data {
            return Some(entries);
        }
        self.error_help(
            node.span,
            format!("a file must be a mapping, and this is {}", node.kind()),
            "the smallest useful file is `{version: 1, allow: [read]}`",
        );
        None
    }

    /// One text or a list of them, each with its node.
    pub(super) fn texts<'n>(&mut self, node: &'n Node, name: &str) -> Vec<(&'n str, &'n Node)> {
        let items = match &node.data {
            Data::List(items) => items.as_slice(),
            Data::Map(_) => {
                self.wrong(node, name, "text or a list of texts");
                return Vec::new();
            }
            Data::Scalar { .. } => std::slice::from_ref(node),
        };
        items
            .iter()
            .filter_map(|item| Some((self.text(item, name)?, item)))
            .collect()
    }
}
