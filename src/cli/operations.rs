//! `doodgate operations`: the operations table, for people or as JSON.

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use lexopt::Arg;
use serde::Serialize;

use super::{Failure, print};
use crate::api::{Group, Harm, OPERATIONS, Operation, Versioning};

const HELP: &str = "\
Lists the operations of the Docker Engine API that a policy can name.

Usage: doodgate operations [--group GROUP] [--json]

Options:
      --group GROUP  only the operations of a group (`containers`), of a part
                     of one (`containers.read`), or of the harmless reads
                     (`read`)
      --json         everything the gate knows of them, as JSON
  -h, --help         print this

Examples:
  doodgate operations --group containers.lifecycle
  doodgate operations --json | jq -r '.[] | select(.read) | .operation'
";

pub(super) fn run(mut args: lexopt::Parser) -> Result<ExitCode, Failure> {
    let mut rows: Vec<&Operation> = OPERATIONS.iter().collect();
    let mut json = false;
    while let Some(arg) = args.next()? {
        match arg {
            Arg::Long("group") => {
                rows = group(&args.value()?.to_string_lossy()).map_err(Failure::Unusable)?;
            }
            Arg::Long("json") => json = true,
            Arg::Short('h') | Arg::Long("help") => {
                print(HELP)?;
                return Ok(ExitCode::SUCCESS);
            }
            Arg::Short(_) | Arg::Long(_) | Arg::Value(_) => return Err(arg.unexpected().into()),
        }
    }
    let colour = io::stdout().is_terminal()
        && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let mut out = Vec::new();
    if json {
        write_json(&rows, &mut out)?;
    } else {
        write_table(&rows, colour, &mut out)?;
    }
    print(&String::from_utf8_lossy(&out))?;
    Ok(ExitCode::SUCCESS)
}

/// The operations of a group, in the words of a policy.
fn group(name: &str) -> Result<Vec<&'static Operation>, String> {
    let rows: Vec<&Operation> = OPERATIONS
        .iter()
        .filter(|row| match name.split_once('.') {
            _ if name == "read" => row.harmless_read,
            Some((group, part)) => row.group.as_str() == group && row.part == part,
            None => row.group.as_str() == name,
        })
        .collect();
    if rows.is_empty() {
        let groups: Vec<&str> = Group::ALL.into_iter().map(Group::as_str).collect();
        return Err(format!(
            "there is no group of operations `{name}`: choose `read`, one of {}, or a part of one, such as `containers.read`",
            groups.join(", ")
        ));
    }
    Ok(rows)
}

const HEADINGS: [&str; 6] = ["OPERATION", "METHOD", "PATH", "GROUP", "HARM", "SUMMARY"];
const BOLD: &str = "\x1b[1m";
const RED: &str = "\x1b[31m";
const GREEN: &str = "\x1b[32m";
const RESET: &str = "\x1b[0m";

fn write_table(rows: &[&Operation], colour: bool, out: &mut dyn Write) -> io::Result<()> {
    let lines: Vec<[String; 6]> = rows.iter().map(|row| cells(row)).collect();
    let mut widths = HEADINGS.map(str::len);
    for line in &lines {
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = (*width).max(cell.len());
        }
    }
    write_line(
        &HEADINGS.map(str::to_owned),
        &widths,
        if colour { BOLD } else { "" },
        out,
    )?;
    for (line, row) in lines.iter().zip(rows) {
        let paint = match row.harms.contains(&Harm::HostEscape) {
            _ if !colour => "",
            true => RED,
            false if row.harmless_read => GREEN,
            false => "",
        };
        write_line(line, &widths, paint, out)?;
    }
    Ok(())
}

fn cells(row: &Operation) -> [String; 6] {
    let harms: Vec<&str> = row.harms.iter().map(|harm| harm.as_str()).collect();
    [
        row.name.to_owned(),
        row.method.to_string(),
        row.template.to_owned(),
        format!("{}.{}", row.group, row.part),
        if harms.is_empty() {
            "-".to_owned()
        } else {
            harms.join(",")
        },
        row.summary.to_owned(),
    ]
}

/// Writes one line, its first cell in the colour `paint`, without white space at the end.
fn write_line(
    cells: &[String; 6],
    widths: &[usize; 6],
    paint: &str,
    out: &mut dyn Write,
) -> io::Result<()> {
    let [name, middle @ .., summary] = cells;
    let [name_width, widths @ .., _] = widths;
    let reset = if paint.is_empty() { "" } else { RESET };
    write!(out, "{paint}{name:name_width$}{reset}")?;
    for (cell, width) in middle.iter().zip(widths) {
        write!(out, "  {cell:width$}")?;
    }
    writeln!(out, "  {summary}")
}

