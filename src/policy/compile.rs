//! Rules become tables: for every operation the rules that are about it, and for every kind of demand one
//! matcher over the patterns of all rules. A decision then is a handful of set operations, however many
//! rules there are.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::mask::{MAX_RULES, Mask};
use super::matcher::{Matcher, RulePatterns, TooLarge};
use super::rule::{Effect, On, Rule, Selector};
use super::vocabulary::Half;
use crate::api::OperationId;
use crate::demand::Kind;

/// A policy's rules, ready to decide.
#[derive(Debug, Default)]
pub(super) struct Tables {
    /// The rules; their places here are their numbers. In the order of files and lines.
    pub(super) rules: Vec<Arc<Rule>>,
    /// The rules about each operation, by name or group.
    pub(super) operations: BTreeMap<OperationId, Table>,
    /// The rules by path, by method.
    pub(super) paths: BTreeMap<String, Matcher>,
    /// The patterns of all rules, by kind.
    pub(super) kinds: BTreeMap<Kind, Matcher>,
    /// The conditions of the rules that have some.
    pub(super) conditions: BTreeMap<usize, Vec<(On, Matcher)>>,
    /// The label patterns that rules require, each on its own.
    pub(super) labels: BTreeMap<usize, Vec<Matcher>>,
    /// All rules.
    pub(super) all: Mask,
    /// The rules that allow.
    pub(super) allow: Mask,
    /// The rules with `body: any`.
    pub(super) body: Mask,
    /// The rules with `require` or required labels.
    pub(super) requiring: Mask,
    /// The rules with `set` or `force`.
    pub(super) rewriting: Mask,
    /// The rules with conditions, or about half of an operation.
    pub(super) conditional: Mask,
}

/// The rules about one operation.
#[derive(Debug, Default)]
pub(super) struct Table {
    /// All of them.
    pub(super) rules: Mask,
    /// A rule that allows any call without demands, where no other rule can have a say in that.
    pub(super) free: Option<usize>,
}

/// Why rules have no tables.
#[derive(Debug, thiserror::Error)]
pub(super) enum Uncompilable {
    /// There are more than sets have room for.
    #[error(
        "a policy has at most {MAX_RULES} rules with all that it includes, and this one has {0}"
    )]
    TooMany(usize),
    /// The expressions are too large together.
    #[error("the patterns of this policy are too large together")]
    TooLarge,
}

impl From<TooLarge> for Uncompilable {
    fn from(_: TooLarge) -> Self {
        Self::TooLarge
    }
}

impl Tables {
    /// The tables of `rules`, in whatever order these come.
    pub(super) fn new(mut rules: Vec<Arc<Rule>>) -> Result<Self, Uncompilable> {
        if rules.len() > MAX_RULES {
            return Err(Uncompilable::TooMany(rules.len()));
        }
        rules.sort_by(|a, b| (&a.reference, &a.meaning).cmp(&(&b.reference, &b.meaning)));
        let mut tables = Self {
            rules,
            ..Self::default()
        };
        tables.index()?;
        tables.match_kinds()?;
        tables.match_paths()?;
        tables.find_free();
        Ok(tables)
    }

    fn index(&mut self) -> Result<(), Uncompilable> {
        for (number, rule) in self.rules.iter().enumerate() {
            self.all.insert(number);
            let flags = [
                (&mut self.allow, rule.effect == Effect::Allow),
                (&mut self.body, rule.body),
                (
                    &mut self.requiring,
                    !rule.require.is_empty() || !rule.labels.is_empty(),
                ),
                (&mut self.rewriting, !rule.rewriting.is_empty()),
                (
                    &mut self.conditional,
                    !rule.conditions.is_empty() || rule.half().is_some(),
                ),
            ];
            for (mask, holds) in flags {
                if holds {
                    mask.insert(number);
                }
            }
            if let Selector::Operations { operations, .. } = &rule.selector {
                for operation in operations {
                    self.operations
                        .entry(operation.id)
                        .or_default()
                        .rules
                        .insert(number);
                }
            }
            let denies = rule.effect == Effect::Deny;
            let mut conditions = Vec::new();
            for condition in &rule.conditions {
                let one = std::iter::once((number, denies, condition.patterns.as_slice()));
                conditions.push((condition.on.clone(), Matcher::new(one)?));
            }
            if !conditions.is_empty() {
                self.conditions.insert(number, conditions);
            }
            let mut labels = Vec::new();
            for pattern in &rule.labels {
                let one = std::iter::once((number, denies, std::slice::from_ref(pattern)));
                labels.push(Matcher::new(one)?);
            }
            if !labels.is_empty() {
                self.labels.insert(number, labels);
            }
        }
        Ok(())
    }

    fn match_kinds(&mut self) -> Result<(), Uncompilable> {
        let mut kinds: BTreeMap<Kind, Vec<RulePatterns<'_>>> = BTreeMap::new();
        for (number, rule) in self.rules.iter().enumerate() {
            for (kind, patterns) in &rule.grants {
                kinds.entry(*kind).or_default().push((
                    number,
                    rule.effect == Effect::Deny,
                    patterns,
                ));
            }
        }
        for (kind, rules) in kinds {
            self.kinds.insert(kind, Matcher::new(rules.into_iter())?);
        }
        Ok(())
    }

    fn match_paths(&mut self) -> Result<(), Uncompilable> {
        let mut paths: BTreeMap<&str, Vec<RulePatterns<'_>>> = BTreeMap::new();
        for (number, rule) in self.rules.iter().enumerate() {
            if let Selector::Path { method, pattern } = &rule.selector {
                paths.entry(method).or_default().push((
                    number,
                    rule.effect == Effect::Deny,
                    std::slice::from_ref(pattern),
                ));
            }
        }
        for (method, rules) in paths {
            self.paths
                .insert(method.to_owned(), Matcher::new(rules.into_iter())?);
        }
        Ok(())
    }

    /// Finds the operations that a call without demands may use at once.
    fn find_free(&mut self) {
        let special = self.requiring.or(&self.conditional).or(&self.rewriting);
        for (id, table) in &mut self.operations {
            let by_path = self
                .paths
                .get(id.operation().method.as_str())
                .map(|matcher| matcher.named)
                .unwrap_or_default();
            let others = table.rules.or(&by_path);
            let denied = !others.without(&self.allow).is_empty();
            let rewritten = !others.and(&self.rewriting).is_empty();
            if !denied && !rewritten {
                // The first rule of the file that allows a call is the one that is named, so no other may come
                // before this one.
                let first = others.iter().next();
                table.free = first.filter(|rule| table.rules.has(*rule) && !special.has(*rule));
            }
        }
    }
}

impl Rule {
    /// Which half of `ImageCreate` the rule is about; `None` for both, and for other operations.
    pub(super) fn half(&self) -> Option<Half> {
        match &self.selector {
            Selector::Operations { half, .. } => *half,
            Selector::Path { .. } => None,
        }
    }
}
