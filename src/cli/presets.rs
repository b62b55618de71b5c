//! `doodgate presets [NAME]`: the policies that come with the program.

use std::process::ExitCode;

use lexopt::Parser;
use lexopt::prelude::{Long, Short, Value, ValueExt as _};

use super::{Failure, print};
use crate::policy::{PRESETS, Preset, compat};

const HELP: &str = "\
Lists the policies that come with doodgate, or prints one as a file to start from.

Usage: doodgate presets [NAME]
       doodgate presets --from-environment

Arguments:
  NAME                print this preset's YAML instead of the list

Options:
      --from-environment
                      print the policy that the variables of a Tecnativa or linuxserver socket proxy mean
  -h, --help          print this

Examples:
  doodgate presets
  doodgate presets traefik > traefik.yaml
  CONTAINERS=1 doodgate presets --from-environment
";

/// What the arguments ask for.
enum Wanted {
    Environment,
    Help,
    List,
    One(String),
}

/// Runs the subcommand with the arguments behind its name.
pub(crate) fn run(arguments: Parser) -> Result<ExitCode, Failure> {
    match read(arguments)? {
        Wanted::Environment => print(&from_environment()?)?,
        Wanted::Help => print(HELP)?,
        Wanted::List => print(&list())?,
        Wanted::One(name) => print(Preset::named(&name).ok_or_else(|| unknown(&name))?.text)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn read(mut arguments: Parser) -> Result<Wanted, lexopt::Error> {
    let mut wanted = Wanted::List;
    while let Some(argument) = arguments.next()? {
        wanted = match (argument, wanted) {
            (Short('h') | Long("help"), _) => return Ok(Wanted::Help),
            (Long("from-environment"), Wanted::List) => Wanted::Environment,
            (Value(name), Wanted::List) => Wanted::One(name.string()?),
            (other, _) => return Err(other.unexpected()),
        };
    }
    Ok(wanted)
}

fn list() -> String {
    let width = PRESETS
        .iter()
        .map(|preset| preset.name.len())
        .max()
        .unwrap_or(0);
    let lines = PRESETS
        .iter()
        .map(|preset| format!("{:width$}  {}", preset.name, preset.summary()));
    lines.chain([String::new()]).collect::<Vec<_>>().join("\n")
}

/// Names a preset that the misspelt name begins with, or that begins with it.
fn unknown(name: &str) -> Failure {
    let near = PRESETS
        .iter()
        .find(|preset| preset.name.starts_with(name) || name.starts_with(preset.name));
    let hint = near.map_or_else(String::new, |preset| {
        format!(" (perhaps `{}`?)", preset.name)
    });
    Failure::Unusable(format!(
        "there is no preset `{name}`{hint}: `doodgate presets` lists them"
    ))
}

fn from_environment() -> Result<String, Failure> {
    let variables: Vec<(String, String)> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    match compat::from_environment(&variables) {
        Ok(compat::Detection::Present(compat)) => Ok(compat.policy),
        Ok(compat::Detection::Absent) => Err(Failure::Unusable(
            "no variable of a socket proxy (CONTAINERS, POST, INFO, ...) is set to 0 or 1"
                .to_owned(),
        )),
        Err(error) => Err(Failure::Unusable(error.to_string())),
    }
}
