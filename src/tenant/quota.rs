//! Quotas: what a tenant uses is summed from one list of its containers, on which the gate has stamped what each was
//! given.

use super::facts::{Labels, Network, Volumes, label};
use super::refusal::Counted;
use super::scene::Scene;
use super::{CPUS_LABEL, MEMORY_LABEL, PIDS_LABEL, Refusal, Stop};
use crate::api::json::Value;
use crate::demand::normal;
use crate::policy::{Quota, Shares};

/// What a container without a limit gets where the quota has a sum, and neither names a default nor a number of
/// containers, of which each would get an equal part.
const MEMORY: u64 = 512 << 20;
const CPUS: u64 = 1_000_000_000;
const PIDS: u64 = 512;

/// What of the sums a tenant's containers have together.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Usage {
    /// Containers, running or not.
    pub containers: u64,
    /// Running ones, the paused and restarting ones included.
    pub running: u64,
    /// Bytes of memory.
    pub memory: u64,
    /// Billionths of a processor.
    pub cpus: u64,
    /// Processes.
    pub pids: u64,
}

/// What is used, and what more is asked for.
fn check(counted: Counted, limit: Option<u64>, used: u64, asked: u64) -> Result<(), Refusal> {
    match limit {
        Some(limit) if used.saturating_add(asked) > limit => Err(Refusal::Quota {
            counted,
            used,
            asked,
            limit,
        }),
        Some(_) | None => Ok(()),
    }
}

/// Whether a container in that state takes a place among the running ones.
fn runs(state: &str) -> bool {
    matches!(state, "running" | "paused" | "restarting")
}

fn stamp(labels: &Labels, name: &str) -> u64 {
    label(labels, name)
        .and_then(|value| value.parse().ok())
        .unwrap_or_default()
}

impl Scene<'_> {
    /// What the tenant's containers use.
    pub(super) fn usage(&self) -> Result<Usage, Stop> {
        let mut usage = Usage::default();
        for (container, state) in self.listed()? {
            let add = |sum: &mut u64, amount: u64| *sum = sum.saturating_add(amount);
            add(&mut usage.containers, 1);
            add(&mut usage.running, u64::from(runs(&state)));
            add(&mut usage.memory, stamp(&container.labels, MEMORY_LABEL));
            add(&mut usage.cpus, stamp(&container.labels, CPUS_LABEL));
            add(&mut usage.pids, stamp(&container.labels, PIDS_LABEL));
        }
        Ok(usage)
    }

    /// Takes a new container's part of the quota: gives `host` the limits that it has to have, and answers the labels
    /// that say so.
    pub(super) fn claim_container(
        &self,
        host: &mut Value<'_>,
    ) -> Result<[(&'static str, String); 3], Stop> {
        let quota = self.tenant.quota();
        let shares = limit(host, quota)?;
        let counts = [quota.containers, quota.memory, quota.cpus, quota.pids];
        if counts.iter().any(Option::is_some) {
            let used = self.usage()?;
            check(Counted::Containers, quota.containers, used.containers, 1)?;
            let sums = [
                (Counted::Memory, quota.memory, used.memory, shares.memory),
                (Counted::Cpus, quota.cpus, used.cpus, shares.cpus),
                (Counted::Pids, quota.pids, used.pids, shares.pids),
            ];
            for (counted, limit, used, asked) in sums {
                check(counted, limit, used, asked.unwrap_or_default())?;
            }
        }
        let text = |share: Option<u64>| share.unwrap_or_default().to_string();
        Ok([
            (MEMORY_LABEL, text(shares.memory)),
            (CPUS_LABEL, text(shares.cpus)),
            (PIDS_LABEL, text(shares.pids)),
        ])
    }

    /// Takes a place among the running containers for one that may run already.
    pub(super) fn claim_start(&self, id: &str) -> Result<(), Stop> {
        let Some(limit) = self.tenant.quota().running else {
            return Ok(());
        };
        let listed = self.listed()?;
        let running = listed.iter().filter(|(_, state)| runs(state));
        let already = running.clone().any(|(container, _)| container.id == id);
        let used = u64::try_from(running.count()).unwrap_or(u64::MAX);
        let asked = u64::from(!already);
        Ok(check(Counted::Running, Some(limit), used, asked)?)
    }

    /// Lets a container's limits only become lower than what it was made with.
    pub(super) fn claim_update(&self, labels: &Labels, update: &Value<'_>) -> Result<(), Stop> {
        let quota = self.tenant.quota();
        let asked = Asked::of(update);
        let sums = [
            (Counted::Memory, quota.memory, asked.memory, MEMORY_LABEL),
            (Counted::Cpus, quota.cpus, asked.cpus, CPUS_LABEL),
            (Counted::Pids, quota.pids, asked.pids, PIDS_LABEL),
        ];
        for (counted, limit, asked, name) in sums {
            let most = stamp(labels, name);
            let raised = match asked {
                Limit::Unset => false,
                Limit::None => true,
                Limit::Amount(amount) => amount > most,
            };
            if limit.is_some() && raised {
                return Err(Refusal::Raised {
                    counted,
                    limit: most,
                }
                .into());
            }
        }
        Ok(())
    }

    /// Takes places for new volumes.
    pub(super) fn claim_volumes(&self, asked: u64) -> Result<(), Stop> {
        let Some(limit) = self.tenant.quota().volumes.filter(|_| asked > 0) else {
            return Ok(());
        };
        let list: Volumes = self
            .facts
            .have(&format!("/volumes?filters={}", self.owned()))?;
        let used = count(list.volumes.unwrap_or_default().len());
        Ok(check(Counted::Volumes, Some(limit), used, asked)?)
    }

    /// Takes a place for a new network.
    pub(super) fn claim_network(&self) -> Result<(), Stop> {
        let Some(limit) = self.tenant.quota().networks else {
            return Ok(());
        };
        let list: Vec<Network> = self
            .facts
            .have(&format!("/networks?filters={}", self.owned()))?;
        Ok(check(Counted::Networks, Some(limit), count(list.len()), 1)?)
    }
}

