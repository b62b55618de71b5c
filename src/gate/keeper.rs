//! What tenants leave behind is removed by itself, where their configuration says so.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hyper::Method;
use hyper::body::Bytes;

use super::ask::{Asked, ask};
use super::engine::Engine;
use super::tenancy::{State, Tenants};
use crate::observe::Observatory;
use crate::policy::OnIdle;
use crate::tenant::{self, Extent, Removal, Standing};

/// How often it is looked whether something has come to its end: a quarter of the shortest time, within these bounds.
const PAUSE: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(30));
/// How long the engine may take to remove one object.
const REMOVAL_TIME: Duration = Duration::from_secs(60);

/// Why something goes.
#[derive(Clone, Copy, Debug)]
enum Reason {
    Ttl,
    Idle,
}

impl Reason {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Ttl => "ttl",
            Self::Idle => "idle",
        }
    }
}

impl Tenants {
    /// Removes what comes to its end from here on, on the runtime that this is called on.
    pub fn keep(&self, engine: &Arc<Engine>, observatory: &Arc<Observatory>) {
        for state in self.all() {
            if !state.tenant.lifetime().is_endless() {
                let keeper = Keeper {
                    state,
                    engine: Arc::clone(engine),
                    observatory: Arc::clone(observatory),
                    swept: None,
                };
                drop(tokio::spawn(keeper.run()));
            }
        }
    }
}

/// What of a tenant's is in `extent`.
async fn removals(engine: &Engine, tenant: &str, extent: Extent) -> Result<Vec<Removal>, String> {
    match ask(engine, |facts| tenant::holdings(facts, Some(tenant))).await {
        Ok(Asked::Done(mut all)) => Ok(all
            .remove(tenant)
            .map_or_else(Vec::new, |held| held.removals(extent))),
        Ok(Asked::Answer(_)) => Ok(Vec::new()),
        Err(error) => Err(error.to_string()),
    }
}

/// Removes one object, once it is certain that it is still the tenant's: whether it was there.
///
/// # Errors
/// Why it is still there.
pub async fn remove(engine: &Engine, removal: &Removal) -> Result<bool, String> {
    match ask(engine, |facts| removal.standing(facts)).await {
        Ok(Asked::Done(Standing::Own)) => {}
        Ok(Asked::Done(Standing::Gone) | Asked::Answer(_)) => return Ok(false),
        Ok(Asked::Done(Standing::Foreign)) => {
            return Err("it is not the tenant's any more".to_owned());
        }
        Err(error) => return Err(error.to_string()),
    }
    let deleted = engine
        .call(Method::DELETE, removal.target(), Bytes::new(), REMOVAL_TIME)
        .await;
    match deleted {
        Ok((status, _)) if status.is_success() => Ok(true),
        Ok((status, _)) if status == 404 => Ok(false),
        Ok((status, body)) => Err(format!(
            "the engine answers {}: {}",
            status.as_u16(),
            String::from_utf8_lossy(&body).trim()
        )),
        Err(error) => Err(error.to_string()),
    }
}

/// Removes what one tenant leaves behind.
struct Keeper {
    state: Arc<State>,
    engine: Arc<Engine>,
    observatory: Arc<Observatory>,
    /// How many clients had come when everything was removed last.
    swept: Option<u64>,
}

impl Keeper {
    async fn run(mut self) {
        let lifetime = self.state.tenant.lifetime();
        let shortest = [lifetime.ttl, lifetime.on_idle.idle()]
            .into_iter()
            .flatten()
            .min()
            .unwrap_or(PAUSE.1);
        let pause = shortest.div_f32(4.0).clamp(PAUSE.0, PAUSE.1);
        loop {
            tokio::time::sleep(pause).await;
            if let Some(ttl) = lifetime.ttl {
                self.end_old(ttl).await;
            }
            let extent = match lifetime.on_idle {
                OnIdle::Keep => continue,
                OnIdle::Remove(idle) => (idle, Extent::Remains),
                OnIdle::RemoveAll(idle) => (idle, Extent::All),
            };
            self.end_idle(extent).await;
        }
    }

    async fn end_old(&self, ttl: Duration) {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        // The engine's list tells whole seconds: none is removed before its time.
        let moment = i64::try_from(now.saturating_sub(ttl).as_secs()).unwrap_or(i64::MAX);
        self.end(Extent::Older(moment), Reason::Ttl, || true).await;
    }

    async fn end_idle(&mut self, (idle, extent): (Duration, Extent)) {
        let guests = &self.state.guests;
        let came = guests.came();
        let is_idle = || guests.idle().is_some_and(|since| since >= idle) && guests.came() == came;
        if self.swept == Some(came) || !is_idle() {
            return;
        }
        if self.end(extent, Reason::Idle, is_idle).await {
            self.swept = Some(came);
        }
    }

    /// Removes as long as `may` says so. `true`: nothing is left.
    async fn end(&self, extent: Extent, reason: Reason, may: impl Fn() -> bool) -> bool {
        let tenant = self.state.tenant.name();
        let why = reason.as_str();
        let found = match removals(&self.engine, tenant, extent).await {
            Ok(found) => found,
            Err(error) => {
                tracing::warn!(tenant, why, error, "cannot look what is to be removed");
                return false;
            }
        };
        let mut clean = true;
        for removal in found {
            if !may() {
                tracing::info!(tenant, "a client has come: nothing more is removed");
                return false;
            }
            let (kind, name) = (removal.kind, removal.name.as_str());
            match remove(&self.engine, &removal).await {
                Ok(true) => {
                    tracing::info!(tenant, kind, name, why, "removed");
                    self.observatory.removed(tenant, kind, why);
                }
                Ok(false) => {}
                Err(error) => {
                    clean = false;
                    tracing::warn!(tenant, kind, name, why, error, "not removed yet");
                }
            }
        }
        clean
    }
}
