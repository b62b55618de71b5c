//! An engine, a gate with sockets for some tenants in front of it, and a client that says exactly what it is told to.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

/// An answer, read to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        self.body
            .parse()
            .unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    /// The answer, which must have this status.
    pub(crate) fn want(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.body);
        self
    }
}

/// A client of one socket.
#[derive(Debug, Clone)]
pub(crate) struct Client(PathBuf);

impl Client {
    /// A client of the engine or the gate at `address`.
    pub(crate) fn at(address: &str) -> Self {
        Self(PathBuf::from(address.trim_start_matches("unix://")))
    }

    pub(crate) fn get(&self, target: &str) -> Answer {
        self.call("GET", target, None)
    }

    pub(crate) fn post(&self, target: &str, body: &Value) -> Answer {
        self.call("POST", target, Some(body))
    }

    pub(crate) fn delete(&self, target: &str) -> Answer {
        self.call("DELETE", target, None)
    }

    pub(crate) fn call(&self, method: &str, target: &str, body: Option<&Value>) -> Answer {
        let body = body.map(Value::to_string).unwrap_or_default();
        self.send(method, target, "application/json", body.as_bytes())
    }

    /// Sends one request, and waits for nothing.
    pub(crate) fn begin(address: &str, method: &str, target: &str) -> UnixStream {
        let mut stream = UnixStream::connect(address.trim_start_matches("unix://")).unwrap();
        let head = format!("{method} {target} HTTP/1.1\r\nHost: docker\r\n\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        stream
    }

    /// Sends one request whose answer has no end, and waits for its beginning.
    pub(crate) fn open(&self, target: &str) -> UnixStream {
        let mut stream = UnixStream::connect(&self.0).expect("a gate that listens");
        stream
            .write_all(format!("GET {target} HTTP/1.1\r\nHost: docker\r\n\r\n").as_bytes())
            .unwrap();
        stream.read_exact(&mut [0; 12]).unwrap();
        stream
    }

    /// Sends one request, and reads its answer to the end of the connection.
    pub(crate) fn send(&self, method: &str, target: &str, kind: &str, body: &[u8]) -> Answer {
        let (status, body) = self.exchange(method, target, kind, body);
        let body = String::from_utf8_lossy(&body).into_owned();
        Answer { status, body }
    }

    /// The same, for answers that are no text.
    pub(crate) fn exchange(
        &self,
        method: &str,
        target: &str,
        kind: &str,
        body: &[u8],
    ) -> (u16, Vec<u8>) {
        let mut stream = UnixStream::connect(&self.0).expect("a gate that listens");
        stream
            .set_read_timeout(Some(Duration::from_secs(60)))
            .unwrap();
        let kind = if body.is_empty() {
            String::new()
        } else {
            format!("Content-Type: {kind}\r\nContent-Length: {}\r\n", body.len())
        };
        let head = format!(
            "{method} {target} HTTP/1.1\r\nHost: docker\r\nConnection: close\r\n{kind}\r\n"
        );
        // A refusal may come before the body is taken.
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(body).ok();
        let mut answer = Vec::new();
        let read = stream.read_to_end(&mut answer);
        let split = answer
            .windows(4)
            .position(|four| four == b"\r\n\r\n")
            .unwrap_or_else(|| panic!("no answer to {method} {target}: {read:?}"));
        let head = String::from_utf8_lossy(&answer[..split]).to_ascii_lowercase();
        let rest = &answer[split + 4..];
        let body = if head.contains("transfer-encoding: chunked") {
            dechunk(rest)
        } else {
            rest.to_vec()
        };
        (head[9..12].parse().expect("a status"), body)
    }
}

fn dechunk(mut rest: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(end) = rest.windows(2).position(|two| two == b"\r\n") {
        let size = usize::from_str_radix(std::str::from_utf8(&rest[..end]).unwrap(), 16).unwrap();
        if size == 0 {
            break;
        }
        body.extend_from_slice(&rest[end + 2..end + 2 + size]);
        rest = &rest[end + 4 + size..];
    }
    body
}

/// A gate in front of an engine. What its tenants have made is deleted with it.
#[derive(Debug)]
pub(crate) struct World {
    gate: Child,
    pub(crate) folder: PathBuf,
    tenants: Vec<String>,
    /// The engine itself.
    pub(crate) host: Client,
    /// Distinguishes the objects of this test that no tenant owns.
    pub(crate) prefix: String,
}

impl World {
    /// A gate with a socket for each tenant in `quotas`; `None` where there is no engine of that name.
    pub(crate) fn start(engine: &str, quotas: &[&str]) -> Option<Self> {
        let of_quota = |quota: &&str| format!("{{\"quota\": {quota}}}");
        let sockets: Vec<String> = quotas.iter().map(of_quota).collect();
        let sockets: Vec<&str> = sockets.iter().map(String::as_str).collect();
        Self::with(engine, &sockets)
    }

