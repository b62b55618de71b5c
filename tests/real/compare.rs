//! One script, directly and through the gate.

use std::fmt::Write as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::normal::normal;
use crate::shell::{Outcome, Setting, run};
use crate::world::{Folder, Gate, Pair};

/// On which engines a script makes sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum On {
    Both,
    Only20,
    Only26,
}

/// What a script may share the engine with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum With {
    Others,
    /// It looks at, or changes, everything in the engine.
    Nobody,
}

/// A row: what it shows, where, beside what, and the script. The exit code that the direct run must have
/// is written in the row too, so that a script that fails both ways for a silly reason is no success.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row(
    pub(crate) &'static str,
    pub(crate) On,
    pub(crate) With,
    pub(crate) i32,
    pub(crate) &'static str,
);

const LIMIT: Duration = Duration::from_secs(120);
/// Both runs of a script together; what takes longer is named in the test's output.
const SLOW: Duration = Duration::from_secs(8);
/// Scripts at a time: the engines do most of the work.
const WORKERS: usize = 3;

/// Runs every row for the pair, and fails with all differences at once.
pub(crate) fn compare_all(pair: &Pair, tables: &[&'static [Row]]) {
    let gate = Gate::start(&pair.address, "everything");
    let only = std::env::var("DOODGATE_TEST_ONLY").unwrap_or_default();
    let rows: Vec<&Row> = tables
        .iter()
        .flat_map(|table| table.iter())
        .filter(|row| row.0.contains(&only))
        .filter(|row| match row.1 {
            On::Both => true,
            On::Only20 => pair.engine == "20",
            On::Only26 => pair.engine == "26",
        })
        .collect();
    let failures = Mutex::new(Vec::new());
    let (shared, alone): (Vec<&Row>, Vec<&Row>) =
        rows.iter().partition(|row| row.2 == With::Others);
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                while let Some(row) = shared.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let _guard = pair
                        .lock()
                        .read()
                        .unwrap_or_else(std::sync::PoisonError::into_inner);
                    failures.lock().unwrap().extend(compare(pair, &gate, row));
                }
            });
        }
    });
    for row in &alone {
        let _guard = pair
            .lock()
            .write()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        failures.lock().unwrap().extend(compare(pair, &gate, row));
    }
    let failures = failures.into_inner().unwrap();
    println!("engine {}: {} scripts compared", pair.engine, rows.len());
    assert!(
        failures.is_empty(),
        "{} of {} scripts differ:\n{}\nthe gate's log:\n{}",
        failures.len(),
        rows.len(),
        failures.join("\n"),
        gate.log()
    );
}

fn compare(pair: &Pair, gate: &Gate, row: &Row) -> Option<String> {
    static NEXT: AtomicUsize = AtomicUsize::new(100);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let once = |letter: char, host: &str| {
        let (folder, prefix) = (Folder::new(), format!("{letter}{number}z"));
        let setting = Setting {
            cli: &pair.cli,
            host,
            prefix: &prefix,
            folder: folder.path(),
            variables: vec![
                ("NETNS", pair.netns.clone()),
                ("SOCKET", host.replace("unix://", "")),
            ],
        };
        let outcome = run(row.4, &setting, LIMIT);
        tidy(&Setting {
            host: &pair.address,
            ..setting
        });
        let clean = |text: &str| normal(text, &prefix, &folder.path().display().to_string());
        Outcome {
            code: outcome.code,
            stdout: clean(&outcome.stdout),
            stderr: clean(&outcome.stderr),
        }
    };
    let began = Instant::now();
    let direct = once('d', &pair.address);
    let gated = once('g', &gate.address());
    if began.elapsed() > SLOW {
        println!(
            "engine {}: {} took {} s",
            pair.engine,
            row.0,
            began.elapsed().as_secs()
        );
    }
    if std::env::var_os("DOODGATE_TEST_SHOW").is_some() {
        println!(
            "-- {}: {:?}\n{}{}",
            row.0, direct.code, direct.stdout, direct.stderr
        );
    }
    let mut report = String::new();
    if direct.code != Some(row.3) {
        writeln!(
            report,
            "the row says {}, and the direct run ended otherwise",
            row.3
        )
        .unwrap();
    }
    if report.is_empty() && direct == gated {
        return None;
    }
    Some(format!(
        "-- {}\n{report}direct {direct:#?}\nthrough the gate {gated:#?}",
        row.0
    ))
}

/// Removes what a script left behind, so that no other script sees it.
fn tidy(setting: &Setting<'_>) {
    let script = r#"
        { ids=$(docker ps -aq --filter "name=$N"); [ -z "$ids" ] || docker rm -fv $ids
          ids=$(docker network ls -q --filter "name=$N"); [ -z "$ids" ] || docker network rm $ids
          ids=$(docker volume ls -q --filter "name=$N"); [ -z "$ids" ] || docker volume rm $ids
          ids=$(docker images --format '{{.Repository}}:{{.Tag}}' | grep "$N"); [ -z "$ids" ] || docker rmi -f $ids; } >/dev/null 2>&1"#;
    run(script, setting, LIMIT);
}
