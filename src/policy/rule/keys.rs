//! The keys below a rule's name.

use super::super::diagnostics::quote;
use super::super::pattern::{self, Pattern};
use super::super::read::Reader;
use super::super::rewrite;
use super::super::source::{Data, Entry};
use super::{Condition, Effect, On, Rule, Selector};
use crate::api::{Operation, ParameterKind};
use crate::demand::{KINDS, Kind, KindInfo, Shape};

/// Reads one key into the rule. `known` tells whether the rule's name is: if not, what depends on it is not checked.
pub(super) fn read_key(reader: &mut Reader<'_, '_>, rule: &mut Rule, entry: &Entry, known: bool) {
    let (key, node) = (entry.key.as_str(), &entry.value);
    let only_allow = |reader: &mut Reader<'_, '_>| {
        reader.error(
            entry.span,
            format!("`{key}` has no meaning in a rule that denies"),
        );
    };
    if let Some(name) = key.strip_prefix("query.") {
        return query(reader, rule, entry, name, known);
    }
    if let Some(name) = key.strip_prefix("path.") {
        return path_name(reader, rule, entry, name, known);
    }
    match (key, rule.effect) {
        ("body" | "max" | "require" | "set" | "force", Effect::Deny) => only_allow(reader),
        ("body", Effect::Allow) => match reader.text(node, key) {
            Some("any") => rule.body = true,
            Some(other) => reader.error(
                node.span,
                format!("`body` must be `any`, not {}", quote(other)),
            ),
            None => {}
        },
        ("max", Effect::Allow) => {
            for limit in reader.map(node, key).unwrap_or_default() {
                match kind(&limit.key) {
                    Some(info) if matches!(info.shape, Shape::Limit(_)) => {
                        grant(reader, rule, info, limit);
                    }
                    _ => {
                        let limits = KINDS
                            .iter()
                            .filter(|info| matches!(info.shape, Shape::Limit(_)));
                        reader.unknown(
                            limit.span,
                            "limit",
                            &limit.key,
                            limits.map(|info| info.name),
                            &list_limits(),
                        );
                    }
                }
            }
        }
        ("require", Effect::Allow) => {
            for (text, item) in reader.texts(node, key) {
                match kind(text) {
                    Some(info) => rule.require.push(info.kind),
                    None => reader.unknown(
                        item.span,
                        "grant",
                        text,
                        KINDS.iter().map(|info| info.name),
                        &list_limits(),
                    ),
                }
            }
        }
        ("set", Effect::Allow) => rewrite::read(reader, node, key, false, &mut rule.rewriting),
        ("force", Effect::Allow) => rewrite::read(reader, node, key, true, &mut rule.rewriting),
        ("labels", Effect::Allow) if matches!(node.data, Data::Map(_)) => {
            labels(reader, rule, entry);
        }
        _ => match kind(key) {
            Some(info) if rule.effect == Effect::Deny && matches!(info.shape, Shape::Limit(_)) => {
                only_allow(reader);
            }
            Some(info) => grant(reader, rule, info, entry),
            None => unknown_key(reader, rule, entry),
        },
    }
}

/// `labels: {required: ..., allowed: ...}`
fn labels(reader: &mut Reader<'_, '_>, rule: &mut Rule, entry: &Entry) {
    for part in reader.map(&entry.value, "labels").unwrap_or_default() {
        match part.key.as_str() {
            "allowed" => grant(reader, rule, Kind::Labels.info(), part),
            "required" => {
                let patterns = patterns(reader, part, Shape::Text, false);
                rule.labels.extend(patterns);
            }
            other => reader.unknown(
                part.span,
                "key",
                other,
                ["allowed", "required"],
                "`labels` has `allowed` and `required`",
            ),
        }
    }
}

fn kind(name: &str) -> Option<&'static KindInfo> {
    KINDS
        .iter()
        .find(|info| info.name == name && info.kind != Kind::Body)
}

fn list_limits() -> String {
    let names: Vec<_> = KINDS
        .iter()
        .filter(|info| matches!(info.shape, Shape::Limit(_)))
        .map(|info| format!("`{}`", info.name))
        .collect();
    format!("the limits are {}", names.join(", "))
}

fn unknown_key(reader: &mut Reader<'_, '_>, rule: &Rule, entry: &Entry) {
    let mut known: Vec<String> = KINDS.iter().map(|info| info.name.to_owned()).collect();
    known.extend(["max", "require", "set", "force"].map(str::to_owned));
    if let Selector::Operations { operations, .. } = &rule.selector {
        for operation in operations {
            known.extend(
                operation
                    .query
                    .iter()
                    .map(|parameter| format!("query.{}", parameter.name)),
            );
            known.extend(operation.names().map(|name| format!("path.{name}")));
            // A parameter's bare name is the commonest slip.
            if operation
                .query
                .iter()
                .any(|parameter| parameter.name == entry.key)
            {
                reader.error_help(
                    entry.span,
                    format!("unknown key {}", quote(&entry.key)),
                    format!("write `query.{}` for the query parameter", entry.key),
                );
                return;
            }
        }
    }
    reader.unknown(
        entry.span,
        "key",
        &entry.key,
        known.iter().map(String::as_str),
        "a rule has grants (docs/GRANTS.md lists them), `query.NAME`, `path.NAME`, `body`, `max`, `require`, `labels`, `set` and `force`",
    );
}

