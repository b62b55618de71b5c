//! Policies as files state them: their keys, what they include, and how names find policies.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::compile::Tables;
use super::diagnostics::{Diagnostic, Diagnostics, Severity, quote};
use super::read::Reader;
use super::rule::{self, Effect, Rule};
use super::source::{Entry, Node, Source, Span};
use super::{Policy, Preset, lint, quantity};
use crate::api::ApiVersion;

/// The lowest API version that a policy admits unless it says otherwise: older ones weaken what the engine
/// checks (engine 25 and later refuse them too).
pub(super) const MINIMUM: ApiVersion = ApiVersion::new(1, 24);

/// The keys of a policy.
pub(super) const POLICY_KEYS: &[&str] =
    &["allow", "deny", "description", "include", "min-api-version"];

/// A policy as its part of a file states it.
#[derive(Debug)]
pub(super) struct Body {
    rules: Vec<Arc<Rule>>,
    includes: Vec<(String, Diagnostic)>,
    minimum: Option<ApiVersion>,
    /// A diagnostic at the policy's place, to be given a message.
    mark: Diagnostic,
}

/// Reads a policy's keys. Those of `others` are left to the caller.
pub(super) fn body(
    reader: &mut Reader<'_, '_>,
    span: Span,
    entries: &[Entry],
    others: &[&str],
) -> Body {
    let mut body = Body {
        rules: Vec::new(),
        includes: Vec::new(),
        minimum: None,
        mark: Diagnostic::new(Severity::Error, reader.source, span, ""),
    };
    for entry in entries {
        match entry.key.as_str() {
            "allow" => body.rules.extend(
                rule::read_all(reader, &entry.value, Effect::Allow)
                    .into_iter()
                    .map(Arc::new),
            ),
            "deny" => body.rules.extend(
                rule::read_all(reader, &entry.value, Effect::Deny)
                    .into_iter()
                    .map(Arc::new),
            ),
            "description" => {
                reader.text(&entry.value, "description");
            }
            "include" => {
                for item in reader.list(&entry.value, "include").unwrap_or_default() {
                    if let Some(name) = reader.text(item, "include") {
                        let mark = Diagnostic::new(Severity::Error, reader.source, item.span, "");
                        body.includes.push((name.to_owned(), mark));
                    }
                }
            }
            "min-api-version" => body.minimum = version(reader, &entry.value),
            key if others.contains(&key) => {}
            key => {
                let known = POLICY_KEYS.iter().chain(others).copied();
                reader.unknown(
                    entry.span,
                    "key",
                    key,
                    known,
                    "a policy has `include`, `allow`, `deny`, `min-api-version` and `description`",
                );
            }
        }
    }
    body
}

/// Reads `min-api-version`.
pub(super) fn version(reader: &mut Reader<'_, '_>, node: &Node) -> Option<ApiVersion> {
    let text = reader.text(node, "min-api-version")?;
    let version = quantity::version(text);
    if version.is_none() {
        reader.error_help(
            node.span,
            format!("{} is no API version", quote(text)),
            "write `min-api-version: \"1.24\"`",
        );
    }
    version
}

/// Checks that the file says `version: 1`.
pub(super) fn check_version(reader: &mut Reader<'_, '_>, root: &Node, entries: &[Entry]) {
    match entries.iter().find(|entry| entry.key == "version") {
        None => reader.error_help(
            root.span.first(),
            "the file does not say which version of the language it is written in",
            "add `version: 1`",
        ),
        Some(entry) => {
            if let Some(text) = reader.text(&entry.value, "version")
                && text != "1"
            {
                reader.error_help(
                    entry.value.span,
                    format!("version {} of the language is not known", quote(text)),
                    "write `version: 1`",
                );
            }
        }
    }
}

/// The policies that may be named: those of the file and the presets.
pub(super) struct Library<'l> {
    presets: &'l [Preset],
    /// The file's name: what is doubtful in other files is their authors' business.
    file: Arc<str>,
    bodies: BTreeMap<String, Body>,
    /// The minimum of policies that have none of their own.
    minimum: Option<ApiVersion>,
    /// What is wrong, in this file and in presets.
    pub(super) diagnostics: Diagnostics,
}

impl<'l> Library<'l> {
    /// The policies of the file and the presets.
    pub(super) fn new(
        presets: &'l [Preset],
        file: &Arc<str>,
        minimum: Option<ApiVersion>,
        diagnostics: Diagnostics,
    ) -> Self {
        Self {
            presets,
            file: Arc::clone(file),
            bodies: BTreeMap::new(),
            minimum,
            diagnostics,
        }
    }

    /// Adds a policy of the file.
    pub(super) fn add(&mut self, name: &str, body: Body) {
        self.bodies.insert(name.to_owned(), body);
    }

    /// Reads the `policies` mapping.
    pub(super) fn read(&mut self, source: &Source<'_>, node: &Node) {
        let mut diagnostics = std::mem::take(&mut self.diagnostics);
        let mut reader = Reader {
            source,
            diagnostics: &mut diagnostics,
        };
        for entry in reader.map(node, "policies").unwrap_or_default() {
            if !is_name(&entry.key) {
                reader.error_help(
                    entry.span,
                    format!("{} is no name of a policy", quote(&entry.key)),
                    NAME_HELP,
                );
            }
            if self.presets.iter().any(|preset| preset.name == entry.key) {
                reader.error_help(
                    entry.span,
                    format!("{} is the name of a preset", quote(&entry.key)),
                    "choose another name, and `include` the preset in it if it is meant",
                );
            }
            if let Some(keys) = reader.map(&entry.value, &entry.key) {
                let body = body(&mut reader, entry.span, keys, &[]);
                self.add(&entry.key, body);
            }
        }
        self.diagnostics = diagnostics;
    }

