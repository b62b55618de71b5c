//! Bodies without an end, bodies beyond all memory, and peers that go away within one.

use std::io::Write;
use std::sync::Mutex;
use std::sync::mpsc::channel;
use std::time::Duration;

use super::{EVERYTHING, READ, assert_alive};
use crate::support::{BLOCK, Next, World, answer};

const EVENTS: &str = "GET /v1.41/events HTTP/1.1\r\nHost: docker\r\n\r\n";
const CHUNKED: &str =
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";

/// More than any buffer on the way, and less than a test machine has.
const FLOOD: usize = 64 * 1024 * 1024;
/// What the gate and the sockets on its two sides may hold of a flood.
pub(super) const HELD: usize = 4 * 1024 * 1024;
/// How long a writer that makes no progress counts as held back.
const HELD_BACK: Duration = Duration::from_millis(500);

/// Writes until nobody reads any more: how much went out.
pub(super) fn flood(mut stream: &std::os::unix::net::UnixStream, block: &[u8]) -> usize {
    stream
        .set_write_timeout(Some(HELD_BACK))
        .expect("a timeout");
    let mut sent = 0;
    while sent < FLOOD {
        match stream.write(block) {
            Ok(count) => sent += count,
            Err(_) => break,
        }
    }
    sent
}

#[test]
fn each_piece_of_a_stream_is_passed_on_when_it_comes() {
    let (go, wait) = channel::<()>();
    let wait = Mutex::new(wait);
    let world = World::new(READ, move |conn, _| {
        conn.send(CHUNKED);
        let wait = wait.lock().expect("lock");
        while wait.recv().is_ok() {
            conn.send("3\r\n{}\n\r\n");
        }
        conn.send("0\r\n\r\n");
        Next::Request
    });
    let mut client = world.client();
    client.send(EVENTS);
    let head = client.read_head();
    assert!(head.chunked());
    for _ in 0..5 {
        go.send(()).expect("the engine waits");
        assert_eq!(client.read_chunk(), b"{}\n");
    }
    drop(go);
    assert!(client.read_chunk().is_empty());
}

#[test]
fn an_engine_is_held_back_when_the_client_does_not_read() {
    let (report, sent) = channel();
    let world = World::new(READ, move |conn, _| {
        conn.send(format!(
            "HTTP/1.1 200 OK\r\nContent-Length: {FLOOD}\r\n\r\n"
        ));
        report
            .send(flood(conn.stream(), &BLOCK))
            .expect("the test waits");
        Next::Close
    });
    let mut client = world.client();
    client.send(EVENTS);
    assert_eq!(client.read_head().length(), Some(FLOOD));
    let sent = sent.recv().expect("the engine reports");
    assert!(
        sent < HELD,
        "{sent} bytes went into a client that does not read"
    );
}

#[test]
fn a_client_is_held_back_when_the_engine_does_not_read() {
    let (done, wait) = channel::<()>();
    let wait = Mutex::new(wait);
    let world = World::new(EVERYTHING, move |_, _| {
        wait.lock().expect("lock").recv().unwrap_or_default();
        Next::Close
    });
    let mut client = world.client();
    client.send(format!(
        "POST /v1.41/images/load HTTP/1.1\r\nHost: docker\r\nContent-Type: application/x-tar\r\nContent-Length: {FLOOD}\r\n\r\n"
    ));
    let sent = flood(client.stream(), &BLOCK);
    drop(done);
    assert!(
        sent < HELD,
        "{sent} bytes went into an engine that does not read"
    );
}

#[test]
fn a_flood_passes_in_bounded_memory() {
    let world = World::new(READ, |conn, head| {
        if head.line().contains("/_ping") {
            conn.send(answer::ping());
            return Next::Request;
        }
        conn.send(CHUNKED);
        for _ in 0..FLOOD / 65_536 {
            conn.send("10000\r\n");
            conn.send(BLOCK);
            conn.send("\r\n");
        }
        conn.send("0\r\n\r\n");
        Next::Request
    });
    let mut client = world.client();
    assert_alive(&mut client);
    let (_, before) = world.gate.memory();
    client.send(EVENTS);
    let head = client.read_head();
    let mut got = 0;
    loop {
        let chunk = client.read_chunk();
        if chunk.is_empty() {
            break;
        }
        got += chunk.len();
    }
    assert_eq!((head.status(), got), (200, FLOOD));
    let (_, after) = world.gate.memory();
    let grown = (after - before) * 1024;
    assert!(grown < 4 * 1024 * 1024, "{grown} bytes more than when idle");
}

