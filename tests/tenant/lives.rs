//! What tenants leave behind, and when it goes.

use serde_json::json;

use crate::world::{Client, World, build, ids, run, sleeper, until};

const OWN: &str = "/containers/json?all=1";

fn containers(client: &Client, filter: &str) -> usize {
    ids(&client
        .get(&format!("{OWN}&filters={filter}"))
        .want(200)
        .json())
    .len()
}

fn of_tenant(world: &World, index: usize) -> String {
    format!(
        "{{%22label%22:[%22io.doodgate.tenant={}%22]}}",
        world.tenant(index)
    )
}

fn ttl(engine: &str) {
    let Some(mut world) = World::with(engine, &[r#"{"ttl": "4s"}"#, "{}"]) else {
        return;
    };
    let (a, b) = (world.client(0), world.client(1));
    // A container of the host's that has the tenant's label, from an image of the tenant's.
    let first = run(&a, "first", &sleeper());
    let image = a
        .post("/commit?container=first", &json!({}))
        .want(201)
        .json();
    let mut body = sleeper();
    body["Image"] = image["Id"].clone();
    body["Labels"] = json!({"test": world.prefix});
    let of_host = run(&world.host, &format!("{}-host", world.prefix), &body);
    let of_b = run(&b, "first", &sleeper());
    let mut body = sleeper();
    body["Volumes"] = json!({"/anonymous": {}});
    body["HostConfig"]["Binds"] = json!(["named:/named"]);
    run(&a, "volumes", &body);
    assert_eq!(
        a.get("/volumes").json()["Volumes"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    // Its age is the engine's to tell: another gate goes on where this one was.
    world.restart();
    assert_eq!(a.get(&format!("/containers/{first}/json")).status, 200);
    until(15, "old enough to go", || {
        ids(&a.get(OWN).json()).is_empty()
    });
    let volumes = a.get("/volumes").json();
    assert_eq!(volumes["Volumes"].as_array().unwrap().len(), 1, "{volumes}");
    for id in [&of_host, &of_b] {
        let left = world
            .host
            .get(&format!("/containers/{id}/json"))
            .want(200)
            .json();
        assert_eq!(left["State"]["Running"], true);
    }
    let young = run(&a, "young", &sleeper());
    a.get(&format!("/containers/{young}/json")).want(200);
    let log = world.log();
    assert!(log.contains("removed") && log.contains("first"), "{log}");
    let counted = world.admin().get("/metrics").body;
    let series = format!(
        "doodgate_tenant_removals_total{{kind=\"container\",reason=\"ttl\",tenant=\"{}\"}} 2",
        world.tenant(0)
    );
    assert!(counted.contains(&series), "{counted}");
}

fn idle(engine: &str) {
    let lives = [
        r#"{"on-idle": "remove", "idle": "2s"}"#,
        r#"{"on-idle": "remove-all", "idle": "2s"}"#,
        r#"{"on-idle": "remove", "idle": "2s"}"#,
    ];
    let Some(world) = World::with(engine, &lives) else {
        return;
    };
    let clients = [world.client(0), world.client(1), world.client(2)];
    for (index, client) in clients.iter().enumerate() {
        client
            .post("/networks/create", &json!({"Name": "net"}))
            .want(201);
        let mut body = sleeper();
        body["HostConfig"]["Binds"] = json!(["named:/named"]);
        body["Volumes"] = json!({"/anonymous": {}});
        run(client, "web", &body);
        build(
            client,
            &format!("t={}/{index}", world.prefix),
            "FROM alpine\nENV A=1\n",
        )
        .want(200);
    }
    // Who has a connection that is open is not idle, whatever goes over it.
    let kept = clients[2].open("/events");
    let status = world.admin().get("/status").json();
    let life = &status["lifetimes"][0];
    assert_eq!(life["on_idle"], "remove", "{status}");
    assert_eq!(life["idle_seconds"].as_f64(), Some(2.0), "{status}");
    assert_eq!(status["lifetimes"][2]["connections"], 1);
    until(20, "removed", || {
        [0, 1]
            .iter()
            .all(|index| containers(&world.host, &of_tenant(&world, *index)) == 0)
    });
    let left = |index: usize, list: &str, key: &str| {
        let answer = world
            .host
            .get(&format!("{list}filters={}", of_tenant(&world, index)))
            .json();
        let items = if key.is_empty() {
            &answer
        } else {
            &answer[key]
        };
        items.as_array().map_or(0, Vec::len)
    };
    let counts = |index| {
        [
            left(index, "/networks?", ""),
            left(index, "/volumes?", "Volumes"),
            left(index, "/images/json?", ""),
        ]
    };
    until(10, "all gone that goes", || {
        counts(0) == [0, 1, 1] && counts(1) == [0, 0, 0]
    });
    assert_eq!(containers(&world.host, &of_tenant(&world, 2)), 1);
    assert_eq!(counts(2), [2, 2, 1]);
    drop(kept);
    until(20, "idle at last", || {
        containers(&world.host, &of_tenant(&world, 2)) == 0
    });
    // Whoever comes back finds an engine that works.
    run(&clients[0], "again", &sleeper());
}

/// What cannot be removed is tried again, and what is left when the gate crashes goes all the same.
fn stubborn(engine: &str) {
    let Some(mut world) = World::with(engine, &[r#"{"on-idle": "remove", "idle": "1s"}"#]) else {
        return;
    };
    let a = world.client(0);
    let network = a
        .post("/networks/create", &json!({"Name": "net"}))
        .want(201)
        .json();
    // The host has put a container of its own on it.
    let mut body = sleeper();
    body["Labels"] = json!({"test": world.prefix});
    body["HostConfig"]["NetworkMode"] = network["Id"].clone();
    let of_host = run(&world.host, &format!("{}-host", world.prefix), &body);
    until(10, "tried", || world.log().contains("not removed yet"));
    let target = format!("/networks/{}", network["Id"].as_str().unwrap());
    world.host.get(&target).want(200);
    run(&a, "web", &sleeper());
    world.restart();
    until(20, "removed", || {
        containers(&world.host, &of_tenant(&world, 0)) == 0
    });
    world
        .host
        .delete(&format!("/containers/{of_host}?force=1"))
        .want(204);
    until(20, "tried again", || world.host.get(&target).status == 404);
}

on_both!(ttl, idle, stubborn);
