//! Services, tasks, secrets and configs.

use serde_json::{Value, json};

use super::{all, parsed, refused, shown};
use crate::tenant::{EventListing, Swarm, View};

const TASK: &str = "0123456789abcdefghijklmno";

/// An object of somebody's.
type Made = fn(&str) -> Value;

fn service(owner: &str) -> Value {
    let spec = |replicas: u64, image: &str| {
        json!({
            "Name": format!("{owner}__web"),
            "Labels": {"a": "b", "io.doodgate.tenant": owner, "io.doodgate.tasks": "2"},
            "TaskTemplate": {
                "ContainerSpec": {
                    "Image": "sha256:1",
                    "Labels": {"io.doodgate.tenant": owner, "io.doodgate.image": image},
                    "Mounts": [{"Type": "volume", "Source": format!("{owner}.db"), "Target": "/db",
                        "VolumeOptions": {"Labels": {"io.doodgate.tenant": owner}}}],
                    "Secrets": [{"SecretID": "s", "SecretName": format!("{owner}__key"), "File": {"Name": "key"}}],
                    "Configs": [{"ConfigID": "c", "ConfigName": format!("{owner}__conf")}],
                },
                "Networks": [{"Target": "own", "Aliases": ["web"]}],
            },
            "Mode": {"Replicated": {"Replicas": replicas}},
        })
    };
    json!({
        "ID": "id", "Version": {"Index": 3}, "Spec": spec(2, "app:2"), "PreviousSpec": spec(1, "app:1"),
        "Endpoint": {"Spec": {}, "VirtualIPs": [
            {"NetworkID": "shared", "Addr": "10.0.0.77/24"}, {"NetworkID": "own", "Addr": "10.0.1.2/24"}
        ]},
        "UpdateStatus": {"State": "paused", "Message": format!("{owner}__web.1 failed")},
    })
}

fn task(owner: &str) -> Value {
    let network = |id: &str, name: &str, labels: Value, address: &str| {
        json!({
            "Network": {"ID": id, "Spec": {"Name": name, "Labels": labels}}, "Addresses": [address]
        })
    };
    json!({
        "ID": TASK, "Labels": {}, "ServiceID": "id", "NodeID": "node", "Slot": 1,
        "Spec": {"ContainerSpec": {"Image": "sha256:1", "Labels": {"io.doodgate.tenant": owner, "io.doodgate.image": "app:2"}}},
        "Status": {"State": "failed", "Err": format!("No such image: {owner}.tenant.doodgate.invalid/app")},
        "NetworksAttachments": [
            network("shared", "ingress", json!({}), "10.0.0.78/24"),
            network("own", &format!("{owner}__net"), json!({"io.doodgate.tenant": owner}), "10.0.1.8/24"),
        ],
    })
}

fn stored(owner: &str) -> Value {
    json!({"ID": "id", "Spec": {"Name": format!("{owner}__key"), "Labels": {"a": "b", "io.doodgate.tenant": owner}, "Data": "YQ=="}})
}

#[test]
fn a_service_is_told_as_it_was_made() {
    let expected = |replicas: u64, image: &str| {
        json!({
            "Name": "web", "Labels": {"a": "b"},
            "TaskTemplate": {
                "ContainerSpec": {
                    "Image": image, "Labels": {},
                    "Mounts": [{"Type": "volume", "Source": "db", "Target": "/db", "VolumeOptions": {"Labels": {}}}],
                    "Secrets": [{"SecretID": "s", "SecretName": "key", "File": {"Name": "key"}}],
                    "Configs": [{"ConfigID": "c", "ConfigName": "conf"}],
                },
                "Networks": [{"Target": "own", "Aliases": ["web"]}],
            },
            "Mode": {"Replicated": {"Replicas": replicas}},
        })
    };
    let found = parsed(
        View::Swarm(Swarm::Service, "x".to_owned()),
        &service("acme").to_string(),
    );
    assert_eq!(found["Spec"], expected(2, "app:2"));
    assert_eq!(found["PreviousSpec"], expected(1, "app:1"));
    assert_eq!(
        found["Endpoint"]["VirtualIPs"],
        json!([{"NetworkID": "own", "Addr": "10.0.1.2/24"}])
    );
    assert_eq!(found["UpdateStatus"]["Message"], "web.1 failed");
    assert_eq!(found["Version"], json!({"Index": 3}));
}

