//! Asking a running gate's admin listener.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use super::Failure;
use super::settings::Settings;
use crate::policy::Address;

/// Where the admin listener is when nothing says where.
pub(crate) const DEFAULT_ADMIN: &str = "tcp://127.0.0.1:9717";
/// How long the gate may take: longer than the engine's own deadline, since it may ask the engine.
const TIME: Duration = Duration::from_secs(15);
/// The longest answer that is read.
const MOST: u64 = 64 << 20;

/// The admin listener's address, as the flag, its variable or the default say.
pub(crate) fn admin(settings: &Settings) -> Result<Address, Failure> {
    let text = settings.get("admin").unwrap_or(DEFAULT_ADMIN);
    text.parse()
        .map_err(|error| Failure::Unusable(format!("`{text}` is not an address: {error}")))
}

/// `GET` of `path`: the status and the body.
///
/// # Errors
/// When nobody answers at `address`, or not in HTTP.
pub(crate) fn get(address: &Address, path: &str) -> io::Result<(u16, String)> {
    let mut stream = connect(address)?;
    let request = request(address, path);
    exchange(&mut stream, &request)
}

/// [`get`] of the admin listener, with what to do when it does not answer.
pub(crate) fn get_admin(address: &Address, path: &str) -> Result<(u16, String), Failure> {
    get(address, path).map_err(|error| {
        Failure::Fault(format!(
            "no gate answers at `{address}`: {error}; is it running, and with --admin at this address?"
        ))
    })
}

/// A connection on which `path` has been asked for; the answer is still to be read, and may have no end.
pub(crate) fn begin(address: &Address, path: &str) -> io::Result<Stream> {
    let mut stream = connect(address)?;
    stream.write_all(request(address, path).as_bytes())?;
    Ok(stream)
}

/// A connection to the gate.
pub(crate) enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Stream {
    /// How long a read may wait.
    pub(crate) fn set_patience(&self, time: Option<Duration>) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.set_read_timeout(time),
            Self::Unix(stream) => stream.set_read_timeout(time),
        }
    }
}

impl Read for Stream {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.read(into),
            Self::Unix(stream) => stream.read(into),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, from: &[u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.write(from),
            Self::Unix(stream) => stream.write(from),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn connect(address: &Address) -> io::Result<Stream> {
    let stream = match address {
        Address::Unix(path) => Stream::Unix(UnixStream::connect(path)?),
        Address::Tcp { host, port } => Stream::Tcp(TcpStream::connect((near(host), *port))?),
    };
    stream.set_patience(Some(TIME))?;
    Ok(stream)
}

/// Where every address of the machine is listened on, one of them is asked.
fn near(host: &str) -> &str {
    match host {
        "0.0.0.0" => "127.0.0.1",
        "::" => "::1",
        host => host,
    }
}

fn request(address: &Address, path: &str) -> String {
    let host = match address {
        Address::Unix(_) => "localhost".to_owned(),
        Address::Tcp { host, port } if host.contains(':') => format!("[{}]:{port}", near(host)),
        Address::Tcp { host, port } => format!("{}:{port}", near(host)),
    };
    format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")
}

fn exchange(stream: &mut (impl Read + Write), request: &str) -> io::Result<(u16, String)> {
    stream.write_all(request.as_bytes())?;
    let mut answer = String::new();
    stream.take(MOST).read_to_string(&mut answer)?;
    let not_http = || io::Error::other("the answer is not HTTP");
    let (head, body) = answer.split_once("\r\n\r\n").ok_or_else(not_http)?;
    let status = head
        .strip_prefix("HTTP/1.1 ")
        .and_then(|line| line.get(..3))
        .and_then(|status| status.parse().ok())
        .ok_or_else(not_http)?;
    Ok((status, body.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Canned(io::Cursor<&'static [u8]>);

    impl Read for Canned {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            self.0.read(into)
        }
    }

    impl Write for Canned {
        fn write(&mut self, from: &[u8]) -> io::Result<usize> {
            Ok(from.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn reads_status_and_body() {
        let read = |bytes| exchange(&mut Canned(io::Cursor::new(bytes)), "").ok();
        assert_eq!(
            read(b"HTTP/1.1 503 Service Unavailable\r\nA: b\r\n\r\nno\n"),
            Some((503, "no\n".to_owned()))
        );
        assert_eq!(read(b"SSH-2.0-OpenSSH\r\n\r\n"), None);
        assert_eq!(read(b""), None);
    }
}
