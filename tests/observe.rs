//! What is seen of the running gate from outside: audit records, metrics, health, the page.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::string_slice,
    reason = "a test that overflows or cuts a letter fails, as it should"
)]

#[cfg(test)]
#[expect(dead_code, reason = "each test binary uses its own part of it")]
mod support;

#[cfg(test)]
mod observe {
    mod admin;
    mod audit;
    mod blocked;
    mod deploy;
    mod ends;
    mod observing;
    mod page;
    mod resolved;
    mod schema;
    mod secrets;
    mod stops;

    use std::fs;
    use std::path::PathBuf;

    use serde_json::Value;

    use crate::support::gate::Gate;
    use crate::support::{Conn, Dir, FakeEngine, Head, Next, World, answer, unix, wait_until};

    /// What a monitor gets, containers from below one path, and executions of nothing.
    pub(crate) const POLICY: &str = "version: 1
allow:
  - read
  - containers.lifecycle
  - containers.logs
  - ContainerAttach
  - ContainerCreate: {bind: \"/srv/**\"}
  - ImageBuild: {body: any}
";

    /// Debian's promtool: where the variable says, or in the usual place.
    pub(crate) fn promtool() -> Option<PathBuf> {
        let named = std::env::var_os("DOODGATE_TEST_PROMTOOL").map(PathBuf::from);
        named
            .into_iter()
            .chain([PathBuf::from("/usr/bin/promtool")])
            .find(|it| it.exists())
    }

    /// A gate with an audit file and an admin listener, in front of an engine that answers with `script`.
    pub(crate) fn watched(
        script: impl Fn(&mut Conn, &Head) -> Next + Send + Sync + 'static,
    ) -> World {
        watched_with(&[], script)
    }

    /// The same with further options.
    pub(crate) fn watched_with(
        more: &[&str],
        script: impl Fn(&mut Conn, &Head) -> Next + Send + Sync + 'static,
    ) -> World {
        let dir = Dir::new();
        let engine = FakeEngine::start(&dir.path("engine.sock"), script);
        let audit = dir.path("audit.jsonl").display().to_string();
        let admin = unix(&dir.path("admin.sock"));
        let options = [&["--audit", &audit, "--admin", &admin], more].concat();
        let gate = World::gate(&dir, POLICY, &options);
        World { gate, engine, dir }
    }

    /// A gate of a configuration file with an audit, an admin listener, and one socket, `gate`, with the preset read-only and
    /// what `more` says.
    pub(crate) fn configured(
        limits: &str,
        more: &str,
        script: impl Fn(&mut Conn, &Head) -> Next + Send + Sync + 'static,
    ) -> World {
        let dir = Dir::new();
        let engine = FakeEngine::start(&dir.path("engine.sock"), script);
        let text = format!(
            "version: 1\nengine: {}\naudit: {{to: {}}}\nadmin: {}\nlimits: {limits}\n\
             sockets:\n  gate: {{listen: \"{}\", policy: read-only, {more}}}\n",
            unix(&dir.path("engine.sock")),
            dir.path("audit.jsonl").display(),
            unix(&dir.path("admin.sock")),
            unix(&dir.path("gate.sock"))
        );
        let config = dir.file("doodgate.yaml", &text).display().to_string();
        let gate = Gate::start(
            &["run", "--config", &config],
            &dir.path("gate.sock"),
            &dir.path("stderr"),
        );
        World { gate, engine, dir }
    }

    /// What `/status` says of the only socket.
    pub(crate) fn served(world: &World) -> Value {
        let status: Value = ask(world, "/status").1.parse().expect("JSON");
        status["sockets"][0].clone()
    }

    /// An engine that takes each body and answers every request with the same JSON.
    pub(crate) fn plain(conn: &mut Conn, head: &Head) -> Next {
        conn.read_body(head);
        conn.send(if head.line().contains("/_ping") {
            answer::ping()
        } else {
            answer::json("{}")
        });
        Next::Request
    }

    /// `GET` from the admin listener: the head and the body.
    pub(crate) fn ask(world: &World, path: &str) -> (Head, String) {
        let mut conn = Conn::connect(&world.dir.path("admin.sock"));
        conn.send(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"));
        conn.read_response()
    }

    /// A series' value in the metrics.
    pub(crate) fn metric(world: &World, series: &str) -> Option<f64> {
        let (_, text) = ask(world, "/metrics");
        text.lines()
            .find_map(|line| line.strip_prefix(series)?.strip_prefix(' ')?.parse().ok())
    }

    /// The audit's lines as text.
    pub(crate) fn lines(world: &World) -> Vec<String> {
        let text = fs::read_to_string(world.dir.path("audit.jsonl")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// The audit's records once there are `count`, each checked against its schema.
    pub(crate) fn records(world: &World, count: usize) -> Vec<Value> {
        wait_until("the audit records", || lines(world).len() >= count);
        let records: Vec<Value> = lines(world)
            .iter()
            .map(|line| line.parse().expect("a JSON line"))
            .collect();
        records.iter().for_each(schema::check);
        records
    }

    /// One request on a connection of its own, with its answer.
    pub(crate) fn call(world: &World, request: &str) -> (Head, String) {
        let mut client = world.client();
        client.send(request);
        client.read_response()
    }
}
