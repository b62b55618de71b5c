//! What a configuration says of the tenant that a socket belongs to.

use super::diagnostics::quote;
use super::matcher::Matcher;
use super::pattern::{self, Pattern};
use super::quantity;
use super::read::Reader;
use super::source::{Data, Entry, Node};
use crate::demand::{Shape, Unit};

/// The tenant of a socket: everything that its clients make is this tenant's, and they see nothing else.
#[derive(Debug)]
pub struct Tenancy {
    /// The name: letters, digits, `-` and `_`, at most 32 of them. It has no dot, so that a dot can end it in front
    /// of a name.
    pub name: String,
    /// The images that nobody owns and that the tenant may use.
    pub shared_images: SharedImages,
    /// How much the tenant may use.
    pub quota: Quota,
}

impl Tenancy {
    /// A tenant that may use every image that nobody owns, without a quota.
    pub fn of(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            shared_images: SharedImages::default(),
            quota: Quota::default(),
        }
    }

    /// What a tenant's name looks like, for messages.
    pub const NAME_HELP: &str =
        "a tenant's name is a letter or digit, and up to 31 more letters, digits, `-` and `_`";

    /// Whether `name` can be a tenant's.
    pub fn is_name(name: &str) -> bool {
        (1..=32).contains(&name.len())
            && name.starts_with(|c: char| c.is_ascii_alphanumeric())
            && name
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
    }
}

/// Patterns of image names: those of a host-made image that tenants may use.
#[derive(Debug)]
pub struct SharedImages(Matcher);

impl Default for SharedImages {
    /// Every image.
    fn default() -> Self {
        Self::new(&["**"]).unwrap_or_else(|_| Self(Matcher::default()))
    }
}

impl SharedImages {
    /// Reads patterns, written as those of an `image` grant.
    ///
    /// # Errors
    /// What is wrong with the first wrong one.
    pub fn new(patterns: &[&str]) -> Result<Self, String> {
        let patterns: Vec<Pattern> = patterns
            .iter()
            .map(|pattern| pattern::of_shape(pattern, Shape::Image, false))
            .collect::<Result<_, _>>()?;
        Matcher::new([(0, false, patterns.as_slice())].into_iter())
            .map(Self)
            .map_err(|_| "the patterns are too large together".to_owned())
    }

    /// Whether `name`, in its canonical form (`docker.io/library/alpine:latest`), is shared.
    pub fn matches(&self, name: &str) -> bool {
        self.0.rules_for(name).has(0)
    }
}

/// How much a tenant may use at a time; `None` sets no limit.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Quota {
    /// Containers, running or not.
    pub containers: Option<u64>,
    /// Running containers.
    pub running: Option<u64>,
    /// The sum of the containers' memory limits, in bytes.
    pub memory: Option<u64>,
    /// The sum of the containers' processors, in billionths.
    pub cpus: Option<u64>,
    /// The sum of the containers' limits of processes.
    pub pids: Option<u64>,
    /// Volumes.
    pub volumes: Option<u64>,
    /// Networks, the tenant's own default one included.
    pub networks: Option<u64>,
    /// Requests a second, over a second.
    pub requests: Option<u64>,
    /// Requests at the same time, streams included.
    pub streams: Option<u64>,
    /// What a container gets that asks for no limit.
    pub default: Shares,
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

