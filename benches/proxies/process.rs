//! The sides of a comparison, each as a process of its own.

use std::fmt::Write;
use std::fs::{self, File};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// What the gate allows: what the variables in HAPROXY give, and no more.
const POLICY: &str = "version: 1\nallow: [read, ContainerLogs]\n";

/// How often each start is timed.
const STARTS: usize = 15;

/// A directory for sockets and configurations.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn new() -> Self {
        let path = std::env::temp_dir().join(format!("doodgate-bench-{}", std::process::id()));
        fs::create_dir_all(&path).expect("a temporary directory");
        Self(path)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn file(&self, name: &str, text: &str) -> String {
        let path = self.path(name);
        fs::write(&path, text).expect("a temporary file");
        path.display().to_string()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

/// A socket to put load on, and the process behind it.
pub(crate) struct Side {
    pub(crate) name: &'static str,
    socket: PathBuf,
    child: Option<Child>,
}

impl Side {
    /// The engine itself.
    pub(crate) fn direct(engine: &Path) -> Self {
        Self {
            name: "direct",
            socket: engine.to_owned(),
            child: None,
        }
    }

    /// The engine that answers at once.
    pub(crate) fn engine(scratch: &Scratch) -> Self {
        let socket = scratch.path("engine.sock");
        let mut command = own();
        command.arg("engine").arg(&socket);
        Self::start("engine", socket, &mut command).0
    }

    pub(crate) fn copy(scratch: &Scratch, engine: &Path) -> Self {
        let socket = scratch.path("copy.sock");
        let mut command = own();
        command.arg("copy").arg(&socket).arg(engine);
        Self::start("bare copy", socket, &mut command).0
    }

    /// HAProxy: `usual` as the usual socket proxy sets it up, otherwise with kept engine connections and
    /// without its log.
    pub(crate) fn haproxy(scratch: &Scratch, engine: &Path, binary: &Path, usual: bool) -> Self {
        let (name, file) = if usual {
            ("HAProxy", "haproxy")
        } else {
            ("HAProxy, tuned", "tuned")
        };
        let socket = scratch.path(&format!("{file}.sock"));
        let config = scratch.file(
            &format!("{file}.cfg"),
            &configuration(&socket, engine, usual),
        );
        let mut command = Command::new(binary);
        command.args(["-f", &config]);
        Self::start(name, socket, &mut command).0
    }

    pub(crate) fn doodgate(scratch: &Scratch, engine: &Path) -> Self {
        Self::timed_doodgate(scratch, engine).0
    }

    /// The gate with an audit record of each call, in a file.
    pub(crate) fn audited(scratch: &Scratch, engine: &Path) -> Self {
        let file = scratch.path("calls.jsonl").display().to_string();
        Self::gate(
            scratch,
            engine,
            "doodgate, audit",
            &["--audit".to_owned(), file],
        )
    }

    /// The gate with further options.
    pub(crate) fn gate(
        scratch: &Scratch,
        engine: &Path,
        name: &'static str,
        options: &[String],
    ) -> Self {
        Self::timed_gate(scratch, engine, name, options).0
    }

    fn timed_doodgate(scratch: &Scratch, engine: &Path) -> (Self, Duration) {
        Self::timed_gate(scratch, engine, "doodgate", &[])
    }

    fn timed_gate(
        scratch: &Scratch,
        engine: &Path,
        name: &'static str,
        options: &[String],
    ) -> (Self, Duration) {
        let socket = scratch.path(&format!("{}.sock", name.replace(", ", "-")));
        let policy = scratch.file("policy.yaml", POLICY);
        let mut command = Command::new(env!("CARGO_BIN_EXE_doodgate"));
        command.args(["run", "--policy", &policy]);
        command.args(["--listen", &format!("unix://{}", socket.display())]);
        command.args(["--engine", &format!("unix://{}", engine.display())]);
        command.args(options);
        Self::start(name, socket, &mut command)
    }

    /// Starts a process and waits until it listens: how long that took.
    fn start(name: &'static str, socket: PathBuf, command: &mut Command) -> (Self, Duration) {
        drop(fs::remove_file(&socket));
        let log = socket.with_extension("log");
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&log).expect("a log"));
        let begin = Instant::now();
        let mut side = Self {
            name,
            socket,
            child: Some(command.spawn().expect(name)),
        };
        while UnixStream::connect(&side.socket).is_err() {
            let ended = side
                .child
                .as_mut()
                .is_none_or(|child| child.try_wait().expect(name).is_some());
            assert!(
                !ended && begin.elapsed() < Duration::from_secs(10),
                "{name} does not listen: {}",
                fs::read_to_string(&log).unwrap_or_default()
            );
            std::thread::sleep(Duration::from_micros(100));
        }
        let time = begin.elapsed();
        (side, time)
    }

    pub(crate) fn socket(&self) -> &Path {
        &self.socket
    }

    /// Resident memory in MiB, where there is a process of ours.
    pub(crate) fn memory(&self) -> Option<f64> {
        let id = self.child.as_ref()?.id();
        // HAProxy's worker is the process itself, since it runs in the foreground.
        let status = fs::read_to_string(format!("/proc/{id}/status")).expect("its status");
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))?;
        let kib: f64 = line.split_whitespace().next()?.parse().ok()?;
        Some(kib / 1024.0)
    }
}

