//! Each limit, at its edge and one beyond.

use std::sync::Mutex;
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use super::{READ, assert_alive, plain, refusal};
use crate::support::{Conn, Head, Next, World, answer, wait_until};

const ALL: &str =
    "{allow: [{system: {body: any}}, {containers: {body: any}}, {images: {body: any}}]}";
/// The shortest time that a configuration may give a head, and a time that is certainly longer.
const SHORT: &str = "head-timeout: 1s";
const LONGER: Duration = Duration::from_millis(2500);

/// The limits that hold when nothing is said.
const HEAD: usize = 64 * 1024;
const FIELDS: usize = 100;

/// A request head of exactly `size` bytes.
fn head_of(size: usize) -> String {
    let begin = "GET /_ping HTTP/1.1\r\nHost: docker\r\nX: ";
    let filler = size - begin.len() - "\r\n\r\n".len();
    format!("{begin}{}\r\n\r\n", "a".repeat(filler))
}

fn fields_of(count: usize) -> String {
    format!(
        "GET /_ping HTTP/1.1\r\nHost: docker\r\n{}\r\n",
        "X: y\r\n".repeat(count - 1)
    )
}

#[test]
fn a_head_may_have_so_many_bytes_and_no_more() {
    let world = plain(READ);
    let mut client = world.client();
    client.send(head_of(HEAD));
    assert_eq!(client.read_response().1, "OK");
    let mut client = world.client();
    client.try_send(head_of(HEAD + 1));
    let (head, _) = refusal(&mut client, &[400, 431]);
    assert_eq!(head.field("connection"), Some("close"));
    client.read_to_end();
    assert_eq!(world.engine.requests(), 1);
}

#[test]
fn a_head_may_have_so_many_fields_and_no_more() {
    let world = plain(READ);
    let mut client = world.client();
    client.send(fields_of(FIELDS));
    assert_eq!(client.read_response().1, "OK");
    let mut client = world.client();
    client.send(fields_of(FIELDS + 1));
    let (head, _) = refusal(&mut client, &[400, 431]);
    assert_eq!(head.field("connection"), Some("close"));
    assert_eq!(world.engine.requests(), 1);
}

#[test]
fn a_head_that_never_ends_is_given_up() {
    let world = plain(READ);
    let mut client = world.client();
    client.send("GET /_ping HTTP/1.1\r\nHost: docker\r\n");
    // What comes behind the refusal is read for two seconds, however much it is.
    let begun = Instant::now();
    while client.try_send("X: y\r\n") {
        let time = begun.elapsed();
        assert!(time.as_secs() < 20, "the gate goes on reading");
    }
    assert_eq!(world.engine.connections(), 0);
}

fn json(conn: &mut Conn, head: &Head) -> Next {
    conn.read_body(head);
    conn.send(if head.line().contains("/_ping") {
        answer::ping()
    } else {
        answer::json("{}")
    });
    Next::Request
}

#[test]
fn a_head_that_comes_too_slowly_is_given_up() {
    let world = World::configured(&[SHORT], ALL, json);
    let mut client = world.client();
    client.send("GET /_ping HTTP/1.1\r\nHo");
    let (head, _) = refusal(&mut client, &[408]);
    assert_eq!(head.field("connection"), Some("close"));
    client.expect_end();
    assert_eq!(world.engine.connections(), 0);
}

#[test]
fn a_head_that_trickles_does_not_get_its_time_anew_with_every_byte() {
    let world = World::configured(&[SHORT], ALL, json);
    let mut client = world.client();
    client.send("GET /_ping HTTP/1.1\r\nX: ");
    wait_until("the gate gives up", || {
        !client.try_send("a") || client.comes_within(Duration::from_millis(50))
    });
    assert_eq!(world.engine.connections(), 0);
}

