//! One request's whole way: parsed, decided, sent, answered.

use std::future::pending;
use std::sync::OnceLock;

use super::answer::{Answered, Failure, Reading};
use super::buffer::Buffer;
use super::connection::{Connection, EngineLink, Next};
use super::converse::Conversation;
use super::current::InForce;
use super::engine::Engine;
use super::inspect::Inspector;
use super::respond::Refusal;
use super::server::Socket;
use super::stream::Stream;
use super::tenancy::{Clients, Hold, Outcome, Resident};
use super::{body, containers, current, identity, lookup, own, request, tunnel};
use crate::api::Call;
use crate::api::json::Document;
use crate::demand::{self, Demand};
use crate::observe::Exchange;
use crate::policy::{Denial, Permit};
use crate::tenant::{Answer, Prepared};
use crate::wire::{Framing, RequestHead, ResponseHead, write};

/// Serves the request whose head has just been read.
pub(crate) async fn run(connection: &mut Connection) -> Next {
    let mut exchange = connection.watched.begin();
    exchange.received(&connection.head);
    match serve(connection, &mut exchange).await {
        Ok(next) => next,
        Err(refusal) => {
            refusal.note(&mut exchange);
            connection.refuse(&refusal).await
        }
    }
}

async fn serve(connection: &mut Connection, exchange: &mut Exchange) -> Result<Next, Refusal> {
    let persists = connection.head.keep_alive() && !*connection.stopping.borrow();
    let Connection {
        socket,
        client,
        input,
        engine: kept,
        head,
        answer,
        out,
        body: left,
        begun,
        ..
    } = connection;

    let call = Call::parse(head).map_err(Refusal::Target)?;
    exchange.parsed(&call);
    let _place = match &socket.clients {
        Clients::Host => None,
        Clients::Tenant(resident) => Some(resident.enter(&call)?),
    };
    let in_force = socket.policy.get();
    in_force.admit(&call).map_err(Refusal::denied)?;
    body::refuse_switch(&call)?;
    body::refuse_type(&call, head)?;
    if *left {
        exchange.waits();
    }
    let held = body::hold(socket, &call, head, client, input, left).await?;
    exchange.resumed();
    let document = document_of(&call, held.as_ref())?;
    let mut demands = demand::of(&call, document.as_ref()).map_err(Refusal::BodyMeaning)?;
    add_demands(&call, head, *left, &mut demands);
    let decide = |demands: &[Demand<'_>], exchange: &mut Exchange| {
        let decided = in_force.decide(&call, document.as_ref(), demands);
        decided.map_err(|denial| {
            exchange.demanded(demands);
            Refusal::denied(denial)
        })
    };
    let asked = (&call, document.as_ref());
    lookup::call_by_name(socket, &in_force, asked, &mut demands, exchange).await?;
    containers::call_joined_by_name(socket, &in_force, asked, &mut demands, exchange).await?;
    let container =
        containers::call_by_name(socket, &in_force, asked, &mut demands, exchange).await?;
    let decide = |demands: &[Demand<'_>], exchange: &mut Exchange| {
        let permit = decide(demands, exchange)?;
        Ok::<_, Refusal>(containers::pinned(permit, container.as_deref()))
    };
    let mut permit = decide(&demands, exchange)?;
    let mut passage = Passage::of(socket, permit, &demands, exchange).await?;
    let facts = passage.facts(&socket.engine, &demands, exchange).await?;
    if !facts.is_empty() {
        demands.extend(facts);
        permit = decide(&demands, exchange)?;
        // Gives back what the first one holds before the second one asks for it.
        drop(passage);
        passage = Passage::of(socket, permit, &demands, exchange).await?;
    }
    exchange.permitted(passage.permit(), &demands);

    let reader = match &passage {
        Passage::Host(_) => Reading::Host,
        Passage::Tenant(resident, prepared, _) => {
            Reading::Tenant(resident.tenant(), &prepared.view)
        }
        Passage::Answer(_, answer) => {
            let persists = persists && !*left;
            return own::answer(client, out, head, answer, persists, exchange).await;
        }
    };
    let standing = current::lasts(&call).then(|| demands.clone());
    let tolerated = OnceLock::new();
    let inspector = Inspector::of(socket, &in_force, &call, demands, &tolerated, reader);
    let sending = Sending {
        reader,
        socket,
        client,
        input,
        kept,
        head,
        answer,
        out,
        left,
        begun,
        persists,
    };
    let revoked = revoked(socket, &in_force, (&call, document.as_ref()), standing);
    let ended = tokio::select! {
        biased;
        next = sending.run(passage.permit(), inspector, exchange) => next,
        denial = revoked => {
            exchange.revoked(&denial);
            Ok(Next::Abandon)
        }
    };
    if let Some(denial) = tolerated.get() {
        exchange.tolerated(denial);
    }
    ended
}

