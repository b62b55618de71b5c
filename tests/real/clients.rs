//! Other people's programs, each under the preset that is written for it.
//!
//! `scripts/clients` fetches them; each script in `tests/clients` runs directly and through the gate.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::normal::normal;
use crate::shell::{Outcome, Setting, run};
use crate::world::{Folder, Gate, Pair};

const LIMIT: Duration = Duration::from_secs(120);

/// A script of `tests/clients`, the preset or policy file that it runs under, the file of the test environment that
/// it needs, and a piece of what it must print.
struct Client(&'static str, &'static str, &'static str, &'static str);

const CLIENTS: &[Client] = &[
    Client(
        "docker_py",
        "docker-py",
        "python/bin/python",
        "exec socket b'through a socket",
    ),
    Client(
        "dockerode",
        "docker-py",
        "node/node_modules/dockerode",
        "exec stdin \"into exec",
    ),
    Client("glances", "read-only", "python/bin/glances", "NAME-a"),
    Client(
        "testcontainers_py",
        "testcontainers",
        "python/bin/python",
        "gone",
    ),
    Client(
        "testcontainers_node",
        "testcontainers",
        "node/node_modules/testcontainers",
        "gone",
    ),
    Client(
        "prometheus",
        "prometheus",
        "clients/usr/bin/prometheus",
        "NAME-a",
    ),
    Client(
        "crowdsec",
        "read-only-logs",
        "clients/usr/bin/crowdsec",
        "start tail for container NAME-a",
    ),
    Client(
        "zabbix",
        "read-only",
        "clients/usr/sbin/zabbix_agent2",
        "cpu_stats",
    ),
    Client(
        "compose_1_29",
        "compose",
        "clients/usr/bin/docker-compose",
        "up 0",
    ),
    Client(
        "compose_2",
        "compose",
        "docker-config/cli-plugins/docker-compose",
        "up 0",
    ),
    Client(
        "buildx",
        "tests/clients/buildx.yaml",
        "docker-config/cli-plugins/docker-buildx",
        "NAME",
    ),
];

#[test]
fn clients_work_under_their_presets() {
    let Some(pair) = Pair::find("26", "DOODGATE_TEST_CLI_26") else {
        return;
    };
    let Ok(environment) = std::env::var("DOODGATE_TEST_ENV") else {
        println!(
            "skipped: DOODGATE_TEST_ENV is not set, so there are no clients to test with; scripts/test sets it"
        );
        return;
    };
    let only = std::env::var("DOODGATE_TEST_ONLY").unwrap_or_default();
    let mut failures = Vec::new();
    for client in CLIENTS.iter().filter(|client| client.0.contains(&only)) {
        if Path::new(&environment).join(client.2).exists() {
            failures.extend(compare(&pair, client));
        } else {
            println!(
                "skipped: {}, since {} is not in {environment}",
                client.0, client.2
            );
        }
    }
    assert!(
        failures.is_empty(),
        "{} clients differ:\n{}",
        failures.len(),
        failures.join("\n")
    );
}

fn compare(pair: &Pair, client: &Client) -> Option<String> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let scripts = root.join("tests/clients");
    let script = format!(". {}/{}.sh", scripts.display(), client.0);
    let policy = if client.1.contains('/') {
        root.join(client.1).display().to_string()
    } else {
        client.1.to_owned()
    };
    let gate = Gate::start(&pair.address, &policy);
    let once = |prefix: &str, host: &str| {
        let folder = Folder::new();
        let setting = Setting {
            // What a script does to prepare its scene goes to the engine itself; what it tests has its own socket.
            cli: &pair.cli,
            host: if LOOKING.contains(&client.0) {
                &pair.address
            } else {
                host
            },
            prefix,
            folder: folder.path(),
            variables: vec![
                ("CLIENTS", scripts.display().to_string()),
                ("NETNS", pair.netns.clone()),
                ("SOCKET", host.replace("unix://", "")),
            ],
        };
        let outcome = run(&script, &setting, LIMIT);
        run(
            TIDY,
            &Setting {
                host: &pair.address,
                ..setting
            },
            LIMIT,
        );
        let clean = |text: &str| {
            normal(text, prefix, &folder.path().display().to_string()).replace(host, "HOST")
        };
        Outcome {
            code: outcome.code,
            stdout: clean(&outcome.stdout),
            stderr: clean(&outcome.stderr),
        }
    };
    let _guard = pair
        .lock()
        .read()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    let (direct, gated) = (
        once("dclient", &pair.address),
        once("gclient", &gate.address()),
    );
    let worked = direct.code == Some(0) && direct.stdout.contains(client.3);
    println!(
        "{} under {}: {}",
        client.0,
        client.1,
        if worked {
            "ran"
        } else {
            "did not run directly"
        }
    );
    if worked && direct == gated {
        return None;
    }
    Some(format!(
        "-- {} under {}\ndirect {direct:#?}\nthrough the gate {gated:#?}\n{}",
        client.0,
        client.1,
        gate.log()
    ))
}

/// Scripts whose client only looks: they make what is looked at on the engine itself.
const LOOKING: &[&str] = &["glances", "prometheus", "crowdsec", "zabbix"];

const TIDY: &str = r#"
    { ids=$({ docker ps -aq --filter "name=$N"; docker ps -aq --filter "label=of=$N"; } | sort -u); [ -z "$ids" ] || docker rm -fv $ids
      docker network ls -q --filter "name=$N" | xargs -r docker network rm; docker volume ls -q -f "name=$N" | xargs -r docker volume rm
      docker images --format '{{.Repository}}:{{.Tag}}' | grep "$N" | xargs -r docker rmi -f; } >/dev/null 2>&1"#;
