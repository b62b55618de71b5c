//! Image references, read and normalised the way the engine does (distribution/reference, `normalize.go` and
//! `regexp.go`, as vendored by moby from engine 20.10 to 29.7).

use std::fmt;

const DEFAULT_DOMAIN: &str = "docker.io";
const LEGACY_DOMAIN: &str = "index.docker.io";
const OFFICIAL: &str = "library/";
const DEFAULT_TAG: &str = "latest";
/// The longest path of a repository (`RepositoryNameTotalLengthMax`).
const MAX_PATH: usize = 255;
const MAX_TAG: usize = 128;

/// The name of an image in its one canonical form: `docker.io/library/alpine:latest`.
///
/// A reference without tag and digest names a whole repository: a pull or push of it takes every tag. With both, the
/// engine goes by the digest.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Reference {
    domain: String,
    path: String,
    tag: Option<String>,
    digest: Option<String>,
}

/// What a client names an image with where an ID will do too: in a path, or to create a container from.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ImageTerm {
    /// The digest of an image's configuration, whole: `sha256:` and 64 digits.
    Id(String),
    /// A name, and nothing else.
    Name(Reference),
    /// A name that, if no image has it, the engine takes for the beginning of an ID.
    NameOrId {
        /// The name, with the default tag.
        name: Reference,
        /// The hexadecimal digits that the ID would begin with.
        prefix: String,
    },
}

/// Why text names no image.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BadReference {
    /// There is no repository.
    #[error("the image reference `{0}` has no repository")]
    Empty(String),
    /// 64 hexadecimal digits, which are an ID and cannot be a name.
    #[error("`{0}` is an image ID, and a name is needed")]
    Identifier(String),
    /// Upper-case letters in the repository.
    #[error("the repository of the image reference `{0}` must be in lower case")]
    Uppercase(String),
    /// The registry's host or port is malformed.
    #[error("the registry of the image reference `{0}` is not a host name with an optional port")]
    Domain(String),
    /// The repository is malformed.
    #[error("the repository of the image reference `{0}` is malformed")]
    Path(String),
    /// The repository is longer than 255 bytes.
    #[error("the repository of the image reference `{0}` is longer than {MAX_PATH} bytes")]
    TooLong(String),
    /// The tag is malformed.
    #[error("`{0}` is not a tag")]
    Tag(String),
    /// The digest is malformed, or of an algorithm that the engine does not have.
    #[error("`{0}` is not a digest")]
    Digest(String),
    /// A digest where a new name is to be given.
    #[error("the image reference `{0}` has a digest, and an image cannot be named by one")]
    Digested(String),
}

