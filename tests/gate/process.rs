//! The gate as a process: its sockets, its signals, its exit codes.

use std::fs;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::Mutex;
use std::sync::mpsc::channel;

use super::{EVERYTHING, READ, assert_alive, plain};
use crate::support::gate::Gate;
use crate::support::{Conn, Dir, Next, World, answer, unix, wait_until};

#[test]
fn a_socket_is_private_from_its_first_moment_and_goes_with_the_gate() {
    let mut world = plain(READ);
    let path = world.dir.path("gate.sock");
    let socket = fs::symlink_metadata(&path).expect("the socket");
    assert!(socket.file_type().is_socket());
    assert_eq!(
        socket.permissions().mode() & 0o007,
        0,
        "the world may not connect"
    );
    assert_eq!(
        socket.uid(),
        fs::metadata(world.dir.path("stderr"))
            .expect("a file of ours")
            .uid()
    );
    world.gate.signal("TERM");
    assert_eq!(world.gate.wait().code(), Some(0), "{}", world.gate.said());
    assert!(!path.exists());
}

#[test]
fn a_socket_gets_the_mode_and_the_group_that_the_file_asks_for() {
    let dir = Dir::new();
    let engine = crate::support::FakeEngine::start(&dir.path("engine.sock"), |conn, _| {
        conn.send(answer::ping());
        Next::Request
    });
    let gid = fs::metadata(dir.path("")).expect("the directory").gid();
    let config = dir.file(
        "config.yaml",
        &format!(
            "version: 1\nengine: {}\nsockets:\n  one:\n    listen: {}\n    mode: \"0606\"\n    group: {gid}\n    policy: read-only\n  two:\n    listen: {}\n    mode: \"0600\"\n    policy: none\npolicies:\n  none:\n    allow: [SystemVersion]\n",
            unix(&dir.path("engine.sock")),
            unix(&dir.path("gate.sock")),
            unix(&dir.path("two.sock")),
        ),
    );
    let gate = Gate::start(
        &["run", "--config", &config.display().to_string()],
        &dir.path("gate.sock"),
        &dir.path("stderr"),
    );
    let mode = |name: &str| fs::metadata(dir.path(name)).expect(name).mode() & 0o777;
    assert_eq!(mode("gate.sock"), 0o606);
    wait_until("the second socket", || dir.path("two.sock").exists());
    assert_eq!(mode("two.sock"), 0o600);
    assert_alive(&mut Conn::connect(&dir.path("gate.sock")));
    let mut other = Conn::connect(&dir.path("two.sock"));
    other.send("GET /_ping HTTP/1.1\r\nHost: docker\r\n\r\n");
    assert_eq!(other.read_response().0.status(), 403);
    drop((gate, engine));
}

#[test]
fn a_stale_socket_is_replaced() {
    let dir = Dir::new();
    drop(UnixListener::bind(dir.path("gate.sock")).expect("a socket"));
    assert!(dir.path("gate.sock").exists());
    let gate = World::gate(&dir, READ, &[]);
    drop(gate);
}

#[test]
fn a_socket_that_someone_listens_on_is_an_error() {
    let dir = Dir::new();
    let live = UnixListener::bind(dir.path("gate.sock")).expect("a socket");
    let (status, said) = Gate::run(
        &[
            "run",
            "--policy",
            "read-only",
            "--listen",
            &unix(&dir.path("gate.sock")),
            "--engine",
            &unix(&dir.path("engine.sock")),
        ],
        &dir.path("stderr"),
    );
    assert_eq!(status.code(), Some(2), "{said}");
    assert!(said.contains("gate.sock"), "{said}");
    UnixStream::connect(dir.path("gate.sock")).expect("the socket is still there");
    drop(live);
}

#[test]
fn a_file_in_the_sockets_place_is_not_deleted() {
    let dir = Dir::new();
    let file = dir.file("gate.sock", "precious");
    let (status, said) = Gate::run(
        &["run", "--policy", "read-only", "--listen", &unix(&file)],
        &dir.path("stderr"),
    );
    assert_eq!(status.code(), Some(2), "{said}");
    assert_eq!(fs::read_to_string(file).expect("the file"), "precious");
}

