//! `/status`: what the gate is and does, as JSON.

use prometheus::Histogram;
use prometheus::core::Metric;

use super::health::Health;
use super::line::Line;
use super::observatory::Observatory;
use super::observer::Observer;
use super::{Decision, process, time};

/// The version of the document's form.
const SCHEMA: u64 = 1;

/// Writes the document.
pub(crate) async fn render(observatory: &Observatory, health: &Health) -> Vec<u8> {
    let ready = health.ready().await;
    let version = health.version().await;
    let mut line = Line::default();
    line.raw(b"{")
        .number("schema", SCHEMA)
        .text("version", env!("CARGO_PKG_VERSION"))
        .key("started");
    time::write(&mut line, observatory.started);
    line.key("now");
    time::write(&mut line, std::time::SystemTime::now());
    line.key("engine")
        .raw(b"{")
        .text("address", &health.address());
    line.key("up")
        .raw(if ready.is_ok() { b"true" } else { b"false" });
    if let Err(reason) = &ready {
        line.text("reason", reason);
    }
    if let Some(version) = &version {
        line.text("version", &version.version)
            .text("api", &version.api)
            .text("min_api", &version.min_api);
        line.text("os", &version.os).text("arch", &version.arch);
    }
    line.raw(b"}");
    if let Some(reload) = observatory.last_reload() {
        line.key("last_reload").raw(b"{").key("time");
        time::write(&mut line, reload.at);
        line.text(
            "outcome",
            if reload.error.is_none() {
                "success"
            } else {
                "failure"
            },
        );
        if let Some(error) = &reload.error {
            line.text("reason", error);
        }
        line.raw(b"}");
    }
    let observers = observatory.observers().clone();
    line.key("sockets").raw(b"[");
    for observer in &observers {
        socket(line.element(), observer);
    }
    line.raw(b"]").key("streams").raw(b"[");
    for observer in &observers {
        observer.streams.write(&observer.socket, &mut line);
    }
    line.raw(b"]");
    health.measure().await;
    observatory.tenants.write(&mut line);
    line.key("audit").raw(b"{");
    let metrics = &observatory.metrics;
    if let Some(sink) = &observatory.options.audit.to {
        line.text("sink", &sink.to_string());
    }
    line.number("records", metrics.audit_records.get())
        .number("dropped", metrics.audit_dropped.get());
    line.raw(b"}").key("process").raw(b"{");
    let usage = process::usage();
    line.number("resident_bytes", usage.resident)
        .number("descriptors", usage.descriptors);
    line.number("max_descriptors", usage.max_descriptors)
        .number("threads", usage.threads);
    line.key("cpu_seconds").float(usage.cpu);
    line.number(
        "viewers",
        u64::try_from(observatory.events.viewers()).unwrap_or(u64::MAX),
    );
    line.raw(b"}}\n");
    line.into_bytes()
}

fn socket(line: &mut Line, observer: &Observer) {
    let series = &observer.series;
    let (policy, since) = observer.policy().clone();
    line.raw(b"{")
        .text("name", &observer.socket)
        .text("listen", &observer.listen);
    if let Some(tenant) = &observer.tenant {
        line.text("tenant", tenant);
    }
    line.key("observe_only")
        .raw(if policy.enforcement.observes_only() {
            b"true"
        } else {
            b"false"
        });
    line.key("policy")
        .raw(b"{")
        .text("name", &policy.name)
        .text("digest", &policy.digest)
        .key("loaded");
    time::write(line, since);
    line.raw(b"}")
        .number("connections", unsigned(series.open_connections.get()));
    line.number("connections_total", series.connections.get());
    line.number("streams", unsigned(series.open_streams.get()));
    line.number("engine_connections_total", series.engine_connections.get());
    line.number("received_bytes", series.received.get())
        .number("sent_bytes", series.sent.get());
    histogram(line.key("decision_seconds"), &series.decision);
    histogram(line.key("engine_seconds"), &series.engine);
    line.key("operations").raw(b"[");
    for (name, counts, wait) in series.operations() {
        line.element().raw(b"{").text("operation", name);
        for (decision, count) in Decision::ALL
            .iter()
            .zip(counts)
            .filter(|(_, count)| *count > 0)
        {
            line.number(decision.as_str(), count);
        }
        line.key("engine_wait_seconds").float(wait).raw(b"}");
    }
    line.raw(b"]").key("refusals").raw(b"{");
    for (reason, count) in series.refusals.counts().filter(|(_, count)| *count > 0) {
        line.number(reason, count);
    }
    line.raw(b"}}");
}

/// Count, sum, and the cumulative count up to each bound.
fn histogram(line: &mut Line, histogram: &Histogram) {
    line.raw(b"{").number("count", histogram.get_sample_count());
    line.key("sum")
        .float(histogram.get_sample_sum())
        .key("buckets")
        .raw(b"[");
    for bucket in histogram.metric().get_histogram().get_bucket() {
        line.element()
            .raw(b"[")
            .float(bucket.upper_bound())
            .raw(b",");
        line.digits(bucket.cumulative_count()).raw(b"]");
    }
    line.raw(b"]}");
}

fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}
