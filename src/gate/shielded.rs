//! An answer's body on its way to a tenant, through a shield.

use super::answer::Failure;
use super::ask::fetch;
use super::buffer::Buffer;
use super::engine::Engine;
use super::relay::RelayError;
use super::respond::Refusal;
use super::stream::{Reader, Writer};
use crate::observe::Exchange;
use crate::tenant::{Shield, Unshieldable};
use crate::wire::{BodyDecoder, Framing, write};

/// How much is held back at most before it is written.
const GATHER: usize = 32 * 1024;

/// A body that is shielded.
pub(super) struct Shielded<'a, 'e> {
    pub(super) shield: Shield,
    /// Whom the shield's questions go to.
    pub(super) engine: &'a Engine,
    pub(super) outgoing: Framing,
    /// The status, for the record: noted when the first byte goes out.
    pub(super) status: u16,
    pub(super) exchange: &'a mut Exchange,
    pub(super) to: &'a mut Writer<'e>,
    /// What is to be written next; at first, the head.
    pub(super) out: &'a mut Vec<u8>,
    pub(super) sent: bool,
}

impl Shielded<'_, '_> {
    /// Passes the body on to its end. `at_once`: the head goes out before anything is known of the body, which may not
    /// come for days.
    pub(super) async fn run(
        mut self,
        incoming: Framing,
        at_once: bool,
        from: &mut Reader<'_>,
        input: &mut Buffer,
    ) -> Result<(), Failure> {
        let mut decoder = BodyDecoder::new(incoming);
        let mut clean = Vec::new();
        if at_once {
            self.write().await?;
        }
        loop {
            let piece = match decoder.decode(input.filled()) {
                Ok(piece) => piece,
                Err(bad) => return Err(self.broken(bad.into())),
            };
            let data = input.filled().get(piece.data).unwrap_or_default();
            if !data.is_empty() {
                let pushed = self.shield.push(data, &mut clean);
                self.settle(pushed, &mut clean).await?;
            }
            input.consume(piece.consumed);
            if piece.end {
                return self.end(&mut clean).await;
            }
            if clean.len() >= GATHER || (piece.consumed == 0 && !clean.is_empty()) {
                self.frame(&mut clean);
                self.write().await?;
            }
            if piece.consumed == 0 {
                match from.fill_or_rest(input).await {
                    Ok(count) if count > 0 => {}
                    Ok(_) => {
                        if decoder.close().is_err() {
                            return Err(self.broken(RelayError::Truncated));
                        }
                        return self.end(&mut clean).await;
                    }
                    Err(error) => return Err(self.broken(RelayError::Read(error))),
                }
            }
        }
    }

    async fn end(&mut self, clean: &mut Vec<u8>) -> Result<(), Failure> {
        let finished = self.shield.finish(clean);
        self.settle(finished, clean).await?;
        self.frame(clean);
        if self.outgoing == Framing::Chunked {
            self.out.extend_from_slice(write::LAST_CHUNK);
        }
        self.write().await
    }

    /// Asks the engine what the shield wants to know, until it is content.
    async fn settle(
        &mut self,
        mut done: Result<(), Unshieldable>,
        clean: &mut Vec<u8>,
    ) -> Result<(), Failure> {
        loop {
            if let Err(error) = done {
                return Err(self.broken(RelayError::Shielded(error)));
            }
            let Some(question) = self.shield.question() else {
                return Ok(());
            };
            done = match fetch(self.engine, &question).await {
                Ok(fact) => self.shield.learn(question, fact, clean),
                Err(error) => Err(Unshieldable::Unreadable(error.to_string())),
            };
        }
    }

    fn frame(&mut self, clean: &mut Vec<u8>) {
        self.exchange.down().add(clean.len());
        match self.outgoing {
            Framing::Chunked if clean.is_empty() => {}
            Framing::Chunked => write::chunk(self.out, clean),
            Framing::Length(_) | Framing::None | Framing::UntilClose => {
                self.out.extend_from_slice(clean);
            }
        }
        clean.clear();
    }

    async fn write(&mut self) -> Result<(), Failure> {
        if !self.sent {
            self.exchange.answered(self.status);
            self.sent = true;
        }
        let written = self.to.write_all(self.out).await;
        self.out.clear();
        written.map_err(|_| Failure::ClientGone)
    }

    /// What cannot be shielded goes no further: the client is told, where it has got nothing yet.
    fn broken(&mut self, error: RelayError) -> Failure {
        if self.sent {
            Failure::Cut(error)
        } else {
            self.out.clear();
            Failure::Refuse(match error {
                RelayError::Shielded(Unshieldable::Refused(refusal)) => Refusal::Tenant(*refusal),
                RelayError::Shielded(error) => Refusal::Shield(error),
                RelayError::Inspected(_)
                | RelayError::Malformed(_)
                | RelayError::Truncated
                | RelayError::Read(_)
                | RelayError::Write(_) => Refusal::EngineBroken(error),
            })
        }
    }
}
