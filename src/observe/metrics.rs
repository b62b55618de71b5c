//! The metrics of the process, and the handles that a socket resolves once.
//!
//! Labels are socket, operation, decision and reason, and nothing that a client can choose: an operation that the table
//! does not have is one value. A series appears when it is first touched; the few that alerts watch begin at zero.

use std::fmt;
use std::sync::OnceLock;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use prometheus::core::Collector;
use prometheus::{
    Counter, CounterVec, GaugeVec, Histogram, HistogramOpts, HistogramVec, IntCounter,
    IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry, TextEncoder,
};

use super::Decision;
use super::audit::Counters;
use super::observer::PolicyFacts;
use super::process;
use super::tenants::QuotaReading;
use crate::api::{OPERATIONS, OperationId};
use crate::policy::Reason;

/// The label of a route that the table does not have.
pub(crate) const UNKNOWN: &str = "unknown";

/// From 10 us, which is what a decision takes, to what is felt.
const DECISION_BUCKETS: &[f64] = &[
    0.000_01, 0.000_025, 0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.005, 0.025, 0.1, 0.5,
];
/// From what a ping takes to what a build takes before its first answer.
const ENGINE_BUCKETS: &[f64] = &[
    0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0,
    60.0,
];

/// Reasons outside of the policy that say something of the engine or the gate: alerts watch them.
const WATCHED: &[&str] = &[
    "engine_unreachable",
    "engine_unusable",
    "engine_closed",
    "engine_broken",
    "too_many_connections",
];

/// Every family of the process.
pub(crate) struct Metrics {
    registry: Registry,
    requests: IntCounterVec,
    refusals: IntCounterVec,
    would_denials: IntCounterVec,
    decision: HistogramVec,
    engine: HistogramVec,
    engine_wait: CounterVec,
    received: IntCounterVec,
    sent: IntCounterVec,
    connections: IntCounterVec,
    open_connections: IntGaugeVec,
    open_streams: IntGaugeVec,
    engine_connections: IntCounterVec,
    policies: IntGaugeVec,
    enforced: IntGaugeVec,
    revoked: IntCounterVec,
    pub(crate) engine_up: IntGauge,
    pub(crate) reloads: IntCounterVec,
    pub(crate) last_reload: IntGauge,
    pub(crate) last_reload_good: IntGauge,
    pub(crate) audit_records: IntCounter,
    pub(crate) audit_dropped: IntCounter,
    pub(crate) audit_errors: IntCounter,
    quota_used: GaugeVec,
    quota_limit: GaugeVec,
    quota_read: IntGaugeVec,
    pub(crate) tenant_removals: IntCounterVec,
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

/// Registers families. Their names and labels are constants, so that what can fail is found by the first test.
struct Registrar(Registry);

impl Registrar {
    fn add<C: Collector + Clone + 'static>(
        &self,
        made: prometheus::Result<C>,
    ) -> prometheus::Result<C> {
        let collector = made?;
        self.0.register(Box::new(collector.clone()))?;
        Ok(collector)
    }
}

