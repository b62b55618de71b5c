//! The variables of the two socket proxies, against a second model of their rules: here every rule is the
//! regular expression that HAProxy evaluates, and where a real `haproxy` is installed it is asked too.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use doodgate::api::OPERATIONS;
use doodgate::policy::compat::{Compat, Detection, from_environment};
use doodgate::policy::{PRESETS, Policy};
use regex::{Regex, RegexBuilder};

use super::support::{ask, operation_target};

/// One rule in HAProxy's order.
#[derive(Clone, Copy)]
enum Rule {
    /// `http-request allow if { path -m reg -i PATTERN } { env(VARIABLE) -m bool }`
    Allow(&'static str, &'static str),
    /// `http-request deny if { path -m reg -i PATTERN } !{ env(VARIABLE) -m bool }`
    DenyUnless(&'static str, &'static str),
    /// `http-request deny unless METH_GET || { env(POST) -m bool }`
    Methods,
}

use Rule::{Allow, DenyUnless, Methods};

const VERSION: &str = r"^(/v[\d\.]+)?";

const TECNATIVA: &[&[Rule]] = &[
    &[
        Methods,
        Allow(
            "ALLOW_RESTARTS",
            "/containers/[a-zA-Z0-9_.-]+/((stop)|(restart)|(kill))",
        ),
        Allow("ALLOW_START", "/containers/[a-zA-Z0-9_.-]+/start"),
        Allow("ALLOW_STOP", "/containers/[a-zA-Z0-9_.-]+/stop"),
    ],
    SECTIONS,
];

const LINUXSERVER: &[&[Rule]] = &[
    &[
        DenyUnless(
            "ALLOW_ARCHIVE",
            "(/libpod)?/(containers|pods)/[a-zA-Z0-9_.-]+/(archive)",
        ),
        DenyUnless(
            "ALLOW_CHANGES",
            "(/libpod)?/(containers|pods)/[a-zA-Z0-9_.-]+/(change)",
        ),
        DenyUnless(
            "ALLOW_EXPORT",
            "(/libpod)?/(containers|pods)/[a-zA-Z0-9_.-]+/(export)",
        ),
        DenyUnless(
            "ALLOW_LOGS",
            "(/libpod)?/(containers|pods)/[a-zA-Z0-9_.-]+/(logs)",
        ),
        DenyUnless(
            "ALLOW_TOP",
            "(/libpod)?/(containers|pods)/[a-zA-Z0-9_.-]+/(top)",
        ),
        Allow(
            "ALLOW_RESTARTS",
            "(/libpod)?/(containers|pods)/[a-zA-Z0-9_.-]+/((stop)|(restart)|(kill))",
        ),
        Allow(
            "ALLOW_START",
            "(/libpod)?/(containers|pods)/[a-zA-Z0-9_.-]+/start",
        ),
        Allow(
            "ALLOW_STOP",
            "(/libpod)?/(containers|pods)/[a-zA-Z0-9_.-]+/stop",
        ),
        Allow(
            "ALLOW_PAUSE",
            "(/libpod)?/(containers|pods)/[a-zA-Z0-9_.-]+/pause",
        ),
        Allow(
            "ALLOW_UNPAUSE",
            "(/libpod)?/(containers|pods)/[a-zA-Z0-9_.-]+/unpause",
        ),
        Methods,
    ],
    SECTIONS,
];

const SECTIONS: &[Rule] = &[
    Allow("AUTH", "/auth"),
    Allow("BUILD", "/build"),
    Allow("COMMIT", "/commit"),
    Allow("CONFIGS", "/configs"),
    Allow("CONTAINERS", "/containers"),
    Allow("DISTRIBUTION", "/distribution"),
    Allow("EVENTS", "/events"),
    Allow("EXEC", "/exec"),
    Allow("GRPC", "/grpc"),
    Allow("IMAGES", "/images"),
    Allow("INFO", "/info"),
    Allow("NETWORKS", "/networks"),
    Allow("NODES", "/nodes"),
    Allow("PING", "/_ping"),
    Allow("PLUGINS", "/plugins"),
    Allow("SECRETS", "/secrets"),
    Allow("SERVICES", "/services"),
    Allow("SESSION", "/session"),
    Allow("SWARM", "/swarm"),
    Allow("SYSTEM", "/system"),
    Allow("TASKS", "/tasks"),
    Allow("VERSION", "/version"),
    Allow("VOLUMES", "/volumes"),
];

/// What the images set when nobody else does.
const ON_BY_DEFAULT: [&str; 3] = ["EVENTS", "PING", "VERSION"];

const IMAGES: [(&str, &[&[Rule]]); 2] = [("tecnativa", TECNATIVA), ("linuxserver", LINUXSERVER)];

type Environment = Vec<(String, String)>;

fn variables(rules: &[&[Rule]]) -> Vec<&'static str> {
    let mut names = vec!["POST"];
    for rule in rules.iter().copied().flatten() {
        match rule {
            Allow(name, _) | DenyUnless(name, _) => names.push(name),
            Methods => {}
        }
    }
    names
}

