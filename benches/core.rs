//! The core by itself: what each step from bytes to a decision costs, in time and in instructions.
//!
//! It prints a table of times (of the steps with a word in their names: `--only WORD`), and, where valgrind is there, of instructions: those are
//! counted by running itself twice under callgrind with different numbers of repetitions, so that everything
//! but the step cancels out.

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::cast_precision_loss,
    clippy::panic,
    reason = "a measurement stops at the first surprise, and prints what it found"
)]

use std::cell::RefCell;
use std::fmt::Write;
use std::hint::black_box;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use doodgate::api::json::{Document, Value};
use doodgate::api::{ApiVersion, Call, OPERATIONS, UnknownParameters};
use doodgate::demand;
use doodgate::observe::{Decision, Observatory, Options, Peer, PolicyFacts, Refused, SocketFacts};
use doodgate::policy::{Audit, AuditCalls, Enforcement, Policy, Tenancy};
use doodgate::tenant::{Listing, OWNER_LABEL, Shield, Tenant, View};
use doodgate::wire::{Limits, RequestHead};

/// How long each step is repeated for one time, and how many times count.
const BATCH: Duration = Duration::from_millis(20);
const BATCHES: usize = 15;

/// The numbers of repetitions whose difference gives the instructions of one.
const FEW: u64 = 200;
const MANY: u64 = 1200;

/// How many containers the list has that is shielded: enough for what each costs to show.
const LISTED: usize = 20;

const RENDERING: &str = "metrics rendered: 20 sockets, all operations";

const PING: &[u8] =
    b"GET /_ping HTTP/1.1\r\nHost: docker\r\nUser-Agent: Docker-Client/28.2.2 (linux)\r\n\r\n";
const LIST: &[u8] = b"GET /v1.41/containers/json?all=1&filters=%7B%22label%22%3A%5B%22com.example%3Dweb%22%5D%7D HTTP/1.1\r\nHost: docker\r\nUser-Agent: Docker-Client/28.2.2 (linux)\r\nAccept-Encoding: gzip\r\n\r\n";
const CREATE: &[u8] = b"POST /v1.41/containers/create?name=web HTTP/1.1\r\nHost: docker\r\nUser-Agent: Docker-Client/28.2.2 (linux)\r\nContent-Length: 4096\r\nContent-Type: application/json\r\n\r\n";

/// Prepares a step, so that it can be repeated.
type Make = Box<dyn Fn() -> Box<dyn Fn()>>;

/// One step.
struct Step {
    name: String,
    make: Make,
}

fn main() {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| argument != "--bench")
        .collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        [] => table(""),
        ["--only", word] => table(word),
        ["repeat", name, count] => repeat(name, count.parse().expect("a number")),
        _ => panic!("usage: core [--only WORD | repeat STEP COUNT]"),
    }
}

fn table(word: &str) {
    println!("\n# The core, one step at a time\n");
    println!("{:<52} {:>10} {:>14}", "step", "time", "instructions");
    for step in steps().iter().filter(|step| step.name.contains(word)) {
        let time = format!("{:.2} us", time(step));
        // A scrape takes so long under callgrind that its time has to do.
        let counted = (step.name != RENDERING)
            .then(|| instructions(&step.name))
            .flatten();
        let instructions = counted.map_or_else(|| "-".to_owned(), |count| count.to_string());
        println!("{:<52} {time:>10} {instructions:>14}", step.name);
    }
}

