//! Quotas: each of them up to its end, and one step further.

use std::thread;

use serde_json::{Value, json};

use crate::world::{Answer, Client, World, build, ids, run, sleeper, until};

/// An answer that says which quota is used up, and how.
fn exceeded(answer: &Answer, quota: &str, how: &str) {
    assert_eq!(answer.status, 429, "{quota}: {answer:?}");
    let message = answer.json()["message"].as_str().unwrap().to_owned();
    assert!(
        message.contains(&format!("quota `{quota}` exceeded")) && message.contains(how),
        "{message}"
    );
}

/// A thousand at once, where there is room for ten.
fn quotas(engine: &str) {
    let quota = r#"{"containers": 10, "running": 3, "memory": "1GiB", "pids": 1000}"#;
    let Some(world) = World::start(engine, &[quota]) else {
        return;
    };
    let a = world.client(0);
    let racers: Vec<_> = (0..50)
        .map(|racer| {
            let client = a.clone();
            thread::spawn(move || -> Vec<u16> {
                let create = |number| {
                    let target = format!("/containers/create?name=racer{racer}-{number}");
                    client.post(&target, &sleeper()).status
                };
                (0..20).map(create).collect()
            })
        })
        .collect();
    let statuses: Vec<u16> = racers
        .into_iter()
        .flat_map(|racer| racer.join().unwrap())
        .collect();
    let count = |status| statuses.iter().filter(|it| **it == status).count();
    assert_eq!((count(201), count(429)), (10, 990), "{statuses:?}");
    let made = ids(&a.get("/containers/json?all=1").json());
    assert_eq!(made.len(), 10);
    let inspected = a.get(&format!("/containers/{}/json", made[0])).json();
    assert_eq!(inspected["HostConfig"]["Memory"], (1_u64 << 30) / 10);
    assert_eq!(inspected["HostConfig"]["PidsLimit"], 100);
    let starters: Vec<_> = made
        .iter()
        .map(|id| {
            let (client, target) = (a.clone(), format!("/containers/{id}/start"));
            thread::spawn(move || client.call("POST", &target, None).status)
        })
        .collect();
    let started: Vec<u16> = starters.into_iter().map(|it| it.join().unwrap()).collect();
    let count = |status| started.iter().filter(|it| **it == status).count();
    assert_eq!((count(204), count(429)), (3, 7), "{started:?}");
    let raised = a.post(
        &format!("/containers/{}/update", made[0]),
        &json!({"Memory": 1_u64 << 30, "MemorySwap": 2_u64 << 30}),
    );
    assert_eq!(raised.status, 403, "{raised:?}");
    a.delete(&format!("/containers/{}?force=1", made[0]))
        .want(204);
    let mut large = sleeper();
    large["HostConfig"]["Memory"] = (1_u64 << 29).into();
    let refused = a.post("/containers/create", &large).want(429);
    assert!(
        refused.body.contains("quota `memory` exceeded"),
        "{refused:?}"
    );
    a.post("/containers/create", &sleeper()).want(201);
}

fn rates(engine: &str) {
    let Some(world) = World::start(
        engine,
        &[
            r#"{"requests": "5/s"}"#,
            r#"{"concurrent": 2, "streams": 1}"#,
        ],
    ) else {
        return;
    };
    let a = world.client(0);
    let pinged: Vec<u16> = (0..50).map(|_| a.get("/_ping").status).collect();
    let passed = pinged.iter().filter(|status| **status == 200).count();
    assert!((5..25).contains(&passed), "{pinged:?}");
    assert!(pinged.contains(&429), "{pinged:?}");
    let b = world.client(1);
    let stream = b.open("/events");
    exceeded(&b.get("/events"), "streams", "1 of 1 used, and 1 more");
    // What is no stream is let in, up to its own limit.
    b.get("/version").want(200);
    let stubborn = json!({"Image": "alpine", "Cmd": ["sh", "-c", "trap '' TERM; sleep 600"]});
    let id = run(&b, "", &stubborn);
    let stopping = {
        let client = b.clone();
        // It may itself be the third at once, for a moment.
        thread::spawn(move || {
            loop {
                let answer = client.call("POST", &format!("/containers/{id}/stop?t=4"), None);
                if answer.status != 429 {
                    return answer;
                }
            }
        })
    };
    until(10, "two at once", || b.get("/version").status == 429);
    exceeded(&b.get("/version"), "concurrent", "2 of 2 used, and 1 more");
    drop(stream);
    until(10, "let in again", || b.get("/version").status == 200);
    stopping.join().unwrap().want(204);
}

