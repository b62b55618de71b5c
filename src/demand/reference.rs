//! Image references in the one spelling that patterns are written for: `docker.io/library/alpine:latest`
//! (github.com/distribution/reference, normalize.go).

/// The whole reference that the engine makes of `name`. What may be an image's id stays as it is, since the engine
/// takes a beginning of an id where no image has that name.
pub(super) fn normal(name: &str) -> String {
    if may_be_id(name) {
        return name.to_owned();
    }
    let parts = Parts::of(name);
    let repository = parts.repository();
    match (parts.tag, parts.digest) {
        (None, None) => format!("{repository}:latest"),
        (Some(tag), None) => format!("{repository}:{tag}"),
        (None, Some(digest)) => format!("{repository}@{digest}"),
        (Some(tag), Some(digest)) => format!("{repository}:{tag}@{digest}"),
    }
}

/// The whole reference of `name` with another tag, which may be a digest.
pub(super) fn tagged(name: &str, tag: &str) -> String {
    let parts = Parts::of(name);
    let repository = parts.repository();
    match (tag.contains(':'), parts.digest) {
        (true, _) => format!("{repository}@{tag}"),
        (false, None) => format!("{repository}:{tag}"),
        (false, Some(digest)) => format!("{repository}:{tag}@{digest}"),
    }
}

/// Every tag of a repository.
pub(super) fn all_tags(name: &str) -> String {
    format!("{}:*", Parts::of(name).repository())
}

/// Whether `name` has neither a tag nor a digest.
pub(super) fn is_bare(name: &str) -> bool {
    let parts = Parts::of(name);
    parts.tag.is_none() && parts.digest.is_none()
}

/// `sha256:...`, or nothing but hexadecimal digits.
fn may_be_id(name: &str) -> bool {
    let bare = name.strip_prefix("sha256:").unwrap_or(name);
    (1..=64).contains(&bare.len())
        && bare
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

struct Parts<'n> {
    domain: &'n str,
    path: &'n str,
    tag: Option<&'n str>,
    digest: Option<&'n str>,
}

impl<'n> Parts<'n> {
    fn of(name: &'n str) -> Self {
        let (rest, digest) = match name.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest)),
            None => (name, None),
        };
        let (rest, tag) = match rest.rsplit_once(':') {
            Some((rest, tag)) if !tag.contains('/') => (rest, Some(tag)),
            Some(_) | None => (rest, None),
        };
        let (domain, path) = match rest.split_once('/') {
            Some((first, path)) if is_domain(first) => (first, path),
            Some(_) | None => ("docker.io", rest),
        };
        let domain = if domain == "index.docker.io" {
            "docker.io"
        } else {
            domain
        };
        Self {
            domain,
            path,
            tag,
            digest,
        }
    }

    fn repository(&self) -> String {
        let family = if self.domain == "docker.io" && !self.path.contains('/') {
            "library/"
        } else {
            ""
        };
        format!("{}/{family}{}", self.domain, self.path)
    }
}

/// Whether the first part of a name is a registry's host.
fn is_domain(first: &str) -> bool {
    first.contains(['.', ':'])
        || first == "localhost"
        || first.bytes().any(|byte| byte.is_ascii_uppercase())
}