pub(super) fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

/// A limit as a document asks for it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Limit {
    /// Not mentioned.
    Unset,
    /// To have none.
    None,
    /// This much.
    Amount(u64),
}

/// The limits in a document.
struct Asked {
    memory: Limit,
    cpus: Limit,
    pids: Limit,
}

impl Asked {
    fn of(document: &Value<'_>) -> Self {
        let number = |name| document.field(name).and_then(Value::as_i64);
        let amount = |number: Option<i64>| match number {
            None | Some(0) => Limit::Unset,
            Some(number) => u64::try_from(number).map_or(Limit::None, Limit::Amount),
        };
        let mut cpus = amount(number("NanoCpus"));
        if let Some(quota) = number("CpuQuota").filter(|quota| *quota != 0) {
            let period = number("CpuPeriod").filter(|period| *period > 0);
            cpus = normal::processors(quota, period.unwrap_or(100_000))
                .map_or(Limit::None, Limit::Amount);
        }
        // For processes, zero lifts the limit too (moby api/types/container/hostconfig.go).
        let pids = match number("PidsLimit") {
            None => Limit::Unset,
            Some(number) => u64::try_from(number)
                .ok()
                .filter(|number| *number > 0)
                .map_or(Limit::None, Limit::Amount),
        };
        Self {
            memory: amount(number("Memory")),
            cpus,
            pids,
        }
    }
}

/// What a new container gets: what it asks for, or the default where the quota has a sum. Writes the default.
fn limit(host: &mut Value<'_>, quota: &Quota) -> Result<Shares, Refusal> {
    let asked = Asked::of(host);
    let mut share = |counted,
                     sum: Option<u64>,
                     asked,
                     (default, built_in): (Option<u64>, u64),
                     field: &'static str| {
        match (asked, sum) {
            (Limit::Amount(amount), _) => Ok(Some(amount)),
            (Limit::Unset | Limit::None, None) => Ok(None),
            // Clients send -1 for "none", as they send nothing.
            (Limit::Unset | Limit::None, Some(sum)) => {
                let equal = quota.containers.and_then(|count| sum.checked_div(count));
                let amount = default.or(equal).unwrap_or(built_in).min(sum).max(1);
                let number = i64::try_from(amount).map_err(|_| Refusal::Quota {
                    counted,
                    used: 0,
                    asked: amount,
                    limit: sum,
                })?;
                host.set_field(field, Value::int(number));
                Ok(Some(amount))
            }
        }
    };
    let default = quota.default;
    Ok(Shares {
        memory: share(
            Counted::Memory,
            quota.memory,
            asked.memory,
            (default.memory, MEMORY),
            "Memory",
        )?,
        cpus: share(
            Counted::Cpus,
            quota.cpus,
            asked.cpus,
            (default.cpus, CPUS),
            "NanoCpus",
        )?,
        pids: share(
            Counted::Pids,
            quota.pids,
            asked.pids,
            (default.pids, PIDS),
            "PidsLimit",
        )?,
    })
}

