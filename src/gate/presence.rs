//! Whether the client is still there while its answer is on the way.

use std::time::Duration;

use super::buffer::Buffer;
use super::stream::{Reader, Writer};
use crate::api::{AnswerKind, Operation};

/// How often a client that has ended its direction is looked at, to see whether it is gone altogether: the kernel
/// reports only the first of the two as an event.
const LOOK_AGAIN: Duration = Duration::from_millis(500);
/// How much a client may send ahead of the answer before it has to wait.
const AHEAD_BYTES: usize = 64 * 1024;

/// Ends when the client is gone. What it sends meanwhile is kept in `input`.
///
/// A client that only ends its own direction still gets its answer. Where the answer may have no end, the engine is
/// told, as it would be without the gate: it takes that for the end of the request (Go `net/http`).
pub(crate) async fn until_gone(
    client: &mut Reader<'_>,
    input: &mut Buffer,
    engine: &mut Writer<'_>,
    operation: Option<&Operation>,
) {
    let answer = operation.map_or(AnswerKind::Stream, |operation| operation.answer);
    let (lasting, endless) = match answer {
        AnswerKind::Stream => (true, true),
        AnswerKind::H2c | AnswerKind::Hijack | AnswerKind::WebSocket | AnswerKind::Tar => {
            (true, false)
        }
        AnswerKind::Empty | AnswerKind::Json | AnswerKind::Text => (false, false),
    };
    loop {
        if input.len() >= AHEAD_BYTES {
            break;
        }
        let read = if lasting {
            client.fill_or_rest(input).await
        } else {
            client.fill(input).await
        };
        match read {
            Ok(count) if count > 0 => {}
            Ok(_) | Err(_) => {
                if endless && !client.is_gone() {
                    // That the engine has gone too will be seen where its answer is read.
                    drop(engine.shutdown());
                }
                break;
            }
        }
    }
    while !client.is_gone() {
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}
