//! Archives that tenants load: what becomes of them is the tenant's own, as if it had built it.

use std::process::Command;

use serde_json::{Value, json};

use crate::world::{Answer, Client, World, address, build, gzip, run, sleeper, tar};

fn load(client: &Client, archive: &[u8]) -> Answer {
    client.send("POST", "/images/load", "application/x-tar", archive)
}

fn save(client: &Client, name: &str) -> Vec<u8> {
    let (status, archive) = client.exchange("GET", &format!("/images/{name}/get"), "", b"");
    assert_eq!(status, 200, "{name}");
    archive
}

fn id(client: &Client, name: &str) -> String {
    let image = client.get(&format!("/images/{name}/json")).want(200).json();
    image["Id"].as_str().unwrap().to_owned()
}

/// Whose the engine says that an image is.
fn owner(world: &World, id: &str) -> Value {
    let image = world.host.get(&format!("/images/{id}/json")).want(200);
    image.json()["Config"]["Labels"]["io.doodgate.tenant"].clone()
}

fn tag(client: &Client, from: &str, repository: &str, tag: &str) -> Answer {
    let target = format!("/images/{from}/tag?repo={repository}&tag={tag}");
    client.call("POST", &target, None)
}

/// An archive that the host has saved, of an image that it has no more.
fn archive(host: &Client, name: &str) -> Vec<u8> {
    tag(host, "alpine", name, "1").want(201);
    let archive = save(host, &format!("{name}:1"));
    host.delete(&format!("/images/{name}:1")).want(200);
    archive
}

/// The entries of an archive: names, and bytes with their headers.
fn entries(archive: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut entries = Vec::new();
    let (mut at, mut from) = (0, 0);
    while archive[at] != 0 {
        let text = |range: std::ops::Range<usize>| {
            let text = String::from_utf8_lossy(&archive[at..][range]).into_owned();
            text.trim_matches(['\0', ' ']).to_owned()
        };
        let size = usize::from_str_radix(&text(124..136), 8).unwrap();
        let (name, extension) = (text(0..100), matches!(archive[at + 156], b'x' | b'L'));
        at += 512 + size.next_multiple_of(512);
        if !extension {
            entries.push((name, archive[from..at].to_vec()));
            from = at;
        }
    }
    entries
}

fn joined(entries: impl IntoIterator<Item = (String, Vec<u8>)>) -> Vec<u8> {
    let mut archive: Vec<u8> = entries.into_iter().flat_map(|entry| entry.1).collect();
    archive.resize(archive.len() + 1024, 0);
    archive
}

