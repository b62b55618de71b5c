//! Resident memory: behind the load, and with many streams on which nothing happens.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;

use super::process::Side;

/// How many streams are open at once.
const STREAMS: usize = 1000;

/// Prints what each side holds now.
pub(crate) fn after_load(sides: &[Side]) {
    println!("\n## Resident memory after the load\n");
    for side in sides {
        if let Some(memory) = side.memory() {
            println!("{:<16} {memory:>8.1} MiB", side.name);
        }
    }
}

/// Opens streams of events through each side and prints what it holds then.
pub(crate) fn idle_streams(sides: &[Side]) {
    println!("\n## Resident memory with {STREAMS} idle streams of events\n");
    for side in sides {
        let Some(before) = side.memory() else {
            continue;
        };
        let mut streams = Vec::new();
        for _ in 0..STREAMS {
            let mut stream = UnixStream::connect(side.socket()).expect("connect");
            stream
                .write_all(b"GET /v1.41/events HTTP/1.1\r\nHost: docker\r\n\r\n")
                .expect("send");
            let mut head = [0; 1024];
            let mut got = 0;
            while !head[..got].ends_with(b"\r\n\r\n") {
                let count = stream.read(&mut head[got..]).expect("read");
                assert!(count > 0, "{}: no stream", side.name);
                got += count;
            }
            streams.push(stream);
        }
        let with = side.memory().unwrap_or_default();
        println!("{:<16} {with:>8.1} MiB, {before:.1} before", side.name);
    }
}
