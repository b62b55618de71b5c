//! `doodgate tenant rm NAME`: remove all that a tenant has.

use std::process::ExitCode;
use std::time::Duration;

use lexopt::prelude::{Long, Short, Value, ValueExt as _};

use super::owned::Line;
use super::{Failure, print};
use crate::policy::Tenancy;
use crate::tenant::{Extent, Removal};

const HELP: &str = "\
Removes all that a tenant has in an engine: its services and containers, then its networks, volumes, secrets, configs
and images. It asks the engine itself, not a gate. Stop the tenant's socket first, or what it makes in the meantime is left.

Usage: doodgate tenant rm NAME --yes [OPTIONS]
       doodgate tenant rm NAME --dry-run [OPTIONS]

Options:
  --yes             Do it: what is removed cannot be brought back
  --dry-run         Only list what would be removed
  --engine ADDRESS  Where the engine is [unix:///var/run/docker.sock]
  -h, --help        Print this text

Exit code: 0 if nothing is left, 1 if something is.

Example:
  doodgate tenant rm team-a --dry-run
";

/// How often, and how long each time, what is left is waited for.
const PATIENCE: usize = 30;
const PAUSE: Duration = Duration::from_millis(500);

/// What the arguments ask for.
#[derive(Debug, Default, Eq, PartialEq)]
struct Wanted {
    help: bool,
    yes: bool,
    dry_run: bool,
    engine: Option<String>,
    words: Vec<String>,
}

/// Removes, and tells of each object.
pub(crate) fn run(parser: lexopt::Parser) -> Result<ExitCode, Failure> {
    let wanted = read(parser)?;
    if wanted.help {
        print(HELP)?;
        return Ok(ExitCode::SUCCESS);
    }
    let name = wanted.name()?;
    let engine = wanted.engine.clone().or_else(from_environment);
    let line = Line::to(engine.as_deref())?;
    let removals = all(&line, name)?;
    if removals.is_empty() {
        print(&format!("tenant {name} has nothing in this engine\n"))?;
        return Ok(ExitCode::SUCCESS);
    }
    if wanted.dry_run {
        for removal in &removals {
            print(&format!(
                "{} {} would be removed\n",
                removal.kind, removal.name
            ))?;
        }
        print(&format!("{} would be removed\n", objects(removals.len())))?;
        return Ok(ExitCode::SUCCESS);
    }
    remove(&line, name, &removals)
}

fn from_environment() -> Option<String> {
    let value = std::env::var("DOODGATE_ENGINE").ok()?;
    (!value.is_empty()).then_some(value)
}

fn read(mut arguments: lexopt::Parser) -> Result<Wanted, lexopt::Error> {
    let mut wanted = Wanted::default();
    while let Some(argument) = arguments.next()? {
        match argument {
            Short('h') | Long("help") => wanted.help = true,
            Long("yes") => wanted.yes = true,
            Long("dry-run") => wanted.dry_run = true,
            Long("engine") => wanted.engine = Some(arguments.value()?.string()?),
            Value(word) => wanted.words.push(word.string()?),
            Short(_) | Long(_) => return Err(argument.unexpected()),
        }
    }
    Ok(wanted)
}

impl Wanted {
    /// The tenant to remove, if that has been asked for and confirmed.
    fn name(&self) -> Result<&str, Failure> {
        let name = match self.words.as_slice() {
            [command, name] if command == "rm" => name,
            [command, ..] if command != "rm" => {
                return Err(Failure::Unusable(format!(
                    "`{command}` is not a command of `doodgate tenant`: use rm"
                )));
            }
            _ => {
                return Err(Failure::Unusable(
                    "name one tenant: `doodgate tenant rm NAME`".to_owned(),
                ));
            }
        };
        if !Tenancy::is_name(name) {
            return Err(Failure::Unusable(format!(
                "`{name}` is not a tenant: {}",
                Tenancy::NAME_HELP
            )));
        }
        if !self.yes && !self.dry_run {
            return Err(Failure::Unusable(format!(
                "all that tenant `{name}` has would be lost: look with --dry-run, then say --yes"
            )));
        }
        Ok(name)
    }
}

fn remove(line: &Line, name: &str, removals: &[Removal]) -> Result<ExitCode, Failure> {
    let mut removed = 0_usize;
    for (index, removal) in removals.iter().enumerate() {
        let place = format!("[{}/{}]", index.saturating_add(1), removals.len());
        match line.remove(removal) {
            Ok(()) => {
                removed = removed.saturating_add(1);
                print(&format!(
                    "{place} {} {} removed\n",
                    removal.kind, removal.name
                ))?;
            }
            Err(reason) => print(&format!(
                "{place} {} {} not removed: {reason}\n",
                removal.kind, removal.name
            ))?,
        }
    }
    let left = linger(line, name, removals)?;
    if left.is_empty() {
        print(&format!("{} removed, none left\n", objects(removed)))?;
        return Ok(ExitCode::SUCCESS);
    }
    let names: Vec<String> = left
        .iter()
        .map(|removal| format!("{} {}", removal.kind, removal.name))
        .collect();
    Err(Failure::Fault(format!(
        "{} removed, but {} left: {}; is the tenant's socket still served?",
        objects(removed),
        objects(left.len()),
        names.join(", ")
    )))
}

/// What is left behind, once the engine has had time: a swarm removes what services use some time after them.
fn linger(line: &Line, name: &str, removals: &[Removal]) -> Result<Vec<Removal>, Failure> {
    let mut left = all(line, name)?;
    for _ in 0..PATIENCE {
        // What is new is made by somebody.
        if left.is_empty() || !left.iter().all(|removal| removals.contains(removal)) {
            break;
        }
        std::thread::sleep(PAUSE);
        for removal in &left {
            // Whether it has gone, the next look tells.
            line.remove(removal).ok();
        }
        left = all(line, name)?;
    }
    Ok(left)
}

/// All that a tenant has, in the order in which it can go.
fn all(line: &Line, name: &str) -> Result<Vec<Removal>, Failure> {
    let held = line.owned(Some(name))?.remove(name);
    Ok(held.map_or_else(Vec::new, |held| held.removals(Extent::All)))
}

fn objects(count: usize) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} object{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(arguments: &[&str]) -> Wanted {
        read(lexopt::Parser::from_args(arguments)).unwrap()
    }

    #[test]
    fn nothing_is_removed_by_accident() {
        for arguments in [
            &["rm", "acme"][..],
            &["rm", "--yes"],
            &["rm", "a.b", "--yes"],
            &["rm", "*", "--yes"],
            &["rm", "acme", "zulu", "--yes"],
            &["ls", "acme", "--yes"],
            &["acme", "--yes"],
            &["--yes"],
        ] {
            let refused = wanted(arguments);
            assert!(
                matches!(refused.name(), Err(Failure::Unusable(_))),
                "{arguments:?}"
            );
        }
        assert!(read(lexopt::Parser::from_args(["rm", "a", "--all"])).is_err());
    }

    #[test]
    fn what_is_meant_is_understood() {
        for arguments in [
            &["rm", "acme", "--yes"][..],
            &["rm", "--dry-run", "acme"],
            &["--yes", "rm", "acme", "--engine", "unix:///x"],
        ] {
            assert_eq!(wanted(arguments).name().unwrap(), "acme");
        }
    }
}