/// All that can be done with an image that was built can be done with one that was loaded.
fn own(engine: &str) {
    let Some(world) = World::start(engine, &["{}", "{}"]) else {
        return;
    };
    let (a, b, host) = (world.client(0), world.client(1), &world.host);
    let name = format!("{}/loaded", world.prefix);
    let archive = archive(host, &name);
    let original = id(host, "alpine");
    let image = format!("{name}:1");
    for (client, archive) in [(&a, archive.clone()), (&b, gzip(&archive))] {
        let loaded = load(client, &archive).want(200);
        let says = format!("Loaded image: {image}");
        assert!(loaded.body.contains(&says), "{loaded:?}");
        assert!(!loaded.body.contains("doodgate"), "{loaded:?}");
    }
    host.get(&format!("/images/{image}/json")).want(404);
    let (of_a, of_b) = (id(&a, &image), id(&b, &image));
    assert!(of_a != of_b && of_a != original);
    assert_eq!(owner(&world, &of_a), world.tenant(0));
    assert_eq!(owner(&world, &of_b), world.tenant(1));
    b.get(&format!("/images/{of_a}/json")).want(404);
    let shown = a.get(&format!("/images/{of_a}/json")).want(200);
    assert!(!shown.body.contains("doodgate"), "{shown:?}");
    a.get(&format!("/images/{of_a}/history")).want(200);
    // It runs, is committed and built from.
    let mut body = sleeper();
    body["Image"] = image.clone().into();
    run(&a, "web", &body);
    let commit = "/commit?container=web&repo=committed&tag=1";
    a.post(commit, &json!({})).want(201);
    a.delete("/containers/web?force=1").want(204);
    let built = build(&a, "t=on:1", &format!("FROM {image}\nENV A=1\n")).want(200);
    assert!(built.body.contains("Successfully tagged on:1"), "{built:?}");
    // It gets names, and is pushed under one.
    let registered = format!("localhost:5000/{name}");
    tag(&a, &of_a, "again", "2").want(201);
    tag(&a, "again:2", &registered, "1").want(201);
    let push = format!("/images/{registered}/push?tag=1");
    let pushed = a.call("POST", &push, None).want(200);
    assert!(pushed.body.contains("digest: sha256:"), "{pushed:?}");
    assert!(b.call("POST", &push, None).status >= 400);
    // What is saved is loaded as what it was.
    let saved = save(&a, &image);
    for name in [&image, &registered] {
        a.delete(&format!(
            "/images/{name}{}",
            if name == &image { "" } else { ":1" }
        ))
        .want(200);
    }
    load(&a, &saved).want(200);
    assert_eq!(id(&a, &image), of_a);
    // What it is filtered by is what the engine knows of it.
    let filtered = |filter: &str| a.get(&format!("/images/json?filters={filter}")).want(200);
    let wanted = filtered("{%22dangling%22:[%22false%22]}").body;
    assert!(wanted.contains(&of_a), "{wanted}");
    for name in ["on:1", "committed:1", "again:2"] {
        a.delete(&format!("/images/{name}")).want(200);
    }
    let prune = "/images/prune?filters={%22dangling%22:[%22false%22]}";
    let pruned = a.call("POST", prune, None).want(200);
    let untagged = format!("\"Untagged\":\"{image}\"");
    assert!(pruned.body.contains(&untagged), "{pruned:?}");
    assert!(!pruned.body.contains("doodgate"), "{pruned:?}");
    a.get(&format!("/images/{of_a}/json")).want(404);
    assert_eq!(id(&b, &image), of_b);
    b.delete(&format!("/images/{image}")).want(200);
    host.get(&format!("/images/{of_b}/json")).want(404);
    assert_eq!(id(host, "alpine"), original);
}

