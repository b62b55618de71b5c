//! Runs shell scripts with a time limit, and keeps what they print.

use std::io::Read;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// How a script ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// Exit code, or `None` when a signal or the time limit ended it.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// What a script is given.
#[derive(Debug, Clone)]
pub(crate) struct Setting<'s> {
    /// `docker` in the script.
    pub(crate) cli: &'s str,
    /// `DOCKER_HOST`.
    pub(crate) host: &'s str,
    /// `$N`: the prefix of every name that the script makes.
    pub(crate) prefix: &'s str,
    /// `$T` and the working folder: empty and its own.
    pub(crate) folder: &'s Path,
    /// More variables.
    pub(crate) variables: Vec<(&'s str, String)>,
}

/// Runs `script` with bash. `limit` is generous: it is there for what hangs, and its end is the failure `code: None`.
pub(crate) fn run(script: &str, setting: &Setting<'_>, limit: Duration) -> Outcome {
    let config = setting.folder.join("docker-config");
    std::fs::create_dir_all(&config).unwrap();
    if let Ok(shared) = std::env::var("DOODGATE_TEST_DOCKER_CONFIG") {
        std::os::unix::fs::symlink(
            Path::new(&shared).join("cli-plugins"),
            config.join("cli-plugins"),
        )
        .ok();
    }
    let mut child = Command::new("bash")
        .arg("-c")
        .arg(format!("docker() {{ \"$CLI\" \"$@\"; }}\n{script}"))
        .current_dir(setting.folder)
        .env_remove("DOCKER_CONTEXT")
        .env_remove("DOCKER_API_VERSION")
        .env("DOCKER_HOST", setting.host)
        .env("DOCKER_CONFIG", &config)
        .env("DOCKER_BUILDKIT", "0")
        .env("CLI", setting.cli)
        .env("N", setting.prefix)
        .env("T", setting.folder)
        .env("LC_ALL", "C")
        .envs(setting.variables.iter().map(|(name, value)| (*name, value)))
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let (stdout, stderr) = (read_all(child.stdout.take()), read_all(child.stderr.take()));
    let began = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break Some(status);
        }
        if began.elapsed() > limit {
            break None;
        }
        thread::sleep(Duration::from_millis(5));
    };
    // What the script left running would keep the pipes open.
    Command::new("kill")
        .args(["-KILL", "--", &format!("-{}", child.id())])
        .stderr(Stdio::null())
        .status()
        .ok();
    child.wait().ok();
    Outcome {
        code: status.and_then(|status| {
            status
                .code()
                .or_else(|| status.signal().and_then(i32::checked_neg))
        }),
        stdout: stdout.join().unwrap(),
        stderr: stderr.join().unwrap(),
    }
}

fn read_all(stream: Option<impl Read + Send + 'static>) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut stream) = stream {
            stream.read_to_end(&mut bytes).ok();
        }
        String::from_utf8_lossy(&bytes).into_owned()
    })
}
