//! Patterns: what a rule says of a value, read from its text and turned into what a matcher compares.
//!
//! A glob is `*` (any characters but `/`), `**` (any characters), `?` (one character but `/`), and `\` in front
//! of a character that stands for itself. The translation is our own and not globset's, because patterns of
//! one kind are matched together as one set, and because braces and brackets, which names and addresses
//! hold as themselves, must not silently mean something.

use regex::RegexBuilder;

use crate::demand::Shape;
use crate::demand::dockerfile::UNSEEN;

/// What a pattern compares.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Pattern {
    /// Every value.
    Any,
    /// This value.
    Exact(String),
    /// Values that this expression matches from their beginning to their end.
    Regex(String),
    /// Host addresses and ports.
    Ports(Ports),
    /// Amounts up to this one.
    Most(u64),
}

/// A range of ports on some host addresses.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Ports {
    /// One address; `None` for all of them.
    address: Option<core::net::IpAddr>,
    first: u16,
    last: u16,
    /// `tcp`, `udp` or `sctp`; `None` for all of them.
    protocol: Option<String>,
}

/// The longest expression that a file may hold.
const MAX_REGEX: usize = 2_000;
/// What a compiled expression may use, in bytes.
const MAX_COMPILED: usize = 1 << 20;

/// Reads a pattern for a condition: a glob or `regex:...` over the value as it stands.
///
/// # Errors
/// What is wrong with it.
pub(super) fn text(pattern: &str, wide: bool) -> Result<Pattern, String> {
    match pattern.strip_prefix("regex:") {
        Some(expression) => regex(expression, "", wide),
        None => glob(pattern, "", false),
    }
}

/// Reads a pattern for a grant of that shape. `wide` is for a rule that denies: what is doubtful matches.
///
/// # Errors
/// What is wrong with it.
pub(super) fn of_shape(pattern: &str, shape: Shape, wide: bool) -> Result<Pattern, String> {
    match shape {
        Shape::Flag => Err("it takes `true`".to_owned()),
        Shape::Text => text(pattern, wide),
        Shape::Path => path(pattern, wide),
        Shape::Image => image(pattern, wide),
        Shape::Ports => ports(pattern),
        Shape::Limit(unit) => super::quantity::amount(pattern, unit)
            .map(Pattern::Most)
            .map_err(str::to_owned),
    }
}

/// A path, with `:ro` where only read-only use is meant. The values end in `:ro` or `:rw`.
fn path(pattern: &str, wide: bool) -> Result<Pattern, String> {
    let (path, suffix) = match pattern.strip_suffix(":ro") {
        Some(path) => (path, ":ro"),
        None => (
            pattern.strip_suffix(":rw").unwrap_or(pattern),
            "(?::ro|:rw)",
        ),
    };
    if let Some(expression) = path.strip_prefix("regex:") {
        return regex(expression, suffix, wide);
    }
    if !path.starts_with('/') && !path.starts_with("**") {
        return Err("a host path is absolute: it begins with `/`".to_owned());
    }
    if path.split('/').any(|part| matches!(part, "." | "..")) || path.contains("//") {
        return Err("a host path has no `.`, `..` or empty part: nothing would match".to_owned());
    }
    let path = match path.strip_suffix('/') {
        Some(shorter) if !shorter.is_empty() => shorter,
        _ => path,
    };
    glob(path, suffix, true)
}

