//! `doodgate health`: does a running gate live?

use std::process::ExitCode;

use super::load::default_listen;
use super::settings::{Flag, Settings};
use super::{Failure, ask, print};

const HELP: &str = "\
Asks a running gate whether it lives and its engine answers: exit code 0 if so, 1 if not. For HEALTHCHECK in an image
without a shell.

Usage: doodgate health [OPTIONS]

Options:
  --admin ADDRESS   The gate's admin listener; without it, a ping goes through one of the gate's sockets
  --live            Ask only whether the gate lives: its engine may be down [with --admin]
  --listen ADDRESS  One of the gate's sockets [as for `doodgate run`]
  -h, --help        Print this text

Examples:
  doodgate health --admin tcp://127.0.0.1:9717
  doodgate health --listen unix:///run/doodgate/docker.sock
";

const FLAGS: &[Flag] = &[
    Flag {
        name: "admin",
        takes_value: true,
    },
    Flag {
        name: "live",
        takes_value: false,
    },
    Flag {
        name: "listen",
        takes_value: true,
    },
];

/// Asks, and says what came.
pub(crate) fn run(parser: lexopt::Parser) -> Result<ExitCode, Failure> {
    let settings = Settings::read(parser, FLAGS, |name| std::env::var_os(name))?;
    if settings.help {
        print(HELP)?;
        return Ok(ExitCode::SUCCESS);
    }
    match settings.get("admin") {
        Some(_) => of_admin(&settings),
        None => of_socket(&settings),
    }
}

fn of_admin(settings: &Settings) -> Result<ExitCode, Failure> {
    let address = ask::admin(settings)?;
    let path = if settings.switch("live")? {
        "/healthz"
    } else {
        "/readyz"
    };
    match ask::get_admin(&address, path)? {
        (200, _) => {
            print(&format!("healthy: {address}{path} answers 200\n"))?;
            Ok(ExitCode::SUCCESS)
        }
        (status, reason) => Err(Failure::Fault(format!(
            "unhealthy: `{address}{path}` answers {status}: {}",
            reason.trim()
        ))),
    }
}

fn of_socket(settings: &Settings) -> Result<ExitCode, Failure> {
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
    let (status, _) = ask::get(&address, "/_ping").map_err(|error| {
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
