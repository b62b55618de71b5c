//! Raw bytes both ways, after the engine has agreed to it.

use std::time::Duration;

use super::buffer::Buffer;
use super::stream::{Reader, Stream, Writer};
use crate::observe::Meter;

/// How often a peer that has ended its direction is looked at, to see whether it is gone altogether: the
/// kernel reports only the first of the two as an event.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// Carries bytes both ways until both peers have ended their direction or one of them is gone.
///
/// What already came in from either side goes first. The end of one direction is passed on as such, and
/// the other direction goes on.
pub(crate) async fn run(
    client: &mut Stream,
    client_input: &mut Buffer,
    engine: &mut Stream,
    engine_input: &mut Buffer,
    (mut sent_up, mut sent_down): (Meter<'_>, Meter<'_>),
) {
    let (mut up_ended, mut down_ended) = (false, false);
    loop {
        let ended = {
            let (mut from_client, mut to_client) = client.split();
            let (mut from_engine, mut to_engine) = engine.split();
            let upward = pump(&mut from_client, client_input, &mut to_engine, &mut sent_up);
            let downward = pump(
                &mut from_engine,
                engine_input,
                &mut to_client,
                &mut sent_down,
            );
            tokio::select! {
                end = upward, if !up_ended => {
                    up_ended = true;
                    Some((Direction::Up, end))
                }
                end = downward, if !down_ended => {
                    down_ended = true;
                    Some((Direction::Down, end))
                }
                () = tokio::time::sleep(LOOK_AGAIN), if up_ended || down_ended => None,
            }
        };
        match ended {
            // The client takes nothing any more, so there is nobody left to carry for. An engine that takes
            // nothing may still have output on its way.
            Some((Direction::Down, PumpEnd::SinkClosed)) => return,
            Some((Direction::Up | Direction::Down, PumpEnd::SourceEnded | PumpEnd::SinkClosed))
            | None => {}
        }
        let no_client = up_ended && (down_ended || client.is_gone());
        let no_engine = down_ended && engine.is_gone();
        if no_client || no_engine {
            return;
        }
    }
}

#[derive(Clone, Copy)]
enum Direction {
    Down,
    Up,
}

/// Why one direction is over.
#[derive(Clone, Copy)]
enum PumpEnd {
    SinkClosed,
    SourceEnded,
}

/// Carries one direction to its end, and passes the end on. It may be dropped at any await and begun anew: what
/// was read and not yet written is in `input`.
async fn pump(
    from: &mut Reader<'_>,
    input: &mut Buffer,
    to: &mut Writer<'_>,
    sent: &mut Meter<'_>,
) -> PumpEnd {
    loop {
        while !input.is_empty() {
            match to.write(input.filled()).await {
                Ok(written) if written > 0 => {
                    input.consume(written);
                    sent.add(written);
                }
                Ok(_) | Err(_) => return PumpEnd::SinkClosed,
            }
        }
        match from.fill_or_rest(input).await {
            Ok(read) if read > 0 => {}
            Ok(_) | Err(_) => {
                return match to.shutdown() {
                    Ok(()) => PumpEnd::SourceEnded,
                    Err(_) => PumpEnd::SinkClosed,
                };
            }
        }
    }
}