#[test]
fn a_task_is_told_as_its_service_was_made() {
    let found = parsed(
        View::Swarm(Swarm::Task, "x".to_owned()),
        &task("acme").to_string(),
    );
    assert_eq!(
        found["Spec"],
        json!({"ContainerSpec": {"Image": "app:2", "Labels": {}}})
    );
    assert_eq!(found["Status"]["Err"], "No such image: app");
    let networks = found["NetworksAttachments"].as_array().unwrap();
    assert_eq!(networks.len(), 1);
    assert_eq!(
        networks[0]["Network"]["Spec"],
        json!({"Name": "net", "Labels": {}})
    );
    assert_eq!(
        (&found["NodeID"], &found["ServiceID"]),
        (&json!("node"), &json!("id"))
    );
}

#[test]
fn secrets_and_configs_are_told_plainly() {
    for kind in [Swarm::Secret, Swarm::Config] {
        let found = parsed(
            View::Swarm(kind, "x".to_owned()),
            &stored("acme").to_string(),
        );
        assert_eq!(
            found["Spec"],
            json!({"Name": "key", "Labels": {"a": "b"}, "Data": "YQ=="})
        );
    }
}

#[test]
fn lists_hold_own_objects_alone() {
    let objects: [(Swarm, Made); 4] = [
        (Swarm::Service, service),
        (Swarm::Task, task),
        (Swarm::Secret, stored),
        (Swarm::Config, stored),
    ];
    for (kind, object) in objects {
        let mut bare = object("acme");
        bare["Spec"] = json!({});
        let list = json!([object("zulu"), object("acme"), bare]).to_string();
        let found = shown(View::SwarmList(kind), &list);
        let one = shown(
            View::Swarm(kind, "x".to_owned()),
            &object("acme").to_string(),
        );
        assert_eq!(
            found.trim_end(),
            format!("[{}]", one.trim_end()),
            "{kind:?}"
        );
        for word in ["zulu", "doodgate", "acme", "10.0.0."] {
            assert!(!found.contains(word), "{kind:?} shows {word}: {found}");
        }
        let other = refused(
            View::Swarm(kind, "x".to_owned()),
            &object("zulu").to_string(),
        );
        assert!(other.contains("not found"), "{other}");
        refused(View::Swarm(kind, "x".to_owned()), r#"{"ID":"x"}"#);
    }
}

#[test]
fn the_containers_of_tasks_are_the_tenants() {
    let item = |name: &str| {
        json!([{"Id": "1", "Names": [name], "Image": "sha256:1", "Labels": {
            "io.doodgate.tenant": "acme", "io.doodgate.image": "app:2",
            "com.docker.swarm.service.name": "acme__web", "com.docker.swarm.task.name": format!("acme__web.1.{TASK}"),
        }}])
        .to_string()
    };
    let found = parsed(
        View::ContainerList(all()),
        &item(&format!("/acme__web.1.{TASK}")),
    );
    assert_eq!(
        found,
        json!([{"Id": "1", "Names": [format!("/web.1.{TASK}")], "Image": "app:2", "Labels": {
            "com.docker.swarm.service.name": "web", "com.docker.swarm.task.name": format!("web.1.{TASK}"),
        }}])
    );
    // An image of the tenant's, of which the host has made a service of its own.
    for name in [
        format!("/web.1.{TASK}"),
        "/acme__web".to_owned(),
        format!("/zulu__web.1.{TASK}"),
    ] {
        assert_eq!(
            shown(View::ContainerList(all()), &item(&name)),
            "[]\n",
            "{name}"
        );
    }
}

#[test]
fn events_are_told_of_own_objects() {
    for kind in ["service", "secret", "config", "network"] {
        let event = |name: &str| {
            json!({"Type": kind, "Action": "create", "scope": "swarm",
                "Actor": {"ID": TASK, "Attributes": {"name": name}}})
            .to_string()
        };
        let told = parsed(View::Events(EventListing::default()), &event("acme__a"));
        assert_eq!(told["Actor"]["Attributes"]["name"], "a");
        for name in ["zulu__a", "a", "acme__"] {
            let told = shown(View::Events(EventListing::default()), &event(name));
            assert_eq!(told, "", "{kind} {name}");
        }
    }
}
