//! Answers that the gate gives in the engine's place.

use super::connection::Next;
use super::respond::Refusal;
use super::stream::Stream;
use crate::observe::Exchange;
use crate::tenant::Answer;
use crate::wire::write::{Connection as Persistence, Head, Unwritable};
use crate::wire::{Framing, RequestHead};

/// Gives `answer`, with a status of 200.
pub(super) async fn answer(
    client: &mut Stream,
    out: &mut Vec<u8>,
    head: &RequestHead,
    answer: &Answer,
    persists: bool,
    exchange: &mut Exchange,
) -> Result<Next, Refusal> {
    out.clear();
    write(out, head, answer, persists).map_err(Refusal::Unwritable)?;
    exchange.answered(200);
    let (_, mut writer) = client.split();
    if writer.write_all(out).await.is_err() {
        exchange.abandoned();
        return Ok(Next::Abandon);
    }
    exchange.finished();
    Ok(if persists {
        Next::KeepAlive
    } else {
        Next::Close
    })
}

fn write(
    out: &mut Vec<u8>,
    head: &RequestHead,
    answer: &Answer,
    persists: bool,
) -> Result<(), Unwritable> {
    let mut written = Head::response(out, head.version(), 200, "OK")?;
    written.field("Content-Type", b"application/json")?;
    written.connection(if persists {
        Persistence::KeepAlive
    } else {
        Persistence::Close
    })?;
    let length = u64::try_from(answer.body.len()).unwrap_or(u64::MAX);
    written.finish(Framing::Length(length))?;
    out.extend_from_slice(answer.body.as_bytes());
    Ok(())
}
