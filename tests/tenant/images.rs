//! Images of two tenants under the same names.

use std::net::Shutdown;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::relay::Relay;
use crate::world::{Answer, Client, World, address, gzip, now, run, sleeper, tar, until};

/// Builds from a Dockerfile alone.
fn build(client: &Client, query: &str, dockerfile: &str) -> Answer {
    let context = tar(&[("Dockerfile", dockerfile)]);
    client.send(
        "POST",
        &format!("/build?{query}"),
        "application/x-tar",
        &context,
    )
}

/// Builds, and answers the image's identifier.
fn built(client: &Client, tag: &str, dockerfile: &str) -> String {
    let answer = build(client, &format!("t={tag}"), dockerfile).want(200);
    assert!(
        answer.body.contains(&format!("Successfully tagged {tag}")),
        "{answer:?}"
    );
    assert!(!answer.body.contains("doodgate"), "{answer:?}");
    id(client, tag)
}

fn id(client: &Client, name: &str) -> String {
    let image = client.get(&format!("/images/{name}/json")).want(200).json();
    image["Id"].as_str().unwrap().to_owned()
}

/// Every name that the tenant sees, with the image that it is listed with.
fn listed(client: &Client, query: &str) -> Vec<(String, String)> {
    let images = client.get(&format!("/images/json{query}")).want(200).json();
    let mut names: Vec<(String, String)> = images
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|image| {
            let id = image["Id"].as_str().unwrap().to_owned();
            let tags = image["RepoTags"].as_array().cloned().unwrap_or_default();
            tags.into_iter()
                .map(move |tag| (tag.as_str().unwrap().to_owned(), id.clone()))
        })
        .collect();
    names.sort();
    names
}

fn delete(client: &Client, name: &str) -> Value {
    client.delete(&format!("/images/{name}")).want(200).json()
}

/// Fails where anything that the tenant can read of these objects shows how the engine calls them.
fn check_plain(client: &Client, image: &str, container: &str) {
    let mut reads = vec![
        "/images/json?all=1".to_owned(),
        format!("/images/{image}/json"),
        format!("/images/{image}/history"),
        "/containers/json?all=1".to_owned(),
        "/system/df".to_owned(),
        format!("/events?since=1&until={}", now()),
    ];
    if !container.is_empty() {
        reads.push(format!("/containers/{container}/json"));
    }
    for read in reads {
        let answer = client.get(&read).want(200);
        assert!(!answer.body.contains("doodgate"), "{read}: {}", answer.body);
    }
}

/// Both build one name at once, and each gets its own.
fn one_name(engine: &str) {
    let Some(world) = World::start(engine, &["{}", "{}"]) else {
        return;
    };
    let (a, b) = (world.client(0), world.client(1));
    let both: Vec<_> = [(a.clone(), "a"), (b.clone(), "b")]
        .map(|(client, who)| {
            let dockerfile = format!("FROM alpine\nRUN echo {who} > /who\nCMD cat /who\n");
            thread::spawn(move || built(&client, "app:latest", &dockerfile))
        })
        .into_iter()
        .map(|build| build.join().unwrap())
        .collect();
    assert_ne!(both[0], both[1]);
    for (client, own, who) in [(&a, &both[0], "a"), (&b, &both[1], "b")] {
        assert_eq!(&id(client, "app"), own);
        let inspected = client.get("/images/app/json").json();
        assert_eq!(inspected["RepoTags"], json!(["app:latest"]));
        assert!(listed(client, "").contains(&("app:latest".to_owned(), own.clone())));
        run(client, "web", &json!({"Image": "app"}));
        let inspected = client.get("/containers/web/json").json();
        assert_eq!(inspected["Image"].as_str(), Some(own.as_str()));
        assert_eq!(inspected["Config"]["Image"], "app");
        let containers = client.get("/containers/json?all=1").json();
        assert_eq!(containers[0]["Image"], "app");
        let of_app = client.get("/containers/json?all=1&filters={%22ancestor%22:[%22app%22]}");
        assert_eq!(of_app.json().as_array().unwrap().len(), 1);
        client.call("POST", "/containers/web/wait", None).want(200);
        let said = client.get("/containers/web/logs?stdout=1");
        assert!(said.body.contains(who), "{said:?}");
        check_plain(client, "app", "web");
        let used = client.delete("/images/app").want(409);
        assert!(!used.body.contains("doodgate"), "{used:?}");
        client.delete("/containers/web?force=1").want(204);
    }
    let gone = delete(&a, "app");
    assert_eq!(gone[0]["Untagged"], "app:latest");
    a.get("/images/app/json").want(404);
    assert_eq!(id(&b, "app"), both[1]);
}

