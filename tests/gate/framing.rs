//! Requests and answers, one after the other: how bodies are delimited, and when what is passed on.

use std::io::Write;
use std::net::Shutdown;
use std::sync::Mutex;
use std::sync::mpsc::channel;
use std::thread;

use super::{EVERYTHING, READ, assert_alive, plain, refusal};
use crate::support::{BLOCK, Next, World, answer};

const LOAD: &str =
    "POST /v1.41/images/load HTTP/1.1\r\nHost: docker\r\nContent-Type: application/x-tar\r\n";

/// An engine that answers each request with the body it got and the head it came with.
fn mirror() -> World {
    World::new(EVERYTHING, |conn, head| {
        let mut all = head.text.clone().into_bytes();
        all.extend(conn.read_body(head));
        conn.send(answer::json(
            &String::from_utf8(all).expect("text in these tests"),
        ));
        Next::Request
    })
}

#[test]
fn a_connection_serves_request_after_request_on_one_engine_connection() {
    let world = plain(READ);
    let mut client = world.client();
    for _ in 0..3 {
        assert_alive(&mut client);
    }
    assert_eq!(world.engine.connections(), 1);
    assert_eq!(world.engine.requests(), 3);
}

#[test]
fn two_clients_never_share_an_engine_connection() {
    let world = plain(READ);
    let (mut one, mut two) = (world.client(), world.client());
    assert_alive(&mut one);
    assert_alive(&mut two);
    assert_alive(&mut one);
    assert_eq!(world.engine.connections(), 2);
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let world = World::new(READ, |conn, head| {
        let target = head.line().split(' ').nth(1).unwrap_or_default().to_owned();
        conn.send(answer::json(&target));
        Next::Request
    });
    let mut client = world.client();
    client.send(
        "GET /v1.41/version HTTP/1.1\r\nHost: docker\r\n\r\n\
         GET /v1.41/info HTTP/1.1\r\nHost: docker\r\n\r\n\
         GET /v1.41/images/json HTTP/1.1\r\nHost: docker\r\n\r\n",
    );
    for target in ["/v1.41/version", "/v1.41/info", "/v1.41/images/json"] {
        assert_eq!(client.read_response().1, target);
    }
    assert_eq!(world.engine.connections(), 1);
}

#[test]
fn a_pipelined_request_is_decided_by_itself() {
    let world = plain(READ);
    let mut client = world.client();
    client.send(
        "GET /_ping HTTP/1.1\r\nHost: docker\r\n\r\n\
         POST /v1.41/containers/web/stop HTTP/1.1\r\nHost: docker\r\nContent-Length: 0\r\n\r\n\
         GET /_ping HTTP/1.1\r\nHost: docker\r\n\r\n",
    );
    assert_eq!(client.read_response().1, "OK");
    refusal(&mut client, &[403]);
    assert_eq!(client.read_response().1, "OK");
    assert_eq!(world.engine.requests(), 2);
}

#[test]
fn a_request_that_comes_byte_by_byte_is_one_request() {
    let world = plain(READ);
    let mut client = world.client();
    for byte in "GET /_ping HTTP/1.1\r\nHost: docker\r\n\r\n".bytes() {
        client.send([byte]);
    }
    assert_eq!(client.read_response().1, "OK");
    assert_eq!(world.engine.requests(), 1);
}