/// An image, completed as the engine completes references: the registry, `library/`, and any tag or digest
/// where none is written.
fn image(pattern: &str, wide: bool) -> Result<Pattern, String> {
    let named = named_image(pattern, wide)?;
    Ok(match &named {
        // What nobody has seen may be what is denied.
        Pattern::Exact(text) if wide => Pattern::Regex(format!(
            "(?:{}|{})",
            regex::escape(text),
            regex::escape(UNSEEN)
        )),
        Pattern::Regex(body) if wide => {
            Pattern::Regex(format!("(?:{body}|{})", regex::escape(UNSEEN)))
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

/// `[ADDRESS:]PORT[-PORT][/PROTOCOL]`, where `*` stands for any address or any port.
fn ports(pattern: &str) -> Result<Pattern, String> {
    if matches!(pattern, "*" | "**") {
        return Ok(Pattern::Any);
    }
    let wrong = || {
        "ports are written `8080`, `8000-8999`, `127.0.0.1:8000-8999/tcp` or `[::1]:8080`"
            .to_owned()
    };
    let (rest, protocol) = match pattern.split_once('/') {
        Some((rest, "*")) => (rest, None),
        Some((rest, protocol @ ("tcp" | "udp" | "sctp"))) => (rest, Some(protocol.to_owned())),
        Some(_) => return Err("a port's protocol is `tcp`, `udp` or `sctp`".to_owned()),
        None => (pattern, None),
    };
    let (address, range) = match rest.rsplit_once(':') {
        Some(("*", range)) => (None, range),
        Some((address, range)) => {
            let bare = address
                .strip_prefix('[')
                .and_then(|address| address.strip_suffix(']'))
                .unwrap_or(address);
            (Some(bare.parse().map_err(|_| wrong())?), range)
        }
        None => (None, rest),
    };
    let (first, last) = if range == "*" {
        (0, u16::MAX)
    } else {
        range_of(range).ok_or_else(wrong)?
    };
    if first > last {
        return Err("the first port of a range is above its last".to_owned());
    }
    Ok(Pattern::Ports(Ports {
        address,
        first,
        last,
        protocol,
    }))
}

fn range_of(text: &str) -> Option<(u16, u16)> {
    let port = |text: &str| {
        (!text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()))
            .then(|| text.parse().ok())
            .flatten()
    };
    match text.split_once('-') {
        Some((first, last)) => Some((port(first)?, port(last)?)),
        None => port(text).map(|port| (port, port)),
    }
}

impl Ports {
    /// Whether all of `value` lies inside: `IP:PORT/PROTOCOL` or `IP:FIRST-LAST/PROTOCOL`. With `wide`, whether
    /// any of it does.
    pub(super) fn covers(&self, value: &str, wide: bool) -> bool {
        // What cannot be read is outside of every grant, and inside of every denial.
        let Some((address, first, last, protocol)) = Self::read(value) else {
            return wide;
        };
        // A binding to every address is one to each of them, but not the other way round.
        let everywhere = address.is_unspecified();
        let address_fits = self
            .address
            .is_none_or(|own| own == address || (wide && (everywhere || own.is_unspecified())));
        let protocol_fits = self.protocol.as_ref().is_none_or(|own| own == protocol);
        let range_fits = if wide {
            first <= self.last && self.first <= last
        } else {
            self.first <= first && last <= self.last
        };
        address_fits && protocol_fits && range_fits
    }

    fn read(value: &str) -> Option<(core::net::IpAddr, u16, u16, &str)> {
        let (rest, protocol) = value.split_once('/')?;
        let (address, range) = rest.rsplit_once(':')?;
        let bare = address
            .strip_prefix('[')
            .and_then(|address| address.strip_suffix(']'))
            .unwrap_or(address);
        let (first, last) = range_of(range)?;
        Some((bare.parse().ok()?, first, last, protocol))
    }
}

/// A user's regular expression, for whole values.
fn regex(expression: &str, suffix: &str, wide: bool) -> Result<Pattern, String> {
    if expression.len() > MAX_REGEX {
        return Err(format!("an expression has at most {MAX_REGEX} bytes"));
    }
    // Alone first: `a)|(b` would otherwise close the group that anchors it.
    check(expression)?;
    // In a denial a line break must not be a way around `.*`.
    let flags = if wide { "s" } else { "" };
    let body = format!("(?{flags}:{expression}){suffix}");
    check(&body)?;
    Ok(Pattern::Regex(body))
}

fn check(expression: &str) -> Result<(), String> {
    RegexBuilder::new(expression)
        .size_limit(MAX_COMPILED)
        .build()
        .map(|_| ())
        .map_err(|error| {
            if matches!(error, regex::Error::CompiledTooBig(_)) {
                return "the expression is too large when compiled".to_owned();
            }
            let text = error.to_string();
            let last = text.lines().last().unwrap_or_default();
            format!(
                "not a regular expression: {}",
                last.strip_prefix("error: ").unwrap_or(last)
            )
        })
}

/// A glob as an expression, or as the value itself where it has no wildcard. `itself` is for paths, where
/// `/a/**` is `/a` too: who has a directory has all below it.
fn glob(pattern: &str, suffix: &str, itself: bool) -> Result<Pattern, String> {
    if pattern == "**" && suffix.is_empty() {
        return Ok(Pattern::Any);
    }
    let mut out = String::new();
    let mut literal = String::new();
    let mut wild = false;
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' => {
                let next = chars
                    .next()
                    .ok_or("a `\\` at the end of a pattern stands in front of nothing")?;
                push_literal(next, &mut out, &mut literal);
            }
            '*' if chars.peek() == Some(&'*') => {
                wild = true;
                while chars.next_if_eq(&'*').is_some() {}
                let at_start = out.is_empty();
                let behind_slash = out.ends_with('/');
                if behind_slash && chars.peek().is_none() && itself && out.len() > 1 {
                    out.pop();
                    out.push_str("(?s:/.*)?");
                } else if (at_start || behind_slash) && chars.next_if_eq(&'/').is_some() {
                    out.push_str("(?s:.*/)?");
                } else {
                    out.push_str("(?s:.*)");
                }
            }
            '*' => {
                wild = true;
                out.push_str("[^/]*");
            }
            '?' => {
                wild = true;
                out.push_str("[^/]");
            }
            '[' | ']' | '{' | '}' => {
                return Err(format!(
                    "`{c}` has no meaning in a pattern: write alternatives as a list, or `\\{c}` for the character itself"
                ));
            }
            c => push_literal(c, &mut out, &mut literal),
        }
    }
    if wild || !suffix.is_empty() {
        Ok(Pattern::Regex(out + suffix))
    } else {
        Ok(Pattern::Exact(literal))
    }
}

