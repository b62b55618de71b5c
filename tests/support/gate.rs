//! The real binary, in front of a fake engine.

use std::fs::{self, File};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

use super::{Conn, Dir, FakeEngine, Head, Next, wait_until};

/// A running gate: killed when dropped.
#[derive(Debug)]
pub(crate) struct Gate {
    child: Child,
    stderr: PathBuf,
}

impl Gate {
    /// Starts the binary with `arguments` and an empty environment, and waits until it accepts connections
    /// at `socket`. What it says goes to `stderr`.
    pub(crate) fn start(arguments: &[&str], socket: &Path, stderr: &Path) -> Self {
        let mut gate = Self {
            child: command(arguments, stderr).spawn().expect("the binary"),
            stderr: stderr.to_owned(),
        };
        wait_until("the gate listens", || {
            if let Some(status) = gate.child.try_wait().expect("the child") {
                panic!("the gate ended with {status}: {}", gate.said());
            }
            UnixStream::connect(socket).is_ok()
        });
        gate
    }

    /// Runs the binary to its end: the exit status and what it said.
    pub(crate) fn run(arguments: &[&str], stderr: &Path) -> (ExitStatus, String) {
        let mut gate = Self {
            child: command(arguments, stderr).spawn().expect("the binary"),
            stderr: stderr.to_owned(),
        };
        (gate.wait(), gate.said())
    }

    /// What the gate has said on stderr so far.
    pub(crate) fn said(&self) -> String {
        fs::read_to_string(&self.stderr).expect("stderr")
    }

    /// Resident memory in KiB: now, and at most so far (`VmRSS` and `VmHWM`, proc(5)).
    pub(crate) fn memory(&self) -> (u64, u64) {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))
            .expect("the gate's status");
        let of = |name: &str| {
            status
                .lines()
                .find_map(|line| {
                    line.strip_prefix(name)?
                        .split_whitespace()
                        .next()?
                        .parse()
                        .ok()
                })
                .unwrap_or_else(|| panic!("no {name} in {status}"))
        };
        (of("VmRSS:"), of("VmHWM:"))
    }

    /// Sends a signal by name.
    pub(crate) fn signal(&self, name: &str) {
        let status = Command::new("sh")
            .args([
                "-c",
                "kill -s \"$0\" \"$1\"",
                name,
                &self.child.id().to_string(),
            ])
            .status()
            .expect("sh");
        assert!(status.success(), "kill -s {name}");
    }

    /// Waits for the gate to end by itself.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        let mut ended = None;
        wait_until("the gate ends", || {
            ended = self.child.try_wait().expect("the child");
            ended.is_some()
        });
        ended.expect("an exit status")
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn command(arguments: &[&str], stderr: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_doodgate"));
    command
        .args(arguments)
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(File::create(stderr).expect("a file for stderr"));
    command
}

/// A fake engine, the gate in front of it, and the directory that holds their sockets.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) gate: Gate,
    pub(crate) engine: FakeEngine,
    pub(crate) dir: Dir,
}

impl World {
    /// Starts an engine that answers with `script`, and a gate in front of it whose only socket follows the
    /// rules in `policy`: a preset's name, or the text of a policy file.
    pub(crate) fn new(
        policy: &str,
        script: impl Fn(&mut Conn, &Head) -> Next + Send + Sync + 'static,
    ) -> Self {
        let dir = Dir::new();
        let engine = FakeEngine::start(&dir.path("engine.sock"), script);
        let gate = Self::gate(&dir, policy, &[]);
        Self { gate, engine, dir }
    }

    /// Like [`World::new`], by a configuration file: `rules` are the policy, in braces,
    /// and `limits` are entries such as `connections: 2`.
    pub(crate) fn configured(
        limits: &[&str],
        rules: &str,
        script: impl Fn(&mut Conn, &Head) -> Next + Send + Sync + 'static,
    ) -> Self {
        let dir = Dir::new();
        let engine = FakeEngine::start(&dir.path("engine.sock"), script);
        let (socket, upstream) = (dir.path("gate.sock"), dir.path("engine.sock"));
        let config = dir.file(
            "config.yaml",
            &format!(
                "version: 1\nengine: {}\nlimits: {{{}}}\nsockets:\n  test: {{listen: \"{}\", policy: rules}}\npolicies:\n  rules: {rules}\n",
                super::unix(&upstream),
                limits.join(", "),
                super::unix(&socket),
            ),
        );
        let arguments = ["run", "--config", &config.display().to_string()];
        let gate = Gate::start(&arguments, &socket, &dir.path("stderr"));
        Self { gate, engine, dir }
    }

    /// Starts a gate on the sockets in `dir`.
    pub(crate) fn gate(dir: &Dir, policy: &str, more: &[&str]) -> Gate {
        let policy = if policy.contains(':') {
            dir.file("policy.yaml", policy).display().to_string()
        } else {
            policy.to_owned()
        };
        let socket = dir.path("gate.sock");
        let listen = super::unix(&socket);
        let upstream = super::unix(&dir.path("engine.sock"));
        let mut arguments = vec![
            "run", "--policy", &policy, "--listen", &listen, "--engine", &upstream,
        ];
        arguments.extend(more);
        Gate::start(&arguments, &socket, &dir.path("stderr"))
    }

    /// A new connection to the gate.
    pub(crate) fn client(&self) -> Conn {
        Conn::connect(&self.dir.path("gate.sock"))
    }
}