/// Nothing set; each variable alone, without and with POST; all of them; and mixtures.
fn environments(image: &str, rules: &[&[Rule]]) -> Vec<Environment> {
    let names = variables(rules);
    let set = |chosen: &dyn Fn(usize) -> Option<&'static str>| -> Environment {
        let chosen = names.iter().enumerate().filter_map(|(index, name)| {
            chosen(index).map(|value| ((*name).to_owned(), value.to_owned()))
        });
        [("DOODGATE_COMPAT".to_owned(), image.to_owned())]
            .into_iter()
            .chain(chosen)
            .collect()
    };
    let mut all = vec![set(&|_| None), set(&|_| Some("1")), set(&|_| Some("0"))];
    for alone in 1..names.len() {
        all.push(set(&|index| (index == alone).then_some("1")));
        all.push(set(&|index| (index == alone || index == 0).then_some("1")));
        all.push(set(&|index| (index != alone).then_some("1")));
    }
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    for _ in 0..60 {
        let values: Vec<_> = names
            .iter()
            .map(|_| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                [
                    None,
                    Some("0"),
                    Some("1"),
                    Some("1"),
                    Some("true"),
                    Some("2"),
                ][(state % 6) as usize]
            })
            .collect();
        all.push(set(&|index| values[index]));
    }
    all
}

fn is_on(environment: &Environment, name: &str) -> bool {
    match environment.iter().find(|(known, _)| known == name) {
        Some((_, value)) => matches!(value.as_str(), "1" | "2"),
        None => ON_BY_DEFAULT.contains(&name),
    }
}

/// The second model: HAProxy's rules in their order, each pattern compiled once.
struct Model {
    steps: Vec<(Rule, Option<Regex>)>,
}

impl Model {
    fn new(rules: &[&[Rule]]) -> Self {
        let pattern = |rule| match rule {
            Allow(_, pattern) | DenyUnless(_, pattern) => Some(
                RegexBuilder::new(&format!("{VERSION}{pattern}"))
                    .case_insensitive(true)
                    .build()
                    .unwrap(),
            ),
            Methods => None,
        };
        let steps = rules
            .iter()
            .copied()
            .flatten()
            .map(|rule| (*rule, pattern(*rule)));
        Self {
            steps: steps.collect(),
        }
    }

    /// The first rule that decides has the word, and behind the last stands a refusal.
    fn lets_pass(&self, environment: &Environment, method: &str, path: &str) -> bool {
        for (rule, pattern) in &self.steps {
            let reaches = pattern
                .as_ref()
                .is_none_or(|pattern| pattern.is_match(path));
            match *rule {
                Allow(name, _) if reaches && is_on(environment, name) => return true,
                DenyUnless(name, _) if reaches && !is_on(environment, name) => return false,
                Methods if !matches!(method, "GET" | "HEAD") && !is_on(environment, "POST") => {
                    return false;
                }
                Allow(..) | DenyUnless(..) | Methods => {}
            }
        }
        false
    }
}

fn read(environment: &Environment) -> Compat {
    match from_environment(environment).unwrap() {
        Detection::Present(compat) => *compat,
        Detection::Absent => panic!("nothing detected in {environment:?}"),
    }
}

fn load(compat: &Compat) -> Policy {
    Policy::load("environment", "environment", &compat.policy, PRESETS)
        .unwrap_or_else(|mistakes| panic!("{mistakes}\n{}", compat.policy))
}

#[test]
fn the_policy_allows_exactly_what_the_images_let_pass() {
    for (image, rules) in IMAGES {
        let model = Model::new(rules);
        for environment in environments(image, rules) {
            let compat = read(&environment);
            let policy = load(&compat);
            for operation in OPERATIONS {
                let method = operation.method.as_str();
                for version in ["", "/v1.41"] {
                    let target = format!("{version}{}", operation_target(operation.template));
                    let path = target.split('?').next().unwrap();
                    let expected = model.lets_pass(&environment, method, path);
                    let answer = ask(&policy, method, &target, None);
                    assert_eq!(
                        answer.is_ok(),
                        expected,
                        "{image}: {method} {target} with {environment:?}: {answer:?}"
                    );
                }
            }
        }
    }
}

