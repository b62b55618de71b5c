//! `doodgate check FILE`: what is wrong with a policy or configuration file, and what it allows.

use std::fmt::Write as _;
use std::io::{self, IsTerminal as _, Read as _, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use lexopt::Parser;
use lexopt::prelude::{Long, Short, Value, ValueExt as _};
use serde_json::json;

use crate::policy::{
    Config, Diagnostic, Diagnostics, PRESETS, Policy, Preset, Severity, Summary, decode,
};

const HELP: &str = "\
Checks a policy or configuration file: prints every mistake with its place, and what the file allows.

Usage: doodgate check [OPTIONS] FILE

Arguments:
  FILE          a file for `--config` or for `--policy`, a preset's name, or - for standard input

Options:
      --json    print the result as JSON
  -h, --help    print this

Exit code: 0 when the file can be used, with or without warnings; 2 when it cannot.

Examples:
  doodgate check /etc/doodgate.yaml
  doodgate check traefik
  doodgate check --json policy.yaml
";

/// The longest file that is read, in bytes: more than a policy may have, so that its own message comes.
const MAX_FILE: u64 = 2 << 20;

/// Why a file is not checked at all.
#[derive(Debug, thiserror::Error)]
enum CheckError {
    #[error(transparent)]
    Arguments(#[from] lexopt::Error),
    #[error("name a file: `doodgate check FILE`")]
    NoFile,
    #[error("cannot write the answer: {0}")]
    Output(#[from] io::Error),
    #[error("cannot read `{name}`: {source}")]
    Unreadable { name: String, source: io::Error },
}

/// What the arguments ask for.
struct Wanted {
    file: String,
    json: bool,
}

/// What a file turns out to be.
struct Checked {
    diagnostics: Diagnostics,
    /// Each policy with the sockets that use it, as `NAME (ADDRESS)`.
    policies: Vec<(Arc<Policy>, Vec<String>)>,
}

/// Runs the subcommand with the arguments behind its name.
pub(crate) fn run(arguments: Parser) -> ExitCode {
    match answer(arguments) {
        Ok(code) => code,
        Err(error) => {
            // Nothing is left to do when standard error is gone too.
            writeln!(io::stderr(), "doodgate check: {error}").ok();
            ExitCode::from(2)
        }
    }
}

fn answer(arguments: Parser) -> Result<ExitCode, CheckError> {
    let Some(wanted) = read_arguments(arguments)? else {
        print(HELP)?;
        return Ok(ExitCode::SUCCESS);
    };
    let (name, bytes) = read_file(&wanted.file)?;
    let checked = check(&name, &bytes);
    let failed = checked.diagnostics.has_errors();
    if wanted.json {
        print(&format!("{:#}\n", as_json(&name, &checked)))?;
    } else {
        let colour = io::stderr().is_terminal();
        io::stderr().write_all(checked.diagnostics.render(colour).as_bytes())?;
        print(&as_text(&name, &checked))?;
    }
    Ok(if failed {
        ExitCode::from(2)
    } else {
        ExitCode::SUCCESS
    })
}

fn read_arguments(mut arguments: Parser) -> Result<Option<Wanted>, CheckError> {
    let mut file = None;
    let mut json = false;
    while let Some(argument) = arguments.next()? {
        match argument {
            Short('h') | Long("help") => return Ok(None),
            Long("json") => json = true,
            Value(value) if file.is_none() => file = Some(value.string()?),
            Short(_) | Long(_) | Value(_) => return Err(argument.unexpected().into()),
        }
    }
    let file = file.ok_or(CheckError::NoFile)?;
    Ok(Some(Wanted { file, json }))
}

/// The name for messages, and the bytes. A preset stands for its own file, unless there is a file of that name.
fn read_file(name: &str) -> Result<(String, Vec<u8>), CheckError> {
    let mut bytes = Vec::new();
    if let Some(preset) = Preset::named(name)
        && !Path::new(name).exists()
    {
        return Ok((preset.file.to_owned(), preset.text.into()));
    }
    let done = if name == "-" {
        io::stdin().lock().take(MAX_FILE).read_to_end(&mut bytes)
    } else {
        warn_if_open(name);
        std::fs::File::open(name).and_then(|file| file.take(MAX_FILE).read_to_end(&mut bytes))
    };
    match done {
        Ok(_) => Ok((if name == "-" { "stdin" } else { name }.to_owned(), bytes)),
        Err(source) => Err(CheckError::Unreadable {
            name: name.to_owned(),
            source,
        }),
    }
}

/// Tells when everybody may change the file, and so give themselves every right.
fn warn_if_open(name: &str) {
    if std::fs::metadata(name).is_ok_and(|file| file.is_file() && file.mode() & 0o002 != 0) {
        let warning =
            format!("doodgate: warning: anybody may change `{name}`: run `chmod o-w {name}`");
        // Nothing is left to do when standard error is gone.
        writeln!(io::stderr(), "{warning}").ok();
    }
}

fn check(name: &str, bytes: &[u8]) -> Checked {
    let read = decode(name, bytes).and_then(|text| {
        if Config::is_config(name, text)? {
            Config::load(name, text, PRESETS).map(of_config)
        } else {
            let stem = Path::new(name)
                .file_stem()
                .map_or_else(|| name.into(), |stem| stem.to_string_lossy());
            Policy::load(&stem, name, text, PRESETS).map(of_policy)
        }
    });
    read.unwrap_or_else(|diagnostics| Checked {
        diagnostics,
        policies: Vec::new(),
    })
}

fn of_policy(policy: Policy) -> Checked {
    Checked {
        diagnostics: policy.warnings().clone(),
        policies: vec![(Arc::new(policy), Vec::new())],
    }
}

fn of_config(config: Config) -> Checked {
    let mut policies: Vec<(Arc<Policy>, Vec<String>)> = config
        .policies
        .values()
        .map(|policy| (Arc::clone(policy), Vec::new()))
        .collect();
    for socket in &config.sockets {
        let label = format!("{} ({})", socket.name, socket.listen);
        match policies
            .iter_mut()
            .find(|(policy, _)| policy.name() == socket.policy.name())
        {
            Some((_, sockets)) => sockets.push(label),
            None => policies.push((Arc::clone(&socket.policy), vec![label])),
        }
    }
    Checked {
        diagnostics: config.warnings,
        policies,
    }
}

fn as_text(name: &str, checked: &Checked) -> String {
    let mut out = String::new();
    let count = |severity, word: &str| {
        let count = checked.diagnostics.count(severity);
        format!("{count} {word}{}", if count == 1 { "" } else { "s" })
    };
    let mut lines = vec![format!(
        "{name}: {}, {}",
        count(Severity::Error, "error"),
        count(Severity::Warning, "warning")
    )];
    for (policy, sockets) in &checked.policies {
        lines.push(String::new());
        lines.extend(policy_text(policy, sockets));
    }
    for line in lines {
        // A String takes all that is written to it.
        writeln!(out, "{line}").ok();
    }
    out
}

fn policy_text(policy: &Policy, sockets: &[String]) -> Vec<String> {
    let summary = policy.summary();
    let used = if sockets.is_empty() {
        String::new()
    } else {
        format!(", for {}", sockets.join(", "))
    };
    let mut lines = vec![format!("policy {}{used}", policy.name())];
    if summary.operations.is_empty() && summary.paths.is_empty() {
        lines.push("  allows nothing".to_owned());
    }
    for (group, operations) in &summary.operations {
        let all = crate::api::OPERATIONS
            .iter()
            .filter(|operation| operation.group == *group)
            .count();
        lines.push(format!(
            "  {:<13}{:>3} of {all} operations",
            group.as_str(),
            operations.len()
        ));
    }
    for path in &summary.paths {
        lines.push(format!("  by path      {} ({path})", path.text));
    }
    lines.extend(host_text(&summary));
    lines
}

fn host_text(summary: &Summary) -> Vec<String> {
    if summary.host.is_empty() {
        return vec!["  no rule reaches the host".to_owned()];
    }
    let mut lines = vec!["  reaches the host:".to_owned()];
    for reach in &summary.host {
        lines.push(format!(
            "    {} with {} ({})",
            reach.operations.join(", "),
            reach.grants.join(", "),
            reach.rule
        ));
    }
    lines
}

fn as_json(name: &str, checked: &Checked) -> serde_json::Value {
    json!({
        "file": name,
        "errors": checked.diagnostics.count(Severity::Error),
        "warnings": checked.diagnostics.count(Severity::Warning),
        "diagnostics": checked.diagnostics.iter().map(diagnostic_json).collect::<Vec<_>>(),
        "policies": checked.policies.iter().map(|(policy, sockets)| policy_json(policy, sockets)).collect::<Vec<_>>(),
    })
}

fn diagnostic_json(diagnostic: &Diagnostic) -> serde_json::Value {
    json!({
        "severity": diagnostic.severity.as_str(),
        "file": &*diagnostic.file,
        "line": diagnostic.line,
        "column": diagnostic.column,
        "message": diagnostic.message,
        "help": diagnostic.help,
    })
}

fn policy_json(policy: &Policy, sockets: &[String]) -> serde_json::Value {
    let summary = policy.summary();
    let operations: serde_json::Map<String, serde_json::Value> = summary
        .operations
        .iter()
        .map(|(group, operations)| {
            let names = operations.iter().map(|operation| operation.name).collect();
            (group.as_str().to_owned(), names)
        })
        .collect();
    json!({
        "name": policy.name(),
        "sockets": sockets,
        "min_api_version": policy.min_api_version().to_string(),
        "operations": operations,
        "host": summary.host.iter().map(|reach| json!({
            "operations": reach.operations,
            "grants": reach.grants,
            "rule": reach.rule.to_string(),
        })).collect::<Vec<_>>(),
        "paths": summary.paths.iter().map(|path| json!({
            "path": &*path.text,
            "rule": path.to_string(),
        })).collect::<Vec<_>>(),
    })
}

/// Prints to standard output. That its reader has left is no failure.
fn print(text: &str) -> io::Result<()> {
    match io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        done => done,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_names_what_sockets_may_do() {
        let file = br#"
version: 1
sockets:
  ci: {listen: "unix:///run/ci.sock", policy: ci}
  watch: {listen: "unix:///run/watch.sock", policy: read-only}
policies:
  ci:
    include: [read-only]
    allow: [ContainerCreate: {bind: "/srv/**"}, GET /libpod/info]
"#;
        let checked = check("d.yaml", file);
        assert!(checked.diagnostics.is_empty(), "{}", checked.diagnostics);
        let text = as_text("d.yaml", &checked);
        for part in [
            "d.yaml: 0 errors, 0 warnings\n",
            "policy ci, for ci (unix:///run/ci.sock)\n",
            "policy read-only, for watch (unix:///run/watch.sock)\n",
            "by path      GET /libpod/info (d.yaml:9)",
            "    ContainerCreate with bind (d.yaml:9)\n",
            "  no rule reaches the host\n",
        ] {
            assert!(text.contains(part), "{part} is not in\n{text}");
        }
        let json = as_json("d.yaml", &checked);
        assert_eq!(json["policies"][0]["host"][0]["rule"], "d.yaml:9");
        assert_eq!(json["policies"][0]["min_api_version"], "1.24");
    }

    #[test]
    fn a_file_with_mistakes_gives_all_of_them() {
        let checked = check("p.yaml", b"version: 1\nallow: [raed]\ndeny: exec\n");
        assert_eq!(checked.diagnostics.count(Severity::Error), 2);
        assert_eq!(as_json("p.yaml", &checked)["diagnostics"][0]["line"], 2);
        let checked = check("p.yaml", b"\xff");
        assert!(checked.diagnostics.has_errors());
    }

    #[test]
    fn arguments_are_read() {
        let read = |arguments: &[&str]| read_arguments(Parser::from_args(arguments));
        let wanted = read(&["--json", "x.yaml"]).unwrap().unwrap();
        assert!(wanted.json && wanted.file == "x.yaml");
        assert!(read(&["--help"]).unwrap().is_none());
        for wrong in [&[][..], &["a", "b"], &["--yaml", "a"]] {
            assert!(read(wrong).is_err(), "{wrong:?}");
        }
    }
}