/// The median time of one repetition, in microseconds.
fn time(step: &Step) -> f64 {
    let run = (step.make)();
    let mut times: Vec<f64> = (0..BATCHES)
        .map(|_| {
            let (begin, mut count) = (Instant::now(), 0_u64);
            while begin.elapsed() < BATCH {
                for _ in 0..16 {
                    run();
                }
                count += 16;
            }
            begin.elapsed().as_secs_f64() * 1e6 / count as f64
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times.get(BATCHES / 2).copied().expect("a median")
}

/// The instructions of one repetition; `None` without valgrind.
fn instructions(name: &str) -> Option<u64> {
    let (few, many) = (counted(name, FEW)?, counted(name, MANY)?);
    Some(many.checked_sub(few)? / (MANY - FEW))
}

fn counted(name: &str, count: u64) -> Option<u64> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(std::env::current_exe().expect("this program"))
        .args(["repeat", name, &count.to_string()])
        .stdout(Stdio::null())
        .output()
        .ok()?;
    String::from_utf8_lossy(&output.stderr)
        .lines()
        .find_map(|line| line.split_once("Collected : ")?.1.trim().parse().ok())
}

fn repeat(name: &str, count: u64) {
    let step = steps()
        .into_iter()
        .find(|step| step.name == name)
        .expect("a step of that name");
    let run = (step.make)();
    for _ in 0..count {
        run();
    }
}

fn steps() -> Vec<Step> {
    let mut steps = Vec::new();
    let mut step = |name: String, make: Make| steps.push(Step { name, make });

    for (name, bytes) in [("ping", PING), ("list", LIST), ("create", CREATE)] {
        step(
            format!("head of {name}"),
            Box::new(move || {
                let head = RefCell::new(RequestHead::default());
                Box::new(move || {
                    let parsed = head
                        .borrow_mut()
                        .parse(black_box(bytes), &Limits::default());
                    black_box(parsed.expect("a head"));
                })
            }),
        );
        step(
            format!("call of {name}"),
            Box::new(move || {
                let head = head_of(bytes);
                Box::new(move || {
                    black_box(Call::parse(black_box(&head)).expect("a call"));
                })
            }),
        );
        step(
            format!("call of {name}, and its target written"),
            Box::new(move || {
                let head = head_of(bytes);
                Box::new(move || {
                    let mut out = Vec::with_capacity(256);
                    let call = Call::parse(&head).expect("a call");
                    call.write_target(
                        Some(ApiVersion::new(1, 41)),
                        UnknownParameters::Forward,
                        &mut out,
                    );
                    black_box(out);
                })
            }),
        );
    }
    step(
        "JSON of a create of 4 KiB".to_owned(),
        Box::new(|| {
            let body = body();
            Box::new(move || {
                black_box(Document::parse(black_box(&body)).expect("JSON"));
            })
        }),
    );
    let listed = listed();
    step(
        format!(
            "shield of a list of {LISTED} containers, {} B",
            listed.len()
        ),
        Box::new(move || {
            let list = listed.clone();
            let tenant = Tenant::new(Arc::new(Tenancy::of("acme")));
            Box::new(move || {
                let mut out = Vec::with_capacity(list.len());
                let view = View::ContainerList(Listing::default());
                let mut shield = Shield::new(tenant.clone(), view);
                for piece in list.chunks(16 * 1024) {
                    shield.push(black_box(piece), &mut out).expect("a list");
                }
                shield.finish(&mut out).expect("the end of a list");
                black_box(out);
            })
        }),
    );
    for (name, bytes) in [("ping", PING), ("list", LIST), ("create of 4 KiB", CREATE)] {
        for rules in [1, 20, 200] {
            step(
                format!("decision of {name}, rules: {rules}"),
                Box::new(move || {
                    let (policy, head) = (policy(rules), head_of(bytes));
                    let body = (bytes == CREATE).then(body);
                    Box::new(move || decide(&policy, &head, body.as_deref()))
                }),
            );
        }
    }
    steps.extend(watching());
    steps
}

/// What an engine lists for the label of a tenant, who has so many containers.
fn listed() -> Vec<u8> {
    let answer = include_str!("../tests/views/26-containers.json");
    let document = Document::parse(answer.as_bytes()).expect("JSON");
    let own: Vec<Value<'_>> = document
        .root()
        .as_array()
        .expect("a list")
        .iter()
        .filter(|item| {
            let label = item
                .field("Labels")
                .and_then(|labels| labels.entry(OWNER_LABEL));
            label.and_then(Value::as_str) == Some("acme")
        })
        .cloned()
        .collect();
    let mut list = Vec::new();
    Document::new(Value::Array(own.into_iter().cycle().take(LISTED).collect())).write(&mut list);
    list
}

/// What is seen from outside, and what it costs.
fn watching() -> Vec<Step> {
    let mut steps = Vec::new();
    let mut step = |name: String, make: Make| steps.push(Step { name, make });
    for (name, watch) in [
        (
            "metrics",
            Watch {
                audit: false,
                refused: false,
            },
        ),
        (
            "metrics and audit",
            Watch {
                audit: true,
                refused: false,
            },
        ),
        (
            "metrics and audit, refused",
            Watch {
                audit: true,
                refused: true,
            },
        ),
    ] {
        step(
            format!("exchange watched: {name}"),
            Box::new(move || exchange(watch)),
        );
    }
    steps.push(Step {
        name: RENDERING.to_owned(),
        make: Box::new(rendering),
    });
    steps
}

/// How an exchange is watched.
#[derive(Clone, Copy)]
struct Watch {
    audit: bool,
    refused: bool,
}

fn observatory(audit: Option<&str>) -> Arc<Observatory> {
    let to = audit.map(|to| to.parse().expect("a sink"));
    let calls = AuditCalls::All;
    Observatory::new(Options {
        audit: Audit { to, calls },
        viewers: false,
    })
    .expect("an observatory")
}

fn facts(socket: &str) -> SocketFacts {
    SocketFacts {
        name: socket.to_owned(),
        listen: format!("unix:///run/{socket}.sock"),
        policy: PolicyFacts {
            name: "bench".to_owned(),
            digest: "0".to_owned(),
            enforcement: Enforcement::Enforced,
        },
        tenant: None,
        audit_calls: None,
    }
}

/// What the gate tells of a call on its way. The decision itself is made beforehand; it lasts as long as the program.
fn exchange(watch: Watch) -> Box<dyn Fn()> {
    let head: &'static RequestHead = Box::leak(Box::new(head_of(LIST)));
    let call: &'static Call<'static> = Box::leak(Box::new(Call::parse(head).expect("a call")));
    let policy: &'static Policy = Box::leak(Box::new(policy(20)));
    let demands: &'static [demand::Demand<'static>] =
        Box::leak(demand::of(call, None).expect("demands").into_boxed_slice());
    let permit = policy.decide(call, None, demands).expect("a permit");
    let closed = Policy::load(
        "closed",
        "closed.yaml",
        "version: 1\nallow: [containers.lifecycle]\n",
        &[],
    )
    .unwrap_or_else(|errors| panic!("{errors}"));
    let denial = closed.decide(call, None, demands).expect_err("a denial");
    let peer = Peer::Unix {
        uid: 0,
        gid: 0,
        pid: Some(std::process::id()),
    };
    let client = observatory(watch.audit.then_some("/dev/null"))
        .observer(facts("bench"))
        .connected(peer);
    Box::new(move || {
        let mut exchange = client.begin();
        exchange.received(head);
        exchange.parsed(call);
        if watch.refused {
            exchange.refused(&Refused {
                status: 403,
                decision: Decision::Denied,
                reason: denial.reason().code(),
                denial: Some(&denial),
                fault: None,
            });
            return;
        }
        exchange.permitted(&permit, demands);
        exchange.sent(false, LIST);
        exchange.answered(200);
        exchange.down().add(1234);
        exchange.finished();
    })
}

