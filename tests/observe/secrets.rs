//! Planted secrets show up nowhere but at the engine.

use super::admin::doodgate;
use super::audit::datagrams;
use super::{ask, call, plain, records, watched_with};
use crate::support::{Conn, unix};

const SECRET: &str = "hunter2-PLANTED";

/// Requests that are allowed, refused and malformed, with secrets in every place that holds some.
fn requests() -> Vec<String> {
    let json = |path: &str, body: &str| {
        format!(
            "POST {path} HTTP/1.1\r\nHost: d\r\nContent-Type: application/json\r\nAuthorization: Bearer {SECRET}\r\n\
             X-Registry-Auth: {SECRET}\r\nUser-Agent: {SECRET}\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    let get =
        |target: &str| format!("GET {target} HTTP/1.1\r\nHost: d\r\nCookie: {SECRET}\r\n\r\n");
    vec![
        json(
            "/v1.41/containers/create?name=a",
            &format!(
                "{{\"Env\":[\"DB_PASSWORD={SECRET}\"],\"Labels\":{{\"a\":\"{SECRET}\"}},\"Cmd\":[\"{SECRET}\"]}}"
            ),
        ),
        json(
            "/v1.41/containers/create",
            &format!(
                "{{\"Env\":[\"DB_PASSWORD={SECRET}\"],\"HostConfig\":{{\"Privileged\":true,\"LogConfig\":{{\"Type\":\"splunk\",\"Config\":{{\"splunk-token\":\"{SECRET}\"}}}},\"SecurityOpt\":[\"seccomp={SECRET}\"],\"StorageOpt\":{{\"a\":\"{SECRET}\"}}}}}}"
            ),
        ),
        json(
            "/v1.41/containers/create",
            &format!("{{\"Env\":[\"DB_PASSWORD={SECRET}\"],\"env\":[\"{SECRET}\"]}}"),
        ),
        json(
            "/v1.41/containers/create",
            &format!("{{\"Env\":[\"DB_PASSWORD={SECRET}\""),
        ),
        // What dockerode does: the body's members once more as query parameters.
        json(
            &format!(
                "/v1.41/containers/create?name=a&Env=%7B%22a%22%3A%22{SECRET}%22%7D&HostConfig={SECRET}"
            ),
            "{}",
        ),
        json(
            "/v1.41/containers/web/exec",
            &format!("{{\"Cmd\":[\"mysql\",\"-p{SECRET}\"]}}"),
        ),
        json(
            &format!(
                "/v1.41/build?remote=https%3A%2F%2Fu%3A{SECRET}%40example.com%2Fx&buildargs=%7B%22A%22%3A%22{SECRET}%22%7D"
            ),
            "",
        ),
        json(
            &format!(
                "/v1.41/images/create?fromSrc=https%3A%2F%2Fu%3A{SECRET}%40example.com&changes=ENV+A%3D{SECRET}"
            ),
            "",
        ),
        json(
            "/v1.41/auth",
            &format!("{{\"username\":\"u\",\"password\":\"{SECRET}\"}}"),
        ),
        json(
            "/v1.41/volumes/create",
            &format!("{{\"DriverOpts\":{{\"o\":\"username=u,password={SECRET}\"}}}}"),
        ),
        json(
            "/v1.41/secrets/create",
            &format!("{{\"Name\":\"a\",\"Data\":\"{SECRET}\"}}"),
        ),
        get(&format!("/v1.41/containers/json?limit={SECRET}")),
        get(&format!(
            "/v1.41/containers/json?all={SECRET}&token={SECRET}"
        )),
        get(&format!("/v1.41/nosuch?token={SECRET}")),
        get(&format!("http://user:{SECRET}@docker/v1.41/info")),
        get(&format!("/v1.41/info;token={SECRET}")),
        format!("GET /v1.41/info HTTP/1.1\r\nHost: d\r\nAuthorization: {SECRET}\r\n bare\r\n\r\n"),
    ]
}

#[test]
fn planted_secrets_are_nowhere() {
    are_nowhere(&[], "denied");
}

#[test]
fn nor_where_refusals_are_only_told() {
    are_nowhere(&["--observe-only"], "would_deny");
}

fn are_nowhere(options: &[&str], decision: &str) {
    let world = watched_with(options, plain);
    let requests = requests();
    for request in &requests {
        call(&world, request);
    }
    let all = records(&world, requests.len());
    assert_eq!(all.len(), requests.len());
    let status = ask(&world, "/status").1;
    let metrics = ask(&world, "/metrics").1;
    let page = ask(&world, "/").1;
    let admin = unix(&world.dir.path("admin.sock"));
    let top = doodgate(&["top", "--once", "--admin", &admin]).1;
    let told = doodgate(&["status", "--admin", &admin]).1;
    let mut viewer = Conn::connect(&world.dir.path("admin.sock"));
    viewer.send("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n");
    viewer.read_head();
    // The last refusal that the gate remembers is that of the last request.
    let mut events = String::new();
    while !events.contains(all[requests.len() - 1]["id"].as_str().expect("an id")) {
        events += &String::from_utf8_lossy(&viewer.read_chunk());
    }
    let said = world.gate.said();
    for (where_, text) in [
        ("the audit", super::lines(&world).join("\n")),
        ("the log", said),
        ("the status", status),
        ("doodgate top", top),
        ("doodgate status", told),
        ("the metrics", metrics),
        ("the page", page),
        ("the events", events),
    ] {
        assert!(!text.is_empty(), "{where_} is empty");
        let found = text.lines().find(|line| line.contains("hunter2"));
        assert_eq!(found, None, "{where_} tells a secret");
    }
    assert!(
        super::lines(&world)
            .iter()
            .any(|line| line.contains("\"grant\":\"privileged\"") && line.contains(decision))
    );
}

#[test]
fn nor_in_datagrams() {
    for sink in ["unixgram", "syslog"] {
        let (receiver, world) = datagrams(sink);
        for request in requests() {
            call(&world, &request);
            let mut datagram = [0; 8192];
            let count = receiver.recv(&mut datagram).expect("a datagram");
            let text = String::from_utf8_lossy(&datagram[..count]).into_owned();
            assert!(text.ends_with('}') && !text.contains("hunter2"), "{text}");
        }
    }
}
