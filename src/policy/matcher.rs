//! Many rules' patterns, compared with one value at once.

use std::collections::BTreeMap;

use regex::{RegexSet, RegexSetBuilder};

use super::mask::Mask;
use super::pattern::{Pattern, Ports};
use crate::demand::Value;

/// What a set of expressions may use when compiled, in bytes.
const MAX_COMPILED: usize = 32 << 20;

/// The patterns of many rules over values of one sort. Asked for a value, it tells which rules have a pattern
/// that matches, at a cost that hardly depends on how many there are.
#[derive(Debug, Default)]
pub(super) struct Matcher {
    /// The rules that have patterns here at all.
    pub(super) named: Mask,
    any: Mask,
    exact: BTreeMap<Box<str>, Mask>,
    expressions: Option<RegexSet>,
    /// The rules of each expression, in the set's order.
    of_expression: Vec<Mask>,
    /// The largest amount first, so that the walk can end early.
    limits: Vec<(u64, Mask)>,
    ports: Vec<(Ports, bool, Mask)>,
}

/// A rule's number, whether it denies, and its patterns.
pub(super) type RulePatterns<'p> = (usize, bool, &'p [Pattern]);

/// Too many or too large expressions together.
#[derive(Debug)]
pub(super) struct TooLarge;

impl Matcher {
    /// A matcher of the rules' patterns. A rule may have none: it names the sort, and matches nothing.
    pub(super) fn new<'p>(rules: impl Iterator<Item = RulePatterns<'p>>) -> Result<Self, TooLarge> {
        let mut matcher = Self::default();
        let mut expressions: BTreeMap<&str, Mask> = BTreeMap::new();
        let mut limits: BTreeMap<u64, Mask> = BTreeMap::new();
        for (rule, denies, patterns) in rules {
            matcher.named.insert(rule);
            for pattern in patterns {
                match pattern {
                    Pattern::Any => matcher.any.insert(rule),
                    Pattern::Exact(text) => matcher
                        .exact
                        .entry(text.as_str().into())
                        .or_default()
                        .insert(rule),
                    Pattern::Regex(body) => expressions.entry(body).or_default().insert(rule),
                    Pattern::Ports(ports) => {
                        matcher.ports.push((ports.clone(), denies, Mask::of(rule)));
                    }
                    Pattern::Most(most) => limits.entry(*most).or_default().insert(rule),
                }
            }
        }
        matcher.limits = limits.into_iter().rev().collect();
        if !expressions.is_empty() {
            let set =
                RegexSetBuilder::new(expressions.keys().map(|body| format!(r"\A(?:{body})\z")))
                    .size_limit(MAX_COMPILED)
                    .build()
                    .map_err(|_| TooLarge)?;
            matcher.expressions = Some(set);
            matcher.of_expression = expressions.into_values().collect();
        }
        Ok(matcher)
    }

    /// The rules with a pattern that matches `value`.
    pub(super) fn rules(&self, value: &Value<'_>) -> Mask {
        match value {
            Value::Flag | Value::Unlimited => self.any,
            Value::Number(number) => self
                .limits
                .iter()
                .take_while(|(most, _)| number <= most)
                .fold(self.any, |rules, (_, of)| rules.or(of)),
            Value::Text(text) => self.rules_for(text),
        }
    }

    /// The rules with a pattern that matches `text`.
    pub(super) fn rules_for(&self, text: &str) -> Mask {
        let mut rules = self.any;
        if let Some(of) = self.exact.get(text) {
            rules = rules.or(of);
        }
        if let Some(set) = &self.expressions {
            for index in &set.matches(text) {
                if let Some(of) = self.of_expression.get(index) {
                    rules = rules.or(of);
                }
            }
        }
        for (ports, wide, of) in &self.ports {
            if ports.covers(text, *wide) {
                rules = rules.or(of);
            }
        }
        rules
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_matcher_tells_which_rules_match() {
        let one = [Pattern::Exact("a".into()), Pattern::Regex("b[^/]*".into())];
        let two = [Pattern::Any];
        let three = [Pattern::Regex("b[^/]*".into())];
        let rules: [(usize, &[Pattern]); 4] = [(0, &one), (70, &two), (2, &three), (3, &[])];
        let matcher = Matcher::new(rules.into_iter().map(|(n, p)| (n, false, p))).unwrap();
        let rules = |text| matcher.rules_for(text).iter().collect::<Vec<_>>();
        assert_eq!(rules("a"), [0, 70]);
        assert_eq!(rules("bc"), [0, 2, 70]);
        assert_eq!(rules("xbc"), [70]);
        assert_eq!(matcher.named.iter().collect::<Vec<_>>(), [0, 2, 3, 70]);
    }

    #[test]
    fn limits_hold_up_to_their_amount() {
        let (small, large) = ([Pattern::Most(10)], [Pattern::Most(100)]);
        let rules: [(usize, &[Pattern]); 2] = [(0, &small), (1, &large)];
        let matcher = Matcher::new(rules.into_iter().map(|(n, p)| (n, false, p))).unwrap();
        let rules = |value| matcher.rules(&value).iter().collect::<Vec<_>>();
        assert_eq!(rules(Value::Number(10)), [0, 1]);
        assert_eq!(rules(Value::Number(11)), [1]);
        assert!(rules(Value::Number(101)).is_empty());
        assert!(rules(Value::Unlimited).is_empty());
        assert!(rules(Value::Text("5".into())).is_empty());
    }
}