    /// A gate with a socket for each tenant in `sockets`, which say what is special about each.
    pub(crate) fn with(engine: &str, sockets: &[&str]) -> Option<Self> {
        Some(Self::at(&address(engine)?, sockets))
    }

    /// The same, in front of the engine at `address`.
    pub(crate) fn at(address: &str, sockets: &[&str]) -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let prefix = format!("tn{}x{number}", std::process::id());
        let folder = std::env::temp_dir().join(&prefix);
        fs::create_dir_all(&folder).unwrap();
        let tenants: Vec<String> = (0..sockets.len())
            .map(|index| format!("{prefix}t{index}"))
            .collect();
        let sockets: serde_json::Map<String, Value> = tenants
            .iter()
            .zip(sockets)
            .map(|(tenant, more)| {
                let more: Value = more.parse().unwrap();
                let mut socket = json!({
                    "listen": format!("unix://{}/{tenant}.sock", folder.display()),
                    "policy": "everything",
                    "tenant": tenant,
                    // Others may make images in this engine meanwhile.
                    "shared-images": ["alpine"],
                });
                for (key, value) in more.as_object().unwrap() {
                    socket[key] = value.clone();
                }
                (tenant.clone(), socket)
            })
            .collect();
        let admin = format!("unix://{}/admin.sock", folder.display());
        let config = json!({
            "version": 1, "engine": address, "admin": admin, "policies": {}, "sockets": sockets
        });
        fs::write(folder.join("gate.yaml"), config.to_string()).unwrap();
        let mut world = Self {
            gate: gate(&folder),
            host: Client::at(address),
            folder,
            tenants,
            prefix,
        };
        world.wait();
        world
    }

