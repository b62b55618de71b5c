//! Rules about the sources themselves: which module may use which, and what the pure core may not touch.

#![expect(
    clippy::arithmetic_side_effects,
    reason = "a test that overflows fails, as it should"
)]

#[cfg(test)]
mod architecture {
    use std::collections::BTreeMap;
    use std::fs;
    use std::path::{Path, PathBuf};

    /// The modules from the inside out, each with those that it may use.
    const LAYERS: &[(&str, &[&str])] = &[
        ("wire", &[]),
        ("api", &["wire"]),
        ("demand", &["api", "wire"]),
        ("policy", &["demand", "api", "wire"]),
        ("tenant", &["policy", "demand", "api", "wire"]),
        ("observe", &["policy", "demand", "api", "wire"]),
        (
            "gate",
            &["observe", "tenant", "policy", "demand", "api", "wire"],
        ),
        (
            "cli",
            &[
                "gate", "observe", "tenant", "policy", "demand", "api", "wire",
            ],
        ),
    ];

    /// No input or output, clock, chance or log: the same answer for the same bytes, always.
    const PURE: &[&str] = &["wire", "api", "demand", "policy", "tenant"];

    /// What a pure module may not name.
    const IMPURE: &[&str] = &[
        "tokio",
        "hyper",
        "hyper_util",
        "http_body_util",
        "tracing",
        "prometheus::",
        "std::net",
        "std::os",
        "std::fs",
        "std::env",
        "std::process",
        "std::thread",
        "std::io::std",
        "Instant",
        "SystemTime",
        "async fn",
        "async move",
        ".await",
        "println!",
        "eprintln!",
    ];

    /// Files that may be longer than [`LINES`], and why.
    const LONG: &[(&str, &str)] = &[];

    const LINES: usize = 600;

    struct Source {
        /// The path below `src`.
        path: String,
        /// The module at the top that it belongs to.
        module: String,
        /// The text with neither comments nor what stands in quotes, and with no unit tests.
        code: String,
        /// The text as it is.
        text: String,
    }

    fn sources() -> Vec<Source> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let mut files = Vec::new();
        collect(&root, &mut files);
        assert!(!files.is_empty());
        files
            .into_iter()
            .map(|file| {
                let text = fs::read_to_string(&file).expect("a source file");
                let path = file
                    .strip_prefix(&root)
                    .expect("below src")
                    .display()
                    .to_string();
                Source {
                    module: path.split(['/', '.']).next().unwrap_or_default().to_owned(),
                    code: code(&text),
                    path,
                    text,
                }
            })
            .collect()
    }

    fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).expect("a folder of sources") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                collect(&path, files);
            } else if path.extension().is_some_and(|end| end == "rs") {
                files.push(path);
            }
        }
    }

    /// The code of a file as far as these rules go: up to its unit tests, without comments.
    fn code(text: &str) -> String {
        text.lines()
            .take_while(|line| !line.starts_with("#[cfg(test)]"))
            .filter(|line| !line.trim_start().starts_with("//"))
            .collect::<Vec<_>>()
            .join("\n")
    }

    fn is_test(source: &Source) -> bool {
        source.path.ends_with("tests.rs") || source.path.contains("/tests/")
    }

    /// Whether `word` stands in `code` by itself, not as a part of a longer name.
    fn names(code: &str, word: &str) -> bool {
        let joins = |c: char| c.is_alphanumeric() || c == '_';
        code.match_indices(word).any(|(at, _)| {
            let before = code.get(..at).and_then(|text| text.chars().last());
            let after = code
                .get(at + word.len()..)
                .and_then(|text| text.chars().next());
            let begins = !word.starts_with(joins) || !before.is_some_and(joins);
            let ends = !word.ends_with(joins) || !after.is_some_and(joins);
            begins && ends
        })
    }

    fn broken(rule: &str, breaches: &[String]) {
        assert!(breaches.is_empty(), "{rule}:\n{}", breaches.join("\n"));
    }

    #[test]
    fn modules_use_only_what_lies_further_in() {
        let layers: BTreeMap<_, _> = LAYERS.iter().copied().collect();
        let mut breaches = Vec::new();
        for source in sources() {
            if ["lib", "main"].contains(&source.module.as_str()) {
                continue;
            }
            let Some(allowed) = layers.get(source.module.as_str()) else {
                breaches.push(format!("{}: a module without a layer", source.path));
                continue;
            };
            for (other, _) in LAYERS {
                if *other != source.module
                    && !allowed.contains(other)
                    && (names(&source.code, &format!("crate::{other}"))
                        || names(&source.code, &format!("doodgate::{other}")))
                {
                    breaches.push(format!("{} uses {other}", source.path));
                }
            }
            // `use crate::{a::B, c::D}` would hide the names from the search above.
            if source.code.contains("use crate::{") {
                breaches.push(format!(
                    "{}: write one `use crate::module` a line",
                    source.path
                ));
            }
        }
        broken("imports go one way", &breaches);
    }

    #[test]
    fn the_core_is_pure() {
        let mut breaches = Vec::new();
        for source in sources() {
            if !PURE.contains(&source.module.as_str()) || is_test(&source) {
                continue;
            }
            for word in IMPURE {
                if names(&source.code, word) {
                    breaches.push(format!("{} names `{word}`", source.path));
                }
            }
        }
        broken("the core has no input, output, clock or log", &breaches);
    }

    #[test]
    fn nothing_is_left_to_do_or_waved_through() {
        let mut breaches = Vec::new();
        for source in sources() {
            for word in ["TODO", "FIXME", "XXX", "HACK"] {
                if names(&source.text, word) {
                    breaches.push(format!("{}: {word}", source.path));
                }
            }
            for word in ["unsafe", "#[allow", "#![allow"] {
                if names(&source.code, word) {
                    breaches.push(format!("{}: {word}", source.path));
                }
            }
        }
        broken("no debts and no exceptions", &breaches);
    }

    #[test]
    fn files_are_short_enough_to_read() {
        let mut breaches = Vec::new();
        for source in sources() {
            let lines = source.text.lines().count();
            let listed = LONG.iter().any(|(path, _)| *path == source.path);
            if lines > LINES && !listed {
                breaches.push(format!("{}: {lines} lines", source.path));
            }
            if listed && lines <= LINES {
                breaches.push(format!(
                    "{}: short again, take it off the list",
                    source.path
                ));
            }
        }
        broken(
            "split what is too long, or list it with a reason",
            &breaches,
        );
    }

    #[test]
    fn the_rules_can_fail() {
        assert!(names("use std::net::TcpStream;", "std::net"));
        assert!(names("let now = Instant::now();", "Instant"));
        assert!(!names("instantiate(); Instantly", "Instant"));
        assert!(!names("hyperlink", "hyper"));
        assert_eq!(code("a\n// tokio\nb\n#[cfg(test)]\nmod tests {}"), "a\nb");
    }
}