#[test]
fn an_upload_passes_in_bounded_memory() {
    let world = World::new(EVERYTHING, |conn, head| {
        if head.line().contains("/_ping") {
            conn.send(answer::ping());
            return Next::Request;
        }
        let mut got = 0;
        while got < FLOOD {
            got += conn.read_chunk().len();
        }
        conn.read_chunk();
        conn.send(answer::json(&got.to_string()));
        Next::Close
    });
    let mut client = world.client();
    assert_alive(&mut client);
    let (_, before) = world.gate.memory();
    client.send("POST /v1.41/images/load HTTP/1.1\r\nHost: docker\r\nContent-Type: application/x-tar\r\nTransfer-Encoding: chunked\r\n\r\n");
    for _ in 0..FLOOD / BLOCK.len() {
        client.send("10000\r\n");
        client.send(BLOCK);
        client.send("\r\n");
    }
    client.send("0\r\n\r\n");
    assert_eq!(client.read_response().1, FLOOD.to_string());
    let (_, after) = world.gate.memory();
    let grown = (after - before) * 1024;
    assert!(grown < 4 * 1024 * 1024, "{grown} bytes more than when idle");
}

#[test]
fn a_client_that_leaves_a_quiet_stream_takes_the_engine_connection_with_it() {
    let world = World::new(READ, |conn, _| {
        conn.send(CHUNKED);
        conn.read_to_end();
        Next::Close
    });
    let mut client = world.client();
    client.send(EVENTS);
    client.read_head();
    drop(client);
    world.engine.wait_idle();
}

#[test]
fn a_client_that_leaves_within_its_upload_is_not_mistaken_for_one_that_finished() {
    let (report, got) = channel();
    let world = World::new(EVERYTHING, move |conn, _| {
        report.send(conn.read_to_end()).expect("the test waits");
        Next::Close
    });
    let mut client = world.client();
    client.send("POST /v1.41/images/load HTTP/1.1\r\nHost: docker\r\nContent-Type: application/x-tar\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
    drop(client);
    let got = got.recv().expect("the engine reports");
    assert!(!got.ends_with(b"0\r\n\r\n"), "{}", got.escape_ascii());
}

#[test]
fn an_answer_that_breaks_off_does_not_look_complete() {
    for (name, answer) in [
        ("length", "Content-Length: 100\r\n\r\nhello"),
        ("chunks", "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"),
        (
            "within a chunk",
            "Transfer-Encoding: chunked\r\n\r\nff\r\nhello",
        ),
    ] {
        let world = World::new(READ, move |conn, _| {
            conn.send(format!(
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n{answer}"
            ));
            Next::Close
        });
        let mut client = world.client();
        client.send(EVENTS);
        let head = client.read_head();
        let rest = client.read_to_end();
        if head.chunked() {
            assert!(
                !rest.ends_with(b"0\r\n\r\n"),
                "{name}: {}",
                rest.escape_ascii()
            );
        } else {
            assert_eq!((head.length(), rest.len()), (Some(100), 5), "{name}");
        }
    }
}

#[test]
fn chunks_that_are_no_chunks_cut_the_answer() {
    for broken in [
        "zz\r\nhello\r\n",
        "5\nhello\n",
        "-1\r\n",
        "5\r\nhello!!\r\n0\r\n\r\n",
    ] {
        let world = World::new(READ, move |conn, _| {
            conn.send(CHUNKED);
            conn.send("2\r\nok\r\n");
            conn.send(broken);
            conn.read_to_end();
            Next::Close
        });
        let mut client = world.client();
        client.send(EVENTS);
        let head = client.try_read_head();
        let rest = client.read_to_end();
        assert!(
            !rest.ends_with(b"0\r\n\r\n"),
            "{broken:?}: {head:?} {}",
            rest.escape_ascii()
        );
        world.engine.wait_idle();
    }
}

#[test]
fn bytes_behind_a_complete_answer_are_never_taken_for_the_next_one() {
    let world = World::new(READ, |conn, head| {
        if head.line().contains("/events") {
            conn.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOKHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil");
        } else {
            conn.send(answer::ping());
        }
        Next::Request
    });
    let mut client = world.client();
    client.send(EVENTS);
    assert_eq!(client.read_response().1, "OK");
    // Closing is right as well: the engine's side of this connection makes no sense any more.
    if client.try_send("GET /_ping HTTP/1.1\r\nHost: docker\r\n\r\n")
        && let Some(head) = client.try_read_head()
    {
        let body = client.read_body(&head);
        assert_ne!(body, b"evil");
    }
}