#[test]
fn a_json_body_reaches_the_engine_with_its_length_however_it_came() {
    let world = mirror();
    let body = r#"{"Image":"alpine","Cmd":["a"]}"#;
    let length = format!("Content-Length: {}\r\n\r\n{body}", body.len());
    let chunked = format!(
        "Transfer-Encoding: chunked\r\n\r\n5;name=value\r\n{}\r\n{:x}\r\n{}\r\n0\r\nX-Trailer: dropped\r\n\r\n",
        &body[..5],
        body.len() - 5,
        &body[5..]
    );
    for framed in [length, chunked] {
        let mut client = world.client();
        client.send(format!(
            "POST /v1.41/containers/create HTTP/1.1\r\nHost: docker\r\nContent-Type: application/json\r\n{framed}"
        ));
        let seen = client.read_response().1;
        assert!(
            seen.to_lowercase()
                .contains(&format!("content-length: {}\r\n", body.len())),
            "{seen}"
        );
        assert!(seen.ends_with(&format!("\r\n\r\n{body}")), "{seen}");
        assert!(!seen.contains("X-Trailer") && !seen.contains("name=value"));
        assert_alive_mirror(&mut client);
    }
}

fn assert_alive_mirror(client: &mut crate::support::Conn) {
    client.send("GET /v1.41/_ping HTTP/1.1\r\nHost: docker\r\n\r\n");
    assert!(
        client
            .read_response()
            .1
            .starts_with("GET /v1.41/_ping HTTP/1.1\r\n")
    );
}

#[test]
fn a_streamed_body_reaches_the_engine_whole_however_it_came() {
    let world = mirror();
    for framed in [
        "Content-Length: 11\r\n\r\nhello world".to_owned(),
        "Transfer-Encoding: chunked\r\n\r\n6;a=b\r\nhello \r\n5\r\nworld\r\n0\r\nX-T: 1\r\n\r\n"
            .to_owned(),
    ] {
        let mut client = world.client();
        client.send(format!("{LOAD}{framed}"));
        let seen = client.read_response().1;
        assert!(seen.ends_with("\r\n\r\nhello world"), "{seen}");
        assert!(!seen.contains("a=b") && !seen.contains("X-T"), "{seen}");
        assert_alive_mirror(&mut client);
    }
}

#[test]
fn a_body_on_a_get_is_a_body_and_no_request() {
    let world = plain(READ);
    let mut client = world.client();
    let inner = "GET /v1.41/info HTTP/1.1\r\nHost: docker\r\n\r\n";
    client.send(format!(
        "GET /_ping HTTP/1.1\r\nHost: docker\r\nContent-Length: {}\r\n\r\n{inner}",
        inner.len()
    ));
    let head = client.read_head();
    client.read_body(&head);
    drop(client);
    world.engine.wait_idle();
    assert!(world.engine.requests() <= 1);
    for bytes in world.engine.received() {
        assert!(!String::from_utf8_lossy(&bytes).contains("/info"));
    }
}

#[test]
fn what_belongs_to_one_connection_is_not_passed_on() {
    let world = mirror();
    let mut client = world.client();
    client.send(
        "POST /v1.41/images/web/push?tag=1 HTTP/1.1\r\nHost: evil.example\r\nKeep-Alive: timeout=5\r\n\
         Proxy-Authorization: Basic eDp5\r\nTE: trailers\r\nX-Registry-Auth: e30=\r\nContent-Length: 0\r\n\r\n",
    );
    let seen = client.read_response().1.to_lowercase();
    for gone in [
        "evil.example",
        "keep-alive: timeout",
        "proxy-authorization",
        "\r\nte:",
    ] {
        assert!(!seen.contains(gone), "{gone}: {seen}");
    }
    assert!(seen.contains("x-registry-auth: e30="), "{seen}");
    assert!(seen.contains("\r\nhost: "), "{seen}");
}

#[test]
fn names_with_slashes_reach_the_engine_as_they_are() {
    let world = mirror();
    let mut client = world.client();
    for (request, sent) in [
        (
            "DELETE /v1.41/containers/parent/alias?link=1",
            "DELETE /v1.41/containers/parent/alias?link=1 HTTP/1.1",
        ),
        (
            "DELETE /containers/parent/alias?v=0&link=1&force=",
            "DELETE /v1.41/containers/parent/alias?v=0&link=1&force= HTTP/1.1",
        ),
        (
            "DELETE /v1.41/networks/a/b",
            "DELETE /v1.41/networks/a/b HTTP/1.1",
        ),
        (
            "DELETE /v1.41/volumes/a/b",
            "DELETE /v1.41/volumes/a/b HTTP/1.1",
        ),
    ] {
        client.send(format!("{request} HTTP/1.1\r\nHost: docker\r\n\r\n"));
        let (_, seen) = client.read_response();
        assert_eq!(seen.lines().next(), Some(sent), "{request}");
    }
}