#[test]
fn a_bad_configuration_starts_nothing() {
    let dir = Dir::new();
    let bad = dir.file("bad.yaml", "version: 1\nallow: [raed, ContainerLits]\n");
    let bad = bad.display().to_string();
    let listen = unix(&dir.path("gate.sock"));
    for (arguments, named) in [
        (
            vec!["run", "--policy", &bad, "--listen", &listen],
            vec!["raed", "ContainerLits", "bad.yaml"],
        ),
        (
            vec!["run", "--policy", "no-such-preset", "--listen", &listen],
            vec!["no-such-preset"],
        ),
        (vec!["run", "--listen", "ftp://here"], vec!["ftp://here"]),
        (vec!["run", "--listen", "tcp://0.0.0.0:0"], vec!["insecure"]),
        (vec!["run", "--nonsense"], vec!["--nonsense"]),
        (vec!["nonsense"], vec!["nonsense"]),
    ] {
        let (status, said) = Gate::run(&arguments, &dir.path("stderr"));
        assert_eq!(status.code(), Some(2), "{arguments:?}: {said}");
        for word in named {
            assert!(said.contains(word), "{arguments:?}: {said}");
        }
        assert!(!dir.path("gate.sock").exists());
    }
}

#[test]
fn a_gate_that_is_told_to_end_lets_finite_requests_finish() {
    let (asked, wait_asked) = channel();
    let (go, wait) = channel::<()>();
    let wait = Mutex::new(wait);
    let mut world = World::new(EVERYTHING, move |conn, head| {
        conn.read_body(head);
        asked.send(()).expect("the test waits");
        wait.lock()
            .expect("lock")
            .recv()
            .expect("the signal is sent");
        conn.send(answer::json("{\"Id\":\"abc\"}"));
        Next::Request
    });
    let mut client = world.client();
    client.send("GET /v1.41/info HTTP/1.1\r\nHost: docker\r\n\r\n");
    wait_asked.recv().expect("the engine has the request");
    let mut idle = world.client();
    world.gate.signal("TERM");
    let path = world.dir.path("gate.sock");
    wait_until("the listener closes at once", || {
        UnixStream::connect(&path).is_err()
    });
    idle.expect_end();
    go.send(()).expect("the engine waits");
    let (head, body) = client.read_response();
    assert_eq!((head.status(), body.as_str()), (200, "{\"Id\":\"abc\"}"));
    client.expect_end();
    assert_eq!(world.gate.wait().code(), Some(0), "{}", world.gate.said());
    assert!(!path.exists());
}

#[test]
fn a_gate_that_is_told_to_end_gives_streams_a_bounded_grace() {
    let mut world = World::new(EVERYTHING, |conn, _| {
        conn.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{}\n\r\n");
        conn.read_to_end();
        Next::Close
    });
    let mut client = world.client();
    client.send("GET /v1.41/events HTTP/1.1\r\nHost: docker\r\n\r\n");
    let head = client.read_head();
    assert_eq!(client.read_chunk(), b"{}\n");
    world.gate.signal("TERM");
    assert_eq!(world.gate.wait().code(), Some(0), "{}", world.gate.said());
    let rest = client.read_to_end();
    assert!(
        head.chunked() && !rest.ends_with(b"0\r\n\r\n"),
        "cut, not complete"
    );
}

#[test]
fn a_second_signal_ends_the_gate_at_once() {
    let mut world = World::new(EVERYTHING, |conn, _| {
        conn.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        conn.read_to_end();
        Next::Close
    });
    let mut client = world.client();
    client.send("GET /v1.41/events HTTP/1.1\r\nHost: docker\r\n\r\n");
    client.read_head();
    world.gate.signal("TERM");
    let path = world.dir.path("gate.sock");
    wait_until("the first signal arrives", || !path.exists());
    world.gate.signal("TERM");
    world.gate.wait();
}

#[test]
fn a_hangup_puts_the_changed_policy_in_force_and_ends_what_it_forbids() {
    let world = World::new(
        "{version: 1, allow: [SystemEvents, SystemVersion]}",
        |conn, head| {
            if head.line().contains("/events") {
                conn.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n");
                conn.read_to_end();
                return Next::Close;
            }
            conn.send(answer::json("{}"));
            Next::Request
        },
    );
    let mut stream = world.client();
    stream.send("GET /v1.41/events HTTP/1.1\r\nHost: docker\r\n\r\n");
    assert_eq!(stream.read_head().status(), 200);
    let ask = || {
        let mut client = world.client();
        client.send("GET /v1.41/version HTTP/1.1\r\nHost: docker\r\nConnection: close\r\n\r\n");
        client.read_head().status()
    };

    world
        .dir
        .file("policy.yaml", "{version: 1, allow: [SystemEvent]}");
    world.gate.signal("HUP");
    wait_until("the mistake is told", || {
        world.gate.said().contains("not reloaded")
    });
    assert_eq!(ask(), 200, "with a mistake in the file nothing changes");

    world
        .dir
        .file("policy.yaml", "{version: 1, allow: [SystemPing]}");
    world.gate.signal("HUP");
    wait_until("the reload", || {
        world.gate.said().contains("reloaded: the policies that")
    });
    assert_eq!(ask(), 403);
    stream.read_to_end();
}
