//! Small Go programs that tests compare with: each reads inputs from its standard input, one a line in hexadecimal
//! digits, and answers each with a line.

use std::fmt::Write as _;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A program that was built.
#[derive(Debug)]
pub(crate) struct Program(PathBuf);

impl Program {
    /// Builds the program in `tests/FOLDER`. `None`, and a line that says so, where there is no Go toolchain.
    pub(crate) fn build(folder: &str) -> Option<Self> {
        let named = std::env::var_os("DOODGATE_TEST_GO");
        let go = named.clone().unwrap_or_else(|| "go".into());
        let scratch = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let program = scratch.join(folder.replace('/', "-"));
        let built = Command::new(go)
            .args(["build", "-o"])
            .arg(&program)
            .arg(".")
            .current_dir(
                Path::new(env!("CARGO_MANIFEST_DIR"))
                    .join("tests")
                    .join(folder),
            )
            .env("GOCACHE", scratch.join("go-cache"))
            .env("GOTOOLCHAIN", "local")
            .env("CGO_ENABLED", "0")
            .status();
        match built {
            Ok(status) => {
                assert!(
                    status.success(),
                    "the Go program in {folder} does not build"
                );
                Some(Self(program))
            }
            Err(why) => {
                assert!(named.is_none(), "DOODGATE_TEST_GO cannot be run: {why}");
                println!(
                    "skipped: no Go toolchain (`go` in the path, or its file's name in DOODGATE_TEST_GO)"
                );
                None
            }
        }
    }

    /// What it answers to each of `inputs`, run with `arguments` and the GODEBUG setting `debug`.
    pub(crate) fn answers(
        &self,
        arguments: &[&str],
        debug: &str,
        inputs: &[Vec<u8>],
    ) -> Vec<String> {
        let mut child = Command::new(&self.0)
            .args(arguments)
            .env("GODEBUG", debug)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("it was built");
        let mut stdin = BufWriter::new(child.stdin.take().expect("a pipe"));
        let output = std::thread::scope(|scope| {
            scope.spawn(move || {
                for input in inputs {
                    writeln!(stdin, "{}", to_hex(input)).expect("a reader");
                }
            });
            child.wait_with_output().expect("an end")
        });
        assert!(output.status.success());
        let text = String::from_utf8(output.stdout).expect("text");
        let answers: Vec<String> = text.lines().map(str::to_owned).collect();
        assert_eq!(answers.len(), inputs.len());
        answers
    }
}

fn to_hex(bytes: &[u8]) -> String {
    let mut digits = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        write!(digits, "{byte:02x}").expect("a string");
    }
    digits
}
