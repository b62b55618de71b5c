//! Builds: the classic builder, `BuildKit` over `/session` (20.10) and over `/grpc` (buildx), and compose on top.

use crate::commands::tests;
use crate::compare::On::{Both, Only20, Only26};
use crate::compare::Row;
use crate::compare::With::Others;

pub(crate) const BUILDS: &[Row] = &[
    Row(
        "classic",
        Both,
        Others,
        0,
        r#"echo "$N" >f; printf 'FROM alpine\nARG A=none\nCOPY f /f\nRUN cat /f && echo arg $A\nCMD cat /f\n' >Dockerfile; docker build --no-cache -t "$N-i" --build-arg A=given . 2>/dev/null; docker run --rm "$N-i""#,
    ),
    Row(
        "classic, a step fails",
        Both,
        Others,
        5,
        r"printf 'FROM alpine\nRUN echo before; exit 5\n' | docker build --force-rm --no-cache -",
    ),
    Row("classic, no Dockerfile", Both, Others, 1, "docker build ."),
    Row(
        "classic, bad Dockerfile",
        Both,
        Others,
        1,
        "printf 'FORM alpine\\n' | docker build -",
    ),
    Row(
        "classic, quiet, id file, target, labels",
        Both,
        Others,
        0,
        r#"printf 'FROM alpine AS one\nLABEL n=%s\nFROM one AS two\nRUN false\n' "$N" >D; docker build -q -f D --target one --iidfile id -t "$N-i:a" -t "$N-i:b" --label x=y . 2>/dev/null; wc -c <id; docker inspect -f '{{json .Config.Labels}}' "$N-i:b""#,
    ),
    Row(
        "classic, context as a stream",
        Both,
        Others,
        0,
        r#"mkdir c; echo "$N" >c/f; printf 'FROM alpine\nCOPY f /\nRUN cat f\n' >c/Dockerfile; tar -C c -c . | docker build --no-cache - 2>/dev/null"#,
    ),
    Row(
        "classic, large context",
        Both,
        Others,
        0,
        r#"head -c 30000000 /dev/zero >f; printf 'FROM alpine\nCOPY f /f\nRUN md5sum /f\n' >Dockerfile; docker build --no-cache -t "$N-i" . 2>/dev/null"#,
    ),
    Row(
        "BuildKit of 20.10",
        Only20,
        Others,
        0,
        r#"export DOCKER_BUILDKIT=1; echo "$N" >f; echo hush >s; printf 'FROM alpine\nCOPY f /f\nRUN --mount=type=secret,id=k cat /run/secrets/k >/k; echo $(cat /f) >>/k\nCMD cat /k\n' >Dockerfile
        docker build --progress plain --no-cache --secret id=k,src=s -t "$N-i" . >log 2>&1 || { cat log; exit 1; }; docker run --rm "$N-i""#,
    ),
    Row(
        "BuildKit of 20.10, a step fails",
        Only20,
        Others,
        1,
        r#"export DOCKER_BUILDKIT=1; printf 'FROM alpine\nRUN exit 5\n' >Dockerfile; docker build --progress plain --no-cache . 2>&1 | tail -n 1; exit "${PIPESTATUS[0]}""#,
    ),
    Row(
        "buildx",
        Only26,
        Others,
        0,
        r#"export DOCKER_BUILDKIT=1; echo "$N" >f; echo hush >s; printf 'FROM alpine\nCOPY f /f\nRUN --mount=type=secret,id=k cat /run/secrets/k >/k; echo $(cat /f) >>/k\nCMD cat /k\n' >Dockerfile
        docker build --progress plain --no-cache --secret id=k,src=s -t "$N-i" . >log 2>&1 || { cat log; exit 1; }; docker run --rm "$N-i""#,
    ),
    Row(
        "buildx, a step fails",
        Only26,
        Others,
        1,
        r#"printf 'FROM alpine\nRUN exit 5\n' >Dockerfile; docker buildx build --progress plain --no-cache . 2>&1 | tail -n 1; exit "${PIPESTATUS[0]}""#,
    ),
    Row(
        "buildx, files out",
        Only26,
        Others,
        0,
        r"printf 'FROM alpine AS b\nRUN head -c 3000000 /dev/zero >/out\nFROM scratch\nCOPY --from=b /out /out\n' >Dockerfile; docker buildx build --progress plain --no-cache -o type=local,dest=o . >log 2>&1 || cat log; md5sum <o/out; docker buildx build -q -o type=tar,dest=- . 2>/dev/null | tar t",
    ),
    Row(
        "buildx ls, inspect, du",
        Only26,
        Others,
        0,
        "docker buildx ls | cut -c1-40; docker buildx inspect | grep Driver; docker buildx du >/dev/null",
    ),
    Row(
        "buildx, large context",
        Only26,
        Others,
        0,
        r#"head -c 30000000 /dev/urandom >f; printf 'FROM alpine\nCOPY f /f\n' >Dockerfile; docker buildx build -q -t "$N-i" . >/dev/null; docker run --rm "$N-i" md5sum /f | cut -d' ' -f1 >a; md5sum <f | cut -d' ' -f1 | cmp - a"#,
    ),
    Row(
        "builder prune",
        Only26,
        Others,
        0,
        "docker builder prune -f --filter until=240h | tail -n 1",
    ),
    Row(
        "compose",
        Only26,
        Others,
        0,
        r#"printf 'services:\n  a: {image: alpine, command: [sh, -c, "echo from-a; sleep 100"], init: true, volumes: ["vol:/v"], healthcheck: {test: "true", interval: 1s}}\n  b: {build: ., depends_on: [a]}\nvolumes: {vol: {}}\n' >compose.yml
        printf 'FROM alpine\nRUN echo %s >/n\nCMD echo from-b && sleep 100\n' "$N" >Dockerfile; c() { docker compose -p "$N" --progress quiet "$@"; }
        c config -q; DOCKER_BUILDKIT=1 c build -q >/dev/null 2>&1; c up -d >/dev/null 2>&1; echo "up $?"; c ps --format '{{.Name}} {{.State}}' | sort; echo in | c exec -T a cat; c logs --no-log-prefix a b | sort; c run --rm a echo once 2>/dev/null
        c cp compose.yml a:/tmp/x; c exec -T a wc -l /tmp/x; c top 2>/dev/null | grep -c sleep; c restart -t 0 a >/dev/null 2>&1; c stop -t 0 >/dev/null 2>&1; c down -v -t 0 --rmi local >/dev/null 2>&1; echo "down $?"; docker volume ls -q -f name="$N""#,
    ),
    Row(
        "compose up in the foreground",
        Only26,
        Others,
        3,
        r#"printf 'services:\n  a: {image: alpine, command: [sh, -c, "echo hi; exit 3"]}\n' >compose.yml; docker compose -p "$N" --ansi never up --exit-code-from a 2>/dev/null | grep hi; code=${PIPESTATUS[0]}; docker compose -p "$N" down >/dev/null 2>&1; exit "$code""#,
    ),
];

tests! {
    engine_20_its_own_cli: "20", "DOODGATE_TEST_CLI_20", BUILDS;
    engine_26_its_own_cli: "26", "DOODGATE_TEST_CLI_26", BUILDS;
    engine_26_the_machines_cli: "26", "DOODGATE_TEST_CLI_LOCAL", BUILDS;
}
