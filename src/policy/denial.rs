//! Why a call is refused, in a word for machines and in a message for the client.

use std::fmt;
use std::sync::Arc;

use super::compile::Tables;
use super::diagnostics::quote;
use super::evaluate::{Evaluation, Lack};
use super::mask::Mask;
use super::quantity;
use super::{Policy, RuleRef};
use crate::api::json::Document;
use crate::api::{ApiVersion, Call, Route};
use crate::demand::{Demand, Kind, Shape, Value};

/// Why a call is refused, in one stable word: metrics and audit records carry it.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Reason {
    /// Rules for the operation exist, but the conditions of none hold.
    ConditionNotMet,
    /// A deny rule matches.
    DeniedByRule,
    /// No allow rule grants all that the call demands.
    MissingGrant,
    /// No allow rule names the operation.
    OperationNotAllowed,
    /// Two rules that allow the call would write different values to the same field.
    RewriteConflict,
    /// No operation has the path and the method, and no rule allows them.
    UnknownOperation,
    /// The client asks for an API version below the policy's minimum.
    VersionTooOld,
}

impl Reason {
    /// Every reason, for metrics to begin at zero.
    pub const ALL: [Self; 7] = [
        Self::ConditionNotMet,
        Self::DeniedByRule,
        Self::MissingGrant,
        Self::OperationNotAllowed,
        Self::RewriteConflict,
        Self::UnknownOperation,
        Self::VersionTooOld,
    ];

    /// The stable word.
    pub const fn code(self) -> &'static str {
        match self {
            Self::ConditionNotMet => "condition_not_met",
            Self::DeniedByRule => "denied_by_rule",
            Self::MissingGrant => "missing_grant",
            Self::OperationNotAllowed => "operation_not_allowed",
            Self::RewriteConflict => "rewrite_conflict",
            Self::UnknownOperation => "unknown_operation",
            Self::VersionTooOld => "version_too_old",
        }
    }
}

/// A demand that a rule does not grant, or a requirement of it that the call does not meet.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Missing {
    /// Where in the call: `HostConfig.Binds[0]`, `query.networkmode`. Empty for what the call does not have at all.
    pub place: String,
    /// The kind of grant.
    pub kind: Kind,
    /// The demanded value as a rule would write it, where the kind has values. Without credentials.
    pub value: Option<String>,
    /// What is the matter, in a few words: needs grant `bind` for `/:rw`.
    pub problem: String,
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.place.is_empty() {
            f.write_str(&self.problem)
        } else {
            write!(f, "{}: {}", self.place, self.problem)
        }
    }
}

/// How many missing demands the message to the client names.
const SHOWN: usize = 20;

/// A refused call. Its `Display` is the message that the client prints: one line, and where several demands are
/// missing one further line for each.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Denial(Box<Inner>);

#[derive(Clone, Debug, Eq, PartialEq)]
struct Inner {
    reason: Reason,
    operation: String,
    policy: Arc<str>,
    missing: Vec<Missing>,
    rule: Option<RuleRef>,
    /// What follows after "refused by policy".
    problem: String,
}

impl std::error::Error for Denial {}

impl Denial {
    fn new(
        policy: &Policy,
        call: &Call<'_>,
        reason: Reason,
        rule: Option<usize>,
        problem: String,
    ) -> Self {
        let operation = match &call.route {
            Route::Known(operation, _) => operation.name.to_owned(),
            Route::Unknown { method, path } => {
                let shown = quote(&format!("{method} {path}"));
                shown.trim_matches('`').to_owned()
            }
        };
        Self(Box::new(Inner {
            reason,
            operation,
            policy: Arc::clone(&policy.name),
            missing: Vec::new(),
            rule: rule
                .and_then(|number| policy.tables.rules.get(number))
                .map(|rule| rule.reference.clone()),
            problem,
        }))
    }

    /// Why.
    pub fn reason(&self) -> Reason {
        self.0.reason
    }

    /// The operation's name, or method and path where it has none.
    pub fn operation(&self) -> &str {
        &self.0.operation
    }

    /// The policy that refuses.
    pub fn policy(&self) -> &str {
        &self.0.policy
    }

    /// What the closest rule lacks, or what a deny rule matched. Empty when no rule came close.
    pub fn missing(&self) -> &[Missing] {
        &self.0.missing
    }

    /// The same, for a call that not even a socket that only observes lets pass.
    pub(super) fn not_tolerated(mut self) -> Self {
        self.0.problem.push_str(
            "; this socket only observes, but what the gate does not know needs a rule to be passed on",
        );
        self
    }

