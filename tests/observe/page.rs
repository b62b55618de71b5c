//! The page in a real browser: it renders, it follows what happens, it asks for nothing from elsewhere.

use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use serde_json::{Value, json};

use super::{ask, call, plain, records, watched};
use crate::support::{Dir, FakeEngine, PATIENCE, World, wait_until};

const BROWSERS: &[&str] = &[
    "/usr/bin/chromium",
    "/usr/bin/chromium-browser",
    "/usr/bin/google-chrome",
];

/// A browser that is told what to do over a pair of pipes (Chrome `DevTools` protocol, `--remote-debugging-pipe`).
struct Browser {
    child: Child,
    to: File,
    from: Receiver<Value>,
    next: u64,
    session: Option<String>,
    /// What the page's scripts complained of, and what it asked for.
    complaints: Vec<String>,
    requests: Vec<String>,
}

impl Browser {
    fn start(program: &str, dir: &Dir) -> Self {
        let (to, from) = (dir.path("to"), dir.path("from"));
        let made = Command::new("mkfifo")
            .args([&to, &from])
            .status()
            .expect("mkfifo");
        assert!(made.success());
        // Both ends at once, so that no opening waits for the browser.
        let open = |path| {
            OpenOptions::new()
                .read(true)
                .write(true)
                .open(path)
                .expect("a pipe")
        };
        let (writer, reader) = (open(&to), open(&from));
        let child = Command::new("sh")
            .args([
                "-c",
                "in=$1 out=$2; shift 2; exec \"$@\" 3<\"$in\" 4>\"$out\"",
                "sh",
            ])
            .args([&to, &from])
            .arg(program)
            .args([
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--disable-dev-shm-usage",
                "--remote-debugging-pipe",
            ])
            .arg(format!("--user-data-dir={}", dir.path("profile").display()))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the browser");
        let (sender, from) = channel();
        thread::spawn(move || {
            for message in BufReader::new(reader).split(0) {
                let Ok(message) = message else { return };
                let value: Value = String::from_utf8_lossy(&message).parse().expect("JSON");
                if sender.send(value).is_err() {
                    return;
                }
            }
        });
        Self {
            child,
            to: writer,
            from,
            next: 0,
            session: None,
            complaints: Vec::new(),
            requests: Vec::new(),
        }
    }

    /// One command and its result; what happens meanwhile is noted.
    fn command(&mut self, method: &str, parameters: &Value) -> Value {
        self.next += 1;
        let mut message = json!({"id": self.next, "method": method, "params": parameters});
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        self.to
            .write_all(format!("{message}\0").as_bytes())
            .expect("the browser listens");
        loop {
            let came = self
                .from
                .recv_timeout(PATIENCE * 3)
                .expect("the browser answers");
            if came["id"] == json!(self.next) {
                assert_eq!(came["error"], Value::Null, "{method}: {came}");
                return came["result"].clone();
            }
            match came["method"].as_str() {
                Some("Runtime.exceptionThrown" | "Runtime.consoleAPICalled" | "Log.entryAdded") => {
                    self.complaints.push(came.to_string());
                }
                Some("Network.requestWillBeSent") => {
                    let url = came["params"]["request"]["url"]
                        .as_str()
                        .unwrap_or_default();
                    self.requests.push(url.to_owned());
                }
                _ => {}
            }
        }
    }

    fn open(&mut self, url: &str) {
        let target = self.command("Target.createTarget", &json!({"url": "about:blank"}));
        let attach = json!({"targetId": target["targetId"], "flatten": true});
        let attached = self.command("Target.attachToTarget", &attach);
        self.session = attached["sessionId"].as_str().map(str::to_owned);
        for domain in ["Runtime", "Log", "Network", "Page"] {
            self.command(&format!("{domain}.enable"), &json!({}));
        }
        self.command("Page.navigate", &json!({"url": url}));
    }