/// Ends once a call that may last is not allowed any more; never for one whose demands are not kept.
async fn revoked(
    socket: &Socket,
    in_force: &InForce,
    (call, document): (&Call<'_>, Option<&Document<'_>>),
    demands: Option<Vec<Demand<'_>>>,
) -> Denial {
    match demands {
        Some(demands) => {
            let policy = &socket.policy;
            policy.revoked(in_force, call, document, &demands).await
        }
        None => pending().await,
    }
}

/// A permitted call, as it goes to the engine.
enum Passage<'c, 's> {
    /// As the client wrote it.
    Host(Permit<'c>),
    /// Made a tenant's own, with what it holds until its end.
    Tenant(&'s Resident, Box<Prepared<'c>>, Hold),
    /// Not at all: the gate answers.
    Answer(Permit<'c>, Answer),
}

impl<'c, 's> Passage<'c, 's> {
    async fn of(
        socket: &'s Socket,
        permit: Permit<'c>,
        demands: &[Demand<'_>],
        exchange: &mut Exchange,
    ) -> Result<Self, Refusal> {
        let Clients::Tenant(resident) = &socket.clients else {
            return Ok(Self::Host(permit));
        };
        let outcome = resident
            .prepare(&socket.engine, &permit, demands, exchange)
            .await?;
        Ok(match outcome {
            Outcome::Send(prepared, hold) => {
                identity::note_object(permit.call(), prepared.permit.call(), exchange);
                Self::Tenant(resident, prepared, hold)
            }
            Outcome::Answer(answer) => Self::Answer(permit, answer),
        })
    }

    fn permit(&self) -> &Permit<'c> {
        match self {
            Self::Host(permit) | Self::Answer(permit, _) => permit,
            Self::Tenant(_, prepared, _) => &prepared.permit,
        }
    }

    /// What the names that go to the engine demand, because of what they are there.
    async fn facts(
        &self,
        engine: &Engine,
        demands: &[Demand<'_>],
        exchange: &mut Exchange,
    ) -> Result<Vec<Demand<'static>>, Refusal> {
        let (call, document) = (self.permit().call(), self.permit().document());
        match self {
            Self::Host(_) => {
                let asked = (engine, &lookup::Known::new());
                lookup::demands(asked, call, document, demands, exchange).await
            }
            Self::Tenant(_, _, hold) => {
                let demands = demand::of(call, document).map_err(Refusal::BodyMeaning)?;
                let asked = (engine, hold.known());
                lookup::demands(asked, call, document, &demands, exchange).await
            }
            Self::Answer(..) => Ok(Vec::new()),
        }
    }
}

/// A permitted request, with what it takes to carry it out.
struct Sending<'s> {
    reader: Reading<'s>,
    socket: &'s Socket,
    client: &'s mut Stream,
    input: &'s mut Buffer,
    kept: &'s mut Option<EngineLink>,
    head: &'s RequestHead,
    answer: &'s mut ResponseHead,
    out: &'s mut Vec<u8>,
    /// Whether a body is still unread.
    left: &'s mut bool,
    /// Whether a part of it has been read.
    begun: &'s mut bool,
    persists: bool,
}

impl Sending<'_> {
    async fn run(
        self,
        permit: &Permit<'_>,
        mut inspector: Option<Inspector<'_>>,
        exchange: &mut Exchange,
    ) -> Result<Next, Refusal> {
        let Self {
            reader,
            socket,
            client,
            input,
            kept,
            head,
            answer,
            out,
            left,
            begun,
            persists,
        } = self;
        let call = permit.call();
        let uploads = *left;
        *begun = uploads;
        if uploads && head.expects_continue() {
            let (_, mut writer) = client.split();
            if writer.write_all(write::CONTINUE).await.is_err() {
                exchange.abandoned();
                return Ok(Next::Abandon);
            }
        }
        let edited = inspector.as_ref().is_some_and(Inspector::edits);
        let upload = uploads.then(|| {
            if edited {
                Framing::Chunked
            } else {
                head.framing()
            }
        });
        let mut conversation = Conversation::new(socket, call, head, reader, persists, uploads);
        let (answered, mut engine) = loop {
            let (mut engine, fresh) = EngineLink::take(kept, &socket.engine).await?;
            out.clear();
            request::write(socket, permit, head, upload, out).await?;
            exchange.sent(fresh, out);
            let ends = ((&mut *client, &mut *input), (&mut engine, fresh));
            let answered = conversation
                .run(ends, answer, out, inspector.take(), exchange)
                .await;
            if !(matches!(answered, Err(Failure::Stale)) && conversation.is_repeatable()) {
                break (answered, engine);
            }
        };
        *left = conversation.is_uploading();
        match answered {
            Ok(Answered::Whole {
                client_persists,
                engine_persists,
            }) => {
                exchange.finished();
                if engine_persists && !*left {
                    *kept = Some(engine);
                }
                // What a client sent behind a request for the connection itself, which the engine has not handed
                // over, is no request.
                let stray = body::could_switch(call) && !input.is_empty();
                let said_all = !head.keep_alive() && !*left && input.is_empty();
                Ok(match client_persists && !stray {
                    true => Next::KeepAlive,
                    false if said_all => Next::Abandon,
                    false => Next::Close,
                })
            }
            Ok(Answered::Switched) => {
                let EngineLink {
                    stream,
                    input: from_engine,
                } = &mut engine;
                tunnel::run(client, input, stream, from_engine, exchange.meters()).await;
                exchange.finished();
                Ok(Next::Close)
            }
            Err(failure) => fail(failure, exchange),
        }
    }
}

