//! The language's reference says what the code does.

use std::fs;
use std::path::Path;

use doodgate::api::BODY_CAPS;
use doodgate::demand::KINDS;
use doodgate::policy::{DEFAULT_MODE, Limits, Reason};

const FILE: &str = "docs/POLICY.md";

#[test]
fn the_reference_lists_the_length_of_every_body() {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(FILE)).unwrap();
    let (_, rest) = text
        .split_once("| operation | at most | because of |\n|---|---|---|\n")
        .unwrap();
    let (table, _) = rest.split_once("\n\n").unwrap();
    let expected: Vec<String> = BODY_CAPS
        .iter()
        .map(|cap| {
            let size = match (cap.bytes >> 20, cap.bytes >> 10) {
                (0, kib) => format!("{kib}KiB"),
                (mib, _) => format!("{mib}MiB"),
            };
            let name = cap.operation.operation().name;
            format!("| `{name}` | `{size}` | {} |", cap.why)
        })
        .collect();
    assert_eq!(table.lines().collect::<Vec<_>>(), expected);
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
        format!("| `body-timeout` | `{}s` |", limits.body_timeout.as_secs()),
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
    assert_eq!(examples.len(), 4);
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