    /// The value of an expression in the page.
    fn value(&mut self, expression: &str) -> Value {
        let parameters =
            json!({"expression": expression, "returnByValue": true, "awaitPromise": true});
        let result = self.command("Runtime.evaluate", &parameters);
        assert_eq!(result["exceptionDetails"], Value::Null, "{expression}");
        result["result"]["value"].clone()
    }

    fn text(&mut self, selector: &str) -> String {
        let expression = format!("document.querySelector({selector:?})?.innerText ?? ''");
        self.value(&expression)
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }
}

impl Browser {
    /// No script complains, and nothing is asked for from elsewhere than `url`.
    fn assert_content(&self, url: &str) {
        assert!(self.complaints.is_empty(), "{:#?}", self.complaints);
        let is_outside = |it: &&String| !it.starts_with(url) && !it.starts_with("data:");
        let outside: Vec<_> = self.requests.iter().filter(is_outside).collect();
        assert!(outside.is_empty(), "{outside:?}");
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A gate whose admin listener a browser can reach: over TCP. And the page's address.
fn reachable() -> (World, String) {
    let port = TcpListener::bind("127.0.0.1:0")
        .expect("a port")
        .local_addr()
        .expect("its number")
        .port();
    let dir = Dir::new();
    let engine = FakeEngine::start(&dir.path("engine.sock"), plain);
    let audit = dir.path("audit.jsonl").display().to_string();
    let admin = format!("tcp://127.0.0.1:{port}");
    let gate = World::gate(&dir, super::POLICY, &["--admin", &admin, "--audit", &audit]);
    (
        World { gate, engine, dir },
        format!("http://127.0.0.1:{port}/"),
    )
}

fn create(world: &World, name: &str) {
    let body =
        "{\"HostConfig\":{\"Binds\":[\"/:/host\"],\"Privileged\":true},\"Env\":[\"A=hunter2\"]}";
    call(
        world,
        &format!(
            "POST /v1.41/containers/create?name={name} HTTP/1.1\r\nHost: d\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        ),
    );
}

fn browser() -> Option<&'static str> {
    let found = BROWSERS.iter().find(|it| Path::new(it).exists());
    if found.is_none() {
        println!("skipped: there is no Chromium here (Debian's package chromium)");
    }
    found.copied()
}

#[test]
fn shows_calls_and_what_would_allow_the_refused() {
    let Some(program) = browser() else { return };
    let (world, url) = reachable();
    create(&world, "%3Cb%3Ebefore");
    records(&world, 1);
    let folder = Dir::new();
    let mut browser = Browser::start(program, &folder);
    browser.open(&url);
    // What was refused before the page came is there, as text.
    wait_until("the first call shows", || {
        browser.text("#rows").contains("<b>before")
    });
    // What happens now shows by itself.
    create(&world, "now");
    call(&world, "GET /v1.41/info HTTP/1.1\r\nHost: d\r\n\r\n");
    wait_until("the next calls show", || {
        let rows = browser.text("#rows");
        rows.contains("now") && rows.contains("SystemInfo")
    });
    wait_until("the engine is up", || {
        browser.text("#engine").starts_with("engine")
    });
    wait_until("the matrix counts", || {
        browser.text("#matrix").contains("ContainerCreate")
    });
    // The keyboard opens the newest refusal, with the rule that would allow it.
    browser.value("document.querySelector('[data-show=refused]').click()");
    for key in ["j", "j"] {
        browser.value(&format!("document.body.dispatchEvent(new KeyboardEvent('keydown', {{key: {key:?}, bubbles: true}})) || 1"));
    }
    wait_until("a call is open", || {
        browser.text("#yaml").contains("ContainerCreate")
    });
    let yaml = browser.text("#yaml");
    assert_eq!(
        yaml.trim(),
        "- ContainerCreate:\n    bind: \"/:rw\"\n    privileged: true"
    );
    // With that rule, the gate would allow the call: the page must not promise what does not hold.
    let policy = world
        .dir
        .file("granted.yaml", &format!("version: 1\nallow:\n{yaml}\n"))
        .display()
        .to_string();
    let checked = Command::new(env!("CARGO_BIN_EXE_doodgate"))
        .args(["check", &policy])
        .output()
        .expect("check");
    assert!(
        checked.status.success(),
        "{}",
        String::from_utf8_lossy(&checked.stderr)
    );
    assert!(!browser.text("body").contains("hunter2"));
    browser.assert_content(&url);
    assert!(browser.requests.iter().any(|it| it.ends_with("/events")));
}

/// Serves a gate's own page, with so many events as fast as the browser takes them: a gate would show 500 a second.
fn flooded(page: (String, String), status: String, record: &Value, count: usize) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/", listener.local_addr().expect("its number"));
    let mut events = String::new();
    for number in 0..count {
        let mut record = record.clone();
        record["id"] = json!(format!("{:08x}-{number:x}", 1));
        record["query"][0]["value"] = json!(format!("name-{number}"));
        write!(events, "data: {record}\n\n").expect("a string takes everything");
    }
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            let mut line = String::new();
            BufReader::new(&stream)
                .read_line(&mut line)
                .expect("a request");
            let answer = |media_type: &str, body: &str| {
                format!(
                    "HTTP/1.1 200 OK\r\nContent-Type: {media_type}\r\nContent-Security-Policy: {}\r\nConnection: close\r\n\r\n{body}",
                    page.0
                )
            };
            let path = line.split(' ').nth(1).unwrap_or_default();
            let text = match path {
                "/" => answer("text/html", &page.1),
                "/status" => answer("application/json", &status),
                "/events" => answer("text/event-stream", &events),
                other => panic!("the page asks for {other}"),
            };
            drop(stream.write_all(text.as_bytes()));
            if path == "/events" {
                // An end would make the browser ask again.
                std::mem::forget(stream);
            }
        }
    });
    url
}

