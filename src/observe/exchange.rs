//! The guard of one exchange.

use std::fmt::{self, Write};
use std::mem;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use super::flow::{Carried, Flow, Meter, Total, Upload};
use super::observer::Client;
use super::record::{Identity, Record};
use super::spares;
use super::streams::Stream;
use super::{Decision, End};
use crate::api::{AnswerKind, Call, Operation};
use crate::demand::Demand;
use crate::policy::{Basis, Denial, Permit};
use crate::wire::RequestHead;

/// One exchange, watched: it is recorded when this value is dropped, whichever way it ends.
#[derive(Debug)]
pub struct Exchange {
    client: Arc<Client>,
    number: u64,
    begun: Instant,
    /// Since when the gate waits for the client's body.
    waiting: Option<Instant>,
    /// How long it has waited so.
    waited: Duration,
    /// When the policy allowed the call.
    decided: Option<Instant>,
    /// From then to the engine's answer.
    engine: Option<Duration>,
    operation: Option<&'static Operation>,
    /// What a call that may have no end is about.
    object: String,
    is_stream: bool,
    forwarded: bool,
    status: Option<u16>,
    decision: Option<Decision>,
    reason: Option<&'static str>,
    end: Option<End>,
    bytes: Carried,
    /// Counts in the place of `bytes` for what lasts.
    flow: Option<Arc<Flow>>,
    record: Option<Record>,
    /// What names in the call turned out to stand for.
    resolved: Vec<Identity>,
}

/// Why the gate answers by itself.
#[derive(Clone, Copy)]
pub struct Refused<'r> {
    /// What it answers.
    pub status: u16,
    /// What became of the call.
    pub decision: Decision,
    /// The stable word for why.
    pub reason: &'static str,
    /// What the policy says of it.
    pub denial: Option<&'r Denial>,
    /// What went wrong, in words of the gate's own: nothing that a client sent may be in it.
    pub fault: Option<&'r dyn fmt::Display>,
}

impl fmt::Debug for Refused<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refused")
            .field("status", &self.status)
            .field("reason", &self.reason)
            .finish_non_exhaustive()
    }
}

impl Exchange {
    pub(crate) fn begin(client: Arc<Client>) -> Self {
        let observatory = &client.observer.observatory;
        let number = observatory.number();
        let record = observatory.records().then(|| {
            Record::begin(
                spares::take(),
                SystemTime::now(),
                observatory.epoch,
                number,
                &client.observer.socket,
                client.observer.tenant.as_deref(),
            )
        });
        Self {
            number,
            begun: Instant::now(),
            waiting: None,
            waited: Duration::ZERO,
            decided: None,
            engine: None,
            operation: None,
            object: String::new(),
            is_stream: false,
            forwarded: false,
            status: None,
            decision: None,
            reason: None,
            end: None,
            bytes: Carried::default(),
            flow: None,
            record,
            resolved: Vec::new(),
            client,
        }
    }

    /// The head is read.
    pub fn received(&mut self, head: &RequestHead) {
        if let Some(record) = &mut self.record {
            record.received(head);
        }
    }

    /// The call is understood.
    pub fn parsed(&mut self, call: &Call<'_>) {
        self.operation = call.operation();
        if self
            .operation
            .is_some_and(|operation| is_lasting(operation.answer))
        {
            call.object()
                .unwrap_or_default()
                .clone_into(&mut self.object);
        }
        if let Some(record) = &mut self.record {
            record.parsed(call);
        }
    }

    /// The gate waits for the client's body, until [`Exchange::resumed`].
    pub fn waits(&mut self) {
        self.waiting = Some(Instant::now());
    }

    /// The client's body is there.
    pub fn resumed(&mut self) {
        if let Some(since) = self.waiting.take() {
            self.waited = self.waited.saturating_add(since.elapsed());
        }
    }

    /// Whether what happens is written down, so that there is use in finding out more.
    pub const fn is_recorded(&self) -> bool {
        self.record.is_some()
    }

    /// A name in the call stands for that object of the engine. `kind` is a word such as `container`.
    pub fn resolved(&mut self, kind: &'static str, name: &str, id: &str) {
        let known = |known: &Identity| known.id == id && known.kind == kind;
        if self.is_recorded() && !self.resolved.iter().any(known) {
            self.resolved.push(Identity {
                kind,
                name: name.to_owned(),
                id: id.to_owned(),
            });
        }
    }

