//! Quotas: what a call takes, checked against what the engine says is used.

use super::facts::Labels;
use super::refusal::Refusal;
use super::scene::Scene;
use super::usage::{Usage, runs, stamp};
use super::{CPUS_LABEL, MEMORY_LABEL, PIDS_LABEL, PORTS_LABEL, Stop};
use crate::api::Call;
use crate::api::json::Value;
use crate::demand::normal;
use crate::policy::{Counted, Quota, Shares};

/// What a container without a limit gets where the quota has a sum, and neither names a default nor a number of
/// containers, of which each would get an equal part.
const MEMORY: u64 = 512 << 20;
const CPUS: u64 = 1_000_000_000;
const PIDS: u64 = 512;

/// What is used, and what more is asked for.
fn check(counted: Counted, limit: u64, used: u64, asked: u64) -> Result<(), Refusal> {
    if used.saturating_add(asked) > limit {
        return Err(Refusal::Quota {
            counted,
            used,
            asked,
            limit,
        });
    }
    Ok(())
}

impl Scene<'_> {
    /// Takes parts of the quota.
    pub(super) fn claim(&self, asked: &[(Counted, u64)]) -> Result<(), Stop> {
        let quota = self.tenant.quota();
        let limited = asked.iter().filter_map(|(counted, asked)| {
            let limit = quota.limit(*counted)?;
            (*asked > 0).then_some((*counted, *asked, limit))
        });
        let limited: Vec<(Counted, u64, u64)> = limited.collect();
        let wanted: Vec<Counted> = limited.iter().map(|(counted, _, _)| *counted).collect();
        let mut used = self.used(&wanted)?;
        used.add_all(self.reserved);
        for (counted, asked, limit) in limited {
            check(counted, limit, used.of(counted), asked)?;
        }
        Ok(())
    }

    /// Takes a new container's part of the quota: gives `host` the limits that it has to have, and answers the labels
    /// that say so. `ports` is how many host ports it publishes.
    pub(super) fn claim_container(
        &self,
        host: &mut Value<'_>,
        ports: u64,
    ) -> Result<[(&'static str, String); 4], Stop> {
        let shares = limit(host, self.tenant.quota())?;
        let amount = Option::unwrap_or_default;
        let asked = [
            (Counted::Memory, amount(shares.memory), MEMORY_LABEL),
            (Counted::Cpus, amount(shares.cpus), CPUS_LABEL),
            (Counted::Pids, amount(shares.pids), PIDS_LABEL),
            (Counted::Ports, ports, PORTS_LABEL),
        ];
        let mut claimed = vec![(Counted::Containers, 1)];
        claimed.extend(asked.iter().map(|(counted, amount, _)| (*counted, *amount)));
        self.claim(&claimed)?;
        Ok(asked.map(|(_, amount, label)| (label, amount.to_string())))
    }

    /// Takes a place among the running containers for one that may run already.
    pub(super) fn claim_start(&self, id: &str) -> Result<(), Stop> {
        if self.tenant.quota().limit(Counted::Running).is_none() {
            return Ok(());
        }
        let listed = self.listed()?;
        let already = listed
            .iter()
            .any(|(container, state)| container.id == id && runs(state));
        self.claim(&[(Counted::Running, u64::from(!already))])
    }

    /// Lets a container's limits only become lower than what it was made with.
    pub(super) fn claim_update(&self, labels: &Labels, update: &Value<'_>) -> Result<(), Stop> {
        let quota = self.tenant.quota();
        let asked = Asked::of(update);
        let sums = [
            (Counted::Memory, asked.memory, MEMORY_LABEL),
            (Counted::Memory, asked.swap, MEMORY_LABEL),
            (Counted::Cpus, asked.cpus, CPUS_LABEL),
            (Counted::Pids, asked.pids, PIDS_LABEL),
        ];
        for (counted, asked, name) in sums {
            let most = stamp(labels, name);
            let raised = match asked {
                Limit::Unset => false,
                Limit::None => true,
                Limit::Amount(amount) => amount > most,
            };
            if quota.limit(counted).is_some() && raised {
                return Err(Refusal::Raised {
                    counted,
                    limit: most,
                }
                .into());
            }
        }
        Ok(())
    }

    /// Takes what the steps of a build and the image that it makes take, for as long as it runs: the engine gives its
    /// containers no label that would tell whose they are. Writes their limits into the call.
    pub(super) fn claim_build(&self, call: &mut Call<'_>) -> Result<Usage, Stop> {
        let mut host = Value::Object(Vec::new());
        for (parameter, field) in BUILD_LIMITS {
            if let Some(number) = call.parameter(parameter).and_then(|text| text.parse().ok()) {
                host.set_field(field, Value::int(number));
            }
        }
        let quota = self.tenant.quota();
        let shares = limit(&mut host, quota)?;
        let number = |field| host.field(field).and_then(Value::as_i64);
        if quota.limit(Counted::Cpus).is_some() && number("CpuQuota").is_none() {
            // The builder knows no `NanoCpus`: these are hundredths of a millisecond in a tenth of a second.
            let cpus = shares.cpus.unwrap_or_default() / 10_000;
            call.set_parameter("cpuperiod", "100000".to_owned());
            call.set_parameter("cpuquota", cpus.max(1_000).to_string());
        }
        if quota.limit(Counted::Memory).is_some() {
            for (parameter, field) in [("memory", "Memory"), ("memswap", "MemorySwap")] {
                call.set_parameter(parameter, number(field).unwrap_or_default().to_string());
            }
        }
        let takes = Usage::from([
            (Counted::Containers, 1),
            (Counted::Running, 1),
            (Counted::Memory, shares.memory.unwrap_or_default()),
            (Counted::Cpus, shares.cpus.unwrap_or_default()),
        ]);
        self.claim_reserved(takes)
    }

    /// Takes a place for an image that is made. How large it becomes is not known before: when the bytes are used up,
    /// none begins.
    pub(super) fn claim_image(&self) -> Result<Usage, Stop> {
        self.claim_reserved(Usage::default())
    }

    fn claim_reserved(&self, mut takes: Usage) -> Result<Usage, Stop> {
        takes.add(Counted::Images, 1);
        let mut asked: Vec<(Counted, u64)> = Counted::ALL
            .into_iter()
            .map(|counted| (counted, takes.of(counted)))
            .collect();
        asked.push((Counted::ImageBytes, 1));
        self.claim(&asked)?;
        Ok(takes)
    }
}

