//! Clients that send what no engine should see, and engines that answer what no client should.

use std::io::Write;
use std::thread;

use super::{EVERYTHING, READ, assert_alive, plain, refusal};
use crate::support::{FakeEngine, Next, World, answer};

const DENIED: &str = "POST /v1.41/containers/web/stop HTTP/1.1\r\nHost: docker\r\n";

#[test]
fn a_malformed_request_is_answered_with_400_and_ends_the_connection() {
    let get = |fields: &str| format!("GET /_ping HTTP/1.1\r\nHost: docker\r\n{fields}\r\n");
    let post = |fields: &str, body: &str| {
        format!("POST /v1.41/images/load HTTP/1.1\r\nHost: docker\r\n{fields}\r\n{body}")
    };
    let target = |target: &str| format!("GET {target} HTTP/1.1\r\nHost: docker\r\n\r\n");
    let cases = [
        ("bare LF", "GET /_ping HTTP/1.1\nHost: docker\n\n".to_owned()),
        ("one bare LF", "GET /_ping HTTP/1.1\r\nHost: docker\nX: y\r\n\r\n".to_owned()),
        ("no version", "GET /_ping\r\n\r\n".to_owned()),
        ("version 1.2", "GET /_ping HTTP/1.2\r\nHost: docker\r\n\r\n".to_owned()),
        ("version 2.0", "GET /_ping HTTP/2.0\r\nHost: docker\r\n\r\n".to_owned()),
        ("two spaces", "GET  /_ping HTTP/1.1\r\nHost: docker\r\n\r\n".to_owned()),
        ("tabs", "GET\t/_ping\tHTTP/1.1\r\nHost: docker\r\n\r\n".to_owned()),
        ("leading CRLF", "\r\nGET /_ping HTTP/1.1\r\nHost: docker\r\n\r\n".to_owned()),
        ("no Host", "GET /_ping HTTP/1.1\r\n\r\n".to_owned()),
        ("two Hosts", get("Host: docker\r\n")),
        ("folded line", get("X: a\r\n b\r\n")),
        ("no name", get(": x\r\n")),
        ("no colon", get("x\r\n")),
        ("space in a name", get("X Y: z\r\n")),
        ("space before the colon", get("X : y\r\n")),
        ("NUL in a value", get("X: a\0b\r\n")),
        ("CR in a value", get("X: a\rb\r\n")),
        ("length and chunks", post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n")),
        ("two lengths", post("Content-Length: 5\r\nContent-Length: 6\r\n", "hello!")),
        ("a list of lengths", post("Content-Length: 5, 5\r\n", "hello")),
        ("a length with a sign", post("Content-Length: +5\r\n", "hello")),
        ("a negative length", post("Content-Length: -5\r\n", "hello")),
        ("a length in hexadecimal", post("Content-Length: 0x5\r\n", "hello")),
        ("an empty length", post("Content-Length:\r\n", "")),
        ("a length beyond 64 bits", post("Content-Length: 18446744073709551616\r\n", "")),
        ("gzip", post("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n")),
        ("chunked twice", post("Transfer-Encoding: chunked, chunked\r\n", "0\r\n\r\n")),
        ("identity", post("Transfer-Encoding: identity\r\nContent-Length: 0\r\n", "")),
        ("folded coding", post("Transfer-Encoding:\r\n chunked\r\n", "0\r\n\r\n")),
        ("chunks in HTTP/1.0", "POST /v1.41/images/load HTTP/1.0\r\nHost: docker\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n".to_owned()),
        ("a nominated field", get("Connection: close, X-Registry-Auth\r\nX-Registry-Auth: e30=\r\n")),
        ("absolute form", target("http://docker/_ping")),
        ("a scheme without a host", target("docker:/_ping")),
        ("a fragment", target("/_ping#x")),
        ("no slash", target("_ping")),
        ("two slashes", target("//_ping")),
        ("an empty segment", target("/v1.41//info")),
        ("dots", target("/v1.41/containers/../info")),
        ("encoded dots", target("/v1.41/containers/%2e%2e/info")),
        ("an encoded NUL", target("/v1.41/containers/a%00/json")),
        ("an encoded line end", target("/v1.41/containers/a%0d%0a/json")),
        ("a broken escape", target("/v1.41/containers/a%zz/json")),
        ("half an escape", target("/v1.41/containers/json%2")),
        ("no UTF-8", target("/v1.41/containers/%ff/json")),
        ("a backslash", target("/v1.41\\info")),
        ("raw UTF-8", target("/v1.41/containers/\u{fc}/json")),
        ("encoded slashes", target("/v1.41%2Finfo")),
    ];
    for policy in [READ, EVERYTHING] {
        let world = plain(policy);
        for (name, request) in &cases {
            let mut client = world.client();
            client.send(request);
            let (head, _) = refusal(&mut client, &[400]);
            assert_eq!(head.field("connection"), Some("close"), "{name}");
            client.read_to_end();
        }
        assert_eq!(world.engine.connections(), 0);
    }
}

#[test]
fn a_body_that_breaks_its_framing_ends_the_connection() {
    for broken in [
        "zz\r\nhello\r\n0\r\n\r\n",
        "5\nhello\n0\n\n",
        "0x5\r\nhello\r\n0\r\n\r\n",
        " 5\r\nhello\r\n0\r\n\r\n",
        "+5\r\nhello\r\n0\r\n\r\n",
        "-5\r\nhello\r\n0\r\n\r\n",
        "5\r\nhello!\r\n0\r\n\r\n",
        "\r\nhello\r\n0\r\n\r\n",
        "fffffffffffffffff\r\nhello\r\n0\r\n\r\n",
        "5\r\nhello\r\n0\n\n",
    ] {
        for operation in ["images/load", "containers/create"] {
            let world = plain(EVERYTHING);
            let mut client = world.client();
            client.send(format!(
                "POST /v1.41/{operation} HTTP/1.1\r\nHost: docker\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n{broken}\
                 GET /v1.41/info HTTP/1.1\r\nHost: docker\r\n\r\n"
            ));
            refusal(&mut client, &[400]);
            client.read_to_end();
            drop(client);
            world.engine.wait_idle();
            for bytes in world.engine.received() {
                let text = String::from_utf8_lossy(&bytes).into_owned();
                assert!(!text.contains("/info"), "{broken:?}: {text}");
                assert!(
                    !text.ends_with("0\r\n\r\n"),
                    "{broken:?} looks complete: {text}"
                );
            }
        }
    }
}

#[test]
fn a_denied_call_never_opens_an_engine_connection() {
    let world = plain(READ);
    let mut client = world.client();
    client.send(format!("{DENIED}Content-Length: 0\r\n\r\n"));
    let (_, message) = refusal(&mut client, &[403]);
    assert!(message.contains("ContainerStop"), "{message}");
    assert_eq!(world.engine.connections(), 0);
    assert_alive(&mut client);
}

#[test]
fn what_the_gate_does_not_know_is_refused_by_name() {
    let world = plain(EVERYTHING);
    for (request, name) in [
        ("GET /v1.41/nonsense HTTP/1.1", "/nonsense"),
        ("PATCH /v1.41/containers/json HTTP/1.1", "PATCH"),
        ("get /v1.41/containers/json HTTP/1.1", "get"),
        ("TRACE /_ping HTTP/1.1", "TRACE"),
        ("GET /V1.41/info HTTP/1.1", "V1.41"),
        ("GET /v1.41/v1.41/info HTTP/1.1", "/v1.41/info"),
        ("GET /Info HTTP/1.1", "/Info"),
    ] {
        let mut client = world.client();
        client.send(format!("{request}\r\nHost: docker\r\n\r\n"));
        let (_, message) = refusal(&mut client, &[400, 403]);
        assert!(message.contains(name), "{request}: {message}");
    }
    assert_eq!(world.engine.connections(), 0);
}

#[test]
fn a_body_on_an_unknown_route_needs_a_grant_of_its_own() {
    let request = "POST /v1.41/nonsense HTTP/1.1\r\nHost: docker\r\nContent-Length: 2\r\n\r\n{}";
    let world = plain("version: 1\nallow: [POST /nonsense]\n");
    let mut client = world.client();
    client.send(request);
    let (_, message) = refusal(&mut client, &[403]);
    assert!(
        message.contains("body: needs grant `body: any`"),
        "{message}"
    );
    assert_eq!(world.engine.connections(), 0);
    let world = plain("version: 1\nallow: [POST /nonsense: {body: any}]\n");
    let mut client = world.client();
    client.send(request);
    assert_eq!(client.read_response().1, "{}");
}

#[test]
fn a_version_that_is_too_old_is_refused() {
    let world = plain(EVERYTHING);
    for version in ["v1.23", "v1.12", "v0.9"] {
        let mut client = world.client();
        client.send(format!(
            "GET /{version}/info HTTP/1.1\r\nHost: docker\r\n\r\n"
        ));
        let (_, message) = refusal(&mut client, &[400, 403]);
        assert!(message.contains(&version[1..]), "{message}");
    }
    assert_eq!(world.engine.connections(), 0);
}

#[test]
fn a_denied_call_with_a_body_never_turns_its_body_into_a_request() {
    let inner = "GET /v1.41/info HTTP/1.1\r\nHost: docker\r\n\r\n";
    for framed in [
        format!("Content-Length: {}\r\n\r\n{inner}", inner.len()),
        format!(
            "Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{inner}\r\n0\r\n\r\n",
            inner.len()
        ),
    ] {
        let world = plain(READ);
        let mut client = world.client();
        client.send(format!("{DENIED}{framed}"));
        let (head, _) = refusal(&mut client, &[403]);
        if head.field("connection") == Some("close") {
            client.expect_end();
        } else {
            assert_alive(&mut client);
        }
        drop(client);
        world.engine.wait_idle();
        for bytes in world.engine.received() {
            assert!(!String::from_utf8_lossy(&bytes).contains("/info"));
        }
    }
}

#[test]
fn a_denied_upload_is_answered_before_it_is_read() {
    let world = plain(READ);
    let mut client = world.client();
    client.send(
        "POST /v1.41/images/load HTTP/1.1\r\nHost: docker\r\nContent-Length: 1000000000000\r\n\r\n",
    );
    let (head, _) = refusal(&mut client, &[403]);
    assert_eq!(head.field("connection"), Some("close"));
    client.read_to_end();
    assert_eq!(world.engine.connections(), 0);
}

#[test]
fn a_form_is_refused_where_the_engine_would_read_it() {
    let world = plain(EVERYTHING);
    for (request, form) in [
        (
            "POST /v1.41/images/create?fromImage=alpine",
            "application/x-www-form-urlencoded",
        ),
        (
            "POST /v1.41/containers/web/kill?signal=SIGHUP",
            "APPLICATION/X-WWW-FORM-URLENCODED; charset=utf-8",
        ),
        (
            "POST /v1.41/containers/web/rename?name=a",
            "application/x-www-form-urlencoded; =",
        ),
        (
            "POST /v1.41/build?networkmode=none",
            "multipart/form-data; boundary=b",
        ),
        (
            "PUT /v1.41/containers/web/archive?path=/tmp",
            "application/x-www-form-urlencoded",
        ),
    ] {
        let mut client = world.client();
        client.send(format!(
            "{request} HTTP/1.1\r\nHost: docker\r\nContent-Type: {form}\r\nContent-Length: 5\r\n\r\na=b&c"
        ));
        refusal(&mut client, &[400, 403, 415]);
    }
    assert_eq!(world.engine.connections(), 0);
}

#[test]
fn a_document_that_no_engine_should_read_is_refused_with_its_place() {
    let world = plain("version: 1\nallow:\n  - SystemPing\n  - ContainerCreate: {image: \"**\"}\n");
    let nested =
        |count: usize| format!("{{\"Labels\":{}{}}}", "[".repeat(count), "]".repeat(count));
    let keys: Vec<String> = (0..100_000)
        .map(|number| format!("\"k{number}\":1"))
        .collect();
    for (name, body) in [
        ("cut", "{\"Image\":\"alpine\"".to_owned()),
        ("a second document", "{}{}".to_owned()),
        ("closing brackets behind", "{}]}".to_owned()),
        ("a mark before", "\u{feff}{}".to_owned()),
        ("depth", nested(10_000)),
        (
            "one key twice",
            "{\"Image\":\"a\",\"image\":\"b\"}".to_owned(),
        ),
        ("half a pair", "{\"Image\":\"\\ud800\"}".to_owned()),
        (
            "a flag as text",
            "{\"HostConfig\":{\"Privileged\":\"true\"}}".to_owned(),
        ),
        (
            "a number beyond 64 bits",
            "{\"HostConfig\":{\"Memory\":99999999999999999999}}".to_owned(),
        ),
        ("a list for an object", "{\"HostConfig\":[]}".to_owned()),
        ("100,000 keys at the top", format!("{{{}}}", keys.join(","))),
        (
            "10 MB",
            format!("{{\"Labels\":{{\"a\":\"{}\"}}}}", "x".repeat(10_000_000)),
        ),
    ] {
        let mut client = world.client();
        let mut upload = client.stream().try_clone().expect("a second handle");
        let request = format!(
            "POST /v1.41/containers/create HTTP/1.1\r\nHost: docker\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let sender = thread::spawn(move || upload.write_all(request.as_bytes()).is_ok());
        let head = client.read_head();
        let message = client.read_body(&head);
        drop(client);
        sender.join().expect("the upload ends");
        assert!(
            matches!(head.status(), 400 | 403 | 413),
            "{name}: {}",
            head.text
        );
        assert!(!message.is_empty(), "{name}");
        assert_eq!(
            world.engine.connections(),
            0,
            "{name}: {}",
            message.escape_ascii()
        );
    }
    assert_alive(&mut world.client());
}

#[test]
fn an_engine_that_is_down_is_a_502_and_is_found_again() {
    let world = plain(READ);
    let mut client = world.client();
    assert_alive(&mut client);
    let World { gate, engine, dir } = world;
    drop(engine);
    let mut other = crate::support::Conn::connect(&dir.path("gate.sock"));
    other.send("GET /_ping HTTP/1.1\r\nHost: docker\r\n\r\n");
    let (_, message) = refusal(&mut other, &[502]);
    assert!(message.contains("engine.sock"), "{message}");

    let world = World {
        engine: FakeEngine::start(&dir.path("engine.sock"), |conn, _| {
            conn.send(answer::ping());
            Next::Request
        }),
        gate,
        dir,
    };
    assert_alive(&mut world.client());
}

#[test]
fn a_gate_starts_before_its_engine() {
    let dir = crate::support::Dir::new();
    let gate = World::gate(&dir, READ, &[]);
    let engine = FakeEngine::start(&dir.path("engine.sock"), |conn, head| {
        conn.send(answer::json(head.line()));
        Next::Request
    });
    let world = World { gate, engine, dir };
    let mut client = world.client();
    client.send("GET /info HTTP/1.1\r\nHost: docker\r\n\r\n");
    assert_eq!(client.read_response().1, "GET /v1.41/info HTTP/1.1");
}

#[test]
fn an_answer_that_is_none_is_a_502() {
    for garbage in [
        "",
        "garbage\r\n\r\n",
        "HTTP/1.1 200 OK",
        "HTTP/1.1 200 OK\r\nContent-Le",
        "HTTP/1.1 OK\r\n\r\n",
        "HTTP/1.1 99 Low\r\nContent-Length: 0\r\n\r\n",
        "HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\nContent-Length: 0\n\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n",
        "\x15\x03\x01\0\x02\x02",
    ] {
        let world = World::new(READ, move |conn, head| {
            if head.line().contains("/_ping") {
                conn.send(answer::ping());
                return Next::Request;
            }
            conn.send(garbage);
            Next::Close
        });
        let mut client = world.client();
        client.send("GET /v1.41/info HTTP/1.1\r\nHost: docker\r\n\r\n");
        let (head, message) = refusal(&mut client, &[502]);
        assert!(message.contains("engine"), "{garbage:?}: {message}");
        if head.field("connection") == Some("close") {
            client.expect_end();
        } else {
            assert_alive(&mut client);
        }
    }
}

#[test]
fn an_answer_head_beyond_the_limit_is_a_502() {
    let world = World::new(READ, |conn, _| {
        let sent = conn.try_send("HTTP/1.1 200 OK\r\n")
            && (0..40).all(|_| conn.try_send(format!("X: {}\r\n", "a".repeat(65_536))));
        if sent {
            conn.try_send("\r\n");
        }
        Next::Close
    });
    let mut client = world.client();
    client.send("GET /v1.41/info HTTP/1.1\r\nHost: docker\r\n\r\n");
    refusal(&mut client, &[502]);
}

#[test]
fn a_fault_on_one_connection_leaves_the_others_alone() {
    let world = plain(READ);
    let mut good = world.client();
    assert_alive(&mut good);
    for bad in [
        "\0",
        "GET",
        "GET /\r\n\r\n",
        "GET /_ping HTTP/1.1\r\nHost: a\r\n\r\n\x16\x03",
    ] {
        let mut client = world.client();
        client.try_send(bad);
        drop(client);
        assert_alive(&mut good);
    }
}
