//! Bytes of bodies and tunnels, counted as they pass.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use prometheus::IntCounter;

use super::observer::Client;

/// How many bytes went each way, where more than the exchange itself has to know while they go.
#[derive(Debug, Default)]
pub(crate) struct Flow {
    pub(crate) up: AtomicU64,
    pub(crate) down: AtomicU64,
}

impl Flow {
    /// One that goes on from what was counted so far.
    pub(crate) const fn from(bytes: Carried) -> Self {
        Self {
            up: AtomicU64::new(bytes.up),
            down: AtomicU64::new(bytes.down),
        }
    }

    pub(crate) fn carried(&self) -> Carried {
        Carried {
            up: self.up.load(Ordering::Relaxed),
            down: self.down.load(Ordering::Relaxed),
        }
    }
}

/// How many bytes of bodies and tunnels went each way.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Carried {
    /// From the client to the engine.
    pub(crate) up: u64,
    /// From the engine to the client.
    pub(crate) down: u64,
}

/// Counts one direction: at once in the metrics, so that a stream that lasts for days shows while it does.
pub struct Meter<'m> {
    pub(crate) series: &'m IntCounter,
    pub(crate) total: Total<'m>,
}

/// Where an exchange's own count is.
pub(crate) enum Total<'m> {
    Own(&'m mut u64),
    Shared(&'m AtomicU64),
}

impl fmt::Debug for Meter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Meter").finish_non_exhaustive()
    }
}

impl Meter<'_> {
    /// So many bytes have passed.
    pub fn add(&mut self, count: usize) {
        if count == 0 {
            return;
        }
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        self.series.inc_by(count);
        match &mut self.total {
            Total::Own(total) => **total = total.saturating_add(count),
            Total::Shared(total) => {
                total.fetch_add(count, Ordering::Relaxed);
            }
        }
    }
}

/// Counts what a client uploads while the exchange is busy with the answer.
#[derive(Debug)]
pub struct Upload {
    pub(crate) client: Arc<Client>,
    pub(crate) flow: Arc<Flow>,
}

impl Upload {
    /// The meter of what is uploaded.
    pub fn meter(&self) -> Meter<'_> {
        Meter {
            series: &self.client.observer.series.received,
            total: Total::Shared(&self.flow.up),
        }
    }
}