#[test]
fn the_time_for_a_head_cuts_nothing_else() {
    let world = World::configured(&[SHORT], ALL, |conn, head| {
        if head.line().contains("/events") {
            conn.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
            thread::sleep(LONGER);
            conn.send("3\r\n{}\n\r\n0\r\n\r\n");
        } else if head.line().contains("/wait") {
            thread::sleep(LONGER);
            conn.send(answer::json("{}"));
        } else {
            return json(conn, head);
        }
        Next::Request
    });
    let streams = thread::scope(|scope| {
        let stream = scope.spawn(|| {
            let mut client = world.client();
            client.send("GET /v1.41/events HTTP/1.1\r\nHost: docker\r\n\r\n");
            client.read_response().1
        });
        let answer = scope.spawn(|| {
            let mut client = world.client();
            client.send("POST /v1.41/containers/a/wait HTTP/1.1\r\nHost: docker\r\nContent-Length: 0\r\n\r\n");
            client.read_response().1
        });
        let idle = scope.spawn(|| {
            let mut client = world.client();
            assert_alive(&mut client);
            thread::sleep(LONGER);
            assert_alive(&mut client);
            String::from("OK")
        });
        let upload = scope.spawn(|| {
            let mut client = world.client();
            client.send("POST /v1.41/images/load HTTP/1.1\r\nHost: docker\r\nContent-Type: application/x-tar\r\nContent-Length: 2\r\n\r\na");
            thread::sleep(LONGER);
            client.send("b");
            client.read_response().1
        });
        [stream, answer, idle, upload].map(|thread| thread.join().expect("a client"))
    });
    assert_eq!(streams, ["{}\n", "{}", "OK", "{}"]);
}

#[test]
fn a_socket_takes_so_many_connections_and_no_more() {
    let world = World::configured(&["connections: 3"], ALL, json);
    // Those that the start has looked with are gone when this one is answered.
    let mut first = world.client();
    assert_alive(&mut first);
    let mut open = vec![first];
    wait_until("two more places", || {
        let mut client = world.client();
        client.try_send("GET /_ping HTTP/1.1\r\nHost: docker\r\n\r\n");
        let served = client
            .try_read_head()
            .is_some_and(|head| head.status() == 200);
        if served {
            client.read_exact(2);
            open.push(client);
        }
        open.len() == 3
    });
    let mut one_more = world.client();
    let (head, message) = refusal(&mut one_more, &[503]);
    assert_eq!(head.field("connection"), Some("close"));
    assert!(
        message.contains('3') && message.contains("connections"),
        "{message}"
    );
    for client in &mut open {
        assert_alive(client);
    }
    drop(open);
    wait_until("a place is free again", || {
        let mut client = world.client();
        client.try_send("GET /_ping HTTP/1.1\r\nHost: docker\r\n\r\n");
        client
            .try_read_head()
            .is_some_and(|head| head.status() == 200)
    });
}

#[test]
fn a_body_that_is_held_may_have_so_many_bytes_and_no_more() {
    let world = World::configured(&["body-bytes: 2KiB"], ALL, json);
    let body = |size: usize| {
        format!(
            "{{\"Image\":\"alpine\",\"Labels\":{{\"a\":\"{}\"}}}}",
            "x".repeat(size - 36)
        )
    };
    assert_eq!(body(2048).len(), 2048);
    let create = "POST /v1.41/containers/create HTTP/1.1\r\nHost: docker\r\nContent-Type: application/json\r\n";
    let sized = |size: usize| format!("{create}Content-Length: {size}\r\n\r\n{}", body(size));
    let chunked = |size: usize| {
        format!(
            "{create}Transfer-Encoding: chunked\r\n\r\n{size:x}\r\n{}\r\n0\r\n\r\n",
            body(size)
        )
    };
    for request in [sized(2048), chunked(2048)] {
        let mut client = world.client();
        client.send(request);
        assert_eq!(client.read_response().0.status(), 200);
    }
    let asked = world.engine.requests();
    for request in [sized(2049), chunked(2049)] {
        let mut client = world.client();
        client.send(request);
        let (head, message) = refusal(&mut client, &[413]);
        assert!(message.contains("2048"), "{message}");
        assert_eq!(head.field("connection"), Some("close"));
    }
    assert_eq!(world.engine.requests(), asked);
}

/// Long bodies that do not come to their end take what there is of room for them, and no more; short ones need none.
#[test]
fn long_bodies_wait_for_their_place() {
    let world = World::configured(&["body-timeout: 1s"], ALL, json);
    let create = |size: usize| {
        format!(
            "POST /v1.41/containers/create HTTP/1.1\r\nHost: docker\r\nContent-Type: application/json\r\nContent-Length: {size}\r\n\r\n"
        )
    };
    let whole = |size: usize| format!("{}{{{}}}", create(size), " ".repeat(size - 2));
    let (_, before) = world.gate.memory();
    let stalled: Vec<Conn> = (0..100)
        .map(|_| {
            let mut client = world.client();
            client.try_send(create(2 << 20).as_bytes());
            client.try_send(vec![b' '; 100 << 10]);
            client
        })
        .collect();
    let mut short = world.client();
    short.send(whole(2000));
    assert_eq!(short.read_response().0.status(), 200);
    drop(stalled);
    // Whoever waited has its turn.
    let mut long = world.client();
    long.send(whole(1 << 20));
    assert_eq!(long.read_response().0.status(), 200);
    let (_, after) = world.gate.memory();
    assert!(after - before < 40 << 10, "{} KiB more", after - before);
}