/// Requests a second, as the generic cell rate algorithm counts them: a burst of one second's worth is let through,
/// and then one for each part of a second.
#[derive(Clone, Copy, Debug)]
pub struct Rate {
    per_second: u64,
    /// When the bucket is empty again, in nanoseconds of the caller's clock.
    free_at: u64,
}

impl Rate {
    const SECOND: u64 = 1_000_000_000;

    /// A rate of at least one request a second.
    pub fn new(per_second: u64) -> Self {
        Self {
            per_second: per_second.max(1),
            free_at: 0,
        }
    }

    /// Takes one request at the time `now`, in nanoseconds from any moment on.
    ///
    /// # Errors
    /// When there were too many.
    pub fn take(&mut self, now: u64) -> Result<(), Refusal> {
        let each = Self::SECOND
            .checked_div(self.per_second)
            .unwrap_or(1)
            .max(1);
        let free_at = self.free_at.max(now).saturating_add(each);
        if free_at > now.saturating_add(Self::SECOND) {
            return Err(Refusal::Quota {
                counted: Counted::Requests,
                used: self.per_second,
                asked: 1,
                limit: self.per_second,
            });
        }
        self.free_at = free_at;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::json::Document;

    #[test]
    fn a_burst_of_a_second_and_then_a_steady_rate() {
        let mut rate = Rate::new(10);
        let taken = |rate: &mut Rate, at: u64| (0..100).filter(|_| rate.take(at).is_ok()).count();
        assert_eq!(taken(&mut rate, 0), 10);
        assert_eq!(taken(&mut rate, 99_000_000), 0);
        assert_eq!(taken(&mut rate, 100_000_000), 1);
        assert_eq!(taken(&mut rate, 400_000_000), 3);
        assert_eq!(taken(&mut rate, 60_000_000_000), 10);
    }

    fn limited(host: &str, quota: &Quota) -> (Shares, String) {
        let mut document = Document::parse(host.as_bytes()).unwrap();
        let shares = limit(document.root_mut(), quota).unwrap();
        let mut out = Vec::new();
        document.write(&mut out);
        (shares, String::from_utf8(out).unwrap())
    }

    #[test]
    fn a_container_without_a_limit_gets_the_default() {
        let quota = Quota {
            memory: Some(4 << 30),
            cpus: Some(2_000_000_000),
            pids: Some(100),
            ..Quota::default()
        };
        let (shares, host) = limited("{}", &quota);
        assert_eq!(
            host,
            r#"{"Memory":536870912,"NanoCpus":1000000000,"PidsLimit":100}"#
        );
        assert_eq!(shares.memory, Some(536_870_912));
        let (shares, host) = limited(
            r#"{"Memory":1048576,"CpuQuota":50000,"PidsLimit":-1}"#,
            &quota,
        );
        assert_eq!(shares.cpus, Some(500_000_000));
        assert_eq!(
            host,
            r#"{"Memory":1048576,"CpuQuota":50000,"PidsLimit":100}"#
        );
        let (shares, host) = limited("{}", &Quota::default());
        assert_eq!(shares, Shares::default());
        assert_eq!(host, "{}");
    }

    #[test]
    fn a_quota_is_used_up_to_its_end() {
        assert!(check(Counted::Containers, Some(10), 9, 1).is_ok());
        assert!(check(Counted::Containers, None, 900, 1).is_ok());
        let refused = check(Counted::Memory, Some(10), 8, 3).unwrap_err();
        assert_eq!(refused.terms(), (429, "quota"));
        assert_eq!(
            refused.to_string(),
            "doodgate: quota `memory` exceeded: 8 bytes of 10 bytes used, and 3 bytes more asked for"
        );
    }
}
