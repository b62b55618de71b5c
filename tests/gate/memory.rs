//! What passes through takes no memory, however long it is.

use std::io::{Read as _, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::thread;

use super::builds::{archive, entry, gzip};
use crate::support::{Conn, Dir, World, answer};

/// What is sent of each.
const LENGTH: usize = 1 << 30;
/// What the gate may take for it at most, in KiB.
const MOST: u64 = 4 << 10;

const POLICY: &str = "version: 1
allow:
  - SystemPing
  - ImageLoad
  - ImageBuild: {base-image: alpine}
  - PutContainerArchive
";

/// Each connection of this engine takes a request of any length, keeps nothing of it, and answers.
fn forgetful_engine(path: &Path) {
    let listener = UnixListener::bind(path).expect("the engine's socket");
    thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = stream.expect("accept");
            thread::spawn(move || forget(stream));
        }
    });
}

fn forget(mut stream: UnixStream) {
    let mut piece = vec![0; 64 << 10];
    let mut last = Vec::new();
    loop {
        let count = stream.read(&mut piece).unwrap_or(0);
        if count == 0 {
            return;
        }
        last.extend_from_slice(&piece[..count]);
        last.drain(..last.len().saturating_sub(64));
        let ends = |end: &[u8]| last.ends_with(end);
        if ends(b"\r\n0\r\n\r\n") {
            stream.write_all(&answer::json("{}")).expect("send");
        } else if ends(b"\r\n\r\n") && count < 4096 {
            // A look-up, or the head of what follows.
            if piece.starts_with(b"GET ") {
                stream.write_all(&answer::ping()).expect("send");
            }
        }
    }
}

/// Sends a request whose body is `first`, zeros, and `last`, in chunks.
fn send(client: &mut Conn, line: &str, first: &[u8], length: usize, last: &[u8]) {
    let chunk = |bytes: &[u8]| {
        let mut out = format!("{:x}\r\n", bytes.len()).into_bytes();
        out.extend_from_slice(bytes);
        out.extend_from_slice(b"\r\n");
        out
    };
    client.send(format!(
        "{line} HTTP/1.1\r\nHost: docker\r\nContent-Type: application/x-tar\r\nTransfer-Encoding: chunked\r\n\r\n"
    ));
    if !first.is_empty() {
        client.send(chunk(first));
    }
    let zeros = chunk(&vec![0; 32 << 10]);
    for _ in 0..length / (32 << 10) {
        client.send(&zeros);
    }
    if !last.is_empty() {
        client.send(chunk(last));
    }
    client.send("0\r\n\r\n");
}

#[test]
fn a_gigabyte_of_each_upload_takes_no_memory() {
    let dir = Dir::new();
    forgetful_engine(&dir.path("engine.sock"));
    let gate = World::gate(&dir, POLICY, &[]);
    let socket = dir.path("gate.sock");
    let mut first = Conn::connect(&socket);
    first.send("GET /_ping HTTP/1.1\r\nHost: docker\r\n\r\n");
    assert_eq!(first.read_response().1, "OK");
    let (idle, _) = gate.memory();

    // A header that announces all the zeros as the data of one file.
    let mut large = entry("large", b'0', b"");
    large[124..136].copy_from_slice(format!("{LENGTH:011o} ").as_bytes());
    large[148..156].copy_from_slice(b"        ");
    let sum: u32 = large.iter().map(|byte| u32::from(*byte)).sum();
    large[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    let dockerfile = entry("Dockerfile", b'0', b"FROM alpine");
    let context = [dockerfile, large.clone()].concat();
    let end = [0; 1024];
    let packed = gzip(&archive(&[
        entry("Dockerfile", b'0', b"FROM alpine"),
        entry("zeros", b'0', &vec![0; 32 << 20]),
    ]));
    for (name, line, before, length, after) in [
        (
            "load",
            "POST /v1.41/images/load",
            &large[..],
            LENGTH,
            &end[..],
        ),
        ("build", "POST /v1.41/build", &context, LENGTH, &end),
        ("build from gzip", "POST /v1.41/build", &packed, 0, &[]),
        (
            "archive",
            "PUT /v1.41/containers/x/archive?path=/",
            &large,
            LENGTH,
            &end,
        ),
    ] {
        let mut client = Conn::connect(&socket);
        send(&mut client, line, before, length, after);
        assert_eq!(client.read_head().status(), 200, "{name}");
        let (_, most) = gate.memory();
        println!("{name}: {most} KiB at most, {idle} KiB idle");
        assert!(
            most <= idle + MOST,
            "{name}: {most} KiB, {idle} KiB when idle"
        );
    }
}
