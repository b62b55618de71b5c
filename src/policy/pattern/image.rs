//! Patterns for images.

use super::{Pattern, glob, regex};
use crate::demand::dockerfile::UNSEEN;

/// An image, completed as the engine completes references: the registry, `library/`, and any tag or digest
/// where none is written.
pub(super) fn image(pattern: &str, wide: bool) -> Result<Pattern, String> {
    let named = named_image(pattern, wide)?;
    Ok(match &named {
        // What nobody has seen may be what is denied.
        Pattern::Exact(text) if wide => Pattern::Regex(format!(
            "(?:{}|{})",
            ::regex::escape(text),
            ::regex::escape(UNSEEN)
        )),
        Pattern::Regex(body) if wide => {
            Pattern::Regex(format!("(?:{body}|{})", ::regex::escape(UNSEEN)))
        }
        Pattern::Any
        | Pattern::Exact(_)
        | Pattern::Regex(_)
        | Pattern::Ports(_)
        | Pattern::Most(_) => named,
    })
}

fn named_image(pattern: &str, wide: bool) -> Result<Pattern, String> {
    if let Some(expression) = pattern.strip_prefix("regex:") {
        return regex(expression, "", wide);
    }
    if pattern == "**" {
        return Ok(Pattern::Any);
    }
    if pattern.is_empty() || pattern.starts_with('/') || pattern.ends_with('/') {
        return Err("an image is a name such as `alpine`, `registry.example.com/app:1` or `registry.example.com/**`".to_owned());
    }
    if pattern.contains("://") {
        return Err("an image has no `://`".to_owned());
    }
    // An image's id stands for itself.
    if pattern.starts_with("sha256:") {
        return glob(pattern, "", false);
    }
    let (registry, name) = match pattern.split_once('/') {
        Some((first, rest)) if is_registry(first) => (first, rest),
        _ => ("docker.io", pattern),
    };
    let registry = match registry {
        "index.docker.io" | "registry-1.docker.io" => "docker.io",
        registry => registry,
    };
    let library = if registry == "docker.io" && !name.contains('/') && !name.starts_with("**") {
        "library/"
    } else {
        ""
    };
    if name
        .split([':', '@'])
        .next()
        .is_some_and(|name| name.chars().any(char::is_uppercase))
    {
        return Err("an image's name is in lower case: nothing would match".to_owned());
    }
    let last = name.rsplit('/').next().unwrap_or(name);
    let suffix = if last.contains([':', '@']) {
        ""
    } else {
        "(?::[^/@]*)?(?:@[^/@]*)?"
    };
    glob(&format!("{registry}/{library}{name}"), suffix, false)
}

/// Whether the first part of an image's name is a registry's host, by the engine's rule (distribution,
/// `reference/normalize.go`); a first part that is a wildcard stands for registries too.
fn is_registry(first: &str) -> bool {
    first.contains(['.', ':'])
        || matches!(first, "localhost" | "*" | "**")
        || first.chars().any(char::is_uppercase)
}