/// A name of the tenant's own goes before a shared one, for it alone.
fn shadows(engine: &str) {
    let Some(world) = World::start(engine, &["{}", "{}"]) else {
        return;
    };
    let (a, b) = (world.client(0), world.client(1));
    let shared = id(&b, "alpine");
    let before = listed(&b, "");
    let own = built(&a, "alpine:latest", "FROM alpine\nENV A=1\n");
    assert_ne!(own, shared);
    assert_eq!(id(&a, "alpine"), own);
    assert_eq!(id(&a, &shared), shared);
    let names: Vec<String> = listed(&a, "")
        .into_iter()
        .filter(|(name, _)| name == "alpine:latest")
        .map(|(_, id)| id)
        .collect();
    assert_eq!(names, std::slice::from_ref(&own));
    let base = a.get(&format!("/images/{shared}/json")).want(200).json();
    let tags = base["RepoTags"].as_array().unwrap();
    assert!(!tags.contains(&"alpine:latest".into()), "{tags:?}");
    run(&a, "web", &sleeper());
    let made = a.get("/containers/web/json").json();
    assert_eq!(made["Image"].as_str(), Some(own.as_str()));
    // Nothing has changed for the other, and for the engine.
    assert_eq!(listed(&b, ""), before);
    assert_eq!(id(&b, "alpine"), shared);
    assert_eq!(id(&world.host, "alpine"), shared);
    let pulled = a.call("POST", "/images/create?fromImage=alpine&tag=latest", None);
    assert_eq!(pulled.status, 409, "{pulled:?}");
    a.delete("/containers/web?force=1").want(204);
    delete(&a, "alpine");
    assert_eq!(id(&a, "alpine"), shared);
    assert_eq!(listed(&a, ""), before);
}

/// Every way to give a name and to take it away, by the one while the other has the same names.
fn names(engine: &str) {
    let Some(world) = World::start(engine, &["{}", "{}"]) else {
        return;
    };
    let (a, b) = (world.client(0), world.client(1));
    let tag = |client: &Client, from: &str, to: &str| {
        let (repository, tag) = to.rsplit_once(':').unwrap();
        client.call(
            "POST",
            &format!("/images/{from}/tag?repo={repository}&tag={tag}"),
            None,
        )
    };
    let mut kept = Vec::new();
    for client in [&b, &a] {
        run(client, "box", &sleeper());
        client
            .post("/commit?container=box&repo=team/done&tag=1", &json!({}))
            .want(201);
        let rootfs = tar(&[("f", "f")]);
        client
            .send(
                "POST",
                "/images/create?fromSrc=-&repo=plain",
                "application/x-tar",
                &rootfs,
            )
            .want(200);
        tag(client, "team/done:1", "again:2").want(201);
        tag(client, "alpine", "base:1").want(201);
        let names: Vec<String> = listed(client, "")
            .into_iter()
            .map(|(name, _)| name)
            .collect();
        for name in [
            "team/done:1",
            "plain:latest",
            "again:2",
            "base:1",
            "alpine:latest",
        ] {
            assert!(names.contains(&name.to_owned()), "{name}: {names:?}");
        }
        let filtered: Vec<String> =
            listed(client, "?filters={%22reference%22:[%22ag*%22,%22*/*:1%22]}")
                .into_iter()
                .map(|(name, _)| name)
                .collect();
        assert_eq!(filtered, ["again:2", "team/done:1"]);
        check_plain(client, "again:2", "box");
        kept.push(listed(client, ""));
    }
    // The archive that is saved is one that everybody can load.
    let saved = a
        .get("/images/get?names=again:2&names=team/done:1")
        .want(200);
    assert!(saved.body.contains("\"team/done:1\""), "{}", saved.body);
    assert!(!saved.body.contains(".tenant.doodgate"));
    // What others share gets no name that others see.
    assert_eq!(
        tag(&a, "base:1", &format!("localhost:5000/{}:1", world.prefix)).status,
        403
    );
    let shared = id(&b, "alpine");
    assert_eq!(id(&a, "base:1"), shared);
    let gone = delete(&a, "base:1");
    assert_eq!(gone, json!([{"Untagged": "base:1"}]));
    assert_eq!(id(&a, "alpine"), shared);
    delete(&a, "again:2");
    a.delete("/containers/box?force=1").want(204);
    let pruned = a
        .call(
            "POST",
            "/images/prune?filters={%22dangling%22:[%22false%22]}",
            None,
        )
        .want(200);
    assert!(
        pruned.body.contains("\"Untagged\":\"team/done:1\""),
        "{pruned:?}"
    );
    assert!(
        pruned.body.contains("\"Untagged\":\"plain:latest\""),
        "{pruned:?}"
    );
    assert!(!pruned.body.contains("doodgate"), "{pruned:?}");
    assert_eq!(listed(&b, ""), kept[0]);
    for name in ["team/done:1", "plain", "again:2", "base:1"] {
        a.get(&format!("/images/{name}/json")).want(404);
    }
    b.delete("/images/base:1").want(200);
}