impl Metrics {
    /// All families, without a series yet.
    ///
    /// # Errors
    /// When two families have one name: a mistake in this file.
    #[expect(clippy::too_many_lines, reason = "a table: one entry a family")]
    pub(crate) fn new() -> prometheus::Result<Self> {
        let registry = Registry::new();
        let to = Registrar(registry.clone());
        let counters =
            |name, help, labels: &[&str]| IntCounterVec::new(Opts::new(name, help), labels);
        let gauges = |name, help, labels: &[&str]| IntGaugeVec::new(Opts::new(name, help), labels);
        let build = to.add(gauges(
            "doodgate_build_info",
            "Always 1: the version that runs, as a label.",
            &["version"],
        ))?;
        build.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1);
        let metrics = Self {
            requests: to.add(counters(
                "doodgate_requests_total",
                "Requests that ended, by what became of them. Decision `denied` is the policy's work; `failed` means the engine or the gate needs a look.",
                &["socket", "operation", "decision"],
            ))?,
            refusals: to.add(counters(
                "doodgate_refusals_total",
                "Requests that the gate answered by itself, by reason code. The audit records, or `doodgate top`, say which calls.",
                &["socket", "reason"],
            ))?,
            would_denials: to.add(counters(
                "doodgate_would_denials_total",
                "Requests that went to the engine although the policy refuses them, since the socket only observes. Grant them or expect them to fail once it enforces.",
                &["socket"],
            ))?,
            decision: to.add(HistogramVec::new(
                HistogramOpts::new(
                    "doodgate_decision_duration_seconds",
                    "From a request's head to the gate's decision, without the time that the client took to send its body. What the gate itself costs.",
                )
                .buckets(DECISION_BUCKETS.to_vec()),
                &["socket"],
            ))?,
            engine: to.add(HistogramVec::new(
                HistogramOpts::new(
                    "doodgate_engine_response_duration_seconds",
                    "From the decision to the head of the engine's answer, uploads included. When it grows, look at the engine.",
                )
                .buckets(ENGINE_BUCKETS.to_vec()),
                &["socket"],
            ))?,
            engine_wait: to.add(CounterVec::new(
                Opts::new(
                    "doodgate_engine_wait_seconds_total",
                    "Time spent waiting for the head of the engine's answers. Its rate over the rate of requests is an operation's mean latency.",
                ),
                &["socket", "operation"],
            ))?,
            received: to.add(counters(
                "doodgate_received_bytes_total",
                "Bytes of request bodies and tunnels from clients to the engine, counted as they pass.",
                &["socket"],
            ))?,
            sent: to.add(counters(
                "doodgate_sent_bytes_total",
                "Bytes of answer bodies and tunnels from the engine to clients, counted as they pass.",
                &["socket"],
            ))?,
            connections: to.add(counters(
                "doodgate_connections_total",
                "Connections of clients that were accepted.",
                &["socket"],
            ))?,
            open_connections: to.add(gauges(
                "doodgate_open_connections",
                "Connections of clients that are open. Near the limit of connections, raise it or find who leaks them.",
                &["socket"],
            ))?,
            open_streams: to.add(gauges(
                "doodgate_open_streams",
                "Exchanges whose answer may have no end (logs, events, stats, attach, exec, build, pull) and that are running.",
                &["socket"],
            ))?,
            engine_connections: to.add(counters(
                "doodgate_engine_connections_total",
                "Connections that were opened to the engine. Refused calls never open one.",
                &["socket"],
            ))?,
            policies: to.add(gauges(
                "doodgate_policy_info",
                "Always 1: the policy of a socket, and a digest of the text that it comes from.",
                &["socket", "policy", "digest"],
            ))?,
            enforced: to.add(gauges(
                "doodgate_policy_enforced",
                "Whether a socket's clients are held to its policy. At 0 the socket only observes, and refuses nothing that the policy would.",
                &["socket"],
            ))?,
            revoked: to.add(counters(
                "doodgate_revoked_streams_total",
                "Streams that were ended since a reload put a policy in force that does not allow them.",
                &["socket"],
            ))?,
            engine_up: to.add(IntGauge::new(
                "doodgate_engine_up",
                "Whether the engine answered the gate's last own request. At 0, clients get 502.",
            ))?,
            reloads: to.add(counters(
                "doodgate_reloads_total",
                "Attempts to read the configuration again, by outcome. After a failure the old configuration stays in force: see the log.",
                &["outcome"],
            ))?,
            last_reload: to.add(IntGauge::new(
                "doodgate_last_reload_timestamp_seconds",
                "When the configuration in force was read.",
            ))?,
            last_reload_good: to.add(IntGauge::new(
                "doodgate_last_reload_successful",
                "Whether the last attempt to read the configuration succeeded. At 0, what runs is not what the file says.",
            ))?,
            audit_records: to.add(IntCounter::new(
                "doodgate_audit_records_total",
                "Audit records that were handed to the writer.",
            ))?,
            audit_dropped: to.add(IntCounter::new(
                "doodgate_audit_dropped_total",
                "Audit records that were lost, since their sink was blocked or failed. Any increase means the audit has holes.",
            ))?,
            audit_errors: to.add(IntCounter::new(
                "doodgate_audit_write_errors_total",
                "Writes to the audit sink that failed: a full disk, a missing directory, a stopped syslog.",
            ))?,
            quota_used: to.add(GaugeVec::new(
                Opts::new("doodgate_quota_used", "What a tenant uses of a quota, in the quota's own unit."),
                &["tenant", "quota"],
            ))?,
            quota_limit: to.add(GaugeVec::new(
                Opts::new("doodgate_quota_limit", "What a tenant may use of a quota, in the quota's own unit."),
                &["tenant", "quota"],
            ))?,
            quota_read: to.add(gauges(
                "doodgate_quota_read_timestamp_seconds",
                "When the engine was last asked what a tenant uses. An old one means that the engine does not answer, and that the use is of that time.",
                &["tenant"],
            ))?,
            tenant_removals: to.add(counters(
                "doodgate_tenant_removals_total",
                "Objects of a tenant that the gate removed by itself, since their ttl was over or the tenant had long been idle.",
                &["tenant", "kind", "reason"],
            ))?,
            registry,
        };
        for outcome in ["success", "failure"] {
            metrics.reloads.with_label_values(&[outcome]).reset();
        }
        metrics.last_reload_good.set(1);
        metrics.loaded(SystemTime::now());
        Ok(metrics)
    }

    /// The text exposition format of all touched series.
    pub(crate) fn render(&self) -> String {
        let families = self.registry.gather();
        let mut text = String::with_capacity(16 * 1024);
        if let Err(error) = TextEncoder::new().encode_utf8(&families, &mut text) {
            tracing::warn!(%error, "cannot render the metrics");
        }
        process::render(&mut text);
        text
    }

    /// The handles of a socket.
    pub(crate) fn socket(&self, socket: &str) -> SocketSeries {
        let of = |family: &IntCounterVec| family.with_label_values(&[socket]);
        let refusals = RefusalSeries::new(self.refusals.clone(), socket);
        Reason::ALL
            .iter()
            .map(|reason| reason.code())
            .chain(WATCHED.iter().copied())
            .for_each(|code| refusals.add(code, 0));
        SocketSeries {
            decision: self.decision.with_label_values(&[socket]),
            engine: self.engine.with_label_values(&[socket]),
            received: of(&self.received),
            sent: of(&self.sent),
            connections: of(&self.connections),
            open_connections: self.open_connections.with_label_values(&[socket]),
            open_streams: self.open_streams.with_label_values(&[socket]),
            engine_connections: of(&self.engine_connections),
            would_denials: of(&self.would_denials),
            revoked: of(&self.revoked),
            refusals,
            operations: (0..=OPERATIONS.len()).map(|_| OnceLock::new()).collect(),
            families: (self.requests.clone(), self.engine_wait.clone()),
            socket: socket.to_owned(),
        }
    }

    /// The counters of the audit.
    pub(crate) fn audit_counters(&self) -> Counters {
        Counters {
            records: self.audit_records.clone(),
            dropped: self.audit_dropped.clone(),
            errors: self.audit_errors.clone(),
        }
    }

    /// The configuration in force was read at `time`.
    pub(crate) fn loaded(&self, time: SystemTime) {
        self.last_reload.set(seconds(time));
    }

    /// What a tenant used at `time` of each quota.
    pub(crate) fn quotas(&self, tenant: &str, quotas: &[QuotaReading], time: SystemTime) {
        for QuotaReading { quota, used, limit } in quotas {
            let labels = &[tenant, quota];
            self.quota_used.with_label_values(labels).set(*used);
            self.quota_limit.with_label_values(labels).set(*limit);
        }
        self.quota_read
            .with_label_values(&[tenant])
            .set(seconds(time));
    }

    /// Takes back [`Metrics::policy`].
    pub(crate) fn forget_policy(&self, socket: &str, policy: &PolicyFacts) {
        let labels = [socket, policy.name.as_str(), policy.digest.as_str()];
        // That there is no such series is as well.
        drop(self.policies.remove_label_values(&labels));
    }

    /// A socket's policy, from now on.
    pub(crate) fn policy(&self, socket: &str, policy: &PolicyFacts) {
        self.policies
            .with_label_values(&[socket, policy.name.as_str(), policy.digest.as_str()])
            .set(1);
        self.enforced
            .with_label_values(&[socket])
            .set(i64::from(!policy.enforcement.observes_only()));
    }
}

