//! A socket that only observes: what its policy refuses goes on and is told, and what is not understood goes nowhere.

use std::fs;

use super::{ask, call, configured, metric, plain, records, served};
use crate::support::gate::Gate;
use crate::support::{Conn, Dir, FakeEngine, Next, World, answer, unix, wait_until};

const WOULD: &str = "doodgate_would_denials_total{socket=\"gate\"}";
const POLICY: &str = "{version: 1, min-api-version: \"1.24\", allow: [SystemPing, PutContainerArchive, {ContainerCreate: {bind: \"/srv/**\"}}], deny: [ContainerKill]}";

/// A gate with one socket that only observes.
fn observing() -> World {
    let dir = Dir::new();
    let engine = FakeEngine::start(&dir.path("engine.sock"), plain);
    let audit = dir.path("audit.jsonl").display().to_string();
    let admin = unix(&dir.path("admin.sock"));
    let options = ["--audit", &audit, "--admin", &admin, "--observe-only"];
    let gate = World::gate(&dir, POLICY, &options);
    World { gate, engine, dir }
}

fn post(target: &str, body: &str) -> String {
    format!(
        "POST {target} HTTP/1.1\r\nHost: d\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

#[test]
fn what_would_be_refused_goes_on_and_is_told() {
    let world = observing();
    let body = "{\"HostConfig\":{\"Binds\":[\"/:/host\"],\"Privileged\":true}}";
    let (head, _) = call(&world, &post("/v1.41/containers/create?name=web", body));
    assert_eq!(head.status(), 200);
    let sent = String::from_utf8_lossy(&world.engine.received().concat()).into_owned();
    assert!(sent.contains("\"Binds\":[\"/:/host\"]"), "{sent}");
    assert!(sent.contains("\"Privileged\":true"), "{sent}");

    let record = records(&world, 1).remove(0);
    assert_eq!(record["decision"], "would_deny", "{record}");
    assert_eq!(record["reason"], "missing_grant");
    assert_eq!(record["status"], 200);
    assert_eq!(record["forwarded"], "/v1.41/containers/create");
    assert_eq!(
        record["missing"],
        serde_json::json!([
            {"grant": "bind", "place": "HostConfig.Binds[0]", "value": "/:rw"},
            {"grant": "privileged", "place": "HostConfig.Privileged"},
        ])
    );
    assert_eq!(record["demands"], record["missing"]);
    assert_eq!(record["rule"]["name"], "ContainerCreate");
    assert_eq!(metric(&world, WOULD), Some(1.0));
    let series = "doodgate_requests_total{decision=\"would_deny\",operation=\"ContainerCreate\",socket=\"gate\"}";
    assert_eq!(metric(&world, series), Some(1.0));
    let refused = "doodgate_refusals_total{reason=\"missing_grant\",socket=\"gate\"}";
    assert_eq!(metric(&world, refused), Some(0.0));
    assert_eq!(
        metric(&world, "doodgate_policy_enforced{socket=\"gate\"}"),
        Some(0.0)
    );
    assert!(ask(&world, "/status").1.contains("\"observe_only\":true"));
    let said = world.gate.said();
    assert!(said.contains("NOT ENFORCED"), "{said}");
    assert!(
        said.contains("would be refused") && said.contains("privileged at HostConfig.Privileged"),
        "{said}"
    );
    // What the policy allows is allowed, as ever.
    call(&world, "GET /_ping HTTP/1.1\r\nHost: d\r\n\r\n");
    assert_eq!(records(&world, 2)[1]["decision"], "allowed");
    assert_eq!(metric(&world, WOULD), Some(1.0));
}

#[test]
fn every_reason_of_a_policy_is_only_told() {
    let world = observing();
    let tar = archive_with_a_device();
    let upload = [
        format!("PUT /v1.41/containers/web/archive?path=/ HTTP/1.1\r\nHost: d\r\nContent-Type: application/x-tar\r\nContent-Length: {}\r\n\r\n", tar.len()).into_bytes(),
        tar,
    ]
    .concat();
    let cases: [(&str, Vec<u8>); 6] = [
        // On its head alone.
        (
            "operation_not_allowed",
            post("/v1.41/containers/web/exec", "{\"Cmd\":[\"id\"]}").into(),
        ),
        (
            "denied_by_rule",
            post("/v1.41/containers/web/kill", "").into(),
        ),
        (
            "version_too_old",
            post("/v1.20/containers/web/stop", "").into(),
        ),
        // What the gate does not know within a call that it knows.
        (
            "missing_grant",
            post("/v1.41/containers/create", "{\"Newest\":1}").into(),
        ),
        (
            "missing_grant",
            post("/v1.41/containers/create?newest=1", "{}").into(),
        ),
        // What shows only while it goes through.
        ("missing_grant", upload),
    ];
    for (count, (reason, request)) in (1..).zip(cases) {
        let shown = String::from_utf8_lossy(&request)[..40].to_owned();
        let mut client = world.client();
        client.send(&request);
        assert_eq!(client.read_response().0.status(), 200, "{shown}");
        let record = records(&world, count).remove(count - 1);
        assert_eq!(record["decision"], "would_deny", "{shown}: {record}");
        assert_eq!(record["reason"], reason, "{shown}: {record}");
        assert_eq!(world.engine.requests(), count, "{shown}");
    }
    let sent = String::from_utf8_lossy(&world.engine.received().concat()).into_owned();
    assert!(
        sent.contains("{\"Newest\":1}") && sent.contains("newest=1"),
        "{sent}"
    );
}

/// An archive that makes a device.
fn archive_with_a_device() -> Vec<u8> {
    let mut header = [0_u8; 512];
    header[..4].copy_from_slice(b"disk");
    header[100..107].copy_from_slice(b"0000644");
    header[108..115].copy_from_slice(b"0000000");
    header[116..123].copy_from_slice(b"0000000");
    header[124..135].copy_from_slice(b"00000000000");
    header[136..147].copy_from_slice(b"00000000000");
    header[156] = b'4';
    header[257..265].copy_from_slice(b"ustar\x0000");
    header[329..336].copy_from_slice(b"0000010");
    header[337..344].copy_from_slice(b"0000000");
    header[148..156].copy_from_slice(b"        ");
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    [header.as_slice(), &[0; 1024]].concat()
}

#[test]
fn what_is_not_understood_goes_nowhere() {
    let world = observing();
    for (request, status) in [
        (post("/v1.41/containers/create", "{\"Image\":"), 400),
        (
            post(
                "/v1.41/containers/create",
                "{\"Image\":\"a\",\"image\":\"b\"}",
            ),
            400,
        ),
        (
            post("/v1.41/containers/create", "{}")
                .replace("application/json", "multipart/form-data"),
            400,
        ),
        (
            "GET /v1.41/containers/%2e%2e/json HTTP/1.1\r\nHost: d\r\n\r\n".to_owned(),
            400,
        ),
        (
            "GET /v1.41/info HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n"
                .to_owned(),
            400,
        ),
        (
            "GET /v1.41/nosuch HTTP/1.1\r\nHost: d\r\n\r\n".to_owned(),
            403,
        ),
    ] {
        let (head, body) = call(&world, &request);
        assert_eq!(head.status(), status, "{request}: {body}");
        if status == 403 {
            assert!(body.contains("only observes"), "{body}");
        }
    }
    assert_eq!(world.engine.requests(), 0);
    assert_eq!(metric(&world, WOULD), Some(0.0));
    // Each came on a connection of its own, so the last two records may have changed places.
    let decided = |decision: &str| {
        let all = records(&world, 6);
        all.iter().filter(|it| it["decision"] == decision).count()
    };
    assert_eq!((decided("malformed"), decided("denied")), (5, 1));
}

#[test]
fn a_tenant_is_never_only_observed() {
    let dir = Dir::new();
    let stderr = dir.path("stderr");
    let listen = unix(&dir.path("gate.sock"));
    let refused = |arguments: &[&str], said: &str| {
        let (status, text) = Gate::run(&[&["run"], arguments].concat(), &stderr);
        assert_eq!(status.code(), Some(2), "{text}");
        assert!(text.contains(said), "{text}");
    };
    refused(
        &["--listen", &listen, "--tenant", "a", "--observe-only"],
        "--tenant and --observe-only exclude each other",
    );
    let config = dir.file(
        "config.yaml",
        &format!(
            "version: 1\nsockets:\n  a: {{listen: \"{listen}\", policy: read-only, tenant: a, observe-only: true}}\n"
        ),
    );
    let config = config.display().to_string();
    refused(
        &["--config", &config],
        "the socket of a tenant cannot only observe",
    );
    let config = dir.file(
        "other.yaml",
        &format!("version: 1\nsockets:\n  a: {{listen: \"{listen}\", policy: read-only}}\n"),
    );
    refused(
        &["--config", &config.display().to_string(), "--observe-only"],
        "--config and --observe-only exclude each other",
    );
}

#[test]
fn a_reload_ends_the_observation() {
    let world = configured("{}", "observe-only: true", |conn: &mut Conn, head| {
        if head.line().contains("/logs") {
            conn.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n");
            conn.read_to_end();
            return Next::Close;
        }
        conn.read_body(head);
        conn.send(answer::json("{}"));
        Next::Request
    });
    let kill = post("/v1.41/containers/web/kill", "");
    assert_eq!(call(&world, &kill).0.status(), 200);
    let mut stream = world.client();
    stream.send("GET /v1.41/containers/web/logs?follow=1&stdout=1 HTTP/1.1\r\nHost: d\r\n\r\n");
    assert_eq!(stream.read_head().status(), 200);
    let before = served(&world);
    assert_eq!(before["observe_only"], true, "{before}");

    let config = world.dir.path("doodgate.yaml");
    let text = fs::read_to_string(&config).expect("the configuration");
    fs::write(
        &config,
        text.replace("observe-only: true", "observe-only: false"),
    )
    .expect("the configuration");
    world.gate.signal("HUP");
    wait_until("the reload", || served(&world)["observe_only"] == false);
    stream.read_to_end();
    let all = records(&world, 2);
    assert_eq!(all[0]["decision"], "would_deny");
    assert_eq!(all[1]["operation"], "ContainerLogs");
    assert_eq!(all[1]["decision"], "would_deny");
    assert_eq!(all[1]["end"], "revoked", "{}", all[1]);
    assert_eq!(call(&world, &kill).0.status(), 403);
    assert_eq!(
        metric(&world, "doodgate_policy_enforced{socket=\"gate\"}"),
        Some(1.0)
    );
}
