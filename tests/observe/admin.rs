//! The admin listener: what it answers, to whom, and that nothing on it hurts the gate.

use std::process::Command;

use super::{POLICY, ask, call, metric, plain, promtool, records, watched};
use crate::support::{Conn, Dir, Head, World, unix, wait_until};

fn raw(world: &World, request: &str) -> (Head, String) {
    let mut conn = Conn::connect(&world.dir.path("admin.sock"));
    conn.send(request);
    conn.read_response()
}

pub(super) fn doodgate(arguments: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_doodgate"))
        .args(arguments)
        .env_clear()
        .output()
        .expect("the binary");
    let text = [output.stdout, output.stderr].concat();
    (
        output.status.code(),
        String::from_utf8_lossy(&text).into_owned(),
    )
}

#[test]
fn answers_reads_and_nothing_else() {
    let world = watched(plain);
    for (path, status, media_type, holds) in [
        ("/", 200, "text/html", "<title>doodgate</title>"),
        (
            "/metrics",
            200,
            "text/plain",
            "# TYPE doodgate_requests_total counter",
        ),
        ("/healthz", 200, "text/plain", "ok"),
        ("/readyz", 200, "text/plain", "ok"),
        ("/status", 200, "application/json", "\"schema\":1"),
        ("/nosuch", 404, "text/plain", "nothing is here"),
        ("/../etc/passwd", 404, "text/plain", "nothing is here"),
        ("/containers/json", 404, "text/plain", "nothing is here"),
    ] {
        if path == "/metrics" {
            call(&world, "GET /_ping HTTP/1.1\r\nHost: d\r\n\r\n");
            records(&world, 1);
        }
        let (head, body) = ask(&world, path);
        assert_eq!(head.status(), status, "{path}");
        assert!(
            head.field("content-type")
                .is_some_and(|it| it.starts_with(media_type)),
            "{path}"
        );
        assert_eq!(head.field("x-content-type-options"), Some("nosniff"));
        assert!(
            head.field("content-security-policy")
                .is_some_and(|it| it.contains("default-src 'none'"))
        );
        assert!(body.contains(holds), "{path}: {body}");
    }
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "CONNECT"] {
        let request =
            format!("{method} /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n");
        assert!(
            matches!(raw(&world, &request).0.status(), 400 | 405),
            "{method}"
        );
    }
    let mut head = Conn::connect(&world.dir.path("admin.sock"));
    head.send("HEAD /status HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    assert_eq!(head.read_head().status(), 200);
    assert!(head.read_to_end().is_empty());
}

#[test]
fn the_first_lines_say_what_is_served_and_exposed() {
    let world = watched(plain);
    let serving = || {
        let said = world.gate.said();
        said.lines()
            .find(|line| line.contains("serving"))
            .map(str::to_owned)
    };
    wait_until("the line for the socket", || serving().is_some());
    let line = serving().expect("the line");
    let line: serde_json::Value = line.parse().expect("JSON, where nobody looks on");
    assert_eq!(line["socket"], "gate");
    assert_eq!(line["policy"], "policy");
    assert_eq!(line["host"], "reached by bind, body: any");
    let allows = line["allows"].as_str().expect("how much");
    assert!(
        allows.ends_with(" operations") && !allows.starts_with("0 "),
        "{allows}"
    );
}

#[test]
fn is_not_reached_through_a_proxied_socket() {
    let world = watched(plain);
    for path in [
        "/metrics",
        "/status",
        "/events-of-the-gate",
        "/healthz",
        "/readyz",
    ] {
        let (head, _) = call(&world, &format!("GET {path} HTTP/1.1\r\nHost: d\r\n\r\n"));
        assert_eq!(head.status(), 403, "{path}");
    }
}

