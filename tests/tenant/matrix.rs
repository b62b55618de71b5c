//! Every operation that there is, tried by one tenant on each kind of another's objects, under every name that the
//! object has. The list is the operations table: nothing is picked by hand.

use doodgate::api::{BodyKind, Group, OPERATIONS, Operation};
use serde_json::{Value, json};

use crate::swarm::{id, running, serve, service};
use crate::world::{Answer, Client, Swarm, World, build, run, sleeper, tar};

/// What is the other's, and a name that nothing has, of the same form.
struct Named {
    what: String,
    missing: String,
}

fn named(what: &str, missing: &str) -> Named {
    Named {
        what: what.to_owned(),
        missing: missing.to_owned(),
    }
}

/// The other tenant's objects, under all of their names.
struct Victim {
    names: Vec<Named>,
    container: String,
    /// As the engine knows it, as its tenant does, and under a name with a registry.
    image: String,
    private: String,
    registered: String,
    exec: String,
    network: String,
    volume: String,
    /// Its objects in the swarm, by their paths.
    swarm: Vec<String>,
}

const NOTHING: &str = "0123456789012345678901234567890123456789012345678901234567890123";

impl Victim {
    fn make(world: &World) -> Self {
        let client = world.client(0);
        let tenant = world.tenant(0);
        client
            .post("/volumes/create", &json!({"Name": "avolume"}))
            .want(201);
        let network = client
            .post("/networks/create", &json!({"Name": "anet"}))
            .want(201)
            .json()["Id"]
            .as_str()
            .unwrap()
            .to_owned();
        let mut body = sleeper();
        body["HostConfig"]["Binds"] = json!(["avolume:/data"]);
        let container = run(&client, "victim", &body);
        let exec = client
            .post(
                &format!("/containers/{container}/exec"),
                &json!({"Cmd": ["true"]}),
            )
            .want(201)
            .json()["Id"]
            .as_str()
            .unwrap()
            .to_owned();
        let tag = format!("{}/private", world.prefix);
        let image = client
            .post(
                &format!("/commit?container=victim&repo={tag}&tag=1"),
                &json!({}),
            )
            .want(201)
            .json()["Id"]
            .as_str()
            .unwrap()
            .to_owned();
        let registry = format!("localhost:5000/{tag}");
        client
            .call(
                "POST",
                &format!("/images/{tag}:1/tag?repo={registry}&tag=1"),
                None,
            )
            .want(201);
        let below = format!("{tenant}.tenant.doodgate.invalid/{tag}");
        let short = |id: &str| id.get(..12).unwrap().to_owned();
        let bare = image.trim_start_matches("sha256:").to_owned();
        let volume = format!("{tenant}.avolume");
        let mut names = vec![
            named(&container, NOTHING),
            named(&short(&container), &short(NOTHING)),
            named("victim", "nobody"),
            named(&format!("{tenant}.victim"), &format!("{tenant}.nobody")),
            named(&exec, NOTHING),
            named(&network, NOTHING),
            named(&short(&network), &short(NOTHING)),
            named("anet", "nonet"),
            named(&format!("{tenant}.anet"), &format!("{tenant}.nonet")),
            named("avolume", "novolume"),
            named(&volume, &format!("{tenant}.novolume")),
            named(&format!("{tag}:1"), &format!("{tag}:2")),
            named(&format!("docker.io/{tag}:1"), &format!("docker.io/{tag}:2")),
            named(&format!("{below}:1"), &format!("{below}:2")),
            named(&format!("{registry}:1"), &format!("{registry}:2")),
            named(&image, &format!("sha256:{NOTHING}")),
            named(&bare, NOTHING),
            named(&short(&bare), &short(NOTHING)),
        ];
        let swarm = swarm(&client, tenant, &mut names);
        Self {
            names,
            container,
            image: format!("{below}:1"),
            private: format!("{tag}:1"),
            registered: format!("{registry}:1"),
            exec,
            network,
            volume,
            swarm,
        }
    }

    /// Fails where something is not as it was.
    fn check(&self, host: &Client, before: &[Answer]) {
        for (before, now) in before.iter().zip(self.state(host)) {
            let (before, now) = (before.json(), now.json());
            for (name, value) in before.as_object().unwrap() {
                assert_eq!(*value, now[name], "{name}");
            }
        }
    }

