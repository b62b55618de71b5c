//! Two tenants that do the same at once, and what each sees of it.

use serde_json::json;

use crate::world::{Client, World, build, ids, now, run, sleeper};

/// The ends of the reads that tell of more than one object.
const READS: &[&str] = &[
    "/containers/json?all=1",
    "/containers/json?all=1&filters={%22name%22:[%22.%22]}",
    "/volumes",
    "/networks",
    "/images/json?all=1",
    "/system/df",
    "/info",
    "/events?since=1&until=NOW",
];

/// All that tells of an object of the other's.
fn traces(world: &World, other: usize, objects: &[String]) -> Vec<String> {
    let mut traces = objects.to_vec();
    traces.push(world.tenant(other).to_owned());
    traces.push("io.doodgate".to_owned());
    traces
}

fn views(engine: &str) {
    let Some(world) = World::start(engine, &["{}", "{}"]) else {
        return;
    };
    let (a, b) = (world.client(0), world.client(1));
    let make = |client: &Client| {
        client
            .post("/volumes/create", &json!({"Name": "db"}))
            .want(201);
        client
            .post("/networks/create", &json!({"Name": "net"}))
            .want(201);
        let mut body = sleeper();
        body["HostConfig"]["Binds"] = json!(["db:/data"]);
        body["HostConfig"]["NetworkMode"] = "net".into();
        run(client, "web", &body)
    };
    let (of_a, of_b) = (make(&a), make(&b));
    for (client, other, own, foreign) in [(&a, 1, &of_a, &of_b), (&b, 0, &of_b, &of_a)] {
        let listed = client.get("/containers/json?all=1").want(200).json();
        assert_eq!(ids(&listed), std::slice::from_ref(own));
        assert_eq!(listed[0]["Names"], json!(["/web"]));
        assert_eq!(listed[0]["Labels"], json!({}));
        let inspected = client.get("/containers/web/json").want(200).json();
        assert_eq!(inspected["Id"].as_str(), Some(own.as_str()));
        assert_eq!(inspected["Name"], "/web");
        assert_eq!(inspected["HostConfig"]["NetworkMode"], "net");
        assert_eq!(inspected["HostConfig"]["Binds"], json!(["db:/data"]));
        assert_eq!(inspected["Mounts"][0]["Name"], "db");
        let by_network = client.get("/networks/net").want(200).json();
        assert_eq!(by_network["Name"], "net");
        assert_eq!(
            by_network["Containers"].as_object().unwrap().keys().next(),
            Some(own)
        );
        let volumes = client.get("/volumes").want(200).json();
        assert_eq!(volumes["Volumes"].as_array().unwrap().len(), 1);
        assert_eq!(volumes["Volumes"][0]["Name"], "db");
        let info = client.get("/info").want(200).json();
        assert_eq!(info["Containers"], 1);
        // The end of the events is a moment that has come.
        let now = now();
        for read in READS {
            let answer = client.get(&read.replace("NOW", &now.to_string())).want(200);
            for trace in traces(&world, other, std::slice::from_ref(foreign)) {
                assert!(
                    !answer.body.contains(&trace),
                    "{read} tells {trace}: {}",
                    answer.body
                );
            }
        }
    }
    // A prune takes one's own.
    a.call("POST", "/containers/web/kill", None).want(204);
    a.call("POST", "/containers/web/wait", None).want(200);
    for kind in ["containers", "networks", "volumes", "images", "build"] {
        a.call("POST", &format!("/{kind}/prune"), None).want(200);
    }
    assert_eq!(ids(&a.get("/containers/json?all=1").json()), [""; 0]);
    assert_eq!(ids(&b.get("/containers/json").json()), [of_b]);
}

