//! Services, tasks, secrets, configs and networks of two tenants in one swarm.

use std::process::Command;

use serde_json::{Value, json};

use crate::world::{Answer, Client, Swarm, World, now, run, sleeper, until};

/// The identifier of what was made.
pub(crate) fn id(answer: Answer) -> String {
    let made = answer.want(201).json();
    made["ID"].as_str().unwrap().to_owned()
}

/// A service whose tasks run until they are stopped.
pub(crate) fn service(name: &str, replicas: u64) -> Value {
    json!({
        "Name": name,
        "TaskTemplate": {"ContainerSpec": {"Image": "alpine", "Command": ["sleep", "600"], "Init": true}},
        "Mode": {"Replicated": {"Replicas": replicas}},
    })
}

/// The tasks of a service that run, each with its container.
pub(crate) fn running(client: &Client, service: &str) -> Vec<(String, String)> {
    let filter = format!("/tasks?filters={{%22service%22:[%22{service}%22]}}");
    let tasks = client.get(&filter).want(200).json();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let tasks = tasks.as_array().unwrap().iter();
    let running = tasks
        .filter(|task| task["Status"]["State"] == "running" && task["DesiredState"] == "running");
    running
        .map(|task| {
            (
                text(&task["ID"]),
                text(&task["Status"]["ContainerStatus"]["ContainerID"]),
            )
        })
        .collect()
}

/// Makes a service, and waits for its tasks.
pub(crate) fn serve(client: &Client, body: &Value, tasks: usize) -> String {
    let id = id(client.post("/services/create", body));
    until(60, "as many tasks as were asked for", || {
        running(client, &id).len() == tasks
    });
    id
}

/// Runs a command in a container, and answers what it says and how it ends.
fn exec(client: &Client, container: &str, command: &str) -> (String, i64) {
    let body = json!({"Cmd": ["sh", "-c", command], "AttachStdout": true});
    let made = client
        .post(&format!("/containers/{container}/exec"), &body)
        .want(201)
        .json();
    let id = made["Id"].as_str().unwrap();
    let said = client
        .post(&format!("/exec/{id}/start"), &json!({"Tty": true}))
        .body;
    let ended = client.get(&format!("/exec/{id}/json")).want(200).json();
    (said, ended["ExitCode"].as_i64().unwrap_or(-1))
}

/// What of `mine` is seen under its own names by `a`, and is nothing to `b`.
fn shown(a: &Client, b: &Client, kind: &str, name: &str, id: &str) {
    for term in [name, id, &id[..12]] {
        let found = a.get(&format!("/{kind}/{term}")).want(200).json();
        assert_eq!(found["ID"], id, "{kind} {term}");
        assert!(!found.to_string().contains("doodgate"), "{found}");
    }
    for term in [id, &id[..12]] {
        let told = b.get(&format!("/{kind}/{term}")).want(404).body;
        assert!(told.contains(&format!("{term} not found")), "{told}");
        if kind != "tasks" {
            b.delete(&format!("/{kind}/{term}")).want(404);
        }
    }
}