impl Reference {
    /// Reads a name in its familiar form (`alpine`) or any longer one.
    ///
    /// # Errors
    /// [`BadReference`] when no engine takes `text` for a name. A registry with an underscore is one that some
    /// engines take for a part of the repository: it is refused too.
    pub fn parse(text: &str) -> Result<Self, BadReference> {
        let bad = |variant: fn(String) -> BadReference| Err(variant(text.to_owned()));
        if text.len() == 64 && is_hex(text) {
            return bad(BadReference::Identifier);
        }
        let (domain, rest) = split_domain(text);
        if !is_domain(domain) {
            return bad(BadReference::Domain);
        }
        let end = rest.find([':', '@']).unwrap_or(rest.len());
        let (path, suffix) = rest.split_at_checked(end).unwrap_or((rest, ""));
        let (tag, digest) = match suffix.split_once('@') {
            Some((tag, digest)) => (tag, Some(digest)),
            None => (suffix, None),
        };
        if path.is_empty() {
            return bad(BadReference::Empty);
        }
        if path.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return bad(BadReference::Uppercase);
        }
        let official = domain == DEFAULT_DOMAIN && !path.contains('/');
        let path = if official {
            format!("{OFFICIAL}{path}")
        } else {
            path.to_owned()
        };
        if !path.split('/').all(is_path_component) {
            return bad(BadReference::Path);
        }
        if path.len() > MAX_PATH {
            return bad(BadReference::TooLong);
        }
        let mut reference = Self {
            domain: domain.to_owned(),
            path,
            tag: None,
            digest: None,
        };
        if let Some(tag) = tag.strip_prefix(':') {
            reference = reference.with_tag(tag)?;
        }
        if let Some(digest) = digest {
            reference = reference.with_digest(digest)?;
        }
        Ok(reference)
    }

    /// What `ImageCreate` pulls for `fromImage` and `tag`, which may be a digest, and is empty when absent
    /// (moby, `postImagesCreate`).
    ///
    /// # Errors
    /// [`BadReference`] when the engine refuses the pull for its name.
    pub fn pulled(from_image: &str, tag: &str) -> Result<Self, BadReference> {
        let reference = Self::parse(from_image.strip_suffix(':').unwrap_or(from_image))?;
        if tag.is_empty() {
            Ok(reference)
        } else if is_digest(tag) {
            Self {
                tag: None,
                ..reference
            }
            .with_digest(tag)
        } else {
            reference.with_tag(tag)
        }
    }

    /// The name that an image is given by `repo` and `tag`, which is empty when absent: in a tag, a commit or an
    /// import (moby, `RepoTagReference`).
    ///
    /// # Errors
    /// [`BadReference`] when the engine refuses the name.
    pub fn given(repo: &str, tag: &str) -> Result<Self, BadReference> {
        let reference = Self::parse(repo)?;
        if reference.digest.is_some() {
            return Err(BadReference::Digested(repo.to_owned()));
        }
        if tag.is_empty() {
            Ok(reference.or_latest())
        } else {
            reference.with_tag(tag)
        }
    }

    /// What `ImagePush` pushes for a name in its path and `tag`, which is empty when absent.
    ///
    /// # Errors
    /// [`BadReference`] when the engine refuses the push for its name.
    pub fn pushed(name: &str, tag: &str) -> Result<Self, BadReference> {
        if tag.is_empty() {
            Self::parse(name)
        } else {
            Self::given(name, tag)
        }
    }

    /// The reference with the tag `latest`, unless it has a tag or a digest.
    #[must_use]
    pub fn or_latest(mut self) -> Self {
        if self.is_repository() {
            self.tag = Some(DEFAULT_TAG.to_owned());
        }
        self
    }

    /// Whether there is neither a tag nor a digest.
    pub const fn is_repository(&self) -> bool {
        self.tag.is_none() && self.digest.is_none()
    }

    /// The registry: a host with an optional port.
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// The repository within the registry.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The tag.
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// The digest, with its algorithm.
    pub fn digest(&self) -> Option<&str> {
        self.digest.as_deref()
    }

    /// The repository, without tag and digest.
    #[must_use]
    pub fn without_tag(mut self) -> Self {
        self.tag = None;
        self.digest = None;
        self
    }

    /// The short form that the engine shows: without the default registry, and without the folder of official images
    /// (distribution/reference, `FamiliarString`).
    pub fn familiar(&self) -> String {
        let full = self.to_string();
        let Some(bare) = full
            .strip_prefix(DEFAULT_DOMAIN)
            .and_then(|rest| rest.strip_prefix('/'))
        else {
            return full;
        };
        match self.path.strip_prefix(OFFICIAL) {
            Some(name) if !name.contains('/') => {
                bare.strip_prefix(OFFICIAL).unwrap_or(bare).to_owned()
            }
            Some(_) | None => bare.to_owned(),
        }
    }

    /// Whether it stands for a name that was written without a registry.
    pub fn is_in_default_registry(&self) -> bool {
        self.domain == DEFAULT_DOMAIN
    }

    fn with_tag(mut self, tag: &str) -> Result<Self, BadReference> {
        if !is_tag(tag) {
            return Err(BadReference::Tag(tag.to_owned()));
        }
        self.tag = Some(tag.to_owned());
        Ok(self)
    }

    fn with_digest(mut self, digest: &str) -> Result<Self, BadReference> {
        if !is_digest(digest) {
            return Err(BadReference::Digest(digest.to_owned()));
        }
        self.digest = Some(digest.to_owned());
        Ok(self)
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.domain, self.path)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(f, "@{digest}")?;
        }
        Ok(())
    }
}