    fn wait(&mut self) {
        let began = Instant::now();
        while self
            .tenants
            .iter()
            .any(|tenant| !self.folder.join(format!("{tenant}.sock")).exists())
        {
            let ended = self.gate.try_wait().unwrap();
            assert!(
                ended.is_none() && began.elapsed() < Duration::from_secs(20),
                "the gate did not come up: {}",
                fs::read_to_string(self.folder.join("log")).unwrap_or_default()
            );
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Kills the gate, as a crash would, and starts another.
    pub(crate) fn restart(&mut self) {
        self.gate.kill().unwrap();
        self.gate.wait().unwrap();
        for tenant in &self.tenants {
            fs::remove_file(self.folder.join(format!("{tenant}.sock"))).unwrap();
        }
        self.gate = gate(&self.folder);
        self.wait();
    }

    /// Where the engine is, for programs.
    pub(crate) fn engine(&self) -> String {
        format!("unix://{}", self.host.0.display())
    }

    /// The gate's admin listener.
    pub(crate) fn admin(&self) -> Client {
        Client(self.folder.join("admin.sock"))
    }

    /// The value of a metric of a tenant's quota.
    pub(crate) fn metric(&self, name: &str, tenant: usize, quota: &str) -> String {
        let tenant = self.tenant(tenant);
        let series = format!("{name}{{quota=\"{quota}\",tenant=\"{tenant}\"}} ");
        let metrics = self.admin().get("/metrics").want(200).body;
        let line = metrics.lines().find_map(|line| line.strip_prefix(&series));
        line.unwrap_or_else(|| panic!("no {series}: {metrics}"))
            .to_owned()
    }

    /// What the gate has logged.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap()
    }

    pub(crate) fn tenant(&self, index: usize) -> &str {
        &self.tenants[index]
    }

    /// Where a tenant's socket is, for programs.
    pub(crate) fn address(&self, index: usize) -> String {
        let socket = self.folder.join(format!("{}.sock", self.tenants[index]));
        format!("unix://{}", socket.display())
    }

    pub(crate) fn client(&self, index: usize) -> Client {
        Client(self.folder.join(format!("{}.sock", self.tenants[index])))
    }

    /// Deletes what no tenant owns.
    fn sweep(&self, filter: &str) {
        let objects = |target: String, key: &str, list: Option<&str>| -> Vec<String> {
            let answer: Value = self.host.get(&target).body.parse().unwrap_or_default();
            let items = list.map_or(&answer, |list| &answer[list]);
            let items = items.as_array().cloned().unwrap_or_default();
            items
                .iter()
                .filter_map(|item| item[key].as_str().map(str::to_owned))
                .collect()
        };
        for kind in ["services", "secrets", "configs"] {
            for id in objects(format!("/{kind}?filters={filter}"), "ID", None) {
                self.host.delete(&format!("/{kind}/{id}"));
            }
        }
        for id in objects(
            format!("/containers/json?all=1&filters={filter}"),
            "Id",
            None,
        ) {
            self.host.delete(&format!("/containers/{id}?force=1&v=1"));
        }
        for id in objects(format!("/networks?filters={filter}"), "Id", None) {
            // A task may still be leaving it.
            for _ in 0..20 {
                if matches!(
                    self.host.delete(&format!("/networks/{id}")).status,
                    204 | 404
                ) {
                    break;
                }
                thread::sleep(Duration::from_millis(250));
            }
        }
        for name in objects(
            format!("/volumes?filters={filter}"),
            "Name",
            Some("Volumes"),
        ) {
            self.host.delete(&format!("/volumes/{name}?force=1"));
        }
        for id in objects(format!("/images/json?filters={filter}"), "Id", None) {
            self.host.delete(&format!("/images/{id}?force=1"));
        }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.gate.kill().ok();
        self.gate.wait().ok();
        for tenant in &self.tenants {
            self.sweep(&format!(
                "{{%22label%22:[%22io.doodgate.tenant={tenant}%22]}}"
            ));
        }
        self.sweep(&format!("{{%22label%22:[%22test={}%22]}}", self.prefix));
        if !thread::panicking() {
            fs::remove_dir_all(&self.folder).ok();
        }
    }
}

/// Where the engine of that name is; `None` where there is none.
pub(crate) fn address(engine: &str) -> Option<String> {
    let variable = format!("DOODGATE_TEST_ENGINE_{engine}");
    let address = std::env::var(&variable).ok().filter(|it| !it.is_empty());
    if address.is_none() {
        println!("skipped: {variable} is not set, so there is no engine to test with");
    }
    address
}

/// Keeps an engine in a swarm for as long as a test needs it: it leaves with the last one.
#[derive(Debug)]
pub(crate) struct Swarm(Client);

static SWARMS: Mutex<BTreeMap<PathBuf, usize>> = Mutex::new(BTreeMap::new());

impl Swarm {
    /// `None` where there is no engine of that name. To be had before the world that lives in it.
    pub(crate) fn of(engine: &str) -> Option<Self> {
        let address = std::env::var(format!("DOODGATE_TEST_ENGINE_{engine}")).ok()?;
        let client = Client(PathBuf::from(address.trim_start_matches("unix://")));
        let mut swarms = SWARMS.lock().unwrap_or_else(PoisonError::into_inner);
        let held = swarms.entry(client.0.clone()).or_default();
        if *held == 0 {
            // The engines have this address for it.
            let spec = json!({"ListenAddr": "10.98.0.1:2377", "AdvertiseAddr": "10.98.0.1"});
            let made = client.post("/swarm/init", &spec);
            assert!(
                made.status == 200 || made.body.contains("already part"),
                "{made:?}"
            );
        }
        *held += 1;
        drop(swarms);
        Some(Self(client))
    }
}

impl Drop for Swarm {
    fn drop(&mut self) {
        let mut swarms = SWARMS.lock().unwrap_or_else(PoisonError::into_inner);
        let held = swarms.entry(self.0.0.clone()).or_default();
        *held -= 1;
        if *held == 0 {
            self.0.call("POST", "/swarm/leave?force=1", None);
        }
        drop(swarms);
    }
}

/// The time, in seconds.
pub(crate) fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs()
}