fn stored(engine: &str) {
    let Some(_swarm) = Swarm::of(engine) else {
        return;
    };
    let quota = r#"{"secrets": 2, "configs": 1}"#;
    let Some(world) = World::start(engine, &[quota, "{}"]) else {
        return;
    };
    let (a, b) = (world.client(0), world.client(1));
    let body = |data: &str| json!({"Name": "key", "Data": data, "Labels": {"x": "y"}});
    for kind in ["secrets", "configs"] {
        let of_a = id(a.post(&format!("/{kind}/create"), &body("b25l")));
        let of_b = id(b.post(&format!("/{kind}/create"), &body("dHdv")));
        assert_ne!(of_a, of_b);
        shown(&a, &b, kind, "key", &of_a);
        shown(&b, &a, kind, "key", &of_b);
        for filter in [
            "",
            "?filters={%22name%22:[%22k%22]}",
            "?filters={%22label%22:[%22x=y%22]}",
        ] {
            let listed = a.get(&format!("/{kind}{filter}")).want(200).json();
            let listed = listed.as_array().unwrap();
            assert_eq!(listed.len(), 1, "{kind} {filter}");
            assert_eq!(listed[0]["Spec"]["Name"], "key");
            assert_eq!(listed[0]["Spec"]["Labels"], json!({"x": "y"}));
        }
        let hidden = format!(
            "/{kind}?filters={{%22label%22:[%22io.doodgate.tenant={}%22]}}",
            world.tenant(1)
        );
        a.get(&hidden).want(400);
        let version = |client: &Client, kind: &str| {
            client.get(&format!("/{kind}/key")).want(200).json()["Version"]["Index"]
                .as_u64()
                .unwrap()
        };
        let change = json!({"Name": "key", "Labels": {"x": "z"}});
        let target = format!("/{kind}/key/update?version={}", version(&a, kind));
        a.post(&target, &change).want(200);
        b.post(
            &format!("/{kind}/{of_a}/update?version={}", version(&a, kind)),
            &change,
        )
        .want(404);
        let found = world.host.get(&format!("/{kind}/{of_a}")).want(200).json();
        assert_eq!(
            found["Spec"]["Labels"],
            json!({"x": "z", "io.doodgate.tenant": world.tenant(0)})
        );
        assert_eq!(found["Spec"]["Name"], format!("{}__key", world.tenant(0)));
        let again = a.post(&format!("/{kind}/create"), &body("b25l"));
        assert!(matches!(again.status, 409 | 429), "{again:?}");
        assert!(!again.body.contains(world.tenant(0)), "{again:?}");
        let b_again = b.post(&format!("/{kind}/create"), &body("b25l")).want(409);
        assert!(
            b_again.body.contains("key") && !b_again.body.contains("__"),
            "{b_again:?}"
        );
    }
    id(a.post("/secrets/create", &json!({"Name": "two", "Data": "b25l"})));
    let full = a
        .post("/secrets/create", &json!({"Name": "three", "Data": "b25l"}))
        .want(429);
    assert!(
        full.body.contains("quota `secrets` exceeded: 2 of 2 used"),
        "{full:?}"
    );
    a.delete("/secrets/two").want(204);
    id(a.post("/secrets/create", &json!({"Name": "three", "Data": "b25l"})));
    for kind in ["secrets", "configs"] {
        a.delete(&format!("/{kind}/key")).want(204);
        a.get(&format!("/{kind}/key")).want(404);
        b.get(&format!("/{kind}/key")).want(200);
    }
    for data in ["b25l", "dHdv"] {
        assert!(!world.log().contains(data));
    }
}

fn services(engine: &str) {
    let Some(_swarm) = Swarm::of(engine) else {
        return;
    };
    let Some(world) = World::start(engine, &["{}", "{}"]) else {
        return;
    };
    let (a, b) = (world.client(0), world.client(1));
    let mut made = Vec::new();
    for client in [&a, &b] {
        let secret = id(client.post("/secrets/create", &json!({"Name": "key", "Data": "b25l"})));
        let config = id(client.post("/configs/create", &json!({"Name": "conf", "Data": "dHdv"})));
        client
            .post(
                "/networks/create",
                &json!({"Name": "net", "Driver": "overlay"}),
            )
            .want(201);
        let mut body = service("web", 2);
        body["Labels"] = json!({"x": "y"});
        body["TaskTemplate"]["Networks"] = json!([{"Target": "net", "Aliases": ["front"]}]);
        let container = &mut body["TaskTemplate"]["ContainerSpec"];
        container["Mounts"] = json!([{"Type": "volume", "Source": "data", "Target": "/data"}]);
        container["Secrets"] = json!([{"SecretID": secret, "SecretName": "key", "File": {"Name": "k", "UID": "0", "GID": "0", "Mode": 292}}]);
        container["Configs"] = json!([{"ConfigID": config, "ConfigName": "conf", "File": {"Name": "/c", "UID": "0", "GID": "0", "Mode": 292}}]);
        made.push((serve(client, &body, 2), secret));
    }
    let (of_a, of_b) = (&made[0].0, &made[1].0);
    shown(&a, &b, "services", "web", of_a);
    shown(&b, &a, "services", "web", of_b);
    let found = a.get("/services/web").want(200).json();
    let spec = &found["Spec"];
    assert_eq!(spec["Name"], "web");
    assert_eq!(spec["Labels"], json!({"x": "y"}));
    let container = &spec["TaskTemplate"]["ContainerSpec"];
    assert_eq!(container["Image"], "alpine");
    assert_eq!(container["Labels"], json!({}));
    assert_eq!(container["Mounts"][0]["Source"], "data");
    assert_eq!(container["Secrets"][0]["SecretName"], "key");
    let network = a.get("/networks/net").want(200).json();
    assert_eq!(
        (&network["Name"], &network["Scope"]),
        (&json!("net"), &json!("swarm"))
    );
    assert_eq!(spec["TaskTemplate"]["Networks"][0]["Target"], network["Id"]);
    assert_eq!(
        found["Endpoint"]["VirtualIPs"][0]["NetworkID"],
        network["Id"]
    );

    tasks_of(&world, of_a);
    let tasks = running(&a, "web");
    // A removed container is made anew, and is another's no more than the first.
    a.delete(&format!("/containers/{}?force=1", tasks[0].1))
        .want(204);
    until(60, "made anew", || {
        let now = running(&a, "web");
        now.len() == 2 && now.iter().all(|(_, container)| *container != tasks[0].1)
    });
    // By its own names the service is found: its tasks, since a kernel without IPVS lets nobody reach its own address.
    let (_, container) = &running(&a, "web")[0];
    for name in ["tasks.web", "tasks.front"] {
        let (said, code) = exec(&a, container, &format!("ping -c 1 -W 5 {name}"));
        assert_eq!(code, 0, "{name}: {said}");
    }

    update(&world, of_a);
    world.client(1).delete("/services/web").want(200);
    b.get("/services/web").want(404);
    assert_eq!(running(&a, "web").len(), 1);
}

