//! The fields that the codec reads itself, and how often each may come.

use super::BadHead;

/// A field that the codec reads itself.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Known {
    Connection,
    ContentEncoding,
    ContentLength,
    ContentType,
    Expect,
    Host,
    KeepAlive,
    ProxyConnection,
    RegistryAuth,
    RegistryConfig,
    Te,
    Trailer,
    TransferEncoding,
    Upgrade,
}

impl Known {
    /// The field of that name, whatever its case.
    pub(super) fn of(name: &[u8]) -> Option<Self> {
        let candidates: &[Self] = match name.len() {
            2 => &[Self::Te],
            4 => &[Self::Host],
            6 => &[Self::Expect],
            7 => &[Self::Trailer, Self::Upgrade],
            10 => &[Self::Connection, Self::KeepAlive],
            12 => &[Self::ContentType],
            14 => &[Self::ContentLength],
            15 => &[Self::RegistryAuth],
            16 => &[Self::ContentEncoding, Self::ProxyConnection],
            17 => &[Self::RegistryConfig, Self::TransferEncoding],
            _ => &[],
        };
        candidates
            .iter()
            .copied()
            .find(|known| name.eq_ignore_ascii_case(known.name().as_bytes()))
    }

    /// Its name.
    const fn name(self) -> &'static str {
        match self {
            Self::Connection => "Connection",
            Self::ContentEncoding => "Content-Encoding",
            Self::ContentLength => "Content-Length",
            Self::ContentType => "Content-Type",
            Self::Expect => "Expect",
            Self::Host => "Host",
            Self::KeepAlive => "Keep-Alive",
            Self::ProxyConnection => "Proxy-Connection",
            Self::RegistryAuth => "X-Registry-Auth",
            Self::RegistryConfig => "X-Registry-Config",
            Self::Te => "TE",
            Self::Trailer => "Trailer",
            Self::TransferEncoding => "Transfer-Encoding",
            Self::Upgrade => "Upgrade",
        }
    }

    /// Whether it concerns one connection alone (RFC 9110, section 7.6.1), or the framing of one message.
    pub(super) const fn is_of_connection(self) -> bool {
        match self {
            Self::Connection
            | Self::ContentLength
            | Self::KeepAlive
            | Self::ProxyConnection
            | Self::Te
            | Self::Trailer
            | Self::TransferEncoding
            | Self::Upgrade => true,
            Self::ContentEncoding
            | Self::ContentType
            | Self::Expect
            | Self::Host
            | Self::RegistryAuth
            | Self::RegistryConfig => false,
        }
    }

    /// Whether it may come more than once. `Content-Type` may, since bollard adds its own to that of the call: the first
    /// one counts, for the engine (Go `Header.Get`) as here. Of those that may not the engine reads one, or they decide
    /// where the message ends.
    const fn repeats(self) -> bool {
        match self {
            Self::Connection
            | Self::ContentType
            | Self::KeepAlive
            | Self::ProxyConnection
            | Self::Te
            | Self::Trailer => true,
            Self::ContentEncoding
            | Self::ContentLength
            | Self::Expect
            | Self::Host
            | Self::RegistryAuth
            | Self::RegistryConfig
            | Self::TransferEncoding
            | Self::Upgrade => false,
        }
    }
}

/// Which of the fields that may come only once have come.
#[derive(Debug, Default)]
pub(super) struct Seen(u32);

impl Seen {
    /// Takes note of a field.
    ///
    /// # Errors
    /// [`BadHead::DuplicateField`] when it has come before and may come only once.
    pub(super) fn note(&mut self, known: Known) -> Result<(), BadHead> {
        #[expect(clippy::as_conversions, reason = "there are less than 32 fields")]
        let bit = 1_u32.unbounded_shl(known as u32);
        if self.0 & bit != 0 && !known.repeats() {
            return Err(BadHead::DuplicateField(known.name()));
        }
        self.0 |= bit;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_is_found_by_its_name() {
        for known in [
            Known::Connection,
            Known::ContentEncoding,
            Known::ContentLength,
            Known::ContentType,
            Known::Expect,
            Known::Host,
            Known::KeepAlive,
            Known::ProxyConnection,
            Known::RegistryAuth,
            Known::RegistryConfig,
            Known::Te,
            Known::Trailer,
            Known::TransferEncoding,
            Known::Upgrade,
        ] {
            let name = known.name();
            assert_eq!(Known::of(name.as_bytes()), Some(known));
            assert_eq!(Known::of(name.to_ascii_lowercase().as_bytes()), Some(known));
            let longer = format!("{name}x");
            assert_eq!(Known::of(longer.as_bytes()), None);
        }
    }
}