fn objects(engine: &str) {
    let quota = r#"{"volumes": 2, "networks": 2, "execs": 2}"#;
    let Some(world) = World::start(engine, &[quota]) else {
        return;
    };
    let a = world.client(0);
    let volume = |name: &str| a.post("/volumes/create", &json!({"Name": name}));
    volume("one").want(201);
    volume("one").want(201);
    volume("two").want(201);
    exceeded(&volume("three"), "volumes", "2 of 2 used, and 1 more");
    volume("two").want(201);
    let mut body = sleeper();
    body["HostConfig"]["Binds"] = json!(["one:/one", "three:/three"]);
    exceeded(
        &a.post("/containers/create", &body),
        "volumes",
        "and 1 more",
    );
    body["HostConfig"]["Binds"] = json!(["one:/one", "two:/two"]);
    // The tenant's own default network is the first, made for this container.
    let id = run(&a, "web", &body);
    let network = |name: &str| a.post("/networks/create", &json!({"Name": name}));
    network("one").want(201);
    exceeded(&network("two"), "networks", "2 of 2 used, and 1 more");
    a.delete("/networks/one").want(204);
    network("two").want(201);

    let prepare = |command: &[&str]| {
        a.post(
            &format!("/containers/{id}/exec"),
            &json!({"AttachStdout": true, "Cmd": command}),
        )
    };
    let first = prepare(&["true"]).want(201).json();
    prepare(&["true"]).want(201);
    exceeded(&prepare(&["true"]), "execs", "2 of 2 used, and 1 more");
    let start = format!("/exec/{}/start", first["Id"].as_str().unwrap());
    a.post(&start, &json!({"Detach": true})).want(200);
    until(10, "room for another command", || {
        prepare(&["true"]).status == 201
    });
    exceeded(&prepare(&["true"]), "execs", "2 of 2 used");
}

fn ports(engine: &str) {
    let quota = r#"{"ports": 3, "port-range": "30100-30109"}"#;
    let Some(world) = World::start(engine, &[quota]) else {
        return;
    };
    let a = world.client(0);
    let publish = |name: &str, host: Value| {
        let mut body = sleeper();
        body["ExposedPorts"] = json!({"80/tcp": {}, "81/tcp": {}});
        body["HostConfig"] = host;
        a.post(&format!("/containers/create?name={name}"), &body)
    };
    let bind = |port: &str| json!({"PortBindings": {"80/tcp": [{"HostPort": port}]}});
    for port in ["8080", "30099-30101", "30110", "0x7594"] {
        exceeded(&publish("", bind(port)), "port-range", "30100-30109");
    }
    publish("chosen", bind("30105")).want(201);
    publish("all", json!({"PublishAllPorts": true})).want(201);
    exceeded(&publish("", bind("")), "ports", "3 of 3 used, and 1 more");
    let mut used = Vec::new();
    for name in ["chosen", "all"] {
        a.call("POST", &format!("/containers/{name}/start"), None)
            .want(204);
        let inspected = a.get(&format!("/containers/{name}/json")).json();
        for bound in inspected["NetworkSettings"]["Ports"]
            .as_object()
            .unwrap()
            .values()
        {
            for binding in bound.as_array().into_iter().flatten() {
                used.push(
                    binding["HostPort"]
                        .as_str()
                        .unwrap()
                        .parse::<u16>()
                        .unwrap(),
                );
            }
        }
    }
    used.sort_unstable();
    used.dedup();
    assert_eq!(used.len(), 3, "{used:?}");
    assert!(
        used.iter().all(|port| (30100..=30109).contains(port)),
        "{used:?}"
    );
    a.delete("/containers/all?force=1").want(204);
    publish("", bind("")).want(201);
}

fn swap(engine: &str) {
    let quota =
        r#"{"memory": "100MiB", "cpus": "2", "default": {"memory": "20MiB", "cpus": "0.5"}}"#;
    let Some(world) = World::start(engine, &[quota]) else {
        return;
    };
    let a = world.client(0);
    let create = |name: &str, memory: u64, swap: i64| {
        let mut body = sleeper();
        body["HostConfig"]["Memory"] = (memory << 20).into();
        body["HostConfig"]["MemorySwap"] = if swap < 0 { swap } else { swap << 20 }.into();
        a.post(&format!("/containers/create?name={name}"), &body)
    };
    let made = |name: &str| {
        let host = a.get(&format!("/containers/{name}/json")).want(200).json();
        let host = &host["HostConfig"];
        [&host["Memory"], &host["MemorySwap"]].map(|it| it.as_i64().unwrap() >> 20)
    };
    create("none", 30, -1).want(201);
    assert_eq!(made("none"), [30, 30]);
    create("unset", 0, 0).want(201);
    assert_eq!(made("unset"), [20, 20]);
    create("given", 10, 40).want(201);
    assert_eq!(made("given"), [10, 40]);
    exceeded(
        &create("more", 10, 20),
        "memory",
        "90MiB of 100MiB used, and 20MiB more",
    );
    for update in [
        json!({"MemorySwap": -1}),
        json!({"MemorySwap": 60 << 20}),
        json!({"Memory": 41 << 20, "MemorySwap": 50 << 20}),
    ] {
        a.post("/containers/given/update", &update).want(403);
    }
    a.post(
        "/containers/given/update",
        &json!({"Memory": 8 << 20, "MemorySwap": 30 << 20}),
    )
    .want(200);

    // A build takes its part as long as it runs.
    let refused = build(&a, "memory=20971520", "FROM alpine\n");
    exceeded(&refused, "memory", "90MiB of 100MiB used, and 20MiB more");
    let refused = build(
        &a,
        "memory=1048576&memswap=-1&cpuquota=200000",
        "FROM alpine\n",
    );
    exceeded(&refused, "cpus", "1.5 of 2 used, and 2 more");
    a.delete("/containers/none?force=1").want(204);
    let building = {
        let (client, dockerfile) = (
            a.clone(),
            "FROM alpine\nRUN cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes; sleep 3\n",
        );
        thread::spawn(move || build(&client, "nocache=1&memory=31457280", dockerfile))
    };
    until(10, "taken by the build", || {
        world.metric("doodgate_quota_used", 0, "memory") == "94371840"
    });
    exceeded(
        &create("more", 40, 40),
        "memory",
        "90MiB of 100MiB used, and 40MiB more",
    );
    let built = building.join().unwrap().want(200);
    assert!(built.body.contains("31457280"), "{}", built.body);
    create("more", 40, 40).want(201);
}

