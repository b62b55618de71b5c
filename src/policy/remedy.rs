//! The rule that would allow a call.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::quantity;
use crate::api::{Call, Route};
use crate::demand::{Demand, Kind, Shape, Value};

/// The narrowest rule that grants all that `call` demands, as YAML to stand below `allow:`.
///
/// It names no kind whose demands are all safe: what a rule is silent about, it grants where it is safe.
pub fn remedy(call: &Call<'_>, demands: &[Demand<'_>]) -> String {
    let name = match &call.route {
        Route::Known(operation, _) => operation.name.to_owned(),
        Route::Unknown { method, path } => quoted(&format!("{method} {}", escaped(path))),
    };
    let mut grants: BTreeMap<&'static str, Vec<String>> = BTreeMap::new();
    let needed = |kind: Kind| {
        demands
            .iter()
            .any(|demand| demand.kind == kind && !demand.safe)
    };
    for demand in demands.iter().filter(|demand| needed(demand.kind)) {
        let Some(pattern) = pattern(demand) else {
            return format!("- {name}: {{body: any}}\n");
        };
        let patterns = grants.entry(demand.kind.name()).or_default();
        if !patterns.contains(&pattern) {
            patterns.push(pattern);
        }
    }
    if grants.is_empty() {
        return format!("- {name}\n");
    }
    let mut out = format!("- {name}:\n");
    for (kind, patterns) in grants {
        // Writing to a string cannot fail.
        let _infallible = match patterns.as_slice() {
            [only] => writeln!(out, "    {kind}: {only}"),
            several => writeln!(out, "    {kind}: [{}]", several.join(", ")),
        };
    }
    out
}

/// The demand's value as a pattern that matches it and nothing else. `None` where only `body: any` grants it.
fn pattern(demand: &Demand<'_>) -> Option<String> {
    match (&demand.value, demand.kind.info().shape) {
        _ if demand.kind == Kind::Body => None,
        (Value::Flag, _) => Some("true".to_owned()),
        (Value::Text(text), Shape::Text | Shape::Path | Shape::Image) => {
            Some(quoted(&escaped(text)))
        }
        (Value::Text(text), Shape::Flag | Shape::Limit(_) | Shape::Ports) => Some(quoted(text)),
        (Value::Number(amount), Shape::Limit(unit)) => Some(quantity::show(*amount, unit)),
        (Value::Number(amount), _) => Some(amount.to_string()),
        (Value::Unlimited, _) => None,
    }
}

/// The text as a glob that matches it alone.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '*' | '?' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// The text as a YAML scalar: JSON's strings are YAML's.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
