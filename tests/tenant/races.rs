//! Names that come to mean something else while they are looked at.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::world::{Client, World, build, run, sleeper};

/// How long each race goes on.
const TIME: Duration = Duration::from_secs(6);

/// Does `act` until it is told to stop.
fn repeat(stop: &Arc<AtomicBool>, act: impl Fn() + Send + 'static) -> thread::JoinHandle<()> {
    let stop = Arc::clone(stop);
    thread::spawn(move || {
        while !stop.load(Ordering::Relaxed) {
            act();
        }
    })
}

/// Runs `act` until the time is over, while `others` go on.
fn race(others: Vec<Box<dyn Fn() + Send>>, mut act: impl FnMut()) -> usize {
    let stop = Arc::new(AtomicBool::new(false));
    let threads: Vec<_> = others.into_iter().map(|it| repeat(&stop, it)).collect();
    let (began, mut rounds) = (Instant::now(), 0);
    while began.elapsed() < TIME {
        act();
        rounds += 1;
    }
    stop.store(true, Ordering::Relaxed);
    for thread in threads {
        thread.join().unwrap();
    }
    rounds
}

/// A name is taken back and forth by both, and made anew, while one of them does harm to whatever has it.
fn names(engine: &str) {
    let Some(world) = World::start(engine, &["{}", "{}"]) else {
        return;
    };
    let (a, b) = (world.client(0), world.client(1));
    let victim = run(&a, "xx", &sleeper());
    let began = |client: &Client| {
        let state = client
            .get(&format!("/containers/{victim}/json"))
            .want(200)
            .json();
        (
            state["State"]["StartedAt"].clone(),
            state["RestartCount"].clone(),
            state["State"]["Pid"].clone(),
        )
    };
    let before = began(&world.host);
    let rename = |client: &Client, from: &'static str, to: &'static str| {
        let client = client.clone();
        let step: Box<dyn Fn() + Send> = Box::new(move || {
            client.call(
                "POST",
                &format!("/containers/{from}/rename?name={to}"),
                None,
            );
            client.call(
                "POST",
                &format!("/containers/{to}/rename?name={from}"),
                None,
            );
        });
        step
    };
    let remake = {
        let client = b.clone();
        let step: Box<dyn Fn() + Send> = Box::new(move || {
            client.post("/containers/create?name=xx", &sleeper());
            client.delete("/containers/xx?force=1");
        });
        step
    };
    let short = victim[..8].to_owned();
    let mut seen = String::new();
    let rounds = race(
        vec![rename(&a, "xx", "yy"), rename(&b, "xx", "yy"), remake],
        || {
            for name in ["xx", "yy", &short] {
                for (method, rest) in [
                    ("GET", "/json"),
                    ("POST", "/kill"),
                    ("POST", "/restart?t=0"),
                    ("POST", "/pause"),
                    ("DELETE", "?force=1"),
                ] {
                    let answer = b.call(method, &format!("/containers/{name}{rest}"), None);
                    seen.push_str(&answer.body);
                }
            }
        },
    );
    assert_eq!(before, began(&world.host));
    assert!(!seen.contains(&victim), "the victim was seen");
    assert!(!seen.contains(world.tenant(0)));
    println!("{rounds} rounds, and the victim has noticed none");
}

/// A name of an image that all see is given, taken away and given again by its owner, while another wants it.
fn tags(engine: &str) {
    let Some(world) = World::start(engine, &["{}", "{}"]) else {
        return;
    };
    let (a, b) = (world.client(0), world.client(1));
    let tag = format!("localhost:5000/{}", world.prefix);
    let own = |client: &Client, who: &str| {
        build(client, "t=own:1", &format!("FROM alpine\nENV WHO={who}\n")).want(200);
        let image = client.get("/images/own:1/json").want(200).json();
        image["Id"].as_str().unwrap().to_owned()
    };
    let (of_a, of_b) = (own(&a, "a"), own(&b, "b"));
    assert_ne!(of_a, of_b);
    let give = |client: &Client| {
        let target = format!("/images/own:1/tag?repo={}&tag=1", tag.replace('/', "%2F"));
        client.call("POST", &target, None).status
    };
    let (mut held, mut lost) = (0, 0);
    let wanted = {
        let (client, tag) = (b.clone(), tag.clone());
        let step: Box<dyn Fn() + Send> = Box::new(move || {
            let target = format!("/images/own:1/tag?repo={}&tag=1", tag.replace('/', "%2F"));
            client.call("POST", &target, None);
            build(
                &client,
                &format!("t={}:1", tag.replace('/', "%2F")),
                "FROM alpine\nENV WHO=b\n",
            );
            client.delete(&format!("/images/{tag}:1"));
        });
        step
    };
    race(vec![wanted], || {
        if give(&a) != 201 {
            lost += 1;
            return;
        }
        held += 1;
        // From here on it is the one's, until the one gives it up.
        for _ in 0..3 {
            let image = world
                .host
                .get(&format!("/images/{tag}:1/json"))
                .want(200)
                .json();
            assert_eq!(image["Id"].as_str(), Some(of_a.as_str()));
        }
        a.delete(&format!("/images/{tag}:1")).want(200);
    });
    assert!(held > 0);
    println!("held {held} times, lost to the other {lost} times");
    a.get("/images/own:1/json").want(200);
    b.get("/images/own:1/json").want(200);
    for client in [&a, &b] {
        client.delete(&format!("/images/{tag}:1"));
    }
}

/// A volume is made and removed by both under one name, while each looks whose data is in it.
fn volumes(engine: &str) {
    let Some(world) = World::start(engine, &["{}", "{}"]) else {
        return;
    };
    let (a, b) = (world.client(0), world.client(1));
    a.post(
        "/volumes/create",
        &json!({"Name": "kept", "Labels": {"who": "a"}}),
    )
    .want(201);
    let remake = {
        let client = a.clone();
        let step: Box<dyn Fn() + Send> = Box::new(move || {
            client.post(
                "/volumes/create",
                &json!({"Name": "db", "Labels": {"who": "a"}}),
            );
            client.delete("/volumes/db?force=1");
        });
        step
    };
    race(vec![remake], || {
        b.post(
            "/volumes/create",
            &json!({"Name": "db", "Labels": {"who": "b"}}),
        )
        .want(201);
        let inspected = b.get("/volumes/db").want(200).json();
        assert_eq!(inspected["Labels"], json!({"who": "b"}));
        b.delete("/volumes/db").want(204);
        b.get("/volumes/db").want(404);
        b.delete("/volumes/kept?force=1");
    });
    let kept = a.get("/volumes/kept").want(200).json();
    assert_eq!(kept["Labels"], json!({"who": "a"}));
}

on_both!(names, tags, volumes);