fn labels(engine: &str) {
    let Some(world) = World::start(engine, &["{}", "{}"]) else {
        return;
    };
    let (a, b) = (world.client(0), world.client(1));
    let spoof = json!({"io.doodgate.tenant": world.tenant(0)});
    for (target, mut body) in [
        ("/containers/create", sleeper()),
        ("/volumes/create", json!({"Name": "v1"})),
        ("/networks/create", json!({"Name": "n1"})),
    ] {
        body["Labels"] = spoof.clone();
        b.post(target, &body).want(400);
    }
    let mut body = sleeper();
    body["HostConfig"]["Mounts"] =
        json!([{"Type": "volume", "Target": "/v", "VolumeOptions": {"Labels": spoof}}]);
    b.post("/containers/create", &body).want(400);
    let filter = format!(
        "{{%22label%22:[%22io.doodgate.tenant={}%22]}}",
        world.tenant(0)
    );
    for list in [
        "/containers/json",
        "/volumes",
        "/networks",
        "/images/json",
        "/events",
    ] {
        b.get(&format!("{list}?filters={filter}")).want(400);
    }
    b.call("POST", &format!("/containers/prune?filters={filter}"), None)
        .want(400);
    // A container that the host makes of a tenant's image has its label, and is the host's all the same.
    run(&a, "web", &sleeper());
    let image = a.post("/commit?container=web", &json!({})).want(201).json();
    let mut body = sleeper();
    body["Image"] = image["Id"].clone();
    body["Labels"] = json!({"test": world.prefix});
    let of_host = run(&world.host, &format!("{}-host", world.prefix), &body);
    assert_eq!(ids(&a.get("/containers/json?all=1").json()).len(), 1);
    a.get(&format!("/containers/{of_host}/json")).want(404);
    a.delete(&format!("/containers/{of_host}?force=1"))
        .want(404);
    a.get(&format!("/containers/{}/json", &of_host[..12]))
        .want(404);
    // Nor is it pruned with what has the label: stopped, and made of an image that says that it is a container.
    let lies = "FROM alpine\nLABEL io.doodgate.made=container\nCMD true\n";
    build(&a, "t=lies", lies).want(200);
    let lying = a.get("/images/lies/json").want(200).json();
    let mut made = vec![of_host];
    for image in [&image["Id"], &lying["Id"]] {
        let name = format!("{}-{}", world.prefix, made.len());
        let body = json!({"Image": image, "Cmd": ["true"], "Labels": {"test": world.prefix}});
        made.push(run(&world.host, &name, &body));
    }
    for id in &made {
        world
            .host
            .call("POST", &format!("/containers/{id}/kill"), None);
        world
            .host
            .call("POST", &format!("/containers/{id}/wait"), None)
            .want(200);
    }
    let own = a
        .post("/containers/create?name=pruned", &sleeper())
        .want(201)
        .json();
    let pruned = a.call("POST", "/containers/prune", None).want(200).json();
    assert_eq!(pruned["ContainersDeleted"], json!([own["Id"]]));
    for id in &made {
        world.host.get(&format!("/containers/{id}/json")).want(200);
    }
    // What has no name is labelled too.
    let mut body = sleeper();
    body["Volumes"] = json!({"/anonymous": {}});
    run(&a, "anonymous", &body);
    let volumes = a.get("/volumes").json();
    let name = volumes["Volumes"][0]["Name"].as_str().unwrap().to_owned();
    assert_eq!(name.len(), 64);
    a.get(&format!("/volumes/{name}")).want(200);
    b.get(&format!("/volumes/{name}")).want(404);
    a.delete("/containers/anonymous?force=1&v=1").want(204);
    assert_eq!(a.get("/volumes").json()["Volumes"], json!([]));
}

/// Runs a command in a container of its own, and answers its exit code.
fn code(client: &Client, command: &[&str]) -> i64 {
    let id = run(client, "", &json!({"Image": "alpine", "Cmd": command}));
    let ended = client
        .call("POST", &format!("/containers/{id}/wait"), None)
        .want(200)
        .json();
    client.delete(&format!("/containers/{id}?force=1"));
    ended["StatusCode"].as_i64().unwrap()
}

fn traffic(engine: &str) {
    let Some(world) = World::start(engine, &["{}", "{}"]) else {
        return;
    };
    let (a, b) = (world.client(0), world.client(1));
    run(&a, "server", &sleeper());
    let inspected = a.get("/containers/server/json").json();
    let address = inspected["NetworkSettings"]["Networks"]["bridge"]["IPAddress"]
        .as_str()
        .unwrap()
        .to_owned();
    let ping = ["ping", "-c", "1", "-W", "2", &address];
    assert_eq!(code(&a, &ping), 0, "{address}");
    assert_eq!(code(&a, &["ping", "-c", "1", "-W", "2", "server"]), 0);
    assert_ne!(code(&b, &ping), 0, "{address}");
    assert_ne!(code(&b, &["ping", "-c", "1", "-W", "2", "server"]), 0);
}

on_both!(views, labels, traffic);
