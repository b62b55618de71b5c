//! What a tenant's calls cost the engine: how many requests it gets for each.

use serde_json::json;

use crate::relay::Relay;
use crate::world::{World, address, build, run, sleeper};

/// No inspect takes more than one request besides its own, by whatever the object is called.
fn inspects(engine: &str) {
    let Some(address) = address(engine) else {
        return;
    };
    let relay = Relay::start(&format!("inspects{engine}"), &address);
    let world = World::at(&relay.address(), &[r#"{"shared-images": ["**"]}"#; 2]);
    let (a, b) = (world.client(0), world.client(1));
    let shared = format!("{}/shared", world.prefix);
    for tag in ["1", "2"] {
        let target = format!("/images/alpine/tag?repo={shared}&tag={tag}");
        world.host.call("POST", &target, None).want(201);
    }
    b.post("/volumes/create", &json!({"Name": "db"})).want(201);
    let net = b
        .post("/networks/create", &json!({"Name": "net"}))
        .want(201)
        .json();
    let mut body = sleeper();
    body["HostConfig"]["Mounts"] = json!([{"Type": "volume", "Target": "/v"}]);
    let web = run(&b, "web", &body);
    let inspected = b.get("/containers/web/json").want(200).json();
    let anonymous = inspected["Mounts"][0]["Name"].as_str().unwrap();
    let exec = b
        .post("/containers/web/exec", &json!({"Cmd": ["true"]}))
        .want(201)
        .json();
    build(&b, "t=own:1", "FROM alpine\nENV A=1\n").want(200);
    let id = |name: &str| {
        let image = b.get(&format!("/images/{name}/json")).want(200).json();
        image["Id"].as_str().unwrap().to_owned()
    };
    let (own, alpine) = (id("own:1"), id("alpine"));
    let image = |name: &str| format!("/images/{name}/json");
    let (net, exec) = (net["Id"].as_str().unwrap(), exec["Id"].as_str().unwrap());
    println!("{:<70} requests", format!("an inspect, engine {engine}"));
    for (target, most) in [
        ("/containers/web/json".to_owned(), 1),
        ("/containers/web/json?size=1".to_owned(), 1),
        ("/v1.24/containers/web/json".to_owned(), 1),
        (format!("/containers/{web}/json"), 1),
        (format!("/containers/{}/json", &web[..12]), 2),
        ("/volumes/db".to_owned(), 1),
        (format!("/volumes/{anonymous}"), 1),
        // A name may be one of the engine's or of a swarm's.
        ("/networks/net".to_owned(), 2),
        ("/networks/net?verbose=1&scope=local".to_owned(), 2),
        (format!("/networks/{net}"), 1),
        (format!("/networks/{}", &net[..12]), 2),
        ("/networks/bridge".to_owned(), 2),
        (format!("/exec/{exec}/json"), 2),
        (image("alpine"), 2),
        (image("docker.io%2Flibrary%2Falpine:latest"), 2),
        (image(&format!("{shared}:2")), 2),
        (image("own:1"), 2),
        (image(&own), 1),
        (image(&own["sha256:".len()..]), 1),
        (image(&own["sha256:".len()..][..12]), 2),
        (image(&own[..19]), 2),
        (image(&alpine), 2),
        (image(&alpine["sha256:".len()..][..12]), 2),
    ] {
        relay.asked();
        let answer = b.get(&target);
        let asked = relay.asked();
        assert_eq!(answer.status, 200, "{target}: {answer:?}");
        println!("{target:<70} {}", asked.len());
        assert!((1..=most).contains(&asked.len()), "{target} took {asked:?}");
        // What is another's is missing, at no other price.
        let shared = target.contains("alpine")
            || target.contains("shared")
            || target.contains(&alpine[7..19]);
        if !shared && target != "/networks/bridge" {
            a.get(&target).want(404);
            let asked = relay.asked();
            assert!((1..=most).contains(&asked.len()), "{target} took {asked:?}");
        }
    }
    let tags = |term: &str| b.get(&image(term)).json()["RepoTags"].to_string();
    for tag in ["1", "2"] {
        let name = format!("{shared}:{tag}");
        // By its id an image tells all of its names, and by a name no other that would have to be looked up.
        assert!(tags(&alpine).contains(&name) && tags(&name).contains(&name));
        assert!(!tags("alpine").contains(&name));
        world.host.delete(&format!("/images/{name}"));
    }
}

/// What calls cost that clients make all the time.
fn calls(engine: &str) {
    let Some(address) = address(engine) else {
        return;
    };
    let relay = Relay::start(&format!("calls{engine}"), &address);
    let world = World::at(&relay.address(), &["{}"]);
    let client = world.client(0);
    run(&client, "web", &sleeper());
    let id = client.get("/containers/web/json").json();
    let id = id["Id"].as_str().unwrap();
    let cost = |name: &str, method: &str, target: &str, body: &serde_json::Value, most: usize| {
        relay.asked();
        let answer = client.call(method, target, (!body.is_null()).then_some(body));
        let asked = relay.asked();
        assert!(answer.status < 300, "{target}: {answer:?}");
        println!("{name:<40} {:>2}", asked.len());
        assert!(asked.len() <= most, "{target} took {asked:?}");
        answer
    };
    let none = serde_json::Value::Null;
    println!("{:<40} requests", format!("a call, engine {engine}"));
    for (name, method, target, most) in [
        ("logs, by name", "GET", "/containers/web/logs?stdout=1", 2),
        (
            "logs, by id",
            "GET",
            &*format!("/containers/{id}/logs?stdout=1"),
            2,
        ),
        ("top", "GET", "/containers/web/top", 2),
        (
            "stats",
            "GET",
            "/containers/web/stats?stream=0&one-shot=1",
            2,
        ),
        ("stop", "POST", "/containers/web/stop?t=0", 2),
        ("start", "POST", "/containers/web/start", 2),
        ("list of containers", "GET", "/containers/json", 1),
        ("list of volumes", "GET", "/volumes", 1),
        ("list of networks", "GET", "/networks", 1),
        ("list of images", "GET", "/images/json", 2),
        (
            "history of a shared image",
            "GET",
            "/images/alpine/history",
            4,
        ),
        ("usage", "GET", "/system/df", 2),
        ("info", "GET", "/info", 3),
    ] {
        cost(name, method, target, &none, most);
    }
    let exec = json!({"Cmd": ["true"]});
    let made = cost("exec create", "POST", "/containers/web/exec", &exec, 2).json();
    let target = format!("/exec/{}/start", made["Id"].as_str().unwrap());
    cost("exec start", "POST", &target, &json!({"Detach": true}), 3);
    let create = |name: &str| format!("/containers/create?name={name}");
    cost(
        "create from a shared image",
        "POST",
        &create("c1"),
        &sleeper(),
        4,
    );
    let mut body = sleeper();
    body["HostConfig"]["Binds"] = json!(["new:/data"]);
    cost("create with a new volume", "POST", &create("c2"), &body, 7);
    cost("create with an own volume", "POST", &create("c3"), &body, 5);
    cost("remove", "DELETE", "/containers/c1", &none, 2);
}

on_both!(inspects, calls);
