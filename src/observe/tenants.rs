//! What the gate has measured of its tenants.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use super::line::Line;
use super::metrics::Metrics;
use super::time;

/// What a tenant uses and how long it stays, at one moment.
#[derive(Clone, Debug)]
pub struct TenantReading {
    /// The name.
    pub tenant: String,
    /// What it uses of each of its quotas, or why that is not known.
    pub quotas: Result<Vec<QuotaReading>, String>,
    /// When what it has is removed; `None` for never.
    pub life: Option<LifeReading>,
}

/// What a tenant uses of one quota, in the quota's own unit.
#[derive(Clone, Debug)]
pub struct QuotaReading {
    /// Which.
    pub quota: &'static str,
    /// How much is used.
    pub used: f64,
    /// How much there is.
    pub limit: f64,
}

/// When what a tenant has is removed by itself.
#[derive(Clone, Debug)]
pub struct LifeReading {
    /// How old a container may become.
    pub ttl: Option<Duration>,
    /// What is removed once no client has been connected for `idle`.
    pub on_idle: &'static str,
    /// For how long nobody must have been connected.
    pub idle: Option<Duration>,
    /// For how long nobody has been connected; `None` while somebody is.
    pub idle_since: Option<Duration>,
    /// How many clients are connected.
    pub connections: u64,
}

/// The last readings.
#[derive(Debug, Default)]
pub(crate) struct Tenants(Mutex<BTreeMap<String, Known>>);

/// What is known of a tenant: what it used when it was last measured, however long ago.
#[derive(Debug, Default)]
struct Known {
    quotas: Vec<QuotaReading>,
    at: Option<SystemTime>,
    failure: Option<String>,
    life: Option<LifeReading>,
}

impl Tenants {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Known>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes note of readings.
    pub(crate) fn read(&self, readings: Vec<TenantReading>, metrics: &Metrics) {
        let now = SystemTime::now();
        for reading in readings {
            let mut tenants = self.lock();
            let known = tenants.entry(reading.tenant.clone()).or_default();
            known.life = reading.life;
            match reading.quotas {
                Ok(quotas) => {
                    metrics.quotas(&reading.tenant, &quotas, now);
                    known.quotas = quotas;
                    known.at = Some(now);
                    known.failure = None;
                }
                Err(failure) => known.failure = Some(failure),
            }
        }
    }

    /// Writes a JSON array of each tenant's use of each quota, then one of what is removed when.
    pub(crate) fn write(&self, line: &mut Line) {
        let tenants = self.lock();
        line.key("tenants").raw(b"[");
        for (tenant, known) in tenants.iter() {
            for quota in &known.quotas {
                line.element()
                    .raw(b"{")
                    .text("tenant", tenant)
                    .text("quota", quota.quota);
                line.key("used").float(quota.used);
                line.key("limit").float(quota.limit);
                if let Some(at) = known.at {
                    time::write(line.key("at"), at);
                }
                if let Some(failure) = &known.failure {
                    line.text("stale", failure);
                }
                line.raw(b"}");
            }
        }
        line.raw(b"]").key("lifetimes").raw(b"[");
        for (tenant, known) in tenants.iter() {
            if let Some(life) = &known.life {
                life.write(tenant, line.element());
            }
        }
        line.raw(b"]");
    }
}

impl LifeReading {
    fn write(&self, tenant: &str, line: &mut Line) {
        line.raw(b"{").text("tenant", tenant);
        for (name, time) in [
            ("ttl_seconds", self.ttl),
            ("idle_seconds", self.idle),
            ("idle_since_seconds", self.idle_since),
        ] {
            if let Some(time) = time {
                line.key(name).float(time.as_secs_f64());
            }
        }
        line.text("on_idle", self.on_idle)
            .number("connections", self.connections)
            .raw(b"}");
    }
}
