//! The engine's answer on its way to the client.

use std::sync::atomic::{AtomicBool, Ordering};

use super::buffer::Buffer;
use super::engine::Engine;
use super::relay::{Relay, RelayError};
use super::respond::Refusal;
use super::shielded::Shielded;
use super::stream::{Reader, Writer};
use crate::api::{AnswerKind, Call};
use crate::observe::Exchange;
use crate::tenant::{Shield, Tenant, View};
use crate::wire::write::{Connection as Persistence, Head, Unwritable};
use crate::wire::{Framing, Limits, Parsed, RequestHead, ResponseHead, Version};

/// The most that the engine's heads may take: Go's own limit for what it reads (`net/http`, 1 MiB) is far above
/// what it writes.
const HEAD_LIMITS: Limits = Limits {
    head_bytes: 256 << 10,
    line_bytes: 32 << 10,
    fields: 100,
};

/// Why there is no whole answer.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The client cannot be written to.
    ClientGone,
    /// The head has gone to the client and the body broke off: all that is left is to cut the connection.
    Cut(RelayError),
    /// Nothing has gone to the client yet.
    Refuse(Refusal),
    /// The engine closed a connection that was used before, without a byte of an answer: it may have done so
    /// before the request came.
    Stale,
}

/// What the answer made of the connections.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Answered {
    /// It is complete.
    Whole {
        /// Whether the client may send another request.
        client_persists: bool,
        /// Whether the engine takes another request.
        engine_persists: bool,
    },
    /// Both connections carry raw bytes from here on.
    Switched,
}

/// What an answer is to.
#[derive(Debug)]
pub(crate) struct Question<'q> {
    pub(crate) call: &'q Call<'q>,
    pub(crate) head: &'q RequestHead,
    /// Whether the client will be allowed another request on its connection.
    pub(crate) persists: bool,
    /// Whether the request's body has gone to the engine whole.
    pub(crate) uploaded: &'q AtomicBool,
    /// Whom the answer goes to.
    pub(crate) reader: Reading<'q>,
}

/// Whom an answer goes to.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Reading<'q> {
    /// A client of the host's own, as it is.
    Host,
    /// A tenant, through a shield for what the answer holds.
    Tenant(&'q Tenant, &'q View),
}

impl Reading<'_> {
    /// The shield for an answer with a body, where it needs one, and whether its head goes out at once.
    fn shield(self, answer: &ResponseHead) -> Option<(Shield, bool)> {
        let Self::Tenant(tenant, view) = self else {
            return None;
        };
        let json = answer
            .field("content-type")
            .is_some_and(|kind| kind.starts_with(b"application/json"));
        let view = match (answer.status(), view.missing()) {
            (404, Some(missing)) => View::Missing(missing),
            (400.., _) if json => View::Error,
            (400.., _) => View::ErrorText,
            _ if matches!(view, View::Pass) => return None,
            _ => view.clone(),
        };
        let empty = matches!(answer.framing(), Framing::None | Framing::Length(0));
        let at_once = matches!(
            view,
            View::Events(_) | View::ContainerStats | View::Progress(_)
        );
        (!empty).then(|| (Shield::new(tenant.clone(), view), at_once))
    }
}

impl Question<'_> {
    /// Whether the client can send another request behind this one: not while its body is still coming.
    fn persists(&self) -> bool {
        self.persists && self.uploaded.load(Ordering::Relaxed)
    }
}

/// Reads the engine's head: interim ones are dropped, since the gate has told the client to go on by itself.
pub(crate) async fn read_head(
    head_only: bool,
    from: &mut Reader<'_>,
    input: &mut Buffer,
    answer: &mut ResponseHead,
    fresh: bool,
) -> Result<(), Failure> {
    // An answer that broke off leaves a head that is half read.
    answer.restart();
    let mut untouched = true;
    loop {
        if !input.is_empty() {
            untouched = false;
            let parsed = answer
                .parse(input.filled(), &HEAD_LIMITS, head_only)
                .map_err(|bad| Failure::Refuse(Refusal::EngineAnswer(bad)))?;
            if let Parsed::Complete(length) = parsed {
                input.consume(length);
                if !answer.is_interim() {
                    return Ok(());
                }
                continue;
            }
        }
        match from.fill(input).await {
            Ok(count) if count > 0 => {}
            Ok(_) | Err(_) if untouched && !fresh => return Err(Failure::Stale),
            Ok(_) => return Err(Failure::Refuse(Refusal::EngineClosed)),
            Err(error) => {
                return Err(Failure::Refuse(Refusal::EngineBroken(RelayError::Read(
                    error,
                ))));
            }
        }
    }
}

