//! Side by side: a client and an engine with nothing between them, with a bare byte copy, with HAProxy under
//! the rules of the usual socket proxy, and with doodgate.
//!
//! The sides take turns, round by round, so that whatever else the machine does meets them all; what counts
//! is each side's ratio to the direct connection in the same round. `scripts/bench` builds this and gets
//! HAProxy.

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::cast_precision_loss,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a measurement stops at the first surprise, and prints what it found"
)]

#[path = "proxies/audit.rs"]
mod audit;
#[path = "proxies/copy.rs"]
mod copy;
#[path = "proxies/engine.rs"]
mod engine;
#[path = "proxies/load.rs"]
mod load;
#[path = "proxies/memory.rs"]
mod memory;
#[path = "proxies/process.rs"]
mod process;
#[path = "proxies/rounds.rs"]
mod rounds;

use std::path::{Path, PathBuf};
use std::time::Duration;

use process::{Scratch, Side};

const HELP: &str = "usage: proxies [--rounds N] [--seconds S] [--haproxy FILE] [--only WORD]
                  what scripts/bench runs
       proxies engine SOCKET
       proxies copy FROM TO
                  the parts it starts
";

fn main() {
    // `cargo bench` puts its own flag in front of ours.
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| argument != "--bench")
        .collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["engine", socket] => run(engine::serve(Path::new(socket))),
        ["copy", from, to] => run(copy::serve(Path::new(from), Path::new(to))),
        options => measure(&Options::read(options)),
    }
}

/// Runs one part on one thread: what a part costs is then a matter of its work and not of the scheduler.
fn run(part: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
        .block_on(part);
}

struct Options {
    rounds: usize,
    time: Duration,
    haproxy: Option<PathBuf>,
    only: String,
}

impl Options {
    fn read(words: &[&str]) -> Self {
        let mut options = Self {
            rounds: 5,
            time: Duration::from_secs(2),
            haproxy: None,
            only: String::new(),
        };
        for pair in words.chunks(2) {
            match *pair {
                ["--rounds", count] => options.rounds = count.parse().expect("a number of rounds"),
                ["--seconds", time] => {
                    options.time =
                        Duration::from_secs_f64(time.parse().expect("a time in seconds"));
                }
                ["--haproxy", file] => options.haproxy = Some(file.into()),
                ["--only", word] => word.clone_into(&mut options.only),
                ["--help"] => {
                    println!("{HELP}");
                    std::process::exit(0);
                }
                _ => {
                    eprintln!("{HELP}");
                    std::process::exit(2);
                }
            }
        }
        options
    }
}

fn measure(options: &Options) {
    let scratch = Scratch::new();
    process::start_times(&scratch, options.haproxy.as_deref());
    let fake = Side::engine(&scratch);
    println!("\n# An engine that answers at once");
    compare(&scratch, fake.socket(), true, options);
    drop(fake);
    for (name, socket) in real_engines() {
        println!("\n# The engine of {name}");
        compare(&scratch, &socket, false, options);
    }
}

/// The engines that the tests have started.
fn real_engines() -> Vec<(String, PathBuf)> {
    let mut engines: Vec<_> = std::env::vars()
        .filter(|(name, _)| name.starts_with("DOODGATE_TEST_ENGINE"))
        .map(|(name, value)| (name, PathBuf::from(value.trim_start_matches("unix://"))))
        .filter(|(_, socket)| socket.exists())
        .collect();
    engines.sort();
    engines
}

fn compare(scratch: &Scratch, engine: &Path, fake: bool, options: &Options) {
    let mut sides = vec![Side::direct(engine), Side::copy(scratch, engine)];
    if let Some(haproxy) = &options.haproxy {
        sides.push(Side::haproxy(scratch, engine, haproxy, true));
        sides.push(Side::haproxy(scratch, engine, haproxy, false));
    }
    sides.push(Side::doodgate(scratch, engine));
    sides.push(Side::audited(scratch, engine));

    for plan in load::PLANS {
        if plan.name.contains(&options.only) && (fake || plan.real) {
            rounds::run(plan, &sides, options.rounds, options.time);
        }
    }
    memory::after_load(&sides);
    drop(sides.pop());
    if fake && "audit".contains(&options.only) {
        audit::run(scratch, engine, options.rounds, options.time);
    }
    if fake && "idle streams".contains(&options.only) {
        memory::idle_streams(&sides);
    }
}
