//! `doodgate explain` says of a call what the running gate does with it: the same decision for the same reason, the same that
//! is missing, and the same that is sent.

use std::fs;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestRunner};
use serde_json::Value;

use super::refusal;
use crate::support::{Conn, Dir, FakeEngine, Next, World, answer, wait_until};

const POLICY: &str = "version: 1
allow:
  - read
  - ContainerCreate:
      image: [alpine, \"registry.example.com/**\"]
      bind: \"/srv/ci/**:ro\"
      network-mode: [bridge, none]
      max: {memory: 1GiB}
      set: {HostConfig.PidsLimit: 64, Labels: {com.example.team: ci}}
      force: {HostConfig.CapDrop: [ALL], HostConfig.Privileged: false}
  - ContainerCreate: {query.name: \"big-*\", privileged: true, pids: 1024, set: {HostConfig.PidsLimit: 128}}
  - ContainerExec: {exec-command: \"ls *\", exec-user: [\"(the image's)\", nobody]}
  - NetworkCreate: {subnet: \"172.30.*\", require: [labels]}
  - VolumeCreate
  - ContainerStop: {path.id: \"web-*\"}
  - ImagePull: {image: alpine}
  - GET /odd/**
deny:
  - ContainerCreate: {image: \"registry.example.com/secret/**\"}
  - ContainerStop: {path.id: \"web-db\"}
";

const CREATE: &str = "/containers/create";

const CALLS: &[&str] = &[
    "POST /v1.41/containers/create",
    "POST /v1.41/containers/create?name=big-1",
    "POST /v1.41/containers/create?name=web&platform=linux/amd64",
    "POST /v1.41/containers/create?name=cafe01&new=1",
    "POST /containers/create?name=%2Fbig-%C3%A9",
    "POST /v1.23/containers/create",
    "POST /v1.41/containers/x/exec",
    "POST /v1.41/volumes/create",
    "POST /v1.41/networks/create",
    "POST /v1.41/containers/web-1/stop?t=3",
    "POST /v1.41/containers/web-db/stop",
    "POST /v1.41/containers/db/stop",
    "POST /v1.41/images/create?fromImage=alpine&tag=1",
    "POST /v1.41/images/create?fromImage=evil",
    "POST /v1.41/images/create?fromSrc=-&repo=x",
    "DELETE /v1.41/containers/x?force=1",
    "GET /v1.41/containers/json?all=yes&filters=%7B%7D",
    "GET /v1.41/containers/x/logs?stdout=1",
    "GET /containers/json",
    "GET /v1.41/odd/thing?x=1",
    "GET /v1.41/odd/thing",
    "GET /v1.41/containers//json",
    "GET /v1.41/containers/%zz/json",
    "BREW /v1.41/containers/json",
];

/// Members of a body, each with a few values.
const TOP: &[(&str, &[&str])] = &[
    (
        "Image",
        &[
            "\"alpine\"",
            "\"registry.example.com/a:1\"",
            "\"registry.example.com/secret/x\"",
            "\"evil\"",
            "\"deadbeef\"",
            "7",
        ],
    ),
    ("image", &["\"alpine:3\""]),
    ("User", &["\"\"", "\"root\"", "\"nobody\""]),
    ("Cmd", &["[\"ls\",\"/\"]", "[\"ls\"]", "\"sh\"", "[null]"]),
    (
        "Labels",
        &[
            "{}",
            "{\"com.example.team\":\"x\",\"Com.example.team\":\"y\"}",
            "{\"a\":1}",
        ],
    ),
    ("Env", &["[\"A=\\u00e9\\n\"]", "null"]),
    ("Privileged", &["true", "false"]),
    ("Memory", &["5"]),
    ("New", &["1", "null", "{\"a\":1,\"A\":2}", "{\"a.b\":[]}"]),
    ("Driver", &["\"bridge\"", "\"host\"", "\"local\""]),
    (
        "DriverOpts",
        &[
            "{\"type\":\"none\",\"o\":\"bind\",\"device\":\"/etc\"}",
            "{}",
        ],
    ),
    (
        "IPAM",
        &[
            "{\"Config\":[{\"Subnet\":\"172.30.0.0/16\"}]}",
            "{\"Config\":[{\"Subnet\":\"10.0.0.0/8\"}]}",
        ],
    ),
];

const HOST: &[(&str, &[&str])] = &[
    (
        "Binds",
        &[
            "[\"/srv/ci/a:/a:ro\"]",
            "[\"/srv/ci/a:/a\"]",
            "[\"data:/d\"]",
            "[\"/srv/ci/../x:/x:ro\",\"/etc:/e\"]",
            "null",
        ],
    ),
    ("Privileged", &["true", "false", "1"]),
    ("privileged", &["true"]),
    ("PidsLimit", &["0", "10", "-1", "5000"]),
    ("Memory", &["1048576", "1e6", "9000000000"]),
    (
        "NetworkMode",
        &["\"none\"", "\"host\"", "\"container:x\"", "\"default\""],
    ),
    ("CapAdd", &["[\"NET_ADMIN\"]", "[\"chown\"]"]),
    ("CapDrop", &["[]", "[\"MKNOD\"]"]),
    (
        "SecurityOpt",
        &["[\"no-new-privileges\"]", "[\"seccomp=unconfined\"]"],
    ),
    ("Sysctls", &["{\"net/core/somaxconn\":\"1\"}"]),
    ("Unknown", &["{\"x\":[1,{\"y\":2}]}"]),
];

fn members(
    of: &'static [(&'static str, &'static [&'static str])],
) -> impl Strategy<Value = String> {
    let member = select(of).prop_flat_map(|(name, values)| {
        select(values).prop_map(move |value| format!("\"{name}\":{value}"))
    });
    vec(member, 0..3).prop_map(|members| members.join(","))
}

fn body() -> impl Strategy<Value = String> {
    let whole = (members(TOP), members(HOST), any::<bool>()).prop_map(|(top, host, nested)| {
        let comma = if top.is_empty() { "" } else { "," };
        if nested {
            format!("{{{top}{comma}\"HostConfig\":{{{host}}}}}")
        } else {
            format!("{{{top}}}")
        }
    });
    prop_oneof![
        20 => whole,
        1 => select(&["", "null", "[]", "{", "{} {}", "\u{feff}{}", "{\"Image\":\"\\ud800\"}"][..]).prop_map(str::to_owned),
    ]
}

/// A running gate, and what its engine got last.
struct Live {
    dir: Dir,
    _engine: FakeEngine,
    _gate: crate::support::gate::Gate,
    sent: Arc<Mutex<Option<String>>>,
    records: usize,
}

impl Live {
    fn start() -> Self {
        let dir = Dir::new();
        let sent = Arc::new(Mutex::new(None));
        let last = Arc::clone(&sent);
        let engine = FakeEngine::start(&dir.path("engine.sock"), move |conn, head| {
            let body = conn.read_body(head);
            let line = head.line().trim_end_matches(" HTTP/1.1");
            let whole = format!("{line} {}", String::from_utf8_lossy(&body));
            *last.lock().expect("what was sent") = Some(whole.trim_end().to_owned());
            conn.send(answer::json("{}"));
            Next::Request
        });
        let audit = dir.path("audit.jsonl").display().to_string();
        let gate = World::gate(&dir, POLICY, &["--audit", &audit]);
        Self {
            dir,
            _engine: engine,
            _gate: gate,
            sent,
            records: 0,
        }
    }

    /// The status, the message of a refusal, what was sent to the engine, and the audit record.
    fn ask(&mut self, call: &str, body: Option<&str>) -> (u16, String, Option<String>, Value) {
        *self.sent.lock().expect("what was sent") = None;
        let mut client = Conn::connect(&self.dir.path("gate.sock"));
        let framing = body.map_or_else(String::new, |body| {
            format!(
                "Content-Type: application/json\r\nContent-Length: {}\r\n",
                body.len()
            )
        });
        client.send(format!(
            "{call} HTTP/1.1\r\nHost: docker\r\n{framing}\r\n{}",
            body.unwrap_or_default()
        ));
        let (head, text) = client.read_response();
        let message = text
            .parse::<Value>()
            .ok()
            .and_then(|value| Some(value["message"].as_str()?.to_owned()))
            .unwrap_or_default();
        self.records += 1;
        let path = self.dir.path("audit.jsonl");
        let mut record = Value::Null;
        wait_until("the audit record", || {
            let lines = fs::read_to_string(&path).unwrap_or_default();
            let line = lines
                .split_inclusive('\n')
                .nth(self.records - 1)
                .unwrap_or_default();
            record = line.parse().unwrap_or_default();
            line.ends_with('\n')
        });
        let sent = self.sent.lock().expect("what was sent").clone();
        (head.status(), message, sent, record)
    }

    fn explain(&self, call: &str, body: Option<&str>) -> Value {
        let policy = self.dir.path("policy.yaml").display().to_string();
        let mut command = Command::new(env!("CARGO_BIN_EXE_doodgate"));
        command.args(["explain", "--json", "--policy", &policy, call]);
        if let Some(body) = body {
            let file = self.dir.file("body.json", body);
            command.arg("--body").arg(file);
        }
        let output = command.stdin(Stdio::null()).output().expect("the binary");
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        text.parse()
            .unwrap_or_else(|_| panic!("{call}: {text}{}", String::from_utf8_lossy(&output.stderr)))
    }
}

/// What is missing, or written, by its places.
fn places<'v>(list: &'v Value, kind: &str) -> Vec<(&'v str, &'v str)> {
    let text = |item: &'v Value, name: &str| item[name].as_str().unwrap_or_default();
    list.as_array()
        .into_iter()
        .flatten()
        .map(|item| (text(item, "place"), text(item, kind)))
        .collect()
}

#[test]
fn an_explanation_is_what_happens() {
    let mut live = Live::start();
    let mut seen = [0; 3];
    let mut check = |call: &str, body: Option<&str>| {
        let (status, message, sent, record) = live.ask(call, body);
        let said = live.explain(call, body);
        let context = format!(
            "{call} {body:?}\nexplained: {said:#}\nlive: {status} {message}\nsent: {sent:?}\n{record:#}"
        );
        match said["decision"].as_str() {
            Some("allowed") => {
                seen[0] += 1;
                assert_eq!(status, 200, "{context}");
                assert_eq!(record["decision"], "allowed", "{context}");
                let rule = format!(
                    "{}:{}",
                    record["rule"]["file"].as_str().unwrap_or_default(),
                    record["rule"]["line"]
                );
                assert!(
                    said["rule"]
                        .as_str()
                        .is_some_and(|said| rule.ends_with(said) || said.ends_with(&rule)),
                    "{context}"
                );
                let expected = said["sent"]
                    .as_str()
                    .unwrap_or_default()
                    .replace("/v<newest>/", "/v1.41/");
                assert_eq!(sent.as_deref(), Some(&*expected), "{context}");
                let written: Vec<_> = places(&said["rewritten"], "place");
                assert_eq!(written, places(&record["rewrites"], "place"), "{context}");
            }
            Some("refused") => {
                seen[1] += 1;
                assert_eq!((status, &sent), (403, &None), "{context}");
                assert_eq!(said["message"].as_str(), Some(&*message), "{context}");
                assert_eq!(said["reason"], record["reason"], "{context}");
                assert_eq!(
                    places(&said["missing"], "kind"),
                    places(&record["missing"], "grant"),
                    "{context}"
                );
            }
            Some("malformed") => {
                seen[2] += 1;
                assert_eq!((status, &sent), (400, &None), "{context}");
                assert!(
                    message.ends_with(said["message"].as_str().unwrap_or("nothing")),
                    "{context}"
                );
                assert_eq!(said["reason"], record["reason"], "{context}");
            }
            other => panic!("{other:?}: {context}"),
        }
    };
    for call in CALLS
        .iter()
        .filter(|call| !call.starts_with("POST") || call.contains("/stop"))
    {
        check(call, None);
    }
    // Rewritten, forced, and in conflict.
    for call in &CALLS[..2] {
        for body in [
            r#"{"Image":"alpine"}"#,
            r#"{"image":"registry.example.com/a:1","hostconfig":{"binds":["/srv/ci/a:/a:ro"],"CAPDROP":[]}}"#,
            r#"{"Image":"alpine","Labels":{"a":"b"},"HostConfig":{"PidsLimit":7,"Privileged":true}}"#,
            r#"{"Image":"evil","HostConfig":{"Privileged":true,"PidsLimit":2000}}"#,
            r#"{"Image":"alpine","HostConfig":{"Memory":2147483648,"NetworkMode":"none"}}"#,
        ] {
            check(call, Some(body));
        }
    }
    let mut runner = TestRunner::new(Config {
        cases: 150,
        max_shrink_iters: 60,
        failure_persistence: None,
        ..Config::default()
    });
    let calls = prop_oneof![
        3 => select(CALLS).prop_filter("takes a body", |call| call.starts_with("POST") && call.contains(CREATE)),
        1 => select(CALLS).prop_filter("takes a body", |call| call.starts_with("POST") && !call.contains("/stop") && !call.contains("/images/")),
    ];
    let shared = Mutex::new(&mut check);
    let ran = runner.run(&(calls, body()), |(call, body)| {
        let mut check = shared
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        check(call, (!body.is_empty()).then_some(&body));
        Ok(())
    });
    if let Err(failure) = ran {
        panic!("{failure}");
    }
    assert!(seen.iter().all(|count| *count > 5), "one-sided: {seen:?}");
}

#[test]
fn a_policy_is_explained_by_the_name_that_refusals_carry() {
    let live = Live::start();
    let said = live.explain("DELETE /v1.41/containers/x", None);
    let mut client = Conn::connect(&live.dir.path("gate.sock"));
    client.send("DELETE /v1.41/containers/x HTTP/1.1\r\nHost: docker\r\n\r\n");
    let (_, message) = refusal(&mut client, &[403]);
    assert_eq!(said["message"].as_str(), Some(&*message));
}
