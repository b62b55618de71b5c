//! The stack of a gate and a Prometheus, started as it is: Prometheus scrapes the gate, evaluates the alerts, and finds
//! containers through the gate's socket.

use std::path::PathBuf;

use crate::images::on_engine;
use crate::world::Pair;

/// An image with Debian's Prometheus in the place of the project's own, which no registry here has: the same paths, the
/// same command, the same user.
const PACK: &str = r#"
    mkdir -p root/bin root/lib64 root/etc/prometheus root/prometheus root/tmp && cp "$PROMETHEUS" root/bin/prometheus
    for library in $(ldd "$PROMETHEUS" | grep -o '/[^ ]*'); do mkdir -p "root$(dirname "$library")" && cp -L "$library" "root$library"; done
    printf 'nobody:x:65534:65534:nobody:/:/bin/false\n' >root/etc/passwd
    chown 65534:65534 root/prometheus && chmod 1777 root/tmp
    tar -C root -cf - . | docker import -c 'ENTRYPOINT ["/bin/prometheus"]' -c 'USER nobody' \
        -c 'CMD ["--config.file=/etc/prometheus/prometheus.yml", "--storage.tsdb.path=/prometheus"]' - "$PROMETHEUS_IMAGE" >/dev/null"#;

const STACK: &str = r#"
    export DOCKER_BUILDKIT=1 DOODGATE_IMAGE=$N-gate PROMETHEUS_IMAGE=$N-prometheus COMPOSE_PROJECT_NAME=$N
    export DOCKER_SOCKET=$SOCKET DOCKER_GID=$(stat -c %g "$SOCKET")
    stack() { docker compose -f "$ROOT/deploy/compose/prometheus.yaml" "$@"; }
    trap 'docker rm -f "$N-web" >/dev/null 2>&1; stack down -v -t 1 >/dev/null 2>&1; docker rmi -f "$DOODGATE_IMAGE" "$PROMETHEUS_IMAGE" >/dev/null 2>&1' EXIT
    mkdir -p made/out/run/doodgate && cp "$BINARY" made/out/doodgate
    docker buildx build -q -t "$DOODGATE_IMAGE" --build-context build=made "$ROOT" >/dev/null || exit 1
    stack up -d --no-build doodgate >up.log 2>&1 || { cat up.log; stack logs; exit 1; }
    # What is to be found: a container that says by its label where its metrics are.
    docker run -d --name "$N-web" --network "${N}_watch" -l prometheus.port=80 alpine \
        sh -c 'mkdir -p /www && echo "found_by_the_gate 1" >/www/metrics && exec httpd -f -p 80 -h /www' >/dev/null
    stack up -d --no-build >>up.log 2>&1 || { cat up.log; stack logs; exit 1; }
    ask() { nsenter --net="$NETNS" curl -sG "http://127.0.0.1:9090/api/v1/$1" --data-urlencode "query=$2"; }
    value() { ask query "$1" | grep -o '"value":\[[^]]*\]' | cut -d'"' -f4; }
    for n in $(seq 300); do
        [ "$(value 'up{job="doodgate"}')" = 1 ] && [ "$(value found_by_the_gate)" = 1 ] &&
            [ "$(ask rules | grep -o '"health":"ok"' | wc -l)" = "$(grep -c 'alert:' "$ROOT/deploy/prometheus/alerts.yml")" ] && break
        sleep 0.2
    done
    echo "gate up $(value 'up{job="doodgate"}'), engine up $(value doodgate_engine_up)"
    echo "found $(value 'found_by_the_gate') in $(ask query found_by_the_gate | grep -o '"container":"[^"]*"')"
    echo "rules with mistakes: $(ask rules | grep -o '"health":"[^"]*"' | grep -vc '"ok"')"
    echo "listed through the gate: $(value 'sum(doodgate_requests_total{socket="prometheus",operation="ContainerList",decision="allowed"}) > bool 0')"
    echo "refused: $(value 'sum(doodgate_refusals_total)')"
    nsenter --net="$NETNS" curl -s http://127.0.0.1:9717/ | grep -o '<title>.*</title>'
    docker run --rm --volumes-from "$N-prometheus-1" alpine ls /var/run/docker.sock 2>&1
    stack logs prometheus 2>&1 | grep -i 'level=error' | head"#;

#[test]
fn the_stack_scrapes_alerts_and_discovers() {
    let Some(pair) = Pair::find("26", "DOODGATE_TEST_CLI_26") else {
        return;
    };
    let Ok(binary) = std::env::var("DOODGATE_TEST_STATIC") else {
        println!(
            "skipped: DOODGATE_TEST_STATIC names no static binary to build the image from; scripts/test sets it"
        );
        return;
    };
    let beside = std::env::var_os("DOODGATE_TEST_PROMTOOL")
        .map(|promtool| PathBuf::from(promtool).with_file_name("prometheus"));
    let Some(prometheus) = beside
        .into_iter()
        .chain([PathBuf::from("/usr/bin/prometheus")])
        .find(|it| it.exists())
    else {
        println!(
            "skipped: there is no Prometheus here (Debian's package prometheus); scripts/tools fetches it"
        );
        return;
    };
    let script = STACK.replace(
        "    stack up -d --no-build doodgate",
        &format!("{PACK}\n    stack up -d --no-build doodgate"),
    );
    let variables = vec![
        ("ROOT", env!("CARGO_MANIFEST_DIR").to_owned()),
        ("BINARY", binary),
        ("PROMETHEUS", prometheus.display().to_string()),
        ("SOCKET", pair.address.replace("unix://", "")),
        ("NETNS", pair.netns.clone()),
    ];
    let outcome = on_engine(&pair, &script, variables);
    for expected in [
        "gate up 1, engine up 1",
        "found 1 in \"container\":\"image-web\"",
        "rules with mistakes: 0",
        "listed through the gate: 1",
        "refused: 0",
        "<title>doodgate</title>",
        "No such file or directory",
    ] {
        assert!(
            outcome.stdout.contains(expected),
            "`{expected}` is not in {outcome:#?}"
        );
    }
    assert!(!outcome.stdout.contains("level=error"), "{outcome:#?}");
}
