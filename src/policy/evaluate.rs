//! What every rule says of a call: the one computation behind decisions, denials and explanations.

use std::borrow::Cow;

use super::compile::Tables;
use super::mask::Mask;
use super::matcher::Matcher;
use super::rule::{Effect, On, Rule, has_halves};
use super::vocabulary::Half;
use crate::api::json::Document;
use crate::api::{Call, Operation, ParameterKind, Route, truthy};
use crate::demand::{Demand, Kind, Place, Shape, Value};

/// What the rules say of a call, given what it demands.
#[derive(Debug)]
pub(super) struct Evaluation<'e> {
    /// What the call demands, in full.
    pub(super) demands: Cow<'e, [Demand<'e>]>,
    /// The rules about the call's operation or path.
    pub(super) selected: Mask,
    /// Those whose conditions hold.
    pub(super) met: Mask,
    /// For each demand, what the rules whose conditions hold say of it.
    standings: Vec<Standing>,
    /// The rules with `body: any`.
    body: Mask,
    /// The allow rules that grant all demands and whose requirements are met.
    pub(super) allowing: Mask,
    /// The deny rules that match.
    pub(super) denying: Mask,
}

/// What rules say of a demand. Most calls demand a lot that no rule mentions.
#[derive(Debug)]
enum Standing {
    /// Every rule grants it.
    All,
    /// Those with `body: any` grant it.
    Body,
    /// Some rule names its kind, or writes.
    Named(Box<Named>),
}

#[derive(Debug)]
struct Named {
    /// The rules that grant it.
    granted: Mask,
    /// The rules that name its kind and have a pattern for its value.
    matched: Mask,
}

impl Tables {
    /// The rules about the call's operation or path, with their conditions still unread.
    pub(super) fn selected(&self, call: &Call<'_>) -> Mask {
        let (method, own) = match &call.route {
            Route::Known(operation, _) => (
                operation.method.as_str(),
                self.operations.get(&operation.id).map(|table| table.rules),
            ),
            Route::Unknown { method, .. } => (*method, None),
        };
        let own = own.unwrap_or_default();
        match self.paths.get(method) {
            Some(matcher) => own.or(&matcher.rules_for(&path_of(call))),
            None => own,
        }
    }

    /// Those of `selected` whose conditions hold.
    pub(super) fn met(&self, call: &Call<'_>, selected: &Mask) -> Mask {
        let unmet = selected
            .and(&self.conditional)
            .iter()
            .filter(|number| !self.unmet(call, *number).is_empty())
            .collect();
        selected.without(&unmet)
    }

    /// The rule's conditions that do not hold, by their keys.
    pub(super) fn unmet(&self, call: &Call<'_>, number: usize) -> Vec<String> {
        let Some(rule) = self.rules.get(number) else {
            return Vec::new();
        };
        let mut unmet = Vec::new();
        if let Some(half) = rule.half()
            && call
                .operation()
                .is_some_and(|operation| has_halves(operation.id))
            && half_of(call) != half
        {
            unmet.push("query.fromImage".to_owned());
        }
        let conditions = self.conditions.get(&number).map_or(&[][..], Vec::as_slice);
        for ((on, matcher), condition) in conditions.iter().zip(&rule.conditions) {
            if !holds(call, on, matcher, number, rule.effect) {
                unmet.push(condition.key());
            }
        }
        unmet
    }