#[test]
fn the_fields_that_clients_read_pass() {
    let world = plain(READ);
    let mut client = world.client();
    client.send("GET /_ping HTTP/1.1\r\nHost: docker\r\n\r\n");
    let head = client.read_head();
    for (name, value) in [
        ("Api-Version", "1.41"),
        ("Builder-Version", "2"),
        ("Cache-Control", "no-cache, no-store, must-revalidate"),
        ("Content-Type", "text/plain; charset=utf-8"),
        ("Docker-Experimental", "false"),
        ("Ostype", "linux"),
        ("Pragma", "no-cache"),
        ("Server", "Docker/20.10.24+dfsg1 (linux)"),
        ("Swarm", "inactive"),
    ] {
        assert_eq!(head.field(name), Some(value), "{name}");
        assert_eq!(head.count(name), 1, "{name}");
    }
}

#[test]
fn an_answer_keeps_its_end_however_it_is_delimited() {
    for (name, answer) in [
        ("length", "Content-Length: 5\r\n\r\nhello"),
        (
            "chunks",
            "Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\n\r\n",
        ),
        ("close", "Connection: close\r\n\r\nhello"),
    ] {
        let world = World::new(READ, move |conn, _| {
            conn.send(format!(
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n{answer}"
            ));
            if name == "close" {
                Next::Close
            } else {
                Next::Request
            }
        });
        let mut client = world.client();
        client.send("GET /v1.41/info HTTP/1.1\r\nHost: docker\r\n\r\n");
        let head = client.read_head();
        let body = if head.chunked() || head.length().is_some() {
            client.read_body(&head)
        } else {
            assert_eq!(head.field("connection"), Some("close"), "{name}");
            client.read_to_end()
        };
        assert_eq!(body, b"hello", "{name}");
    }
}

#[test]
fn an_engine_that_closes_behind_an_answer_is_connected_anew() {
    let world = World::new(READ, |conn, _| {
        conn.send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nOK");
        Next::Close
    });
    let mut client = world.client();
    for _ in 0..3 {
        assert_alive(&mut client);
    }
    assert_eq!(world.engine.connections(), 3);
}

#[test]
fn an_engine_that_closes_between_requests_is_connected_anew() {
    let world = World::new(READ, |conn, _| {
        conn.send(answer::ping());
        Next::Close
    });
    let mut client = world.client();
    assert_alive(&mut client);
    world.engine.wait_idle();
    assert_alive(&mut client);
}

#[test]
fn an_answer_to_head_has_a_length_and_no_body() {
    let world = World::new(READ, |conn, head| {
        if head.line().starts_with("HEAD") {
            conn.send("HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nContent-Length: 2\r\n\r\n");
        } else {
            conn.send(answer::ping());
        }
        Next::Request
    });
    let mut client = world.client();
    client.send("HEAD /_ping HTTP/1.1\r\nHost: docker\r\n\r\n");
    let head = client.read_head();
    assert_eq!(
        (head.status(), head.field("api-version")),
        (200, Some("1.41"))
    );
    assert_alive(&mut client);
}

#[test]
fn answers_that_cannot_have_a_body_have_none() {
    for status in ["204 No Content", "304 Not Modified"] {
        let world = World::new(EVERYTHING, move |conn, head| {
            if head.line().contains("/_ping") {
                conn.send(answer::ping());
            } else {
                conn.send(format!("HTTP/1.1 {status}\r\nServer: x\r\n\r\n"));
            }
            Next::Request
        });
        let mut client = world.client();
        client.send("POST /v1.41/containers/web/start HTTP/1.1\r\nHost: docker\r\nContent-Length: 0\r\n\r\n");
        let head = client.read_head();
        assert!(head.line().ends_with(status), "{}", head.text);
        assert!(!head.chunked() && head.length().unwrap_or(0) == 0);
        assert_alive(&mut client);
    }
}

