//! The normal forms of values: what the engine makes of what was written, so that one pattern matches every spelling.

use core::net::IpAddr;
use std::borrow::Cow;

use crate::api::json::Value;

/// A path as Go's `path.Clean` leaves it: no empty, `.` or inner `..` parts. Symbolic links are not resolved.
pub(crate) fn path(path: &str) -> Cow<'_, str> {
    let rooted = path.starts_with('/');
    let ugly = |part: &str| matches!(part, "" | "." | "..");
    if path
        .trim_start_matches('/')
        .split('/')
        .all(|part| !ugly(part))
        && !path.starts_with("//")
    {
        return Cow::Borrowed(path);
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if rooted || parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            _ => parts.push(part),
        }
    }
    let clean = parts.join("/");
    match (rooted, clean.is_empty()) {
        (true, _) => Cow::Owned(format!("/{clean}")),
        (false, true) => Cow::Borrowed("."),
        (false, false) => Cow::Owned(clean),
    }
}

/// Whether a text is a template of the engine's, and so becomes another one.
pub(crate) fn has_template(text: &str) -> bool {
    text.contains("{{")
}

/// A host path and how it is used.
pub(in crate::demand) fn bind(source: &str, read_only: bool) -> String {
    format!("{}:{}", path(source), if read_only { "ro" } else { "rw" })
}

/// What the engine takes for the name of a volume of the local driver (moby daemon/names/names.go); anything else is
/// a path, or nothing.
pub(crate) fn is_volume_name(source: &str) -> bool {
    source.starts_with(|first: char| first.is_ascii_alphanumeric())
        && source
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-'))
}

/// A published port, and whether only processes of the host's own users can reach it. No address is all
/// addresses; no port is one of the engine's choice.
pub(in crate::demand) fn port(
    address: &str,
    port: &str,
    protocol: &str,
) -> (Cow<'static, str>, bool) {
    // An IPv4 address written as one of IPv6 is that address to the engine, too.
    let parsed = address.parse::<IpAddr>().map(|it| it.to_canonical());
    let host = match &parsed {
        _ if address.is_empty() => Cow::Borrowed("0.0.0.0"),
        Ok(IpAddr::V4(address)) => Cow::Owned(address.to_string()),
        Ok(IpAddr::V6(address)) => Cow::Owned(format!("[{address}]")),
        Err(_) => Cow::Borrowed(address),
    };
    let port = if port.is_empty() { "0" } else { port };
    let high = port == "0"
        || port
            .split('-')
            .all(|end| end.parse::<u16>().is_ok_and(|number| number >= 1024));
    let safe = high && parsed.is_ok_and(|address| address.is_loopback());
    // The engine reads protocols in any case (moby daemon/libnetwork/types, `ParseProtocol`).
    let protocol = protocol.to_ascii_lowercase();
    (Cow::Owned(format!("{host}:{port}/{protocol}")), safe)
}

/// The engine upper-cases the name and adds `CAP_` if it is missing (moby daemon/pkg/oci/caps/utils.go).
pub(in crate::demand) fn capability(name: &str) -> String {
    let upper = upper(name);
    match upper.strip_prefix("CAP_") {
        Some(bare) => bare.to_owned(),
        None => upper,
    }
}

/// A name as Go's `strings.ToUpper` leaves it, for names that are ASCII once they are so: two letters outside of it
/// become some.
pub(in crate::demand) fn upper(name: &str) -> String {
    name.chars()
        .map(|letter| match letter {
            '\u{131}' => 'I',
            '\u{17F}' => 'S',
            _ => letter.to_ascii_uppercase(),
        })
        .collect()
}

/// A kernel parameter with dots: where the first separator is a slash, slashes and dots change places (runc,
/// and sysctl.d(5)).
pub(in crate::demand) fn sysctl(name: &str) -> Cow<'_, str> {
    match name.find(['.', '/']).and_then(|at| name.as_bytes().get(at)) {
        Some(b'/') => name
            .chars()
            .map(|letter| match letter {
                '/' => '.',
                '.' => '/',
                other => other,
            })
            .collect::<String>()
            .into(),
        Some(_) | None => Cow::Borrowed(name),
    }
}

/// The size of a tmpfs: bytes, or with a suffix `k`, `m` or `g` (tmpfs(5)).
pub(in crate::demand) fn bytes(size: &str) -> Option<u64> {
    let digits = size.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let shift = match size.get(digits.len()..)?.to_ascii_lowercase().as_str() {
        "" => 0,
        "k" => 10,
        "m" => 20,
        "g" => 30,
        _ => return None,
    };
    digits
        .parse::<u64>()
        .ok()
        .filter(|bytes| *bytes > 0)?
        .checked_mul(1_u64.checked_shl(shift)?)
}

/// `KEY=VALUE` of a map of strings.
pub(in crate::demand) fn pair(key: &str, value: &Value<'_>) -> String {
    format!("{key}={}", value.as_str().unwrap_or_default())
}

/// Billionths of a processor from microseconds of a period; a negative quota is none.
pub(crate) fn processors(quota: i64, period: i64) -> Option<u64> {
    let nanos = i128::from(quota)
        .checked_mul(1_000_000_000)?
        .checked_div(i128::from(period))?;
    u64::try_from(nanos).ok()
}

/// A path in a container: the engine takes one that is not absolute from the root.
pub(crate) fn absolute(name: &str) -> Cow<'_, str> {
    if name.starts_with('/') {
        path(name)
    } else {
        Cow::Owned(path(&format!("/{name}")).into_owned())
    }
}