/// What a tenant sees of the two tasks of its service `web`.
fn tasks_of(world: &World, service: &str) {
    let (a, b) = (world.client(0), world.client(1));
    let listed = a.get("/services?status=1").want(200).json();
    assert_eq!(listed.as_array().unwrap().len(), 1);
    assert_eq!(listed[0]["ServiceStatus"]["RunningTasks"], 2);
    let tasks = running(&a, "web");
    for (task, container) in &tasks {
        shown(&a, &b, "tasks", task, task);
        let found = a.get(&format!("/tasks/{task}")).want(200).json();
        assert_eq!(found["ServiceID"], *service);
        assert_eq!(found["NetworksAttachments"].as_array().unwrap().len(), 1);
        assert_eq!(
            found["NetworksAttachments"][0]["Network"]["Spec"]["Name"],
            "net"
        );
        // Its container is the tenant's, under a plain name, and nobody else's.
        let slot = found["Slot"].as_u64().unwrap();
        let name = format!("web.{slot}.{task}");
        let inspected = a.get(&format!("/containers/{name}/json")).want(200).json();
        assert_eq!(inspected["Id"], **container);
        assert_eq!(inspected["Name"], format!("/{name}"));
        assert_eq!(inspected["Config"]["Image"], "alpine");
        assert_eq!(
            inspected["Config"]["Labels"]["com.docker.swarm.service.name"],
            "web"
        );
        assert_eq!(
            inspected["Config"]["Labels"]["com.docker.swarm.task.name"],
            name
        );
        assert_eq!(inspected["Mounts"][0]["Name"], "data");
        for word in ["doodgate", world.tenant(0)] {
            assert!(!inspected.to_string().contains(word), "{inspected}");
        }
        for action in ["restart", "rename?name=other"] {
            let target = format!("/containers/{name}/{action}");
            a.call("POST", &target, None).want(403);
        }
        for term in [name.as_str(), container] {
            b.get(&format!("/containers/{term}/json")).want(404);
            b.delete(&format!("/containers/{term}?force=1")).want(404);
        }
        let (said, _) = exec(&a, container, "cat /run/secrets/k /c");
        assert!(said.contains("onetwo"), "{said}");
    }
    let ps =
        a.get("/containers/json?filters={%22label%22:[%22com.docker.swarm.service.name=web%22]}");
    assert_eq!(ps.want(200).json().as_array().unwrap().len(), 2);
    let names = a.get("/containers/json").want(200).body;
    assert!(
        !names.contains(world.tenant(1)) && !names.contains("__"),
        "{names}"
    );
    // What is made for a service is the tenant's, too.
    let volumes = a.get("/volumes").want(200).json();
    assert_eq!(volumes["Volumes"][0]["Name"], "data");
    assert_eq!(volumes["Volumes"].as_array().unwrap().len(), 1);
}

