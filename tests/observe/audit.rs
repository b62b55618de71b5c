//! Where audit records go: files that are rotated, and datagrams.

use std::fs;
use std::os::unix::net::UnixDatagram;

use serde_json::Value;

use super::{POLICY, ask, call, lines, metric, plain, records, watched};
use crate::support::{Conn, Dir, FakeEngine, PATIENCE, World, unix, wait_until};

pub(super) const LIST: &str = "GET /v1.41/containers/json HTTP/1.1\r\nHost: docker\r\n\r\n";
const STOP: &str =
    "POST /v1.41/containers/web/exec HTTP/1.1\r\nHost: docker\r\nContent-Length: 0\r\n\r\n";

/// A gate whose audit goes to `sink`.
pub(super) fn auditing(dir: Dir, sink: &str, more: &[&str]) -> World {
    let engine = FakeEngine::start(&dir.path("engine.sock"), plain);
    let admin = unix(&dir.path("admin.sock"));
    let arguments = [&["--audit", sink, "--admin", &admin], more].concat();
    let gate = World::gate(&dir, POLICY, &arguments);
    World { gate, engine, dir }
}

/// A socket that takes datagrams, and a gate whose audit goes there as `sink`: `unixgram` or `syslog`.
pub(super) fn datagrams(sink: &str) -> (UnixDatagram, World) {
    let dir = Dir::new();
    let receiver = UnixDatagram::bind(dir.path("log")).expect("a socket");
    receiver
        .set_read_timeout(Some(PATIENCE))
        .expect("a timeout");
    let sink = format!("{sink}:{}", dir.path("log").display());
    (receiver, auditing(dir, &sink, &[]))
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
fn a_rotation_under_load_loses_nothing() {
    let world = watched(plain);
    let file = world.dir.path("audit.jsonl");
    let mut client = world.client();
    for part in 1..=5 {
        for number in 0..400 {
            client.send(LIST);
            assert_eq!(client.read_response().0.status(), 200);
            if number == 200 {
                // As logrotate does it.
                fs::rename(&file, world.dir.path(&format!("audit.{part}"))).expect("rotate");
                world.gate.signal("HUP");
            }
        }
        wait_until("the new file", || file.exists());
    }
    let mut ids = std::collections::BTreeSet::new();
    let everything = || {
        (1..=5)
            .map(|part| world.dir.path(&format!("audit.{part}")))
            .chain([file.clone()])
            .map(|file| fs::read_to_string(file).expect("a part"))
            .collect::<String>()
    };
    wait_until("the last record", || everything().lines().count() >= 2000);
    for line in everything().lines() {
        let record: Value = line.parse().expect("a whole record");
        assert!(ids.insert(record["id"].to_string()), "{record} comes twice");
    }
    assert_eq!(ids.len(), 2000);
}

#[test]
fn a_file_that_cannot_be_begun_anew_is_written_on() {
    let dir = Dir::new();
    fs::create_dir(dir.path("log")).expect("a folder");
    let file = dir.path("log/audit.jsonl");
    let world = auditing(dir, &file.display().to_string(), &[]);
    let moved = world.dir.path("moved");
    fs::rename(world.dir.path("log"), &moved).expect("the folder goes");
    world.gate.signal("HUP");
    wait_until("it is told", || {
        world.gate.said().contains("cannot be begun anew")
    });
    call(&world, LIST);
    let old = moved.join("audit.jsonl");
    wait_until("the record", || {
        fs::read_to_string(&old).is_ok_and(|text| text.ends_with('\n'))
    });
    assert_eq!(metric(&world, "doodgate_audit_dropped_total"), Some(0.0));
}

#[test]
fn datagrams_go_to_a_socket() {
    for (sink, front) in [("unixgram", "{"), ("syslog", "<133>doodgate[")] {
        let (receiver, world) = datagrams(sink);
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
