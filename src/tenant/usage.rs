//! What a tenant uses, counted in the engine: no number is kept between two calls.

use std::collections::BTreeMap;

use super::facts::{InspectedContainer, Labels, ListedImage, Network, Volumes, label};
use super::name::is_task;
use super::replicas::Tasks;
use super::scene::Scene;
use super::swarm::Swarm;
use super::{CPUS_LABEL, Facts, MEMORY_LABEL, OWNER_LABEL, PIDS_LABEL, PORTS_LABEL, Stop, Tenant};
use crate::api::segment;
use crate::policy::Counted;

/// Amounts of what quotas count.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Usage(BTreeMap<Counted, u64>);

/// What uses nothing.
pub(super) static NOTHING: Usage = Usage(BTreeMap::new());

impl Usage {
    /// How much of `counted`.
    pub fn of(&self, counted: Counted) -> u64 {
        self.0.get(&counted).copied().unwrap_or_default()
    }

    /// Whether it is nothing at all.
    pub fn is_empty(&self) -> bool {
        self.0.values().all(|amount| *amount == 0)
    }

    /// Counts `amount` more.
    pub fn add(&mut self, counted: Counted, amount: u64) {
        let sum = self.0.entry(counted).or_default();
        *sum = sum.saturating_add(amount);
    }

    /// Counts all of `other` more.
    pub fn add_all(&mut self, other: &Self) {
        for (counted, amount) in &other.0 {
            self.add(*counted, *amount);
        }
    }

    /// Counts as much as `other` does, where that is more.
    pub(super) fn raise(&mut self, other: &Self) {
        for (counted, amount) in &other.0 {
            let most = self.0.entry(*counted).or_default();
            *most = amount.max(most).to_owned();
        }
    }

    /// Counts all of `other` less.
    pub fn remove_all(&mut self, other: &Self) {
        for (counted, amount) in &other.0 {
            let sum = self.0.entry(*counted).or_default();
            *sum = sum.saturating_sub(*amount);
        }
    }
}

impl<const N: usize> From<[(Counted, u64); N]> for Usage {
    fn from(amounts: [(Counted, u64); N]) -> Self {
        let mut usage = Self::default();
        for (counted, amount) in amounts {
            usage.add(counted, amount);
        }
        usage
    }
}

/// Where it stands how much of something is used.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Source {
    /// In the list of containers, on which the gate has stamped what each was given.
    Containers,
    /// In each running container.
    Execs,
    Volumes,
    Networks,
    Services,
    Secrets,
    Configs,
    Images,
    /// Nowhere in the engine: the gate counts it.
    Gate,
}

impl Source {
    const ALL: [Self; 8] = [
        Self::Containers,
        Self::Execs,
        Self::Volumes,
        Self::Networks,
        Self::Services,
        Self::Secrets,
        Self::Configs,
        Self::Images,
    ];

    const fn of(counted: Counted) -> Self {
        match counted {
            Counted::Containers
            | Counted::Running
            | Counted::Memory
            | Counted::Cpus
            | Counted::Pids
            | Counted::Ports => Self::Containers,
            Counted::Execs => Self::Execs,
            Counted::Volumes => Self::Volumes,
            Counted::Networks => Self::Networks,
            Counted::Services => Self::Services,
            Counted::Secrets => Self::Secrets,
            Counted::Configs => Self::Configs,
            Counted::Images | Counted::ImageBytes => Self::Images,
            Counted::Requests | Counted::Concurrent | Counted::Streams => Self::Gate,
        }
    }
}

/// What a tenant uses of that which its quota limits and the engine knows.
///
/// # Errors
/// [`Stop`]: what has to be known first.
pub fn measure(tenant: &Tenant, facts: &Facts) -> Result<Usage, Stop> {
    let limited: Vec<Counted> = tenant
        .quota()
        .limits()
        .map(|(counted, _)| counted)
        .collect();
    Scene::of(tenant, facts).used(&limited)
}

/// Whether a container in that state takes a place among the running ones.
pub(super) fn runs(state: &str) -> bool {
    matches!(state, "running" | "paused" | "restarting")
}

/// The amount that the gate has stamped on a container.
pub(super) fn stamp(labels: &Labels, name: &str) -> u64 {
    label(labels, name)
        .and_then(|value| value.parse().ok())
        .unwrap_or_default()
}

pub(super) fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

impl Scene<'_> {
    /// How much of these the tenant uses, and of what stands in the same place.
    pub(super) fn used(&self, wanted: &[Counted]) -> Result<Usage, Stop> {
        let mut usage = Usage::default();
        for source in Source::ALL {
            if wanted.iter().any(|counted| Source::of(*counted) == source) {
                self.count_in(source, &mut usage)?;
            }
        }
        Ok(usage)
    }

    fn count_in(&self, source: Source, usage: &mut Usage) -> Result<(), Stop> {
        let own = |labels: &Labels| self.tenant.owns(label(labels, OWNER_LABEL));
        match source {
            Source::Containers => {
                let mut tasks = Tasks::default();
                for (container, state) in self.listed()? {
                    if is_task(&container.name) {
                        tasks.add(&container.labels, &state);
                        continue;
                    }
                    usage.add(Counted::Containers, 1);
                    usage.add(Counted::Running, u64::from(runs(&state)));
                    for (counted, name) in [
                        (Counted::Memory, MEMORY_LABEL),
                        (Counted::Cpus, CPUS_LABEL),
                        (Counted::Pids, PIDS_LABEL),
                        (Counted::Ports, PORTS_LABEL),
                    ] {
                        usage.add(counted, stamp(&container.labels, name));
                    }
                }
                usage.add_all(&tasks.with(&self.swarm_all(Swarm::Service)?));
            }
            Source::Execs => {
                for (container, state) in self.listed()? {
                    if runs(&state) {
                        let target = format!("/containers/{}/json", segment(&container.id));
                        let found: Option<InspectedContainer> = self.facts.find(&target)?;
                        let execs = found.and_then(|found| found.execs).unwrap_or_default();
                        usage.add(Counted::Execs, count(execs.len()));
                    }
                }
            }
            Source::Volumes => {
                let list: Volumes = self
                    .facts
                    .have(&format!("/volumes?filters={}", self.owned()))?;
                let volumes = list.volumes.unwrap_or_default();
                let volumes = volumes.iter().filter(|volume| own(&volume.labels));
                usage.add(Counted::Volumes, count(volumes.count()));
            }
            Source::Networks => {
                let list: Vec<Network> = self
                    .facts
                    .have(&format!("/networks?filters={}", self.owned()))?;
                let networks = list.iter().filter(|network| own(&network.labels));
                usage.add(Counted::Networks, count(networks.count()));
            }
            Source::Services => self.count_swarm(Swarm::Service, Counted::Services, usage)?,
            Source::Secrets => self.count_swarm(Swarm::Secret, Counted::Secrets, usage)?,
            Source::Configs => self.count_swarm(Swarm::Config, Counted::Configs, usage)?,
            Source::Images => {
                let list: Vec<ListedImage> = self.facts.have("/images/json")?;
                for image in list.iter().filter(|image| own(&image.labels)) {
                    usage.add(Counted::Images, 1);
                    usage.add(Counted::ImageBytes, image.size);
                }
            }
            Source::Gate => {}
        }
        Ok(())
    }

    fn count_swarm(&self, kind: Swarm, counted: Counted, usage: &mut Usage) -> Result<(), Stop> {
        let objects = self.swarm_all(kind)?;
        usage.add(counted, count(objects.len()));
        Ok(())
    }
}
