//! `doodgate status`: what a running gate is and does.

use std::process::ExitCode;

use super::settings::{Flag, Settings};
use super::{Failure, ask, print, report};

const HELP: &str = "\
Tells what a running gate serves, with which policies, and what has come of it.

Usage: doodgate status [OPTIONS]

Options:
  --admin ADDRESS  The gate's admin listener [tcp://127.0.0.1:9717]
  --json           Print the document of /status as it is
  -h, --help       Print this text

Exit code: 0 if the gate answers and its engine does too, 1 if not.

Example:
  doodgate status --admin unix:///run/doodgate/admin.sock
";

const FLAGS: &[Flag] = &[
    Flag {
        name: "admin",
        takes_value: true,
    },
    Flag {
        name: "json",
        takes_value: false,
    },
];

/// Asks, and prints what came.
pub(crate) fn run(parser: lexopt::Parser) -> Result<ExitCode, Failure> {
    let settings = Settings::read(parser, FLAGS, |name| std::env::var_os(name))?;
    if settings.help {
        print(HELP)?;
        return Ok(ExitCode::SUCCESS);
    }
    let (found, document) = report::fetch(&ask::admin(&settings)?)?;
    if settings.switch("json")? {
        print(&document)?;
    } else {
        print(&report::lay_out(&found))?;
    }
    Ok(ExitCode::from(u8::from(!found.engine.up)))
}