fn push_literal(c: char, out: &mut String, literal: &mut String) {
    literal.push(c);
    out.push_str(&regex::escape(c.encode_utf8(&mut [0; 4])));
}

#[cfg(test)]
mod tests {
    use regex::Regex;

    use super::*;
    use crate::demand::Unit;

    fn matches(pattern: &Pattern, value: &str) -> bool {
        match pattern {
            Pattern::Any => true,
            Pattern::Exact(text) => text == value,
            Pattern::Regex(body) => Regex::new(&format!(r"\A(?:{body})\z"))
                .unwrap()
                .is_match(value),
            Pattern::Ports(ports) => ports.covers(value, false),
            Pattern::Most(_) => panic!("no text"),
        }
    }

    fn check_all(shape: Shape, table: &[(&str, &[&str], &[&str])]) {
        for (pattern, yes, no) in table {
            let compiled = of_shape(pattern, shape, false).unwrap();
            for value in *yes {
                assert!(
                    matches(&compiled, value),
                    "{pattern} must match {value}: {compiled:?}"
                );
            }
            for value in *no {
                assert!(
                    !matches(&compiled, value),
                    "{pattern} must not match {value}: {compiled:?}"
                );
            }
        }
    }

    #[test]
    fn globs() {
        check_all(
            Shape::Text,
            &[
                ("web", &["web"], &["web2", "Web", "", "we", "web\n"]),
                ("web-*", &["web-", "web-1"], &["web-1/x", "web"]),
                ("a?c", &["abc", "a.c"], &["a/c", "ac", "abbc"]),
                ("/a/**", &["/a/", "/a/b", "/a/b/c\nd"], &["/a", "/ab"]),
                (
                    "/a/**/z",
                    &["/a/z", "/a/b/z", "/a/b/c/z"],
                    &["/az", "/a/bz"],
                ),
                ("**/z", &["z", "a/z", "/z"], &["az"]),
                ("**", &["", "a/b\n"], &[]),
                ("*", &["", "a"], &["a/b"]),
                ("a.b", &["a.b"], &["axb"]),
                ("a|b", &["a|b"], &["a", "b"]),
                (r"c \*:\* rwm", &["c *:* rwm"], &["c 1:1 rwm"]),
                (r"\{x\}", &["{x}"], &["x"]),
                ("regex:a|b", &["a", "b"], &["ab", "xa", "ax", "a\n"]),
                ("regex:^a$|^b$", &["a", "b"], &["ab"]),
                ("regex:a.b", &["axb"], &["a\nb"]),
            ],
        );
        let wide = text("regex:a.*", true).unwrap();
        assert!(matches(&wide, "a\nb"));
    }

