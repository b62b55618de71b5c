//! What one tenant reads while another is busy: the same, byte for byte, as while it is not. Times and the order of
//! lists aside, which the engine itself gives differently each time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use doodgate::api::{Group, Method, OPERATIONS};
use serde_json::{Value, json};

use crate::matrix::target;
use crate::swarm::{id as made, running, serve, service};
use crate::world::{Client, Swarm, World, build, now, run, sleeper, until};

/// What is read of operations that name nothing, in more ways than one.
const MORE: &[&str] = &[
    "/containers/json?all=1",
    "/containers/json?all=1&size=1",
    "/containers/json?all=1&limit=5",
    "/containers/json?all=1&filters={%22name%22:[%22.%22]}",
    "/containers/json?all=1&filters={%22status%22:[%22running%22]}",
    "/containers/json?all=1&filters={%22ancestor%22:[%22alpine%22]}",
    "/volumes?filters={%22dangling%22:[%22true%22]}",
    "/networks?filters={%22name%22:[%22.%22]}",
    "/services?status=1",
    "/services?filters={%22mode%22:[%22replicated%22]}",
    "/tasks?filters={%22desired-state%22:[%22running%22]}",
    "/networks?filters={%22dangling%22:[%22true%22]}",
    "/images/json?all=1",
    "/images/json?filters={%22dangling%22:[%22true%22]}",
    "/system/df?type=container",
    "/system/df?type=volume",
    "/system/df?type=image",
];

/// Operations whose answers have no end, tell of time that passes, or come from elsewhere than the engine.
const APART: &[&str] = &[
    "ContainerAttachWebsocket",
    "ContainerStats",
    "ContainerTop",
    // Archives that tell when they were written.
    "ImageGet",
    "ImageGetAll",
    "ImageSearch",
    "SystemEvents",
];

fn reads(names: &[String]) -> Vec<(&'static str, String)> {
    let mut reads: Vec<(&str, String)> = MORE
        .iter()
        .map(|target| ("GET", (*target).to_owned()))
        .collect();
    for operation in OPERATIONS {
        if !matches!(operation.method, Method::Get | Method::Head)
            || operation.group == Group::Distribution
            || APART.contains(&operation.name)
        {
            continue;
        }
        let method = operation.method.as_str();
        if operation.names().next().is_none() {
            reads.push((method, operation.template.to_owned()));
        } else {
            reads.extend(names.iter().map(|name| (method, target(operation, name))));
        }
    }
    reads
}

