//! What a tenant's view costs: a list of a thousand containers through the running gate, as the host's clients get it and
//! as a tenant does, with an engine that answers at once.
//!
//! `scripts/bench tenants` builds and runs it. Times are the median of rounds that take turns; the gate's own processor
//! time is told as well, since on a busy machine it is what stays true.

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::cast_precision_loss,
    reason = "a measurement stops at the first surprise, and prints what it found"
)]

use std::fs;
use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// How many containers the engine has.
const CONTAINERS: usize = 1000;
/// How many rounds count, and how many lists are read in each.
const ROUNDS: usize = 15;
const READS: usize = 20;

/// A list of real items, of which one in `every` is the tenant's.
fn list(every: usize) -> String {
    #[expect(
        clippy::disallowed_methods,
        reason = "a file of the project's own, without a key that comes twice"
    )]
    let sample: Vec<Value> =
        serde_json::from_str(include_str!("../tests/views/26-containers.json")).expect("a list");
    let items: Vec<Value> = (0..CONTAINERS)
        .map(|number| {
            let mut item = sample[number % sample.len()].clone();
            let tenant = if number % every == 0 { "acme" } else { "zulu" };
            item["Id"] = format!("{number:064x}").into();
            item["Names"] = json!([format!("/{tenant}.box-{number}")]);
            item["Labels"]["io.doodgate.tenant"] = tenant.into();
            item
        })
        .collect();
    Value::from(items).to_string()
}

/// Reads what is behind a head, and so much more: the head, and the body's length.
fn read_message(stream: &mut UnixStream, buffer: &mut Vec<u8>) -> Option<(String, Vec<u8>)> {
    let mut piece = vec![0; 64 << 10];
    let mut fill = |buffer: &mut Vec<u8>| -> Option<()> {
        let count = stream.read(&mut piece).ok().filter(|count| *count > 0)?;
        buffer.extend_from_slice(&piece[..count]);
        Some(())
    };
    let end = loop {
        if let Some(at) = buffer.windows(4).position(|four| four == b"\r\n\r\n") {
            break at + 4;
        }
        fill(buffer)?;
    };
    let head = String::from_utf8_lossy(&buffer[..end]).to_ascii_lowercase();
    let mut from = end;
    let mut body = Vec::new();
    if head.contains("transfer-encoding: chunked") {
        loop {
            let line = loop {
                if let Some(at) = buffer[from..].windows(2).position(|two| two == b"\r\n") {
                    break from + at;
                }
                fill(buffer)?;
            };
            let size = std::str::from_utf8(&buffer[from..line]).expect("a size");
            let size = usize::from_str_radix(size, 16).expect("a size");
            let next = line + 2 + size + 2;
            while buffer.len() < next {
                fill(buffer)?;
            }
            body.extend_from_slice(&buffer[line + 2..line + 2 + size]);
            from = next;
            if size == 0 {
                break;
            }
        }
    } else if let Some((_, rest)) = head.split_once("content-length: ") {
        let length: usize = rest[..rest.find('\r').expect("a line")]
            .parse()
            .expect("a length");
        from = end + length;
        while buffer.len() < from {
            fill(buffer)?;
        }
        body.extend_from_slice(&buffer[end..from]);
    }
    buffer.drain(..from);
    Some((head, body))
}

fn engine(path: &Path, list: String) {
    let listener = UnixListener::bind(path).expect("the engine's socket");
    let list = Arc::new(list);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, list) = (stream.expect("a connection"), Arc::clone(&list));
            thread::spawn(move || {
                let mut buffer = Vec::new();
                while let Some((head, _)) = read_message(&mut stream, &mut buffer) {
                    let body = if head.contains("/containers/json") {
                        list.as_str()
                    } else {
                        "OK"
                    };
                    let answer = format!(
                        "HTTP/1.1 200 OK\r\nApi-Version: 1.45\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
                        body.len()
                    );
                    let mut sent = answer.into_bytes();
                    sent.extend_from_slice(body.as_bytes());
                    if stream.write_all(&sent).is_err() {
                        return;
                    }
                }
            });
        }
    });
}

struct Gate(Child);

