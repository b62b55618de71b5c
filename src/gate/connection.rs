//! One client connection: request after request, until either side ends it.

use std::io;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::buffer::Buffer;
use super::engine::{Engine, EngineError};
use super::guests::Guest;
use super::respond::{Refusal, write_refusal};
use super::server::Socket;
use super::stream::{Connected, Stream};
use super::{body, exchange, identity};
use crate::observe::Client;
use crate::wire::{Framing, Parsed, RequestHead, ResponseHead};

/// How long a connection that must end is read on, so that the answer reaches a client that is still sending.
const LINGER: Duration = Duration::from_secs(2);
/// How much of what such a client sends is thrown away before the connection is cut: many clients look for an answer only
/// once they have sent all.
const LINGER_BYTES: usize = 64 * 1024 * 1024;

/// The largest body of a refused request that is read over, so that the connection can go on.
const SMALL_BODY: usize = 64 * 1024;

/// A client connection, and the one engine connection that serves it.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) socket: Arc<Socket>,
    pub(crate) client: Stream,
    pub(crate) watched: Arc<Client>,
    pub(crate) input: Buffer,
    pub(crate) engine: Option<EngineLink>,
    pub(crate) head: RequestHead,
    pub(crate) answer: ResponseHead,
    pub(crate) out: Vec<u8>,
    /// Whether the current request has a body that is not read to its end.
    pub(crate) body: bool,
    /// Whether a part of that body has been passed on, and only the rest of it is still to come.
    pub(crate) begun: bool,
    pub(crate) stopping: watch::Receiver<bool>,
    /// Says that the tenant has somebody here.
    _guest: Option<Guest>,
}

/// The engine connection of a client connection.
#[derive(Debug)]
pub(crate) struct EngineLink {
    pub(crate) stream: Stream,
    pub(crate) input: Buffer,
}

/// What follows an exchange.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Next {
    /// The connection is dropped: there is nobody left to answer, or all is said on both sides.
    Abandon,
    /// The connection ends, politely.
    Close,
    /// The next request.
    KeepAlive,
}

impl Connection {
    pub(crate) fn new(
        socket: Arc<Socket>,
        client: Connected,
        stopping: watch::Receiver<bool>,
    ) -> io::Result<Self> {
        Ok(Self {
            watched: socket.observer.connected(client.peer()),
            _guest: socket.clients.enter(),
            socket,
            client: Stream::new(client)?,
            input: Buffer::default(),
            engine: None,
            head: RequestHead::default(),
            answer: ResponseHead::default(),
            out: Vec::new(),
            body: false,
            begun: false,
            stopping,
        })
    }

    /// Serves the connection to its end.
    pub(crate) async fn serve(mut self) {
        identity::name_client(&self.socket.engine, &self.watched).await;
        loop {
            let next = match self.next_head().await {
                Ok(true) => exchange::run(&mut self).await,
                Ok(false) => Next::Abandon,
                Err(refusal) => {
                    refusal.note(&mut self.watched.begin());
                    self.refuse(&refusal).await
                }
            };
            match next {
                Next::KeepAlive if !*self.stopping.borrow() => {}
                Next::KeepAlive | Next::Close => return self.linger().await,
                Next::Abandon => return,
            }
        }
    }

    /// Reads the next head. `false`: the client has no further request, or the gate is stopping.
    async fn next_head(&mut self) -> Result<bool, Refusal> {
        let limits = self.socket.head_limits;
        let mut begun = None;
        loop {
            if !self.input.is_empty() {
                match self
                    .head
                    .parse(self.input.filled(), &limits)
                    .map_err(Refusal::Head)?
                {
                    Parsed::Complete(length) => {
                        self.input.consume(length);
                        self.body = body::has_body(&self.head);
                        self.begun = false;
                        return Ok(true);
                    }
                    Parsed::Partial => {}
                }
            }
            let (mut reader, _) = self.client.split();
            let read = if self.input.is_empty() {
                // Between requests there is no limit: the engine has none either.
                tokio::select! {
                    biased;
                    read = reader.fill(&mut self.input) => read,
                    _ = self.stopping.wait_for(|stopping| *stopping) => return Ok(false),
                }
            } else {
                let time = self.socket.limits.head_timeout;
                let end = *begun.get_or_insert_with(|| deadline(time));
                tokio::time::timeout_at(end, reader.fill(&mut self.input))
                    .await
                    .map_err(|_| Refusal::HeadTooSlow {
                        seconds: time.as_secs(),
                    })?
            };
            if !read.is_ok_and(|count| count > 0) {
                return Ok(false);
            }
        }
    }