fn gate(folder: &Path) -> Child {
    let log = fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(folder.join("log"))
        .unwrap();
    Command::new(env!("CARGO_BIN_EXE_doodgate"))
        .args(["run", "--config"])
        .arg(folder.join("gate.yaml"))
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .spawn()
        .unwrap()
}

/// Waits until something is so, for so many seconds at most.
pub(crate) fn until(seconds: u64, what: &str, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(
            began.elapsed() < Duration::from_secs(seconds),
            "never {what}"
        );
        thread::sleep(Duration::from_millis(50));
    }
}

/// The identifiers of a list's items.
pub(crate) fn ids(answer: &Value) -> Vec<String> {
    let items = answer.as_array().unwrap();
    items
        .iter()
        .map(|item| item["Id"].as_str().unwrap().to_owned())
        .collect()
}

/// A container that runs until it is stopped.
pub(crate) fn sleeper() -> Value {
    json!({"Image": "alpine", "Cmd": ["sleep", "600"], "HostConfig": {"Init": true}})
}

/// Makes a container and starts it.
pub(crate) fn run(client: &Client, name: &str, body: &Value) -> String {
    let made = client
        .post(&format!("/containers/create?name={name}"), body)
        .want(201)
        .json();
    let id = made["Id"].as_str().unwrap().to_owned();
    client
        .call("POST", &format!("/containers/{id}/start"), None)
        .want(204);
    id
}

/// Builds an image with the classic builder.
pub(crate) fn build(client: &Client, query: &str, dockerfile: &str) -> Answer {
    let context = tar(&[("Dockerfile", dockerfile)]);
    client.send(
        "POST",
        &format!("/build?{query}"),
        "application/x-tar",
        &context,
    )
}

/// A tar archive of files.
pub(crate) fn tar(files: &[(&str, &str)]) -> Vec<u8> {
    let mut archive = Vec::new();
    for (name, text) in files {
        let mut header = [0_u8; 512];
        header[..name.len()].copy_from_slice(name.as_bytes());
        header[100..107].copy_from_slice(b"0000644");
        header[124..135].copy_from_slice(format!("{:011o}", text.len()).as_bytes());
        header[148..156].copy_from_slice(b"        ");
        header[156] = b'0';
        header[257..265].copy_from_slice(b"ustar\x0000");
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
        header[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
        archive.extend_from_slice(&header);
        archive.extend_from_slice(text.as_bytes());
        archive.resize(archive.len().next_multiple_of(512), 0);
    }
    archive.resize(archive.len() + 1024, 0);
    archive
}

/// A file as gzip writes it, in one block that is not compressed.
pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3];
    let mut pieces = bytes.chunks(60_000).peekable();
    while let Some(piece) = pieces.next() {
        let length = u16::try_from(piece.len()).unwrap();
        out.push(u8::from(pieces.peek().is_none()));
        out.extend(length.to_le_bytes());
        out.extend((!length).to_le_bytes());
        out.extend_from_slice(piece);
    }
    // The engine gets it unpacked, so that nobody reads the check sum.
    out.extend([0; 8]);
    out
}