/// Changes a service of two tasks, and goes back.
fn update(world: &World, of_a: &str) {
    let (a, b) = (world.client(0), world.client(1));
    let current = || a.get("/services/web").want(200).json();
    let target = |query: &str| {
        let version = current()["Version"]["Index"].as_u64().unwrap();
        format!("/services/web/update?version={version}{query}")
    };
    let mut spec = current()["Spec"].clone();
    spec["Mode"]["Replicated"]["Replicas"] = 3.into();
    spec["Labels"] = json!({});
    b.post(&target("").replace("/web/", &format!("/{of_a}/")), &spec)
        .want(404);
    a.post(&target(""), &spec).want(200);
    until(60, "scaled", || running(&a, "web").len() == 3);
    let known = world
        .host
        .get(&format!("/services/{of_a}"))
        .want(200)
        .json();
    let labels = &known["Spec"]["Labels"];
    assert_eq!(labels["io.doodgate.tenant"], world.tenant(0));
    assert_eq!(labels["io.doodgate.tasks"], "3");
    let template = &known["Spec"]["TaskTemplate"]["ContainerSpec"];
    assert_eq!(template["Labels"]["io.doodgate.tenant"], world.tenant(0));
    // The engine would pull a name, and move it.
    let image = template["Image"].as_str().unwrap();
    assert!(image.contains("sha256:"), "{image}");
    assert_eq!(
        known["Spec"]["TaskTemplate"],
        known["PreviousSpec"]["TaskTemplate"]
    );
    let before = current();
    assert_eq!(before["PreviousSpec"]["Labels"], json!({"x": "y"}));
    a.post(&target("&rollback=previous"), &before["Spec"])
        .want(200);
    until(60, "as before", || running(&a, "web").len() == 2);
    assert_eq!(current()["Spec"]["Labels"], json!({"x": "y"}));
    spec["Mode"]["Replicated"]["Replicas"] = 1.into();
    for labels in [
        json!({"io.doodgate.tenant": world.tenant(1)}),
        json!({"io.doodgate.tasks": "0"}),
    ] {
        let mut spec = spec.clone();
        spec["Labels"] = labels.clone();
        a.post(&target(""), &spec).want(400);
        spec["Labels"] = json!({});
        spec["TaskTemplate"]["ContainerSpec"]["Labels"] = labels;
        a.post(&target(""), &spec).want(400);
    }
    a.post(&target(""), &spec).want(200);
    until(60, "scaled down", || running(&a, "web").len() == 1);
}