/// Reads what a socket says of its tenant.
pub(super) fn read(reader: &mut Reader<'_, '_>, entries: &[Entry]) -> Option<Tenancy> {
    let find = |key: &str| entries.iter().find(|entry| entry.key == key);
    let Some(entry) = find("tenant") else {
        for key in ["namespace", "shared-images", "quota"] {
            if let Some(entry) = find(key) {
                reader.error_help(
                    entry.span,
                    format!("`{key}` is for the socket of a tenant"),
                    "add `tenant: NAME`, or take it out",
                );
            }
        }
        return None;
    };
    let name = reader.text(&entry.value, "tenant").unwrap_or("unnamed");
    if !Tenancy::is_name(name) {
        reader.error_help(
            entry.value.span,
            format!("{} is no name of a tenant", quote(name)),
            Tenancy::NAME_HELP,
        );
    }
    let mut tenancy = Tenancy::of(name);
    if let Some(entry) = find("namespace")
        && reader.boolean(&entry.value, "namespace") == Some(false)
    {
        reader.error_help(
            entry.value.span,
            "tenants without names of their own are not supported: they could take each other's names",
            "take it out: each tenant sees its own plain names",
        );
    }
    if let Some(entry) = find("shared-images")
        && let Some(images) = shared_images(reader, &entry.value)
    {
        tenancy.shared_images = images;
    }
    if let Some(entry) = find("quota") {
        tenancy.quota = quota(reader, entry);
    }
    Some(tenancy)
}

fn shared_images(reader: &mut Reader<'_, '_>, node: &Node) -> Option<SharedImages> {
    let nodes = match &node.data {
        Data::List(nodes) => nodes.as_slice(),
        Data::Scalar { .. } | Data::Map(_) => std::slice::from_ref(node),
    };
    let mut patterns = Vec::new();
    for node in nodes {
        patterns.push(reader.text(node, "shared-images")?);
    }
    match SharedImages::new(&patterns) {
        Ok(images) => Some(images),
        Err(problem) => {
            reader.error(node.span, format!("`shared-images`: {problem}"));
            None
        }
    }
}

const QUOTAS: &[&str] = &[
    "containers",
    "cpus",
    "default",
    "memory",
    "networks",
    "pids",
    "requests",
    "running",
    "streams",
    "volumes",
];

fn quota(reader: &mut Reader<'_, '_>, entry: &Entry) -> Quota {
    let mut quota = Quota::default();
    for part in reader.map(&entry.value, "quota").unwrap_or_default() {
        let (place, unit) = match part.key.as_str() {
            "containers" => (&mut quota.containers, Unit::Count),
            "running" => (&mut quota.running, Unit::Count),
            "volumes" => (&mut quota.volumes, Unit::Count),
            "networks" => (&mut quota.networks, Unit::Count),
            "streams" => (&mut quota.streams, Unit::Count),
            "pids" => (&mut quota.pids, Unit::Count),
            "memory" => (&mut quota.memory, Unit::Bytes),
            "cpus" => (&mut quota.cpus, Unit::NanoCpus),
            "requests" => {
                quota.requests = rate(reader, &part.value);
                continue;
            }
            "default" => {
                quota.default = shares(reader, part);
                continue;
            }
            key => {
                reader.unknown(
                    part.span,
                    "quota",
                    key,
                    QUOTAS.iter().copied(),
                    "the quotas are `containers`, `running`, `memory`, `cpus`, `pids`, `volumes`, `networks`, `requests` and `streams`; `default` holds what a container without a limit gets",
                );
                continue;
            }
        };
        *place = amount(reader, part, unit);
    }
    quota
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shared_images_match_canonical_names() {
        let all = SharedImages::default();
        assert!(all.matches("docker.io/library/alpine:latest"));
        let some = SharedImages::new(&["alpine", "registry.corp/base/**"]).unwrap();
        assert!(some.matches("docker.io/library/alpine:3.20"));
        assert!(some.matches("registry.corp/base/a/b:1"));
        assert!(!some.matches("docker.io/library/debian:latest"));
        assert!(SharedImages::new(&["a://b"]).is_err());
    }

    #[test]
    fn a_tenants_name_has_no_dot() {
        for name in ["a", "team-1", "A_b", "0"] {
            assert!(Tenancy::is_name(name), "{name}");
        }
        for name in ["", "a.b", "-a", "a/b", "\u{e4}", &"a".repeat(33)] {
            assert!(!Tenancy::is_name(name), "{name}");
        }
    }
}
