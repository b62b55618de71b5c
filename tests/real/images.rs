//! The image and the compose stack, on a real engine; and a container that has the gate's socket as its engine.

use std::time::Duration;

use crate::shell::{Outcome, Setting, run};
use crate::world::{Folder, Gate, Pair};

const LIMIT: Duration = Duration::from_secs(180);

/// The host's CLI inside a container whose image has none: it is linked with the host's libraries.
pub(crate) const CLI_INSIDE: &str = r#"-v "$CLI:/usr/bin/docker:ro" -v /lib:/lib:ro -v /usr/lib:/usr/lib:ro $([ ! -d /lib64 ] || echo -v /lib64:/lib64:ro)"#;

pub(crate) fn on_engine(pair: &Pair, script: &str, variables: Vec<(&str, String)>) -> Outcome {
    let folder = Folder::new();
    let setting = Setting {
        cli: &pair.cli,
        host: &pair.address,
        prefix: "image",
        folder: folder.path(),
        variables,
    };
    let _guard = pair
        .lock()
        .read()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    run(script, &setting, LIMIT)
}

#[test]
fn a_container_has_the_gate_as_its_engine() {
    for (engine, cli) in [
        ("20", "DOODGATE_TEST_CLI_20"),
        ("26", "DOODGATE_TEST_CLI_26"),
    ] {
        let Some(pair) = Pair::find(engine, cli) else {
            continue;
        };
        let gate = Gate::start(&pair.address, "read-only");
        let script = format!(
            r#"inside() {{ docker run --rm -v "$GATE:/var/run/docker.sock" -e DOCKER_HOST= {CLI_INSIDE} alpine docker "$@"; }}
            inside version; inside ps -q >/dev/null && echo listed; inside run --rm alpine true"#
        );
        let outcome = on_engine(
            &pair,
            &script,
            vec![("GATE", gate.socket().display().to_string())],
        );
        let (_, server) = outcome.stdout.split_once("Server:").unwrap_or_default();
        assert!(
            server.contains("API version") && server.contains("listed"),
            "engine {engine}: {outcome:#?}"
        );
        assert!(
            outcome.stderr.contains("ContainerCreate refused"),
            "engine {engine}: {outcome:#?}"
        );
    }
}

/// The static binary that goes into an image.
fn static_binary() -> Option<String> {
    let binary = std::env::var("DOODGATE_TEST_STATIC").ok();
    if binary.is_none() {
        println!(
            "skipped: DOODGATE_TEST_STATIC names no static binary to build the image from; scripts/test sets it"
        );
    }
    binary
}

