//! Which images a Dockerfile takes something from, read as the classic builder reads it (moby's vendored
//! `frontend/dockerfile/parser` and `instructions`, engines 20.10 to 29).

use std::collections::BTreeMap;

use super::Refusal;

/// An image that a Dockerfile names.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Base {
    /// What the builder looks up.
    pub term: String,
    /// Whether it must be there: it is neither the name of a stage nor perhaps one.
    pub needed: bool,
}

/// The values of a build's arguments, where the client gives some.
pub(super) type Arguments = BTreeMap<String, Option<String>>;

/// The images that the Dockerfile in `bytes` names.
///
/// # Errors
/// When it is not certain which.
pub(super) fn bases(bytes: &[u8], arguments: &Arguments) -> Result<Vec<Base>, Refusal> {
    let text = std::str::from_utf8(bytes)
        .map_err(|_| doubtful("it is not UTF-8"))?
        .trim_start_matches('\u{feff}');
    let mut reading = Reading {
        arguments,
        declared: BTreeMap::new(),
        stages: Vec::new(),
        bases: Vec::new(),
    };
    for line in logical_lines(text)? {
        reading.instruction(&line)?;
    }
    // Whatever a line belongs to: what looks like a base is nobody else's image.
    for line in text.lines() {
        reading.glance(line);
    }
    reading.bases.sort();
    reading.bases.dedup();
    Ok(reading.bases)
}

fn doubtful(reason: impl Into<String>) -> Refusal {
    Refusal::Malformed {
        name: "Dockerfile",
        reason: reason.into(),
    }
}

/// The instructions, each on one line.
fn logical_lines(text: &str) -> Result<Vec<String>, Refusal> {
    let escape = escape(text)?;
    let mut lines = Vec::new();
    let mut current = String::new();
    for line in text.split('\n') {
        let line = line.trim_end_matches('\r');
        let bare = line.trim();
        if bare.starts_with('#') || (bare.is_empty() && !current.is_empty()) {
            continue;
        }
        let end = line.trim_end_matches([' ', '\t']);
        if let Some(begun) = end.strip_suffix(escape) {
            if begun.ends_with(escape) {
                return Err(doubtful(format!("`{bare}` ends in two escape characters")));
            }
            current.push_str(begun);
            continue;
        }
        current.push_str(line);
        if !current.trim().is_empty() {
            lines.push(std::mem::take(&mut current));
        }
        current.clear();
    }
    if !current.trim().is_empty() {
        lines.push(current);
    }
    Ok(lines)
}

/// The escape character: a directive among the first lines may change it.
fn escape(text: &str) -> Result<char, Refusal> {
    for line in text.split('\n') {
        let Some(directive) = line.trim().strip_prefix('#') else {
            break;
        };
        let Some((name, value)) = directive.split_once('=') else {
            break;
        };
        if name.trim().eq_ignore_ascii_case("escape") {
            return match value.trim() {
                "\\" => Ok('\\'),
                "`" => Ok('`'),
                other => Err(doubtful(format!("`{other}` is no escape character"))),
            };
        }
    }
    Ok('\\')
}

struct Reading<'a> {
    arguments: &'a Arguments,
    /// The arguments before the first stage; `None` for a value that is not certain.
    declared: BTreeMap<String, Option<String>>,
    /// The stages' names, lower case; empty for one without.
    stages: Vec<String>,
    bases: Vec<Base>,
}

