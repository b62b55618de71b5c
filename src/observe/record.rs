//! The audit record of one exchange: `docs/AUDIT.md` and `docs/audit.schema.json` describe it.
//!
//! It is written member by member while the exchange goes on, so that nothing of the request has to be kept. Headers,
//! bodies and the values of parameters that may hold secrets are never written.

use std::time::{Duration, SystemTime};

use super::flow::Carried;
use super::line::Line;
use super::metrics::UNKNOWN;
use super::observer::Client;
use super::{Decision, End, redact, time};
use crate::api::{Call, Route};
use crate::demand::{Demand, Value};
use crate::policy::{Denial, Permit, RuleRef};
use crate::wire::RequestHead;

/// The version of the records' form. It grows when a member changes its meaning or goes, and not when one comes.
const SCHEMA: u64 = 1;
/// How many of a call's missing demands, and rewrites, are listed.
const LISTED: usize = 32;

/// A record that is being written.
#[derive(Debug)]
pub(crate) struct Record {
    line: Line,
    /// Whether it names a rule already.
    ruled: bool,
    /// Whether it says already what the policy refuses.
    denied: bool,
}

/// What a name in a call stands for.
#[derive(Debug)]
pub(crate) struct Identity {
    /// What kind of object: `container`.
    pub(crate) kind: &'static str,
    /// As the client, or an object that it named, calls it.
    pub(crate) name: String,
    /// As the engine does.
    pub(crate) id: String,
}

/// What is known at the end.
pub(crate) struct Outcome<'o> {
    pub(crate) operation: Option<&'static str>,
    pub(crate) decision: Decision,
    pub(crate) reason: Option<&'static str>,
    pub(crate) status: Option<u16>,
    pub(crate) end: End,
    pub(crate) gate: Duration,
    pub(crate) engine: Option<Duration>,
    pub(crate) total: Duration,
    pub(crate) bytes: Carried,
    pub(crate) resolved: &'o [Identity],
    pub(crate) client: &'o Client,
}

impl Record {
    pub(crate) fn begin(
        buffer: Vec<u8>,
        now: SystemTime,
        epoch: u32,
        number: u64,
        socket: &str,
        tenant: Option<&str>,
    ) -> Self {
        let mut line = Line::reuse(buffer);
        line.raw(b"{").number("schema", SCHEMA).key("time");
        time::write(&mut line, now);
        line.key("id")
            .raw(b"\"")
            .hex(u64::from(epoch), 8)
            .raw(b"-")
            .hex(number, 1)
            .raw(b"\"");
        line.text("socket", socket);
        if let Some(tenant) = tenant {
            line.text("tenant", tenant);
        }
        Self {
            line,
            ruled: false,
            denied: false,
        }
    }

    pub(crate) fn received(&mut self, head: &RequestHead) {
        self.line.text("method", head.method());
        // Whatever is not a plain path may have credentials in it (`http://user:password@host/`).
        let target = head.target();
        let path = target.split(['?', '#', ';']).next().unwrap_or_default();
        self.line.text(
            "path",
            if path.starts_with('/') {
                path
            } else {
                redact::HIDDEN
            },
        );
        if let Some(trace) = head.field("traceparent").and_then(trace_id) {
            self.line.text("trace_id", trace);
        }
    }

    pub(crate) fn parsed(&mut self, call: &Call<'_>) {
        let line = &mut self.line;
        if let Some(version) = call.version {
            line.key("api")
                .raw(b"\"")
                .digits(version.major.into())
                .raw(b".")
                .digits(version.minor.into());
            line.raw(b"\"");
        }
        if let Route::Known(operation, targets) = &call.route {
            let mut names = operation.names().zip(targets).peekable();
            if names.peek().is_some() {
                line.key("targets").raw(b"{");
                for (name, value) in names {
                    line.text(name, value);
                }
                line.raw(b"}");
            }
        }
        let mut parameters = redact::parameters(call).peekable();
        if parameters.peek().is_some() {
            line.key("query").raw(b"[");
            for (name, value) in parameters {
                line.element()
                    .raw(b"{")
                    .text("name", name)
                    .text("value", value)
                    .raw(b"}");
            }
            line.raw(b"]");
        }
    }

    pub(crate) fn permitted(&mut self, permit: &Permit<'_>) {
        if let Some(rule) = permit.rule() {
            self.rule(rule);
        }
        if !permit.rewrites().is_empty() {
            self.line.key("rewrites").raw(b"[");
            for rewrite in permit.rewrites().iter().take(LISTED) {
                self.line.element().raw(b"{").text("place", &rewrite.place);
                rule(&mut self.line, &rewrite.rule);
                self.line.raw(b"}");
            }
            self.line.raw(b"]");
        }
    }