    /// The deny rule that matched, or the allow rule that came closest.
    pub fn rule(&self) -> Option<&RuleRef> {
        self.0.rule.as_ref()
    }
}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "doodgate: {} refused by policy {}",
            self.0.operation, self.0.policy
        )?;
        if !self.0.problem.is_empty() {
            write!(f, ": {}", self.0.problem)?;
        }
        if let [only] = self.0.missing.as_slice() {
            write!(f, ": {only}")?;
        }
        if let (Reason::MissingGrant | Reason::ConditionNotMet, Some(rule)) =
            (self.0.reason, &self.0.rule)
        {
            write!(f, " (closest rule: {rule})")?;
        }
        if self.0.missing.len() > 1 {
            for missing in self.0.missing.iter().take(SHOWN) {
                write!(f, "\n  {missing}")?;
            }
            if let Some(more @ 1..) = self.0.missing.len().checked_sub(SHOWN) {
                write!(f, "\n  and {more} more")?;
            }
        }
        Ok(())
    }
}

/// The version is below the minimum.
pub(super) fn version(policy: &Policy, call: &Call<'_>, version: ApiVersion) -> Denial {
    Denial::new(
        policy,
        call,
        Reason::VersionTooOld,
        None,
        format!(
            "API version {version} is below the minimum, {} (`min-api-version` sets it)",
            policy.minimum
        ),
    )
}

/// The deny rule `number` matches.
pub(super) fn by_rule(
    policy: &Policy,
    call: &Call<'_>,
    number: usize,
    matching: &[Missing],
) -> Denial {
    let place = policy
        .tables
        .rules
        .get(number)
        .map(|rule| rule.reference.to_string())
        .unwrap_or_default();
    let mut denial = Denial::new(
        policy,
        call,
        Reason::DeniedByRule,
        Some(number),
        format!("the rule at {place} denies it"),
    );
    denial.0.missing = matching.to_vec();
    denial
}

/// No allow rule is about the call, or the conditions of none hold.
pub(super) fn without_rule(policy: &Policy, call: &Call<'_>, selected: &Mask) -> Denial {
    let closest = selected
        .and(&policy.tables.allow)
        .iter()
        .map(|number| (policy.tables.unmet(call, number), number))
        .min_by_key(|(unmet, number)| (unmet.len(), *number));
    if let Some((unmet, number)) = closest {
        let keys: Vec<_> = unmet.iter().map(|key| format!("`{key}`")).collect();
        let verb = if keys.len() == 1 { "does" } else { "do" };
        let problem = format!("{} {verb} not match the rule", keys.join(", "));
        return Denial::new(policy, call, Reason::ConditionNotMet, Some(number), problem);
    }
    match &call.route {
        Route::Known(operation, _) => Denial::new(
            policy,
            call,
            Reason::OperationNotAllowed,
            None,
            format!(
                "no rule allows it (`{}` below `allow` would)",
                operation.name
            ),
        ),
        Route::Unknown { method, path } => Denial::new(
            policy,
            call,
            Reason::UnknownOperation,
            None,
            format!(
                "no operation is known by this method and path, and no rule allows them ({} below `allow` would)",
                quote(&format!("{method} {path}"))
            ),
        ),
    }
}

/// No allow rule grants all demands.
pub(super) fn missing(
    policy: &Policy,
    call: &Call<'_>,
    document: Option<&Document<'_>>,
    evaluation: &Evaluation<'_>,
) -> Denial {
    let tables = &policy.tables;
    let closest = evaluation
        .met
        .and(&tables.allow)
        .iter()
        .map(|number| {
            let lacks = evaluation.lacks(tables, number, document).len();
            (
                evaluation.missing(number).count().saturating_add(lacks),
                number,
            )
        })
        .min();
    let Some((_, number)) = closest else {
        return without_rule(policy, call, &evaluation.selected);
    };
    let mut denial = Denial::new(
        policy,
        call,
        Reason::MissingGrant,
        Some(number),
        String::new(),
    );
    denial.0.missing = lacking(tables, evaluation, document, number);
    denial
}

/// Two allowing rules write different values to one field.
pub(super) fn conflict(
    policy: &Policy,
    call: &Call<'_>,
    (place, one): (String, &RuleRef),
    (other_place, other): (String, &RuleRef),
) -> Denial {
    let problem = if place == other_place {
        format!("the rules at {one} and {other} write different values to {place}")
    } else {
        format!("the rules at {one} and {other} write both {place} and {other_place}")
    };
    Denial::new(policy, call, Reason::RewriteConflict, None, problem)
}

