//! `doodgate top`: what a running gate does, as it does it.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, IsTerminal};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};

use super::picture::{Call, Picture, Rates};
use super::settings::{Flag, Settings};
use super::{Failure, ask, print, report};
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

/// How often the picture is drawn.
const EVERY: Duration = Duration::from_secs(2);
/// How long a single picture waits for the calls that the gate remembers.
const ONCE: Duration = Duration::from_millis(300);
/// How many calls are kept for the picture.
const KEPT: usize = 200;
/// What is drawn on where the terminal does not tell its size.
const USUAL: (usize, usize) = (24, 100);

/// The screen beside the one that the user had, without a cursor; and back.
const BEGIN: &str = "\x1b[?1049h\x1b[?25l";
const END: &str = "\x1b[?25h\x1b[?1049l";

/// Draws until the gate or the user ends it.
pub(crate) fn run(parser: lexopt::Parser) -> Result<ExitCode, Failure> {
    let settings = Settings::read(parser, FLAGS, |name| std::env::var_os(name))?;
    if settings.help {
        print(HELP)?;
        return Ok(ExitCode::SUCCESS);
    }
    let address = ask::admin(&settings)?;
    let calls = Calls::default();
    let terminal = std::io::stdout().is_terminal();
    let colored = terminal && std::env::var_os("NO_COLOR").is_none();
    if settings.switch("once")? {
        let (found, _) = report::fetch(&address)?;
        // What was remembered so far comes at once; that there is no more of it ends the wait.
        drop(calls.follow(&address, Some(ONCE)));
        let picture = Picture {
            report: &found,
            rates: &Rates::default(),
            calls: &calls.last(),
            rows: usize::MAX,
            columns: if terminal { size().1 } else { usize::MAX },
            colored,
        };
        print(&picture.draw())?;
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
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    print(BEGIN)?;
    let watched = runtime.block_on(watch(&address, &calls, colored));
    print(END)?;
    watched.map(|()| ExitCode::SUCCESS)
}

/// Draws until a signal comes, or the gate does not answer.
async fn watch(address: &Address, calls: &Calls, colored: bool) -> Result<(), Failure> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut resized = signal(SignalKind::window_change())?;
    let mut rates = Rates::default();
    loop {
        let (found, _) = report::fetch(address)?;
        rates.add(&found);
        let (rows, columns) = size();
        let picture = Picture {
            report: &found,
            rates: &rates,
            calls: &calls.last(),
            rows,
            columns,
            colored,
        };
        // Home, then the picture, then nothing below it: no flicker.
        let drawn = picture.draw();
        print(&format!(
            "\x1b[H{}\x1b[J",
            drawn.trim_end().replace('\n', "\x1b[K\n")
        ))?;
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            _ = resized.recv() => {}
            _ = interrupt.recv() => return Ok(()),
            _ = terminate.recv() => return Ok(()),
        }
    }
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
