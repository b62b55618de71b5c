//! Connections that stop being HTTP: attach, exec start, WebSocket, HTTP/2; and those that must not.

use std::sync::Mutex;
use std::sync::mpsc::channel;
use std::time::Duration;

use super::{EVERYTHING, READ, assert_alive, refusal};
use crate::support::{BLOCK, Conn, Head, Next, World, answer};

pub(super) const ATTACH: &str =
    "POST /v1.41/containers/web/attach?stream=1&stdin=1&stdout=1 HTTP/1.1\r\nHost: docker\r\n";
pub(super) const UPGRADE: &str = "Connection: Upgrade\r\nUpgrade: tcp\r\n";
pub(super) const SWITCHED: &str = "HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.raw-stream\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n";
pub(super) const RAW: &str =
    "HTTP/1.1 200 OK\r\nContent-Type: application/vnd.docker.raw-stream\r\n\r\n";

/// Sends back what comes, and says goodbye when the client half-closes.
fn echo(conn: &mut Conn) -> Next {
    while let Some(byte) = conn.peek() {
        conn.read_exact(1);
        conn.send([byte.to_ascii_uppercase()]);
    }
    conn.send("bye");
    Next::Close
}

fn exec_start(body: &str, upgrade: &str) -> String {
    format!(
        "POST /v1.41/exec/{}/start HTTP/1.1\r\nHost: docker\r\nContent-Type: application/json\r\n{upgrade}Content-Length: {}\r\n\r\n{body}",
        "ab".repeat(32),
        body.len()
    )
}

/// Talks through a tunnel that echoes, and ends it from the client's side.
fn talk(client: &mut Conn) {
    client.send("hello");
    assert_eq!(client.read_exact(5), b"HELLO");
    client.send(b"\x01\x00\xff");
    assert_eq!(client.read_exact(3), b"\x01\x00\xff");
    client.close_write();
    assert_eq!(client.read_to_end(), b"bye");
}

#[test]
fn attach_becomes_a_tunnel_that_ends_when_the_client_says_so() {
    for (answer, upgrade) in [(SWITCHED, UPGRADE), (RAW, "")] {
        let world = World::new(EVERYTHING, move |conn, head| {
            assert_eq!(head.field("upgrade").is_some(), !upgrade.is_empty());
            conn.send(answer);
            echo(conn)
        });
        let mut client = world.client();
        client.send(format!("{ATTACH}{upgrade}Content-Length: 0\r\n\r\n"));
        let head = client.read_head();
        assert_eq!(head.line(), answer.lines().next().expect("a line"));
        assert_eq!(
            head.field("content-type"),
            Some("application/vnd.docker.raw-stream")
        );
        assert_eq!(head.field("transfer-encoding"), None);
        assert_eq!(head.field("upgrade").is_some(), answer == SWITCHED);
        talk(&mut client);
        world.engine.wait_idle();
    }
}