    #[test]
    fn paths() {
        check_all(
            Shape::Path,
            &[
                (
                    "/srv/ci/**:ro",
                    &["/srv/ci/x:ro", "/srv/ci:ro"],
                    &["/srv/ci/x:rw", "/srv/cix:ro", "/srv:ro"],
                ),
                (
                    "/srv/ci/**",
                    &["/srv/ci/x:ro", "/srv/ci/a/b:rw"],
                    &["/srv/other:ro"],
                ),
                (
                    "/srv/*:rw",
                    &["/srv/x:ro", "/srv/x:rw"],
                    &["/srv/x/y:rw", "/srv:rw"],
                ),
                ("/srv/", &["/srv:rw"], &["/srv/x:rw"]),
                ("/", &["/:rw"], &["/etc:rw"]),
                ("/**", &["/:rw", "/etc:rw"], &[]),
                ("**", &["/:rw"], &[]),
                (
                    "regex:/srv/[a-z]+:ro",
                    &["/srv/a:ro"],
                    &["/srv/a:rw", "/srv/1:ro"],
                ),
            ],
        );
    }

    #[test]
    fn images() {
        check_all(
            Shape::Image,
            &[
                (
                    "alpine",
                    &[
                        "docker.io/library/alpine",
                        "docker.io/library/alpine:3.20",
                        "docker.io/library/alpine@sha256:00",
                        "docker.io/library/alpine:1@sha256:00",
                    ],
                    &[
                        "docker.io/library/alpine-x",
                        "docker.io/x/alpine:1",
                        "registry.corp/alpine:1",
                    ],
                ),
                (
                    "alpine:3.20",
                    &["docker.io/library/alpine:3.20"],
                    &[
                        "docker.io/library/alpine:3.21",
                        "docker.io/library/alpine:3.20@sha256:00",
                    ],
                ),
                (
                    "alpine:3.*",
                    &["docker.io/library/alpine:3.20"],
                    &["docker.io/library/alpine:4"],
                ),
                (
                    "alpine@sha256:00",
                    &["docker.io/library/alpine@sha256:00"],
                    &["docker.io/library/alpine:1"],
                ),
                (
                    "grafana/*",
                    &["docker.io/grafana/loki:1"],
                    &["docker.io/library/grafana:1", "docker.io/grafana/a/b:1"],
                ),
                (
                    "docker.io/library/*",
                    &["docker.io/library/alpine:1"],
                    &["docker.io/x/y:1"],
                ),
                ("docker.io/alpine", &["docker.io/library/alpine:1"], &[]),
                ("index.docker.io/x/y", &["docker.io/x/y:1"], &[]),
                (
                    "registry.corp/**",
                    &["registry.corp/a:1", "registry.corp/a/b@sha256:00"],
                    &[
                        "registry.corp.evil/a:1",
                        "xregistry.corp/a:1",
                        "docker.io/registry.corp/a",
                    ],
                ),
                (
                    "registry.corp:5000/app",
                    &["registry.corp:5000/app:2"],
                    &["registry.corp/app:2"],
                ),
                ("localhost/*", &["localhost/x:1"], &[]),
                (
                    "*/app",
                    &["registry.corp/app:1"],
                    &["docker.io/library/app:1"],
                ),
                (
                    "**/app",
                    &["docker.io/library/app:1", "r.corp/a/b/app:1"],
                    &["docker.io/library/xapp:1"],
                ),
                (
                    "*",
                    &["docker.io/library/x:1"],
                    &["docker.io/a/b:1", "r.corp/x:1"],
                ),
                ("**", &["r.corp/x:1"], &[]),
                ("sha256:*", &["sha256:00"], &["docker.io/library/sha256:00"]),
            ],
        );
    }

