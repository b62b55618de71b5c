//! What is doubtful about rules that are valid each on its own.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::diagnostics::{Diagnostics, Severity};
use super::pattern::Pattern;
use super::rule::{Effect, On, Rule, operations_of};
use crate::api::{Harm, Operation, OperationId};
use crate::demand::Kind;

/// Adds warnings about the rules that stand in `file`.
pub(super) fn check(rules: &[Arc<Rule>], file: &str, warnings: &mut Diagnostics) {
    let own: Vec<&Arc<Rule>> = rules
        .iter()
        .filter(|rule| *rule.reference.file == *file)
        .collect();
    let mut warn = |rule: &Rule, message: String, help: &str| {
        let diagnostic = rule.mark.with(Severity::Warning, message);
        warnings.push(if help.is_empty() {
            diagnostic
        } else {
            diagnostic.help(help)
        });
    };
    for (index, rule) in own.iter().enumerate() {
        if let Some(first) = own
            .iter()
            .take(index)
            .find(|other| other.meaning == rule.meaning)
        {
            let message = format!("this rule stands in line {} already", first.reference.line);
            warn(rule, message, "");
            continue;
        }
        match rule.effect {
            Effect::Deny => {
                if rule
                    .conditions
                    .iter()
                    .any(|condition| matches!(condition.on, On::Path(_)))
                {
                    warn(
                        rule,
                        "clients can name the same object by its id, and so get around a denial by name".to_owned(),
                        "allow the names that are meant, and deny nothing here",
                    );
                }
            }
            Effect::Allow => {
                if let Some(deny) = covering(rule, rules) {
                    let message = format!(
                        "this rule never allows anything: the rule at {} denies it",
                        deny.reference
                    );
                    warn(rule, message, "");
                }
                if let Some((message, help)) = too_wide(rule) {
                    warn(rule, message, help);
                }
                for other in own.iter().take(index) {
                    if let Some(place) = rewrite_conflict(rule, other) {
                        let message = format!(
                            "this rule and the one in line {} write different values to `{place}`",
                            other.reference.line
                        );
                        warn(rule, message, "a call that both allow is refused");
                    }
                }
            }
        }
    }
    if let Some(build) = unbound_build(&own) {
        warn(
            build,
            "builds may begin from any image, while containers are restricted to some: a `RUN` executes what is in its base image"
                .to_owned(),
            "name the same images as `base-image` in the rule for ImageBuild",
        );
    }
    warnings.sort();
}

/// A rule for builds that leaves their base images open, where every rule for containers says from which images.
fn unbound_build<'r>(rules: &[&'r Arc<Rule>]) -> Option<&'r Rule> {
    let about = |id: OperationId| {
        rules.iter().copied().filter(move |rule| {
            rule.effect == Effect::Allow
                && operations_of(rule)
                    .iter()
                    .any(|operation| operation.id == id)
        })
    };
    let names = |rule: &Rule, kind: Kind| rule.grants.iter().any(|(named, _)| *named == kind);
    let mut creates = about(OperationId::ContainerCreate).peekable();
    creates.peek()?;
    if !creates.all(|rule| names(rule, Kind::Image)) {
        return None;
    }
    about(OperationId::ImageBuild)
        .find(|rule| !names(rule, Kind::BaseImage))
        .map(AsRef::as_ref)
}

fn ids(operations: &[&'static Operation]) -> BTreeSet<OperationId> {
    operations.iter().map(|operation| operation.id).collect()
}

/// A deny rule without conditions that takes all operations of an allow rule.
fn covering<'r>(rule: &Rule, rules: &'r [Arc<Rule>]) -> Option<&'r Rule> {
    let own = ids(&operations_of(rule));
    if own.is_empty() {
        return None;
    }
    rules.iter().map(AsRef::as_ref).find(|other| {
        other.effect == Effect::Deny
            && other.conditions.is_empty()
            && other.grants.is_empty()
            && (other.half().is_none() || other.half() == rule.half())
            && own.is_subset(&ids(&operations_of(other)))
    })
}

/// A rule that makes every client of the socket root on the host, without having said so.
fn too_wide(rule: &Rule) -> Option<(String, &'static str)> {
    let operations = operations_of(rule);
    let escapes: Vec<&str> = operations
        .iter()
        .filter(|operation| operation.harms.contains(&Harm::HostEscape))
        .map(|operation| operation.name)
        .collect();
    if rule.body && operations.len() > 1 && !escapes.is_empty() {
        let named: Vec<_> = escapes
            .iter()
            .take(3)
            .map(|name| format!("`{name}`"))
            .collect();
        let more = match escapes.len().saturating_sub(named.len()) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        return Some((
            format!(
                "`body: any` for a group lets clients become root on the host, by {}{more}",
                named.join(", ")
            ),
            "name the operations one by one, with the grants that each needs",
        ));
    }
    if escapes.is_empty() {
        return None;
    }
    rule.grants.iter().find_map(|(kind, patterns)| {
        let root = *kind == Kind::Bind && patterns.iter().any(is_everything);
        root.then_some((
            format!(
                "`{}` grants every host path: clients can become root on the host",
                kind.name()
            ),
            "name the directories that are meant: `bind: [\"/srv/ci/**\"]`",
        ))
    })
}

/// Whether the pattern of a path takes the root directory.
fn is_everything(pattern: &Pattern) -> bool {
    let one = std::iter::once((0, false, std::slice::from_ref(pattern)));
    super::matcher::Matcher::new(one).is_ok_and(|matcher| matcher.rules_for("/:rw").has(0))
}

fn rewrite_conflict(rule: &Rule, other: &Rule) -> Option<String> {
    if other.effect != Effect::Allow {
        return None;
    }
    let shared = !ids(&operations_of(rule)).is_disjoint(&ids(&operations_of(other)));
    rule.rewriting
        .iter()
        .find(|one| shared && other.rewriting.iter().any(|two| one.conflicts(two)))
        .map(|one| one.place.clone())
}
