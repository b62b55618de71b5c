//! What a configuration says of the tenant that a socket belongs to.

use super::matcher::Matcher;
use super::pattern::{self, Pattern};
use crate::demand::Shape;

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