#[test]
fn holds_ten_thousand_calls() {
    let Some(program) = browser() else { return };
    let world = watched(plain);
    create(&world, "one");
    let record = records(&world, 1).remove(0);
    let (head, page) = ask(&world, "/");
    let policy = head.field("content-security-policy").expect("a policy");
    let status = ask(&world, "/status").1;
    let url = flooded((policy.to_owned(), page), status, &record, 12_000);
    let folder = Dir::new();
    let mut browser = Browser::start(program, &folder);
    browser.open(&url);
    wait_until("the newest are kept", || {
        browser.text("#count").starts_with("10,000 shown")
            && browser.text("#rows").contains("name-11999")
    });
    // Only the rows that can be seen exist, wherever one looks.
    for (place, name) in [("list.scrollHeight", "name-2000"), ("0", "name-11999")] {
        browser.value(&format!("(() => {{ const list = document.getElementById('list'); list.scrollTop = {place}; }})()"));
        wait_until("the rows there", || browser.text("#rows").contains(name));
        let rows = browser.value("document.querySelectorAll('.row').length");
        assert!(rows.as_u64() < Some(100), "{rows}");
    }
    // A search looks at all of them, and nobody waits for it.
    let took = browser.value(
        "(() => { const search = document.getElementById('search'); const begun = performance.now(); search.value = 'name-7777'; \
         search.dispatchEvent(new Event('input')); return performance.now() - begun; })()",
    );
    assert!(took.as_f64() < Some(1000.0), "{took} ms");
    wait_until("the one that is meant", || {
        browser.text("#count").starts_with("1 shown")
    });
    let memory = browser.value("performance.memory.usedJSHeapSize");
    assert!(memory.as_u64() < Some(128 << 20), "{memory} bytes");
    browser.assert_content(&url);
}

#[test]
fn each_page_has_a_nonce_of_its_own() {
    let world = watched(plain);
    let (head, page) = ask(&world, "/");
    let policy = head
        .field("content-security-policy")
        .expect("a policy")
        .to_owned();
    let nonce = policy
        .split("'nonce-")
        .nth(1)
        .and_then(|it| it.split('\'').next())
        .expect("a nonce");
    assert_eq!(
        page.matches(&format!("nonce=\"{nonce}\"")).count(),
        2,
        "style and script"
    );
    assert!(!ask(&world, "/").1.contains(nonce));
}