fn document_of<'h>(
    call: &Call<'_>,
    held: Option<&'h body::Held>,
) -> Result<Option<Document<'h>>, Refusal> {
    let Some(held) = held else {
        return Ok(None);
    };
    let mut document = Document::parse_body(&held.bytes).map_err(Refusal::Json)?;
    demand::canonicalise(call, &mut document);
    Ok(Some(document))
}

/// Adds what a call demands beyond its target and its document: by its header fields, and by a body that nothing can
/// be said of. `unread` tells whether there is one.
fn add_demands(call: &Call<'_>, head: &RequestHead, unread: bool, demands: &mut Vec<Demand<'_>>) {
    match call.operation() {
        None if unread => demands.push(demand::of_unread_body()),
        Some(operation) if !operation.headers.is_empty() => demands.extend(
            head.fields()
                .filter_map(|field| demand::of_header(field.name())),
        ),
        None | Some(_) => {}
    }
}

/// There is no whole answer: the client is told, where nothing has gone to it yet.
fn fail(failure: Failure, exchange: &mut Exchange) -> Result<Next, Refusal> {
    match failure {
        Failure::ClientGone => exchange.abandoned(),
        Failure::Cut(error) => exchange.cut(&error),
        Failure::Refuse(refusal) if exchange.has_answered() => refusal.note(exchange),
        Failure::Refuse(refusal) => return Err(refusal),
        Failure::Stale => return Err(Refusal::EngineClosed),
    }
    Ok(Next::Abandon)
}
