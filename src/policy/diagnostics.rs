//! What is wrong with a policy file, for a person to read: each mistake with its file, line and
//! column, the line itself with a caret below, and where there is one a suggestion.

use std::fmt;
use std::sync::Arc;

use super::source::{Source, Span};

/// How bad a diagnostic is.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Severity {
    /// Nothing starts from this file.
    Error,
    /// The file means something, but probably not what its author thinks.
    Warning,
}

impl Severity {
    /// The word in front of the message.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// One mistake or doubtful place in a policy file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// The file's name, as its reader gave it.
    pub file: Arc<str>,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// What is wrong, in one line.
    pub message: String,
    /// What to do about it, in one line.
    pub help: Option<String>,
    /// The offending line, fit for a terminal: no control characters, and not longer than some 160.
    snippet: String,
    /// Where the caret stands in `snippet`, and how long it is, in characters.
    caret: (usize, usize),
}

/// How much of an offending line is shown.
const SHOWN: usize = 160;

impl Diagnostic {
    /// A diagnostic for `span` of `source`.
    pub(super) fn new(
        severity: Severity,
        source: &Source<'_>,
        span: Span,
        message: impl Into<String>,
    ) -> Self {
        let line = source.line(span.line);
        // A caret far to the right would be lost: show the part of the line that has it.
        let skipped = if span.column > SHOWN.saturating_sub(40) {
            span.column.saturating_sub(40)
        } else {
            0
        };
        let snippet: String = line
            .chars()
            .skip(skipped)
            .take(SHOWN)
            .map(|c| if is_unprintable(c) { ' ' } else { c })
            .collect();
        let snippet = snippet.trim_end().to_owned();
        let shown = snippet.chars().count();
        let from = span
            .column
            .saturating_sub(1)
            .saturating_sub(skipped)
            .min(shown);
        let length = source.chars_on_first_line(span).max(1);
        Self {
            severity,
            file: Arc::clone(&source.file),
            line: span.line,
            column: span.column,
            message: message.into(),
            help: None,
            caret: (from, length.min(shown.saturating_sub(from).max(1))),
            snippet,
        }
    }

    /// The same with a suggestion.
    #[must_use]
    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The same place with another message.
    pub(super) fn with(&self, severity: Severity, message: impl Into<String>) -> Self {
        Self {
            severity,
            message: message.into(),
            ..self.clone()
        }
    }

    fn render(&self, out: &mut dyn fmt::Write, colour: bool) -> fmt::Result {
        let (red, blue, bold, reset) = if colour {
            let tint = match self.severity {
                Severity::Error => "\x1b[1;31m",
                Severity::Warning => "\x1b[1;33m",
            };
            (tint, "\x1b[1;34m", "\x1b[1m", "\x1b[0m")
        } else {
            ("", "", "", "")
        };
        let number = self.line.to_string();
        let pad = " ".repeat(number.len());
        writeln!(
            out,
            "{bold}{}:{}:{}:{reset} {red}{}:{reset} {bold}{}{reset}",
            self.file,
            self.line,
            self.column,
            self.severity.as_str(),
            self.message
        )?;
        writeln!(out, "{blue}{pad} |{reset}")?;
        writeln!(out, "{blue}{number} |{reset} {}", self.snippet)?;
        let (from, length) = self.caret;
        writeln!(
            out,
            "{blue}{pad} |{reset} {}{red}{}{reset}",
            " ".repeat(from),
            "^".repeat(length)
        )?;
        if let Some(help) = &self.help {
            writeln!(out, "{blue}{pad} ={reset} {bold}help:{reset} {help}")?;
        }
        Ok(())
    }
}

/// Everything that is wrong with a file and what it includes, in the order of files and lines.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Diagnostics(Vec<Diagnostic>);

impl std::error::Error for Diagnostics {}

impl Diagnostics {
    /// Adds one.
    pub(super) fn push(&mut self, diagnostic: Diagnostic) {
        self.0.push(diagnostic);
    }

    /// Adds all of another's.
    pub(super) fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Adds an error at `span`.
    pub(super) fn error(&mut self, source: &Source<'_>, span: Span, message: impl Into<String>) {
        self.push(Diagnostic::new(Severity::Error, source, span, message));
    }

    /// Sorts by file, line and column, and drops what is said twice: a file may be included twice.
    pub(super) fn sort(&mut self) {
        self.0.sort_by(|a, b| {
            (&a.file, a.line, a.column, a.severity, &a.message)
                .cmp(&(&b.file, b.line, b.column, b.severity, &b.message))
        });
        self.0.dedup();
    }

    /// Whether any of them is an error.
    pub fn has_errors(&self) -> bool {
        self.0.iter().any(|d| d.severity == Severity::Error)
    }

    /// All of them, errors and warnings.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.0.iter()
    }

    /// Whether there is nothing to say.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many errors and how many warnings.
    pub fn count(&self, severity: Severity) -> usize {
        self.0.iter().filter(|d| d.severity == severity).count()
    }

    /// The text for a person: with `colour`, for a terminal.
    pub fn render(&self, colour: bool) -> String {
        let mut out = String::new();
        for (index, diagnostic) in self.0.iter().enumerate() {
            if index > 0 {
                out.push('\n');
            }
            // A String takes all that is written to it.
            if diagnostic.render(&mut out, colour).is_err() {
                return out;
            }
        }
        out
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

/// `text` in backticks for a message: in one line, without characters that a terminal acts on, and
/// not longer than 80.
pub(super) fn quote(text: &str) -> String {
    let mut out = String::from("`");
    for (index, c) in text.chars().enumerate() {
        if index >= 80 {
            out.push_str("...");
            break;
        }
        if is_unprintable(c) {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out.push('`');
    out
}

/// Whether `c` could make a terminal show something other than what is written: control characters,
/// line separators, marks of direction, and characters without a width.
pub(super) fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}
