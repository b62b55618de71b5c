//! Tenants on one engine: what the gate keeps of each, and what it asks the engine on their behalf.

use std::collections::BTreeMap;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::sync::{OwnedMutexGuard, OwnedSemaphorePermit, Semaphore, watch};

use super::ask::{AskError, Asked, ask, ask_and_note};
use super::current;
use super::engine::Engine;
use super::guests::{Guest, Guests};
use super::identity;
use super::lease::{Lease, Making};
use super::lookup::Known;
use super::respond::Refusal;
use super::traces;
use crate::api::Call;
use crate::api::json::Document;
use crate::demand::dockerfile::Renamed;
use crate::demand::{Demand, Kind};
use crate::observe::Exchange;
use crate::policy::{Counted, Permit};
use crate::tenant::{
    self, Answer, Fact, Facts, Lookup, Prepared, Rate, Stop, Target, Tenant, Usage,
};

/// How long a call whose quota is used up by calls that are running waits for one of them to end: the client of that one
/// may be this one's, and has seen its end already.
const ENDING: Duration = Duration::from_millis(250);

/// Whose clients a socket serves.
#[derive(Debug)]
pub enum Clients {
    /// The host's own: they see the whole engine, as far as their policy allows.
    Host,
    /// A tenant's.
    Tenant(Resident),
}

impl Clients {
    /// A client has connected.
    pub(crate) fn enter(&self) -> Option<Guest> {
        match self {
            Self::Host => None,
            Self::Tenant(resident) => Some(resident.state.guests.enter()),
        }
    }
}

/// The tenants of one engine.
#[derive(Debug, Default)]
pub struct Tenants {
    known: Mutex<BTreeMap<String, Arc<State>>>,
    pub(super) making: Arc<Making>,
}

impl Tenants {
    /// The tenant at one of its sockets: all of them share the tenant's quota.
    pub fn resident(&self, tenant: Tenant) -> Resident {
        let mut known = lock(&self.known);
        let state = known
            .entry(tenant.name().to_owned())
            .or_insert_with(|| Arc::new(State::new(tenant.clone())));
        Resident {
            state: Arc::clone(state),
            making: Arc::clone(&self.making),
            tenant,
        }
    }