    /// All that the engine itself says of the objects.
    fn state(&self, host: &Client) -> Vec<Answer> {
        [
            format!("/containers/{}/json", self.container),
            format!("/containers/{}/top?ps_args=-o%20pid,args", self.container),
            format!("/images/{}/json", self.image),
            format!("/exec/{}/json", self.exec),
            format!("/networks/{}", self.network),
            format!("/volumes/{}", self.volume),
        ]
        .iter()
        .chain(&self.swarm)
        .map(|target| {
            let answer = host.get(target);
            assert_eq!(answer.status, 200, "{target}: {}", answer.body);
            answer
        })
        .collect()
    }
}

/// Makes a service of one task with all that services have, and adds all names of these.
fn swarm(client: &Client, tenant: &str, names: &mut Vec<Named>) -> Vec<String> {
    let nothing = NOTHING.get(..25).unwrap();
    let stored = |kind: &str, name: &str| {
        let body = json!({"Name": name, "Data": "b25l"});
        id(client.post(&format!("/{kind}/create"), &body))
    };
    let (secret, config) = (stored("secrets", "akey"), stored("configs", "aconf"));
    let overlay = json!({"Name": "aover", "Driver": "overlay", "Attachable": true});
    let overlay = client.post("/networks/create", &overlay).want(201).json();
    let overlay = overlay["Id"].as_str().unwrap().to_owned();
    let mut body = service("asvc", 1);
    body["TaskTemplate"]["Networks"] = json!([{"Target": "aover"}]);
    let container = &mut body["TaskTemplate"]["ContainerSpec"];
    container["Secrets"] = json!([{"SecretID": secret, "SecretName": "akey", "File": {"Name": "k", "UID": "0", "GID": "0", "Mode": 292}}]);
    container["Configs"] = json!([{"ConfigID": config, "ConfigName": "aconf", "File": {"Name": "c", "UID": "0", "GID": "0", "Mode": 292}}]);
    let service = serve(client, &body, 1);
    let (task, container) = running(client, "asvc").remove(0);
    for (kind, name) in [
        (&service, "asvc"),
        (&secret, "akey"),
        (&config, "aconf"),
        (&overlay, "aover"),
        (&task, &*format!("asvc.1.{task}")),
    ] {
        let missing = match name.strip_suffix(&*task) {
            Some(front) => format!("{front}{nothing}"),
            None => format!("{name}s"),
        };
        names.push(named(kind, nothing));
        names.push(named(&kind[..12], &nothing[..12]));
        names.push(named(name, &missing));
        names.push(named(
            &format!("{tenant}__{name}"),
            &format!("{tenant}__{missing}"),
        ));
    }
    names.push(named(&container, NOTHING));
    vec![
        format!("/services/{service}"),
        format!("/secrets/{secret}"),
        format!("/configs/{config}"),
        format!("/networks/{overlay}"),
        format!("/containers/{container}/json"),
    ]
}

/// The operation's target with `name` for the first of its names.
pub(crate) fn target(operation: &Operation, name: &str) -> String {
    let mut first = true;
    let path: Vec<String> = operation
        .template
        .split('/')
        .map(|segment| {
            if !segment.starts_with('{') {
                return segment.to_owned();
            }
            let name = if std::mem::take(&mut first) {
                name
            } else {
                "x"
            };
            if segment.ends_with("...}") {
                name.to_owned()
            } else {
                name.replace('/', "%2F")
            }
        })
        .collect();
    let path = path.join("/");
    // What an operation cannot do without.
    match operation.name {
        "ContainerRename" => format!("{path}?name=other"),
        "ImageTag" => format!("{path}?repo=taken&tag=1"),
        "ContainerArchive" | "ContainerArchiveInfo" | "PutContainerArchive" => {
            format!("{path}?path=/tmp")
        }
        "ContainerResize" | "ExecResize" => format!("{path}?h=10&w=10"),
        "ContainerStats" => format!("{path}?stream=0"),
        "ContainerLogs" | "ServiceLogs" | "TaskLogs" => format!("{path}?stdout=1"),
        "ServiceUpdate" | "SecretUpdate" | "ConfigUpdate" => format!("{path}?version=1"),
        "ContainerDelete" | "ImageDelete" | "VolumeDelete" => format!("{path}?force=1"),
        _ => path,
    }
}

