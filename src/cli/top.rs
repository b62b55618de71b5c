//! `doodgate top`: what a running gate does, as it does it.

use std::collections::VecDeque;
use std::fmt::Write;
use std::io::{BufRead, BufReader, IsTerminal};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use serde::Deserialize;

use super::report::{self, Report, short};
use super::settings::{Flag, Settings};
use super::{Failure, ask, print};
use crate::policy::Address;

const HELP: &str = "\
Shows what a running gate does, as it does it: sockets, the busiest operations, and the last calls with the reasons of
those that were refused. Ctrl-C ends it.

Usage: doodgate top [OPTIONS]

Options:
  --admin ADDRESS  The gate's admin listener [tcp://127.0.0.1:9717]
  --once           Print one picture, and end
  -h, --help       Print this text

Example:
  doodgate top --admin unix:///run/doodgate/admin.sock
";

const FLAGS: &[Flag] = &[
    Flag {
        name: "admin",
        takes_value: true,
    },
    Flag {
        name: "once",
        takes_value: false,
    },
];

/// How often the picture is drawn, in seconds.
const SECONDS: u64 = 2;
const EVERY: Duration = Duration::from_secs(SECONDS);
/// How long a single picture waits for the calls that the gate remembers.
const ONCE: Duration = Duration::from_millis(300);
/// How many calls are kept for the picture.
const KEPT: usize = 200;
/// What is drawn on where the terminal does not tell its size.
const USUAL: (usize, usize) = (24, 100);

/// Draws until the gate or the user ends it.
pub(crate) fn run(parser: lexopt::Parser) -> Result<ExitCode, Failure> {
    let settings = Settings::read(parser, FLAGS, |name| std::env::var_os(name))?;
    if settings.help {
        print(HELP)?;
        return Ok(ExitCode::SUCCESS);
    }
    let address = ask::admin(&settings)?;
    let calls = Calls::default();
    let colored = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    if settings.switch("once")? {
        let (found, _) = report::fetch(&address)?;
        // What was remembered so far comes at once; that there is no more of it ends the wait.
        drop(calls.follow(&address, Some(ONCE)));
        print(&picture(
            &found,
            None,
            &calls.last(),
            (usize::MAX, usize::MAX),
            colored,
        ))?;
        return Ok(ExitCode::SUCCESS);
    }
    let followed = (calls.clone(), address.clone());
    thread::spawn(move || {
        let (calls, address) = followed;
        loop {
            // The gate may be restarted under the watcher's eyes.
            drop(calls.follow(&address, None));
            thread::sleep(EVERY);
        }
    });
    let mut before: Option<Report> = None;
    loop {
        let (found, _) = report::fetch(&address)?;
        let drawn = picture(&found, before.as_ref(), &calls.last(), size(), colored);
        // Home, then the picture, then nothing below it: no flicker.
        print(&format!("\x1b[H{}\x1b[J", drawn.replace('\n', "\x1b[K\n")))?;
        before = Some(found);
        thread::sleep(EVERY);
    }
}

/// A call, as far as it is drawn.
#[derive(Clone, Debug, Deserialize)]
struct Call {
    time: String,
    socket: String,
    #[serde(default)]
    path: String,
    operation: String,
    decision: String,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    missing: Vec<Missing>,
    total_us: u64,
}

#[derive(Clone, Debug, Deserialize)]
struct Missing {
    grant: String,
    #[serde(default)]
    value: String,
}

/// The last calls, the newest at the end.
#[derive(Clone, Debug, Default)]
struct Calls(Arc<Mutex<VecDeque<Call>>>);

impl Calls {
    /// Reads the gate's events until there are no more, or none for `patience`.
    fn follow(&self, address: &Address, patience: Option<Duration>) -> std::io::Result<()> {
        let stream = ask::begin(address, "/events")?;
        stream.set_patience(patience)?;
        for line in BufReader::new(stream).lines() {
            let line = line?;
            let Some(call) = line.strip_prefix("data: ").and_then(read) else {
                continue;
            };
            let mut calls = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            calls.push_back(call);
            if calls.len() > KEPT {
                calls.pop_front();
            }
        }
        Ok(())
    }

    fn last(&self) -> Vec<Call> {
        let calls = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        calls.iter().cloned().collect()
    }
}

