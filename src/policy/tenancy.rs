//! What a configuration says of the tenant that a socket belongs to.

use std::time::Duration;

use super::diagnostics::quote;
use super::matcher::Matcher;
use super::pattern::Pattern;
use super::quota::{self, Quota};
use super::read::Reader;
use super::source::{Data, Entry, Node};
use super::{pattern, quantity};
use crate::demand::Shape;

/// The keys of a socket that are for tenants.
pub(super) const KEYS: &[&str] = &[
    "idle",
    "namespace",
    "on-idle",
    "quota",
    "shared-images",
    "tenant",
    "ttl",
];

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
    /// When what it has is removed by itself.
    pub lifetime: Lifetime,
}

impl Tenancy {
    /// A tenant that may use every image that nobody owns, without a quota or an end.
    pub fn of(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            shared_images: SharedImages::default(),
            quota: Quota::default(),
            lifetime: Lifetime::default(),
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

/// When what a tenant has is removed by itself.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Lifetime {
    /// How old a container may become; `None` for any age.
    pub ttl: Option<Duration>,
    /// What is removed once no client has been connected for a time.
    pub on_idle: OnIdle,
}

impl Lifetime {
    /// How long no client may be connected, unless the configuration says otherwise.
    pub const IDLE: Duration = Duration::from_secs(300);

    /// Whether nothing is ever removed.
    pub fn is_endless(&self) -> bool {
        *self == Self::default()
    }

    /// Reads a time that a tenant's things have.
    ///
    /// # Errors
    /// How it is written.
    pub fn duration(text: &str) -> Result<Duration, &'static str> {
        quantity::duration(text).and_then(|time| {
            if time.is_zero() {
                Err("it must be longer than nothing")
            } else {
                Ok(time)
            }
        })
    }
}

/// What is removed of a tenant that no client is connected for.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum OnIdle {
    /// Nothing.
    #[default]
    Keep,
    /// Containers with their anonymous volumes, and networks, once nobody was connected for so long.
    Remove(Duration),
    /// Named volumes and images as well.
    RemoveAll(Duration),
}

impl OnIdle {
    /// Reads `keep`, `remove` or `remove-all`, with the time that it waits for.
    pub fn parse(text: &str, idle: Duration) -> Option<Self> {
        match text {
            "keep" => Some(Self::Keep),
            "remove" => Some(Self::Remove(idle)),
            "remove-all" => Some(Self::RemoveAll(idle)),
            _ => None,
        }
    }

    /// As it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Keep => "keep",
            Self::Remove(_) => "remove",
            Self::RemoveAll(_) => "remove-all",
        }
    }

    /// For how long nobody must have been connected; `None` when nothing is removed.
    pub const fn idle(self) -> Option<Duration> {
        match self {
            Self::Keep => None,
            Self::Remove(idle) | Self::RemoveAll(idle) => Some(idle),
        }
    }
}

/// Reads what a socket says of its tenant.
pub(super) fn read(reader: &mut Reader<'_, '_>, entries: &[Entry]) -> Option<Tenancy> {
    let find = |key: &str| entries.iter().find(|entry| entry.key == key);
    let Some(entry) = find("tenant") else {
        for key in KEYS.iter().filter(|key| **key != "tenant") {
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
        tenancy.quota = quota::read(reader, entry);
    }
    tenancy.lifetime = lifetime(reader, entries);
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

/// Reads `ttl`, `on-idle` and `idle`.
fn lifetime(reader: &mut Reader<'_, '_>, entries: &[Entry]) -> Lifetime {
    let find = |key: &str| entries.iter().find(|entry| entry.key == key);
    let mut time = |key| {
        let entry = find(key)?;
        let text = reader.text(&entry.value, key)?;
        match Lifetime::duration(text) {
            Ok(time) => Some(time),
            Err(problem) => {
                reader.error(entry.value.span, format!("`{key}`: {problem}"));
                None
            }
        }
    };
    let (ttl, idle) = (time("ttl"), time("idle"));
    let mut on_idle = OnIdle::Keep;
    if let Some(entry) = find("on-idle")
        && let Some(text) = reader.text(&entry.value, "on-idle")
    {
        match OnIdle::parse(text, idle.unwrap_or(Lifetime::IDLE)) {
            Some(wanted) => on_idle = wanted,
            None => reader.error_help(
                entry.value.span,
                format!("`on-idle` cannot be {}", quote(text)),
                "write `keep`, `remove` (containers and networks) or `remove-all` (volumes and images too)",
            ),
        }
    }
    if let Some(entry) = find("idle")
        && find("on-idle").is_none()
    {
        reader.error_help(
            entry.span,
            "`idle` says how long to wait, and nothing what for",
            "add `on-idle: remove`",
        );
    }
    Lifetime { ttl, on_idle }
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
