//! What each tenant uses of its quota, asked of the engine for whoever looks at the gate.

use std::time::Duration;

use tokio::time::Instant;

use super::ask::{Asked, ask};
use super::connection::deadline;
use super::engine::Engine;
use super::tenancy::{State, Tenants};
use crate::demand::Unit;
use crate::observe::{LifeReading, QuotaReading, TenantReading};
use crate::policy::Counted;
use crate::tenant::{self, Usage};

/// How long the engine may take for the look-ups of all tenants together: a scrape waits for them.
const MEASURE_TIME: Duration = Duration::from_secs(5);

impl Tenants {
    /// What each tenant uses, of what its quota limits, and how long it stays.
    pub async fn measure(&self, engine: &Engine) -> Vec<TenantReading> {
        let end = deadline(MEASURE_TIME);
        let mut readings = Vec::new();
        for state in self.all() {
            readings.push(reading(&state, engine, end).await);
        }
        readings
    }
}

async fn reading(state: &State, engine: &Engine, end: Instant) -> TenantReading {
    let tenant = &state.tenant;
    let asked = ask(engine, |facts| tenant::measure(tenant, facts));
    let measured = match tokio::time::timeout_at(end, asked).await {
        Ok(Ok(Asked::Done(usage))) => Ok(usage),
        Ok(Ok(Asked::Answer(_))) => Ok(Usage::default()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("the engine has not answered in time".to_owned()),
    };
    let quotas = measured.map(|mut used| {
        used.add_all(&state.used());
        let limits = tenant.quota().limits();
        limits
            .map(|(counted, limit)| QuotaReading {
                quota: counted.as_str(),
                used: plain(counted, used.of(counted)),
                limit: plain(counted, limit),
            })
            .collect()
    });
    let lifetime = tenant.lifetime();
    TenantReading {
        tenant: tenant.name().to_owned(),
        quotas,
        life: (!lifetime.is_endless()).then(|| LifeReading {
            ttl: lifetime.ttl,
            on_idle: lifetime.on_idle.as_str(),
            idle: lifetime.on_idle.idle(),
            idle_since: state.guests.idle(),
            connections: state.guests.here(),
        }),
    }
}

/// An amount in the unit that metrics tell it in: bytes, processors, or a number of things.
#[expect(
    clippy::as_conversions,
    clippy::cast_precision_loss,
    reason = "for people and graphs: the nearest number does"
)]
fn plain(counted: Counted, amount: u64) -> f64 {
    match counted.unit() {
        Unit::Bytes | Unit::Count => amount as f64,
        Unit::NanoCpus => amount as f64 / 1e9,
    }
}