    /// Whether there is such a policy; a preset is read when it is first asked for.
    pub(super) fn has(&mut self, name: &str) -> bool {
        if self.bodies.contains_key(name) {
            return true;
        }
        let Some(preset) = self.presets.iter().find(|preset| preset.name == name) else {
            return false;
        };
        let source = Source::new(preset.file, preset.text);
        match source.parse() {
            Err(problems) => self.diagnostics.extend(problems),
            Ok(root) => {
                let mut reader = Reader {
                    source: &source,
                    diagnostics: &mut self.diagnostics,
                };
                if let Some(entries) = reader.root(&root) {
                    check_version(&mut reader, &root, entries);
                    let body = body(&mut reader, root.span, entries, &["version"]);
                    self.bodies.insert(name.to_owned(), body);
                }
            }
        }
        true
    }

    /// All names that [`has`](Self::has) knows.
    pub(super) fn names(&self) -> Vec<String> {
        let presets = self.presets.iter().map(|preset| preset.name.to_owned());
        let mut names: Vec<_> = self.bodies.keys().cloned().chain(presets).collect();
        names.sort();
        names.dedup();
        names
    }

    /// Joins the policy `name` with what it includes. `None` when there is no such policy, or something is wrong
    /// with it, which is then among the diagnostics.
    pub(super) fn build(&mut self, name: &str, shown: &str) -> Option<Policy> {
        let mut joined = Joined::default();
        self.join(name, &mut Vec::new(), &mut joined);
        let body = self.bodies.get(name)?;
        let minimum = body
            .minimum
            .or(self.minimum)
            .or(joined.minimum)
            .unwrap_or(MINIMUM);
        let mut warnings = Diagnostics::default();
        lint::check(&joined.rules, &self.file, &mut warnings);
        let mark = body.mark.clone();
        match Tables::new(joined.rules) {
            Ok(tables) => Some(Policy {
                name: shown.into(),
                minimum,
                tables,
                warnings,
            }),
            Err(problem) => {
                self.diagnostics
                    .push(mark.with(Severity::Error, problem.to_string()));
                None
            }
        }
    }

    fn join(&mut self, name: &str, path: &mut Vec<String>, joined: &mut Joined) {
        if !self.has(name) || joined.seen.iter().any(|seen| seen == name) {
            return;
        }
        joined.seen.push(name.to_owned());
        path.push(name.to_owned());
        let Some(body) = self.bodies.get(name) else {
            return;
        };
        joined.rules.extend(body.rules.iter().cloned());
        if path.len() > 1 {
            joined.minimum = joined.minimum.max(body.minimum);
        }
        for (included, mark) in body.includes.clone() {
            if let Some(from) = path.iter().position(|name| *name == included) {
                let mut cycle: Vec<_> = path.iter().skip(from).map(String::as_str).collect();
                cycle.push(&included);
                let message = format!(
                    "a policy cannot include itself: {}",
                    quote(&cycle.join(" -> "))
                );
                self.diagnostics.push(mark.with(Severity::Error, message));
            } else if self.has(&included) {
                self.join(&included, path, joined);
            } else {
                let names = self.names();
                let mark = mark.with(
                    Severity::Error,
                    format!("unknown policy {}", quote(&included)),
                );
                self.diagnostics.push(
                    match super::suggest::closest(&included, names.iter().map(String::as_str)) {
                        Some(meant) => mark.help(format!("did you mean `{meant}`?")),
                        None => mark.help("`doodgate presets` lists those that need no file"),
                    },
                );
            }
        }
        path.pop();
    }
}

/// What a policy and its includes come to.
#[derive(Default)]
struct Joined {
    rules: Vec<Arc<Rule>>,
    minimum: Option<ApiVersion>,
    seen: Vec<String>,
}

/// What a name may be, for a `help:`.
pub(super) const NAME_HELP: &str =
    "a name has at most 63 letters, digits, `-`, `_` and `.`, and begins with a letter or digit";

/// Whether `name` may name a policy, a socket or a tenant: it stands in metrics and file names.
pub(super) fn is_name(name: &str) -> bool {
    name.len() <= 63
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

/// Reads a file of rules for one socket.
pub(super) fn load(
    name: &str,
    file: &str,
    text: &str,
    presets: &[Preset],
) -> Result<Policy, Diagnostics> {
    let source = Source::new(file, text);
    let root = source.parse()?;
    let mut diagnostics = Diagnostics::default();
    let mut reader = Reader {
        source: &source,
        diagnostics: &mut diagnostics,
    };
    let Some(entries) = reader.root(&root) else {
        return Err(diagnostics);
    };
    check_version(&mut reader, &root, entries);
    for entry in entries {
        if matches!(
            entry.key.as_str(),
            "sockets" | "engine" | "admin" | "audit" | "limits"
        ) {
            reader.error_help(
                entry.span,
                format!(
                    "`{}` has no place in a file of rules for one socket",
                    entry.key
                ),
                "give the whole file with `--config`, or take this key out",
            );
        }
    }
    let body = body(
        &mut reader,
        root.span,
        entries,
        &[
            "version", "policies", "sockets", "engine", "admin", "audit", "limits",
        ],
    );
    // A name that no file can have, so that the policy may be called like a preset that it includes.
    let own = "";
    let mut library = Library::new(presets, &source.file, None, diagnostics);
    library.add(own, body);
    if let Some(entry) = entries.iter().find(|entry| entry.key == "policies") {
        library.read(&source, &entry.value);
    }
    let policy = library.build(own, name);
    library.diagnostics.sort();
    match policy {
        Some(policy) if !library.diagnostics.has_errors() => Ok(policy),
        Some(_) | None => Err(library.diagnostics),
    }
}
