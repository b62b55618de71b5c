//! A request that is written to the engine and its answer, both ways at the same time.

use std::sync::atomic::{AtomicBool, Ordering};

use super::answer::{self, Answered, Failure, Question, Reading};
use super::buffer::Buffer;
use super::connection::EngineLink;
use super::edited::Edited;
use super::inspect::Inspector;
use super::presence;
use super::relay::{Relay, RelayError};
use super::respond::Refusal;
use super::server::Socket;
use super::stream::{Reader, Stream, Writer};
use crate::api::{Call, Method};
use crate::observe::Exchange;
use crate::wire::{RequestHead, ResponseHead};

/// One permitted request and its answer.
#[derive(Debug)]
pub(crate) struct Conversation<'c> {
    socket: &'c Socket,
    call: &'c Call<'c>,
    head: &'c RequestHead,
    reader: Reading<'c>,
    persists: bool,
    uploads: bool,
    uploaded: AtomicBool,
}

/// The client with what came from it, and the engine's connection with whether nothing has gone over it before.
pub(crate) type Ends<'e> = ((&'e mut Stream, &'e mut Buffer), (&'e mut EngineLink, bool));

/// A request's body on its way.
#[derive(Debug)]
enum Upload<'c, 'i> {
    /// As it came.
    Relayed(Relay<'c, 'i>),
    /// With other content in some of its files.
    Edited(Edited<'c, 'i>),
}

impl<'c> Conversation<'c> {
    /// `persists`: the client may send another request afterwards; `uploads`: the body is a stream that is still
    /// to come.
    pub(crate) fn new(
        socket: &'c Socket,
        call: &'c Call<'c>,
        head: &'c RequestHead,
        reader: Reading<'c>,
        persists: bool,
        uploads: bool,
    ) -> Self {
        Self {
            socket,
            call,
            head,
            reader,
            persists,
            uploads,
            uploaded: AtomicBool::new(!uploads),
        }
    }

    /// Whether nothing is lost or done twice when the request is sent again.
    pub(crate) fn is_repeatable(&self) -> bool {
        !self.uploads && matches!(self.head.method(), "GET" | "HEAD")
    }

    /// Whether a part of the body is still unread.
    pub(crate) fn is_uploading(&self) -> bool {
        !self.uploaded.load(Ordering::Relaxed)
    }

    /// Writes `out` to the engine, then the body as it comes, while the answer is passed on as it comes.
    pub(crate) async fn run(
        &mut self,
        ((client, input), (engine, fresh)): Ends<'_>,
        answer: &mut ResponseHead,
        out: &mut Vec<u8>,
        inspector: Option<Inspector<'c>>,
        exchange: &mut Exchange,
    ) -> Result<Answered, Failure> {
        let (mut from_client, mut to_client) = client.split();
        let (mut from_engine, mut to_engine) = engine.stream.split();
        // When the engine takes no more, its answer says why, or that there is none.
        drop(to_engine.write_all(out).await);
        let framing = self.head.framing();
        let upload = self.uploads.then(|| exchange.upload());
        // What it holds is held until the answer's end.
        let mut upload = upload.as_ref().map(|upload| match inspector {
            Some(inspector) if inspector.edits() => {
                Upload::Edited(Edited::new(framing, inspector, upload.meter()))
            }
            inspector => {
                let relay = Relay::new(framing, framing, upload.meter());
                Upload::Relayed(relay.inspected(inspector))
            }
        });
        let question = Question {
            call: self.call,
            head: self.head,
            persists: self.persists,
            uploaded: &self.uploaded,
            reader: self.reader,
        };
        let downstream = async {
            let head_only = self.head.method() == Method::Head.as_str();
            let source = &mut engine.input;
            answer::read_head(head_only, &mut from_engine, source, answer, fresh).await?;
            let source = (&mut from_engine, source);
            answer::pass(
                &question,
                &self.socket.engine,
                answer,
                source,
                (&mut to_client, out),
                exchange,
            )
            .await
        };
        let upstream = self.watch(upload.as_mut(), &mut from_client, input, &mut to_engine);
        tokio::select! {
            biased;
            answered = downstream => answered,
            failure = upstream => Err(failure),
        }
    }

    /// Passes the body on, where there is one, and then sees whether the client stays. Ends only when there is
    /// no use in an answer.
    async fn watch(
        &self,
        upload: Option<&mut Upload<'_, '_>>,
        from: &mut Reader<'_>,
        input: &mut Buffer,
        to: &mut Writer<'_>,
    ) -> Failure {
        if let Some(upload) = upload {
            let done = match upload {
                Upload::Relayed(relay) => relay.run(from, input, to, &mut Vec::new()).await,
                Upload::Edited(edited) => edited.run(from, input, to).await,
            };
            match done {
                Ok(()) => self.uploaded.store(true, Ordering::Relaxed),
                // The engine takes no more: its answer says why.
                Err(RelayError::Write(_)) => {}
                Err(RelayError::Inspected(refusal)) => return Failure::Refuse(*refusal),
                Err(RelayError::Malformed(bad)) => return Failure::Refuse(Refusal::Body(bad)),
                Err(RelayError::Truncated | RelayError::Read(_) | RelayError::Shielded(_)) => {
                    return Failure::Refuse(Refusal::BodyCut);
                }
            }
        }
        presence::until_gone(from, input, to, self.call.operation()).await;
        Failure::ClientGone
    }
}
