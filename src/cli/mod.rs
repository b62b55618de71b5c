//! The command line.

use std::ffi::OsString;
use std::process::ExitCode;

/// Runs the command with the arguments behind its name.
pub fn main(_args: impl Iterator<Item = OsString>) -> ExitCode {
    ExitCode::from(2)
}