/// An image of one's own is what the next one is built on, in whatever form the context comes.
fn on_own(engine: &str) {
    let Some(world) = World::start(engine, &["{}", "{}"]) else {
        return;
    };
    let (a, b) = (world.client(0), world.client(1));
    for (client, who) in [(&a, "a"), (&b, "b")] {
        let base = built(
            client,
            "base:1",
            &format!("FROM alpine\nRUN echo {who} > /who\n"),
        );
        let parent = |image: &str| {
            let layers = client.get(&format!("/images/{image}/json")).json()["RootFS"].clone();
            layers["Layers"].as_array().unwrap().clone()
        };
        let layers = parent(&base);
        let dockerfile = "ARG BASE=base\nFROM alpine AS x\nRUN true\nFROM ${BASE}:1 AS base\nCOPY --from=base:1 /who /copied\nCOPY --from=x /etc/passwd /x\nCOPY f /f\nFROM base\nCMD cat /who /copied\n";
        let files = [
            ("f", "f"),
            ("Dockerfile", "FROM nothing\n"),
            ("./Dockerfile", dockerfile),
        ];
        let plain = tar(&files[..1]
            .iter()
            .chain(&files[2..])
            .copied()
            .collect::<Vec<_>>());
        let below = tar(&[("f", "f"), ("sub/other", dockerfile)]);
        for (query, context) in [
            ("t=app", plain.clone()),
            ("t=app", gzip(&plain)),
            ("t=app&dockerfile=sub/other", below),
            (
                "t=app&cachefrom=[%22app%22,%22nothing%22,%22base:1%22]",
                plain.clone(),
            ),
        ] {
            let target = format!("/build?{query}");
            let answer = client
                .send("POST", &target, "application/x-tar", &context)
                .want(200);
            assert!(
                answer.body.contains("Successfully tagged app:latest"),
                "{answer:?}"
            );
            assert!(!answer.body.contains("doodgate"), "{answer:?}");
            // The steps are told as they were written.
            assert!(
                answer.body.contains(" : FROM ${BASE}:1 AS base"),
                "{answer:?}"
            );
            assert!(
                answer.body.contains(" : COPY --from=base:1 /who"),
                "{answer:?}"
            );
            assert!(parent("app").starts_with(&layers), "{query}");
            delete(client, "app");
        }
        client
            .send("POST", "/build?t=app", "application/x-tar", &plain)
            .want(200);
        run(client, "web", &json!({"Image": "app"}));
        client.call("POST", "/containers/web/wait", None).want(200);
        let said = client.get("/containers/web/logs?stdout=1");
        assert_eq!(said.body.matches(who).count(), 2, "{said:?}");
        client.delete("/containers/web?force=1").want(204);
        // Each of several Dockerfiles is looked into.
        let several = client.send("POST", "/build", "application/x-tar", &tar(&files));
        assert_eq!(several.status, 403, "{several:?}");
        // A trigger takes from an image when others build.
        built(
            client,
            "trap:1",
            "FROM alpine\nONBUILD COPY --from=base:1 /who /x\n",
        );
        let trapped = build(client, "", "FROM trap:1\n");
        assert_eq!(trapped.status, 403, "{trapped:?}");
    }
}

