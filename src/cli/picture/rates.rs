//! How often things happen.

use std::collections::BTreeMap;
use std::time::Instant;

use super::super::report::{Operation, Report, Socket};

/// How often things happen: from the reports that came so far.
#[derive(Debug, Default)]
pub(crate) struct Rates {
    last: Option<(Instant, BTreeMap<String, [u64; 4]>)>,
    /// By socket: calls, refused calls, calls that would be refused, and bytes in a second.
    pub(super) sockets: BTreeMap<String, [f64; 4]>,
}

impl Rates {
    /// Another report has come.
    pub(crate) fn add(&mut self, report: &Report) {
        let now = Instant::now();
        let sums: BTreeMap<_, _> = report
            .sockets
            .iter()
            .map(|socket| (socket.name.clone(), sums(socket)))
            .collect();
        if let Some((since, before)) = &self.last {
            let time = now.duration_since(*since).as_secs_f64().max(0.1);
            self.sockets = sums
                .iter()
                .filter_map(|(name, now)| {
                    let before = before.get(name)?;
                    let mut rates = [0.0; 4];
                    for ((rate, now), before) in rates.iter_mut().zip(now).zip(before) {
                        let more = u32::try_from(now.saturating_sub(*before));
                        *rate = f64::from(more.unwrap_or(u32::MAX)) / time;
                    }
                    Some((name.clone(), rates))
                })
                .collect();
        }
        self.last = Some((now, sums));
    }
}

/// Calls, refused calls, calls that would be refused, and bytes of a socket since the start.
pub(super) fn sums(socket: &Socket) -> [u64; 4] {
    [
        count(socket, Operation::total),
        count(socket, Operation::refused),
        count(socket, |it| it.would_deny),
        socket.received_bytes.saturating_add(socket.sent_bytes),
    ]
}

fn count(socket: &Socket, of: impl Fn(&Operation) -> u64) -> u64 {
    socket
        .operations
        .iter()
        .map(of)
        .fold(0, u64::saturating_add)
}