/// Seconds since 1970.
fn seconds(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// The handles of one socket: nothing is looked up by a label while requests are served.
pub(crate) struct SocketSeries {
    pub(crate) decision: Histogram,
    pub(crate) engine: Histogram,
    pub(crate) received: IntCounter,
    pub(crate) sent: IntCounter,
    pub(crate) connections: IntCounter,
    pub(crate) open_connections: IntGauge,
    pub(crate) open_streams: IntGauge,
    pub(crate) engine_connections: IntCounter,
    pub(crate) would_denials: IntCounter,
    pub(crate) revoked: IntCounter,
    pub(crate) refusals: RefusalSeries,
    /// One a row of the table of operations, and the last for routes that it does not have.
    operations: Box<[OnceLock<OperationSeries>]>,
    families: (IntCounterVec, CounterVec),
    socket: String,
}

impl fmt::Debug for SocketSeries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SocketSeries")
            .field("socket", &self.socket)
            .finish_non_exhaustive()
    }
}

/// The handles of one operation on one socket.
pub(crate) struct OperationSeries {
    requests: [OnceLock<IntCounter>; Decision::ALL.len()],
    wait: OnceLock<Counter>,
}

impl SocketSeries {
    #[expect(
        clippy::as_conversions,
        reason = "the variants are numbered as the rows of the table are"
    )]
    fn operation(&self, operation: Option<OperationId>) -> Option<&OperationSeries> {
        let row = operation.map_or(OPERATIONS.len(), |id| id as usize);
        let cell = self.operations.get(row)?;
        Some(cell.get_or_init(|| OperationSeries {
            requests: std::array::from_fn(|_| OnceLock::new()),
            wait: OnceLock::new(),
        }))
    }

    /// A request has ended.
    pub(crate) fn count(&self, operation: Option<OperationId>, decision: Decision) {
        let cell = self
            .operation(operation)
            .and_then(|series| series.requests.get(decision.index()));
        if let Some(cell) = cell {
            let labels = || [self.socket.as_str(), name(operation), decision.as_str()];
            cell.get_or_init(|| self.families.0.with_label_values(&labels()))
                .inc();
        }
    }

    /// The engine has answered.
    pub(crate) fn waited(&self, operation: Option<OperationId>, time: Duration) {
        let seconds = time.as_secs_f64();
        self.engine.observe(seconds);
        if let Some(series) = self.operation(operation) {
            let labels = || [self.socket.as_str(), name(operation)];
            series
                .wait
                .get_or_init(|| self.families.1.with_label_values(&labels()))
                .inc_by(seconds);
        }
    }

    /// What has been counted of each operation that was called: its name, the calls by decision, and the seconds spent
    /// waiting for the engine.
    pub(crate) fn operations(
        &self,
    ) -> impl Iterator<Item = (&'static str, [u64; Decision::ALL.len()], f64)> + '_ {
        let names = OPERATIONS
            .iter()
            .map(|operation| operation.name)
            .chain([UNKNOWN]);
        names
            .zip(self.operations.iter())
            .filter_map(|(name, cell)| {
                let series = cell.get()?;
                let counts = series
                    .requests
                    .each_ref()
                    .map(|cell| cell.get().map_or(0, IntCounter::get));
                Some((name, counts, series.wait.get().map_or(0.0, Counter::get)))
            })
    }
}

