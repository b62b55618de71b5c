//! Much at once: large bodies both ways, many clients at a time.

use std::time::Duration;

use crate::shell::{Outcome, Setting, run};
use crate::world::{Folder, Gate, Pair};

const LIMIT: Duration = Duration::from_secs(240);

/// Runs a script through a gate that grants everything, in front of the newer engine.
fn through_gate(prefix: &str, script: &str) -> Option<Outcome> {
    let pair = Pair::find("26", "DOODGATE_TEST_CLI_26")?;
    let gate = Gate::start(&pair.address, "everything");
    let folder = Folder::new();
    let (direct, cli) = (pair.address.clone(), pair.cli.clone());
    let setting = Setting {
        cli: &cli,
        host: &gate.address(),
        prefix,
        folder: folder.path(),
        variables: vec![("DIRECT", direct)],
    };
    let _guard = pair
        .lock()
        .read()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    let outcome = run(script, &setting, LIMIT);
    println!("{}{}{}", outcome.stdout, outcome.stderr, gate.log());
    Some(outcome)
}

#[test]
fn large_bodies_arrive_whole() {
    let script = r#"
        set -e
        head -c 100000000 /dev/urandom >big; sum=$(sha256sum <big)
        check() { [ "$sum" = "$(sha256sum)" ] && echo "whole: $1" || echo "BROKEN: $1"; }
        trap 'docker rm -f "$N-a" >/dev/null; docker rmi -f "$N-i" >/dev/null 2>&1' EXIT
        docker run -d --name "$N-a" alpine sleep 1000 >/dev/null
        docker cp big "$N-a:/big"
        docker exec "$N-a" cat /big | check "cp in, exec out"
        docker cp "$N-a:/big" - | tar xO | check "cp out"
        docker export "$N-a" | tar xO big | check "export"
        docker commit "$N-a" "$N-i" >/dev/null
        docker save "$N-i" -o saved.tar
        docker rmi "$N-i" >/dev/null
        docker load -q -i saved.tar >/dev/null
        docker run --rm "$N-i" cat /big | check "commit, save, load, run"
        docker run --rm -i alpine cat <big | check "run -i, both ways"
        docker run --rm -i alpine sh -c 'cat >/x; sleep 1; cat /x' <big | check "run -i, in, then out"
    "#;
    let Some(outcome) = through_gate("large", script) else {
        return;
    };
    assert_eq!(outcome.code, Some(0));
    assert_eq!(
        outcome.stdout.matches("whole: ").count(),
        6,
        "{}",
        outcome.stdout
    );
}

#[test]
fn many_clients_at_a_time_get_each_their_own() {
    let script = r#"
        one() { head -c 100000 /dev/urandom >"in$1"; docker run --rm -i alpine cat <"in$1" >"out$1" && cmp "in$1" "out$1" && echo same; }
        for i in $(seq 20); do one "$i" & done; wait
    "#;
    let Some(outcome) = through_gate("many", script) else {
        return;
    };
    assert_eq!(outcome.stdout.matches("same").count(), 20, "{outcome:?}");
}

#[test]
fn a_client_that_is_killed_leaves_nothing_open() {
    let script = r#"
        docker run -d --name "$N-a" alpine sh -c 'while :; do echo line; sleep 0.01; done' >/dev/null
        for i in 1 2 3 4 5; do timeout -s KILL 1 "$CLI" logs -f "$N-a" >/dev/null; timeout -s KILL 1 "$CLI" exec -i "$N-a" cat; timeout -s KILL 1 "$CLI" events; done >/dev/null 2>&1
        docker ps -q -f "name=$N" | wc -l; docker rm -f "$N-a" >/dev/null
    "#;
    let Some(outcome) = through_gate("killed", script) else {
        return;
    };
    assert_eq!(
        (outcome.code, outcome.stdout.trim()),
        (Some(0), "1"),
        "{outcome:?}"
    );
}

/// 1 GiB into a container, loaded as an image, and built from: the gate looks at all of it but what is loaded.
#[test]
fn a_gigabyte_of_each_upload_takes_no_memory() {
    let Some(pair) = Pair::find("26", "DOODGATE_TEST_CLI_26") else {
        return;
    };
    let rules = Folder::new();
    let policy = rules.path().join("policy.yaml");
    let text = "version: 1
allow:
  - read
  - containers
  - images
  - ImageBuild: {base-image: alpine}
";
    std::fs::write(&policy, text).unwrap();
    let gate = Gate::start(&pair.address, &policy.display().to_string());
    let script = r#"
        set -e; export DOCKER_BUILDKIT=0
        trap 'docker rm -f "$N-a" >/dev/null 2>&1; docker rmi -f "$N-i" "$N-j" >/dev/null 2>&1' EXIT
        truncate -s 1G big; printf 'FROM alpine\nRUN echo built\n' >Dockerfile
        docker create --name "$N-a" alpine true >/dev/null
        docker cp big "$N-a:/big" && echo copied
        rm -rf image; mkdir image; tar -C image -cf image/layer.tar -T /dev/null; mv big image/big
        sum=$(sha256sum image/layer.tar | cut -d' ' -f1)
        printf '{"architecture":"amd64","os":"linux","config":{},"rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}' "$sum" >image/config.json
        printf '[{"Config":"config.json","RepoTags":["%s-i:latest"],"Layers":["layer.tar"]}]' "$N" >image/manifest.json
        tar -C image -c big config.json layer.tar manifest.json | docker load -q
        mv image/big big; docker build -q -t "$N-j" . >/dev/null && echo built
    "#;
    let folder = Folder::new();
    let cli = pair.cli.clone();
    let setting = Setting {
        cli: &cli,
        host: &gate.address(),
        prefix: "gigabyte",
        folder: folder.path(),
        variables: vec![],
    };
    let _guard = pair
        .lock()
        .read()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    run("docker version >/dev/null", &setting, LIMIT);
    let (idle, _) = gate.memory();
    let outcome = run(script, &setting, LIMIT);
    let (_, most) = gate.memory();
    println!("{most} KiB at most, {idle} KiB when idle\n{}", gate.log());
    for done in ["copied", "Loaded image", "built"] {
        assert!(outcome.stdout.contains(done), "{done}: {outcome:?}");
    }
    assert!(most <= idle + (4 << 10), "{most} KiB, {idle} KiB when idle");
}