#[test]
fn ready_means_that_the_engine_answers() {
    let dir = Dir::new();
    let admin = unix(&dir.path("admin.sock"));
    let gate = World::gate(&dir, POLICY, &["--admin", &admin]);
    let ask = |path: &str| {
        let mut conn = Conn::connect(&dir.path("admin.sock"));
        conn.send(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"));
        conn.read_response()
    };
    assert_eq!(ask("/healthz").0.status(), 200);
    let (head, reason) = ask("/readyz");
    assert_eq!(head.status(), 503);
    assert!(reason.contains("cannot reach the engine"), "{reason}");
    assert!(ask("/metrics").1.contains("\ndoodgate_engine_up 0\n"));
    assert_eq!(doodgate(&["health", "--admin", &admin]).0, Some(1));
    assert_eq!(
        doodgate(&["health", "--live", "--admin", &admin]).0,
        Some(0)
    );
    let (code, text) = doodgate(&["status", "--admin", &admin]);
    assert_eq!(code, Some(1));
    assert!(text.contains("DOWN"), "{text}");
    let _engine = crate::support::FakeEngine::start(&dir.path("engine.sock"), plain);
    wait_until("the gate is ready", || ask("/readyz").0.status() == 200);
    assert_eq!(doodgate(&["health", "--admin", &admin]).0, Some(0));
    drop(gate);
}

#[test]
fn only_names_of_this_machine_are_answered_over_tcp() {
    let dir = Dir::new();
    let _engine = crate::support::FakeEngine::start(&dir.path("engine.sock"), plain);
    // A free port: taken, told, and given back.
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .expect("a port")
        .local_addr()
        .expect("its number")
        .port();
    let admin = format!("tcp://127.0.0.1:{port}");
    let gate = World::gate(&dir, POLICY, &["--admin", &admin]);
    let ask = |host: &str| {
        use std::io::{Read, Write};
        let mut stream = std::net::TcpStream::connect(("127.0.0.1", port)).expect("connect");
        write!(
            stream,
            "GET /status HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
        )
        .expect("send");
        let mut text = String::new();
        stream.read_to_string(&mut text).expect("read");
        text
    };
    assert!(ask("localhost").starts_with("HTTP/1.1 200 "));
    assert!(ask(&format!("127.0.0.1:{port}")).starts_with("HTTP/1.1 200 "));
    assert!(ask("evil.example").starts_with("HTTP/1.1 421 "));
    drop(gate);
    let stderr = dir.path("stderr");
    let listen = unix(&dir.path("x.sock"));
    let (status, text) = crate::support::gate::Gate::run(
        &["run", "--listen", &listen, "--admin", "tcp://0.0.0.0:9717"],
        &stderr,
    );
    assert_eq!(status.code(), Some(2));
    assert!(text.contains("--insecure"), "{text}");
}

#[test]
fn scrapes_that_never_read_hurt_nobody() {
    let world = watched(plain);
    let mut deaf: Vec<Conn> = Vec::new();
    for number in 0..80 {
        let mut conn = Conn::connect(&world.dir.path("admin.sock"));
        // Some ask for more than the kernel holds and never read; some never finish their head.
        if number % 2 == 0 {
            let request = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(40);
            conn.try_send(request);
        } else {
            conn.try_send("GET /metrics HTTP/1.1\r\nHost: ");
        }
        deaf.push(conn);
    }
    for _ in 0..20 {
        assert_eq!(
            call(&world, "GET /_ping HTTP/1.1\r\nHost: d\r\n\r\n").1,
            "OK"
        );
    }
    // The places are taken. They come back although nobody leaves: a head has ten seconds, however it drips, and so has
    // an answer that is not read.
    wait_until("the admin listener answers again", || {
        for conn in deaf.iter_mut().skip(1).step_by(2) {
            conn.try_send("x");
        }
        std::thread::sleep(std::time::Duration::from_millis(200));
        let mut conn = Conn::connect(&world.dir.path("admin.sock"));
        conn.try_send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            && conn
                .try_read_head()
                .is_some_and(|head| head.status() == 200)
    });
    let (now, most) = world.gate.memory();
    assert!(most < 64 << 10, "{now} KiB, at most {most}");
}

#[test]
fn events_come_as_they_happen() {
    let world = watched(plain);
    let mut viewer = Conn::connect(&world.dir.path("admin.sock"));
    viewer.send("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert_eq!(
        viewer.read_head().field("content-type"),
        Some("text/event-stream")
    );
    wait_until("the gate sees the viewer", || {
        ask(&world, "/status").1.contains("\"viewers\":1")
    });
    call(&world, "GET /v1.41/info HTTP/1.1\r\nHost: d\r\n\r\n");
    let event = String::from_utf8_lossy(&viewer.read_chunk()).into_owned();
    let record = event
        .strip_prefix("data: ")
        .and_then(|it| it.strip_suffix("\n\n"))
        .expect("an event");
    let record: serde_json::Value = record.parse().expect("a record");
    super::schema::check(&record);
    assert_eq!(record["operation"], "SystemInfo");
}

#[test]
fn the_terminal_shows_the_same() {
    let world = watched(plain);
    call(&world, "GET /v1.41/info HTTP/1.1\r\nHost: d\r\n\r\n");
    call(
        &world,
        "GET /v1.41/containers/web/archive?path=/etc/shadow HTTP/1.1\r\nHost: d\r\n\r\n",
    );
    records(&world, 2);
    let admin = unix(&world.dir.path("admin.sock"));
    let (code, text) = doodgate(&["top", "--once", "--admin", &admin]);
    assert_eq!(code, Some(0), "{text}");
    assert!(
        text.contains("ContainerArchive") && text.contains("operation not allowed"),
        "{text}"
    );
    let (code, text) = doodgate(&["status", "--admin", &admin]);
    assert_eq!(code, Some(0), "{text}");
    assert!(
        text.contains("SystemInfo") && text.contains("operation_not_allowed 1"),
        "{text}"
    );
    let (code, text) = doodgate(&["status", "--json", "--admin", &admin]);
    assert_eq!(code, Some(0));
    let status: serde_json::Value = text.parse().expect("JSON");
    assert_eq!(status["sockets"][0]["refusals"]["operation_not_allowed"], 1);
    assert_eq!(
        doodgate(&["status", "--admin", "unix:///nonexistent"]).0,
        Some(1)
    );
}

#[test]
fn promtool_finds_nothing_to_complain_about() {
    let Some(promtool) = promtool() else {
        println!("skipped: there is no promtool here (Debian's package prometheus)");
        return;
    };
    let world = watched(plain);
    for target in [
        "/_ping",
        "/v1.41/info",
        "/v1.41/containers/json",
        "/v1.41/nosuch",
        "/v1.41/containers/web/archive",
        "//",
    ] {
        call(&world, &format!("GET {target} HTTP/1.1\r\nHost: d\r\n\r\n"));
    }
    records(&world, 6);
    let text = world.dir.file("metrics", &ask(&world, "/metrics").1);
    let output = Command::new(promtool)
        .args(["check", "metrics"])
        .stdin(std::fs::File::open(text).expect("the metrics"))
        .output()
        .expect("promtool");
    let said = [output.stdout, output.stderr].concat();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&said)
    );
    assert_eq!(String::from_utf8_lossy(&said), "");
    assert_eq!(
        metric(&world, "doodgate_open_connections{socket=\"gate\"}"),
        Some(0.0)
    );
}
