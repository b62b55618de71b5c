//! Clients: so many connections, each with one request at a time, for so long.

use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::task::LocalSet;

/// One way to put load on a socket.
pub(crate) struct Plan {
    pub(crate) name: &'static str,
    /// What every connection asks for, again and again.
    pub(crate) target: &'static str,
    pub(crate) connections: usize,
    /// Whether a connection is kept for the next request.
    pub(crate) keep: bool,
    /// Whether the plan makes sense in front of a real engine.
    pub(crate) real: bool,
    /// Whether the measure is bytes, not requests.
    pub(crate) bytes: bool,
}

pub(crate) const PLANS: &[Plan] = &[
    Plan {
        name: "GET /_ping, 16 connections",
        target: "/_ping",
        connections: 16,
        keep: true,
        real: true,
        bytes: false,
    },
    Plan {
        name: "GET /_ping, 1 connection",
        target: "/_ping",
        connections: 1,
        keep: true,
        real: true,
        bytes: false,
    },
    Plan {
        name: "GET /_ping, 16 clients, a connection for each request",
        target: "/_ping",
        connections: 16,
        keep: false,
        real: true,
        bytes: false,
    },
    Plan {
        name: "answers of 64 KiB, 16 connections",
        target: "/v1.41/containers/json",
        connections: 16,
        keep: true,
        real: false,
        bytes: false,
    },
    Plan {
        name: "a stream of 1 GiB",
        target: "/v1.41/containers/web/logs?stdout=1",
        connections: 1,
        keep: true,
        real: false,
        bytes: true,
    },
];

/// What a round of a plan gave.
pub(crate) struct Outcome {
    /// Requests (or, in a plan of bytes, MiB) in a second.
    pub(crate) rate: f64,
    /// Requests (or MiB) in all.
    pub(crate) amount: f64,
    /// How long each request took, in microseconds, in order.
    pub(crate) times: Vec<f64>,
}

/// Puts the load of `plan` on `socket` for `time`, or for one request where that takes longer.
pub(crate) fn run(plan: &Plan, socket: &Path, time: Duration) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let request = Rc::new(format!(
        "GET {} HTTP/1.1\r\nHost: docker\r\nUser-Agent: Docker-Client/28.2.2 (linux)\r\n{}\r\n",
        plan.target,
        if plan.keep {
            ""
        } else {
            "Connection: close\r\n"
        }
    ));
    let begin = Instant::now();
    let (mut times, mut bytes) = (Vec::new(), 0);
    LocalSet::new().block_on(&runtime, async {
        let clients: Vec<_> = (0..plan.connections)
            .map(|_| {
                let (request, socket) = (Rc::clone(&request), socket.to_owned());
                let keep = plan.keep;
                tokio::task::spawn_local(async move {
                    client(&socket, &request, keep, begin + time).await
                })
            })
            .collect();
        for client in clients {
            let (its_times, its_bytes) = client.await.expect("a client");
            times.extend(its_times);
            bytes += its_bytes;
        }
    });
    let seconds = begin.elapsed().as_secs_f64();
    times.sort_by(f64::total_cmp);
    let amount = if plan.bytes {
        bytes as f64 / f64::from(1 << 20)
    } else {
        times.len() as f64
    };
    Outcome {
        rate: amount / seconds,
        amount,
        times,
    }
}

async fn client(socket: &Path, request: &str, keep: bool, end: Instant) -> (Vec<f64>, usize) {
    let mut times = Vec::new();
    let mut bytes = 0;
    let mut held = Vec::with_capacity(1 << 18);
    let mut kept: Option<UnixStream> = None;
    loop {
        let begin = Instant::now();
        let mut stream = match kept.take() {
            Some(stream) => stream,
            None => UnixStream::connect(socket).await.expect("connect"),
        };
        stream.write_all(request.as_bytes()).await.expect("send");
        held.clear();
        bytes += answer(&mut stream, &mut held).await;
        if keep {
            kept = Some(stream);
        }
        times.push(begin.elapsed().as_secs_f64() * 1e6);
        if Instant::now() >= end {
            return (times, bytes);
        }
    }
}

/// Reads a whole answer: how many bytes it had.
async fn answer(stream: &mut UnixStream, held: &mut Vec<u8>) -> usize {
    let body = loop {
        if let Some(at) = held.windows(4).position(|window| window == b"\r\n\r\n") {
            break at + 4;
        }
        read(stream, held).await;
    };
    let text = std::str::from_utf8(&held[..body]).expect("a head of text");
    assert!(text.starts_with("HTTP/1.1 200 "), "not a success: {text}");
    let length = text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.trim().parse::<usize>().expect("a length"))
    });
    if let Some(length) = length {
        while held.len() < body + length {
            read(stream, held).await;
        }
        return held.len();
    }
    // Chunks: their sizes do not matter here, only where they end, and no body here has that in it.
    let mut total = held.len();
    while !held.ends_with(b"0\r\n\r\n") {
        let keep = held.len().saturating_sub(8);
        held.drain(..keep);
        let before = held.len();
        read(stream, held).await;
        total += held.len() - before;
    }
    total
}

async fn read(stream: &mut UnixStream, held: &mut Vec<u8>) {
    let count = stream.read_buf(held).await.expect("read");
    assert!(count > 0, "closed within an answer");
}