impl Side {
    /// The processor time in seconds that the process has used so far, in all its threads. Unlike the rate it
    /// hardly depends on what else the machine does.
    pub(crate) fn processor_time(&self) -> Option<f64> {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.child.as_ref()?.id())).ok()?;
        let nanoseconds: f64 = tasks
            .filter_map(|task| fs::read_to_string(task.ok()?.path().join("schedstat")).ok())
            .filter_map(|line| line.split(' ').next()?.parse::<f64>().ok())
            .sum();
        Some(nanoseconds / 1e9)
    }
}

impl Drop for Side {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            drop(child.kill());
            drop(child.wait());
        }
    }
}

fn own() -> Command {
    Command::new(std::env::current_exe().expect("this program"))
}

/// Times from start to listening.
pub(crate) fn start_times(scratch: &Scratch, haproxy: Option<&Path>) {
    println!("\n# From start to listening, median of {STARTS}");
    let engine = scratch.path("absent.sock");
    let median = |mut times: Vec<Duration>| {
        times.sort();
        times[times.len() / 2].as_secs_f64() * 1e3
    };
    let times = (0..STARTS).map(|_| Side::timed_doodgate(scratch, &engine).1);
    println!("{:<16} {:>8.1} ms", "doodgate", median(times.collect()));
    if let Some(binary) = haproxy {
        let times = (0..STARTS).map(|_| {
            let begin = Instant::now();
            drop(Side::haproxy(scratch, &engine, binary, true));
            begin.elapsed()
        });
        println!(
            "{:<16} {:>8.1} ms, its end included",
            "HAProxy",
            median(times.collect())
        );
    }
}

/// A HAProxy configuration with the rules of the usual socket proxy: a list of path prefixes that are
/// allowed one by one, matched without regard to case behind an optional version, and a denial at the end.
fn configuration(socket: &Path, engine: &Path, usual: bool) -> String {
    let (log, close) = if usual {
        (
            "log stdout format raw daemon info",
            "option httplog\n    log global\n    option http-server-close",
        )
    } else {
        ("", "option http-keep-alive\n    http-reuse never")
    };
    let sections = [
        ("AUTH", false),
        ("BUILD", false),
        ("COMMIT", false),
        ("CONFIGS", false),
        ("CONTAINERS", true),
        ("DISTRIBUTION", false),
        ("EVENTS", true),
        ("EXEC", false),
        ("GRPC", false),
        ("IMAGES", true),
        ("INFO", true),
        ("NETWORKS", true),
        ("NODES", false),
        ("_PING", true),
        ("PLUGINS", false),
        ("SECRETS", false),
        ("SERVICES", false),
        ("SESSION", false),
        ("SWARM", false),
        ("SYSTEM", true),
        ("TASKS", false),
        ("VERSION", true),
        ("VOLUMES", true),
    ];
    let mut rules = String::new();
    for (section, allowed) in sections {
        let path = format!("^(/v[\\d\\.]+)?(/\\w+)?/{}", section.to_lowercase());
        let given = u8::from(allowed);
        writeln!(
            rules,
            "    http-request allow if {{ path,url_dec -m reg -i {path} }} {{ bool({given}) }}"
        )
        .expect("a string takes everything");
    }
    format!(
        "global
    {log}
    maxconn 4000
defaults
    mode http
    {close}
    timeout connect 10s
    timeout client 10m
    timeout server 10m
    timeout http-keep-alive 10s
    maxconn 3000
backend engine
    server engine unix@{engine}
frontend clients
    bind unix@{socket}
    http-request deny unless METH_GET
{rules}    http-request deny
    default_backend engine
",
        engine = engine.display(),
        socket = socket.display(),
    )
}