#[test]
fn bodies_parameters_and_tunnels_pass_unread() {
    let environment = |text: &str| -> Environment {
        text.split(' ')
            .map(|name| (name.to_owned(), "1".to_owned()))
            .chain([("DOODGATE_COMPAT".to_owned(), "tecnativa".to_owned())])
            .collect()
    };
    let policy = load(&read(&environment(
        "POST CONTAINERS IMAGES BUILD GRPC SESSION VOLUMES",
    )));
    for (method, target, body) in [
        (
            "POST",
            "/containers/create",
            Some(r#"{"Image":"a","HostConfig":{"Privileged":true,"New":1}}"#),
        ),
        (
            "POST",
            "/containers/create?unheard=of",
            Some(r#"{"Image":"a"}"#),
        ),
        (
            "POST",
            "/volumes/create",
            Some(r#"{"DriverOpts":{"type":"none","o":"bind","device":"/"}}"#),
        ),
        (
            "POST",
            "/build?networkmode=host&remote=http%3A%2F%2Fx",
            None,
        ),
        ("POST", "/images/create?fromSrc=http%3A%2F%2Fx", None),
        ("POST", "/images/create?fromImage=alpine", None),
        ("POST", "/grpc", None),
        ("POST", "/session", None),
    ] {
        if let Err(refusal) = ask(&policy, method, target, body) {
            panic!("{method} {target}: {}", refusal.message);
        }
    }
}

/// Runs the real HAProxy with rules of the same meaning, where it is installed or `DOODGATE_TEST_HAPROXY`
/// names it, and asks it about every operation.
#[test]
fn the_model_answers_as_haproxy_does() {
    let program = std::env::var("DOODGATE_TEST_HAPROXY").unwrap_or_else(|_| "haproxy".to_owned());
    if Command::new(&program)
        .arg("-v")
        .stdout(Stdio::null())
        .status()
        .is_err()
    {
        println!("skipped: there is no {program}");
        return;
    }
    for (image, rules) in IMAGES {
        let model = Model::new(rules);
        // The single variables are enough here: the mixtures differ in nothing that HAProxy adds.
        for environment in environments(image, rules).into_iter().step_by(23) {
            let proxy = Haproxy::start(&program, rules, &environment);
            for operation in OPERATIONS {
                let method = operation.method.as_str();
                let target = format!("/v1.41{}", operation_target(operation.template));
                let path = target.split('?').next().unwrap();
                assert_eq!(
                    proxy.lets_pass(method, path),
                    model.lets_pass(&environment, method, path),
                    "{image}: {method} {path} with {environment:?}"
                );
            }
        }
    }
}

/// A running HAProxy that answers 200 where it would forward.
struct Haproxy {
    child: Child,
    port: u16,
    _folder: tempfolder::Folder,
}

impl Haproxy {
    fn start(program: &str, rules: &[&[Rule]], environment: &Environment) -> Self {
        let folder = tempfolder::Folder::new();
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let file = folder.path().join("haproxy.cfg");
        std::fs::write(&file, configuration(rules, port)).unwrap();
        let mut command = Command::new(program);
        command
            .arg("-db")
            .arg("-f")
            .arg(&file)
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        for name in variables(rules) {
            let default = if ON_BY_DEFAULT.contains(&name) {
                "1"
            } else {
                "0"
            };
            let value = environment.iter().find(|(known, _)| known == name);
            command.env(name, value.map_or(default, |(_, value)| value));
        }
        let child = command.spawn().unwrap();
        let proxy = Self {
            child,
            port,
            _folder: folder,
        };
        let deadline = Instant::now() + Duration::from_secs(10);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < deadline, "haproxy does not start");
            std::thread::sleep(Duration::from_millis(20));
        }
        proxy
    }

    fn lets_pass(&self, method: &str, path: &str) -> bool {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: docker\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        match answer.split(' ').nth(1) {
            Some("200") => true,
            Some("403") => false,
            other => panic!("haproxy answers {other:?} to {method} {path}"),
        }
    }
}

impl Drop for Haproxy {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn configuration(rules: &[&[Rule]], port: u16) -> String {
    let mut text = format!(
        "defaults\n mode http\n timeout connect 5s\n timeout client 5s\n timeout server 5s\n\
         frontend gate\n bind 127.0.0.1:{port}\n"
    );
    for rule in rules.iter().copied().flatten() {
        text += &match rule {
            Allow(name, pattern) => format!(
                " http-request return status 200 if {{ path,url_dec -m reg -i {VERSION}{pattern} }} {{ env({name}) -m bool }}\n"
            ),
            DenyUnless(name, pattern) => format!(
                " http-request deny if {{ path,url_dec -m reg -i {VERSION}{pattern} }} !{{ env({name}) -m bool }}\n"
            ),
            Methods => " http-request deny unless METH_GET || { env(POST) -m bool }\n".to_owned(),
        };
    }
    text + " http-request deny\n"
}

mod tempfolder {
    use std::path::{Path, PathBuf};

    /// A directory that goes with its owner.
    pub(super) struct Folder(PathBuf);

    impl Folder {
        pub(super) fn new() -> Self {
            let unique = format!(
                "doodgate-presets-{}-{:?}",
                std::process::id(),
                std::time::Instant::now()
            );
            let name: String = unique
                .chars()
                .map(|c| {
                    if c.is_ascii_alphanumeric() || c == '-' {
                        c
                    } else {
                        '_'
                    }
                })
                .collect();
            let path = std::env::temp_dir().join(name);
            std::fs::create_dir(&path).unwrap();
            Self(path)
        }

        pub(super) fn path(&self) -> &Path {
            &self.0
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            std::fs::remove_dir_all(&self.0).ok();
        }
    }
}
