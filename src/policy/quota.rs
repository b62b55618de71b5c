//! How much a tenant may use: the `quota:` of a socket.

use std::collections::BTreeMap;

use super::quantity;
use super::read::Reader;
use super::source::{Entry, Node};
use crate::demand::Unit;

/// What a quota counts.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Counted {
    /// Containers, running or not.
    Containers,
    /// Running containers.
    Running,
    /// The sum of the containers' limits of memory and swap, in bytes.
    Memory,
    /// The sum of the containers' processors, in billionths.
    Cpus,
    /// The sum of the containers' limits of processes.
    Pids,
    /// Host ports that the containers publish.
    Ports,
    /// Commands in containers that are prepared or run.
    Execs,
    /// Volumes.
    Volumes,
    /// Networks, the tenant's own default one included.
    Networks,
    /// Services.
    Services,
    /// Secrets.
    Secrets,
    /// Configs.
    Configs,
    /// Images that the tenant has made.
    Images,
    /// The sum of their sizes in bytes: layers that they share count for each.
    ImageBytes,
    /// Requests a second.
    Requests,
    /// Requests at the same time.
    Concurrent,
    /// Of those, the ones whose answer may have no end.
    Streams,
}

impl Counted {
    /// All of them.
    pub const ALL: [Self; 17] = [
        Self::Containers,
        Self::Running,
        Self::Memory,
        Self::Cpus,
        Self::Pids,
        Self::Ports,
        Self::Execs,
        Self::Volumes,
        Self::Networks,
        Self::Services,
        Self::Secrets,
        Self::Configs,
        Self::Images,
        Self::ImageBytes,
        Self::Requests,
        Self::Concurrent,
        Self::Streams,
    ];

    /// The key in a configuration, and the name in messages and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Containers => "containers",
            Self::Running => "running",
            Self::Memory => "memory",
            Self::Cpus => "cpus",
            Self::Pids => "pids",
            Self::Ports => "ports",
            Self::Execs => "execs",
            Self::Volumes => "volumes",
            Self::Networks => "networks",
            Self::Services => "services",
            Self::Secrets => "secrets",
            Self::Configs => "configs",
            Self::Images => "images",
            Self::ImageBytes => "image-bytes",
            Self::Requests => "requests",
            Self::Concurrent => "concurrent",
            Self::Streams => "streams",
        }
    }

    /// What an amount of it is an amount of.
    pub const fn unit(self) -> Unit {
        match self {
            Self::Memory | Self::ImageBytes => Unit::Bytes,
            Self::Cpus => Unit::NanoCpus,
            Self::Containers
            | Self::Running
            | Self::Pids
            | Self::Ports
            | Self::Execs
            | Self::Volumes
            | Self::Networks
            | Self::Services
            | Self::Secrets
            | Self::Configs
            | Self::Images
            | Self::Requests
            | Self::Concurrent
            | Self::Streams => Unit::Count,
        }
    }

    /// An amount of it, as a person would write it.
    pub fn show(self, amount: u64) -> String {
        quantity::show(amount, self.unit())
    }
}

/// How much a tenant may use at a time. What is not mentioned has no limit.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Quota {
    limits: BTreeMap<Counted, u64>,
    /// The host ports that may be published.
    pub port_range: Option<PortRange>,
    /// What a container gets that asks for no limit.
    pub default: Shares,
}

impl Quota {
    /// How much of `counted` there may be; `None` for any amount.
    pub fn limit(&self, counted: Counted) -> Option<u64> {
        self.limits.get(&counted).copied()
    }

    /// All limits.
    pub fn limits(&self) -> impl Iterator<Item = (Counted, u64)> {
        self.limits
            .iter()
            .map(|(counted, limit)| (*counted, *limit))
    }

    /// The same, with a limit of `counted`.
    #[must_use]
    pub fn with(mut self, counted: Counted, limit: u64) -> Self {
        self.limits.insert(counted, limit);
        self
    }
}

/// Host ports from the first to the last.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct PortRange {
    first: u16,
    last: u16,
}

impl PortRange {
    /// Reads `30000-30999`, or one port.
    pub fn parse(text: &str) -> Option<Self> {
        let port = |text: &str| text.parse().ok().filter(|port| *port > 0_u16);
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        let (first, last) = (port(first)?, port(last)?);
        (first <= last).then_some(Self { first, last })
    }

    /// Whether all ports of `other` are in it.
    pub const fn holds(self, other: Self) -> bool {
        self.first <= other.first && other.last <= self.last
    }
}

