//! Tenants on one engine: what the gate keeps of each, and what it asks the engine on their behalf.

use std::collections::BTreeMap;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedMutexGuard, OwnedSemaphorePermit, Semaphore};

use super::engine::Engine;
use super::identity;
use super::respond::Refusal;
use crate::api::json::Document;
use crate::demand::dockerfile::Base;
use crate::demand::{Demand, Kind};
use crate::observe::Exchange;
use crate::policy::Permit;
use crate::tenant::{
    self, Answer, Counted, Fact, Facts, Lookup, Prepared, Rate, Stop, Target, Tenant,
};

/// How long the engine may take to answer a look-up.
const LOOKUP_TIME: Duration = Duration::from_secs(30);
/// The most look-ups for one call: what a document refers to, many times over.
const MAX_LOOKUPS: usize = 200;

/// Whose clients a socket serves.
#[derive(Debug)]
pub enum Clients {
    /// The host's own: they see the whole engine, as far as their policy allows.
    Host,
    /// A tenant's.
    Tenant(Resident),
}

/// The tenants of one engine.
#[derive(Debug, Default)]
pub struct Tenants {
    known: Mutex<BTreeMap<String, Arc<State>>>,
    making: Arc<Making>,
}

impl Tenants {
    /// The tenant at one of its sockets: all of them share the tenant's quota.
    pub fn resident(&self, tenant: Tenant) -> Resident {
        let mut known = lock(&self.known);
        let state = known
            .entry(tenant.name().to_owned())
            .or_insert_with(|| Arc::new(State::new(&tenant)));
        Resident {
            state: Arc::clone(state),
            making: Arc::clone(&self.making),
            tenant,
        }
    }
}

/// A tenant at one of its sockets.
#[derive(Debug)]
pub struct Resident {
    tenant: Tenant,
    state: Arc<State>,
    making: Arc<Making>,
}

/// What all sockets of a tenant share.
#[derive(Debug)]
struct State {
    /// Held from the look-up of what is used until the engine has made what was asked for.
    quota: Arc<tokio::sync::Mutex<()>>,
    rate: Option<Mutex<Rate>>,
    streams: Option<(Arc<Semaphore>, u64)>,
    began: Instant,
}

impl State {
    fn new(tenant: &Tenant) -> Self {
        let quota = tenant.quota();
        Self {
            quota: Arc::default(),
            rate: quota
                .requests
                .map(|per_second| Mutex::new(Rate::new(per_second))),
            streams: quota.streams.map(|limit| {
                let places = usize::try_from(limit).unwrap_or(Semaphore::MAX_PERMITS);
                let places = places.min(Semaphore::MAX_PERMITS);
                (Arc::new(Semaphore::new(places)), limit)
            }),
            began: Instant::now(),
        }
    }
}

/// The image names that running calls will give, with how many calls pull each; zero for one that is made.
#[derive(Debug, Default)]
struct Making(Mutex<BTreeMap<String, usize>>);

/// Names that are kept for one call until it ends.
#[derive(Debug)]
struct Lease {
    making: Arc<Making>,
    targets: Vec<Target>,
}

impl Lease {
    fn take(making: &Arc<Making>, targets: Vec<Target>) -> Result<Self, tenant::Refusal> {
        let mut lease = Self {
            making: Arc::clone(making),
            targets: Vec::new(),
        };
        let mut names = lock(&making.0);
        for target in targets {
            if lease.targets.contains(&target) {
                continue;
            }
            match names.get_mut(&target.name) {
                None => {
                    names.insert(target.name.clone(), usize::from(target.pulled));
                }
                Some(pulls) if target.pulled && *pulls > 0 => *pulls = pulls.saturating_add(1),
                Some(_) => {
                    drop(names);
                    return Err(tenant::Refusal::Busy(target.name));
                }
            }
            lease.targets.push(target);
        }
        drop(names);
        Ok(lease)
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let mut names = lock(&self.making.0);
        for target in &self.targets {
            match names.get_mut(&target.name) {
                Some(pulls) if *pulls > 1 => *pulls = pulls.saturating_sub(1),
                Some(_) | None => {
                    names.remove(&target.name);
                }
            }
        }
    }
}

/// What a call holds of its tenant's until it ends.
#[derive(Debug)]
pub(crate) struct Hold {
    _quota: Option<OwnedMutexGuard<()>>,
    _names: Lease,
}

/// What is to be done with a tenant's call.
pub(crate) enum Outcome<'c> {
    /// It is sent.
    Send(Box<Prepared<'c>>, Hold),
    /// The gate answers.
    Answer(Answer),
}

impl Resident {
    /// Who it is.
    pub(crate) const fn tenant(&self) -> &Tenant {
        &self.tenant
    }

    /// Counts a request in.
    ///
    /// # Errors
    /// When there are too many, in a second or at a time.
    pub(crate) fn enter(&self) -> Result<Option<OwnedSemaphorePermit>, Refusal> {
        if let Some(rate) = &self.state.rate {
            let now = u64::try_from(self.state.began.elapsed().as_nanos()).unwrap_or(u64::MAX);
            lock(rate).take(now).map_err(Refusal::Tenant)?;
        }
        let Some((places, limit)) = &self.state.streams else {
            return Ok(None);
        };
        Arc::clone(places)
            .try_acquire_owned()
            .map(Some)
            .map_err(|_| {
                Refusal::Tenant(tenant::Refusal::Quota {
                    counted: Counted::Streams,
                    used: *limit,
                    asked: 1,
                    limit: *limit,
                })
            })
    }