fn read(client: &Client, reads: &[(&'static str, String)]) -> Vec<(u16, String)> {
    reads
        .iter()
        .map(|(method, target)| {
            let answer = client.call(method, target, None);
            let mut body = answer.body;
            // What tells the time, or for how long something has been so.
            for field in ["\"SystemTime\":\"", "\"Status\":\"Up "] {
                while let Some((front, rest)) = body.split_once(field) {
                    let (_, rest) = rest.split_once('"').unwrap();
                    body = format!("{front}{rest}");
                }
            }
            if let Ok(json) = body.parse() {
                body = sorted(json).to_string();
            }
            (answer.status, body)
        })
        .collect()
}

/// The engine gives many lists in any order.
fn sorted(value: Value) -> Value {
    match value {
        Value::Array(items) => {
            let mut items: Vec<Value> = items.into_iter().map(sorted).collect();
            items.sort_by_key(Value::to_string);
            items.into()
        }
        Value::Object(members) => members
            .into_iter()
            .map(|(name, value)| (name, sorted(value)))
            .collect(),
        other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => other,
    }
}

/// Does all sorts of things, again and again.
fn be_busy(client: &Client, worker: usize, stop: &AtomicBool) -> usize {
    let mut rounds = 0;
    while !stop.load(Ordering::Relaxed) {
        rounds += 1;
        let (net, db, web) = (
            format!("net{worker}"),
            format!("db{worker}"),
            format!("web{worker}"),
        );
        client
            .post("/networks/create", &json!({"Name": net}))
            .want(201);
        let mut body = sleeper();
        body["HostConfig"]["Binds"] = json!([format!("{db}:/data")]);
        body["HostConfig"]["NetworkMode"] = net.clone().into();
        run(client, &web, &body);
        let exec = client
            .post(
                &format!("/containers/{web}/exec"),
                &json!({"Cmd": ["true"]}),
            )
            .want(201)
            .json();
        let exec = exec["Id"].as_str().unwrap();
        client.post(&format!("/exec/{exec}/start"), &json!({"Detach": true}));
        for kind in ["secrets", "configs"] {
            let body = json!({"Name": web, "Data": "b25l"});
            made(client.post(&format!("/{kind}/create"), &body));
            client.delete(&format!("/{kind}/{web}")).want(204);
        }
        made(client.post("/services/create", &service(&web, 0)));
        // The swarm gives it an address meanwhile, which makes another version of it.
        until(20, "changed", || {
            let found = client.get(&format!("/services/{web}")).want(200).json();
            let version = found["Version"]["Index"].as_u64().unwrap();
            let target = format!("/services/{web}/update?version={version}");
            client.post(&target, &service(&web, 1)).status == 200
        });
        client.delete(&format!("/services/{web}")).want(200);
        build(
            client,
            // The other has images of these names, too.
            &format!("t=built{worker}&t=mine&t=alpine"),
            &format!("FROM alpine\nENV A={rounds}\n"),
        )
        .want(200);
        client
            .post(&format!("/commit?container={web}"), &json!({}))
            .want(201);
        client.call(
            "POST",
            &format!("/containers/{web}/rename?name={web}x"),
            None,
        );
        client
            .delete(&format!("/containers/{web}x?force=1&v=1"))
            .want(204);
        client.delete(&format!("/volumes/{db}")).want(204);
        client.delete(&format!("/networks/{net}")).want(204);
    }
    rounds
}

fn observed(engine: &str) {
    let Some(_swarm) = Swarm::of(engine) else {
        return;
    };
    let Some(world) = World::start(engine, &["{}", "{}"]) else {
        return;
    };
    let (a, b) = (world.client(0), world.client(1));
    b.post("/volumes/create", &json!({"Name": "db"})).want(201);
    let net = b
        .post("/networks/create", &json!({"Name": "net"}))
        .want(201)
        .json();
    let mut body = sleeper();
    body["HostConfig"]["Binds"] = json!(["db:/data"]);
    let id = run(&b, "web", &body);
    let exec = b
        .post("/containers/web/exec", &json!({"Cmd": ["true"]}))
        .want(201)
        .json();
    build(&b, "t=mine", "FROM alpine\nENV A=1\n").want(200);
    let served = serve(&b, &service("svc", 1), 1);
    let (task, _) = running(&b, "svc").remove(0);
    for kind in ["secrets", "configs"] {
        made(b.post(
            &format!("/{kind}/create"),
            &json!({"Name": "key", "Data": "b25l"}),
        ));
    }
    let names: Vec<String> = [
        "web",
        &id,
        &id[..12],
        "net",
        "bridge",
        net["Id"].as_str().unwrap(),
        "db",
        "mine",
        "alpine",
        exec["Id"].as_str().unwrap(),
        "svc",
        &served,
        &task,
        "key",
        // What only the other has.
        "web0",
        "built0",
        "db0",
        "net0",
    ]
    .map(str::to_owned)
    .to_vec();
    let mut reads = reads(&names);
    reads.push(("GET", format!("/events?since=1&until={}", now())));
    let before = read(&b, &reads);
    let stop = Arc::new(AtomicBool::new(false));
    let workers: Vec<_> = (0..2)
        .map(|worker| {
            let (client, stop) = (a.clone(), Arc::clone(&stop));
            thread::spawn(move || be_busy(&client, worker, &stop))
        })
        .collect();
    let since = now();
    let during = [read(&b, &reads), read(&b, &reads)];
    let heard = b.get(&format!("/events?since={since}&until={}", now()));
    stop.store(true, Ordering::Relaxed);
    let rounds: usize = workers.into_iter().map(|it| it.join().unwrap()).sum();
    let after = read(&b, &reads);
    assert!(rounds > 0);
    for now in during.iter().chain([&after]) {
        for ((target, before), now) in reads.iter().zip(&before).zip(now) {
            if target.1.starts_with("/events") {
                // The engine remembers the last events of all together.
                assert!(before.1.ends_with(&now.1), "{before:?} {now:?}");
            } else {
                assert_eq!(before, now, "{target:?}");
            }
        }
    }
    // Own reads make events of their own, but none about somebody else.
    for trace in ["web0", "web1", "built", world.tenant(0), "doodgate"] {
        assert!(!heard.body.contains(trace), "{}", heard.body);
    }
    println!(
        "{} reads, the same three times more, while {rounds} rounds went on",
        reads.len()
    );
}

on_both!(observed);
