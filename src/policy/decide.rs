//! The decision on a call.

use std::borrow::Cow;

use super::denial::{self, Denial};
use super::enforcement::ObserveOnly;
use super::evaluate::Evaluation;
use super::mask::Mask;
use super::permit::{Basis, Permit, Rewrite};
use super::rewrite::Rewriting;
use super::{Effect, Policy, RuleRef};
use crate::api::json::{Document, Value};
use crate::api::{Call, Route};
use crate::demand::{Demand, Kind};

impl Policy {
    /// Whether any decision but a denial is possible for the call, by its head alone. Asked before a body is read,
    /// so that a client without the right to send one is not listened to.
    ///
    /// # Errors
    /// The [`Denial`], when nothing in a body could change it.
    pub fn admit(&self, call: &Call<'_>) -> Result<(), Denial> {
        self.check_version(call)?;
        if self.free(call).is_some() {
            return Ok(());
        }
        let tables = &self.tables;
        let selected = tables.selected(call);
        let met = tables.met(call, &selected);
        let surely = met.without(&tables.allow).iter().find(|number| {
            tables
                .rules
                .get(*number)
                .is_none_or(|rule| rule.grants.is_empty())
        });
        if let Some(number) = surely {
            return Err(denial::by_rule(self, call, number, &[]));
        }
        if met.and(&tables.allow).is_empty() {
            return Err(denial::without_rule(self, call, &selected));
        }
        Ok(())
    }

    /// Decides the call: `demands` is what [`crate::demand::of`] says of it, and what the shell adds from the
    /// request's header fields and from the engine.
    ///
    /// # Errors
    /// The [`Denial`], unless one allow rule grants every demand and no deny rule matches.
    pub fn decide<'c>(
        &self,
        call: &'c Call<'c>,
        document: Option<&'c Document<'c>>,
        demands: &[Demand<'_>],
    ) -> Result<Permit<'c>, Denial> {
        self.check_version(call)?;
        if demands.is_empty()
            && let Some(rule) = self.free(call)
        {
            return Ok(Permit {
                call: Cow::Borrowed(call),
                document: document.map(Cow::Borrowed),
                basis: Basis::Rule(rule.clone()),
                rewrites: Vec::new(),
            });
        }
        let evaluation = self.tables.evaluate(call, document, demands);
        self.conclude(call, document, &evaluation)
    }

    /// Lets pass, unchanged, a call that [`decide`](Self::decide) has refused, at a socket that only observes.
    ///
    /// # Errors
    /// The [`Denial`] again, for a route that the table of operations does not have: what the gate does not understand it
    /// passes on only where a rule names it.
    pub fn tolerate<'c>(
        &self,
        _: ObserveOnly,
        call: &'c Call<'c>,
        document: Option<&'c Document<'c>>,
        denial: Denial,
    ) -> Result<Permit<'c>, Denial> {
        if call.operation().is_none() {
            return Err(denial.not_tolerated());
        }
        Ok(Permit {
            call: Cow::Borrowed(call),
            document: document.map(Cow::Borrowed),
            basis: Basis::Tolerated(denial),
            rewrites: Vec::new(),
        })
    }

    /// What the evaluation of all rules comes to.
    pub(super) fn conclude<'c>(
        &self,
        call: &'c Call<'c>,
        document: Option<&'c Document<'c>>,
        evaluation: &Evaluation<'_>,
    ) -> Result<Permit<'c>, Denial> {
        if let Some(number) = evaluation.denying.iter().next() {
            return Err(denial::by_rule(
                self,
                call,
                number,
                &denial::matching(evaluation, number),
            ));
        }
        let Some(first) = evaluation
            .allowing
            .iter()
            .next()
            .and_then(|number| self.tables.rules.get(number))
        else {
            return Err(denial::missing(self, call, document, evaluation));
        };
        let rewrites = self.rewrites(document, &evaluation.allowing);
        if let Some((one, other)) = conflict(&rewrites) {
            return Err(denial::conflict(self, call, one, other));
        }
        Ok(Permit {
            call: Cow::Borrowed(call),
            document: apply(document, &rewrites),
            basis: Basis::Rule(first.reference.clone()),
            rewrites: rewrites
                .into_iter()
                .map(|(rewriting, rule)| Rewrite {
                    place: rewriting.place.clone(),
                    value: rewriting.text.clone(),
                    rule: rule.clone(),
                })
                .collect(),
        })
    }

    /// Whether a rule about the call names that kind: only then can demands of it, where they are safe, change the
    /// decision.
    pub fn names(&self, call: &Call<'_>, kind: Kind) -> bool {
        let named = self.tables.kinds.get(&kind).map(|matcher| matcher.named);
        named.is_some_and(|named| !named.and(&self.tables.selected(call)).is_empty())
    }

    /// The rule that allows the call at once when it demands nothing.
    fn free(&self, call: &Call<'_>) -> Option<&RuleRef> {
        let Route::Known(operation, _) = &call.route else {
            return None;
        };
        let free = self.tables.operations.get(&operation.id)?.free?;
        self.tables.rules.get(free).map(|rule| &rule.reference)
    }

    fn check_version(&self, call: &Call<'_>) -> Result<(), Denial> {
        match call.version {
            Some(version) if version < self.minimum => Err(denial::version(self, call, version)),
            Some(_) | None => Ok(()),
        }
    }

    /// What all allowing rules together write, each field once: the same for every order of the rules.
    fn rewrites(
        &self,
        document: Option<&Document<'_>>,
        allowing: &Mask,
    ) -> Vec<(&Rewriting, &RuleRef)> {
        let mut rewrites: Vec<_> = allowing
            .and(&self.tables.rewriting)
            .iter()
            .filter_map(|number| self.tables.rules.get(number))
            .flat_map(|rule| {
                rule.rewriting
                    .iter()
                    .map(move |rewriting| (rewriting, &rule.reference))
            })
            .filter(|(rewriting, _)| rewriting.force || rewriting.fills(document))
            .collect();
        // Fill first, then force: so a forced value stands whatever was filled.
        rewrites.sort_by(|(a, _), (b, _)| {
            (a.force, &a.path, &a.text).cmp(&(b.force, &b.path, &b.text))
        });
        rewrites.dedup_by(|(a, _), (b, _)| a.key() == b.key());
        rewrites
    }
}