/// What the allow rule `number` lacks to allow the call.
pub(super) fn lacking(
    tables: &Tables,
    evaluation: &Evaluation<'_>,
    document: Option<&Document<'_>>,
    number: usize,
) -> Vec<Missing> {
    let mut missing: Vec<_> = evaluation
        .missing(number)
        .map(|demand| {
            let named = tables
                .kinds
                .get(&demand.kind)
                .is_some_and(|matcher| matcher.named.has(number));
            Missing {
                place: demand.place.to_string(),
                kind: demand.kind,
                value: value(demand),
                problem: problem(demand, named),
            }
        })
        .collect();
    for lack in evaluation.lacks(tables, number, document) {
        let (kind, problem) = match lack {
            Lack::Kind(kind) => (
                kind,
                format!(
                    "needs a value for `{}`, which the rule requires",
                    kind.name()
                ),
            ),
            Lack::Label(_) => (
                Kind::Labels,
                "needs a label that the rule requires".to_owned(),
            ),
        };
        missing.push(Missing {
            place: String::new(),
            kind,
            value: None,
            problem,
        });
    }
    missing
}

/// The demands because of which the deny rule `number` matches.
pub(super) fn matching(evaluation: &Evaluation<'_>, number: usize) -> Vec<Missing> {
    evaluation
        .matching(number)
        .map(|demand| {
            let value = value(demand);
            Missing {
                place: demand.place.to_string(),
                kind: demand.kind,
                problem: value.as_ref().map_or_else(
                    || format!("`{}` is denied", demand.kind.name()),
                    |value| format!("`{}` is denied for {}", demand.kind.name(), quote(value)),
                ),
                value,
            }
        })
        .collect()
}

fn problem(demand: &Demand<'_>, named: bool) -> String {
    let name = demand.kind.name();
    if demand.kind == Kind::Body {
        return "needs grant `body: any`".to_owned();
    }
    match (value(demand), named) {
        (None, _) => format!("needs grant `{name}`"),
        (Some(value), false) => format!("needs grant `{name}` for {}", quote(&value)),
        (Some(value), true) => match demand.kind.info().shape {
            Shape::Limit(_) => format!("{} is above the rule's `{name}`", quote(&value)),
            Shape::Flag | Shape::Text | Shape::Path | Shape::Image | Shape::Ports => {
                format!("the rule's `{name}` does not match {}", quote(&value))
            }
        },
    }
}

/// The demanded value, as a rule would write it.
fn value(demand: &Demand<'_>) -> Option<String> {
    match (&demand.value, demand.kind.info().shape) {
        (Value::Flag, _) => None,
        (Value::Text(text), _) => Some(without_credentials(text)),
        (Value::Number(number), Shape::Limit(unit)) => Some(quantity::show(*number, unit)),
        (Value::Number(number), _) => Some(number.to_string()),
        (Value::Unlimited, _) => Some("unlimited".to_owned()),
    }
}

/// The text without what looks like credentials: the user part of a URL, and the values of names such as
/// `password`. The message goes to the one who sent them, but logs and audit records carry it too.
fn without_credentials(text: &str) -> String {
    let mut out = text.to_owned();
    if let Some((scheme, rest)) = text.split_once("://") {
        let end = rest.find('/').unwrap_or(rest.len());
        if let Some((host_part, path)) = rest.split_at_checked(end)
            && let Some((_, host)) = host_part.rsplit_once('@')
        {
            out = format!("{scheme}://***@{host}{path}");
        }
    }
    // `o=username=a,password=b` and `splunk-token=x`: each part up to a comma stands for itself.
    out.split(',')
        .map(|part| {
            let lower = part.to_ascii_lowercase();
            let secret = ["pass", "secret", "token", "credential", "api-key", "apikey"]
                .iter()
                .any(|word| lower.contains(word));
            match part.split_once('=') {
                Some((name, value)) if secret => match value.split_once('=') {
                    Some((inner, _)) => format!("{name}={inner}=***"),
                    None => format!("{name}=***"),
                },
                _ => part.to_owned(),
            }
        })
        .collect::<Vec<_>>()
        .join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_left_out() {
        for (text, shown) in [
            ("/srv/ci:rw", "/srv/ci:rw"),
            (
                "https://user:pw@git.example.com/x@y",
                "https://***@git.example.com/x@y",
            ),
            ("https://git.example.com/x@y", "https://git.example.com/x@y"),
            ("o=username=a,password=b", "o=username=a,password=***"),
            ("o=password=b", "o=password=***"),
            ("splunk-token=x", "splunk-token=***"),
            ("com.example.team=ci", "com.example.team=ci"),
        ] {
            assert_eq!(without_credentials(text), shown);
        }
    }

    #[test]
    fn every_reason_has_a_word_of_its_own() {
        let codes: std::collections::BTreeSet<_> =
            Reason::ALL.map(Reason::code).into_iter().collect();
        assert_eq!(codes.len(), Reason::ALL.len());
    }
}