    /// Lists what has to be granted by name: what a rule must have that allows the call.
    pub(crate) fn demanded(&mut self, demands: &[Demand<'_>]) {
        let mut unsafe_ones = demands
            .iter()
            .filter(|demand| !demand.safe)
            .take(LISTED)
            .peekable();
        if unsafe_ones.peek().is_none() {
            return;
        }
        let line = &mut self.line;
        line.key("demands").raw(b"[");
        for demand in unsafe_ones {
            line.element()
                .raw(b"{")
                .text("grant", demand.kind.name())
                .text("place", &demand.place.text());
            match &demand.value {
                Value::Flag => {}
                Value::Text(text) => {
                    line.text("value", &redact::demanded(demand.kind, text));
                }
                Value::Number(number) => {
                    line.key("value").raw(b"\"").digits(*number).raw(b"\"");
                }
                Value::Unlimited => {
                    line.text("value", "unlimited");
                }
            }
            line.raw(b"}");
        }
        line.raw(b"]");
    }

    pub(crate) fn denied(&mut self, denial: &Denial) {
        if std::mem::replace(&mut self.denied, true) {
            return;
        }
        self.line.text("policy", denial.policy());
        if let Some(closest) = denial.rule() {
            self.rule(closest);
        }
        let line = &mut self.line;
        if denial.missing().is_empty() {
            return;
        }
        line.key("missing").raw(b"[");
        for missing in denial.missing().iter().take(LISTED) {
            line.element()
                .raw(b"{")
                .text("grant", missing.kind.name())
                .text("place", &missing.place);
            if let Some(value) = &missing.value {
                line.text("value", &redact::demanded(missing.kind, value));
            }
            line.raw(b"}");
        }
        line.raw(b"]");
    }

    fn rule(&mut self, named: &RuleRef) {
        if !std::mem::replace(&mut self.ruled, true) {
            rule(&mut self.line, named);
        }
    }

    /// Takes the path from the first line of the request that goes to the engine.
    pub(crate) fn forwarded(&mut self, request: &[u8]) {
        let target = request
            .split(|byte| *byte == b' ')
            .nth(1)
            .unwrap_or_default();
        let path = target
            .split(|byte| *byte == b'?')
            .next()
            .unwrap_or_default();
        if let Ok(path) = std::str::from_utf8(path) {
            self.line.text("forwarded", path);
        }
    }

    pub(crate) fn end(&mut self, outcome: &Outcome<'_>) {
        let line = &mut self.line;
        line.text("operation", outcome.operation.unwrap_or(UNKNOWN));
        line.text("decision", outcome.decision.as_str());
        if let Some(reason) = outcome.reason {
            line.text("reason", reason);
        }
        if let Some(status) = outcome.status {
            line.number("status", status.into());
        }
        line.text("end", outcome.end.as_str());
        line.number("gate_us", micros(outcome.gate));
        if let Some(engine) = outcome.engine {
            line.number("engine_us", micros(engine));
        }
        line.number("total_us", micros(outcome.total));
        line.number("received_bytes", outcome.bytes.up)
            .number("sent_bytes", outcome.bytes.down);
        if !outcome.resolved.is_empty() {
            line.key("resolved").raw(b"[");
            for identity in outcome.resolved.iter().take(LISTED) {
                line.element().raw(b"{").text("kind", identity.kind);
                line.text("name", &identity.name)
                    .text("id", &identity.id)
                    .raw(b"}");
            }
            line.raw(b"]");
        }
        outcome.client.write_peer(line.key("peer"));
        line.raw(b"}");
    }

    pub(crate) fn shrink(&mut self) {
        self.line.shrink();
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.line.bytes()
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.line.into_bytes()
    }
}

fn rule(line: &mut Line, rule: &RuleRef) {
    line.key("rule").raw(b"{").text("file", &rule.file);
    line.number("line", u64::try_from(rule.line).unwrap_or(u64::MAX))
        .text("name", &rule.text)
        .raw(b"}");
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// The trace id of a `traceparent` field (W3C Trace Context, section 3.2).
fn trace_id(field: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(field).ok()?;
    let mut parts = text.split('-');
    let (version, trace) = (parts.next()?, parts.next()?);
    let is_hex = |text: &str| {
        text.bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    (version.len() == 2
        && trace.len() == 32
        && is_hex(trace)
        && trace.bytes().any(|byte| byte != b'0'))
    .then_some(trace)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_trace_ids() {
        let id = "4bf92f3577b34da6a3ce929d0e0e4736";
        let field = format!("00-{id}-00f067aa0ba902b7-01");
        assert_eq!(trace_id(field.as_bytes()), Some(id));
        for bad in [
            "",
            "00",
            "00-xyz",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        ] {
            assert_eq!(trace_id(bad.as_bytes()), None, "{bad}");
        }
    }
}