    /// All of them, in the order of their names.
    pub(super) fn all(&self) -> Vec<Arc<State>> {
        lock(&self.known).values().cloned().collect()
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
pub(super) struct State {
    pub(super) tenant: Tenant,
    pub(super) guests: Arc<Guests>,
    /// Held from the look-up of what is used until the engine has made what was asked for.
    quota: Arc<tokio::sync::Mutex<()>>,
    /// What running calls take, and the engine does not show.
    reserved: watch::Sender<Usage>,
    rate: Option<Mutex<Rate>>,
    concurrent: Option<Places>,
    streams: Option<Places>,
    began: Instant,
}

impl State {
    fn new(tenant: Tenant) -> Self {
        let quota = tenant.quota();
        let places = |counted| {
            quota
                .limit(counted)
                .map(|limit| Places::new(counted, limit))
        };
        Self {
            guests: Arc::default(),
            quota: Arc::default(),
            reserved: watch::Sender::default(),
            rate: quota
                .limit(Counted::Requests)
                .map(|per_second| Mutex::new(Rate::new(per_second))),
            concurrent: places(Counted::Concurrent),
            streams: places(Counted::Streams),
            began: Instant::now(),
            tenant,
        }
    }

    /// Nanoseconds since the tenant is known.
    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// What the tenant uses of its quota by what the gate knows alone.
    pub(super) fn used(&self) -> Usage {
        let mut usage = self.reserved.borrow().clone();
        if let Some(rate) = &self.rate {
            usage.add(Counted::Requests, lock(rate).used(self.now()));
        }
        for places in [&self.concurrent, &self.streams].into_iter().flatten() {
            usage.add(places.counted, places.used());
        }
        usage
    }
}

/// So many may be there at a time.
#[derive(Debug)]
struct Places {
    counted: Counted,
    limit: u64,
    free: Arc<Semaphore>,
}

impl Places {
    fn new(counted: Counted, limit: u64) -> Self {
        let places = usize::try_from(limit).unwrap_or(Semaphore::MAX_PERMITS);
        Self {
            counted,
            limit,
            free: Arc::new(Semaphore::new(places.min(Semaphore::MAX_PERMITS))),
        }
    }

    fn used(&self) -> u64 {
        let free = u64::try_from(self.free.available_permits()).unwrap_or(u64::MAX);
        self.limit.saturating_sub(free)
    }

    fn take(&self) -> Result<OwnedSemaphorePermit, Refusal> {
        Arc::clone(&self.free).try_acquire_owned().map_err(|_| {
            Refusal::Tenant(tenant::Refusal::Quota {
                counted: self.counted,
                used: self.limit,
                asked: 1,
                limit: self.limit,
            })
        })
    }
}

/// What a call holds of its tenant's until it ends.
#[derive(Debug)]
pub(crate) struct Hold {
    _quota: Option<OwnedMutexGuard<()>>,
    _reservation: Option<Reservation>,
    names: Option<Lease>,
    afterwards: Option<(Arc<Engine>, Vec<Lookup>)>,
    /// What was asked of the engine for it.
    known: Known,
}

impl Hold {
    /// What the engine has answered to questions about this call.
    pub(crate) const fn known(&self) -> &Known {
        &self.known
    }
}

impl Drop for Hold {
    /// What was made for the call alone is taken away, before anybody else can have its name.
    fn drop(&mut self) {
        let names = self.names.take();
        if let (Some((engine, lookups)), Ok(runtime)) =
            (self.afterwards.take(), Handle::try_current())
        {
            runtime.spawn(async move {
                traces::remove(&engine, &lookups).await.ok();
                drop(names);
            });
        }
    }
}

/// A part of the quota that a running call takes.
#[derive(Debug)]
struct Reservation {
    state: Arc<State>,
    takes: Usage,
}

impl Reservation {
    fn make(state: &Arc<State>, takes: Usage) -> Self {
        state
            .reserved
            .send_modify(|reserved| reserved.add_all(&takes));
        Self {
            state: Arc::clone(state),
            takes,
        }
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        let reserved = &self.state.reserved;
        reserved.send_modify(|reserved| reserved.remove_all(&self.takes));
    }
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

    /// Lets a request in, if the tenant may make one more: the places that it takes until it ends.
    ///
    /// # Errors
    /// Which quota is used up.
    pub(crate) fn enter(
        &self,
        call: &Call<'_>,
    ) -> Result<[Option<OwnedSemaphorePermit>; 2], Refusal> {
        if let Some(rate) = &self.state.rate {
            lock(rate).take(self.state.now()).map_err(Refusal::Tenant)?;
        }
        let place = self.state.concurrent.as_ref().map(Places::take);
        let streams = self.state.streams.as_ref();
        let stream = streams.filter(|_| current::lasts(call)).map(Places::take);
        Ok([place.transpose()?, stream.transpose()?])
    }

    /// Makes an allowed call the tenant's own, with what has to be asked of the engine for it.
    ///
    /// # Errors
    /// Why it is not sent.
    pub(crate) async fn prepare<'c>(
        &self,
        engine: &Arc<Engine>,
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
        let mut quota = if tenant::takes_quota(permit.call()) {
            Some(Arc::clone(&self.state.quota).lock_owned().await)
        } else {
            None
        };
        let mut known = Known::new();
        let prepared = match self.ask(engine, permit, &mut known, exchange).await? {
            Asked::Done(prepared) => prepared,
            Asked::Answer(answer) => return Ok(Outcome::Answer(answer)),
        };
        // What is reserved is seen without the lock, which others wait for.
        let reservation = (!prepared.takes.is_empty()).then(|| {
            let reservation = Reservation::make(&self.state, prepared.takes.clone());
            quota = None;
            reservation
        });
        let hold = Hold {
            _quota: quota,
            _reservation: reservation,
            names: Some(names),
            afterwards: (!prepared.afterwards.is_empty())
                .then(|| (Arc::clone(engine), prepared.afterwards.clone())),
            known,
        };
        Ok(Outcome::Send(Box::new(prepared), hold))
    }

    async fn ask<'c>(
        &self,
        engine: &Engine,
        permit: &Permit<'c>,
        known: &mut Known,
        exchange: &mut Exchange,
    ) -> Result<Asked<Prepared<'c>>, Refusal> {
        let chance = RandomState::new().build_hasher().finish();
        let mut changes = self.state.reserved.subscribe();
        let mut patient = true;
        loop {
            // Seen before the engine is asked: what ends in between is counted twice, and never not at all.
            let reserved = changes.borrow_and_update().clone();
            let step =
                |facts: &Facts| tenant::prepare(&self.tenant, permit, facts, chance, &reserved);
            known.clear();
            let note = |lookup: &Lookup, fact: &Fact| {
                if fact.status != 200 {
                    return;
                }
                if !lookup.target.contains('?') {
                    known.push((lookup.target.clone(), fact.body.clone()));
                }
                if !exchange.is_recorded() {
                    return;
                }
                if let Ok(found) = Document::parse(&fact.body) {
                    let plain =
                        |name: &str| self.tenant.plain_name(name).unwrap_or(name).to_owned();
                    identity::note(&lookup.target, found.root(), plain, exchange);
                }
            };
            let asked = ask_and_note(engine, step, note).await;
            let full = matches!(asked, Err(AskError::Refused(tenant::Refusal::Quota { .. })));
            if !full || !patient || reserved.is_empty() {
                return asked.map_err(Refusal::from);
            }
            patient = false;
            drop(tokio::time::timeout(ENDING, changes.changed()).await);
        }
    }

    /// A build's Dockerfile as the engine gets it: it takes something only from images that are for the tenant, and knows
    /// them as the engine does.
    ///
    /// # Errors
    /// Why there is none.
    pub(crate) async fn dockerfile(
        &self,
        engine: &Engine,
        call: &Call<'_>,
        file: &[u8],
    ) -> Result<Renamed, Refusal> {
        let bases = tenant::bases(call, file).map_err(Refusal::Tenant)?;
        let step = |facts: &Facts| -> Result<Renamed, Stop> {
            let names = tenant::may_build_from(&self.tenant, &bases, facts)?;
            tenant::renamed(call, file, &names).map_err(Stop::Refuse)
        };
        match ask(engine, step).await? {
            Asked::Done(renamed) => Ok(renamed),
            Asked::Answer(_) => Ok(Renamed {
                text: file.to_vec(),
                ..Renamed::default()
            }),
        }
    }
}

impl Resident {
    /// Keeps the names of images that are loaded.
    ///
    /// # Errors
    /// Which of them are not the tenant's to give.
    pub(super) async fn may_load_as(
        &self,
        engine: &Engine,
        targets: Vec<Target>,
    ) -> Result<Lease, Refusal> {
        let lease = Lease::take(&self.making, targets.clone()).map_err(Refusal::Tenant)?;
        let step = |facts: &Facts| -> Result<(), Stop> {
            tenant::may_load_as(&self.tenant, &targets, facts)
        };
        ask(engine, step).await?;
        Ok(lease)
    }
}

impl From<AskError> for Refusal {
    fn from(error: AskError) -> Self {
        match error {
            AskError::Engine(error) => error.into(),
            AskError::Refused(refusal) => Self::Tenant(refusal),
        }
    }
}

/// What a panic has left behind is still true: each change is one step.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