/// A scrape of a gate on which everything has been called.
fn rendering() -> Box<dyn Fn()> {
    let observatory = observatory(None);
    for socket in 0..20 {
        let client = observatory
            .observer(facts(&format!("socket-{socket}")))
            .connected(Peer::Unknown);
        for operation in OPERATIONS {
            let target = operation
                .template
                .replace("...", "")
                .replace(['{', '}'], "");
            let target = format!("/v1.41{target}");
            let call = Call::from_parts(operation.method.as_str(), &target, None).expect("a call");
            client.begin().parsed(&call);
        }
    }
    Box::new(move || {
        black_box(observatory.render());
    })
}

fn head_of(bytes: &[u8]) -> RequestHead {
    let mut head = RequestHead::default();
    head.parse(bytes, &Limits::default()).expect("a head");
    head
}

/// The whole way from a head and a body to a permit.
fn decide(policy: &Policy, head: &RequestHead, body: Option<&[u8]>) {
    let call = Call::parse(black_box(head)).expect("a call");
    policy.admit(&call).expect("admitted");
    let document = body.map(|body| Document::parse(black_box(body)).expect("JSON"));
    let demands = demand::of(&call, document.as_ref()).expect("demands");
    black_box(policy.decide(&call, document.as_ref(), &demands)).expect("a permit");
}

