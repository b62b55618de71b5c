//! What watches the whole process.

use std::io;
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::audit::{self, Queue};
use super::events::Events;
use super::metrics::Metrics;
use super::names::Names;
use super::observer::{Observer, SocketFacts};
use super::tenants::{TenantReading, Tenants};
use crate::policy::Audit;

/// What is watched and how.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Where audit records go, and of which calls.
    pub audit: Audit,
    /// Whether somebody may look through the admin listener.
    pub viewers: bool,
}

/// Why nothing can be watched.
#[derive(Debug, thiserror::Error)]
pub enum ObserveError {
    /// The audit's sink.
    #[error(
        "cannot write audit records to `{sink}`: {source}; does its folder exist, and may the gate's user write there?"
    )]
    Sink {
        /// Where they should go.
        sink: String,
        /// The operating system's answer.
        source: io::Error,
    },
    /// A mistake of the gate's own.
    #[error("cannot set up the metrics: {0}; please report this")]
    Metrics(#[from] prometheus::Error),
}

/// How the configuration was last read.
#[derive(Clone, Debug)]
pub(crate) struct Reload {
    pub(crate) at: SystemTime,
    /// What went wrong.
    pub(crate) error: Option<String>,
}

/// What watches the whole process: metrics, audit, events.
#[derive(Debug)]
pub struct Observatory {
    pub(crate) metrics: Metrics,
    pub(crate) audit: Option<Arc<Queue>>,
    pub(crate) options: Options,
    pub(crate) events: Events,
    pub(crate) names: Names,
    pub(crate) tenants: Tenants,
    pub(crate) started: SystemTime,
    /// Makes the ids of this process differ from those of the one before.
    pub(crate) epoch: u32,
    numbers: AtomicU64,
    observers: Mutex<Vec<Arc<Observer>>>,
    last_reload: Mutex<Option<Reload>>,
}

impl Observatory {
    /// Sets up what `options` ask for. The audit's writer is a thread of its own.
    ///
    /// # Errors
    /// [`ObserveError`]: nothing should be served that cannot be recorded as asked.
    pub fn new(options: Options) -> Result<Arc<Self>, ObserveError> {
        let metrics = Metrics::new()?;
        let audit = match &options.audit.to {
            None => None,
            Some(address) => {
                let failed = |source| ObserveError::Sink {
                    sink: address.to_string(),
                    source,
                };
                let sink = audit::Sink::open(address).map_err(failed)?;
                Some(audit::start(sink, metrics.audit_counters()).map_err(failed)?)
            }
        };
        let started = SystemTime::now();
        let seconds = started
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
            .as_secs();
        let seconds = u32::try_from(seconds & 0xffff_ffff).unwrap_or(0);
        Ok(Arc::new(Self {
            metrics,
            audit,
            options,
            events: Events::default(),
            names: Names::default(),
            tenants: Tenants::default(),
            started,
            epoch: seconds ^ process::id().rotate_left(16),
            numbers: AtomicU64::new(0),
            observers: Mutex::default(),
            last_reload: Mutex::default(),
        }))
    }

    /// The observer of a socket.
    pub fn observer(self: &Arc<Self>, facts: SocketFacts) -> Arc<Observer> {
        let observer = Arc::new(Observer::new(
            Arc::clone(self),
            facts,
            self.options.audit.calls,
        ));
        self.observers().push(Arc::clone(&observer));
        observer
    }

    /// The configuration was read again: `error` says why it is not in force.
    pub fn reloaded(&self, error: Option<String>) {
        let at = SystemTime::now();
        let outcome = if error.is_none() {
            "success"
        } else {
            "failure"
        };
        self.metrics.reloads.with_label_values(&[outcome]).inc();
        self.metrics
            .last_reload_good
            .set(i64::from(error.is_none()));
        if error.is_none() {
            self.metrics.loaded(at);
        }
        *self
            .last_reload
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some(Reload { at, error });
    }

    /// The metrics in Prometheus's text format.
    pub fn render(&self) -> String {
        self.metrics.render()
    }

    /// What tenants use, measured just now.
    pub(crate) fn measured(&self, readings: Vec<TenantReading>) {
        self.tenants.read(readings, &self.metrics);
    }

    /// An object of a tenant's was removed, since its time had come: `reason` says which.
    pub fn removed(&self, tenant: &str, kind: &str, reason: &str) {
        self.metrics
            .tenant_removals
            .with_label_values(&[tenant, kind, reason])
            .inc();
    }

    /// The audit's file has been moved away: a new one is to be begun.
    pub fn reopen_audit(&self) {
        if let Some(audit) = &self.audit {
            audit.reopen();
        }
    }

    /// Waits until the audit is written, but no longer than `time`.
    pub fn close(&self, time: Duration) {
        if let Some(audit) = &self.audit {
            audit.close(time);
        }
    }

    pub(crate) fn observers(&self) -> MutexGuard<'_, Vec<Arc<Observer>>> {
        self.observers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn last_reload(&self) -> Option<Reload> {
        self.last_reload
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The number of the next exchange.
    pub(crate) fn number(&self) -> u64 {
        self.numbers.fetch_add(1, Ordering::Relaxed)
    }

    /// Whether exchanges are written down at all.
    pub(crate) const fn records(&self) -> bool {
        self.audit.is_some() || self.options.viewers
    }
}

/// A digest of a text that tells versions of it apart: FNV-1a, 64 bits, in hexadecimal. It is no protection against
/// someone who wants two texts to have the same.
pub fn digest(text: &[u8]) -> String {
    let hash = text.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    format!("{hash:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_fnv_1a() {
        assert_eq!(digest(b""), "cbf29ce484222325");
        assert_eq!(digest(b"a"), "af63dc4c8601ec8c");
        assert_eq!(digest(b"foobar"), "85944171f73967e8");
    }
}
