//! Rules, as a file states them: read from the tree, checked, and not yet compiled.

mod keys;

use std::sync::Arc;

use super::diagnostics::{Diagnostic, Severity, quote};
use super::pattern::{self, Pattern};
use super::permit::RuleRef;
use super::read::Reader;
use super::rewrite::{self, Rewriting};
use super::source::{Data, Entry, Node, Span};
use super::vocabulary::{self, Half};
use crate::api::{OPERATIONS, Operation, OperationId};
use crate::demand::Kind;

/// Whether a rule opens or closes.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Effect {
    /// An entry of `allow:`.
    Allow,
    /// An entry of `deny:`.
    Deny,
}

/// One entry of `allow:` or `deny:`.
#[derive(Debug)]
pub(super) struct Rule {
    pub(super) effect: Effect,
    /// Where it stands.
    pub(super) reference: RuleRef,
    /// What it is about.
    pub(super) selector: Selector,
    /// All of these must hold for the rule to have a say.
    pub(super) conditions: Vec<Condition>,
    /// What it grants, or for a denial what the call must demand, by kind. No kind comes twice.
    pub(super) grants: Vec<(Kind, Vec<Pattern>)>,
    /// Whether it grants every demand of a kind that it does not name.
    pub(super) body: bool,
    /// The kinds that the call must put a bound on.
    pub(super) require: Vec<Kind>,
    /// Patterns that each must match one of the call's labels.
    pub(super) labels: Vec<Pattern>,
    /// What it writes into the document.
    pub(super) rewriting: Vec<Rewriting>,
    /// A diagnostic at the rule's first word, to be given a message.
    pub(super) mark: Diagnostic,
    /// The rule without its place and order: equal for rules that say the same.
    pub(super) meaning: String,
}

/// What a rule is about.
#[derive(Clone, Debug)]
pub(super) enum Selector {
    /// Operations of the table.
    Operations {
        /// Which.
        operations: Vec<&'static Operation>,
        /// Which half of `ImageCreate`.
        half: Option<Half>,
    },
    /// Requests by their method and their decoded path below the version.
    Path {
        /// The method's token.
        method: String,
        /// What the path must match.
        pattern: Pattern,
    },
}

/// A condition on the call's head.
#[derive(Clone, Debug)]
pub(super) struct Condition {
    pub(super) on: On,
    pub(super) patterns: Vec<Pattern>,
}

/// What a condition looks at.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum On {
    /// A name of the operation's template.
    Path(String),
    /// A query parameter.
    Query(String),
}

impl Condition {
    /// The key in the file.
    pub(super) fn key(&self) -> String {
        match &self.on {
            On::Path(name) => format!("path.{name}"),
            On::Query(name) => format!("query.{name}"),
        }
    }
}

/// Reads the list below `allow:` or `deny:`.
pub(super) fn read_all(reader: &mut Reader<'_, '_>, node: &Node, effect: Effect) -> Vec<Rule> {
    let name = match effect {
        Effect::Allow => "allow",
        Effect::Deny => "deny",
    };
    reader
        .list(node, name)
        .unwrap_or_default()
        .iter()
        .filter_map(|item| read(reader, item, effect))
        .collect()
}

fn read(reader: &mut Reader<'_, '_>, node: &Node, effect: Effect) -> Option<Rule> {
    match &node.data {
        Data::Scalar { text, .. } if !node.is_null() => rule(reader, text, node.span, &[], effect),
        Data::Map(entries) => {
            let [entry] = entries.as_slice() else {
                return misplaced(reader, node, entries);
            };
            if entry.value.is_null() {
                return rule(reader, &entry.key, entry.span, &[], effect);
            }
            let keys = reader.map(&entry.value, &entry.key)?;
            rule(reader, &entry.key, entry.span, keys, effect)
        }
        Data::Scalar { .. } | Data::List(_) => {
            reader.error_help(
                node.span,
                format!("a rule must be a name or a mapping, and this is {}", node.kind()),
                "write `- containers.read`, or `- ContainerCreate: {image: \"registry.example.com/**\"}`",
            );
            None
        }
    }
}

/// A list item with several keys, or none: most often the rule's keys are not indented below it.
fn misplaced(reader: &mut Reader<'_, '_>, node: &Node, entries: &[Entry]) -> Option<Rule> {
    match entries {
        [first, second, ..] => {
            let help = if first.value.is_null() {
                format!(
                    "indent {} two columns deeper than {} to make it part of that rule",
                    quote(&second.key),
                    quote(&first.key)
                )
            } else {
                format!("begin another rule with `- {}`", second.key)
            };
            reader.error_help(
                second.span,
                "a rule has one name, and this is a second key",
                help,
            );
        }
        [] | [_] => reader.error(node.span, "this rule is empty"),
    }
    None
}