impl std::fmt::Display for PortRange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}", self.first, self.last)
    }
}

/// What a container takes of the sums.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Shares {
    /// Bytes of memory.
    pub memory: Option<u64>,
    /// Billionths of a processor.
    pub cpus: Option<u64>,
    /// Processes.
    pub pids: Option<u64>,
}

/// Reads a quota.
pub(super) fn read(reader: &mut Reader<'_, '_>, entry: &Entry) -> Quota {
    let mut quota = Quota::default();
    for part in reader.map(&entry.value, "quota").unwrap_or_default() {
        let limit = match part.key.as_str() {
            "port-range" => {
                quota.port_range = ports(reader, &part.value);
                continue;
            }
            "default" => {
                quota.default = shares(reader, part);
                continue;
            }
            key => match Counted::ALL.into_iter().find(|it| it.as_str() == key) {
                Some(Counted::Requests) => (Counted::Requests, rate(reader, &part.value)),
                Some(counted) => (counted, amount(reader, part, counted.unit())),
                None => {
                    unknown(reader, part);
                    continue;
                }
            },
        };
        if let (counted, Some(limit)) = limit {
            quota = quota.with(counted, limit);
        }
    }
    quota
}

fn unknown(reader: &mut Reader<'_, '_>, part: &Entry) {
    let names = || Counted::ALL.into_iter().map(Counted::as_str);
    let listed: Vec<String> = names().map(|name| format!("`{name}`")).collect();
    reader.unknown(
        part.span,
        "quota",
        &part.key,
        names().chain(["default", "port-range"]),
        &format!(
            "the quotas are {} and `port-range`; `default` holds what a container without a limit gets",
            listed.join(", ")
        ),
    );
}

fn shares(reader: &mut Reader<'_, '_>, entry: &Entry) -> Shares {
    let mut shares = Shares::default();
    for part in reader.map(&entry.value, "default").unwrap_or_default() {
        let (place, unit) = match part.key.as_str() {
            "memory" => (&mut shares.memory, Unit::Bytes),
            "cpus" => (&mut shares.cpus, Unit::NanoCpus),
            "pids" => (&mut shares.pids, Unit::Count),
            key => {
                reader.unknown(
                    part.span,
                    "default",
                    key,
                    ["cpus", "memory", "pids"],
                    "a container without a limit gets a default of `memory`, `cpus` and `pids`",
                );
                continue;
            }
        };
        *place = amount(reader, part, unit);
    }
    shares
}

fn amount(reader: &mut Reader<'_, '_>, part: &Entry, unit: Unit) -> Option<u64> {
    let text = reader.text(&part.value, &part.key)?;
    match quantity::amount(text, unit) {
        Ok(amount) => Some(amount),
        Err(problem) => {
            reader.error(part.value.span, format!("`{}`: {problem}", part.key));
            None
        }
    }
}

fn rate(reader: &mut Reader<'_, '_>, node: &Node) -> Option<u64> {
    let text = reader.text(node, "requests")?;
    let rate = text
        .strip_suffix("/s")
        .and_then(|number| quantity::amount(number, Unit::Count).ok())
        .filter(|rate| *rate > 0);
    if rate.is_none() {
        reader.error(node.span, "`requests` is a rate such as `50/s`");
    }
    rate
}

fn ports(reader: &mut Reader<'_, '_>, node: &Node) -> Option<PortRange> {
    let range = PortRange::parse(reader.text(node, "port-range")?);
    if range.is_none() {
        reader.error(
            node.span,
            "`port-range` is a first and a last port, such as `30000-30999`",
        );
    }
    range
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_of_ports_hold_each_other() {
        let range = |text| PortRange::parse(text);
        let all = range("30000-30999").unwrap();
        assert_eq!(all.to_string(), "30000-30999");
        for (text, held) in [
            ("30000", true),
            ("30999-30999", true),
            ("30500-30600", true),
            ("29999-30001", false),
            ("30999-31000", false),
        ] {
            assert_eq!(all.holds(range(text).unwrap()), held, "{text}");
        }
        for text in ["", "0", "-1", "2-1", "1-2-3", "65536", "a"] {
            assert_eq!(range(text), None, "{text}");
        }
    }

    #[test]
    fn each_quota_has_a_key_of_its_own() {
        let mut names = Counted::ALL.map(Counted::as_str).to_vec();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Counted::ALL.len());
        assert_eq!(Counted::Memory.show(1 << 30), "1GiB");
        assert_eq!(Counted::Cpus.show(1_500_000_000), "1.5");
    }
}