/// A push is of the tenant's own image, under the name that it has in the registry.
fn pushes(engine: &str) {
    let Some(world) = World::start(engine, &["{}", "{}"]) else {
        return;
    };
    let (a, b) = (world.client(0), world.client(1));
    let push = |client: &Client, name: &str, tag: &str| {
        client.call("POST", &format!("/images/{name}/push?tag={tag}"), None)
    };
    let name = format!("{}/app", world.prefix);
    for client in [&a, &b] {
        built(client, &format!("{name}:1"), "FROM alpine\nENV A=1\n");
    }
    let registered = format!("localhost:5000/{name}");
    let tag = format!("/images/{name}:1/tag?repo={registered}&tag=1");
    a.call("POST", &tag, None).want(201);
    let pushed = push(&a, &registered, "1").want(200);
    assert!(pushed.body.contains("1: digest: sha256:"), "{pushed:?}");
    b.call("POST", &tag, None).want(403);
    assert!(push(&b, &registered, "1").status >= 400);
    // Nobody answers there; but that is where the engine goes, and nothing is left of the name.
    let pushed = push(&a, &name, "1").want(200);
    assert!(
        pushed.body.contains(&format!("[docker.io/{name}]")),
        "{pushed:?}"
    );
    assert!(pushed.body.contains("errorDetail"), "{pushed:?}");
    let left = || world.host.get(&format!("/images/{name}:1/json")).status;
    let began = Instant::now();
    while left() != 404 {
        assert!(began.elapsed() < Duration::from_secs(10));
        thread::sleep(Duration::from_millis(20));
    }
    id(&a, &format!("{name}:1"));
    // What is somebody else's stays.
    let shared = id(&world.host, "alpine");
    let tag = format!("/images/alpine/tag?repo={name}&tag=1");
    world.host.call("POST", &tag, None).want(201);
    assert_eq!(push(&a, &name, "1").status, 403);
    assert_eq!(id(&world.host, &format!("{name}:1")), shared);
    delete(&world.host, &format!("{name}:1"));
}

/// A gate that dies while an image is pushed: the name that it gave for the push goes when the next one starts, and no other.
fn crash(engine: &str) {
    let Some(address) = address(engine) else {
        return;
    };
    let relay = Relay::start(&format!("crash{engine}"), &address);
    let mut world = World::at(&relay.address(), &["{}", "{}"]);
    let (a, b, host) = (world.client(0), world.client(1), world.host.clone());
    let name = format!("{}/pushed", world.prefix);
    let own = built(&a, &format!("{name}:1"), "FROM alpine\nENV A=1\n");
    built(&b, &format!("{name}:1"), "FROM alpine\nENV A=2\n");
    let of_host = format!("{}/kept", world.prefix);
    let tag = format!("/images/{own}/tag?repo={of_host}&tag=1");
    host.call("POST", &tag, None).want(201);
    let there = |name: &str| host.get(&format!("/images/{name}/json")).status == 200;
    let mark = format!("push.{}.tenant.doodgate.invalid/{name}:1", world.tenant(0));
    relay.hold(Some("/push?tag"));
    let push = format!("/images/{name}/push?tag=1");
    let mut waiting = Client::begin(&world.address(0), "POST", &push);
    until(10, "given", || there(&format!("{name}:1")) && there(&mark));
    // Nobody else can have the name meanwhile, or sees what the gate has given.
    for client in [&a, &b] {
        assert_eq!(client.call("POST", &push, None).status, 409);
        let pull = format!("/images/create?fromImage={name}&tag=1");
        assert_eq!(client.call("POST", &pull, None).status, 409);
    }
    assert_eq!(
        listed(&a, "")
            .iter()
            .filter(|(shown, _)| shown.contains(&name))
            .count(),
        1
    );
    check_plain(&a, &own, "");
    world.restart();
    until(10, "taken away", || {
        !there(&format!("{name}:1")) && !there(&mark)
    });
    assert!(there(&format!("{of_host}:1")));
    assert_eq!(id(&a, &format!("{name}:1")), own);
    assert!(
        world
            .log()
            .contains("took away what a push had left behind")
    );
    // What stays until then goes with the tenant.
    let mut again = Client::begin(&world.address(0), "POST", &push);
    until(10, "given again", || there(&mark));
    let removed = Command::new(env!("CARGO_BIN_EXE_doodgate"))
        .args([
            "tenant",
            "rm",
            world.tenant(0),
            "--yes",
            "--engine",
            &address,
        ])
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&removed.stdout).into_owned();
    assert!(
        removed.status.success() && !told.contains("push."),
        "{removed:?}"
    );
    assert!(!there(&format!("{name}:1")) && !there(&mark) && !there(&own));
    for stream in [&mut waiting, &mut again] {
        stream.shutdown(Shutdown::Both).ok();
    }
}