/// The parameters of a build that limit its steps, as the fields of a container that they become.
const BUILD_LIMITS: [(&str, &str); 4] = [
    ("memory", "Memory"),
    ("memswap", "MemorySwap"),
    ("cpuquota", "CpuQuota"),
    ("cpuperiod", "CpuPeriod"),
];

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
    /// Memory and swap together.
    swap: Limit,
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
            swap: amount(number("MemorySwap")),
            cpus,
            pids,
        }
    }
}

/// What a new container gets: what it asks for, or the default where the quota has a sum. Writes the default.
pub(super) fn limit(host: &mut Value<'_>, quota: &Quota) -> Result<Shares, Refusal> {
    let asked = Asked::of(host);
    let mut share = |counted, asked, (default, built_in): (Option<u64>, u64), field| {
        let (asked, sum) = match (asked, quota.limit(counted)) {
            (Limit::Amount(amount), _) => return Ok(Some(amount)),
            (Limit::Unset | Limit::None, None) => return Ok(None),
            // Clients send -1 for "none", as they send nothing.
            (Limit::Unset | Limit::None, Some(sum)) => {
                let count = quota.limit(Counted::Containers);
                let equal = count.and_then(|count| sum.checked_div(count));
                (default.or(equal).unwrap_or(built_in).min(sum).max(1), sum)
            }
        };
        write(host, field, asked, (counted, sum)).map(|()| Some(asked))
    };
    let default = quota.default;
    let memory = (default.memory, MEMORY);
    let memory = share(Counted::Memory, asked.memory, memory, "Memory")?;
    let mut shares = Shares {
        memory,
        cpus: share(Counted::Cpus, asked.cpus, (default.cpus, CPUS), "NanoCpus")?,
        pids: share(Counted::Pids, asked.pids, (default.pids, PIDS), "PidsLimit")?,
    };
    if let (Some(memory), Some(sum)) = (memory, quota.limit(Counted::Memory)) {
        match asked.swap {
            Limit::Amount(both) => shares.memory = Some(both.max(memory)),
            // The engine would let it swap as much as it has of memory, or without an end.
            Limit::Unset | Limit::None => {
                write(host, "MemorySwap", memory, (Counted::Memory, sum))?;
            }
        }
    }
    Ok(shares)
}