    /// What every rule says of the call.
    pub(super) fn evaluate<'e>(
        &self,
        call: &'e Call<'_>,
        document: Option<&Document<'_>>,
        demands: &'e [Demand<'e>],
    ) -> Evaluation<'e> {
        let demands = complete(call, demands);
        let selected = self.selected(call);
        let met = self.met(call, &selected);
        let mut allowing = met.and(&self.allow);
        let mut standings = Vec::with_capacity(demands.len());
        let writes = !met.and(&self.rewriting).is_empty();
        // Demands of one kind come together.
        let mut kind = Kind::Body;
        let mut matcher = self.matcher(kind, &met);
        for demand in demands.iter() {
            if demand.kind != kind {
                kind = demand.kind;
                matcher = self.matcher(kind, &met);
            }
            let standing = if matcher.is_none() && !writes {
                if demand.safe && kind != Kind::Body {
                    Standing::All
                } else {
                    allowing = allowing.and(&self.body);
                    Standing::Body
                }
            } else {
                let named =
                    matcher.map_or_else(Mask::default, |matcher| matcher.rules(&demand.value));
                let granted = self.granting(demand, &named, &met, document);
                allowing = allowing.and(&granted);
                Standing::Named(Box::new(Named {
                    granted,
                    matched: named,
                }))
            };
            standings.push(standing);
        }
        let mut evaluation = Evaluation {
            demands,
            selected,
            met,
            standings,
            body: self.body,
            allowing,
            denying: Mask::default(),
        };
        for number in allowing.and(&self.requiring).iter() {
            if !evaluation.lacks(self, number, document).is_empty() {
                evaluation.allowing = evaluation.allowing.without(&Mask::of(number));
            }
        }
        evaluation.denying = met
            .without(&self.allow)
            .iter()
            .filter(|number| {
                self.rules
                    .get(*number)
                    .is_none_or(|rule| evaluation.denies(rule, *number))
            })
            .collect();
        evaluation
    }

    /// What compares values of a kind, where a rule whose conditions hold names it.
    fn matcher(&self, kind: Kind, met: &Mask) -> Option<&Matcher> {
        self.kinds
            .get(&kind)
            .filter(|matcher| !matcher.named.and(met).is_empty())
    }

    /// The rules that grant a demand: those with a pattern for it; where they do not name its kind, all of them
    /// if it is safe, and those with `body: any`; and those that write over what it asks for.
    fn granting(
        &self,
        demand: &Demand<'_>,
        matching: &Mask,
        met: &Mask,
        document: Option<&Document<'_>>,
    ) -> Mask {
        let named = self
            .kinds
            .get(&demand.kind)
            .map_or_else(Mask::default, |matcher| matcher.named);
        let silent = if demand.kind == Kind::Body {
            self.body
        } else if demand.safe {
            self.all
        } else {
            self.body
        };
        let mut grants = matching.or(&silent.without(&named));
        for number in met.and(&self.rewriting).without(&grants).iter() {
            if self
                .rules
                .get(number)
                .is_some_and(|rule| rule.writes(demand, document))
            {
                grants.insert(number);
            }
        }
        grants
    }
}

impl Rule {
    /// Whether the rule writes over what the demand asks for.
    fn writes(&self, demand: &Demand<'_>, document: Option<&Document<'_>>) -> bool {
        self.rewriting
            .iter()
            .any(|rewriting| rewriting.covers(demand, document))
    }
}

impl Evaluation<'_> {
    /// The demands that a rule does not grant.
    pub(super) fn missing(&self, rule: usize) -> impl Iterator<Item = &Demand<'_>> {
        self.demands
            .iter()
            .zip(&self.standings)
            .filter(move |(_, standing)| match standing {
                Standing::All => false,
                Standing::Body => !self.body.has(rule),
                Standing::Named(named) => !named.granted.has(rule),
            })
            .map(|(demand, _)| demand)
    }

    /// The demands whose kind a rule names, and whose value one of its patterns matches.
    pub(super) fn matching(&self, rule: usize) -> impl Iterator<Item = &Demand<'_>> {
        self.demands
            .iter()
            .zip(&self.standings)
            .filter(move |(_, standing)| match standing {
                Standing::All | Standing::Body => false,
                Standing::Named(named) => named.matched.has(rule),
            })
            .map(|(demand, _)| demand)
    }

    /// The rule's requirements that the call does not meet.
    pub(super) fn lacks(
        &self,
        tables: &Tables,
        number: usize,
        document: Option<&Document<'_>>,
    ) -> Vec<Lack> {
        let Some(rule) = tables.rules.get(number) else {
            return Vec::new();
        };
        let kinds = rule
            .require
            .iter()
            .filter(|kind| !self.has(**kind, rule, document))
            .map(|kind| Lack::Kind(*kind));
        let labels = tables
            .labels
            .get(&number)
            .map_or(&[][..], Vec::as_slice)
            .iter()
            .enumerate()
            .filter(|(_, matcher)| {
                let sent = self
                    .demands
                    .iter()
                    .filter(|demand| demand.kind == Kind::Labels)
                    .any(|demand| matcher.rules(&demand.value).has(number));
                !sent && !rule.writes_label(matcher, number)
            })
            .map(|(index, _)| Lack::Label(index));
        kinds.chain(labels).collect()
    }

    /// Whether the call has a bound of that kind, its own or one that the rule writes.
    fn has(&self, kind: Kind, rule: &Rule, document: Option<&Document<'_>>) -> bool {
        let limit = matches!(kind.info().shape, Shape::Limit(_));
        let mut found = false;
        for demand in self.demands.iter().filter(|demand| demand.kind == kind) {
            let bounded = demand.value != Value::Unlimited && !demand.is_left_out();
            if bounded || rule.writes(demand, document) {
                found = true;
            } else if limit {
                return false;
            }
        }
        found
    }

    /// Whether a deny rule whose conditions hold matches: for each kind that it names, the call demands what one
    /// of its patterns matches.
    fn denies(&self, rule: &Rule, number: usize) -> bool {
        rule.grants
            .iter()
            .all(|(kind, _)| self.matching(number).any(|demand| demand.kind == *kind))
    }
}

