//! Every file below `diagnostics/` gives exactly the text that lies beside it. With `UPDATE_GOLDEN=1` the texts
//! are written anew, to be read before they are committed.

use std::path::Path;
use std::{env, fs};

use doodgate::policy::{Config, PRESETS, Policy, decode};

fn rendered(file: &str, bytes: &[u8]) -> String {
    let problems = match decode(file, bytes) {
        Err(problems) => problems,
        Ok(text) if text.contains("\nsockets:") => match Config::load(file, text, PRESETS) {
            Ok(config) => config.warnings,
            Err(problems) => problems,
        },
        Ok(text) => match Policy::load("test", file, text, PRESETS) {
            Ok(policy) => policy.warnings().clone(),
            Err(problems) => problems,
        },
    };
    problems.render(false)
}

#[test]
fn golden_files() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/policy/diagnostics");
    let mut seen = 0;
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "yaml") {
            continue;
        }
        seen += 1;
        let name = path.file_name().unwrap().to_str().unwrap();
        let text = rendered(name, &fs::read(&path).unwrap());
        assert!(!text.is_empty(), "{name} must have something to say");
        let golden = path.with_extension("txt");
        if env::var_os("UPDATE_GOLDEN").is_some() {
            fs::write(&golden, &text).unwrap();
        }
        let expected = fs::read_to_string(&golden).unwrap_or_default();
        assert_eq!(
            text, expected,
            "{name}: run with UPDATE_GOLDEN=1 and read what changes"
        );
    }
    assert!(seen > 10);
}

#[test]
fn colour_is_for_terminals_alone() {
    let problems =
        Policy::load("test", "p.yaml", "version: 1\nallow: [raed]\n", PRESETS).unwrap_err();
    assert!(!problems.render(false).contains('\x1b'));
    assert!(problems.render(true).contains("\x1b[1;31m"));
    assert_eq!(problems.to_string(), problems.render(false));
}
