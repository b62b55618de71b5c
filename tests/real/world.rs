//! The engines that `scripts/engines` started, and gates in front of them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::RwLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// What `docker` is in a test: an engine, and a CLI to talk to it.
#[derive(Debug, Clone)]
pub(crate) struct Pair {
    /// `20` or `26`, as `scripts/engines` names them.
    pub(crate) engine: &'static str,
    /// `unix://...` of the engine itself.
    pub(crate) address: String,
    /// Path of the docker CLI.
    pub(crate) cli: String,
    /// Path of the network namespace in which published ports can be reached.
    pub(crate) netns: String,
}

/// Scripts that look at everything in an engine hold this alone; all others share it.
pub(crate) static ENGINE_20: RwLock<()> = RwLock::new(());
pub(crate) static ENGINE_26: RwLock<()> = RwLock::new(());

impl Pair {
    /// The engine `name` with the CLI in the variable `cli`; tells why when there is none.
    pub(crate) fn find(engine: &'static str, cli: &str) -> Option<Self> {
        let variable = |name: &str| {
            let value = std::env::var(name).ok().filter(|value| !value.is_empty());
            if value.is_none() {
                println!(
                    "skipped: {name} is not set, so there is no engine to test with; scripts/test sets it"
                );
            }
            value
        };
        Some(Self {
            engine,
            address: variable(&format!("DOODGATE_TEST_ENGINE_{engine}"))?,
            cli: variable(cli)?,
            netns: variable(&format!("DOODGATE_TEST_NETNS_{engine}"))?,
        })
    }

    pub(crate) fn lock(&self) -> &'static RwLock<()> {
        if self.engine == "20" {
            &ENGINE_20
        } else {
            &ENGINE_26
        }
    }
}

/// A folder of its own, deleted with it. Short, since socket paths have to fit in 107 bytes.
#[derive(Debug)]
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path =
            std::env::temp_dir().join(format!("doodgate-real.{}.{number}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}

/// A running `doodgate run`, ended with the value.
#[derive(Debug)]
pub(crate) struct Gate {
    child: Child,
    folder: Folder,
}

impl Gate {
    /// Starts the gate in front of an engine. `policy` is a preset's name or a path. `DOODGATE_TEST_BINARY` names
    /// another build of the gate than the one that cargo made for this test.
    pub(crate) fn start(engine: &str, policy: &str) -> Self {
        Self::start_with(engine, policy, &[])
    }

    /// The same with further options.
    pub(crate) fn start_with(engine: &str, policy: &str, options: &[&str]) -> Self {
        let folder = Folder::new();
        let socket = folder.path().join("gate.sock");
        let log = fs::File::create(folder.path().join("log")).unwrap();
        let binary = std::env::var("DOODGATE_TEST_BINARY")
            .unwrap_or_else(|_| env!("CARGO_BIN_EXE_doodgate").to_owned());
        let child = Command::new(binary)
            .args(["run", "--policy", policy, "--engine", engine, "--listen"])
            .arg(format!("unix://{}", socket.display()))
            .args(options)
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut gate = Self { child, folder };
        let began = Instant::now();
        while !socket.exists() {
            let ended = gate.child.try_wait().unwrap();
            assert!(
                ended.is_none() && began.elapsed() < Duration::from_secs(10),
                "the gate did not come up with policy {policy}: {}",
                gate.log()
            );
            thread::sleep(Duration::from_millis(5));
        }
        gate
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.path().join("gate.sock")
    }

    /// Resident memory in KiB: now, and at most so far (`VmRSS` and `VmHWM`, proc(5)).
    pub(crate) fn memory(&self) -> (u64, u64) {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let of = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let amount = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
            amount.unwrap_or_else(|| panic!("no {name} in {status}"))
        };
        (of("VmRSS:"), of("VmHWM:"))
    }

    pub(crate) fn address(&self) -> String {
        format!("unix://{}", self.socket().display())
    }

    /// All that the gate has written to stdout and stderr.
    pub(crate) fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.folder.path().join("log")).unwrap_or_default())
            .into_owned()
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