    /// Answers with a refusal.
    pub(crate) async fn refuse(&mut self, refusal: &Refusal) -> Next {
        let (_, _, must_close) = refusal.terms();
        if self.body && !self.begun && !must_close {
            self.drop_small_body().await;
        }
        // A body that was announced and not read stands between this answer and the next request, and bytes
        // behind a request to switch protocols are no request.
        let ambiguous = self.body || (self.head.upgrade().is_some() && !self.input.is_empty());
        let close = must_close || ambiguous || !self.head.keep_alive() || *self.stopping.borrow();
        let head_only = self.head.method() == "HEAD";
        self.out.clear();
        write_refusal(
            refusal,
            &self.socket.clients,
            self.head.version(),
            head_only,
            close,
            &mut self.out,
        );
        let (_, mut writer) = self.client.split();
        match writer.write_all(&self.out).await {
            Ok(()) if close => Next::Close,
            Ok(()) => Next::KeepAlive,
            Err(_) => Next::Abandon,
        }
    }

    /// Reads over a body that is not worth a new connection.
    async fn drop_small_body(&mut self) {
        let small = match self.head.framing() {
            Framing::Length(length) => usize::try_from(length).is_ok_and(|it| it <= SMALL_BODY),
            Framing::None | Framing::Chunked | Framing::UntilClose => false,
        };
        if !small || self.head.expects_continue() {
            return;
        }
        let (mut reader, _) = self.client.split();
        let reading = body::read_whole(
            self.head.framing(),
            &mut reader,
            &mut self.input,
            (SMALL_BODY, None),
        );
        if let Ok(Ok(_)) = tokio::time::timeout(LINGER, reading).await {
            self.body = false;
        }
    }

    /// Ends the connection so that the client gets all that was written to it: a socket that is closed with
    /// unread input would reset the connection, and the client might lose the answer.
    async fn linger(mut self) {
        self.engine = None;
        let (mut reader, mut writer) = self.client.split();
        if writer.shutdown().is_err() {
            return;
        }
        let input = &mut self.input;
        let drain = async {
            let mut thrown = 0_usize;
            while thrown < LINGER_BYTES {
                input.clear();
                match reader.fill_or_rest(input).await {
                    Ok(count) if count > 0 => thrown = thrown.saturating_add(count),
                    Ok(_) | Err(_) => return,
                }
            }
        };
        drop(tokio::time::timeout(LINGER, drain).await);
    }
}

/// The moment when `time` from now is over.
pub(crate) fn deadline(time: Duration) -> Instant {
    let now = Instant::now();
    now.checked_add(time).unwrap_or(now)
}

impl EngineLink {
    /// The kept connection, or a fresh one where there is none or the engine has ended it.
    pub(crate) async fn take(
        kept: &mut Option<Self>,
        engine: &Engine,
    ) -> Result<(Self, bool), EngineError> {
        if let Some(mut link) = kept.take()
            && link.is_quiet()
        {
            return Ok((link, false));
        }
        let stream = engine.connect().await?;
        Ok((
            Self {
                stream,
                input: Buffer::default(),
            },
            true,
        ))
    }

    /// Whether nothing came from the engine since its last answer: neither the end of the connection nor bytes that
    /// nobody asked for.
    fn is_quiet(&mut self) -> bool {
        let mut context = Context::from_waker(Waker::noop());
        let (mut reader, _) = self.stream.split();
        self.input.is_empty() && reader.poll_fill(&mut context, &mut self.input).is_pending()
    }
}