    /// Makes an allowed call the tenant's own, with what has to be asked of the engine for it.
    ///
    /// # Errors
    /// Why it is not sent.
    pub(crate) async fn prepare<'c>(
        &self,
        engine: &Engine,
        permit: &Permit<'c>,
        demands: &[Demand<'_>],
        exchange: &mut Exchange,
    ) -> Result<Outcome<'c>, Refusal> {
        if let Some(unknown) = demands
            .iter()
            .find(|demand| matches!(demand.kind, Kind::UnknownField | Kind::UnknownParameter))
        {
            return Err(Refusal::Tenant(tenant::Refusal::Way {
                what: format!("`{}`", unknown.place),
                why: "the gate does not know what it refers to",
            }));
        }
        let names = tenant::targets(&self.tenant, permit.call());
        let names = Lease::take(&self.making, names).map_err(Refusal::Tenant)?;
        let quota = if tenant::takes_quota(permit.call()) {
            Some(Arc::clone(&self.state.quota).lock_owned().await)
        } else {
            None
        };
        let hold = Hold {
            _quota: quota,
            _names: names,
        };
        let chance = RandomState::new().build_hasher().finish();
        let step = |facts: &Facts| tenant::prepare(&self.tenant, permit, facts, chance);
        let note = |lookup: &Lookup, fact: &Fact| {
            if fact.status != 200 || !exchange.is_recorded() {
                return;
            }
            if let Ok(found) = Document::parse(&fact.body) {
                let plain = |name: &str| self.tenant.plain_name(name).unwrap_or(name).to_owned();
                identity::note(&lookup.target, found.root(), plain, exchange);
            }
        };
        match self.ask(engine, step, note).await? {
            Asked::Done(prepared) => Ok(Outcome::Send(Box::new(prepared), hold)),
            Asked::Answer(answer) => Ok(Outcome::Answer(answer)),
        }
    }

    /// Refuses to build from images that are not for the tenant.
    ///
    /// # Errors
    /// Why not.
    pub(crate) async fn check_bases(&self, engine: &Engine, bases: &[Base]) -> Result<(), Refusal> {
        let step = |facts: &Facts| tenant::may_build_from(&self.tenant, bases, facts);
        self.ask(engine, step, |_, _| {}).await.map(|_| ())
    }

    /// Asks the engine what the core has to know, until it is content.
    async fn ask<T>(
        &self,
        engine: &Engine,
        step: impl Fn(&Facts) -> Result<T, Stop>,
        mut note: impl FnMut(&Lookup, &Fact),
    ) -> Result<Asked<T>, Refusal> {
        let mut facts = Facts::default();
        for _ in 0..MAX_LOOKUPS {
            match step(&facts) {
                Ok(done) => return Ok(Asked::Done(done)),
                Err(Stop::Refuse(refusal)) => return Err(Refusal::Tenant(refusal)),
                Err(Stop::Answer(answer)) => return Ok(Asked::Answer(answer)),
                Err(Stop::Lookup(lookup)) => {
                    let fact = fetch(engine, &lookup).await?;
                    note(&lookup, &fact);
                    facts.add(lookup, fact);
                }
            }
        }
        Err(Refusal::Tenant(tenant::Refusal::Way {
            what: format!("a call that refers to more than {MAX_LOOKUPS} objects"),
            why: "each has to be looked up",
        }))
    }
}

enum Asked<T> {
    Done(T),
    Answer(Answer),
}

async fn fetch(engine: &Engine, lookup: &Lookup) -> Result<Fact, Refusal> {
    let method = match lookup.method {
        tenant::Ask::Get => hyper::Method::GET,
        tenant::Ask::Make => hyper::Method::POST,
    };
    let document = hyper::body::Bytes::copy_from_slice(lookup.body.as_bytes());
    let (status, body) = engine
        .call(method, &lookup.target, document, LOOKUP_TIME)
        .await?;
    Ok(Fact {
        status: status.as_u16(),
        body: body.to_vec(),
    })
}

/// What a panic has left behind is still true: each change is one step.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(name: &str, pulled: bool) -> Target {
        Target {
            name: name.to_owned(),
            pulled,
        }
    }

    #[test]
    fn a_name_is_made_by_one_and_pulled_by_many() {
        let making = Arc::<Making>::default();
        let take = |name, pulled| Lease::take(&making, vec![target(name, pulled)]);
        let first = take("a", true).unwrap();
        let second = take("a", true).unwrap();
        assert!(take("a", false).is_err());
        drop(first);
        assert!(take("a", false).is_err());
        drop(second);
        let made = take("a", false).unwrap();
        assert!(take("a", true).is_err());
        assert!(take("a", false).is_err());
        assert!(take("b", false).is_ok());
        drop(made);
        assert!(take("a", false).is_ok());
        assert!(lock(&making.0).is_empty());
    }

    #[test]
    fn what_is_refused_keeps_no_name() {
        let making = Arc::<Making>::default();
        let _a = Lease::take(&making, vec![target("a", false)]).unwrap();
        assert!(Lease::take(&making, vec![target("b", false), target("a", false)]).is_err());
        assert!(Lease::take(&making, vec![target("b", false)]).is_ok());
    }
}
