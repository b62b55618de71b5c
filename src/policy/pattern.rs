//! Patterns: what a rule says of a value, read from its text and turned into what a matcher compares.
//!
//! A glob is `*` (any characters but `/`), `**` (any characters), `?` (one character but `/`), and `\` in front
//! of a character that stands for itself. The translation is our own and not globset's, because patterns of
//! one kind are matched together as one set, and because braces and brackets, which names and addresses
//! hold as themselves, must not silently mean something.

mod image;
mod ports;

use regex::RegexBuilder;

use crate::demand::Shape;
use image::image;
pub(super) use ports::Ports;
use ports::ports;

/// What a pattern compares.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Pattern {
    /// Every value.
    Any,
    /// This value.
    Exact(String),
    /// Values that this expression matches from their beginning to their end.
    Regex(String),
    /// Host addresses and ports.
    Ports(Ports),
    /// Amounts up to this one.
    Most(u64),
}

/// The longest expression that a file may hold.
const MAX_REGEX: usize = 2_000;
/// What a compiled expression may use, in bytes.
const MAX_COMPILED: usize = 1 << 20;

/// Reads a pattern for a condition: a glob or `regex:...` over the value as it stands.
///
/// # Errors
/// What is wrong with it.
pub(super) fn text(pattern: &str, wide: bool) -> Result<Pattern, String> {
    match pattern.strip_prefix("regex:") {
        Some(expression) => regex(expression, "", wide),
        None => glob(pattern, "", false),
    }
}

/// Reads a pattern for a grant of that shape. `wide` is for a rule that denies: what is doubtful matches.
///
/// # Errors
/// What is wrong with it.
pub(super) fn of_shape(pattern: &str, shape: Shape, wide: bool) -> Result<Pattern, String> {
    match shape {
        Shape::Flag => Err("it takes `true`".to_owned()),
        Shape::Text => text(pattern, wide),
        Shape::Path => path(pattern, wide),
        Shape::Image => image(pattern, wide),
        Shape::Ports => ports(pattern),
        Shape::Limit(unit) => super::quantity::amount(pattern, unit)
            .map(Pattern::Most)
            .map_err(str::to_owned),
    }
}

/// A path, with `:ro` where only read-only use is meant. The values end in `:ro` or `:rw`.
fn path(pattern: &str, wide: bool) -> Result<Pattern, String> {
    let (path, suffix) = match pattern.strip_suffix(":ro") {
        Some(path) => (path, ":ro"),
        None => (
            pattern.strip_suffix(":rw").unwrap_or(pattern),
            "(?::ro|:rw)",
        ),
    };
    if let Some(expression) = path.strip_prefix("regex:") {
        return regex(expression, suffix, wide);
    }
    if !path.starts_with('/') && !path.starts_with("**") {
        return Err("a host path is absolute: it begins with `/`".to_owned());
    }
    if path.split('/').any(|part| matches!(part, "." | "..")) || path.contains("//") {
        return Err("a host path has no `.`, `..` or empty part: nothing would match".to_owned());
    }
    let path = match path.strip_suffix('/') {
        Some(shorter) if !shorter.is_empty() => shorter,
        _ => path,
    };
    glob(path, suffix, true)
}

/// A user's regular expression, for whole values.
fn regex(expression: &str, suffix: &str, wide: bool) -> Result<Pattern, String> {
    if expression.len() > MAX_REGEX {
        return Err(format!("an expression has at most {MAX_REGEX} bytes"));
    }
    // Alone first: `a)|(b` would otherwise close the group that anchors it.
    check(expression)?;
    // In a denial a line break must not be a way around `.*`.
    let flags = if wide { "s" } else { "" };
    let body = format!("(?{flags}:{expression}){suffix}");
    check(&body)?;
    Ok(Pattern::Regex(body))
}

fn check(expression: &str) -> Result<(), String> {
    RegexBuilder::new(expression)
        .size_limit(MAX_COMPILED)
        .build()
        .map(|_| ())
        .map_err(|error| {
            if matches!(error, regex::Error::CompiledTooBig(_)) {
                return "the expression is too large when compiled".to_owned();
            }
            let text = error.to_string();
            let last = text.lines().last().unwrap_or_default();
            format!(
                "not a regular expression: {}",
                last.strip_prefix("error: ").unwrap_or(last)
            )
        })
}

/// A glob as an expression, or as the value itself where it has no wildcard. `itself` is for paths, where
/// `/a/**` is `/a` too: who has a directory has all below it.
fn glob(pattern: &str, suffix: &str, itself: bool) -> Result<Pattern, String> {
    if pattern == "**" && suffix.is_empty() {
        return Ok(Pattern::Any);
    }
    let mut out = String::new();
    let mut literal = String::new();
    let mut wild = false;
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' => {
                let next = chars
                    .next()
                    .ok_or("a `\\` at the end of a pattern stands in front of nothing")?;
                push_literal(next, &mut out, &mut literal);
            }
            '*' if chars.peek() == Some(&'*') => {
                wild = true;
                while chars.next_if_eq(&'*').is_some() {}
                let at_start = out.is_empty();
                let behind_slash = out.ends_with('/');
                if behind_slash && chars.peek().is_none() && itself && out.len() > 1 {
                    out.pop();
                    out.push_str("(?s:/.*)?");
                } else if (at_start || behind_slash) && chars.next_if_eq(&'/').is_some() {
                    out.push_str("(?s:.*/)?");
                } else {
                    out.push_str("(?s:.*)");
                }
            }
            '*' => {
                wild = true;
                out.push_str("[^/]*");
            }
            '?' => {
                wild = true;
                out.push_str("[^/]");
            }
            '[' | ']' | '{' | '}' => {
                return Err(format!(
                    "`{c}` has no meaning in a pattern: write alternatives as a list, or `\\{c}` for the character itself"
                ));
            }
            c => push_literal(c, &mut out, &mut literal),
        }
    }
    if wild || !suffix.is_empty() {
        Ok(Pattern::Regex(out + suffix))
    } else {
        Ok(Pattern::Exact(literal))
    }
}

fn push_literal(c: char, out: &mut String, literal: &mut String) {
    literal.push(c);
    out.push_str(&regex::escape(c.encode_utf8(&mut [0; 4])));
}

#[cfg(test)]
mod tests;