/// Two fields that cannot both be written, each with the rule that writes it.
type Conflict<'r> = ((String, &'r RuleRef), (String, &'r RuleRef));

fn conflict<'r>(rewrites: &[(&Rewriting, &'r RuleRef)]) -> Option<Conflict<'r>> {
    rewrites
        .iter()
        .enumerate()
        .find_map(|(index, (one, rule))| {
            rewrites
                .iter()
                .skip(index.saturating_add(1))
                .find(|(other, _)| one.conflicts(other))
                .map(|(other, by)| ((one.place.clone(), *rule), (other.place.clone(), *by)))
        })
}

fn apply<'c>(
    document: Option<&'c Document<'c>>,
    rewrites: &[(&Rewriting, &RuleRef)],
) -> Option<Cow<'c, Document<'c>>> {
    if rewrites.is_empty() {
        return document.map(Cow::Borrowed);
    }
    let mut written = document
        .cloned()
        .unwrap_or_else(|| Document::new(Value::Object(Vec::new())));
    for (rewriting, _) in rewrites {
        rewriting.apply(&mut written);
    }
    Some(Cow::Owned(written))
}

/// What every rule about a call says of it, for `explain`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Trace {
    /// The rules about the call's operation or path, in the order of files and lines.
    pub rules: Vec<RuleTrace>,
}

/// What one rule says of a call.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RuleTrace {
    /// The rule.
    pub rule: RuleRef,
    /// Whether it stands below `allow:` or `deny:`.
    pub effect: Effect,
    /// What it says.
    pub outcome: Outcome,
}

/// What a rule says of a call.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// It allows the call.
    Allows,
    /// Its conditions, by their keys, do not hold.
    ConditionNotMet(Vec<String>),
    /// It denies the call, because of these demands where it names some.
    Denies(Vec<super::Missing>),
    /// It would allow the call but for these demands and requirements.
    Missing(Vec<super::Missing>),
    /// It denies, but not what this call demands.
    NotDemanded,
}

impl Policy {
    /// What every rule about the call says of it. [`decide`](Self::decide) draws its conclusion from the same
    /// evaluation.
    pub fn trace(
        &self,
        call: &Call<'_>,
        document: Option<&Document<'_>>,
        demands: &[Demand<'_>],
    ) -> Trace {
        let evaluation = self.tables.evaluate(call, document, demands);
        let rules = evaluation
            .selected
            .iter()
            .filter_map(|number| Some((number, self.tables.rules.get(number)?)))
            .map(|(number, rule)| RuleTrace {
                rule: rule.reference.clone(),
                effect: rule.effect,
                outcome: if !evaluation.met.has(number) {
                    Outcome::ConditionNotMet(self.tables.unmet(call, number))
                } else if evaluation.allowing.has(number) {
                    Outcome::Allows
                } else if evaluation.denying.has(number) {
                    Outcome::Denies(denial::matching(&evaluation, number))
                } else {
                    match rule.effect {
                        Effect::Allow => Outcome::Missing(denial::lacking(
                            &self.tables,
                            &evaluation,
                            document,
                            number,
                        )),
                        Effect::Deny => Outcome::NotDemanded,
                    }
                },
            })
            .collect();
        Trace { rules }
    }
}
