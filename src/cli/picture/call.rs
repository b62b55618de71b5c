//! A call, in a line.

use std::collections::BTreeMap;

use serde::Deserialize;

/// A call, as far as it is drawn.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Call {
    pub(super) time: String,
    pub(super) socket: String,
    pub(super) operation: String,
    pub(super) decision: String,
    pub(super) total_us: u64,
    #[serde(default)]
    path: String,
    #[serde(default)]
    targets: BTreeMap<String, String>,
    #[serde(default)]
    query: Vec<Parameter>,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    missing: Vec<Missing>,
    end: String,
}

#[derive(Clone, Debug, Deserialize)]
struct Parameter {
    name: String,
    value: String,
}

#[derive(Clone, Debug, Deserialize)]
struct Missing {
    grant: String,
    #[serde(default)]
    value: String,
}

impl Call {
    /// What it is about: names, full ids cut short.
    pub(super) fn object(&self) -> String {
        let parameters = self
            .query
            .iter()
            .filter(|it| ["name", "fromImage", "t", "repo"].contains(&it.name.as_str()))
            .map(|it| it.value.as_str());
        let names: Vec<_> = self
            .targets
            .values()
            .map(|name| brief(name))
            .chain(parameters)
            .collect();
        if names.is_empty() && self.operation == "unknown" {
            return self.path.clone();
        }
        names.join(" ")
    }

    /// Why it was not simply allowed.
    pub(super) fn why(&self) -> String {
        if !self.missing.is_empty() {
            let missing: Vec<_> = self
                .missing
                .iter()
                .map(|it| format!("{} {}", it.grant, it.value).trim_end().to_owned())
                .collect();
            return format!("needs {}", missing.join(", "));
        }
        match (self.decision.as_str(), self.end.as_str()) {
            ("allowed", "complete") => String::new(),
            ("allowed", end) => end.to_owned(),
            _ => self.reason.replace('_', " "),
        }
    }
}

/// The first twelve digits of a full id.
fn brief(name: &str) -> &str {
    let is_id = name.len() == 64 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
    name.get(..12).filter(|_| is_id).unwrap_or(name)
}

/// A time as people read it.
pub(super) fn micros(time: u64) -> String {
    let millis = time / 1000;
    match time {
        0..1_000 => format!("{time} us"),
        1_000..10_000 => format!("{millis}.{} ms", time / 100 % 10),
        10_000..10_000_000 => format!("{millis} ms"),
        _ => format!("{} s", millis / 1000),
    }
}
