//! The tables that the tests read: lines of fields between tabs.

use std::fs;
use std::path::PathBuf;

/// Where the tables lie.
pub(crate) fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/presets")
}

/// The rows of a table, without comments and empty lines.
pub(crate) fn rows<const N: usize>(file: &str) -> Vec<[String; N]> {
    let path = folder().join(file);
    let text =
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text.lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| {
            let fields: Vec<_> = line.split('\t').map(str::to_owned).collect();
            fields
                .try_into()
                .unwrap_or_else(|_| panic!("{file}: {N} fields in `{line}`"))
        })
        .collect()
}
