//! What records say of names, tenants and traces.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use super::{call, configured, plain, records, watched_with};
use crate::support::{answer, wait_until};

const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

#[test]
fn a_trace_goes_through() {
    let world = super::watched(plain);
    call(
        &world,
        &format!(
            "GET /v1.41/info HTTP/1.1\r\nHost: d\r\ntraceparent: {TRACE}\r\ntracestate: a=b\r\n\r\n"
        ),
    );
    let record = records(&world, 1).remove(0);
    assert_eq!(record["trace_id"], &TRACE[3..35]);
    let sent = String::from_utf8_lossy(&world.engine.received().concat()).to_ascii_lowercase();
    assert!(
        sent.contains(&format!("traceparent: {TRACE}\r\n")),
        "{sent}"
    );
    assert!(sent.contains("tracestate: a=b\r\n"), "{sent}");
}

#[test]
fn a_client_over_tcp_has_an_address_and_no_certificate() {
    let port = TcpListener::bind("127.0.0.1:0")
        .and_then(|free| free.local_addr())
        .expect("a port")
        .port();
    let listen = format!("tcp://127.0.0.1:{port}");
    let world = watched_with(&["--listen", &listen], plain);
    let mut stream = None;
    wait_until("the gate listens there too", || {
        stream = TcpStream::connect(("127.0.0.1", port)).ok();
        stream.is_some()
    });
    let mut stream = stream.expect("a connection");
    stream
        .write_all(b"GET /_ping HTTP/1.1\r\nHost: d\r\nConnection: close\r\n\r\n")
        .expect("sent");
    let own = stream.local_addr().expect("an address").to_string();
    stream.read_to_end(&mut Vec::new()).expect("an answer");
    let record = records(&world, 1).remove(0);
    assert_eq!(record["socket"], format!("tcp-{port}"));
    assert_eq!(
        record["peer"],
        serde_json::json!({"address": own, "certificate_subject": null})
    );
}

#[test]
fn a_tenants_names_are_told_as_the_engine_has_them() {
    let world = configured("{}", "tenant: acme", plain);
    let id = "0123456789abcdef".repeat(4);
    let inspected = |owner: &str| {
        answer::json(&format!(
            "{{\"Id\":\"{id}\",\"Name\":\"/{owner}.web\",\"Config\":{{\"Labels\":{{\"io.doodgate.tenant\":\"{owner}\"}}}}}}"
        ))
    };
    world
        .engine
        .has("/containers/acme.web/json", inspected("acme"));
    world
        .engine
        .has(&format!("/containers/{id}/json"), inspected("other"));
    call(
        &world,
        "GET /v1.41/containers/web/top HTTP/1.1\r\nHost: d\r\n\r\n",
    );
    let record = records(&world, 1).remove(0);
    assert_eq!(record["tenant"], "acme");
    assert_eq!(record["decision"], "allowed", "{record}");
    assert_eq!(record["targets"]["id"], "web");
    assert_eq!(
        record["resolved"],
        serde_json::json!([{"kind": "container", "name": "web", "id": id}])
    );
    assert_eq!(record["forwarded"], format!("/v1.41/containers/{id}/top"));
    // Another tenant's: the client hears of nothing, and the operator of what it was.
    let (head, _) = call(
        &world,
        &format!("GET /v1.41/containers/{id}/top HTTP/1.1\r\nHost: d\r\n\r\n"),
    );
    assert_eq!(head.status(), 404);
    let record = records(&world, 2).remove(1);
    assert_eq!(record["decision"], "denied", "{record}");
    assert_eq!(record["resolved"][0]["id"], id);
    assert_eq!(record["forwarded"], serde_json::Value::Null);
}

#[test]
fn what_is_mounted_is_told_as_it_is() {
    let world = super::watched(plain);
    world.engine.has(
        "/volumes/data",
        answer::json("{\"Name\":\"data\",\"Driver\":\"local\",\"Options\":{\"type\":\"none\",\"o\":\"bind\",\"device\":\"/etc\"}}"),
    );
    let folder = world.dir.path("link");
    std::os::unix::fs::symlink("/etc", &folder).expect("a link");
    let body = format!(
        "{{\"HostConfig\":{{\"Binds\":[\"data:/data\",\"{}:/x\"]}}}}",
        folder.display()
    );
    let policy = "version: 1\nallow: [{ContainerCreate: {bind: \"/**\", volume: \"*\"}}]\n";
    world.dir.file("policy.yaml", policy);
    world.gate.signal("HUP");
    wait_until("the reload", || {
        world.gate.said().contains("reloaded: the policies that")
    });
    call(
        &world,
        &format!(
            "POST /v1.41/containers/create HTTP/1.1\r\nHost: d\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        ),
    );
    let record = records(&world, 1).remove(0);
    assert_eq!(
        record["resolved"],
        serde_json::json!([
            {"kind": "path", "name": format!("{}:rw", folder.display()), "id": "/etc:rw"},
            {"kind": "volume", "name": "data", "id": "data"},
        ]),
        "{record}"
    );
}
