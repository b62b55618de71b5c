//! Which images a Dockerfile takes something from, read as the classic builder reads it (moby's vendored
//! `frontend/dockerfile/parser` and `instructions`, engines 20.10 to 29).

mod lines;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

use lines::{Line, Word, directives, logical_lines};

use super::{Demand, Kind, Place, Value as Asked, reference};
use crate::api::Call;
use crate::api::json::{Document, Value};

/// An image that a Dockerfile names.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Base {
    /// What the builder looks up.
    pub term: String,
    /// Whether it must be there: it is neither the name of a stage nor perhaps one.
    pub needed: bool,
}

/// Texts by name, where the client gives some: a build's arguments, its labels.
pub type Texts = BTreeMap<String, Option<String>>;

/// Why it is not certain which images a Dockerfile names.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{0}")]
pub struct Doubt(String);

/// The files of a build's context that may be its Dockerfile.
pub fn files<'a>(call: &'a Call<'_>) -> Vec<&'a str> {
    match call.parameter("dockerfile") {
        None | Some("" | "Dockerfile") => vec!["Dockerfile", "dockerfile"],
        Some(other) => vec![other],
    }
}

/// The images that a build takes something from, if `dockerfile` is its Dockerfile.
///
/// # Errors
/// When it is not certain which.
pub fn bases(call: &Call<'_>, dockerfile: &[u8]) -> Result<Vec<Base>, Doubt> {
    let arguments = texts(call.parameter("buildargs")).map_err(Doubt)?;
    Reading::of(dockerfile, &arguments).map(|reading| reading.bases)
}

/// A Dockerfile with other names for images.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Renamed {
    /// The file.
    pub text: Vec<u8>,
    /// The other names in their order, each with what it was written as.
    pub written: Vec<(String, String)>,
}

/// `dockerfile` with other names for the images for which `names` has one: what else it says stays byte for byte.
///
/// # Errors
/// When it is not certain which images it names, before or afterwards.
pub fn renamed(
    call: &Call<'_>,
    dockerfile: &[u8],
    names: &BTreeMap<String, String>,
) -> Result<Renamed, Doubt> {
    let arguments = texts(call.parameter("buildargs")).map_err(Doubt)?;
    let reading = Reading::of(dockerfile, &arguments)?;
    let mut out = Vec::with_capacity(dockerfile.len());
    let mut from = 0;
    let mut meant = Vec::new();
    let mut written = Vec::new();
    for (place, term) in reading.places {
        let name = names.get(&term);
        if let Some(name) = name {
            out.extend_from_slice(dockerfile.get(from..place.start).unwrap_or_default());
            out.extend_from_slice(name.as_bytes());
            from = place.end;
            let before = dockerfile.get(place).unwrap_or_default();
            let before = String::from_utf8_lossy(before).into_owned();
            // A name that goes on in the next line is shown as the builder reads it.
            let before = Some(before).filter(|it| !it.contains('\n'));
            written.push((name.clone(), before.unwrap_or_else(|| term.clone())));
        }
        meant.push(name.unwrap_or(&term).clone());
    }
    out.extend_from_slice(dockerfile.get(from..).unwrap_or_default());
    // What was written must be read as it was meant.
    let read = Reading::of(&out, &arguments)?.places;
    if read.into_iter().map(|(_, term)| term).eq(meant) {
        Ok(Renamed { text: out, written })
    } else {
        Err(doubtful("its images cannot be told apart"))
    }
}

/// What a build demands by `dockerfile`, if it is its Dockerfile.
pub fn demands(call: &Call<'_>, dockerfile: &[u8]) -> Vec<Demand<'static>> {
    let images = texts(call.parameter("buildargs"))
        .map_err(Doubt)
        .and_then(|arguments| Reading::of(dockerfile, &arguments).map(Reading::images));
    match images {
        Ok(images) => images
            .iter()
            .map(|image| base(reference::term(image), "Dockerfile"))
            .collect(),
        Err(doubt) => vec![unseen(&doubt)],
    }
}

/// What a build demands when nobody can tell what it takes something from: [`UNSEEN`], as the one value of
/// [`Kind::BaseImage`].
pub fn unseen(why: &dyn std::fmt::Display) -> Demand<'static> {
    base(UNSEEN.to_owned(), format!("Dockerfile ({why})"))
}

/// Stands for base images that nobody can see; no image has such a name.
pub const UNSEEN: &str = "(unseen)";

