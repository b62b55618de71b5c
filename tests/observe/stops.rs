//! What ends an exchange from the side of the gate: a stop, a second one, a reload, a socket that is full.

use std::fs;
use std::sync::Arc;
use std::thread;

use doodgate::observe::{Observatory, Options, Peer, PolicyFacts, SocketFacts};
use doodgate::policy::{Audit, AuditCalls, AuditSink, Enforcement};
use serde_json::Value;

use super::{configured, metric, records, served};
use crate::support::{Conn, Dir, Head, Next, PATIENCE, World, answer, wait_until};

const EVENTS: &str = "GET /v1.41/events HTTP/1.1\r\nHost: docker\r\n\r\n";
const CHUNKED: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n";

/// An engine whose events have no end.
fn endless(conn: &mut Conn, head: &Head) -> Next {
    if head.line().contains("/events") {
        conn.send(CHUNKED);
        conn.read_to_end();
        return Next::Close;
    }
    conn.send(answer::json("{}"));
    Next::Request
}

/// A client that reads events.
fn reading(world: &World) -> Conn {
    let mut client = world.client();
    client.send(EVENTS);
    assert_eq!(client.read_head().status(), 200);
    client
}

/// The records of events.
fn ended(world: &World) -> Vec<Value> {
    let mut all = records(world, 1);
    all.retain(|record| record["operation"] == "SystemEvents");
    all
}

#[test]
fn a_gate_that_stops() {
    let mut world = configured("{drain-grace: 0s}", "", endless);
    let _client = reading(&world);
    world.gate.signal("TERM");
    assert!(world.gate.wait().success());
    let ended = ended(&world);
    assert_eq!(ended.len(), 1, "{ended:#?}");
    assert_eq!(ended[0]["end"], "cancelled");
}

#[test]
fn a_gate_that_is_told_twice() {
    // Without the second signal, it would wait for an hour.
    let mut world = configured("{drain-grace: 1h}", "", endless);
    let _clients = [reading(&world), reading(&world)];
    world.gate.signal("TERM");
    let socket = world.dir.path("gate.sock");
    wait_until("the first signal arrives", || !socket.exists());
    world.gate.signal("INT");
    assert_eq!(world.gate.wait().code(), Some(1), "{}", world.gate.said());
    let ended = ended(&world);
    assert_eq!(ended.len(), 2, "{ended:#?}");
    assert!(ended.iter().all(|record| record["end"] == "cancelled"));
}

#[test]
fn a_reload_that_forbids_it() {
    let world = configured("{}", "", endless);
    let mut client = reading(&world);
    let before = served(&world);
    let config = world.dir.path("doodgate.yaml");
    let text = fs::read_to_string(&config).expect("the configuration");

    // With a mistake in it, nothing changes but what is told of the reload.
    fs::write(&config, text.replace("read-only", "red-only")).expect("the configuration");
    world.gate.signal("HUP");
    let reload = || -> Value {
        let status: Value = super::ask(&world, "/status").1.parse().expect("JSON");
        status["last_reload"].clone()
    };
    wait_until("the failure", || reload()["outcome"] == "failure");
    assert!(reload()["reason"].is_string());
    assert_eq!(served(&world)["policy"], before["policy"]);
    assert_eq!(
        metric(&world, "doodgate_reloads_total{outcome=\"failure\"}"),
        Some(1.0)
    );

    let text = format!("{text}policies:\n  pings: {{allow: [SystemPing], deny: [SystemEvents]}}\n");
    fs::write(&config, text.replace("read-only", "pings")).expect("the configuration");
    world.gate.signal("HUP");
    wait_until("the reload", || reload()["outcome"] == "success");
    client.read_to_end();
    let record = ended(&world).remove(0);
    assert_eq!(record["end"], "revoked", "{record}");
    assert_eq!(record["decision"], "allowed");
    assert_eq!(record["reason"], "denied_by_rule");
    assert_eq!(record["policy"], "pings");
    let after = served(&world)["policy"].clone();
    assert_eq!(after["name"], "pings");
    assert_ne!(after["digest"], before["policy"]["digest"]);
    assert_ne!(after["loaded"], before["policy"]["loaded"]);
    let revoked = "doodgate_revoked_streams_total{socket=\"gate\"}";
    assert_eq!(metric(&world, revoked), Some(1.0));
    let refused = "doodgate_refusals_total{reason=\"denied_by_rule\",socket=\"gate\"}";
    assert_eq!(metric(&world, refused), Some(0.0), "nothing was refused");
    let said = world.gate.said();
    assert!(
        said.contains("ended: the policy that is in force now") && !said.contains("broke off"),
        "{said}"
    );
}

#[test]
fn a_socket_that_is_full() {
    let world = configured("{connections: 1}", "", endless);
    // The place may still be taken by whoever looked whether the gate listens.
    let mut client = None;
    wait_until("there is a place", || {
        let mut conn = world.client();
        let placed = conn.try_send(EVENTS) && conn.read_head().status() == 200;
        client = Some(conn);
        placed
    });
    assert_eq!(world.client().read_response().0.status(), 503);
    let busy = || {
        let mut all = records(&world, 1);
        all.retain(|record| record["reason"] == "too_many_connections");
        all
    };
    wait_until("the record", || !busy().is_empty());
    assert_eq!(busy()[0]["decision"], "failed");
    assert_eq!(busy()[0]["status"], 503);
}

#[test]
fn a_fault_of_the_gates_own() {
    // No request is known that makes the gate panic, so the guard is dropped by a panic of this test's making.
    let dir = Dir::new();
    let file = dir.path("audit.jsonl");
    let observatory = Observatory::new(Options {
        audit: Audit {
            to: Some(AuditSink::File(file.clone())),
            calls: AuditCalls::Refusals,
        },
        viewers: false,
    })
    .expect("an observatory");
    let observer = observatory.observer(SocketFacts {
        name: "gate".to_owned(),
        listen: "unix:///nowhere".to_owned(),
        policy: PolicyFacts {
            name: "none".to_owned(),
            digest: "0".to_owned(),
            enforcement: Enforcement::Enforced,
        },
        tenant: None,
        audit_calls: None,
    });
    let client = observer.connected(Peer::Unknown);
    let faulty = Arc::clone(&client);
    let ended = thread::spawn(move || {
        let _exchange = faulty.begin();
        panic!("made for a test");
    });
    assert!(ended.join().is_err());
    drop(client.begin());
    observatory.close(PATIENCE);
    let text = fs::read_to_string(&file).expect("the audit");
    let ends: Vec<Value> = text
        .lines()
        .map(|line| line.parse().expect("a record"))
        .inspect(super::schema::check)
        .map(|record| record["end"].clone())
        .collect();
    assert_eq!(ends, ["panicked", "cancelled"]);
}

#[test]
fn bytes_of_a_stream_show_while_it_lasts() {
    let world = configured("{}", "", |conn, head| {
        if !head.line().contains("/events") {
            return endless(conn, head);
        }
        conn.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        for _ in 0..10 {
            conn.send("a\r\n0123456789\r\n");
        }
        conn.read_to_end();
        Next::Close
    });
    let _client = reading(&world);
    let sent = "doodgate_sent_bytes_total{socket=\"gate\"}";
    wait_until("the bytes are counted", || {
        metric(&world, sent) == Some(100.0)
    });
    let status: Value = super::ask(&world, "/status").1.parse().expect("JSON");
    assert_eq!(status["streams"][0]["sent_bytes"], 100, "{status}");
    assert_eq!(status["sockets"][0]["sent_bytes"], 100);
    assert!(super::lines(&world).is_empty(), "it still goes on");
}