/// Names, labels and quotas count for what is loaded as for what is built.
fn walls(engine: &str) {
    let Some(world) = World::start(engine, &["{}", r#"{"images": 2}"#]) else {
        return;
    };
    let (a, b, host) = (world.client(0), world.client(1), &world.host);
    let name = format!("{}/walls", world.prefix);
    let of_host = archive(host, &name);
    // Loaded images count.
    for name in ["first:1", "second:1"] {
        build(
            &b,
            &format!("t={name}"),
            &format!("FROM alpine\nENV A={name}\n"),
        )
        .want(200);
    }
    load(&b, &of_host).want(429);
    b.delete("/images/second:1").want(200);
    load(&b, &of_host).want(200);
    load(&b, &of_host).want(429);
    // What another has made becomes one's own, and nothing of the other's.
    build(&a, "t=mine", "FROM alpine\nENV A=1\n").want(200);
    let mine = save(&a, "mine");
    let of_a = id(&a, "mine");
    b.delete("/images/first:1").want(200);
    load(&b, &mine).want(200);
    let of_b = id(&b, "mine");
    assert_ne!(of_b, of_a);
    assert_eq!(owner(&world, &of_b), world.tenant(1));
    assert_eq!(owner(&world, &of_a), world.tenant(0));
    b.delete("/images/mine").want(200);
    assert_eq!(id(&a, "mine"), of_a);
    // A name with a registry is whose it was first.
    let registered = format!("localhost:5000/{name}");
    let archive = archive(host, &registered);
    let loaded = load(&a, &archive).want(200);
    let says = format!("Loaded image: {registered}:1");
    assert!(loaded.body.contains(&says), "{loaded:?}");
    let held = id(&a, &format!("{registered}:1"));
    load(&b, &archive).want(403);
    assert_eq!(id(host, &format!("{registered}:1")), held);
    a.delete(&format!("/images/{registered}:1")).want(200);
    tag(host, "alpine", &registered, "1").want(201);
    load(&a, &archive).want(403);
    host.delete(&format!("/images/{registered}:1")).want(200);
    // Nothing comes of what is no archive of images, or not a whole one.
    for broken in [tar(&[("f", "f")]), mine[..mine.len() - 1500].to_vec()] {
        load(&a, &broken).want(400);
    }
    // What has no name is found by its id.
    let nameless = joined(entries(&of_host).into_iter().map(|(name, bytes)| {
        if name != "manifest.json" {
            return (name, bytes);
        }
        let text = String::from_utf8(bytes[512..].to_vec()).unwrap();
        let mut list: Value = text.trim_end_matches('\0').parse().unwrap();
        list[0]["RepoTags"] = Value::Null;
        let file = tar(&[("manifest.json", &list.to_string())]);
        let end = file.len() - 1024;
        (name, file[..end].to_vec())
    }));
    let loaded = load(&a, &nameless).want(200).body;
    let (_, rest) = loaded.split_once("Loaded image ID: ").unwrap();
    let id = &rest[..71];
    assert_eq!(owner(&world, id), world.tenant(0));
    a.delete(&format!("/images/{id}")).want(200);
}

/// The ways in which engines and tools lay archives out, each with each engine.
fn layouts(engine: &str) {
    let Some(world) = World::start(engine, &["{}"]) else {
        return;
    };
    let (a, host) = (world.client(0), &world.host);
    for by in ["20", "26"] {
        let Some(address) = address(by) else {
            continue;
        };
        let name = format!("{}/by{by}", world.prefix);
        let image = format!("{name}:1");
        let archive = archive(&Client::at(&address), &name);
        let named = entries(&archive);
        let has = |wanted: &str| named.iter().any(|(name, _)| name == wanted);
        let is_oci = has("oci-layout") && has("index.json");
        assert_eq!(is_oci, by == "26", "{by}");
        let without = |names: &[&str]| {
            let kept = named.iter().filter(|(name, _)| !names.contains(&&**name));
            joined(kept.cloned())
        };
        let mut reversed = named.clone();
        reversed.reverse();
        // Folders come before what is in them.
        reversed.sort_by_key(|(name, _)| !name.ends_with('/'));
        for (layout, archive) in [
            ("as saved", archive.clone()),
            ("the list first", joined(reversed)),
            (
                "docker's list alone",
                without(&["oci-layout", "index.json", "repositories"]),
            ),
        ] {
            load(&a, &archive).want(200);
            let loaded = id(&a, &image);
            assert_eq!(owner(&world, &loaded), world.tenant(0), "{layout}");
            let mut body = json!({"Image": image, "Cmd": ["true"]});
            body["HostConfig"]["Init"] = true.into();
            run(&a, "web", &body);
            let ended = a
                .call("POST", "/containers/web/wait", None)
                .want(200)
                .json();
            assert_eq!(ended["StatusCode"], 0, "{layout}");
            a.delete("/containers/web").want(204);
            a.delete(&format!("/images/{image}")).want(200);
            host.get(&format!("/images/{loaded}/json")).want(404);
        }
        // The list of the OCI alone is for engines with containerd's store, and names what the label would change.
        let index = without(&["manifest.json", "repositories"]);
        let refused = load(&a, &index).want(400);
        assert!(refused.body.contains("manifest.json"), "{refused:?}");
    }
}

/// A tenant that leaves takes what it has loaded with it.
fn leaves(engine: &str) {
    let Some(world) = World::start(engine, &["{}"]) else {
        return;
    };
    let (a, host) = (world.client(0), &world.host);
    let name = format!("{}/leaves", world.prefix);
    load(&a, &archive(host, &name)).want(200);
    let loaded = id(&a, &format!("{name}:1"));
    let removed = Command::new(env!("CARGO_BIN_EXE_doodgate"))
        .args(["tenant", "rm", world.tenant(0), "--yes", "--engine"])
        .arg(address(engine).unwrap())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&removed.stdout);
    assert!(
        removed.status.success() && told.contains(&name),
        "{removed:?}"
    );
    host.get(&format!("/images/{loaded}/json")).want(404);
}

on_both!(own, walls, layouts, leaves);
