//! Sinks that take nothing any more: no request waits for them, and what is lost is counted and told.

use std::fs::{self, OpenOptions};
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::audit::{LIST, auditing, datagrams};
use super::{call, metric};
use crate::support::{Dir, PATIENCE, World, wait_until};

const DROPPED: &str = "doodgate_audit_dropped_total";
const ERRORS: &str = "doodgate_audit_write_errors_total";

/// The number of dropped records, once it does not grow any more: a record is written after its answer, and a failing
/// sink is not tried at once again.
fn dropped(world: &World) -> f64 {
    let mut dropped = metric(world, DROPPED).expect("the counter");
    loop {
        thread::sleep(Duration::from_millis(2500));
        let now = metric(world, DROPPED).expect("the counter");
        if now.to_bits() == dropped.to_bits() {
            return now;
        }
        dropped = now;
    }
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
    let dropped = dropped(&world);
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

/// A file system of 64 KiB, gone with the value.
struct Small(PathBuf);

impl Small {
    /// `None` where nothing may be mounted.
    fn mount(at: PathBuf) -> Option<Self> {
        fs::create_dir(&at).expect("a folder");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=64k", "tmpfs"])
            .arg(&at)
            .status();
        mounted.is_ok_and(|it| it.success()).then_some(Self(at))
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        drop(Command::new("umount").arg("-l").arg(&self.0).status());
    }
}

#[test]
fn a_disk_that_fills_up_and_is_emptied() {
    let dir = Dir::new();
    let Some(small) = Small::mount(dir.path("small")) else {
        println!("skipped: nothing may be mounted here");
        return;
    };
    let file = small.0.join("audit.jsonl");
    let world = auditing(dir, &file.display().to_string(), &[]);
    let mut client = world.client();
    let ask = |client: &mut crate::support::Conn, count: u32| {
        for _ in 0..count {
            client.send(LIST);
            assert_eq!(client.read_response().0.status(), 200);
        }
    };
    ask(&mut client, 1000);
    wait_until("the disk is full", || metric(&world, ERRORS) > Some(0.0));
    let dropped = dropped(&world);
    let text = fs::read_to_string(&file).expect("the audit");
    assert!(text.len() <= 64 << 10);
    let whole = |text: &str| {
        let whole = text.lines().filter(|line| line.parse::<Value>().is_ok());
        f64::from(u32::try_from(whole.count()).expect("few"))
    };
    assert_eq!(
        (whole(&text) + dropped).to_bits(),
        1000_f64.to_bits(),
        "{dropped} dropped"
    );
    assert!(world.gate.said().contains("audit records are lost"));
    // Whoever makes room has its records from there on, each on a line of its own.
    fs::write(&file, "").expect("room");
    ask(&mut client, 20);
    wait_until("the records", || {
        fs::read_to_string(&file).is_ok_and(|text| whole(&text).to_bits() == 20_f64.to_bits())
    });
    drop(world);
    drop(small);
}

#[test]
fn a_receiver_of_datagrams_that_does_not_read() {
    let (receiver, world) = datagrams("unixgram");
    let mut client = world.client();
    let begun = Instant::now();
    let mut sent = 0_u32;
    // The kernel keeps some hundreds at most; what waits for the receiver waits for a second.
    while metric(&world, DROPPED) == Some(0.0) {
        assert!(begun.elapsed() < PATIENCE, "{sent} records found room");
        for _ in 0..200 {
            client.send(LIST);
            assert_eq!(client.read_response().0.status(), 200);
        }
        sent += 200;
    }
    let dropped = dropped(&world);
    assert!(metric(&world, ERRORS) > Some(0.0));
    // What was taken is whole.
    let mut datagram = [0; 4096];
    let mut read = 0_u32;
    while f64::from(read) + dropped < f64::from(sent) {
        let count = receiver.recv(&mut datagram).expect("a datagram");
        let record = std::str::from_utf8(&datagram[..count]).expect("text");
        assert!(record.parse::<Value>().is_ok(), "{record}");
        read += 1;
    }
    // And once it reads again, it gets what comes.
    call(&world, "GET /v1.41/info HTTP/1.1\r\nHost: d\r\n\r\n");
    let count = receiver.recv(&mut datagram).expect("a datagram");
    assert!(String::from_utf8_lossy(&datagram[..count]).contains("SystemInfo"));
}
