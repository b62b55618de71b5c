//! The same compose project, built and brought up by both tenants at once.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::thread;

use serde_json::Value;

use crate::world::{Client, Swarm, World};

const COMPOSE: &str = "
version: '3'
services:
  web: {build: ., command: cat /who /etc/hostname, depends_on: [db]}
  db: {image: alpine, command: sleep 600, init: true}
";

/// Version 2 is the plugin of a docker command, version 1.29 a program of its own.
fn compose(version: &str) -> Option<Command> {
    let environment = PathBuf::from(variable("DOODGATE_TEST_ENV")?);
    let mut command = if version == "2" {
        let mut command = Command::new(variable("DOODGATE_TEST_CLI_26")?);
        command.arg("compose");
        command.env("DOCKER_CONFIG", variable("DOODGATE_TEST_DOCKER_CONFIG")?);
        command
    } else {
        let clients = environment.join("clients/usr");
        let program = clients.join("bin/docker-compose");
        if !program.exists() {
            println!("skipped: there is no {}", program.display());
            return None;
        }
        let mut command = Command::new("/usr/bin/python3");
        command.arg(program);
        let library = clients.join("lib");
        command.env(
            "PYTHONPATH",
            format!("{0}/python3/dist-packages", library.display()),
        );
        let shared = fs::read_dir(library).ok()?.flatten().find(|entry| {
            let name = entry.file_name();
            name.to_string_lossy().ends_with("-linux-gnu")
        })?;
        command.env("LD_LIBRARY_PATH", shared.path());
        command
    };
    command
        .env_remove("DOCKER_CONTEXT")
        .env("DOCKER_BUILDKIT", "0")
        .env("COMPOSE_PROJECT_NAME", "shop");
    Some(command)
}

fn variable(name: &str) -> Option<String> {
    let found = std::env::var(name).ok().filter(|value| !value.is_empty());
    if found.is_none() {
        println!("skipped: {name} is not set");
    }
    found
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// The project's containers with the images that they are of.
fn containers(client: &Client) -> Vec<(String, String, String)> {
    let listed = client.get("/containers/json?all=1").want(200).json();
    let text = |item: &Value, field: &str| item[field].as_str().unwrap().to_owned();
    let mut containers: Vec<_> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|item| (text(item, "Image"), text(item, "Id"), text(item, "ImageID")))
        .collect();
    containers.sort();
    containers
}

fn project(engine: &str, version: &str, image: &str) {
    let Some(world) = World::start(engine, &["{}", "{}"]) else {
        return;
    };
    let Some(_) = compose(version) else { return };
    let run = |index: usize, arguments: &[&str]| {
        let folder = world.folder.join(format!("project{index}"));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("docker-compose.yml"), COMPOSE).unwrap();
        let dockerfile = format!("FROM alpine\nRUN echo {index} > /who\n");
        fs::write(folder.join("Dockerfile"), dockerfile).unwrap();
        let output = compose(version)
            .unwrap()
            .args(arguments)
            .current_dir(folder)
            .env("DOCKER_HOST", world.address(index))
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", said(&output));
        said(&output)
    };
    thread::scope(|scope| {
        for index in [0, 1] {
            let run = &run;
            scope.spawn(move || run(index, &["up", "-d"]));
        }
    });
    let made: Vec<_> = [0, 1].map(|it| containers(&world.client(it))).into();
    assert_eq!(made[0].len(), 2);
    assert_eq!(made[0][0].0, "alpine");
    assert_eq!(made[0][1].0, image);
    assert_ne!(made[0][1].2, made[1][1].2);
    for index in [0, 1] {
        let client = world.client(index);
        let logs = run(index, &["logs", "web"]);
        assert!(logs.contains(&index.to_string()), "{logs}");
        // Nothing has changed, and so nothing is made anew.
        run(index, &["up", "-d"]);
        assert_eq!(containers(&client), made[index]);
        assert!(run(index, &["images"]).contains(image));
        run(index, &["down", "-t", "0"]);
        assert_eq!(containers(&client), []);
    }
}

#[test]
fn compose_2_on_engine_26() {
    project("26", "2", "shop-web");
}

#[test]
fn compose_1_on_engine_20() {
    project("20", "1", "shop_web");
}

/// The docker command and the Python SDK for both tenants, all four at once, with the same names on both sides.
fn commands(engine: &str) {
    let Some(world) = World::start(engine, &["{}", "{}"]) else {
        return;
    };
    let (Some(cli), Some(environment)) = (
        variable(&format!("DOODGATE_TEST_CLI_{engine}")),
        variable("DOODGATE_TEST_ENV"),
    ) else {
        return;
    };
    let tests = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/tenant");
    let python = PathBuf::from(environment).join("python/bin/python");
    if !python.exists() {
        println!("skipped in part: there is no {}", python.display());
    }
    let run = |index: usize, is_sdk: bool| {
        let command = if is_sdk {
            let mut command = Command::new(&python);
            command.arg(tests.join("sdk.py")).arg(world.address(index));
            command
        } else {
            let mut command = Command::new("sh");
            command.arg(tests.join("cli.sh")).env("DOCKER", &cli);
            command
        };
        finish(command, &world, index);
    };
    thread::scope(|scope| {
        for index in [0, 1] {
            let run = &run;
            scope.spawn(move || run(index, false));
            if python.exists() {
                scope.spawn(move || run(index, true));
            }
        }
    });
    for index in [0, 1] {
        assert_eq!(containers(&world.client(index)), []);
    }
}

/// Runs a script for a tenant to its end.
fn finish(mut command: Command, world: &World, index: usize) {
    let who = world.tenant(index);
    let output = command
        .arg(who)
        .env_remove("DOCKER_CONTEXT")
        .env("DOCKER_BUILDKIT", "0")
        .env("DOCKER_HOST", world.address(index))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(
        output.status.success() && said(&output).contains(&format!("done {who}")),
        "{}",
        said(&output)
    );
}

/// The same stack for both tenants, deployed, changed and removed at once.
fn stacks(engine: &str) {
    let Some(_swarm) = Swarm::of(engine) else {
        return;
    };
    let Some(world) = World::start(engine, &["{}", "{}"]) else {
        return;
    };
    let Some(cli) = variable(&format!("DOODGATE_TEST_CLI_{engine}")) else {
        return;
    };
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/tenant/stack.sh");
    thread::scope(|scope| {
        for index in [0, 1] {
            let mut command = Command::new("sh");
            command.arg(&script).env("DOCKER", &cli);
            let world = &world;
            scope.spawn(move || finish(command, world, index));
        }
    });
}

on_both!(commands, stacks);
