//! Where audit records go: files that are rotated, full or blocked, and datagrams. No sink holds up a request.

use std::fs::{self, OpenOptions};
use std::io::{BufRead, BufReader};
use std::os::unix::net::UnixDatagram;
use std::process::Command;

use serde_json::Value;

use super::{POLICY, ask, call, lines, metric, plain, records, watched};
use crate::support::{Conn, Dir, FakeEngine, PATIENCE, World, unix, wait_until};

const LIST: &str = "GET /v1.41/containers/json HTTP/1.1\r\nHost: docker\r\n\r\n";
const STOP: &str =
    "POST /v1.41/containers/web/exec HTTP/1.1\r\nHost: docker\r\nContent-Length: 0\r\n\r\n";
const DROPPED: &str = "doodgate_audit_dropped_total";

/// A gate whose audit goes to `sink`.
fn auditing(dir: Dir, sink: &str, more: &[&str]) -> World {
    let engine = FakeEngine::start(&dir.path("engine.sock"), plain);
    let admin = unix(&dir.path("admin.sock"));
    let arguments = [&["--audit", sink, "--admin", &admin], more].concat();
    let gate = World::gate(&dir, POLICY, &arguments);
    World { gate, engine, dir }
}

#[test]
fn a_file_that_is_moved_away_is_begun_anew() {
    let world = watched(plain);
    call(&world, LIST);
    records(&world, 1);
    let file = world.dir.path("audit.jsonl");
    fs::rename(&file, world.dir.path("audit.1")).expect("rotate");
    world.gate.signal("HUP");
    wait_until("the new file", || file.exists());
    call(&world, LIST);
    assert_eq!(records(&world, 1).len(), 1);
    let moved = fs::read_to_string(world.dir.path("audit.1")).expect("the old file");
    assert_eq!(moved.lines().count(), 1);
}

#[test]
fn a_sink_that_blocks_holds_up_nobody() {
    let dir = Dir::new();
    let fifo = dir.path("fifo");
    assert!(
        Command::new("mkfifo")
            .arg(&fifo)
            .status()
            .expect("mkfifo")
            .success()
    );
    // Both ends at once, so that neither opening waits; nobody reads yet.
    let held = OpenOptions::new()
        .read(true)
        .write(true)
        .open(&fifo)
        .expect("the pipe");
    let world = auditing(dir, &fifo.display().to_string(), &[]);
    let path = "x".repeat(1000);
    let request = format!("GET /v1.41/{path} HTTP/1.1\r\nHost: docker\r\n\r\n");
    let mut client = world.client();
    let mut sent = 0_u32;
    // The pipe takes 64 KiB and the queue 4 MiB: then the gate must begin to drop.
    while sent < 20_000 && (!sent.is_multiple_of(1000) || metric(&world, DROPPED) == Some(0.0)) {
        for _ in 0..100 {
            client.send(&request);
        }
        for _ in 0..100 {
            assert_eq!(client.read_response().0.status(), 403);
        }
        sent += 100;
    }
    // A record is written after its answer, so the last ones may still be on their way.
    let mut dropped = metric(&world, DROPPED).expect("the counter");
    loop {
        std::thread::sleep(std::time::Duration::from_millis(300));
        let now = metric(&world, DROPPED).expect("the counter");
        if now.to_bits() == dropped.to_bits() {
            break;
        }
        dropped = now;
    }
    assert!(dropped > 0.0, "{sent} records fitted");
    // What was kept comes out whole, and the writer goes on.
    let mut reader = BufReader::new(held);
    let mut read = 0_u32;
    while f64::from(read) + dropped < f64::from(sent) {
        let mut line = String::new();
        reader.read_line(&mut line).expect("a line");
        let record: Value = line.parse().expect("a whole record");
        assert_eq!(record["reason"], "unknown_operation");
        read += 1;
    }
}

#[test]
fn a_full_disk_is_counted_and_said() {
    let world = auditing(Dir::new(), "/dev/full", &[]);
    for _ in 0..3 {
        assert_eq!(call(&world, LIST).0.status(), 200);
    }
    wait_until("the loss is counted", || {
        metric(&world, DROPPED) == Some(3.0)
    });
    assert!(metric(&world, "doodgate_audit_write_errors_total") >= Some(1.0));
    assert!(
        world.gate.said().contains("audit records are lost"),
        "{}",
        world.gate.said()
    );
}

#[test]
fn datagrams_go_to_a_socket() {
    for (sink, front) in [("unixgram", "{"), ("syslog", "<133>doodgate[")] {
        let dir = Dir::new();
        let receiver = UnixDatagram::bind(dir.path("log")).expect("a socket");
        receiver
            .set_read_timeout(Some(PATIENCE))
            .expect("a timeout");
        let sink = format!("{sink}:{}", dir.path("log").display());
        let world = auditing(dir, &sink, &[]);
        call(&world, STOP);
        let mut datagram = [0; 4096];
        let count = receiver.recv(&mut datagram).expect("a datagram");
        let text = String::from_utf8_lossy(&datagram[..count]);
        assert!(text.starts_with(front), "{text}");
        let record: Value = text[text.find('{').expect("an object")..]
            .parse()
            .expect("a record");
        assert_eq!(record["operation"], "ContainerExec");
    }
}

#[test]
fn only_the_chosen_calls_are_recorded() {
    for (calls, most) in [("refusals", 0), ("sample:10", 10)] {
        let dir = Dir::new();
        let file = dir.path("audit.jsonl").display().to_string();
        let world = auditing(dir, &file, &["--audit-calls", calls]);
        let mut client = world.client();
        for _ in 0..100 {
            client.send(LIST);
            client.read_response();
        }
        client.send(STOP);
        client.read_response();
        wait_until("the refusal", || {
            lines(&world)
                .iter()
                .any(|line| line.contains("ContainerExec"))
        });
        let all = lines(&world);
        let allowed = all
            .iter()
            .filter(|line| line.contains("\"decision\":\"allowed\""))
            .count();
        assert_eq!(allowed, most, "{calls}");
    }
}

#[test]
fn a_sink_that_cannot_be_opened_is_said_at_start() {
    let dir = Dir::new();
    let stderr = dir.path("stderr");
    for (sink, said) in [
        ("/nonexistent/audit.jsonl", "cannot write audit records"),
        ("unixgram:/nonexistent", "cannot write audit records"),
        ("nowhere", "no place for audit records"),
    ] {
        let listen = unix(&dir.path("gate.sock"));
        let (status, text) = crate::support::gate::Gate::run(
            &["run", "--listen", &listen, "--audit", sink],
            &stderr,
        );
        assert_eq!(status.code(), Some(2), "{text}");
        assert!(text.contains(said), "{text}");
    }
}

#[test]
fn a_flood_of_refusals_is_logged_once() {
    let world = watched(plain);
    let mut client: Conn = world.client();
    for _ in 0..50 {
        client.send(STOP);
        client.read_response();
    }
    assert_eq!(records(&world, 50).len(), 50);
    let said = world.gate.said();
    let logged = said
        .lines()
        .filter(|line| line.contains("ContainerExec"))
        .count();
    assert_eq!(logged, 1, "{said}");
    assert!(
        ask(&world, "/status")
            .1
            .contains("\"ContainerExec\",\"denied\":50")
    );
}
