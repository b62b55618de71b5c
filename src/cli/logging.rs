//! What the gate says while it runs: for people on a terminal, as JSON lines elsewhere.

use std::io::{self, IsTerminal};

use tracing::level_filters::LevelFilter;

use super::Failure;

/// Starts logging to standard error.
pub(crate) fn start(format: Option<&str>, level: Option<&str>) -> Result<(), Failure> {
    let level: LevelFilter = match level {
        None => LevelFilter::INFO,
        Some(text) => text.parse().map_err(|_| {
            Failure::Unusable(format!(
                "`{text}` is not a log level: use off, error, warn, info, debug or trace"
            ))
        })?,
    };
    let terminal = io::stderr().is_terminal();
    let json = match format {
        None | Some("auto") => !terminal,
        Some("human") => false,
        Some("json") => true,
        Some(other) => {
            return Err(Failure::Unusable(format!(
                "`{other}` is not a log format: use auto, human or json"
            )));
        }
    };
    let builder = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_target(false)
        .with_writer(io::stderr);
    if json {
        builder.json().flatten_event(true).init();
    } else {
        builder
            .with_ansi(terminal && std::env::var_os("NO_COLOR").is_none())
            .init();
    }
    Ok(())
}