/// Services that name no network, and that publish ports.
fn apart(engine: &str) {
    let Some(_swarm) = Swarm::of(engine) else {
        return;
    };
    let Some(world) = World::start(engine, &["{}", "{}"]) else {
        return;
    };
    let (a, b) = (world.client(0), world.client(1));
    let port = 20000 + u64::from(std::process::id() % 10000) + u64::from(engine == "26");
    let mut listening = service("web", 1);
    listening["TaskTemplate"]["ContainerSpec"]["Command"] =
        json!(["sh", "-c", "while true; do echo hello | nc -l -p 80; done"]);
    let mut published = listening.clone();
    published["Name"] = "open".into();
    published["EndpointSpec"] = json!({"Ports": [{"TargetPort": 81, "PublishedPort": port}]});
    serve(&a, &listening, 1);
    serve(&a, &published, 1);
    serve(&a, &service("me", 1), 1);
    let other = serve(&b, &service("me", 1), 1);
    let addresses = |service: &str| -> Vec<String> {
        let tasks = world.host.get(&format!(
            "/tasks?filters={{%22service%22:[%22{}__{service}%22]}}",
            world.tenant(0)
        ));
        let tasks = tasks.want(200).json();
        let attachments = tasks[0]["NetworksAttachments"].as_array().unwrap().clone();
        attachments
            .iter()
            .flat_map(|attachment| attachment["Addresses"].as_array().unwrap().clone())
            .map(|address| {
                address
                    .as_str()
                    .unwrap()
                    .split('/')
                    .next()
                    .unwrap()
                    .to_owned()
            })
            .collect()
    };
    let (_, mine) = running(&a, "me").remove(0);
    let (_, theirs) = running(&b, &other).remove(0);
    let reach = |client: &Client, container: &str, address: &str| {
        exec(
            client,
            container,
            &format!("nc -w 3 {address} 80 </dev/null"),
        )
        .0
        .contains("hello")
    };
    assert!(reach(&a, &mine, "tasks.web"));
    assert_eq!(addresses("web").len(), 1);
    assert_eq!(addresses("open").len(), 2);
    // The engine's own network for published ports lets nothing through but these.
    for address in addresses("web").iter().chain(&addresses("open")) {
        assert!(!reach(&b, &theirs, address), "{address}");
    }
    assert!(!reach(&b, &theirs, "tasks.web"));
    // From one that is on that network, too.
    let mut near = published.clone();
    near["Name"] = "near".into();
    near["EndpointSpec"]["Ports"][0]["PublishedPort"] = (port + 10_000).into();
    serve(&b, &near, 1);
    let (_, near) = running(&b, "near").remove(0);
    for address in addresses("web").iter().chain(&addresses("open")) {
        assert!(!reach(&b, &near, address), "{address}");
    }
    // It leads there all the same.
    let led = |address: &String| exec(&b, &near, &format!("ping -c 1 -W 3 {address}")).1 == 0;
    assert!(addresses("open").iter().any(led));
    // Whose a port is is not told.
    let mut same = published.clone();
    same["Name"] = "same".into();
    let taken = b.post("/services/create", &same).want(400);
    assert!(
        taken.body.contains("already in use") && !taken.body.contains(world.tenant(0)),
        "{taken:?}"
    );
    let found = a.get("/services/open").want(200).json();
    assert_eq!(found["Endpoint"]["VirtualIPs"].as_array().unwrap().len(), 1);
    let networks = a.get("/networks").want(200).json();
    let names: Vec<&str> = networks
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["Name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["ingress"]);
    join(&a);
}

/// A container of its own on a network of the swarm's.
fn join(a: &Client) {
    a.post(
        "/networks/create",
        &json!({"Name": "join", "Driver": "overlay", "Attachable": true}),
    )
    .want(201);
    let mut body = sleeper();
    body["HostConfig"]["NetworkMode"] = "join".into();
    let joined = run(a, "joined", &body);
    let found = a
        .get(&format!("/containers/{joined}/json"))
        .want(200)
        .json();
    assert!(
        found["NetworkSettings"]["Networks"]["join"].is_object(),
        "{found}"
    );
    a.post("/networks/create", &json!({"Name": "join"}))
        .want(409);
}

fn quotas(engine: &str) {
    let Some(_swarm) = Swarm::of(engine) else {
        return;
    };
    let quota = r#"{"containers": 4, "memory": "64MiB", "services": 3, "port-range": "30000-30010", "default": {"memory": "8MiB"}}"#;
    let Some(world) = World::start(engine, &[quota, r#"{"containers": 10}"#]) else {
        return;
    };
    let a = world.client(0);
    let refused = |body: &Value, quota: &str| {
        let answer = a.post("/services/create", body).want(429);
        assert!(
            answer.body.contains(&format!("quota `{quota}` exceeded")),
            "{answer:?}"
        );
    };
    refused(&service("web", 5), "containers");
    let mut body = service("web", 3);
    body["TaskTemplate"]["Resources"] = json!({"Limits": {"MemoryBytes": 32 << 20}});
    refused(&body, "memory");
    let mut body = service("web", 2);
    body["UpdateConfig"] = json!({"Order": "start-first", "Parallelism": 0});
    body["RollbackConfig"] = json!({"Order": "start-first", "Parallelism": 0});
    body["Mode"]["Replicated"]["Replicas"] = 3.into();
    refused(&body, "containers");
    let mut body = service("web", 1);
    body["Mode"] = json!({"Global": {}});
    a.post("/services/create", &body).want(403);
    body["Mode"] = json!({"ReplicatedJob": {"MaxConcurrent": 1, "TotalCompletions": 9}});
    let job = a.post("/services/create", &body).want(429);
    assert!(job.body.contains("containers"), "{job:?}");
    let mut body = service("web", 1);
    for port in [0, 8080] {
        body["EndpointSpec"] = json!({"Ports": [{"TargetPort": 80, "PublishedPort": port}]});
        refused(&body, "port-range");
    }

    serve(&a, &service("web", 3), 3);
    let (_, container) = running(&a, "web").remove(0);
    let found = a
        .get(&format!("/containers/{container}/json"))
        .want(200)
        .json();
    assert_eq!(found["HostConfig"]["Memory"], 8 << 20);
    refused(&service("more", 2), "containers");
    let held = run(&a, "one", &sleeper());
    let full = a.post("/containers/create?name=two", &sleeper()).want(429);
    assert!(full.body.contains("4 of 4 used"), "{full:?}");
    let target = || {
        let version = a.get("/services/web").want(200).json()["Version"]["Index"]
            .as_u64()
            .unwrap();
        format!("/services/web/update?version={version}")
    };
    let full = a.post(&target(), &service("web", 4)).want(429);
    assert!(full.body.contains("4 of 4 used, and 1 more"), "{full:?}");
    // What is pending counts, as what runs does.
    a.post(&target(), &service("web", 2)).want(200);
    until(60, "scaled down", || running(&a, "web").len() == 2);
    let mut nowhere = service("never", 1);
    nowhere["TaskTemplate"]["Placement"] = json!({"Constraints": ["node.hostname==nowhere"]});
    until(30, "room", || {
        a.post("/services/create", &nowhere).status == 201
    });
    refused(&service("more", 1), "containers");
    // Going back would take what something else has by now.
    let back = format!("{}&rollback=previous", target());
    a.post(&back, &service("web", 2)).want(429);
    a.delete("/services/never").want(200);
    a.post(&back, &service("web", 2)).want(200);
    a.delete(&format!("/containers/{held}?force=1")).want(204);
    id(a.post("/services/create", &service("b", 0)));
    id(a.post("/services/create", &service("c", 0)));
    refused(&service("d", 0), "services");
    for name in ["web", "b", "c"] {
        a.delete(&format!("/services/{name}")).want(200);
    }
    // Two in the same instant cannot both take the last place.
    let b = world.client(1);
    let racers: Vec<_> = (0..20)
        .map(|number| {
            let b = b.clone();
            std::thread::spawn(move || {
                b.post("/services/create", &service(&format!("r{number}"), 3))
                    .status
            })
        })
        .collect();
    let made: Vec<u16> = racers.into_iter().map(|it| it.join().unwrap()).collect();
    assert_eq!(
        made.iter().filter(|status| **status == 201).count(),
        3,
        "{made:?}"
    );
    assert!(
        made.iter().all(|status| matches!(status, 201 | 429)),
        "{made:?}"
    );
}

/// Runs `doodgate` itself on the engine.
fn command(world: &World, arguments: &[&str]) -> (bool, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_doodgate"))
        .args(arguments)
        .args(["--engine", &world.engine()])
        .output()
        .unwrap();
    let said =
        [output.stdout, output.stderr].map(|said| String::from_utf8_lossy(&said).into_owned());
    (output.status.success(), said.concat())
}

/// What the tenant has heard of its own since then: kinds with actions, and names.
fn heard(a: &Client, since: u64) -> Vec<(String, String)> {
    let heard = a
        .get(&format!("/events?since={since}&until={}", now()))
        .want(200)
        .body;
    heard
        .lines()
        .map(|line| {
            let event: Value = line.parse().unwrap();
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            (
                text(&event["Type"]) + " " + &text(&event["Action"]),
                text(&event["Actor"]["Attributes"]["name"]),
            )
        })
        .collect()
}

/// A tenant hears of its own, and of nobody else's.
fn hears(a: &Client, since: u64) {
    let is_start =
        |(what, name): &(String, String)| what == "container start" && name.starts_with("web.1.");
    // A task's container is listed before it has started.
    until(30, "heard that it has started", || {
        heard(a, since).iter().any(is_start)
    });
    let heard = heard(a, since);
    for (what, name) in [
        ("secret create", "key"),
        ("config create", "key"),
        ("network create", "net"),
        ("service create", "web"),
    ] {
        let own = heard.iter().filter(|(it, of)| it == what && of == name);
        assert!(own.count() >= 1, "{what} {name} is not in {heard:?}");
    }
    let once = heard.iter().filter(|(what, _)| what == "secret create");
    assert_eq!(once.count(), 1, "{heard:?}");
    assert!(
        heard
            .iter()
            .all(|(_, name)| !name.contains("__") && name != "old"),
        "{heard:?}"
    );
}

/// What a tenant hears of its own, and how all that it has goes.
fn leaves(engine: &str) {
    let Some(_swarm) = Swarm::of(engine) else {
        return;
    };
    let Some(world) = World::with(engine, &["{}", r#"{"ttl": "4s"}"#]) else {
        return;
    };
    let (a, b) = (world.client(0), world.client(1));
    let since = now();
    for client in [&a, &b] {
        for kind in ["secrets", "configs"] {
            id(client.post(
                &format!("/{kind}/create"),
                &json!({"Name": "key", "Data": "b25l"}),
            ));
        }
        let network = json!({"Name": "net", "Driver": "overlay"});
        client.post("/networks/create", &network).want(201);
    }
    let mut body = service("web", 2);
    body["TaskTemplate"]["Networks"] = json!([{"Target": "net"}]);
    body["TaskTemplate"]["ContainerSpec"]["Mounts"] =
        json!([{"Type": "volume", "Source": "data", "Target": "/data"}]);
    serve(&a, &body, 2);
    serve(&b, &service("old", 1), 1);
    hears(&a, since);

    // A service goes when it is old, and its containers with it.
    until(20, "old enough to go", || {
        let services = b.get("/services").want(200).json();
        services.as_array().unwrap().is_empty()
    });
    until(20, "gone with it", || {
        b.get("/containers/json?all=1").want(200).json() == json!([])
    });
    b.get("/secrets/key").want(200);

    let tenant = world.tenant(0);
    let (_, listed) = command(&world, &["tenants", "--json"]);
    let listed: Value = listed.parse().unwrap();
    let usage = listed
        .as_array()
        .unwrap()
        .iter()
        .find(|it| it["tenant"] == tenant)
        .unwrap();
    for (what, amount) in [
        ("services", 1),
        ("secrets", 1),
        ("configs", 1),
        ("containers", 2),
        ("networks", 1),
        ("volumes", 1),
    ] {
        assert_eq!(usage[what], amount, "{what}: {usage}");
    }
    let (_, order) = command(&world, &["tenant", "rm", tenant, "--dry-run"]);
    let kinds: Vec<&str> = order
        .lines()
        .filter_map(|line| line.split(' ').next())
        .collect();
    assert_eq!(
        kinds[..7],
        [
            "service",
            "container",
            "container",
            "network",
            "volume",
            "secret",
            "config"
        ],
        "{order}"
    );
    let (removed, said) = command(&world, &["tenant", "rm", tenant, "--yes"]);
    assert!(removed && said.contains("none left"), "{said}");
    for list in ["services", "secrets", "configs", "networks"] {
        assert_eq!(
            a.get(&format!("/{list}")).want(200).json(),
            json!([]),
            "{list}"
        );
    }
}

/// What an engine says that manages no swarm.
fn without(engine: &str) {
    let Some(world) = World::start(engine, &[r#"{"containers": 5, "secrets": 5}"#]) else {
        return;
    };
    let a = world.client(0);
    let own = world.host.get("/services");
    if own.status != 503 {
        // Another test has it in a swarm.
        return;
    }
    for (method, target) in [
        ("GET", "/services"),
        ("GET", "/services/web"),
        ("DELETE", "/secrets/a"),
        ("GET", "/tasks"),
    ] {
        let answer = a.call(method, target, None);
        if world.host.get("/services").status == 503 {
            assert_eq!((answer.status, &answer.body), (503, &own.body), "{target}");
        }
    }
    run(&a, "web", &sleeper());
}

on_both!(stored, services, apart, quotas, leaves, without);
