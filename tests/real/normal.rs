//! Takes out of a script's output what differs between two runs on one engine.

use std::sync::LazyLock;

use regex::Regex;

/// Pattern and what stands for it; applied in this order.
const RULES: &[(&str, &str)] = &[
    // Terminal control, as `script` and progress bars leave it.
    (r"\x1b\[[0-9;?]*[A-Za-z]", ""),
    (r"[0-9a-f]{64}", "ID64"),
    (r"\b[0-9a-z]{12}\b", "ID12"),
    // Short and long identifiers of the swarm and of BuildKit look like words, and words differ in no run.
    (r"\b[0-9a-z]{25}\b", "ID25"),
    (r"\b(?:[0-9a-f]{2}:){5}[0-9a-f]{2}\b", "MAC"),
    (
        r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z| ?[+-]\d\d:?\d\d(?: [A-Z]+)?)?",
        "TIME",
    ),
    (
        r"(?:Less than a|About an?|\d+) (?:second|minute|hour)s?(?: ago)?",
        "AGO",
    ),
    (r"\b\d+(?:\.\d+)?(?:ns|us|ms|s)\b", "DURATION"),
    (r"\b(?:172|10)\.\d+\.\d+\.\d+\b", "ADDRESS"),
    (r"127\.0\.0\.1:\d{5}->", "LOOPBACK->"),
    // A manifest holds the sizes of compressed layers, whose digits differ with the names in them.
    (r"(digest: sha256:ID64 size:) \d+", "$1 SIZE"),
    // The docker CLI 20.10 says so or not where a container with `--rm` does not start: it cancels its own wait for the
    // container, and prints this if the cancelling is noticed before the engine's answer that the container is gone
    // (docker/cli, `run.go` and `utils.go`, `waitExitOrRemoved`). Of 75 runs directly 13 had it, and of 75 through the
    // gate 13.
    (
        r#"(?m)^time="TIME" level=error msg="error waiting for container: context canceled"\n"#,
        "",
    ),
    // The width of a column follows its content.
    (r"[ \t]+", " "),
    (r"(?m) $", ""),
];

static COMPILED: LazyLock<Vec<(Regex, &'static str)>> = LazyLock::new(|| {
    RULES
        .iter()
        .map(|(pattern, mark)| (Regex::new(pattern).unwrap(), *mark))
        .collect()
});

/// `text` with every name that begins with `prefix` and every path below `folder` made the same for all runs.
pub(crate) fn normal(text: &str, prefix: &str, folder: &str) -> String {
    let named = text
        .replace("\r\n", "\n")
        .replace(folder, "FOLDER")
        .replace(prefix, "NAME");
    COMPILED.iter().fold(named, |text, (regex, mark)| {
        regex.replace_all(&text, *mark).into_owned()
    })
}

#[test]
fn runs_of_one_script_read_alike() {
    let first = normal(
        "d01-web   Up 2 seconds   172.17.0.2 /tmp/a/x 0123456789ab\r\n",
        "d01-",
        "/tmp/a",
    );
    let second = normal(
        "g01-web   Up Less than a second   172.17.0.13 /tmp/b/x ba9876543210\n",
        "g01-",
        "/tmp/b",
    );
    assert_eq!(first, second);
    assert_eq!(first, "NAMEweb Up AGO ADDRESS FOLDER/x ID12\n");
}