fn try_on(client: &Client, operation: &Operation, name: &str) -> Answer {
    let target = target(operation, name);
    let method = operation.method.as_str();
    match operation.body {
        BodyKind::Json => {
            // The container in the bodies that name one, and what others need.
            let body = json!({"Container": name, "Cmd": ["true"]});
            let body = match operation.name {
                "NetworkConnect" | "NetworkDisconnect" => json!({"Container": "x"}),
                "ContainerExec" => json!({"Cmd": body["Cmd"]}),
                "ContainerUpdate" => json!({"RestartPolicy": {"Name": "always"}}),
                _ => json!({}),
            };
            client.call(method, &target, Some(&body))
        }
        BodyKind::Stream => client.send(method, &target, "application/x-tar", &tar(&[])),
        BodyKind::None => client.call(method, &target, None),
    }
}

fn matrix(engine: &str) {
    let Some(_swarm) = Swarm::of(engine) else {
        return;
    };
    let Some(world) = World::start(engine, &["{}", "{}"]) else {
        return;
    };
    let victim = Victim::make(&world);
    let before = victim.state(&world.host);
    let attacker = world.client(1);
    let mut tried = 0;
    let mut wrong: Vec<String> = Vec::new();
    for operation in OPERATIONS {
        // A look-up in a registry names nothing of the engine's.
        if operation.names().next().is_none() || operation.group == Group::Distribution {
            continue;
        }
        for Named { what, missing } in &victim.names {
            tried += 1;
            let found = try_on(&attacker, operation, what);
            let absent = try_on(&attacker, operation, missing);
            let plain =
                |answer: &Answer, name: &str| (answer.status, answer.body.replace(name, "NAME"));
            if !matches!(found.status, 400 | 403 | 404) {
                wrong.push(format!("{} {what}: {found:?}", operation.name));
            } else if plain(&found, what) != plain(&absent, missing) {
                wrong.push(format!(
                    "{} tells {what} ({found:?}) from {missing} ({absent:?})",
                    operation.name
                ));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {tried}:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(tried > 1000, "{tried}");
    println!("{tried} attempts, none of which found anything");
    victim.check(&world.host, &before);
}

/// References in bodies and queries.
fn references(engine: &str) {
    let Some(_swarm) = Swarm::of(engine) else {
        return;
    };
    let Some(world) = World::start(engine, &["{}", "{}"]) else {
        return;
    };
    let victim = Victim::make(&world);
    let before = victim.state(&world.host);
    let attacker = world.client(1);
    let own = run(&attacker, "own", &sleeper());
    let refused = |answer: Answer, what: &str| {
        assert!(
            matches!(answer.status, 400 | 403 | 404),
            "{what}: {answer:?}"
        );
    };
    for Named { what, .. } in &victim.names {
        let bodies = [
            json!({"HostConfig": {"VolumesFrom": [what]}}),
            json!({"HostConfig": {"NetworkMode": format!("container:{what}")}}),
            json!({"HostConfig": {"PidMode": format!("container:{what}")}}),
            json!({"HostConfig": {"IpcMode": format!("container:{what}")}}),
            json!({"HostConfig": {"Links": [format!("{what}:alias")]}}),
            json!({"HostConfig": {"NetworkMode": what}}),
            json!({"NetworkingConfig": {"EndpointsConfig": {what: {}}}}),
            json!({"Image": what}),
            json!({"HostConfig": {"Mounts": [{"Type": "image", "Source": what, "Target": "/i"}]}}),
        ];
        for mut body in bodies {
            if body.get("Image").is_none() {
                body["Image"] = "alpine".into();
            }
            body["Cmd"] = json!(["true"]);
            refused(
                attacker.post("/containers/create", &body),
                &body.to_string(),
            );
        }
        refer_from_service(&attacker, what);
        let name = what.replace('/', "%2F");
        for query in [
            format!("/commit?container={name}"),
            format!("/containers/json?filters={{%22before%22:[%22{name}%22]}}"),
            format!("/images/json?filters={{%22since%22:[%22{name}%22]}}"),
            format!("/images/get?names={name}"),
            format!("/images/{what}/tag?repo=mine"),
        ] {
            let body = json!({});
            let answer = match query.split_once('?') {
                Some(("/commit", _)) => attacker.post(&query, &body),
                Some((path, _)) if path.ends_with("/tag") => attacker.call("POST", &query, None),
                Some(_) | None => attacker.get(&query),
            };
            refused(answer, &query);
        }
        for action in ["connect", "disconnect"] {
            refused(
                attacker.post(
                    &format!("/networks/bridge/{action}"),
                    &json!({"Container": what}),
                ),
                action,
            );
            refused(
                attacker.post(
                    &format!("/networks/{}/{action}", what.replace('/', "%2F")),
                    &json!({"Container": "own"}),
                ),
                action,
            );
        }
        // The endpoint's own reference to a network goes before that in the path.
        let joined = attacker.post(
            "/networks/bridge/connect",
            &json!({"Container": "own", "EndpointConfig": {"NetworkID": victim.network}}),
        );
        assert_ne!(joined.status, 200, "{joined:?}");
    }
    // A name in a bind is a volume of one's own, whatever others have.
    let mut body = sleeper();
    body["HostConfig"]["Binds"] = json!(["avolume:/data"]);
    body["HostConfig"]["Mounts"] =
        json!([{"Type": "volume", "Source": "avolume", "Target": "/more"}]);
    let made = run(&attacker, "binds", &body);
    let mounts = world.host.get(&format!("/containers/{made}/json")).json();
    for mount in mounts["Mounts"].as_array().unwrap() {
        assert_eq!(
            mount["Name"].as_str().unwrap(),
            format!("{}.avolume", world.tenant(1))
        );
    }
    let networks = world.host.get(&format!("/containers/{own}/json")).json();
    let networks = &networks["NetworkSettings"]["Networks"];
    assert_eq!(
        networks.as_object().unwrap().keys().collect::<Vec<_>>(),
        [&format!("{}.bridge", world.tenant(1))]
    );
    victim.check(&world.host, &before);
}

/// References in a new service, and to one.
fn refer_from_service(attacker: &Client, what: &str) {
    let refused = |answer: Answer, what: &str| {
        assert!(
            matches!(answer.status, 400 | 403 | 404),
            "{what}: {answer:?}"
        );
    };
    for (place, reference) in [
        ("/ContainerSpec/Image", json!(what)),
        (
            "/ContainerSpec/Secrets",
            json!([{"SecretID": what, "SecretName": "akey"}]),
        ),
        (
            "/ContainerSpec/Configs",
            json!([{"ConfigID": what, "ConfigName": "aconf"}]),
        ),
        (
            "/ContainerSpec/Mounts",
            json!([{"Type": "image", "Source": what, "Target": "/i"}]),
        ),
        (
            "/ContainerSpec/Privileges",
            json!({"CredentialSpec": {"Config": what}}),
        ),
        ("/Networks", json!([{"Target": what}])),
    ] {
        let mut body = service("mine", 1);
        let (part, field) = place.rsplit_once('/').unwrap();
        let part = format!("/TaskTemplate{part}");
        body.pointer_mut(&part).unwrap()[field] = reference;
        refused(attacker.post("/services/create", &body), &body.to_string());
    }
    let name = what.replace('/', "%2F");
    let filter = format!("/tasks?filters={{%22service%22:[%22{name}%22]}}");
    refused(attacker.get(&filter), &filter);
}

/// Networks that would lie on another's, and a container that would live off another's limits.
fn grounds(engine: &str) {
    let Some(_swarm) = Swarm::of(engine) else {
        return;
    };
    let Some(world) = World::start(engine, &["{}", "{}"]) else {
        return;
    };
    let victim = Victim::make(&world);
    let attacker = world.client(1);
    let bridge = format!("br-{}", &victim.network[..12]);
    for body in [
        json!({"Name": "n", "Driver": "macvlan", "Options": {"parent": bridge}}),
        json!({"Name": "n", "Driver": "ipvlan", "Options": {"parent": bridge}}),
        json!({"Name": "n", "Options": {"com.docker.network.bridge.name": bridge}}),
        json!({"Name": "n", "ConfigFrom": {"Network": "anet"}}),
    ] {
        let answer = attacker.post("/networks/create", &body);
        assert_eq!(answer.status, 403, "{body}: {answer:?}");
    }
    let parent = format!("/docker/{}", victim.container);
    let mut body = sleeper();
    body["HostConfig"]["CgroupParent"] = parent.clone().into();
    attacker.post("/containers/create", &body).want(403);
    let query = format!("cgroupparent={}", parent.replace('/', "%2F"));
    build(&attacker, &query, "FROM alpine\n").want(403);
}

/// Taking over or building from another's image.
fn builds(engine: &str) {
    let Some(_swarm) = Swarm::of(engine) else {
        return;
    };
    let Some(world) = World::start(engine, &["{}", "{}"]) else {
        return;
    };
    let victim = Victim::make(&world);
    let before = victim.state(&world.host);
    let attacker = world.client(1);
    let build = |query: &str, dockerfile: &str| {
        let context = tar(&[("f", "f"), ("Dockerfile", dockerfile)]);
        attacker.send(
            "POST",
            &format!("/build?{query}"),
            "application/x-tar",
            &context,
        )
    };
    for private in [&victim.image, &victim.private, &victim.registered] {
        for dockerfile in [
            format!("FROM {private}\n"),
            format!("FROM alpine\nCOPY --from={private} /etc /x\n"),
            format!("FROM alpine AS a\nFROM {private} AS b\n"),
            format!("ARG B={private}\nFROM $B\n"),
            format!("ARG A={private}\nARG B=${{A}}\nFROM ${{B:-alpine}}\n"),
            format!("FR\\\nOM {private}\n"),
            format!("# escape=`\nFROM `\n{private}\n"),
            format!("FROM alpine\nADD --from={private} /etc /x\n"),
        ] {
            let answer = build("q=0", &dockerfile);
            assert!(
                matches!(answer.status, 400 | 403 | 404),
                "{dockerfile}: {answer:?}"
            );
        }
        let given = build(
            &format!("buildargs={{%22B%22:%22{private}%22}}"),
            "ARG B=alpine\nFROM $B\n",
        );
        assert!(matches!(given.status, 403 | 404), "{given:?}");
    }
    let private = &victim.registered;
    let tag = private.replace('/', "%2F").replace(':', "%3A");
    for query in [
        format!("t={tag}"),
        "labels={%22io.doodgate.tenant%22:%22x%22}".to_owned(),
        format!("t={}", victim.image.replace('/', "%2F")),
        "remote=http://localhost/x.tar".to_owned(),
        "version=2".to_owned(),
    ] {
        let answer = build(&query, "FROM alpine\n");
        assert!(matches!(answer.status, 400 | 403), "{query}: {answer:?}");
    }
    let (repository, _) = private.rsplit_once(':').unwrap();
    let (repository, own) = (
        repository.replace('/', "%2F"),
        run(&attacker, "own", &sleeper()),
    );
    for target in [
        format!("/commit?container={own}&repo={repository}&tag=1"),
        format!("/images/create?fromImage={repository}&tag=1"),
        format!("/images/create?fromSrc=-&repo={repository}&tag=1"),
    ] {
        let answer = if target.starts_with("/commit") {
            attacker.post(&target, &json!({}))
        } else {
            attacker.send("POST", &target, "application/x-tar", &tar(&[("f", "f")]))
        };
        assert_eq!(answer.status, 403, "{target}: {answer:?}");
    }
    // The same name without a registry is another image's.
    let tagged = build(
        &format!("t={}", victim.private.replace('/', "%2F")),
        "FROM alpine\n",
    );
    assert!(tagged.body.contains("Successfully tagged"), "{tagged:?}");
    victim.check(&world.host, &before);
    // What is shared may be built from, and the label of the Dockerfile changes nothing.
    let mine = format!("{}%2Fmine", world.prefix);
    let answer = build(
        &format!("t={mine}"),
        "FROM alpine AS base\nFROM base\nCOPY f /f\nLABEL io.doodgate.tenant=evil a=b\n",
    );
    assert!(answer.body.contains("Successfully tagged"), "{answer:?}");
    let labels = world
        .host
        .get(&format!(
            "/images/{}.tenant.doodgate.invalid/{}/mine/json",
            world.tenant(1),
            world.prefix
        ))
        .json();
    let expected: Value =
        json!({"a": "b", "io.doodgate.made": "image", "io.doodgate.tenant": world.tenant(1)});
    assert_eq!(labels["Config"]["Labels"], expected);
}

on_both!(matrix, references, grounds, builds);
