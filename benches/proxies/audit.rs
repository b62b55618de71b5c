//! What watching costs a running gate, and whether the audit's file keeps up with it.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use super::process::{Scratch, Side};

/// A call that the gate answers by itself: nothing else is as fast.
const REFUSED: &str = "GET /v1.41/containers/web/archive?path=/etc HTTP/1.1\r\nHost: docker\r\nUser-Agent: Docker-Client/28.2.2 (linux)\r\n\r\n";
/// How many calls a client sends before it reads their answers, and how many clients do.
const AHEAD: usize = 128;
const CLIENTS: usize = 4;

/// Refusals as fast as they come, with the audit and without, turn by turn.
pub(crate) fn run(scratch: &Scratch, engine: &Path, rounds: usize, time: Duration) {
    println!(
        "\n## refusals, {CLIENTS} clients with {AHEAD} calls at a time, each call with an audit record to a file\n"
    );
    let file = scratch.path("audit.jsonl");
    let options = [
        "--audit",
        &file.display().to_string(),
        "--admin",
        &format!("unix://{}", scratch.path("admin.sock").display()),
    ]
    .map(str::to_owned);
    let plain = Side::gate(scratch, engine, "plain", &[]);
    let audited = Side::gate(scratch, engine, "audited", &options);
    let (mut calls, mut rates, mut ratios) = (0, Vec::new(), Vec::new());
    for _ in 0..rounds {
        let (_, without) = burst(plain.socket(), time);
        let (count, with) = burst(audited.socket(), time);
        calls += count;
        rates.push(with);
        ratios.push(with / without);
    }
    let dropped = settled(&scratch.path("admin.sock"), calls);
    let written = fs::read_to_string(&file)
        .expect("the audit")
        .lines()
        .count();
    rates.sort_by(f64::total_cmp);
    ratios.sort_by(f64::total_cmp);
    println!(
        "{:.0} calls/s with the audit, {:.2} of what goes without it",
        rates[rates.len() / 2],
        ratios[ratios.len() / 2]
    );
    println!("{calls} calls: {written} records written, {dropped} dropped and counted");
    assert_eq!(written + dropped, calls, "a call has no record");
}

/// How many calls were answered, and in a second.
fn burst(socket: &Path, time: Duration) -> (usize, f64) {
    let begin = Instant::now();
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let mut stream = UnixStream::connect(socket).expect("a gate that listens");
            thread::spawn(move || {
                let requests = REFUSED.repeat(AHEAD);
                let length = answer(&mut stream);
                let mut answers = vec![0; length * AHEAD];
                let mut count = 1;
                while begin.elapsed() < time {
                    stream.write_all(requests.as_bytes()).expect("sent");
                    stream.read_exact(&mut answers).expect("answers");
                    count += AHEAD;
                }
                count
            })
        })
        .collect();
    let calls = clients
        .into_iter()
        .map(|it| it.join().expect("a client"))
        .sum();
    (calls, calls as f64 / begin.elapsed().as_secs_f64())
}

/// The length of the answer to one call: all are the same.
fn answer(stream: &mut UnixStream) -> usize {
    stream.write_all(REFUSED.as_bytes()).expect("sent");
    let mut text = Vec::new();
    let mut piece = [0; 4096];
    while !text.ends_with(b"}\n") {
        let count = stream.read(&mut piece).expect("an answer");
        text.extend_from_slice(&piece[..count]);
    }
    assert!(
        text.starts_with(b"HTTP/1.1 403 "),
        "the call is not refused"
    );
    text.len()
}

/// How many records were dropped, once each call has one or is counted so.
fn settled(admin: &Path, calls: usize) -> usize {
    let end = Instant::now() + Duration::from_secs(30);
    loop {
        let mut stream = UnixStream::connect(admin).expect("the admin listener");
        stream
            .write_all(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            .expect("sent");
        let mut text = String::new();
        stream.read_to_string(&mut text).expect("the metrics");
        let metric = |name: &str| -> usize {
            text.lines()
                .find_map(|line| line.strip_prefix(name)?.trim().parse().ok())
                .expect(name)
        };
        let dropped = metric("doodgate_audit_dropped_total ");
        // What is in the queue is written in some milliseconds.
        if metric("doodgate_audit_records_total ") + dropped >= calls || Instant::now() > end {
            thread::sleep(Duration::from_millis(200));
            return dropped;
        }
        thread::sleep(Duration::from_millis(20));
    }
}