/// As with the image of a container, a rule that names no base images grants them all.
fn base(image: String, place: impl Into<Place<'static>>) -> Demand<'static> {
    Demand {
        kind: Kind::BaseImage,
        value: Asked::Text(Cow::Owned(image)),
        place: place.into(),
        safe: true,
    }
}

/// A JSON map of texts, as it comes in a parameter.
///
/// # Errors
/// What it is instead.
pub fn texts(given: Option<&str>) -> Result<Texts, String> {
    let Some(text) = given.filter(|text| !text.is_empty()) else {
        return Ok(Texts::new());
    };
    let document = Document::parse(text.as_bytes()).map_err(|error| error.to_string())?;
    let members = match document.root() {
        Value::Null => return Ok(Texts::new()),
        Value::Object(members) => members,
        Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::Array(_) => {
            return Err("it is no map".to_owned());
        }
    };
    members
        .iter()
        .map(|member| match &member.value {
            Value::Null => Ok((member.name.clone().into_owned(), None)),
            Value::Text(text) => Ok((
                member.name.clone().into_owned(),
                Some(text.clone().into_owned()),
            )),
            Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
                Err(format!("`{}` is no text", member.name))
            }
        })
        .collect()
}

fn doubtful(reason: impl Into<String>) -> Doubt {
    Doubt(reason.into())
}

/// Whether a stage of the build has that name or number.
fn is_stage(stages: &[String], term: &str) -> bool {
    stages.contains(&term.to_lowercase())
        || term
            .parse::<usize>()
            .is_ok_and(|index| index < stages.len())
}

struct Reading<'a> {
    arguments: &'a Texts,
    /// The arguments before the first stage; `None` for a value that is not certain.
    declared: BTreeMap<String, Option<String>>,
    /// The stages' names, lower case; empty for one without.
    stages: Vec<String>,
    bases: Vec<Base>,
    /// Where the images stand in the file that are no stages.
    places: Vec<(Range<usize>, String)>,
}

impl<'a> Reading<'a> {
    fn of(bytes: &[u8], arguments: &'a Texts) -> Result<Self, Doubt> {
        let text = std::str::from_utf8(bytes)
            .map_err(|_| doubtful("it is not UTF-8"))?
            .trim_start_matches('\u{feff}');
        let mut reading = Self {
            arguments,
            declared: BTreeMap::new(),
            stages: Vec::new(),
            bases: Vec::new(),
            places: Vec::new(),
        };
        reading.syntax(text);
        for line in logical_lines(text)? {
            reading.instruction(&line)?;
        }
        let mark = bytes.len().saturating_sub(text.len());
        for (place, _) in &mut reading.places {
            *place = place.start.saturating_add(mark)..place.end.saturating_add(mark);
        }
        // Whatever a line belongs to: what looks like a base is nobody else's image.
        for line in text.lines() {
            reading.glance(line);
        }
        reading.bases.sort();
        reading.bases.dedup();
        Ok(reading)
    }

    /// The images of others: no stages of this build.
    fn images(self) -> Vec<String> {
        let Self { stages, bases, .. } = self;
        let mut images: Vec<String> = bases
            .into_iter()
            .filter(|base| base.needed || !is_stage(&stages, &base.term))
            .map(|base| base.term)
            .collect();
        images.dedup();
        images
    }

    /// The image that BuildKit reads the file with, if a directive among the first lines names one.
    fn syntax(&mut self, text: &str) {
        for (name, value) in directives(text) {
            if name.eq_ignore_ascii_case("syntax")
                && let Some(image) = value.split_whitespace().next()
            {
                self.perhaps(image);
            }
        }
    }