/// The Dockerfile as the README has it typed, with either builder. The image that it begins with cannot be had everywhere,
/// so one of that name is made here: its `cargo` sees to it that every file that the compiler read is in the context,
/// and hands out the binary that is there.
#[test]
fn the_image_builds_from_the_source() {
    let Some(binary) = static_binary() else {
        return;
    };
    let script = r#"
        [ -z "$(docker images -q rust:1-alpine)" ] || exit 1
        trap 'docker rmi -f rust:1-alpine "$N" >/dev/null 2>&1' EXIT
        ( tr ' ' '\n' <"$READ.d" | sed -n "s|^$ROOT/||p" | grep -v :; cd "$ROOT" && ls benches/*.rs ) >files
        cp "$BINARY" doodgate
        printf '#!/bin/sh\n[ "$*" = "add --no-cache musl-dev" ]\n' >apk
        printf '#!/bin/sh\n[ "$*" = "build --release --locked" ] && ls Cargo.lock $(cat /files) >/dev/null && mkdir -p target/release && cp /doodgate target/release/\n' >cargo
        chmod +x apk cargo
        printf 'FROM alpine\nCOPY apk cargo /bin/\nCOPY files doodgate /\n' >Dockerfile
        DOCKER_BUILDKIT=0 docker build -q -t rust:1-alpine . >/dev/null
        for builder in 0 1; do
            DOCKER_BUILDKIT=$builder docker build --no-cache -t "$N" "$ROOT" >log 2>&1 || { cat log; exit 1; }
            docker run --rm --network none "$N" version
            docker inspect -f 'user {{.Config.User}} health {{.Config.Healthcheck.Test}}' "$N"
            docker rmi -f "$N" >/dev/null
        done; wc -l <files"#;
    for (engine, cli) in [
        ("20", "DOODGATE_TEST_CLI_20"),
        ("26", "DOODGATE_TEST_CLI_26"),
    ] {
        let Some(pair) = Pair::find(engine, cli) else {
            continue;
        };
        let variables = vec![
            ("ROOT", env!("CARGO_MANIFEST_DIR").to_owned()),
            ("BINARY", binary.clone()),
            ("READ", env!("CARGO_BIN_EXE_doodgate").to_owned()),
        ];
        let outcome = on_engine(&pair, script, variables);
        let lines = |begin: &str| {
            let lines = outcome.stdout.lines();
            lines.filter(|line| line.starts_with(begin)).count()
        };
        assert_eq!(
            (
                lines("doodgate 0"),
                lines("user 65532:65532 health [CMD /doodgate health]")
            ),
            (2, 2),
            "engine {engine}: {outcome:#?}"
        );
        let files: usize = outcome
            .stdout
            .lines()
            .last()
            .and_then(|count| count.parse().ok())
            .unwrap_or_default();
        assert!(files > 100, "engine {engine}: {outcome:#?}");
    }
}

#[test]
fn the_image_and_the_compose_stack_work() {
    let Some(pair) = Pair::find("26", "DOODGATE_TEST_CLI_26") else {
        return;
    };
    let Some(binary) = static_binary() else {
        return;
    };
    let script = r#"
        export DOCKER_BUILDKIT=1 COMPOSE_PROJECT_NAME=$N DOODGATE_IMAGE=$N MONITOR_IMAGE=alpine
        export DOCKER_SOCKET=$SOCKET DOCKER_GID=$(stat -c %g "$SOCKET")
        stack() { docker compose -f "$ROOT/deploy/compose/compose.yaml" -f monitor.yaml "$@"; }
        trap 'stack down -v -t 1 >/dev/null 2>&1; docker rmi -f "$N" >/dev/null 2>&1' EXIT
        mkdir -p made/out/run/doodgate && cp "$BINARY" made/out/doodgate
        docker buildx build -q -t "$N" --build-context build=made "$ROOT" >/dev/null || exit 1
        docker inspect -f 'user {{.Config.User}} entrypoint {{.Config.Entrypoint}} health {{.Config.Healthcheck.Test}}' "$N"
        docker run --rm --network none "$N" version

        # The image of the monitor has no docker command here: it gets the host's.
        { echo 'services: {monitor: {volumes: ['; printf '"%s:%s:ro",' "$CLI" /usr/bin/docker /lib /lib /usr/lib /usr/lib
          [ ! -d /lib64 ] || printf '"/lib64:/lib64:ro",'; echo ']}}'; } >monitor.yaml
        stack up -d --no-build >up.log 2>&1 || { cat up.log; stack logs; docker inspect "$N-doodgate-1" | grep -A5 '"Health"'; exit 1; }
        stack ps --format '{{.Service}} {{.Health}}' | sort
        stack exec -T monitor docker ps --format '{{.Names}}' | grep "$N" | sort
        stack exec -T monitor docker run --rm alpine true
        stack exec -T monitor sh -c 'ls /var/run/docker.sock' 2>&1
        stack stop -t 10 doodgate >/dev/null 2>&1; docker inspect -f 'gate ended with {{.State.ExitCode}}' "$N-doodgate-1""#;
    let variables = vec![
        ("ROOT", env!("CARGO_MANIFEST_DIR").to_owned()),
        ("BINARY", binary),
        ("SOCKET", pair.address.replace("unix://", "")),
    ];
    let outcome = on_engine(&pair, script, variables);
    for expected in [
        "user 65532:65532 entrypoint [/doodgate] health [CMD /doodgate health]",
        "doodgate 0",
        "doodgate healthy",
        "image-doodgate-1\nimage-monitor-1",
        "No such file or directory",
        "gate ended with 0",
    ] {
        assert!(
            outcome.stdout.contains(expected),
            "`{expected}` is not in {outcome:#?}"
        );
    }
    assert!(
        outcome
            .stderr
            .contains("ContainerCreate refused by policy read-only"),
        "{outcome:#?}"
    );
}