fn name(operation: Option<OperationId>) -> &'static str {
    operation.map_or(UNKNOWN, |id| id.operation().name)
}

/// How many reasons a socket finds without looking up a label: more than there are.
const REASONS: usize = 128;

/// The counters of a socket's refusals, by reason: a table that fills up in the order of first use.
pub(crate) struct RefusalSeries {
    known: Box<[OnceLock<(&'static str, IntCounter)>]>,
    family: IntCounterVec,
    socket: String,
}

impl RefusalSeries {
    fn new(family: IntCounterVec, socket: &str) -> Self {
        Self {
            known: (0..REASONS).map(|_| OnceLock::new()).collect(),
            family,
            socket: socket.to_owned(),
        }
    }

    /// Adds `count` to the refusals for that reason.
    pub(crate) fn add(&self, reason: &'static str, count: u64) {
        let make = || {
            self.family
                .with_label_values(&[self.socket.as_str(), reason])
        };
        for cell in &self.known {
            let (known, counter) = cell.get_or_init(|| (reason, make()));
            if *known == reason {
                return counter.inc_by(count);
            }
        }
        make().inc_by(count);
    }

    /// What has been counted, by reason.
    pub(crate) fn counts(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        self.known
            .iter()
            .map_while(OnceLock::get)
            .map(|(reason, counter)| (*reason, counter.get()))
    }
}