    fn instruction(&mut self, line: &Line) -> Result<(), Doubt> {
        let mut words = line.words();
        let name = words.next().map_or("", |word| word.text);
        let name = name.to_ascii_uppercase();
        let words: Vec<Word<'_>> = words.collect();
        let flags: Vec<Word<'_>> = words
            .iter()
            .copied()
            .take_while(|word| word.text.starts_with("--"))
            .collect();
        let rest = words.get(flags.len()..).unwrap_or_default();
        match name.as_str() {
            "ARG" if self.stages.is_empty() => {
                for word in rest {
                    self.declare(word.text);
                }
                Ok(())
            }
            "FROM" => {
                plain(&flags)?;
                self.from(line, rest)
            }
            "COPY" | "ADD" => {
                here_document(&line.text)?;
                plain(&flags)?;
                for flag in flags {
                    if let Some(from) = flag.text.strip_prefix("--from=") {
                        let at = flag.at.saturating_add("--from=".len());
                        self.copy_from(from, Some(line.place(at, from.len())))?;
                    } else if flag.text.to_ascii_lowercase().starts_with("--from") {
                        return Err(doubtful(format!("`{}` has no one reading", flag.text)));
                    }
                }
                Ok(())
            }
            "RUN" => {
                here_document(&line.text)?;
                for flag in flags {
                    if flag.text.to_ascii_lowercase().starts_with("--mount") {
                        plain(&[flag])?;
                        self.mount(flag.text)?;
                    }
                }
                Ok(())
            }
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

    fn from(&mut self, line: &Line, words: &[Word<'_>]) -> Result<(), Doubt> {
        let (image, stage) = match words {
            [image] => (image, ""),
            [image, by, stage] if by.text.eq_ignore_ascii_case("as") => (image, stage.text),
            _ => return Err(doubtful(format!("`{}`", line.text.trim()))),
        };
        let term = self.expand(image.text)?;
        let is_stage = self.stages.contains(&term.to_lowercase()) && !term.is_empty();
        if term != "scratch" {
            if !is_stage {
                let place = line.place(image.at, image.text.len());
                self.places.push((place, term.clone()));
            }
            self.bases.push(Base {
                needed: !is_stage,
                term,
            });
        }
        self.stages.push(stage.to_lowercase());
        Ok(())
    }

    /// `--mount=type=bind,from=IMAGE,...` (BuildKit `frontend/dockerfile/instructions/commands_runmount.go`).
    fn mount(&mut self, flag: &str) -> Result<(), Doubt> {
        for field in flag.split(['=', ',']).zip(flag.split(['=', ',']).skip(1)) {
            if let (name, from) = field
                && name.trim().eq_ignore_ascii_case("from")
            {
                self.copy_from(from, None)?;
            }
        }
        Ok(())
    }

    /// `place`: where the name stands in the file, if it can be given another.
    fn copy_from(&mut self, from: &str, place: Option<Range<usize>>) -> Result<(), Doubt> {
        if from.contains('$') {
            return Err(doubtful(format!("`--from={from}` names no image or stage")));
        }
        let needed = !is_stage(&self.stages, from);
        if let Some(place) = place.filter(|_| needed) {
            self.places.push((place, from.to_owned()));
        }
        self.bases.push(Base {
            term: from.to_owned(),
            needed,
        });
        Ok(())
    }

    /// Puts the arguments' values in.
    fn expand(&self, word: &str) -> Result<String, Doubt> {
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

    /// Looks at a line as if it were an instruction of its own, or went on with the flags of one.
    fn glance(&mut self, line: &str) {
        let words: Vec<&str> = line
            .split_whitespace()
            .filter(|word| !matches!(*word, "\\" | "`"))
            .collect();
        let (name, rest) = match words.split_first() {
            Some((first, rest)) => (first.to_ascii_uppercase(), rest),
            None => return,
        };
        let (name, rest) = match (name.as_str(), rest.split_first()) {
            ("ONBUILD", Some((next, rest))) => (next.to_ascii_uppercase(), rest),
            _ => (name, rest),
        };
        let behind_flags: Vec<&str> = rest
            .iter()
            .copied()
            .skip_while(|word| word.starts_with("--"))
            .collect();
        let flags = match name.as_str() {
            "COPY" | "ADD" => rest,
            "FROM" => {
                match behind_flags.as_slice() {
                    [image] => self.perhaps(image),
                    [image, by, _] if by.eq_ignore_ascii_case("as") => self.perhaps(image),
                    _ => {}
                }
                return;
            }
            _ => &words,
        };
        for flag in flags.iter().take_while(|word| word.starts_with("--")) {
            if let Some(from) = flag.strip_prefix("--from=") {
                self.perhaps(from);
            }
        }
    }

    /// Adds what may be the name of an image.
    fn perhaps(&mut self, term: &str) {
        if !term.is_empty() && !term.contains('$') && term != "scratch" {
            self.bases.push(Base {
                term: term.to_owned(),
                needed: false,
            });
        }
    }
}

/// Flags whose quotes or escapes the builder would take out are not read.
fn plain(flags: &[Word<'_>]) -> Result<(), Doubt> {
    match flags
        .iter()
        .find(|flag| flag.text.contains(['"', '\'', '\\', '`']))
    {
        Some(flag) => Err(doubtful(format!("`{}` has quotes in it", flag.text))),
        None => Ok(()),
    }
}

/// Where a here-document ends, builders do not agree.
fn here_document(line: &str) -> Result<(), Doubt> {
    if line.contains("<<") {
        Err(doubtful(
            "it has a here-document, whose end builders do not agree on",
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
mod tests;