/// Gives `host` a limit. What the engine's numbers cannot hold is above every sum.
fn write(
    host: &mut Value<'_>,
    field: &'static str,
    amount: u64,
    (counted, limit): (Counted, u64),
) -> Result<(), Refusal> {
    let number = i64::try_from(amount).map_err(|_| Refusal::Quota {
        counted,
        used: 0,
        asked: amount,
        limit,
    })?;
    host.set_field(field, Value::int(number));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::json::Document;

    fn limited(host: &str, quota: &Quota) -> (Shares, String) {
        let mut document = Document::parse(host.as_bytes()).unwrap();
        let shares = limit(document.root_mut(), quota).unwrap();
        let mut out = Vec::new();
        document.write(&mut out);
        (shares, String::from_utf8(out).unwrap())
    }

    #[test]
    fn a_container_without_a_limit_gets_the_default() {
        let quota = Quota::default()
            .with(Counted::Memory, 4 << 30)
            .with(Counted::Cpus, 2_000_000_000)
            .with(Counted::Pids, 100);
        let (shares, host) = limited("{}", &quota);
        assert_eq!(
            host,
            r#"{"Memory":536870912,"NanoCpus":1000000000,"PidsLimit":100,"MemorySwap":536870912}"#
        );
        assert_eq!(shares.memory, Some(536_870_912));
        let (shares, host) = limited(
            r#"{"Memory":1048576,"CpuQuota":50000,"PidsLimit":-1}"#,
            &quota,
        );
        assert_eq!(shares.cpus, Some(500_000_000));
        assert_eq!(
            host,
            r#"{"Memory":1048576,"CpuQuota":50000,"PidsLimit":100,"MemorySwap":1048576}"#
        );
        let (shares, host) = limited("{}", &Quota::default());
        assert_eq!(shares, Shares::default());
        assert_eq!(host, "{}");
    }

    #[test]
    fn swap_counts_as_memory() {
        let quota = Quota::default().with(Counted::Memory, 4 << 30);
        for (host, written, taken) in [
            (
                r#"{"Memory":5,"MemorySwap":-1}"#,
                r#"{"Memory":5,"MemorySwap":5}"#,
                5,
            ),
            (
                r#"{"Memory":5,"MemorySwap":0}"#,
                r#"{"Memory":5,"MemorySwap":5}"#,
                5,
            ),
            (
                r#"{"Memory":5,"MemorySwap":9}"#,
                r#"{"Memory":5,"MemorySwap":9}"#,
                9,
            ),
            (
                r#"{"Memory":9,"MemorySwap":5}"#,
                r#"{"Memory":9,"MemorySwap":5}"#,
                9,
            ),
        ] {
            let (shares, document) = limited(host, &quota);
            assert_eq!((document.as_str(), shares.memory), (written, Some(taken)));
        }
        let free = r#"{"Memory":5,"MemorySwap":-1}"#;
        assert_eq!(limited(free, &Quota::default()).1, free);
    }

    #[test]
    fn a_quota_is_used_up_to_its_end() {
        assert!(check(Counted::Containers, 10, 9, 1).is_ok());
        let refused = check(Counted::Memory, 10, 8, 3).unwrap_err();
        assert_eq!(refused.terms(), (429, "quota"));
        assert_eq!(
            refused.to_string(),
            "doodgate: quota `memory` exceeded: 8B of 10B used, and 3B more asked for"
        );
    }
}