fn images(engine: &str) {
    let quotas = [
        r#"{"images": 2}"#,
        r#"{"image-bytes": "1MiB"}"#,
        r#"{"containers": 1}"#,
    ];
    let Some(world) = World::start(engine, &quotas) else {
        return;
    };
    let a = world.client(0);
    let make = |number: u32| build(&a, "", &format!("FROM alpine\nENV A={number}\n"));
    let racers: Vec<_> = (0..8)
        .map(|number| {
            let client = a.clone();
            let dockerfile = format!("FROM alpine\nRUN echo {number}; sleep 1\n");
            thread::spawn(move || build(&client, "nocache=1", &dockerfile))
        })
        .collect();
    let answers: Vec<Answer> = racers.into_iter().map(|it| it.join().unwrap()).collect();
    let built = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(built, 2, "{answers:?}");
    exceeded(&make(1), "images", "2 of 2 used, and 1 more");
    a.post("/containers/create?name=web", &sleeper()).want(201);
    let commit = |client: &Client| client.post("/commit?container=web", &json!({}));
    exceeded(&commit(&a), "images", "2 of 2 used");
    let import = a.send(
        "POST",
        "/images/create?fromSrc=-",
        "application/x-tar",
        &[0; 1024],
    );
    exceeded(&import, "images", "2 of 2 used");
    let list = a
        .get("/images/json?filters={%22dangling%22:[%22true%22]}")
        .json();
    a.delete(&format!("/images/{}", ids(&list)[0])).want(200);
    make(1).want(200);
    exceeded(&make(2), "images", "2 of 2 used, and 1 more");

    let b = world.client(1);
    b.post("/containers/create?name=web", &sleeper()).want(201);
    commit(&b).want(201);
    exceeded(&commit(&b), "image-bytes", "of 1MiB used, and 1B more");

    let c = world.client(2);
    build(&c, "", "FROM alpine\nENV A=1\n").want(200);
    c.post("/containers/create?name=web", &sleeper()).want(201);
    exceeded(
        &build(&c, "", "FROM alpine\n"),
        "containers",
        "1 of 1 used, and 1 more",
    );
}

/// What is used is shown where operators look.
fn shown(engine: &str) {
    let quota = r#"{"containers": 10, "cpus": "8", "default": {"cpus": "0.5"}, "images": 3, "requests": "100/s"}"#;
    let Some(world) = World::start(engine, &[quota]) else {
        return;
    };
    let (a, admin) = (world.client(0), world.admin());
    for number in 0..9 {
        a.post(&format!("/containers/create?name=box{number}"), &sleeper())
            .want(201);
    }
    let series = |name: &str, quota: &str| world.metric(name, 0, quota);
    assert_eq!(series("doodgate_quota_used", "containers"), "9");
    assert_eq!(series("doodgate_quota_limit", "containers"), "10");
    assert_eq!(series("doodgate_quota_used", "cpus"), "4.5");
    assert_eq!(series("doodgate_quota_used", "images"), "0");
    a.delete("/containers/box0").want(204);
    until(10, "fewer in the metrics", || {
        series("doodgate_quota_used", "containers") == "8"
    });
    let status = admin.get("/status").want(200).json();
    let quotas = status["tenants"].as_array().unwrap();
    let of = |name: &str| quotas.iter().find(|it| it["quota"] == name).unwrap();
    assert_eq!(of("containers")["used"], 8.0, "{status}");
    assert_eq!(of("containers")["limit"], 10.0);
    assert_eq!(of("requests")["limit"], 100.0);
    assert!(of("containers")["at"].is_string());
    assert_eq!(status["lifetimes"], json!([]));
}

on_both!(quotas, rates, objects, ports, swap, images, shown);
