//! The guard of one exchange.

use std::cell::RefCell;
use std::fmt::{self, Write};
use std::mem;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use super::observer::Client;
use super::record::Record;
use super::streams::Stream;
use super::{Decision, End};
use crate::api::{AnswerKind, Call, Operation};
use crate::demand::Demand;
use crate::policy::{Denial, Permit};
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
    record: Option<Record>,
}

/// How many bytes of bodies and tunnels went each way.
#[derive(Clone, Copy, Debug, Default)]
pub struct Carried {
    /// From the client to the engine.
    pub up: u64,
    /// From the engine to the client.
    pub down: u64,
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
                spare(),
                SystemTime::now(),
                observatory.epoch,
                number,
                &client.observer.socket,
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
            record,
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

    /// The policy allows the call.
    pub fn permitted(&mut self, permit: &Permit<'_>) {
        self.decided = Some(Instant::now());
        self.decision.get_or_insert(Decision::Allowed);
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

    /// The policy refuses the call, and the socket only watches: it is allowed all the same.
    pub fn tolerated(&mut self, denial: &Denial) {
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
        self.bytes.up = u64::try_from(body).unwrap_or(u64::MAX);
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
            observer.series.open_streams.inc();
            let stream = Stream {
                operation: operation.name,
                object: mem::take(&mut self.object),
                peer: self.client.peer,
                since: SystemTime::now(),
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

    /// The counters of bytes.
    pub const fn carried(&mut self) -> &mut Carried {
        &mut self.bytes
    }

    /// The answer has gone to the client whole.
    pub const fn finished(&mut self) {
        self.end = Some(End::Complete);
    }

    /// The client has left before the end.
    pub const fn abandoned(&mut self) {
        self.end = Some(End::Abandoned);
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
        if self.bytes.up > 0 {
            series.received.inc_by(self.bytes.up);
        }
        if self.bytes.down > 0 {
            series.sent.inc_by(self.bytes.down);
        }
        if self.is_stream {
            series.open_streams.dec();
            observer.streams.end(self.number);
        }
        if let Some(reason) = self.reason
            && decision != Decision::WouldDeny
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
            bytes: self.bytes,
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
        give_back(record.into_bytes());
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

/// How many buffers a thread keeps, and how large they may be.
const SPARE: usize = 16;
const SPARE_BYTES: usize = 8 << 10;
/// What nearly every record fits into.
const RECORD_BYTES: usize = 1 << 10;

thread_local! {
    static SPARES: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
}

/// A buffer of an earlier exchange of this thread, or a new one.
fn spare() -> Vec<u8> {
    SPARES
        .with_borrow_mut(Vec::pop)
        .unwrap_or_else(|| Vec::with_capacity(RECORD_BYTES))
}

fn give_back(buffer: Vec<u8>) {
    if !(RECORD_BYTES..=SPARE_BYTES).contains(&buffer.capacity()) {
        return;
    }
    // A thread that is ending keeps nothing.
    _ = SPARES.try_with(|spares| {
        if let Ok(mut spares) = spares.try_borrow_mut()
            && spares.len() < SPARE
        {
            spares.push(buffer);
        }
    });
}
