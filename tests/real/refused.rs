//! The `read-only` preset: what a monitor asks for works as it does directly, and everything else is refused by name.

use std::time::Duration;

use crate::shell::{Outcome, Setting, run};
use crate::world::{Folder, Gate, Pair};

const LIMIT: Duration = Duration::from_secs(30);

/// What looks, and harms nothing.
const LOOKS: &[&str] = &[
    "docker version",
    "docker info --format '{{.ServerVersion}}'",
    "docker ps -a",
    "docker ps -a --filter name=zero",
    "docker images",
    "docker inspect ro-web",
    "docker image inspect alpine",
    "docker history alpine",
    "docker network ls",
    "docker network inspect bridge --format '{{.Name}}'",
    "docker volume ls",
    "docker port ro-web",
    "docker top ro-web -o pid,args",
    "docker events --since 1 --until 2",
    "docker stats --no-stream --format '{{.Name}}' ro-web",
];

/// What is refused, and the operation that the refusal must name.
const REFUSED: &[(&str, &str)] = &[
    ("docker run --rm alpine true", "ContainerCreate"),
    ("docker run -d -v /:/host alpine", "ContainerCreate"),
    ("docker create alpine", "ContainerCreate"),
    ("docker start ro-web", "ContainerStart"),
    ("docker stop ro-web", "ContainerStop"),
    ("docker restart ro-web", "ContainerRestart"),
    ("docker kill ro-web", "ContainerKill"),
    ("docker pause ro-web", "ContainerPause"),
    ("docker rename ro-web other", "ContainerRename"),
    ("docker update -m 64m ro-web", "ContainerUpdate"),
    ("docker rm -f ro-web", "ContainerDelete"),
    ("docker exec ro-web id", "ContainerExec"),
    ("echo x | docker exec -i ro-web sh", "ContainerExec"),
    ("docker logs ro-web", "ContainerLogs"),
    ("docker cp ro-web:/etc/passwd -", "ContainerArchive"),
    // Asks with HEAD first, whose answer has no body to read a reason from.
    (
        "tar c /etc/hostname 2>/dev/null | docker cp - ro-web:/tmp",
        "",
    ),
    ("docker export ro-web", "ContainerExport"),
    ("docker commit ro-web x", "ImageCommit"),
    ("docker container prune -f", "ContainerPrune"),
    ("docker pull localhost:5000/alpine", "ImageCreate"),
    ("docker push localhost:5000/alpine", "ImagePush"),
    ("docker tag alpine other", "ImageTag"),
    ("docker rmi alpine", "ImageDelete"),
    ("docker save alpine", "ImageGet"),
    ("echo x | docker load", "ImageLoad"),
    ("echo x | docker import -", "ImageCreate"),
    ("echo FROM alpine | docker build -", "ImageBuild"),
    ("docker search alpine", "ImageSearch"),
    ("docker image prune -f", "ImagePrune"),
    ("docker builder prune -f", "BuildPrune"),
    ("docker network create n", "NetworkCreate"),
    ("docker network connect bridge ro-web", "NetworkConnect"),
    ("docker network prune -f", "NetworkPrune"),
    ("docker volume create v", "VolumeCreate"),
    ("docker volume prune -f", "VolumePrune"),
    ("docker swarm init", "SwarmInit"),
    ("docker login -u a -p b localhost:5000", "SystemAuth"),
    ("docker plugin install x", "GetPluginPrivileges"),
    ("docker secret ls", "SecretList"),
];

#[test]
fn read_only_shows_and_changes_nothing() {
    for (engine, cli) in [
        ("20", "DOODGATE_TEST_CLI_20"),
        ("26", "DOODGATE_TEST_CLI_26"),
    ] {
        if let Some(pair) = Pair::find(engine, cli) {
            read_only(&pair);
        }
    }
}

fn read_only(pair: &Pair) {
    let _guard = pair
        .lock()
        .write()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    let gate = Gate::start(&pair.address, "read-only");
    let folder = Folder::new();
    let on = |host: &str, script: &str| -> Outcome {
        let setting = Setting {
            cli: &pair.cli,
            host,
            prefix: "ro-",
            folder: folder.path(),
            variables: Vec::new(),
        };
        run(script, &setting, LIMIT)
    };
    let state = "docker ps -aq --no-trunc; docker inspect -f '{{.State.Status}} {{.State.StartedAt}} {{.HostConfig.Memory}}' ro-web; docker images -q --no-trunc | sort; docker network ls -q; docker volume ls -q";
    on(
        &pair.address,
        "docker rm -f ro-web; docker run -d --name ro-web alpine sleep 1000",
    );
    let before = on(&pair.address, state);

    let mut failures = Vec::new();
    for script in LOOKS {
        let (direct, gated) = (on(&pair.address, script), on(&gate.address(), script));
        if direct.code != Some(0)
            || direct.code != gated.code
            || words(&direct.stdout) != words(&gated.stdout)
        {
            failures.push(format!(
                "{script}\ndirect {direct:#?}\nthrough the gate {gated:#?}"
            ));
        }
    }
    for (script, operation) in REFUSED {
        let outcome = on(&gate.address(), script);
        let said = operation.is_empty()
            || (outcome.stderr.contains(operation) && outcome.stderr.contains("read-only"));
        if outcome.code == Some(0) || outcome.code.is_none() || !said {
            failures.push(format!(
                "{script}: must be refused by the name {operation}\n{outcome:#?}"
            ));
        }
    }
    let after = on(&pair.address, state);
    on(&pair.address, "docker rm -f ro-web");
    assert!(
        failures.is_empty(),
        "engine {}:\n{}\nthe gate's log:\n{}",
        pair.engine,
        failures.join("\n"),
        gate.log()
    );
    assert_eq!(
        before, after,
        "engine {} was changed through read-only",
        pair.engine
    );
}

/// Output without what depends on the moment.
fn words(text: &str) -> String {
    let mut lines: Vec<String> = crate::normal::normal(text, "\u{0}", "\u{0}")
        .lines()
        .map(str::to_owned)
        .collect();
    // The engine lists images of one second in any order.
    lines.sort();
    lines.join("\n")
}
