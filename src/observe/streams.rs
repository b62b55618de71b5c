//! The exchanges that are running and may have no end.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use super::flow::Flow;
use super::line::Line;
use super::observer::Client;
use super::time;

/// One of them.
#[derive(Debug)]
pub(crate) struct Stream {
    pub(crate) operation: &'static str,
    pub(crate) object: String,
    pub(crate) client: Arc<Client>,
    pub(crate) since: SystemTime,
    pub(crate) flow: Arc<Flow>,
}

/// Those of a socket, by the numbers of their exchanges: the oldest first.
#[derive(Debug, Default)]
pub(crate) struct Streams(Mutex<BTreeMap<u64, Stream>>);

/// How many are listed.
const LISTED: usize = 200;

impl Streams {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<u64, Stream>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn begin(&self, number: u64, stream: Stream) {
        self.lock().insert(number, stream);
    }

    pub(crate) fn end(&self, number: u64) {
        self.lock().remove(&number);
    }

    /// Writes the oldest as elements of a JSON array.
    pub(crate) fn write(&self, socket: &str, line: &mut Line) {
        for stream in self.lock().values().take(LISTED) {
            line.element()
                .raw(b"{")
                .text("socket", socket)
                .text("operation", stream.operation);
            line.text("object", &stream.object).key("since");
            time::write(line, stream.since);
            stream.client.write_peer(line.key("peer"));
            let bytes = stream.flow.carried();
            line.number("received_bytes", bytes.up)
                .number("sent_bytes", bytes.down)
                .raw(b"}");
        }
    }
}
