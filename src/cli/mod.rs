//! The command line: one file a subcommand.
//!
//! Exit codes: 0 for success, 1 for a fault while running, 2 for a command line or configuration that cannot be used.

mod account;
mod admin;
mod ask;
mod check;
mod explain;
mod health;
mod load;
mod logging;
mod operations;
mod owned;
mod picture;
mod plan;
mod presets;
mod report;
mod run;
mod served;
mod settings;
mod status;
mod tenancy;
mod tenant;
mod tenants;
mod top;

use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;

const HELP: &str = "\
doodgate is a gate for the Docker socket: it listens on a socket of its own, reads every Engine API request, decides
from a YAML policy whether the caller may make it, and passes on only what it has understood.

Usage: doodgate <COMMAND> [OPTIONS]

Commands:
  run         Serve one or more sockets
  check       Check a policy or configuration file, and tell what it allows
  presets     List the policies that come with doodgate, or print one
  operations  List the operations of the Engine API
  explain     Tell what the gate would say to a call, and why
  health      Ask a running gate whether it lives, for HEALTHCHECK
  status      Tell what a running gate serves, and what has come of it
  top         Show what a running gate does, as it does it
  tenants     List the tenants of an engine, and how much each has
  tenant      Remove all that a tenant has
  help        Print this text, or that of a command
  version     Print the version

Examples:
  doodgate run                                  monitors may read, and nothing else
  doodgate run --policy traefik --listen unix:///run/doodgate/traefik.sock
  doodgate run --config /etc/doodgate.yaml
  doodgate check /etc/doodgate.yaml
  doodgate presets jenkins

`doodgate <COMMAND> --help` tells more of each. Every option has a variable: `--policy` is DOODGATE_POLICY.
";

/// Why a command ends without success.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The command line or the configuration cannot be used; the text says why and what to do.
    Unusable(String),
    /// Something failed while running.
    Fault(String),
    /// The reason is printed already.
    Reported(ExitCode),
}

impl From<lexopt::Error> for Failure {
    fn from(error: lexopt::Error) -> Self {
        Self::Unusable(format!("{error}; see `doodgate help`"))
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Fault(error.to_string())
    }
}

/// Runs the command with the arguments behind its name.
pub fn main(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    match dispatch(arguments) {
        Ok(code) | Err(Failure::Reported(code)) => code,
        Err(Failure::Unusable(reason)) => complain(&reason, 2),
        Err(Failure::Fault(reason)) => complain(&reason, 1),
    }
}

fn dispatch(arguments: impl Iterator<Item = OsString>) -> Result<ExitCode, Failure> {
    let mut parser = lexopt::Parser::from_args(arguments);
    let Some(first) = parser.next()? else {
        print(HELP)?;
        return Ok(ExitCode::from(2));
    };
    let command = match first {
        lexopt::Arg::Short('h') | lexopt::Arg::Long("help") => "help".to_owned(),
        lexopt::Arg::Short('V') | lexopt::Arg::Long("version") => "version".to_owned(),
        lexopt::Arg::Value(value) => value.to_string_lossy().into_owned(),
        lexopt::Arg::Short(_) | lexopt::Arg::Long(_) => return Err(first.unexpected().into()),
    };
    match command.as_str() {
        "check" => Ok(check::run(parser)),
        "presets" => presets::run(parser),
        "run" => run::run(parser),
        "explain" => explain::run(parser),
        "health" => health::run(parser),
        "operations" => operations::run(parser),
        "status" => status::run(parser),
        "top" => top::run(parser),
        "tenant" => tenant::run(parser),
        "tenants" => tenants::run(parser),
        "help" => help(parser),
        "version" => {
            print(&format!("doodgate {}\n", env!("CARGO_PKG_VERSION")))?;
            Ok(ExitCode::SUCCESS)
        }
        other => Err(Failure::Unusable(format!(
            "`{other}` is not a command: use run, check, explain, presets, operations, health, status, top, tenants, tenant, help or version"
        ))),
    }
}

fn help(mut parser: lexopt::Parser) -> Result<ExitCode, Failure> {
    let Some(command) = parser.next()? else {
        print(HELP)?;
        return Ok(ExitCode::SUCCESS);
    };
    let name = match command {
        lexopt::Arg::Value(value) => value,
        lexopt::Arg::Short(_) | lexopt::Arg::Long(_) => return Err(command.unexpected().into()),
    };
    dispatch([name, OsString::from("--help")].into_iter())
}

/// Prints to standard output. That its reader has left is no failure.
pub(crate) fn print(text: &str) -> io::Result<()> {
    match io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        done => done,
    }
}

/// Prints to standard error. When that fails there is nobody left to tell.
pub(crate) fn print_error(text: &str) {
    drop(io::stderr().lock().write_all(text.as_bytes()));
}

fn complain(reason: &str, code: u8) -> ExitCode {
    print_error(&format!("doodgate: {reason}\n"));
    ExitCode::from(code)
}