impl ImageTerm {
    /// Reads what names an image or is its ID. A name without tag gets the default one, as the engine looks it up
    /// (moby, `GetImage` up to engine 28 and `resolveImage` of the containerd store).
    ///
    /// # Errors
    /// [`BadReference`] when `text` can be neither.
    pub fn parse(text: &str) -> Result<Self, BadReference> {
        if text.len() == 64 && is_hex(text) {
            return Ok(Self::Id(format!("sha256:{text}")));
        }
        if is_digest(text) {
            return Ok(Self::Id(text.to_owned()));
        }
        let name = Reference::parse(text)?.or_latest();
        let prefix = text.strip_prefix("sha256:").unwrap_or(text);
        if !prefix.is_empty() && prefix.len() <= 64 && is_hex(prefix) {
            return Ok(Self::NameOrId {
                name,
                prefix: prefix.to_owned(),
            });
        }
        Ok(Self::Name(name))
    }
}

impl ImageTerm {
    /// The name, unless it is an ID and nothing else.
    pub const fn name(&self) -> Option<&Reference> {
        match self {
            Self::Id(_) => None,
            Self::Name(name) | Self::NameOrId { name, .. } => Some(name),
        }
    }
}

impl fmt::Display for ImageTerm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => f.write_str(id),
            Self::Name(name) | Self::NameOrId { name, .. } => name.fmt(f),
        }
    }
}

/// The registry and the rest. What stands before the first slash is a registry when it could not be the beginning
/// of a repository.
fn split_domain(text: &str) -> (&str, &str) {
    match text.split_once('/') {
        Some((LEGACY_DOMAIN, rest)) => (DEFAULT_DOMAIN, rest),
        Some((first, rest))
            if first == "localhost" || first.contains(['.', ':']) || has_uppercase(first) =>
        {
            (first, rest)
        }
        Some(_) | None => (DEFAULT_DOMAIN, text),
    }
}

fn has_uppercase(text: &str) -> bool {
    text.chars().any(char::is_uppercase)
}

/// A host name, an IPv4 address, or an IPv6 address in brackets; and a port.
fn is_domain(text: &str) -> bool {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        Some(_) | None => (text, None),
    };
    let port =
        port.is_none_or(|port| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()));
    let address = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    port && match address {
        Some(address) => {
            !address.is_empty()
                && address
                    .bytes()
                    .all(|byte| byte.is_ascii_hexdigit() || byte == b':')
        }
        None => host.split('.').all(|label| {
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
            !label.is_empty()
                && label.bytes().all(plain)
                && !label.starts_with('-')
                && !label.ends_with('-')
        }),
    }
}

/// Runs of lower-case letters and digits, with `.`, `_`, `__` or any number of `-` between two of them.
fn is_path_component(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let separators = text.split(plain).filter(|separator| !separator.is_empty());
    text.starts_with(plain)
        && text.ends_with(plain)
        && separators.into_iter().all(|separator| {
            matches!(separator, "." | "_" | "__") || separator.bytes().all(|byte| byte == b'-')
        })
}

fn is_tag(text: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    text.len() <= MAX_TAG
        && text.bytes().next().is_some_and(word)
        && text
            .bytes()
            .all(|byte| word(byte) || byte == b'.' || byte == b'-')
}

/// A digest of an algorithm that the engine has, in lower case (go-digest, `algorithm.go`).
fn is_digest(text: &str) -> bool {
    let length = match text.split_once(':') {
        Some(("sha256", hex)) => is_hex(hex).then_some((hex.len(), 64)),
        Some(("sha384", hex)) => is_hex(hex).then_some((hex.len(), 96)),
        Some(("sha512", hex)) => is_hex(hex).then_some((hex.len(), 128)),
        Some(_) | None => None,
    };
    length.is_some_and(|(is, should)| is == should)
}

fn is_hex(text: &str) -> bool {
    text.bytes()
        .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}