fn rule(
    reader: &mut Reader<'_, '_>,
    name: &str,
    span: Span,
    keys: &[Entry],
    effect: Effect,
) -> Option<Rule> {
    // A rule with an unknown name is still read, so that its other mistakes are told too.
    let selector = selector(reader, name, span, effect);
    let mut rule = Rule {
        effect,
        reference: RuleRef {
            file: Arc::clone(&reader.source.file),
            line: span.line,
            text: name.into(),
        },
        selector: selector.clone().unwrap_or(Selector::Operations {
            operations: Vec::new(),
            half: None,
        }),
        conditions: Vec::new(),
        grants: Vec::new(),
        body: false,
        require: Vec::new(),
        labels: Vec::new(),
        rewriting: Vec::new(),
        mark: Diagnostic::new(Severity::Warning, reader.source, span, ""),
        meaning: String::new(),
    };
    for entry in keys {
        keys::read_key(reader, &mut rule, entry, selector.is_some());
    }
    if selector.is_some() {
        rewrite::check(reader, &operations_of(&rule), &rule.rewriting);
    }
    rule.rewriting.sort_by(|a, b| a.key().cmp(&b.key()));
    let mut meaning: Vec<String> = keys
        .iter()
        .map(|entry| meaning_of(&entry.key, &entry.value))
        .collect();
    meaning.sort();
    rule.meaning = format!("{effect:?} {name} {meaning:?}");
    selector.map(|_| rule)
}

/// A value without its place, for comparing rules.
fn meaning_of(key: &str, node: &Node) -> String {
    match &node.data {
        Data::Scalar { text, plain } => format!("{key}={text}{}", if *plain { "" } else { "'" }),
        Data::List(items) => {
            let items: Vec<_> = items.iter().map(|item| meaning_of("", item)).collect();
            format!("{key}={items:?}")
        }
        Data::Map(entries) => {
            let mut items: Vec<_> = entries
                .iter()
                .map(|entry| meaning_of(&entry.key, &entry.value))
                .collect();
            items.sort();
            format!("{key}={items:?}")
        }
    }
}

fn selector(
    reader: &mut Reader<'_, '_>,
    name: &str,
    span: Span,
    effect: Effect,
) -> Option<Selector> {
    if let Some((method, path)) = name.split_once(' ') {
        return path_selector(reader, method, path.trim_start(), span, effect);
    }
    if let Some(selection) = vocabulary::select(name) {
        return Some(Selector::Operations {
            operations: selection.operations,
            half: selection.half,
        });
    }
    if name.starts_with('/') {
        reader.error_help(
            span,
            "a rule by path begins with a method",
            format!("write `GET {name}`"),
        );
        return None;
    }
    if super::PRESETS.iter().any(|preset| preset.name == name) {
        reader.error_help(
            span,
            format!("{} is a policy, and no rule", quote(name)),
            format!("write `include: [{name}]`"),
        );
        return None;
    }
    let names = vocabulary::names();
    reader.unknown(
        span,
        "operation or group",
        name,
        names.iter().map(String::as_str),
        "`doodgate operations` lists the names; a route without one is written `GET /path`",
    );
    None
}

fn path_selector(
    reader: &mut Reader<'_, '_>,
    method: &str,
    path: &str,
    span: Span,
    effect: Effect,
) -> Option<Selector> {
    if method.is_empty() || !method.bytes().all(|b| b.is_ascii_uppercase()) {
        reader.error_help(
            span,
            format!("{} is no method", quote(method)),
            "a rule by path begins with `GET`, `HEAD`, `POST`, `PUT`, `DELETE` or another method in capitals",
        );
        return None;
    }
    if !path.starts_with('/') && !path.starts_with("regex:") {
        reader.error_help(
            span,
            format!("the path {} does not begin with `/`", quote(path)),
            format!("write `{method} /path/*` or `{method} regex:/path/[a-z]+`"),
        );
        return None;
    }
    if path.starts_with("/v1.") {
        reader.error_help(
            span,
            "a rule's path begins below the version",
            "leave `/v1.NN` out: the rule holds for every version",
        );
        return None;
    }
    if path.contains(['%', '#'])
        || (path.contains('?') && !path.starts_with("regex:") && path.contains('='))
    {
        reader.error_help(
            span,
            "a rule's path is decoded and has no query",
            "write the characters themselves, and parameters as `query.NAME` below the rule",
        );
        return None;
    }
    match pattern::text(path, effect == Effect::Deny) {
        Ok(pattern) => Some(Selector::Path {
            method: method.to_owned(),
            pattern,
        }),
        Err(problem) => {
            reader.error(span, format!("{}: {problem}", quote(path)));
            None
        }
    }
}

/// The operations that `rule` can be about: for a path, those whose template it matches with any names.
pub(super) fn operations_of(rule: &Rule) -> Vec<&'static Operation> {
    match &rule.selector {
        Selector::Operations { operations, .. } => operations.clone(),
        Selector::Path { method, pattern } => {
            let Ok(matcher) = super::matcher::Matcher::new(std::iter::once((
                0,
                rule.effect == Effect::Deny,
                std::slice::from_ref(pattern),
            ))) else {
                return Vec::new();
            };
            OPERATIONS
                .iter()
                .filter(|operation| {
                    operation.method.as_str() == method
                        && matcher.rules_for(&sample(operation)).has(0)
                })
                .collect()
        }
    }
}

/// A path of the operation, with a letter for every name.
fn sample(operation: &Operation) -> String {
    operation
        .template
        .split('/')
        .map(|segment| {
            if segment.starts_with('{') {
                "x"
            } else {
                segment
            }
        })
        .collect::<Vec<_>>()
        .join("/")
}

/// Whether an operation is the one with two halves.
pub(super) fn has_halves(operation: OperationId) -> bool {
    operation == OperationId::ImageCreate
}
