//! What each of two tenants hears of what the other and itself do.

use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::world::{Client, World, now, run, sleeper};

/// Listens to all events for so many seconds, while something is done.
fn listen(clients: &[&Client], seconds: u64, act: impl FnOnce()) -> Vec<Vec<Value>> {
    let until = now() + seconds;
    thread::scope(|scope| {
        let listening: Vec<_> = clients
            .iter()
            .map(|client| scope.spawn(move || client.get(&format!("/events?until={until}"))))
            .collect();
        thread::sleep(Duration::from_millis(500));
        act();
        listening
            .into_iter()
            .map(|heard| {
                let heard = heard.join().unwrap().want(200).body;
                heard.lines().map(|event| event.parse().unwrap()).collect()
            })
            .collect()
    })
}

/// What has happened to a volume.
fn of_volume(events: &[Value], volume: &str) -> Vec<String> {
    events
        .iter()
        .filter(|event| event["Type"] == "volume" && event["Actor"]["ID"] == volume)
        .map(|event| event["Action"].as_str().unwrap().to_owned())
        .collect()
}

/// A volume that the engine has named itself is heard of by who has its container, and by nobody else.
fn unnamed(engine: &str) {
    let Some(world) = World::start(engine, &["{}", "{}"]) else {
        return;
    };
    let (a, b) = (world.client(0), world.client(1));
    let mut body = sleeper();
    body["Volumes"] = json!({"/v": {}});
    let volume = |client: &Client, name: &str| {
        let inspected = client.get(&format!("/containers/{name}/json")).want(200);
        let mounts = &inspected.json()["Mounts"];
        mounts[0]["Name"].as_str().unwrap().to_owned()
    };
    // One is there before anybody listens.
    a.post("/containers/create?name=old", &body).want(201);
    let old = volume(&a, "old");
    let mut new = [String::new(), String::new(), String::new()];
    let heard = listen(&[&a, &b], 5, || {
        let host = format!("{}host", world.prefix);
        run(&a, "web", &body);
        run(&b, "web", &body);
        run(&world.host, &host, &body);
        new = [
            volume(&a, "web"),
            volume(&b, "web"),
            volume(&world.host, &host),
        ];
        a.delete("/containers/old?v=1").want(204);
        for (client, name) in [(&a, "web"), (&b, "web"), (&world.host, &*host)] {
            client
                .delete(&format!("/containers/{name}?force=1&v=1"))
                .want(204);
        }
    });
    let whole = ["create", "mount", "unmount", "destroy"];
    for (events, own, others) in [
        (&heard[0], &new[0], [&new[1], &new[2]]),
        (&heard[1], &new[1], [&new[0], &new[2]]),
    ] {
        let mut told = of_volume(events, own);
        told.dedup();
        assert_eq!(told, whole, "{events:?}");
        for other in others {
            assert!(
                !Value::from(events.clone())
                    .to_string()
                    .contains(other.as_str())
            );
        }
    }
    assert_eq!(of_volume(&heard[0], &old), ["create", "destroy"]);
    assert!(of_volume(&heard[1], &old).is_empty());
}

on_both!(unnamed);
