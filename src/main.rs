//! The `doodgate` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    doodgate::cli::main(std::env::args_os().skip(1))
}