    /// The call, which demands so much, may go to the engine.
    pub fn permitted(&mut self, permit: &Permit<'_>, demands: &[Demand<'_>]) {
        self.decided = Some(Instant::now());
        match permit.basis() {
            Basis::Rule(_) => self.decision = Some(Decision::Allowed),
            Basis::Tolerated(denial) => {
                self.demanded(demands);
                self.tolerated(denial);
            }
        }
        if let Some(record) = &mut self.record {
            record.permitted(permit);
        }
    }

    /// The call was refused with all that it demands in view.
    pub fn demanded(&mut self, demands: &[Demand<'_>]) {
        if let Some(record) = &mut self.record {
            record.demanded(demands);
        }
    }

    /// The policy refuses the call, and the socket only observes: it goes to the engine all the same.
    pub fn tolerated(&mut self, denial: &Denial) {
        if self.decision == Some(Decision::WouldDeny) {
            return;
        }
        self.decision = Some(Decision::WouldDeny);
        self.reason = Some(denial.reason().code());
        self.client.observer.series.would_denials.inc();
        self.log(denial.reason().code(), Some(denial), None);
        if let Some(record) = &mut self.record {
            record.denied(denial);
        }
    }

    /// The gate answers by itself, or would if it had not begun to pass on the engine's answer.
    pub fn refused(&mut self, refused: &Refused<'_>) {
        self.resumed();
        // What can no longer be said to the client ends its answer early.
        let end = if self.status.is_some() {
            End::Cut
        } else {
            End::Complete
        };
        self.end.get_or_insert(end);
        self.status.get_or_insert(refused.status);
        self.decision = Some(refused.decision);
        self.reason = Some(refused.reason);
        self.log(refused.reason, refused.denial, refused.fault);
        if let (Some(record), Some(denial)) = (&mut self.record, refused.denial) {
            record.denied(denial);
        }
    }

    /// The request, as it was written, goes to the engine; on a connection that was opened for it if that is `fresh`.
    pub fn sent(&mut self, fresh: bool, request: &[u8]) {
        if fresh {
            self.client.observer.series.engine_connections.inc();
        }
        if mem::replace(&mut self.forwarded, true) {
            return;
        }
        // A body that was held is in there.
        let head = request.windows(4).position(|four| four == b"\r\n\r\n");
        let body = head.map_or(0, |head| {
            request.len().saturating_sub(head.saturating_add(4))
        });
        self.up().add(body);
        if let Some(record) = &mut self.record {
            record.forwarded(request);
        }
    }

    /// The engine's head has come.
    pub fn answered(&mut self, status: u16) {
        self.status = Some(status);
        let engine = self.decided.map(|decided| decided.elapsed());
        self.engine = engine;
        let observer = &self.client.observer;
        if let Some(time) = engine {
            observer
                .series
                .waited(self.operation.map(|operation| operation.id), time);
        }
        if let Some(operation) = self.operation
            && is_lasting(operation.answer)
            && !self.is_stream
        {
            self.is_stream = true;
            let bytes = self.bytes;
            let flow = self.flow.get_or_insert_with(|| Arc::new(Flow::from(bytes)));
            observer.series.open_streams.inc();
            let stream = Stream {
                operation: operation.name,
                object: mem::take(&mut self.object),
                client: Arc::clone(&self.client),
                since: SystemTime::now(),
                flow: Arc::clone(flow),
            };
            observer.streams.begin(self.number, stream);
            if let Some(record) = &mut self.record {
                record.shrink();
            }
        }
    }

    /// Whether an answer has begun to go to the client.
    pub const fn has_answered(&self) -> bool {
        self.status.is_some()
    }

    /// Counts what goes to the engine, and what comes from there.
    pub fn meters(&mut self) -> (Meter<'_>, Meter<'_>) {
        let series = &self.client.observer.series;
        let (up, down) = match &self.flow {
            Some(flow) => (Total::Shared(&flow.up), Total::Shared(&flow.down)),
            None => (
                Total::Own(&mut self.bytes.up),
                Total::Own(&mut self.bytes.down),
            ),
        };
        let meter = |series, total| Meter { series, total };
        (meter(&series.received, up), meter(&series.sent, down))
    }

    fn up(&mut self) -> Meter<'_> {
        self.meters().0
    }

    /// Counts what goes to the client.
    pub fn down(&mut self) -> Meter<'_> {
        self.meters().1
    }

    /// Counts a body that is uploaded while the answer may come already.
    pub fn upload(&mut self) -> Upload {
        let bytes = self.bytes;
        let flow = self.flow.get_or_insert_with(|| Arc::new(Flow::from(bytes)));
        Upload {
            client: Arc::clone(&self.client),
            flow: Arc::clone(flow),
        }
    }

    /// The answer has gone to the client whole.
    pub const fn finished(&mut self) {
        self.end = Some(End::Complete);
    }

    /// The client has left before the end.
    pub const fn abandoned(&mut self) {
        self.end = Some(End::Abandoned);
    }

    /// A policy came into force that does not allow what goes on: it is ended.
    pub fn revoked(&mut self, denial: &Denial) {
        self.end = Some(End::Revoked);
        self.reason = Some(denial.reason().code());
        let observer = &self.client.observer;
        observer.series.revoked.inc();
        tracing::info!(
            socket = observer.socket,
            operation = self.operation.map(|operation| operation.name),
            reason = denial.reason().code(),
            "ended: the policy that is in force now does not allow it"
        );
        if let Some(record) = &mut self.record {
            record.denied(denial);
        }
    }

    /// The engine's answer broke off.
    pub fn cut(&mut self, fault: &dyn fmt::Display) {
        self.end = Some(End::Cut);
        tracing::warn!(
            socket = self.client.observer.socket,
            operation = self.operation.map(|operation| operation.name),
            %fault,
            "the engine's answer broke off"
        );
    }

    /// Logs a refusal, unless the same was logged a moment ago. What a client sent stays out, but for names.
    fn log(&self, reason: &'static str, denial: Option<&Denial>, fault: Option<&dyn fmt::Display>) {
        let observer = &self.client.observer;
        let Some(suppressed) = observer
            .quiet
            .admits(self.operation.map(|it| it.id), reason)
        else {
            return;
        };
        let socket = observer.socket.as_str();
        let operation = self.operation.map(|operation| operation.name);
        let suppressed = (suppressed > 0).then_some(suppressed);
        if let Some(fault) = fault {
            return tracing::warn!(socket, operation, reason, suppressed, %fault, "not served");
        }
        let demands = denial.map(demands).filter(|text| !text.is_empty());
        let rule = denial.and_then(Denial::rule).map(ToString::to_string);
        if self.decision == Some(Decision::WouldDeny) {
            tracing::warn!(
                socket,
                operation,
                reason,
                demands,
                rule,
                suppressed,
                "would be refused"
            );
        } else {
            tracing::info!(
                socket, operation, reason, demands, rule, suppressed, "refused"
            );
        }
    }

    fn ended(&self) -> End {
        if thread::panicking() {
            End::Panicked
        } else {
            self.end.unwrap_or(End::Cancelled)
        }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.resumed();
        let now = Instant::now();
        let observer = &self.client.observer;
        let id = self.operation.map(|operation| operation.id);
        let decision = self.decision.unwrap_or(Decision::Undecided);
        let end = self.ended();
        let gate = self
            .decided
            .unwrap_or(now)
            .saturating_duration_since(self.begun)
            .saturating_sub(self.waited);
        let series = &observer.series;
        series.count(id, decision);
        series.decision.observe(gate.as_secs_f64());
        if self.is_stream {
            series.open_streams.dec();
            observer.streams.end(self.number);
        }
        if let Some(reason) = self.reason
            && !matches!(decision, Decision::Allowed | Decision::WouldDeny)
        {
            series.refusals.add(reason, 1);
        }
        let Some(mut record) = self.record.take() else {
            return;
        };
        let operation = self.operation.map(|operation| operation.name);
        record.end(&super::record::Outcome {
            operation,
            decision,
            reason: self.reason,
            status: self.status,
            end,
            gate,
            engine: self.engine,
            total: now.saturating_duration_since(self.begun),
            bytes: self.flow.as_ref().map_or(self.bytes, |flow| flow.carried()),
            resolved: &self.resolved,
            client: &self.client,
        });
        let observatory = &observer.observatory;
        let plain = decision == Decision::Allowed && end == End::Complete;
        if let Some(audit) = &observatory.audit
            && observer.audit_calls.selects(plain, self.number)
        {
            audit.push(record.bytes());
        }
        if observatory.options.viewers {
            observatory
                .events
                .push(record.bytes(), decision != Decision::Allowed);
        }
        spares::give_back(record.into_bytes());
    }
}

/// Whether an answer of that kind may have no end, or a long way to it.
const fn is_lasting(answer: AnswerKind) -> bool {
    match answer {
        AnswerKind::H2c
        | AnswerKind::Hijack
        | AnswerKind::Stream
        | AnswerKind::Tar
        | AnswerKind::WebSocket => true,
        AnswerKind::Empty | AnswerKind::Json | AnswerKind::Text => false,
    }
}

/// The missing demands in one line: `bind at HostConfig.Binds[0], privileged at HostConfig.Privileged`.
fn demands(denial: &Denial) -> String {
    let mut text = String::new();
    for missing in denial.missing().iter().take(8) {
        let comma = if text.is_empty() { "" } else { ", " };
        // Writing to a string does not fail.
        _ = write!(
            text,
            "{comma}{} at {}",
            missing.kind.name(),
            missing.place.escape_debug()
        );
    }
    text
}
