//! What README.md tells people to type, typed.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test stops at the first surprise"
)]

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// What is not typed here: the tests themselves, and what builds the binary that is tested. `scripts/run --demo` is run by
/// `scripts/test`.
const ELSEWHERE: &[&str] = &[
    "scripts/run --demo",
    "scripts/test",
    "cargo build --release",
    "sudo install target/release/doodgate /usr/local/bin/",
];

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let name = format!("doodgate-readme-{name}-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn readme() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).expect("README.md")
}

/// The blocks of that language, in their order.
fn blocks(text: &str, language: &str) -> Vec<String> {
    let fence = format!("```{language}\n");
    text.split(&fence)
        .skip(1)
        .map(|rest| rest.split("```").next().expect("a block's end").to_owned())
        .collect()
}

fn doodgate(folder: &Path, words: &[String]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_doodgate"));
    command
        .args(words)
        .current_dir(folder)
        .env_clear()
        .env("XDG_RUNTIME_DIR", folder)
        .env("DOODGATE_ENGINE", "unix:///nonexistent/docker.sock")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// The words of a line, its comment left out.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for c in line.chars() {
        match c {
            '\'' => quoted = !quoted,
            '#' if !quoted => break,
            ' ' if !quoted => words.push(String::new()),
            c => words.last_mut().expect("a word").push(c),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

fn serves(folder: &Path, words: &[String]) -> Running {
    let listen = words
        .iter()
        .position(|word| word == "--listen")
        .map_or_else(
            || folder.join("doodgate.sock"),
            |at| {
                PathBuf::from(
                    words[at + 1]
                        .strip_prefix("unix://")
                        .expect("a unix socket"),
                )
            },
        );
    drop(fs::remove_file(&listen));
    let mut running = Running(doodgate(folder, words).spawn().expect("the binary"));
    let end = Instant::now() + Duration::from_secs(20);
    while !listen.exists() {
        let ended = running.0.try_wait().expect("the child");
        assert!(
            ended.is_none() && Instant::now() < end,
            "`{words:?}` does not serve"
        );
        sleep(Duration::from_millis(10));
    }
    running
}

#[test]
fn every_command_does_what_it_says() {
    let folder = Folder::new("commands");
    let text = readme();
    let policy = blocks(&text, "yaml").into_iter().next().expect("a policy");
    fs::write(folder.0.join("policy.yaml"), policy).expect("a file");
    let port = TcpListener::bind("127.0.0.1:0")
        .and_then(|free| free.local_addr())
        .expect("a free port")
        .port()
        .to_string();
    let mut serving = None;
    for line in blocks(&text, "sh").iter().flat_map(|block| block.lines()) {
        let line = line
            .replace(
                "unix:///run/doodgate",
                &format!("unix://{}", folder.0.display()),
            )
            .replace("9717", &port);
        let words = words(&line);
        let typed = words.join(" ");
        match words.first().map(String::as_str) {
            _ if ELSEWHERE.contains(&typed.as_str()) => {}
            Some("curl") => {
                let mut stream =
                    TcpStream::connect(format!("127.0.0.1:{port}")).expect("the admin");
                stream
                    .write_all(
                        b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
                    )
                    .expect("sent");
                let mut answer = String::new();
                stream.read_to_string(&mut answer).expect("an answer");
                assert!(answer.contains("# TYPE doodgate_"), "{answer}");
            }
            Some("sudo" | "doodgate") => {
                let words = &words[1 + usize::from(words[0] == "sudo")..];
                if words[0] == "run" {
                    drop(serving.take());
                    serving = Some(serves(&folder.0, words));
                    continue;
                }
                let output = doodgate(&folder.0, words).output().expect("the binary");
                // `explain` ends with 1 for what is refused, and the example is.
                let wanted = i32::from(words[0] == "explain");
                assert_eq!(output.status.code(), Some(wanted), "`{typed}`: {output:?}");
                assert!(!output.stdout.is_empty(), "`{typed}` says nothing");
            }
            first => panic!("nobody tries `{typed}` ({first:?})"),
        }
    }
}

#[test]
fn every_policy_is_one() {
    let folder = Folder::new("policies");
    for (number, block) in blocks(&readme(), "yaml").into_iter().enumerate() {
        let text = if block.starts_with("version") {
            block
        } else {
            format!("version: 1\n{block}")
        };
        let name = format!("./{number}.yaml");
        fs::write(folder.0.join(&name), &text).expect("a file");
        let output = doodgate(&folder.0, &["check".to_owned(), name])
            .output()
            .expect("the binary");
        assert!(output.status.success(), "{text}\n{output:?}");
    }
}

#[test]
fn every_file_that_is_named_is_there() {
    let text = readme();
    for link in text.split("](").skip(1) {
        let target = link.split(')').next().expect("a link's end");
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(target);
        assert!(file.exists(), "README.md names `{target}`");
    }
}