    #[test]
    fn port_ranges() {
        check_all(
            Shape::Ports,
            &[
                (
                    "8080",
                    &["0.0.0.0:8080/tcp", "[::1]:8080/udp"],
                    &["0.0.0.0:8081/tcp"],
                ),
                (
                    "127.0.0.1:8000-8999/tcp",
                    &[
                        "127.0.0.1:8000/tcp",
                        "127.0.0.1:8999/tcp",
                        "127.0.0.1:8100-8200/tcp",
                    ],
                    &[
                        "127.0.0.1:7999/tcp",
                        "0.0.0.0:8000/tcp",
                        "127.0.0.1:8000/udp",
                        "127.0.0.1:8900-9000/tcp",
                        "127.0.0.1:0/tcp",
                        "junk",
                    ],
                ),
                ("[::1]:80", &["[::1]:80/tcp"], &["[::]:80/tcp"]),
                ("*:0", &["0.0.0.0:0/tcp"], &["0.0.0.0:1/tcp"]),
                (
                    "127.0.0.1:*",
                    &["127.0.0.1:0/tcp", "127.0.0.1:65535/sctp"],
                    &["127.0.0.2:1/tcp"],
                ),
                ("**", &["junk"], &[]),
            ],
        );
        let Pattern::Ports(denied) = ports("127.0.0.1:22").unwrap() else {
            panic!()
        };
        for value in [
            "127.0.0.1:22/tcp",
            "0.0.0.0:22/tcp",
            "127.0.0.1:1-100/tcp",
            "junk",
        ] {
            assert!(denied.covers(value, true), "{value}");
        }
        assert!(!denied.covers("127.0.0.1:23/tcp", true));
    }

    #[test]
    fn what_is_no_pattern_says_why() {
        for (pattern, shape, part) in [
            ("{a,b}", Shape::Text, "write alternatives as a list"),
            ("[a-z]", Shape::Text, "no meaning"),
            ("a\\", Shape::Text, "in front of nothing"),
            (
                "regex:(",
                Shape::Text,
                "not a regular expression: unclosed group",
            ),
            ("regex:a)|(?:b", Shape::Text, "not a regular expression"),
            ("regex:(?x)a #", Shape::Text, "not a regular expression"),
            ("regex:(a{1000}){1000}", Shape::Text, "too large"),
            ("srv/x", Shape::Path, "absolute"),
            ("/srv/../etc", Shape::Path, "no `.`, `..`"),
            ("Alpine", Shape::Image, "lower case"),
            ("https://r.corp/x", Shape::Image, "no `://`"),
            ("", Shape::Image, "an image is"),
            ("80-70", Shape::Ports, "above its last"),
            ("x:80", Shape::Ports, "ports are written"),
            ("80/http", Shape::Ports, "protocol"),
            ("65536", Shape::Ports, "ports are written"),
            ("lots", Shape::Limit(Unit::Count), "a count is"),
            ("x", Shape::Flag, "`true`"),
        ] {
            let error = of_shape(pattern, shape, false).unwrap_err();
            assert!(error.contains(part), "{pattern}: {error}");
        }
        assert!(of_shape(&format!("regex:{}", "a".repeat(3000)), Shape::Text, false).is_err());
    }
}