#[test]
fn http_1_0_without_host_gets_http_1_0_without_chunks() {
    let world = World::new(READ, |conn, _| {
        conn.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\none\n\r\n4\r\ntwo\n\r\n0\r\n\r\n");
        Next::Request
    });
    let mut client = world.client();
    client.send("GET /events HTTP/1.0\r\n\r\n");
    let head = client.read_head();
    assert!(head.line().starts_with("HTTP/1.0 200"), "{}", head.text);
    assert_eq!(head.field("transfer-encoding"), None);
    assert_eq!(client.read_to_end(), b"one\ntwo\n");
    let seen = world.engine.received().concat();
    assert!(
        String::from_utf8_lossy(&seen).starts_with("GET /v1.41/events HTTP/1.1\r\n"),
        "{}",
        seen.escape_ascii()
    );
}

#[test]
fn http_1_0_closes_behind_its_answer() {
    let world = plain(READ);
    let mut client = world.client();
    client.send("GET /_ping HTTP/1.0\r\n\r\n");
    let head = client.read_head();
    assert!(head.line().starts_with("HTTP/1.0 200"), "{}", head.text);
    assert_eq!(client.read_to_end(), b"OK");
}

#[test]
fn connection_close_is_honoured() {
    let world = plain(READ);
    let mut client = world.client();
    client.send("GET /_ping HTTP/1.1\r\nHost: docker\r\nConnection: close\r\n\r\n");
    let (head, body) = client.read_response();
    assert_eq!(
        (head.field("connection"), body.as_str()),
        (Some("close"), "OK")
    );
    client.expect_end();
    world.engine.wait_idle();
}

#[test]
fn a_client_that_half_closes_behind_its_request_gets_its_answer() {
    let world = plain(READ);
    let mut client = world.client();
    client.send("GET /_ping HTTP/1.1\r\nHost: docker\r\n\r\n");
    client.close_write();
    assert_eq!(client.read_response().1, "OK");
    client.expect_end();
}

#[test]
fn an_unversioned_request_goes_out_with_the_version_that_the_engine_announced() {
    let world = plain(READ);
    let mut client = world.client();
    client.send("GET /info HTTP/1.1\r\nHost: docker\r\n\r\n");
    client.read_response();
    let seen = world.engine.received().concat();
    assert!(
        seen.starts_with(b"GET /v1.41/info HTTP/1.1\r\n"),
        "{}",
        seen.escape_ascii()
    );
}

#[test]
fn a_ping_goes_out_as_it_came_and_asks_for_no_version_first() {
    let world = plain(READ);
    let mut client = world.client();
    for target in ["/_ping", "/v1.30/_ping"] {
        client.send(format!("GET {target} HTTP/1.1\r\nHost: docker\r\n\r\n"));
        client.read_response();
        let seen = world.engine.received().concat();
        let line = format!("GET {target} HTTP/1.1\r\n");
        assert!(
            seen.windows(line.len()).any(|part| part == line.as_bytes()),
            "{}",
            seen.escape_ascii()
        );
    }
    assert_eq!(world.engine.connections(), 1);
}

#[test]
fn the_gate_invites_the_body_of_a_request_that_may_pass() {
    let world = mirror();
    let mut client = world.client();
    client.send(format!(
        "{LOAD}Expect: 100-continue\r\nContent-Length: 5\r\n\r\n"
    ));
    assert!(client.read_head().line().starts_with("HTTP/1.1 100"));
    client.send("hello");
    let seen = client.read_response().1;
    assert!(seen.ends_with("\r\n\r\nhello"), "{seen}");
    assert!(!seen.to_lowercase().contains("expect"), "{seen}");
}

