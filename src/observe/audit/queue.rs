//! The bounded queue between the exchanges and the writer's thread.
//!
//! An exchange copies its record into a buffer and goes on. The writer takes the whole buffer at once, so the lock
//! is never held while anything is written, and a sink that blocks stops nobody: the buffer fills, and what does not fit
//! is dropped and counted.

use std::io;
use std::mem;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use prometheus::IntCounter;

use super::sink::Sink;

/// How much waits for the sink at most: some seconds of records at the highest rates.
const QUEUE_BYTES: usize = 4 << 20;
/// What a buffer may keep between batches.
const KEPT_BYTES: usize = 64 << 10;
/// How long the writer gathers before it takes what there is.
const GATHER: Duration = Duration::from_millis(5);
/// How long the writer rests when its sink fails, so that a full disk is not tried a thousand times a second.
const REST: Duration = Duration::from_millis(500);
/// How often a failing sink is complained about.
const COMPLAIN: Duration = Duration::from_secs(30);

/// The counters of a queue.
#[derive(Clone, Debug)]
pub(crate) struct Counters {
    pub(crate) records: IntCounter,
    pub(crate) dropped: IntCounter,
    pub(crate) errors: IntCounter,
}

/// Where exchanges leave their records.
#[derive(Debug)]
pub(crate) struct Queue {
    pending: Mutex<Pending>,
    changed: Condvar,
    counters: Counters,
}

#[derive(Debug, Default)]
struct Pending {
    bytes: Vec<u8>,
    /// Whether the file is to be opened anew.
    reopen: bool,
    /// Whether nothing comes any more.
    closing: bool,
    /// Whether the writer has written everything, and ended.
    closed: bool,
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Leaves a record: one line, without its end.
    pub(crate) fn push(&self, record: &[u8]) {
        let mut pending = self.lock();
        if pending.bytes.len().saturating_add(record.len()) >= QUEUE_BYTES {
            drop(pending);
            self.counters.dropped.inc();
            return;
        }
        let first = pending.bytes.is_empty();
        pending.bytes.extend_from_slice(record);
        pending.bytes.push(b'\n');
        drop(pending);
        self.counters.records.inc();
        if first {
            self.changed.notify_all();
        }
    }

    /// The sink's file is opened anew before the next record is written: it has been moved away.
    pub(crate) fn reopen(&self) {
        self.lock().reopen = true;
        self.changed.notify_all();
    }

    /// Waits until what is in the queue is written, but no longer than `time`.
    pub(crate) fn close(&self, time: Duration) {
        let end = Instant::now().checked_add(time);
        let mut pending = self.lock();
        pending.closing = true;
        self.changed.notify_all();
        while !pending.closed {
            let left = end.map_or(Duration::ZERO, |end| {
                end.saturating_duration_since(Instant::now())
            });
            if left.is_zero() {
                return;
            }
            pending = self
                .changed
                .wait_timeout(pending, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    /// The next batch, swapped with the empty `batch`. `false` at the end.
    fn take(&self, batch: &mut Vec<u8>, reopen: &mut bool) -> bool {
        let mut pending = self.lock();
        while pending.bytes.is_empty() && !pending.closing && !pending.reopen {
            pending = self
                .changed
                .wait(pending)
                .unwrap_or_else(PoisonError::into_inner);
        }
        if !pending.closing && !pending.reopen {
            drop(pending);
            thread::sleep(GATHER);
            pending = self.lock();
        }
        *reopen = mem::take(&mut pending.reopen);
        mem::swap(&mut pending.bytes, batch);
        !(batch.is_empty() && pending.closing)
    }

    fn finish(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }
}

/// Starts the writer's thread.
///
/// # Errors
/// When there is no thread to be had.
pub(crate) fn start(mut sink: Sink, counters: Counters) -> io::Result<Arc<Queue>> {
    let queue = Arc::new(Queue {
        pending: Mutex::default(),
        changed: Condvar::new(),
        counters,
    });
    let shared = Arc::clone(&queue);
    thread::Builder::new()
        .name("audit".to_owned())
        .spawn(move || {
            write(&shared, &mut sink);
            shared.finish();
        })?;
    Ok(queue)
}

fn write(queue: &Queue, sink: &mut Sink) {
    let mut batch = Vec::new();
    let mut reopen = false;
    let mut complained: Option<Instant> = None;
    while queue.take(&mut batch, &mut reopen) {
        if reopen && let Err(error) = sink.reopen() {
            queue.counters.errors.inc();
            tracing::warn!(sink = %sink.address(), %error, "the audit's file cannot be begun anew: the old one is written on");
        }
        if let Err(error) = sink.write(&batch) {
            queue.counters.errors.inc();
            let lost = batch.get(sink.progress()..).unwrap_or_default();
            let lost = lost.split(|byte| *byte == b'\n').count().saturating_sub(1);
            queue
                .counters
                .dropped
                .inc_by(u64::try_from(lost).unwrap_or(u64::MAX));
            if complained.is_none_or(|last| last.elapsed() > COMPLAIN) {
                complained = Some(Instant::now());
                tracing::warn!(sink = %sink.address(), %error, lost, "audit records are lost: the sink cannot be written to");
            }
            if !queue.lock().closing {
                thread::sleep(REST);
            }
        }
        batch.clear();
        if batch.capacity() > KEPT_BYTES {
            batch = Vec::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::policy::AuditSink;

    fn counters() -> Counters {
        let counter = |name| IntCounter::new(name, "a test's").unwrap();
        Counters {
            records: counter("records"),
            dropped: counter("dropped"),
            errors: counter("errors"),
        }
    }

    #[test]
    fn a_burst_is_written_whole_and_what_does_not_fit_is_counted() {
        let file = std::env::temp_dir().join(format!("doodgate-queue-{}", std::process::id()));
        let sink = Sink::open(&AuditSink::File(file.clone())).unwrap();
        let counters = counters();
        let queue = start(sink, counters.clone()).unwrap();
        let record = vec![b'x'; 500];
        for _ in 0..100_000 {
            queue.push(&record);
        }
        queue.close(Duration::from_secs(30));
        let (kept, dropped) = (counters.records.get(), counters.dropped.get());
        let text = fs::read_to_string(&file).unwrap();
        fs::remove_file(&file).unwrap();
        assert_eq!(kept + dropped, 100_000);
        assert_eq!(u64::try_from(text.lines().count()).unwrap(), kept);
        assert!(text.lines().all(|line| line.len() == record.len()));
    }

    #[test]
    fn a_file_keeps_up_with_fifty_thousand_a_second() {
        let file = std::env::temp_dir().join(format!("doodgate-pace-{}", std::process::id()));
        let sink = Sink::open(&AuditSink::File(file.clone())).unwrap();
        let counters = counters();
        let queue = start(sink, counters.clone()).unwrap();
        let record = vec![b'x'; 500];
        // More in all than the queue holds, and never faster than that.
        for _ in 0..60 {
            for _ in 0..250 {
                queue.push(&record);
            }
            thread::sleep(Duration::from_millis(5));
        }
        queue.close(Duration::from_secs(30));
        let written = fs::metadata(&file).unwrap().len();
        fs::remove_file(&file).unwrap();
        assert_eq!(
            (counters.records.get(), counters.dropped.get()),
            (15_000, 0)
        );
        assert_eq!(written, 15_000 * 501);
    }
}