/// Clients that send all before they look for an answer find the refusal.
#[test]
fn a_body_that_is_much_too_long_is_answered_all_the_same() {
    let world = World::configured(&[], ALL, json);
    for size in [10 << 20, 40 << 20] {
        let mut client = world.client();
        client.send(format!(
            "POST /v1.41/containers/create HTTP/1.1\r\nHost: docker\r\nContent-Type: application/json\r\nContent-Length: {size}\r\n\r\n"
        ));
        let piece = vec![b' '; 1 << 20];
        for _ in 0..size >> 20 {
            client.send(&piece);
        }
        refusal(&mut client, &[413]);
    }
}

#[test]
fn each_operation_takes_a_body_of_its_own_length() {
    for (target, operation, cap) in [
        ("containers/create", "ContainerCreate", 2 << 20),
        ("containers/x/exec", "ContainerExec", 2 << 20),
        ("networks/x/disconnect", "NetworkDisconnect", 16 << 10),
        ("volumes/create", "VolumeCreate", 256 << 10),
        // The engine reads none.
        ("containers/x/start", "ContainerStart", 16 << 10),
    ] {
        let world = plain(super::EVERYTHING);
        let head = |fields: &str| {
            format!(
                "POST /v1.41/{target} HTTP/1.1\r\nHost: docker\r\nContent-Type: application/json\r\n{fields}\r\n\r\n"
            )
        };
        let sent = cap + 1;
        let mut announced = world.client();
        // Not one byte of it, and no invitation to send it.
        announced.send(head(&format!(
            "Expect: 100-continue\r\nContent-Length: {sent}"
        )));
        let (answer, message) = refusal(&mut announced, &[413]);
        assert_eq!(answer.field("connection"), Some("close"));
        for part in [
            operation,
            &cap.to_string(),
            &format!("{sent} bytes are announced"),
        ] {
            assert!(message.contains(part), "{part}: {message}");
        }
        let mut endless = world.client();
        endless.send(head("Transfer-Encoding: chunked"));
        endless.send(format!("{:x}\r\n{{\"a\":\"", 1 << 30));
        let filler = vec![b'a'; 8 << 10];
        let mut count = 0;
        while count < cap * 2 && endless.try_send(&filler) {
            count += filler.len();
        }
        let (_, message) = refusal(&mut endless, &[413]);
        assert!(
            message.contains(operation) && message.contains("bytes or more have been sent"),
            "{message}"
        );
        assert_eq!(world.engine.connections(), 0, "{operation}");
        let fits = format!("{{{}}}", " ".repeat(cap - 2));
        let mut client = world.client();
        client.send(head(&format!("Content-Length: {cap}")));
        client.send(&fits);
        assert_eq!(client.read_head().status(), 200, "{operation}");
    }
}

#[test]
fn a_body_that_comes_too_slowly_is_given_up() {
    let world = World::configured(&["body-timeout: 1s"], ALL, json);
    let create = "POST /v1.41/containers/create HTTP/1.1\r\nHost: docker\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n";
    let mut silent = world.client();
    silent.send(format!("{create}{{"));
    let mut trickle = world.client();
    trickle.send(create);
    let (head, message) = refusal(&mut silent, &[408]);
    assert!(message.contains("1 second"), "{message}");
    assert_eq!(head.field("connection"), Some("close"));
    silent.expect_end();
    wait_until("the gate gives up", || {
        !trickle.try_send(" ") || trickle.comes_within(Duration::from_millis(50))
    });
    assert_eq!(world.engine.connections(), 0);
}

#[test]
fn streams_get_the_grace_that_the_file_gives_them() {
    let (go, wait) = channel::<()>();
    let wait = Mutex::new(wait);
    let mut world = World::configured(&["drain-grace: 60s"], ALL, move |conn, _| {
        conn.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        wait.lock()
            .expect("lock")
            .recv()
            .expect("the signal is sent");
        conn.send("3\r\n{}\n\r\n0\r\n\r\n");
        Next::Request
    });
    let mut client = world.client();
    client.send("GET /v1.41/events HTTP/1.1\r\nHost: docker\r\n\r\n");
    let head = client.read_head();
    world.gate.signal("TERM");
    let path = world.dir.path("gate.sock");
    wait_until("the gate stops listening", || !path.exists());
    go.send(()).expect("the engine waits");
    assert_eq!(client.read_body(&head), b"{}\n");
    assert_eq!(world.gate.wait().code(), Some(0));
}
