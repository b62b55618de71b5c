//! `doodgate health`: does a running gate live?

use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::process::ExitCode;
use std::time::Duration;

use super::run::default_listen;
use super::settings::{Flag, Settings};
use super::{Failure, print};
use crate::policy::Address;

const HELP: &str = "\
Asks a running gate whether it lives: exit code 0 if it answers, 1 if not. For HEALTHCHECK in an image without a shell.

Usage: doodgate health [OPTIONS]

Options:
  --listen ADDRESS  One of the gate's sockets [as for `doodgate run`]
  -h, --help        Print this text

Example:
  doodgate health --listen unix:///run/doodgate/docker.sock
";

const FLAGS: &[Flag] = &[Flag {
    name: "listen",
    takes_value: true,
}];

/// How long the gate may take: longer than the engine's own deadline, since it may ask the engine.
const TIME: Duration = Duration::from_secs(15);

/// Asks, and says what came.
pub(crate) fn run(parser: lexopt::Parser) -> Result<ExitCode, Failure> {
    let settings = Settings::read(parser, FLAGS, |name| std::env::var_os(name))?;
    if settings.help {
        print(HELP)?;
        return Ok(ExitCode::SUCCESS);
    }
    let address = match settings
        .all("listen")
        .flat_map(|listed| listed.split(','))
        .next()
    {
        Some(text) => text
            .trim()
            .parse()
            .map_err(|error| Failure::Unusable(format!("`{text}` is not an address: {error}")))?,
        None => default_listen()?,
    };
    let status = ask(&address).map_err(|error| {
        Failure::Fault(format!("the gate at `{address}` does not answer: {error}"))
    })?;
    // A policy may refuse the ping: whoever refuses is alive. 502 says that the engine is not.
    match status {
        200 | 403 => {
            print(&format!("healthy: {address} answers {status}\n"))?;
            Ok(ExitCode::SUCCESS)
        }
        other => Err(Failure::Fault(format!(
            "unhealthy: `{address}` answers {other}"
        ))),
    }
}

fn ask(address: &Address) -> std::io::Result<u16> {
    match address {
        Address::Unix(path) => {
            let stream = UnixStream::connect(path)?;
            stream.set_read_timeout(Some(TIME))?;
            ping(stream)
        }
        Address::Tcp { host, port } => {
            // Every address of the machine is listened on, and one of them is asked.
            let host = match host.as_str() {
                "0.0.0.0" => "127.0.0.1",
                "::" => "::1",
                host => host,
            };
            let stream = TcpStream::connect((host, *port))?;
            stream.set_read_timeout(Some(TIME))?;
            ping(stream)
        }
    }
}

fn ping(mut stream: impl Read + Write) -> std::io::Result<u16> {
    stream.write_all(b"GET /_ping HTTP/1.1\r\nHost: doodgate\r\nConnection: close\r\n\r\n")?;
    let mut answer = [0; 12];
    stream.read_exact(&mut answer)?;
    std::str::from_utf8(&answer)
        .ok()
        .and_then(|line| line.strip_prefix("HTTP/1.1 "))
        .and_then(|status| status.parse().ok())
        .ok_or_else(|| std::io::Error::from(std::io::ErrorKind::InvalidData))
}
