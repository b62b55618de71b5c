//! Patterns for published ports.

use super::Pattern;

/// A range of ports on some host addresses.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(in crate::policy) struct Ports {
    /// One address; `None` for all of them.
    address: Option<core::net::IpAddr>,
    first: u16,
    last: u16,
    /// `tcp`, `udp` or `sctp`; `None` for all of them.
    protocol: Option<String>,
}

/// `[ADDRESS:]PORT[-PORT][/PROTOCOL]`, where `*` stands for any address or any port.
pub(super) fn ports(pattern: &str) -> Result<Pattern, String> {
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
    pub(in crate::policy) fn covers(&self, value: &str, wide: bool) -> bool {
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