impl Reading<'_> {
    fn instruction(&mut self, line: &str) -> Result<(), Refusal> {
        let mut words = line.split_whitespace();
        let name = words.next().unwrap_or_default().to_ascii_uppercase();
        let words: Vec<&str> = words.collect();
        let flags: Vec<&str> = words
            .iter()
            .copied()
            .take_while(|word| word.starts_with("--"))
            .collect();
        let rest = words.get(flags.len()..).unwrap_or_default();
        match name.as_str() {
            "ARG" if self.stages.is_empty() => {
                for word in rest {
                    self.declare(word);
                }
                Ok(())
            }
            "FROM" => {
                plain(&flags)?;
                self.from(rest)
            }
            "COPY" | "ADD" => {
                here_document(line)?;
                plain(&flags)?;
                for flag in flags {
                    if let Some(from) = flag.strip_prefix("--from=") {
                        self.copy_from(from)?;
                    } else if flag.to_ascii_lowercase().starts_with("--from") {
                        return Err(doubtful(format!("`{flag}` has no one reading")));
                    }
                }
                Ok(())
            }
            "RUN" => here_document(line),
            _ => Ok(()),
        }
    }

    fn declare(&mut self, word: &str) {
        let (name, default) = match word.split_once('=') {
            Some((name, default)) => (name, Some(default)),
            None => (word, None),
        };
        let given = self.arguments.get(name).cloned().flatten();
        let value = match (given, default) {
            (Some(given), _) => Some(given),
            (None, Some(default)) => self.expand(unquote(default)).ok(),
            (None, None) => None,
        };
        self.declared.insert(name.to_owned(), value);
    }

    fn from(&mut self, words: &[&str]) -> Result<(), Refusal> {
        let (image, stage) = match words {
            [image] => (*image, ""),
            [image, by, stage] if by.eq_ignore_ascii_case("as") => (*image, *stage),
            _ => return Err(doubtful(format!("`FROM {}`", words.join(" ")))),
        };
        let term = self.expand(image)?;
        let is_stage = self.stages.contains(&term.to_lowercase()) && !term.is_empty();
        if term != "scratch" {
            self.bases.push(Base {
                needed: !is_stage,
                term,
            });
        }
        self.stages.push(stage.to_lowercase());
        Ok(())
    }

    fn copy_from(&mut self, from: &str) -> Result<(), Refusal> {
        if from.contains('$') {
            return Err(doubtful(format!("`--from={from}` names no image or stage")));
        }
        let is_stage = self.stages.contains(&from.to_lowercase())
            || from
                .parse::<usize>()
                .is_ok_and(|index| index < self.stages.len());
        self.bases.push(Base {
            term: from.to_owned(),
            needed: !is_stage,
        });
        Ok(())
    }

    /// Puts the arguments' values in.
    fn expand(&self, word: &str) -> Result<String, Refusal> {
        let unsure = || {
            doubtful(format!(
                "`{word}` names an image in a way that is not certain"
            ))
        };
        if word.contains(['"', '\'', '\\', '`']) {
            return Err(unsure());
        }
        let mut out = String::new();
        let mut rest = word;
        while let Some((before, behind)) = rest.split_once('$') {
            out.push_str(before);
            let (name, default, after) = if let Some(braced) = behind.strip_prefix('{') {
                let (inner, after) = braced.split_once('}').ok_or_else(unsure)?;
                match inner.split_once(":-") {
                    Some((name, default)) => (name, Some(default), after),
                    None => (inner, None, after),
                }
            } else {
                let end = behind
                    .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
                    .unwrap_or(behind.len());
                let (name, after) = behind.split_at_checked(end).ok_or_else(unsure)?;
                (name, None, after)
            };
            let is_name = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
            if !is_name || name.is_empty() || default.is_some_and(|it| it.contains(['$', '{'])) {
                return Err(unsure());
            }
            let known = self.declared.get(name).cloned().flatten();
            match (known.filter(|value| !value.is_empty()), default) {
                (Some(value), _) => out.push_str(&value),
                (None, Some(default)) => out.push_str(default),
                (None, None) => return Err(unsure()),
            }
            rest = after;
        }
        out.push_str(rest);
        Ok(out)
    }

    fn glance(&mut self, line: &str) {
        let mut look = |term: &str| {
            if !term.is_empty() && !term.contains('$') && term != "scratch" {
                self.bases.push(Base {
                    term: term.to_owned(),
                    needed: false,
                });
            }
        };
        let mut words = line.split_whitespace();
        if words
            .next()
            .is_some_and(|word| word.eq_ignore_ascii_case("from"))
            && let Some(term) = words.find(|word| !word.starts_with("--"))
        {
            look(term);
        }
        for word in line.split_whitespace() {
            if let Some((_, from)) = word.split_once("--from=") {
                look(from);
            }
        }
    }
}

/// Flags whose quotes or escapes the builder would take out are not read.
fn plain(flags: &[&str]) -> Result<(), Refusal> {
    match flags
        .iter()
        .find(|flag| flag.contains(['"', '\'', '\\', '`']))
    {
        Some(flag) => Err(doubtful(format!("`{flag}` has quotes in it"))),
        None => Ok(()),
    }
}

