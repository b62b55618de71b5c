//! What the admin listener's `/status` says, and how it is laid out on a terminal.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde::Deserialize;

use super::{Failure, ask};
use crate::policy::Address;

/// The document.
#[derive(Debug, Deserialize)]
pub(crate) struct Report {
    pub(crate) version: String,
    pub(crate) started: String,
    pub(crate) now: String,
    pub(crate) engine: Engine,
    pub(crate) last_reload: Option<Reload>,
    pub(crate) sockets: Vec<Socket>,
    pub(crate) streams: Vec<Stream>,
    pub(crate) tenants: Vec<Quota>,
    pub(crate) audit: Audit,
    pub(crate) process: Process,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Engine {
    pub(crate) address: String,
    pub(crate) up: bool,
    #[serde(default)]
    pub(crate) reason: String,
    #[serde(default)]
    pub(crate) version: String,
    #[serde(default)]
    pub(crate) api: String,
    #[serde(default)]
    pub(crate) min_api: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Reload {
    pub(crate) time: String,
    pub(crate) outcome: String,
    #[serde(default)]
    pub(crate) reason: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Socket {
    pub(crate) name: String,
    pub(crate) listen: String,
    #[serde(default)]
    pub(crate) tenant: Option<String>,
    /// Whether the policy is not enforced.
    #[serde(default)]
    pub(crate) observe_only: bool,
    pub(crate) policy: PolicyFacts,
    pub(crate) connections: u64,
    pub(crate) streams: u64,
    #[serde(default)]
    pub(crate) received_bytes: u64,
    #[serde(default)]
    pub(crate) sent_bytes: u64,
    pub(crate) operations: Vec<Operation>,
    pub(crate) refusals: BTreeMap<String, u64>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct PolicyFacts {
    pub(crate) name: String,
    pub(crate) digest: String,
    pub(crate) loaded: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Operation {
    #[serde(rename = "operation")]
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) allowed: u64,
    #[serde(default)]
    pub(crate) denied: u64,
    #[serde(default)]
    pub(crate) malformed: u64,
    #[serde(default)]
    pub(crate) failed: u64,
    #[serde(default)]
    pub(crate) undecided: u64,
    #[serde(default)]
    pub(crate) would_deny: u64,
    pub(crate) engine_wait_seconds: f64,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Stream {
    pub(crate) socket: String,
    pub(crate) operation: String,
    pub(crate) object: String,
    pub(crate) since: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Quota {
    pub(crate) tenant: String,
    #[serde(rename = "quota")]
    pub(crate) of: String,
    pub(crate) used: f64,
    pub(crate) limit: f64,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Audit {
    #[serde(default)]
    pub(crate) sink: Option<String>,
    pub(crate) records: u64,
    pub(crate) dropped: u64,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Process {
    pub(crate) resident_bytes: u64,
    pub(crate) descriptors: u64,
    pub(crate) max_descriptors: u64,
}

impl Operation {
    /// All calls of it.
    pub(crate) fn total(&self) -> u64 {
        [
            self.allowed,
            self.denied,
            self.malformed,
            self.failed,
            self.undecided,
            self.would_deny,
        ]
        .into_iter()
        .fold(0, u64::saturating_add)
    }

    /// Those that the gate answered by itself.
    pub(crate) fn refused(&self) -> u64 {
        [self.denied, self.malformed, self.failed]
            .into_iter()
            .fold(0, u64::saturating_add)
    }

    /// The mean wait for the engine's answer, in milliseconds.
    pub(crate) fn wait(&self) -> String {
        let calls = self.allowed.saturating_add(self.would_deny);
        match u32::try_from(calls) {
            Ok(calls) if calls > 0 && self.engine_wait_seconds > 0.0 => {
                format!(
                    "{:.1} ms",
                    self.engine_wait_seconds * 1000.0 / f64::from(calls)
                )
            }
            Ok(_) | Err(_) => "-".to_owned(),
        }
    }
}

/// Asks the gate for its report, and hands out the document as it came too.
pub(crate) fn fetch(address: &Address) -> Result<(Report, String), Failure> {
    let (status, body) = ask::get_admin(address, "/status")?;
    if status != 200 {
        return Err(Failure::Fault(format!(
            "`{address}/status` answers {status}: {}",
            body.trim()
        )));
    }
    #[expect(clippy::disallowed_methods, reason = "the gate's own words")]
    let report = serde_json::from_str(&body).map_err(|error| {
        Failure::Fault(format!(
            "the answer of `{address}/status` cannot be read: {error}; is it a doodgate of this version?"
        ))
    })?;
    Ok((report, body))
}

/// The report for people: what is served, and what has come of it.
pub(crate) fn lay_out(report: &Report) -> String {
    let mut out = String::new();
    // Writing to a string does not fail.
    _ = writeln!(
        out,
        "doodgate {} since {}",
        report.version,
        short(&report.started)
    );
    let engine = &report.engine;
    _ = if engine.up {
        writeln!(
            out,
            "engine   {}: up, version {}, API {} to {}",
            engine.address, engine.version, engine.min_api, engine.api
        )
    } else {
        writeln!(out, "engine   {}: DOWN: {}", engine.address, engine.reason)
    };
    if let Some(reload) = &report.last_reload {
        _ = write!(
            out,
            "reload   {} at {}",
            reload.outcome,
            short(&reload.time)
        );
        _ = if reload.reason.is_empty() {
            writeln!(out)
        } else {
            writeln!(out, ": {}", reload.reason)
        };
    }
    let audit = &report.audit;
    if let Some(sink) = &audit.sink {
        _ = writeln!(
            out,
            "audit    {sink}: {} records, {} lost",
            audit.records, audit.dropped
        );
    }
    let process = &report.process;
    _ = writeln!(
        out,
        "process  {} KiB resident, {} of {} descriptors",
        process.resident_bytes / 1024,
        process.descriptors,
        process.max_descriptors
    );
    for socket in &report.sockets {
        out.push('\n');
        lay_out_socket(&mut out, socket);
    }
    for quota in &report.tenants {
        _ = writeln!(
            out,
            "\ntenant {}: {} {} of {}",
            quota.tenant, quota.of, quota.used, quota.limit
        );
    }
    if !report.streams.is_empty() {
        out.push_str("\nopen streams\n");
        for stream in &report.streams {
            _ = writeln!(
                out,
                "  {:<28} {:<24} {:<16} since {}",
                stream.operation,
                stream.object,
                stream.socket,
                short(&stream.since)
            );
        }
    }
    out
}

fn lay_out_socket(out: &mut String, socket: &Socket) {
    let policy = &socket.policy;
    let tenant = socket
        .tenant
        .as_ref()
        .map_or_else(String::new, |tenant| format!("tenant {tenant}, "));
    _ = writeln!(
        out,
        "{}  {}  {tenant}policy {} ({}, since {}), {} connections, {} streams",
        socket.name,
        socket.listen,
        policy.name,
        policy.digest,
        short(&policy.loaded),
        socket.connections,
        socket.streams
    );
    if socket.observe_only {
        out.push_str("  NOT ENFORCED: this socket only observes\n");
    }
    let mut operations: Vec<_> = socket
        .operations
        .iter()
        .filter(|it| it.total() > 0)
        .collect();
    operations.sort_by_key(|it| std::cmp::Reverse(it.total()));
    if operations.is_empty() {
        return;
    }
    _ = writeln!(
        out,
        "  {:<28} {:>9} {:>10} {:>9} {:>9} {:>9} {:>12}",
        "operation", "allowed", "would deny", "denied", "malformed", "failed", "engine wait"
    );
    for it in operations {
        _ = writeln!(
            out,
            "  {:<28} {:>9} {:>10} {:>9} {:>9} {:>9} {:>12}",
            it.name,
            it.allowed,
            it.would_deny,
            it.denied,
            it.malformed,
            it.failed,
            it.wait()
        );
    }
    if !socket.refusals.is_empty() {
        let reasons: Vec<_> = socket
            .refusals
            .iter()
            .map(|(reason, count)| format!("{reason} {count}"))
            .collect();
        _ = writeln!(out, "  refused: {}", reasons.join(", "));
    }
}

/// A time without its fraction of a second.
pub(crate) fn short(time: &str) -> String {
    time.split('.').next().unwrap_or(time).replace('T', " ")
}