/// One operation, as the JSON shows it.
#[derive(Serialize)]
struct Row {
    operation: &'static str,
    method: &'static str,
    path: &'static str,
    group: &'static str,
    part: &'static str,
    read: bool,
    summary: &'static str,
    harms: Vec<&'static str>,
    query: Vec<ParameterRow>,
    inert: &'static [&'static str],
    headers: Vec<&'static str>,
    body: &'static str,
    answer: &'static str,
    since: Option<String>,
    until: Option<String>,
    versioned: bool,
    documented: bool,
}

#[derive(Serialize)]
struct ParameterRow {
    name: &'static str,
    kind: &'static str,
}

impl From<&Operation> for Row {
    fn from(row: &Operation) -> Self {
        Self {
            operation: row.name,
            method: row.method.as_str(),
            path: row.template,
            group: row.group.as_str(),
            part: row.part,
            read: row.harmless_read,
            summary: row.summary,
            harms: row.harms.iter().map(|harm| harm.as_str()).collect(),
            query: row
                .query
                .iter()
                .map(|known| ParameterRow {
                    name: known.name,
                    kind: known.kind.as_str(),
                })
                .collect(),
            inert: row.inert,
            headers: row.headers.iter().map(|header| header.as_str()).collect(),
            body: row.body.as_str(),
            answer: row.answer.as_str(),
            since: row.since.map(|version| version.to_string()),
            until: row.until.map(|version| version.to_string()),
            versioned: row.versioning != Versioning::Unrouted,
            documented: row.documented,
        }
    }
}

fn write_json(rows: &[&Operation], out: &mut dyn Write) -> io::Result<()> {
    let rows: Vec<Row> = rows.iter().map(|row| Row::from(*row)).collect();
    serde_json::to_writer_pretty(&mut *out, &rows)?;
    writeln!(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> String {
        let mut out = Vec::new();
        write(&mut out).expect("a vector takes everything");
        String::from_utf8(out).expect("UTF-8")
    }

    #[test]
    fn a_group_is_named_as_in_a_policy() {
        let names =
            |name| group(name).map(|rows| rows.iter().map(|row| row.name).collect::<Vec<_>>());
        assert_eq!(
            names("exec"),
            Ok(vec![
                "ContainerExec",
                "ExecStart",
                "ExecResize",
                "ExecInspect"
            ])
        );
        assert_eq!(
            names("volumes.read"),
            Ok(vec!["VolumeList", "VolumeInspect"])
        );
        assert!(
            names("read").is_ok_and(
                |rows| rows.contains(&"ContainerList") && !rows.contains(&"ContainerLogs")
            )
        );
        for unknown in ["", "container", "volumes.", "volumes.pull", ".read", "Read"] {
            assert!(
                group(unknown).is_err_and(|error| error.contains(&format!("`{unknown}`"))),
                "{unknown}"
            );
        }
    }

    #[test]
    fn the_columns_are_aligned() {
        let table = text(|out| write_table(&group("volumes").expect("a group"), false, out));
        let mut lines = table.lines();
        let heading = lines.next().expect("a heading");
        let column = heading.find("METHOD").expect("a column");
        assert_eq!(heading.split_whitespace().collect::<Vec<_>>(), HEADINGS);
        assert_eq!(table.lines().count(), 7);
        for line in lines {
            let method = line.get(column..).expect("a second column");
            assert!(
                ["GET ", "POST ", "PUT ", "DELETE "]
                    .iter()
                    .any(|known| method.starts_with(known)),
                "{line}"
            );
            assert_eq!(line, line.trim_end());
        }
        assert!(!table.contains('\x1b'));
        assert!(
            text(|out| write_table(&group("volumes").expect("a group"), true, out))
                .contains("\x1b[31mVolumeCreate")
        );
    }

    #[test]
    fn the_json_has_everything() {
        let json = text(|out| write_json(&OPERATIONS.iter().collect::<Vec<_>>(), out));
        let rows: Vec<serde_json::Value> = serde_json::Deserializer::from_str(&json)
            .into_iter::<Vec<serde_json::Value>>()
            .next()
            .expect("one document")
            .expect("JSON");
        assert_eq!(rows.len(), OPERATIONS.len());
        let list = rows
            .iter()
            .find(|row| row["operation"] == "ContainerList")
            .expect("a row");
        assert_eq!(
            list["query"][0],
            serde_json::json!({"name": "all", "kind": "boolean"})
        );
        assert_eq!(list["read"], true);
        assert_eq!(list["inert"], serde_json::json!(["trunc_cmd"]));
    }
}