#[expect(clippy::disallowed_methods, reason = "the gate's own words")]
fn read(record: &str) -> Option<Call> {
    serde_json::from_str(record).ok()
}

/// Rows and columns of the terminal.
fn size() -> (usize, usize) {
    let size = rustix::termios::tcgetwinsize(std::io::stdout());
    match size {
        Ok(size) if size.ws_row > 0 && size.ws_col > 0 => (size.ws_row.into(), size.ws_col.into()),
        Ok(_) | Err(_) => USUAL,
    }
}

fn picture(
    report: &Report,
    before: Option<&Report>,
    calls: &[Call],
    (rows, columns): (usize, usize),
    colored: bool,
) -> String {
    let mut out = String::new();
    let engine = if report.engine.up {
        format!("engine {} up", report.engine.version)
    } else {
        format!("ENGINE DOWN: {}", report.engine.reason)
    };
    let lost = match report.audit.dropped {
        0 => String::new(),
        lost => format!(", {lost} AUDIT RECORDS LOST"),
    };
    // Writing to a string does not fail.
    _ = writeln!(
        out,
        "doodgate {}  {}  {engine}, {} KiB{lost}\n",
        report.version,
        short(&report.now),
        report.process.resident_bytes / 1024
    );
    _ = writeln!(
        out,
        "{:<16} {:<20} {:>10} {:>10} {:>9} {:>9} {:>7} {:>7}",
        "SOCKET", "POLICY", "CALLS", "REFUSED", "CALLS/s", "REF./s", "CONNS", "STREAMS"
    );
    for (index, socket) in report.sockets.iter().enumerate() {
        let sum = |count: fn(&report::Operation) -> u64| {
            move |socket: &report::Socket| {
                socket
                    .operations
                    .iter()
                    .map(count)
                    .fold(0, u64::saturating_add)
            }
        };
        let (total, refused) = (
            sum(report::Operation::total),
            sum(report::Operation::refused),
        );
        let earlier = before.and_then(|before| before.sockets.get(index));
        let rate = |count: &dyn Fn(&report::Socket) -> u64| {
            earlier.map_or_else(
                || "-".to_owned(),
                |earlier| {
                    let more = count(socket).saturating_sub(count(earlier));
                    format!("{}", more / SECONDS)
                },
            )
        };
        _ = writeln!(
            out,
            "{:<16} {:<20} {:>10} {:>10} {:>9} {:>9} {:>7} {:>7}",
            socket.name,
            socket.policy.name,
            total(socket),
            refused(socket),
            rate(&total),
            rate(&refused),
            socket.connections,
            socket.streams
        );
    }
    for quota in &report.tenants {
        _ = writeln!(
            out,
            "{:<16} {:<20} {} of {}",
            quota.tenant, quota.of, quota.used, quota.limit
        );
    }
    out.push('\n');
    let left = rows.saturating_sub(out.lines().count()).saturating_sub(1);
    for call in calls.iter().rev().take(left) {
        out.push_str(&draw(call, columns, colored));
        out.push('\n');
    }
    if calls.is_empty() {
        out.push_str("no calls yet\n");
    }
    out
}

fn draw(call: &Call, columns: usize, colored: bool) -> String {
    let missing: Vec<_> = call
        .missing
        .iter()
        .map(|missing| {
            format!("{} {}", missing.grant, missing.value)
                .trim()
                .to_owned()
        })
        .collect();
    let line = format!(
        "{}  {:<10} {:<14} {:<24} {:>8} us  {} {} {}",
        short(&call.time).get(11..).unwrap_or_default(),
        call.decision,
        call.socket,
        call.operation,
        call.total_us,
        call.path,
        call.reason,
        missing.join(", ")
    );
    // What a client sent must not move the cursor.
    let line: String = line
        .trim_end()
        .chars()
        .map(|c| if c.is_control() { '?' } else { c })
        .take(columns)
        .collect();
    let color = match call.decision.as_str() {
        "denied" => "31",
        "malformed" | "would_deny" => "33",
        "failed" => "35",
        _ => return line,
    };
    if colored {
        format!("\x1b[{color}m{line}\x1b[0m")
    } else {
        line
    }
}
