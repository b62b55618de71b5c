//! The engine ends in the middle and comes back: both tenants go on.

use std::path::Path;
use std::process::Command;

use serde_json::json;

use crate::world::{World, ids, run, sleeper, until};

const NAME: &str = "restart";

/// An engine of this test's own: it ends with it.
struct Engine;

impl Engine {
    fn call(action: &str) {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let done = Command::new(root.join("scripts/engines"))
            .args([action, NAME])
            .output()
            .unwrap();
        assert!(
            done.status.success(),
            "{action}: {}",
            String::from_utf8_lossy(&done.stderr)
        );
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        Self::call("remove");
    }
}

#[test]
fn both_go_on_after_a_restart() {
    let Some(environment) = std::env::var("DOODGATE_TEST_ENV")
        .ok()
        .filter(|it| !it.is_empty())
    else {
        println!("skipped: DOODGATE_TEST_ENV is not set, so there is no engine to restart");
        return;
    };
    Engine::call("more");
    let _engine = Engine;
    let address = format!("unix://{environment}/run{NAME}/docker.sock");
    let quota = r#"{"quota": {"containers": 3, "running": 2, "memory": "300MiB", "volumes": 2}}"#;
    let world = World::at(&address, &[quota, quota]);
    let clients = [world.client(0), world.client(1)];
    let made = clients.each_ref().map(|client| {
        let mut body = sleeper();
        body["HostConfig"]["Binds"] = json!(["db:/data"]);
        let web = run(client, "web", &body);
        client
            .post("/containers/create?name=idle", &sleeper())
            .want(201);
        web
    });
    assert_eq!(world.metric("doodgate_quota_used", 0, "running"), "1");
    let listening = clients[0].open("/events");
    Engine::call("end");
    clients[0].get("/containers/json").want(502);
    let refused = clients[1].post("/containers/create?name=more", &sleeper());
    assert_eq!(refused.status, 502, "{refused:?}");
    // What was known is shown, with the reason why it is no newer.
    until(10, "known to be old", || {
        let status = world.admin().get("/status").json();
        status["tenants"][0]["stale"].is_string() && status["tenants"][0]["used"] == 2
    });
    assert_eq!(world.metric("doodgate_quota_used", 0, "containers"), "2");
    drop(listening);
    Engine::call("more");
    for (client, own, foreign) in [
        (&clients[0], &made[0], &made[1]),
        (&clients[1], &made[1], &made[0]),
    ] {
        let listed = client.get("/containers/json?all=1").want(200).json();
        assert_eq!(ids(&listed).len(), 2, "{listed}");
        client.get(&format!("/containers/{own}/json")).want(200);
        client.get(&format!("/containers/{foreign}/json")).want(404);
        client
            .delete(&format!("/containers/{foreign}?force=1"))
            .want(404);
        let volumes = client.get("/volumes").want(200).json();
        assert_eq!(volumes["Volumes"][0]["Name"], "db");
        // None runs any more, so that two may, and one more may be made.
        client.call("POST", "/containers/web/start", None).want(204);
        client
            .post("/containers/create?name=third", &sleeper())
            .want(201);
        let fourth = client
            .post("/containers/create?name=fourth", &sleeper())
            .want(429);
        assert!(fourth.body.contains("3 of 3 used"), "{fourth:?}");
        client
            .call("POST", "/containers/idle/start", None)
            .want(204);
        let third = client
            .call("POST", "/containers/third/start", None)
            .want(429);
        assert!(third.body.contains("quota `running`"), "{third:?}");
    }
    assert_eq!(world.metric("doodgate_quota_used", 1, "containers"), "3");
}