/// Something that a rule requires and the call does not have.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Lack {
    /// A value of this kind, or a bound.
    Kind(Kind),
    /// A label: the number of its pattern in the rule.
    Label(usize),
}

/// The demands, and for a path that the gate does not know those that come with its head: of such a request
/// nothing is known to be harmless.
fn complete<'e>(call: &'e Call<'_>, demands: &'e [Demand<'e>]) -> Cow<'e, [Demand<'e>]> {
    let Route::Unknown { .. } = call.route else {
        return Cow::Borrowed(demands);
    };
    let mut all = demands.to_vec();
    let mut add = |kind, value, place: Place<'e>| {
        if !all
            .iter()
            .any(|demand| demand.kind == kind && demand.place == place)
        {
            all.push(Demand {
                kind,
                value,
                place,
                safe: false,
            });
        }
    };
    for entry in call.query.iter() {
        add(
            Kind::UnknownParameter,
            Value::Text(Cow::Borrowed(&entry.name)),
            format!("query.{}", entry.name).into(),
        );
    }
    if call.upgrade.is_some() {
        add(Kind::Tunnel, Value::Flag, "header.upgrade".into());
    }
    Cow::Owned(all)
}

/// Whether a condition holds. What the client left out is what the engine then reads: `false` for a boolean, and
/// nothing for the rest. Of several values an allow rule wants all to match, and a deny rule one.
fn holds(call: &Call<'_>, on: &On, matcher: &Matcher, number: usize, effect: Effect) -> bool {
    let fits = |value: &str| matcher.rules_for(value).has(number);
    match on {
        On::Path(name) => call.target(name).is_some_and(fits),
        On::Query(name) => {
            let boolean = call
                .operation()
                .is_some_and(|operation| is_boolean(operation, name));
            let mut values = call
                .query
                .all(name)
                .map(|value| match boolean {
                    true if truthy(value) => "true",
                    true => "false",
                    false => value,
                })
                .peekable();
            if values.peek().is_none() {
                return fits(if boolean { "false" } else { "" });
            }
            match effect {
                Effect::Allow => values.all(fits),
                Effect::Deny => values.any(fits),
            }
        }
    }
}

fn is_boolean(operation: &Operation, name: &str) -> bool {
    operation
        .query
        .iter()
        .any(|parameter| parameter.name == name && parameter.kind == ParameterKind::Boolean)
}

/// Which half of `ImageCreate` a call is.
pub(super) fn half_of(call: &Call<'_>) -> Half {
    match call.parameter("fromImage") {
        Some(image) if !image.is_empty() => Half::Pull,
        Some(_) | None => Half::Import,
    }
}

/// The decoded path below the version.
pub(super) fn path_of<'c>(call: &'c Call<'_>) -> Cow<'c, str> {
    match &call.route {
        Route::Unknown { path, .. } => Cow::Borrowed(path),
        Route::Known(operation, targets) => {
            let mut targets = targets.iter();
            let mut path = String::new();
            for segment in operation.template.split('/').skip(1) {
                path.push('/');
                if segment.starts_with('{') {
                    path.push_str(targets.next().map_or("", AsRef::as_ref));
                } else {
                    path.push_str(segment);
                }
            }
            Cow::Owned(path)
        }
    }
}