#[test]
fn the_gate_does_not_invite_a_body_that_it_refuses() {
    let world = plain(READ);
    let mut client = world.client();
    client.send(format!(
        "{LOAD}Expect: 100-continue\r\nContent-Length: 5\r\n\r\n"
    ));
    refusal(&mut client, &[403]);
    assert_eq!(world.engine.connections(), 0);
}

#[test]
fn an_engines_own_100_is_not_mistaken_for_its_answer() {
    let world = World::new(EVERYTHING, |conn, head| {
        conn.send("HTTP/1.1 100 Continue\r\n\r\n");
        conn.read_body(head);
        conn.send(answer::json("{}"));
        Next::Request
    });
    let mut client = world.client();
    client.send(format!("{LOAD}Content-Length: 5\r\n\r\nhello"));
    let (head, body) = client.read_response();
    assert_eq!((head.status(), body.as_str()), (200, "{}"));
}

#[test]
fn a_head_is_passed_on_before_its_body_comes() {
    let (go, wait) = channel::<()>();
    let wait = Mutex::new(wait);
    let world = World::new(EVERYTHING, move |conn, _| {
        conn.send("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n");
        wait.lock()
            .expect("lock")
            .recv()
            .expect("the client has the head");
        conn.send("10\r\n{\"StatusCode\":0}\r\n0\r\n\r\n");
        Next::Request
    });
    let mut client = world.client();
    client.send(
        "POST /v1.41/containers/web/wait HTTP/1.1\r\nHost: docker\r\nContent-Length: 0\r\n\r\n",
    );
    let head = client.read_head();
    assert_eq!(head.status(), 200);
    go.send(()).expect("the engine waits");
    assert_eq!(client.read_body(&head), b"{\"StatusCode\":0}");
}

#[test]
fn an_upload_and_its_answer_go_at_the_same_time() {
    let world = World::new(EVERYTHING, |conn, head| {
        assert!(head.chunked() || head.length().is_some());
        conn.send("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n");
        loop {
            let data = conn.read_chunk();
            conn.send(format!("{:x}\r\n", data.len()));
            conn.send(&data);
            conn.send("\r\n");
            if data.is_empty() {
                return Next::Request;
            }
        }
    });
    let mut client = world.client();
    client.send("POST /v1.41/build?dockerfile=D HTTP/1.1\r\nHost: docker\r\nContent-Type: application/x-tar\r\nTransfer-Encoding: chunked\r\n\r\n");
    let head = client.read_head();
    assert_eq!(head.status(), 200);
    let mut back = Vec::new();
    for step in ["first", "second", "third"] {
        client.send(format!("{:x}\r\n{step}\r\n", step.len()));
        back.clear();
        while back.len() < step.len() {
            back.extend(client.read_chunk());
        }
        assert_eq!(back, step.as_bytes());
    }
    client.send("0\r\n\r\n");
    assert!(client.read_chunk().is_empty());
}

#[test]
fn an_answer_that_comes_before_the_upload_ends_reaches_the_client() {
    let world = World::new(EVERYTHING, |conn, _| {
        conn.send(
            "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 17\r\n\r\n{\"message\":\"no!\"}",
        );
        // Until the gate stops: an engine that closes with bytes unread resets the connection.
        conn.read_to_end();
        Next::Close
    });
    let mut client = world.client();
    client.send(format!("{LOAD}Content-Length: 100000000\r\n\r\n"));
    let mut upload = client.stream().try_clone().expect("a second handle");
    let sender = thread::spawn(move || while upload.write_all(&BLOCK).is_ok() {});
    let (head, body) = client.read_response();
    drop(client.stream().shutdown(Shutdown::Both));
    sender.join().expect("the upload ends");
    assert_eq!(
        (head.status(), body.as_str()),
        (400, "{\"message\":\"no!\"}")
    );
}