/// A name that moves while containers are made of it: each is made of the image that was looked at, whole.
fn moving(engine: &str) {
    let Some(world) = World::start(engine, &["{}"]) else {
        return;
    };
    let a = world.client(0);
    let with = built(&a, "with:1", "FROM alpine\nVOLUME /v\nCMD true\n");
    let without = built(&a, "without:1", "FROM alpine\nCMD true\n");
    let tag = "/images/with:1/tag?repo=moving&tag=1";
    a.call("POST", tag, None).want(201);
    let stop = AtomicBool::new(false);
    let made: Vec<String> = thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                for image in ["with:1", "without:1"] {
                    let target = format!("/images/{image}/tag?repo=moving&tag=1");
                    a.call("POST", &target, None).want(201);
                }
            }
        });
        let body = json!({"Image": "moving:1"});
        let made = (0..40)
            .filter_map(|_| {
                let made = a.post("/containers/create", &body);
                (made.status == 201).then(|| made.json()["Id"].as_str().unwrap().to_owned())
            })
            .collect();
        stop.store(true, Ordering::Relaxed);
        made
    });
    assert!(made.len() > 20, "{}", made.len());
    let mut volumes = 0;
    for id in made {
        let inspected = world.host.get(&format!("/containers/{id}/json")).json();
        let image = inspected["Image"].as_str().unwrap();
        let mounts = inspected["Mounts"].as_array().unwrap();
        assert!(image == with || image == without);
        assert_eq!(mounts.len(), usize::from(image == with), "{inspected}");
        for mount in mounts {
            volumes += 1;
            let name = mount["Name"].as_str().unwrap();
            let volume = world.host.get(&format!("/volumes/{name}")).json();
            assert_eq!(volume["Labels"]["io.doodgate.tenant"], world.tenant(0));
        }
        a.delete(&format!("/containers/{id}?v=1")).want(204);
    }
    println!("{volumes} containers of the image with a volume");
}

/// What the one has built costs the other nothing.
fn cache(engine: &str) {
    let Some(world) = World::start(engine, &["{}", "{}"]) else {
        return;
    };
    let (a, b) = (world.client(0), world.client(1));
    let dockerfile = format!("FROM alpine\nRUN echo {} > /f\nRUN sleep 1\n", world.prefix);
    let of_a = built(&a, "app:1", &dockerfile);
    let again = build(&b, "t=app:1", &dockerfile).want(200);
    // Two of its steps, and the label that is everybody's.
    assert_eq!(again.body.matches("Using cache").count(), 3, "{again:?}");
    let of_b = id(&b, "app:1");
    let layers = |client: &Client, id: &str| {
        client.get(&format!("/images/{id}/json")).json()["RootFS"].clone()
    };
    assert_ne!(of_a, of_b);
    assert_eq!(layers(&a, &of_a), layers(&b, &of_b));
}

on_both!(
    one_name, shadows, names, on_own, pushes, crash, moving, cache
);