/// Passes the answer whose head is `answer` on to the client.
pub(crate) async fn pass(
    question: &Question<'_>,
    engine: &Engine,
    answer: &ResponseHead,
    (from, input): (&mut Reader<'_>, &mut Buffer),
    (to, out): (&mut Writer<'_>, &mut Vec<u8>),
    exchange: &mut Exchange,
) -> Result<Answered, Failure> {
    if let Some(version) = answer.field("api-version") {
        engine.note_version(version);
    }
    out.clear();
    if let Some(protocol) = switch(question, answer)? {
        write_head(question, answer, protocol, Framing::None, out).map_err(unwritable)?;
        exchange.answered(answer.status());
        to.write_all(out).await.map_err(|_| Failure::ClientGone)?;
        out.clear();
        return Ok(Answered::Switched);
    }
    let version = question.head.version();
    let shield = question.reader.shield(answer);
    // A body that is shielded has another length.
    let incoming = if shield.is_some() {
        Framing::UntilClose
    } else {
        answer.framing()
    };
    let (framing, client_persists) = match (incoming, version) {
        (framing @ (Framing::None | Framing::Length(_)), _) => (framing, question.persists()),
        (Framing::Chunked | Framing::UntilClose, Version::Http11) => {
            (Framing::Chunked, question.persists())
        }
        (Framing::Chunked | Framing::UntilClose, Version::Http10) => (Framing::UntilClose, false),
    };
    let persistence = if client_persists {
        Persistence::KeepAlive
    } else {
        Persistence::Close
    };
    let announced = match (framing, answer.field("content-length")) {
        // The answer to HEAD tells the length of a body that does not come.
        (Framing::None, Some(length)) => decimal(length).map_or(Framing::None, Framing::Length),
        (framing, _) => framing,
    };
    write_head(question, answer, persistence, announced, out).map_err(unwritable)?;
    if let Some((shield, at_once)) = shield {
        let shielded = Shielded {
            shield,
            engine,
            outgoing: framing,
            status: answer.status(),
            exchange,
            to,
            out,
            sent: false,
        };
        shielded.run(answer.framing(), at_once, from, input).await?;
        return Ok(Answered::Whole {
            client_persists,
            engine_persists: answer.keep_alive() && answer.framing() != Framing::UntilClose,
        });
    }
    exchange.answered(answer.status());
    let mut relay = Relay::new(answer.framing(), framing, exchange.down());
    let relayed = relay.run(from, input, to, out).await;
    match relayed {
        Ok(()) => Ok(Answered::Whole {
            client_persists,
            engine_persists: answer.keep_alive() && answer.framing() != Framing::UntilClose,
        }),
        Err(RelayError::Write(_)) => Err(Failure::ClientGone),
        Err(error) => Err(Failure::Cut(error)),
    }
}

/// Whether the answer turns the connections into a tunnel, and how the client is told. Nothing but a 101 that the
/// client asked for does, or a 200 raw stream without a length on an operation that hijacks.
fn switch(question: &Question<'_>, answer: &ResponseHead) -> Result<Option<Persistence>, Failure> {
    let offered = question.call.operation().map(|operation| operation.answer);
    if answer.status() == 101 {
        return match (question.call.upgrade, answer.switches_to()) {
            (Some(asked), Some(given)) if asked == given => Ok(Some(Persistence::Upgrade(given))),
            (_, None | Some(_)) => Err(Failure::Refuse(Refusal::EngineSwitched)),
        };
    }
    let raw = offered == Some(AnswerKind::Hijack)
        && answer.status() == 200
        && answer.framing() == Framing::UntilClose
        && answer.field("content-type").is_some_and(is_raw_stream);
    Ok(raw.then_some(Persistence::KeepAlive))
}

/// The two content types of a hijacked connection (moby `api/types`, `MediaTypeRawStream` and
/// `MediaTypeMultiplexedStream`).
fn is_raw_stream(value: &[u8]) -> bool {
    value == b"application/vnd.docker.raw-stream"
        || value == b"application/vnd.docker.multiplexed-stream"
}

fn write_head(
    question: &Question<'_>,
    answer: &ResponseHead,
    connection: Persistence,
    framing: Framing,
    out: &mut Vec<u8>,
) -> Result<(), Unwritable> {
    let mut head = Head::response(
        out,
        question.head.version(),
        answer.status(),
        answer.reason(),
    )?;
    let is_tenant = matches!(question.reader, Reading::Tenant(..));
    for field in answer.fields() {
        if is_tenant && field.is("builder-version") {
            // BuildKit's tunnels are not for tenants: clients are told of the classic builder alone.
            head.field(field.name(), b"1")?;
        } else if !field.is_of_connection() {
            head.pass(field)?;
        }
    }
    head.connection(connection)?;
    head.finish(framing)
}

fn unwritable(error: Unwritable) -> Failure {
    Failure::Refuse(Refusal::Unwritable(error))
}

fn decimal(digits: &[u8]) -> Option<u64> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}