/// Where a here-document ends, builders do not agree.
fn here_document(line: &str) -> Result<(), Refusal> {
    if line.contains("<<") {
        Err(doubtful(
            "here-documents need BuildKit, which is not for tenants",
        ))
    } else {
        Ok(())
    }
}

fn unquote(word: &str) -> &str {
    for quote in ['"', '\''] {
        if let Some(inner) = word
            .strip_prefix(quote)
            .and_then(|word| word.strip_suffix(quote))
        {
            return inner;
        }
    }
    word
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, arguments: &[(&str, &str)]) -> Result<Vec<(String, bool)>, Refusal> {
        let arguments = arguments
            .iter()
            .map(|(name, value)| ((*name).to_owned(), Some((*value).to_owned())))
            .collect();
        let found = bases(text.as_bytes(), &arguments)?;
        let mut needed: Vec<(String, bool)> = Vec::new();
        for base in found {
            match needed.iter_mut().find(|(term, _)| *term == base.term) {
                Some((_, already)) => *already |= base.needed,
                None => needed.push((base.term, base.needed)),
            }
        }
        Ok(needed)
    }

    fn terms(text: &str, arguments: &[(&str, &str)]) -> Vec<String> {
        read(text, arguments)
            .unwrap()
            .into_iter()
            .filter(|(_, needed)| *needed)
            .map(|(term, _)| term)
            .collect()
    }

    #[test]
    fn what_a_dockerfile_takes_from() {
        for (text, expected) in [
            ("FROM alpine\nRUN a", vec!["alpine"]),
            (
                "from  --platform=linux/amd64\talpine:3 AS b\nCOPY --from=b / /",
                vec!["alpine:3"],
            ),
            (
                "# a comment\n\nFROM a AS x\nFROM x\nCOPY --from=0 / /\nCOPY --from=nginx:1 / /",
                vec!["a", "nginx:1"],
            ),
            ("FR\\\nOM al\\\n# between\n\npine\n", vec!["alpine"]),
            (
                "# escape=`\nFROM `\nalpine\nRUN dir c:\\\nFROM b",
                vec!["alpine", "b"],
            ),
            ("FROM scratch\nCOPY --chown=1 --from=img a b", vec!["img"]),
            ("FROM a\r\nRUN x\r\nFROM b\r\n", vec!["a", "b"]),
            ("\u{feff}FROM a", vec!["a"]),
            ("FROM a\nCOPY --from=7 / /", vec!["7", "a"]),
            ("FROM a\nADD --from=c / /", vec!["a", "c"]),
        ] {
            assert_eq!(terms(text, &[]), expected, "{text}");
        }
    }

    #[test]
    fn arguments_are_put_in() {
        let text = "ARG B=alpine\nARG T=\"3\"\nFROM ${B}:$T\nFROM $B\nFROM ${U:-deb}";
        assert_eq!(terms(text, &[]), ["alpine", "alpine:3", "deb"]);
        assert_eq!(
            terms(text, &[("B", "other/private"), ("U", "unused")]),
            ["deb", "other/private", "other/private:3"]
        );
        let chained = "ARG V=1\nARG B=a:${V}\nFROM $B";
        assert_eq!(terms(chained, &[("V", "2")]), ["a:2"]);
    }

    #[test]
    fn what_is_not_certain_is_refused() {
        for text in [
            "FROM \"a\"",
            "FROM a\\b",
            "FROM $UNKNOWN",
            "FROM ${B%x}",
            "ARG B\nFROM ${B:+a}",
            "FROM a b c d",
            "FROM a\nCOPY --fr\"om\"=b / /",
            "FROM a\nCOPY --FROM=b / /",
            "FROM a\nCOPY --from=$X / /",
            "FROM a\nRUN cat <<EOF\nFROM b AS c\nEOF",
            "FROM a\nRUN x \\\\\nFROM b",
            "# escape=x\nFROM a",
        ] {
            assert!(read(text, &[]).is_err(), "{text}");
        }
        assert!(bases(b"FROM \xff", &Arguments::new()).is_err());
    }

    #[test]
    fn what_only_looks_like_a_base_may_be_missing_and_not_foreign() {
        let found = read("FROM a\nRUN x \\\n  FROM b \\\n  --from=c", &[]).unwrap();
        assert!(found.contains(&("b".to_owned(), false)));
        assert!(found.contains(&("c".to_owned(), false)));
    }
}
