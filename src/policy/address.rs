//! Addresses as policy files and the command line write them.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// Where a socket listens, or where the engine does.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Address {
    /// `tcp://host:port`; the host is a name or a literal address, an IPv6 one without its brackets.
    Tcp {
        /// A host name or a literal address.
        host: String,
        /// The port; 0 stands for any free one.
        port: u16,
    },
    /// `unix:///absolute/path`
    Unix(PathBuf),
}

/// Why a text is no address.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BadAddress {
    /// A path that depends on the working directory.
    #[error("the path of a unix socket must be absolute: `unix:///run/doodgate/docker.sock`")]
    RelativePath,
    /// A path that the kernel would not take, or with a `..` in it.
    #[error("the path of a unix socket must have at most 107 bytes, and no `..` and no NUL in it")]
    BadPath,
    /// A port that is missing or no number up to 65535.
    #[error("a tcp address needs a port from 0 to 65535: `tcp://127.0.0.1:2375`")]
    BadPort,
    /// A host with characters that no host has.
    #[error(
        "the host of a tcp address must be a name, an IPv4 address or an IPv6 address in brackets"
    )]
    BadHost,
    /// Something after the port.
    #[error("a tcp address has no path")]
    TrailingPath,
    /// Another scheme, or none.
    #[error("an address begins with `unix://` or `tcp://`")]
    UnknownScheme,
}

/// The longest path that `sun_path` holds on Linux, without its NUL (`unix(7)`).
const MAX_PATH: usize = 107;

impl FromStr for Address {
    type Err = BadAddress;

    fn from_str(text: &str) -> Result<Self, BadAddress> {
        if let Some(path) = text.strip_prefix("unix://") {
            return unix(path);
        }
        let Some(rest) = text.strip_prefix("tcp://") else {
            return Err(BadAddress::UnknownScheme);
        };
        let (host, port) = if let Some(rest) = rest.strip_prefix('[') {
            let (host, rest) = rest.split_once(']').ok_or(BadAddress::BadHost)?;
            if host.parse::<core::net::Ipv6Addr>().is_err() {
                return Err(BadAddress::BadHost);
            }
            (host, rest.strip_prefix(':').ok_or(BadAddress::BadPort)?)
        } else {
            let (host, port) = rest.split_once(':').ok_or(BadAddress::BadPort)?;
            let named = host
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'));
            if !named || host.len() > 253 {
                return Err(BadAddress::BadHost);
            }
            (host, port)
        };
        if port.contains('/') {
            return Err(BadAddress::TrailingPath);
        }
        if port.is_empty() || !port.bytes().all(|b| b.is_ascii_digit()) {
            return Err(BadAddress::BadPort);
        }
        Ok(Self::Tcp {
            // As the engine has it: `tcp://:2375` is every address of the machine.
            host: if host.is_empty() { "0.0.0.0" } else { host }.to_owned(),
            port: port.parse().map_err(|_| BadAddress::BadPort)?,
        })
    }
}

fn unix(path: &str) -> Result<Address, BadAddress> {
    if !path.starts_with('/') {
        return Err(BadAddress::RelativePath);
    }
    let dots = path.split('/').any(|segment| segment == "..");
    if dots || path.ends_with('/') || path.contains('\0') || path.len() > MAX_PATH {
        return Err(BadAddress::BadPath);
    }
    Ok(Address::Unix(Path::new(path).to_path_buf()))
}

impl Address {
    /// Whether only programs on the same machine can reach it: a unix socket, or a loopback address.
    pub fn is_local(&self) -> bool {
        match self {
            Self::Unix(_) => true,
            Self::Tcp { host, .. } => {
                host == "localhost"
                    || host
                        .parse::<core::net::IpAddr>()
                        .is_ok_and(|address| address.to_canonical().is_loopback())
            }
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port } if host.contains(':') => write!(f, "tcp://[{host}]:{port}"),
            Self::Tcp { host, port } => write!(f, "tcp://{host}:{port}"),
            Self::Unix(path) => write!(f, "unix://{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_and_written_back() {
        for (text, local) in [
            ("unix:///var/run/docker.sock", true),
            ("tcp://127.0.0.1:2375", true),
            ("tcp://localhost:0", true),
            ("tcp://[::1]:2375", true),
            ("tcp://[::ffff:127.0.0.1]:2375", true),
            ("tcp://0.0.0.0:2375", false),
            ("tcp://[::]:2375", false),
            ("tcp://docker-proxy.example:65535", false),
        ] {
            let address: Address = text.parse().unwrap();
            assert_eq!(address.to_string(), text);
            assert_eq!(address.is_local(), local, "{text}");
        }
        assert_eq!(
            "tcp://:2375".parse::<Address>().unwrap().to_string(),
            "tcp://0.0.0.0:2375"
        );
    }

    #[test]
    fn what_is_no_address_says_why() {
        for (text, error) in [
            ("", BadAddress::UnknownScheme),
            ("/run/docker.sock", BadAddress::UnknownScheme),
            ("http://localhost:2375", BadAddress::UnknownScheme),
            ("UNIX:///run/x", BadAddress::UnknownScheme),
            ("unix://run/docker.sock", BadAddress::RelativePath),
            ("unix://", BadAddress::RelativePath),
            ("unix:///run/../etc/x", BadAddress::BadPath),
            ("unix:///run/", BadAddress::BadPath),
            ("tcp://localhost", BadAddress::BadPort),
            ("tcp://localhost:", BadAddress::BadPort),
            ("tcp://localhost:65536", BadAddress::BadPort),
            ("tcp://localhost:+1", BadAddress::BadPort),
            ("tcp://localhost:1/x", BadAddress::TrailingPath),
            ("tcp://user@host:1", BadAddress::BadHost),
            ("tcp://[::1:1", BadAddress::BadHost),
            ("tcp://[::1]", BadAddress::BadPort),
            ("tcp://::1:2375", BadAddress::BadPort),
        ] {
            assert_eq!(text.parse::<Address>(), Err(error), "{text}");
        }
        let long = format!("unix:///{}", "x".repeat(107));
        assert_eq!(long.parse::<Address>(), Err(BadAddress::BadPath));
    }
}
