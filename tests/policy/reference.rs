//! The table of grants in the language's reference is the vocabulary's own.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

use doodgate::demand::{KINDS, Kind, Shape, Unit};
use doodgate::policy::{DEFAULT_MODE, Limits, Reason};

const FILE: &str = "docs/POLICY.md";
const MARK: &str = "cargo test --test policy -->\n";

fn table() -> String {
    let mut table =
        String::from("\n| grant | what it grants | value | example |\n|---|---|---|---|\n");
    for info in KINDS.iter().filter(|info| info.kind != Kind::Body) {
        let shape = match info.shape {
            Shape::Flag => "`true`",
            Shape::Text => "pattern",
            Shape::Path => "path",
            Shape::Image => "image",
            Shape::Limit(Unit::Bytes) => "limit in bytes",
            Shape::Limit(Unit::Count) => "limit",
            Shape::Limit(Unit::NanoCpus) => "limit in processors",
            Shape::Ports => "ports",
        };
        writeln!(
            table,
            "| `{}` | {} | {shape} | `{}` |",
            info.name,
            info.summary.replace('|', "\\|"),
            info.example
        )
        .unwrap();
    }
    table
}

#[test]
fn the_reference_lists_every_grant() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(FILE);
    let text = fs::read_to_string(&path).unwrap();
    let (before, after) = text.split_once(MARK).unwrap();
    if env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, format!("{before}{MARK}{}", table())).unwrap();
        return;
    }
    assert_eq!(after, table(), "run with UPDATE_GOLDEN=1");
}

#[test]
fn the_reference_lists_every_reason_and_default() {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(FILE)).unwrap();
    for reason in Reason::ALL {
        assert!(
            text.contains(&format!("| `{}` |", reason.code())),
            "{}",
            reason.code()
        );
    }
    let limits = Limits::default();
    for row in [
        format!("| `head-bytes` | `{}KiB` |", limits.head_bytes >> 10),
        format!("| `fields` | `{}` |", limits.fields),
        format!("| `connections` | `{}` |", limits.connections),
        format!("| `head-timeout` | `{}s` |", limits.head_timeout.as_secs()),
        format!("| `body-bytes` | `{}MiB` |", limits.body_bytes >> 20),
        format!("| `drain-grace` | `{}s` |", limits.drain_grace.as_secs()),
        format!("`\"0{DEFAULT_MODE:o}\"` unless given"),
    ] {
        assert!(text.contains(&row), "{row}");
    }
}

/// Every example of the reference is a file that can be used.
#[test]
fn the_examples_are_files() {
    use doodgate::policy::{Config, PRESETS, Policy};
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(FILE)).unwrap();
    let examples: Vec<_> = text
        .split("```yaml\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next())
        .collect();
    assert_eq!(examples.len(), 3);
    for example in examples {
        let whole = if example.starts_with("version") {
            example.to_owned()
        } else {
            format!("version: 1\n{example}")
        };
        let warnings = if example.contains("\nsockets:") {
            Config::load("x", &whole, PRESETS).unwrap().warnings
        } else {
            Policy::load("x", "x", &whole, PRESETS)
                .unwrap()
                .warnings()
                .clone()
        };
        assert!(warnings.is_empty(), "{warnings}");
    }
}

/// The example of every grant can be written in a rule.
#[test]
fn the_example_of_every_grant_is_one() {
    use doodgate::policy::{PRESETS, Policy};
    for info in KINDS {
        let text = format!(
            "version: 1\nallow:\n  - ContainerCreate: {{{}: {}}}\n",
            info.name, info.example
        );
        if let Err(problems) = Policy::load("x", "x", &text, PRESETS) {
            panic!("{}: {problems}", info.name);
        }
    }
}