#[test]
fn exec_start_becomes_a_tunnel_behind_its_body() {
    for (answer, upgrade) in [(SWITCHED, UPGRADE), (RAW, "")] {
        let world = World::new(EVERYTHING, move |conn, head| {
            assert_eq!(conn.read_body(head), br#"{"Detach":false,"Tty":false}"#);
            conn.send(answer);
            echo(conn)
        });
        let mut client = world.client();
        client.send(exec_start(r#"{"Detach":false,"Tty":false}"#, upgrade));
        assert_eq!(
            client.read_head().line(),
            answer.lines().next().expect("a line")
        );
        talk(&mut client);
    }
}

#[test]
fn a_detached_exec_stays_http_whatever_it_asks_for() {
    for upgrade in ["", UPGRADE] {
        let world = World::new(EVERYTHING, |conn, head| {
            conn.read_body(head);
            conn.send(if head.line().contains("/_ping") {
                answer::ping()
            } else {
                answer::status("200 OK", "")
            });
            Next::Request
        });
        let mut client = world.client();
        client.send(exec_start(r#"{"Detach":true}"#, upgrade));
        let (head, body) = client.read_response();
        assert_eq!((head.status(), body.as_str()), (200, ""));
        assert_alive(&mut client);
    }
}

#[test]
fn an_engine_that_half_closes_still_hears_the_client() {
    let (report, got) = channel();
    let world = World::new(EVERYTHING, move |conn, _| {
        conn.send(SWITCHED);
        conn.send("output");
        conn.close_write();
        report.send(conn.read_to_end()).expect("the test waits");
        Next::Close
    });
    let mut client = world.client();
    client.send(format!("{ATTACH}{UPGRADE}\r\n"));
    client.read_head();
    assert_eq!(client.read_to_end(), b"output");
    client.send("late input");
    client.close_write();
    assert_eq!(got.recv().expect("the engine reports"), b"late input");
}

#[test]
fn a_client_that_vanishes_closes_the_engines_side() {
    let world = World::new(EVERYTHING, |conn, _| {
        conn.send(SWITCHED);
        conn.read_to_end();
        Next::Close
    });
    let mut client = world.client();
    client.send(format!("{ATTACH}{UPGRADE}\r\n"));
    client.read_head();
    drop(client);
    world.engine.wait_idle();
}

#[test]
fn output_that_comes_with_the_101_is_not_lost() {
    let world = World::new(EVERYTHING, |conn, _| {
        conn.send(format!("{SWITCHED}early output"));
        Next::Close
    });
    let mut client = world.client();
    client.send(format!("{ATTACH}{UPGRADE}\r\n"));
    client.read_head();
    assert_eq!(client.read_to_end(), b"early output");
}

#[test]
fn input_behind_the_request_waits_for_the_answer_and_is_not_lost() {
    let (report, early) = channel();
    for (answer, upgrade) in [(SWITCHED, UPGRADE), (RAW, "")] {
        let report = report.clone();
        let world = World::new(EVERYTHING, move |conn, head| {
            conn.read_body(head);
            // The real engine loses what it has buffered when it hijacks, so nothing may come yet. A gate
            // that passes the bytes on has them in one packet with the head.
            report
                .send(conn.comes_within(Duration::from_millis(100)))
                .expect("the test waits");
            conn.send(answer);
            echo(conn)
        });
        let mut client = world.client();
        client.send(format!("{ATTACH}{upgrade}Content-Length: 0\r\n\r\nearly"));
        assert_eq!(
            client.read_head().line(),
            answer.lines().next().expect("a line")
        );
        assert_eq!(client.read_exact(5), b"EARLY");
        assert!(
            !early.recv().expect("the engine reports"),
            "sent before the answer"
        );
        talk(&mut client);
    }
}

#[test]
fn bytes_behind_an_upgrade_that_fails_never_reach_the_engine() {
    let behind = "POST /v1.41/containers/create HTTP/1.1\r\nHost: docker\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";
    let requests = [
        format!("{ATTACH}{UPGRADE}Content-Length: 0\r\n\r\n"),
        format!("{ATTACH}Upgrade: anything\r\nContent-Length: 0\r\n\r\n"),
        exec_start(r#"{"Detach":false}"#, UPGRADE),
        exec_start(r#"{"Detach":true}"#, UPGRADE),
        "GET /v1.41/containers/web/attach/ws?stream=1 HTTP/1.1\r\nHost: docker\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n".to_owned(),
        "POST /session HTTP/1.1\r\nHost: docker\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 0\r\n\r\n".to_owned(),
    ];
    for request in requests {
        let world = World::new(EVERYTHING, |conn, head| {
            conn.read_body(head);
            conn.send(answer::status("404 Not Found", "{\"message\":\"no such\"}"));
            Next::Request
        });
        let mut client = world.client();
        client.send(format!("{request}{behind}"));
        let first = client.try_read_head();
        drop(client);
        world.engine.wait_idle();
        assert!(world.engine.requests() <= 1, "{request}: {first:?}");
        for bytes in world.engine.received() {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            assert!(!text.contains("/containers/create"), "{text}");
        }
    }
}

#[test]
fn a_failed_upgrade_stays_http() {
    let world = World::new(EVERYTHING, |conn, head| {
        conn.read_body(head);
        conn.send(if head.line().contains("/_ping") {
            answer::ping()
        } else {
            answer::status("409 Conflict", "{\"message\":\"not running\"}")
        });
        Next::Request
    });
    let mut client = world.client();
    client.send(exec_start(r#"{"Detach":false}"#, UPGRADE));
    let (head, body) = client.read_response();
    assert_eq!(
        (head.status(), body.as_str()),
        (409, "{\"message\":\"not running\"}")
    );
    assert_alive(&mut client);
}

#[test]
fn an_attach_error_that_ends_with_the_connection_is_passed_on() {
    // moby answers errors behind the hijack like this, without a length.
    let world = World::new(EVERYTHING, |conn, _| {
        conn.send("HTTP/1.1 404 Not Found\r\nContent-Type: application/vnd.docker.raw-stream\r\n\r\nNo such container: web\r\n");
        Next::Close
    });
    let mut client = world.client();
    client.send(format!("{ATTACH}{UPGRADE}\r\n"));
    let head = client.read_head();
    assert_eq!(head.status(), 404);
    let body = if head.chunked() {
        client.read_body(&head)
    } else {
        client.read_to_end()
    };
    assert_eq!(body, b"No such container: web\r\n");
}

#[test]
fn a_101_that_nobody_asked_for_is_an_engines_fault() {
    let world = World::new(EVERYTHING, |conn, _| {
        conn.send(SWITCHED);
        conn.read_to_end();
        Next::Close
    });
    let mut client = world.client();
    client.send("GET /v1.41/info HTTP/1.1\r\nHost: docker\r\n\r\n");
    refusal(&mut client, &[502]);
    world.engine.wait_idle();
}

#[test]
fn a_200_without_a_length_is_a_tunnel_only_where_the_operation_is_hijacked() {
    let world = World::new(EVERYTHING, |conn, _| {
        conn.send(format!("{RAW}output"));
        conn.close_write();
        conn.read_to_end();
        Next::Close
    });
    let mut client = world.client();
    client.send("GET /v1.41/containers/web/logs?stdout=1 HTTP/1.1\r\nHost: docker\r\n\r\n");
    let head = client.read_head();
    client.try_send("GET /v1.41/images/json HTTP/1.1\r\nHost: docker\r\n\r\n");
    let body = if head.chunked() {
        client.read_body(&head)
    } else {
        client.read_to_end()
    };
    assert_eq!(body, b"output");
    drop(client);
    world.engine.wait_idle();
    let first = world.engine.received().swap_remove(0);
    assert!(!String::from_utf8_lossy(&first).contains("images/json"));
}

#[test]
fn a_websocket_passes_as_it_is() {
    let world = World::new(EVERYTHING, |conn, head| {
        assert_eq!(
            head.field("sec-websocket-key"),
            Some("dGhlIHNhbXBsZSBub25jZQ==")
        );
        assert_eq!(head.field("sec-websocket-version"), Some("13"));
        assert_eq!(
            head.field("upgrade").map(str::to_lowercase).as_deref(),
            Some("websocket")
        );
        conn.send("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n");
        echo(conn)
    });
    let mut client = world.client();
    client.send("GET /v1.41/containers/web/attach/ws?stream=1&stdin=1 HTTP/1.1\r\nHost: docker\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n");
    let head = client.read_head();
    assert_eq!(head.status(), 101);
    assert_eq!(
        head.field("sec-websocket-accept"),
        Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
    );
    talk(&mut client);
}

/// The engine is the HTTP/2 client on `/session`, and speaks first.
fn session(conn: &mut Conn, head: &Head) -> Next {
    conn.read_body(head);
    assert_eq!(head.field("upgrade"), Some("h2c"));
    conn.send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\nPRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    echo(conn)
}

const SESSION: &str = "POST /session HTTP/1.1\r\nHost: \r\nConnection: Upgrade\r\nUpgrade: h2c\r\nX-Docker-Expose-Session-Uuid: abc\r\n\r\n";

#[test]
fn a_granted_session_is_a_tunnel() {
    let world = World::new(EVERYTHING, session);
    let mut client = world.client();
    client.send(SESSION);
    assert_eq!(client.read_head().status(), 101);
    assert_eq!(client.read_exact(24), b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    talk(&mut client);
}

#[test]
fn a_session_without_the_tunnel_grant_is_refused() {
    let world = World::new("version: 1\nallow: [read, session]\n", session);
    let mut client = world.client();
    client.send(SESSION);
    let (_, message) = refusal(&mut client, &[403]);
    assert!(message.contains("tunnel"), "{message}");
    assert_eq!(world.engine.connections(), 0);
}

#[test]
fn an_upgrade_where_the_operation_has_none_is_not_passed_on() {
    for upgrade in [
        "Connection: Upgrade\r\nUpgrade: tcp\r\n",
        "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n",
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n",
        "Connection: Upgrade\r\nUpgrade: other\r\n",
    ] {
        let world = super::plain(EVERYTHING);
        let mut client = world.client();
        client.send(format!(
            "GET /_ping HTTP/1.1\r\nHost: docker\r\n{upgrade}\r\n"
        ));
        let head = client.read_head();
        assert!(
            (400..500).contains(&head.status()),
            "{upgrade}: {}",
            head.text
        );
        assert_eq!(world.engine.connections(), 0, "{upgrade}");
    }
}

#[test]
fn the_http_2_preface_is_refused() {
    for rest in ["", "SM\r\n\r\n\0\0\0\x04\0\0\0\0\0"] {
        let world = super::plain(READ);
        let mut client = world.client();
        client.send(format!("PRI * HTTP/2.0\r\n\r\n{rest}"));
        let head = client.read_head();
        assert_eq!(head.status(), 400, "{}", head.text);
        client.read_to_end();
        assert_eq!(world.engine.connections(), 0);
    }
}

#[test]
fn a_tunnel_holds_back_who_writes_faster_than_the_other_reads() {
    let (done, wait) = channel::<()>();
    let wait = Mutex::new(wait);
    let world = World::new(EVERYTHING, move |conn, _| {
        conn.send(SWITCHED);
        wait.lock().expect("lock").recv().unwrap_or_default();
        Next::Close
    });
    let mut client = world.client();
    client.send(format!("{ATTACH}{UPGRADE}\r\n"));
    client.read_head();
    let sent = super::streams::flood(client.stream(), &BLOCK);
    drop(done);
    assert!(
        sent < super::streams::HELD,
        "{sent} bytes went into an engine that does not read"
    );
}