impl Gate {
    fn start(folder: &Path) -> Self {
        let listen = |name: &str| format!("unix://{}/{name}.sock", folder.display());
        let config = json!({
            "version": 1, "engine": listen("engine"), "policies": {},
            "sockets": {
                "host": {"listen": listen("host"), "policy": "everything"},
                "tenant": {"listen": listen("tenant"), "policy": "everything", "tenant": "acme"},
            }
        });
        fs::write(folder.join("gate.yaml"), config.to_string()).expect("a configuration");
        let gate = Command::new(env!("CARGO_BIN_EXE_doodgate"))
            .args(["run", "--log-level", "error", "--config"])
            .arg(folder.join("gate.yaml"))
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the gate");
        while !folder.join("tenant.sock").exists() {
            thread::sleep(Duration::from_millis(10));
        }
        Self(gate)
    }

    /// The processor time so far, in seconds (proc(5): hundredths).
    fn cpu(&self) -> f64 {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.0.id())).expect("a process");
        let (_, fields) = stat.rsplit_once(')').expect("a name");
        let fields: Vec<f64> = fields
            .split_whitespace()
            .map(|field| field.parse().unwrap_or_default())
            .collect();
        (fields[11] + fields[12]) / 100.0
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// One way to the list.
struct Way {
    name: &'static str,
    stream: UnixStream,
    buffer: Vec<u8>,
    seconds: Vec<f64>,
    cpu: f64,
    bytes: usize,
}

impl Way {
    fn to(name: &'static str, path: &Path) -> Self {
        Self {
            name,
            stream: UnixStream::connect(path).expect("a socket"),
            buffer: Vec::new(),
            seconds: Vec::new(),
            cpu: 0.0,
            bytes: 0,
        }
    }

    fn round(&mut self, gate: &Gate) {
        let (began, cpu) = (Instant::now(), gate.cpu());
        for _ in 0..READS {
            self.stream
                .write_all(b"GET /v1.45/containers/json?all=1 HTTP/1.1\r\nHost: docker\r\n\r\n")
                .expect("a request");
            let answer = read_message(&mut self.stream, &mut self.buffer);
            let (head, body) = answer.expect("an answer");
            assert!(head.starts_with("http/1.1 200"), "{head}");
            self.bytes = body.len();
        }
        self.seconds
            .push(began.elapsed().as_secs_f64() / READS as f64);
        self.cpu += (gate.cpu() - cpu) / (READS * ROUNDS) as f64;
    }

    fn median(&mut self) -> f64 {
        self.seconds.sort_by(f64::total_cmp);
        self.seconds[self.seconds.len() / 2]
    }
}

fn main() {
    for (every, whose) in [
        (1, "all of them the tenant's"),
        (10, "one in ten the tenant's"),
    ] {
        let folder = std::env::temp_dir().join(format!("db{}x{every}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        let list = list(every);
        let megabytes = list.len() as f64 / 1e6;
        println!("\n# A list of {CONTAINERS} containers, {megabytes:.2} MB, {whose}\n");
        engine(&folder.join("engine.sock"), list);
        let gate = Gate::start(&folder);
        let mut ways = ["engine", "host", "tenant"]
            .map(|name| Way::to(name, &folder.join(format!("{name}.sock"))));
        for way in &mut ways {
            way.round(&gate);
            (way.seconds, way.cpu) = (Vec::new(), 0.0);
        }
        for _ in 0..ROUNDS {
            for way in &mut ways {
                way.round(&gate);
            }
        }
        println!(
            "{:<24} {:>10} {:>10} {:>16} {:>16} {:>8}",
            "read through", "answer", "time", "engine's bytes", "of the gate's CPU", "ratio"
        );
        let direct = ways[0].median();
        for way in &mut ways {
            let (name, time, cpu) = (way.name, way.median(), way.cpu);
            let of_cpu = if cpu > 0.0 {
                format!("{:.0} MB/s", megabytes / cpu)
            } else {
                "-".to_owned()
            };
            println!(
                "{name:<24} {:>7.2} MB {:>7.2} ms {:>11.0} MB/s {of_cpu:>16} {:>7.2}x",
                way.bytes as f64 / 1e6,
                time * 1e3,
                megabytes / time,
                time / direct
            );
        }
        drop(gate);
        fs::remove_dir_all(&folder).ok();
    }
}
