//! The filter `reference` of a list of images: patterns of names.

use std::collections::BTreeSet;

use regex::Regex;

use crate::tenant::Refusal;

/// Patterns of which one must fit a name, written as the engine reads them (Go, `path.Match`).
#[derive(Clone, Debug, Default)]
pub struct Patterns(Vec<Regex>);

impl Patterns {
    /// Reads patterns.
    ///
    /// # Errors
    /// [`Refusal::Malformed`] for the first that is none.
    pub(in crate::tenant) fn new(patterns: &BTreeSet<String>) -> Result<Self, Refusal> {
        patterns
            .iter()
            .map(|pattern| {
                let bad = || Refusal::Malformed {
                    name: "filters",
                    reason: format!("`{pattern}` is no pattern of image names"),
                };
                let expression = expression(pattern).ok_or_else(bad)?;
                Regex::new(&expression).map_err(|_| bad())
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Whether every name is wanted, and images without one.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a name as the engine shows it is wanted: a pattern fits it with its tag or digest, or without (moby,
    /// `reference.FamiliarMatch`).
    pub fn want(&self, name: &str) -> bool {
        let bare = match name.split_once('@') {
            Some((bare, _)) => bare,
            None => match name.rsplit_once(':') {
                Some((bare, tag)) if !tag.contains('/') => bare,
                Some(_) | None => name,
            },
        };
        self.is_empty()
            || self
                .0
                .iter()
                .any(|pattern| pattern.is_match(name) || pattern.is_match(bare))
    }
}

/// The regular expression for a pattern; `None` where Go calls it malformed.
fn expression(pattern: &str) -> Option<String> {
    let mut out = String::from(r"\A(?s:");
    let mut rest = pattern.chars();
    let literal = |c: char, out: &mut String| out.push_str(&regex::escape(&c.to_string()));
    while let Some(c) = rest.next() {
        match c {
            '*' => out.push_str("[^/]*"),
            '?' => out.push_str("[^/]"),
            '\\' => literal(rest.next()?, &mut out),
            '[' => {
                out.push('[');
                let mut begun = false;
                loop {
                    match rest.next()? {
                        '^' if !begun && !out.ends_with('^') => {
                            out.push('^');
                            continue;
                        }
                        ']' if begun => break,
                        '-' | ']' => return None,
                        '\\' => literal(rest.next()?, &mut out),
                        other => literal(other, &mut out),
                    }
                    begun = true;
                    let mut ahead = rest.clone();
                    if ahead.next() == Some('-') {
                        rest = ahead;
                        out.push('-');
                        match rest.next()? {
                            '-' | ']' => return None,
                            '\\' => literal(rest.next()?, &mut out),
                            other => literal(other, &mut out),
                        }
                    }
                }
                out.push(']');
            }
            other => literal(other, &mut out),
        }
    }
    out.push_str(r")\z");
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn want(pattern: &str, name: &str) -> bool {
        Patterns::new(&BTreeSet::from([pattern.to_owned()]))
            .unwrap()
            .want(name)
    }

    #[test]
    fn patterns_fit_as_the_engine_says() {
        for (pattern, name, expected) in [
            ("app", "app:1", true),
            ("app:1", "app:1", true),
            ("app:2", "app:1", false),
            ("a*", "app:1", true),
            ("*", "app:1", true),
            ("*", "team/app:1", false),
            ("*/*", "team/app:1", true),
            ("app", "team/app:1", false),
            ("app:?", "app:1", true),
            ("app:[0-9]", "app:1", true),
            ("app:[^0-9]", "app:1", false),
            ("app:[^0-9]", "app:x", true),
            (r"a\pp", "app:1", true),
            ("a.p", "app:1", false),
            ("localhost:5000/x", "localhost:5000/x:1", true),
            ("app", "app@sha256:00", true),
            ("localhost:5000/x", "localhost:5000/x", true),
        ] {
            assert_eq!(want(pattern, name), expected, "{pattern} {name}");
        }
        assert!(Patterns::default().want("anything"));
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        for pattern in ["[", "[]", "[a", "[a-", "[a-]", "[-a]", "a\\", "[z-a]"] {
            assert!(
                Patterns::new(&BTreeSet::from([pattern.to_owned()])).is_err(),
                "{pattern}"
            );
        }
    }
}