fn grant(reader: &mut Reader<'_, '_>, rule: &mut Rule, info: &'static KindInfo, entry: &Entry) {
    let denies = rule.effect == Effect::Deny;
    let found = if info.shape == Shape::Flag {
        match reader.boolean(&entry.value, info.name) {
            Some(true) => vec![Pattern::Any],
            Some(false) if denies => {
                reader.error(
                    entry.value.span,
                    format!(
                        "`{}: false` would never match in a rule that denies",
                        info.name
                    ),
                );
                return;
            }
            Some(false) => Vec::new(),
            None => return,
        }
    } else {
        patterns(reader, entry, info.shape, denies)
    };
    match rule.grants.iter_mut().find(|(kind, _)| *kind == info.kind) {
        Some(_) => reader.error(
            entry.span,
            format!("`{}` stands in this rule a second time", info.name),
        ),
        None => rule.grants.push((info.kind, found)),
    }
}

fn patterns(reader: &mut Reader<'_, '_>, entry: &Entry, shape: Shape, wide: bool) -> Vec<Pattern> {
    reader
        .texts(&entry.value, &entry.key)
        .into_iter()
        .filter_map(|(text, node)| {
            if matches!(&node.data, Data::Scalar { plain: true, text } if text == "true" || text == "false") {
                let help = match shape {
                    Shape::Limit(_) => "write the most that may be asked for",
                    Shape::Flag | Shape::Text | Shape::Path | Shape::Image | Shape::Ports => {
                        "write a pattern: `\"**\"` is any value"
                    }
                };
                reader.error_help(
                    node.span,
                    format!("`{}` takes values, not {}", entry.key, quote(text)),
                    help,
                );
                return None;
            }
            match pattern::of_shape(text, shape, wide) {
                Ok(pattern) => Some(pattern),
                Err(problem) => {
                    reader.error(node.span, format!("`{}`: {}: {problem}", entry.key, quote(text)));
                    None
                }
            }
        })
        .collect()
}

/// `query.NAME`: a condition on a parameter.
fn query(reader: &mut Reader<'_, '_>, rule: &mut Rule, entry: &Entry, name: &str, known: bool) {
    let mut kinds = Vec::new();
    if let Selector::Operations { operations, .. } = &mut rule.selector {
        let has = |operation: &&Operation| {
            operation
                .query
                .iter()
                .any(|parameter| parameter.name == name)
        };
        if known && !operations.iter().any(&has) {
            let names: Vec<_> = operations
                .iter()
                .flat_map(|operation| operation.query)
                .map(|parameter| parameter.name)
                .collect();
            let otherwise = if names.is_empty() {
                format!("{} has no query parameters", quote(&rule.reference.text))
            } else {
                "`doodgate operations` lists the parameters".to_owned()
            };
            reader.unknown(entry.span, "query parameter", name, names, &otherwise);
            return;
        }
        // The condition can hold for those alone.
        operations.retain(has);
        kinds = operations
            .iter()
            .flat_map(|operation| operation.query)
            .filter(|parameter| parameter.name == name)
            .map(|parameter| parameter.kind)
            .collect();
    }
    let boolean = !kinds.is_empty() && kinds.iter().all(|kind| *kind == ParameterKind::Boolean);
    let mut found = Vec::new();
    for (text, node) in reader.texts(&entry.value, &entry.key) {
        if boolean && !matches!(text, "true" | "false") {
            reader.error(
                node.span,
                format!(
                    "`{}` must be `true` or `false`, not {}",
                    entry.key,
                    quote(text)
                ),
            );
            continue;
        }
        match pattern::text(text, rule.effect == Effect::Deny) {
            Ok(pattern) => found.push(pattern),
            Err(problem) => reader.error(
                node.span,
                format!("`{}`: {}: {problem}", entry.key, quote(text)),
            ),
        }
    }
    rule.conditions.push(Condition {
        on: On::Query(name.to_owned()),
        patterns: found,
    });
}

/// `path.NAME`: a condition on a name of the template.
fn path_name(reader: &mut Reader<'_, '_>, rule: &mut Rule, entry: &Entry, name: &str, known: bool) {
    match &mut rule.selector {
        Selector::Operations { operations, .. } => {
            let has = |operation: &&Operation| operation.names().any(|own| own == name);
            if known && !operations.iter().any(&has) {
                let names: Vec<_> = operations
                    .iter()
                    .flat_map(|operation| operation.names())
                    .collect();
                let otherwise = names.first().map_or_else(
                    || format!("the path of {} has no names", quote(&rule.reference.text)),
                    |first| format!("the name in its path is `{first}`"),
                );
                reader.unknown(entry.span, "name", name, names, &otherwise);
                return;
            }
            operations.retain(has);
        }
        Selector::Path { .. } => {
            reader.error(
                entry.span,
                "a rule by path has no names: put them into its path",
            );
            return;
        }
    }
    let patterns = patterns(reader, entry, Shape::Text, rule.effect == Effect::Deny);
    rule.conditions.push(Condition {
        on: On::Path(name.to_owned()),
        patterns,
    });
}