/// A policy of so many rules. The last one allows the calls above: nothing may depend on where it stands.
fn policy(rules: usize) -> Policy {
    let mut text = String::from("version: 1\nallow:\n");
    for number in 1..rules {
        let rule = match number % 4 {
            0 => format!(
                "ContainerCreate: {{image: \"registry.example/team{number}/**\", bind: [\"/srv/team{number}/**:ro\"]}}"
            ),
            1 => format!("ContainerStop: {{path.id: \"team{number}-*\"}}"),
            2 => format!("ImagePull: {{image: \"registry.example/team{number}/**\"}}"),
            _ => format!("GET /team{number}/**"),
        };
        writeln!(text, "  - {rule}").expect("a string takes everything");
    }
    text.push_str(
        "  - read\n  - ContainerCreate: {image: \"docker.io/library/*\", network-mode: bridge}\n",
    );
    Policy::load("bench", "bench.yaml", &text, &[]).unwrap_or_else(|errors| panic!("{errors}"))
}

/// A container-create body of 4 KiB in the manner of the docker CLI, which writes out every field.
fn body() -> Vec<u8> {
    let mut body = String::from(
        r#"{"Hostname":"","Domainname":"","User":"1000","AttachStdin":false,"AttachStdout":true,"AttachStderr":true,"Tty":false,"OpenStdin":false,"StdinOnce":false,"Cmd":["nginx","-g","daemon off;"],"Image":"nginx:1.27","Volumes":{},"WorkingDir":"/srv","Entrypoint":null,"OnBuild":null,"HostConfig":{"Binds":null,"ContainerIDFile":"","LogConfig":{"Type":"","Config":{}},"NetworkMode":"bridge","PortBindings":{},"RestartPolicy":{"Name":"no","MaximumRetryCount":0},"AutoRemove":false,"VolumeDriver":"","VolumesFrom":null,"ConsoleSize":[0,0],"CapAdd":null,"CapDrop":null,"CgroupnsMode":"","Dns":[],"DnsOptions":[],"DnsSearch":[],"ExtraHosts":null,"GroupAdd":null,"IpcMode":"","Cgroup":"","Links":null,"OomScoreAdj":0,"PidMode":"","Privileged":false,"PublishAllPorts":false,"ReadonlyRootfs":false,"SecurityOpt":null,"UTSMode":"","UsernsMode":"","ShmSize":0,"Isolation":"","CpuShares":0,"Memory":0,"NanoCpus":0,"CgroupParent":"","BlkioWeight":0,"BlkioWeightDevice":[],"BlkioDeviceReadBps":[],"BlkioDeviceWriteBps":[],"BlkioDeviceReadIOps":[],"BlkioDeviceWriteIOps":[],"CpuPeriod":0,"CpuQuota":0,"CpuRealtimePeriod":0,"CpuRealtimeRuntime":0,"CpusetCpus":"","CpusetMems":"","Devices":[],"DeviceCgroupRules":null,"DeviceRequests":null,"MemoryReservation":0,"MemorySwap":0,"MemorySwappiness":-1,"OomKillDisable":false,"PidsLimit":0,"Ulimits":[],"CpuCount":0,"CpuPercent":0,"IOMaximumIOps":0,"IOMaximumBandwidth":0,"MaskedPaths":null,"ReadonlyPaths":null},"NetworkingConfig":{"EndpointsConfig":{}},"Labels":{"#,
    );
    for number in 0..12 {
        let comma = if number == 0 { "" } else { "," };
        write!(
            body,
            "{comma}\"com.example.label.{number}\":\"value {number}\""
        )
        .expect("a string");
    }
    body.push_str("},\"Env\":[");
    let mut number = 0;
    while body.len() < 4096 - 60 {
        let comma = if number == 0 { "" } else { "," };
        write!(
            body,
            "{comma}\"VARIABLE_{number}=some value of ordinary length\""
        )
        .expect("a string");
        number += 1;
    }
    body.push_str("]}");
    body.into_bytes()
}
