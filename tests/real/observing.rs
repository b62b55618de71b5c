//! A policy is rolled out on clients that run: observed, completed with what was told, enforced.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::images::CLI_INSIDE;
use crate::shell::{Outcome, Setting, run};
use crate::world::{Folder, Gate, Pair};

const LIMIT: Duration = Duration::from_secs(60);

/// What the client does, none of which a monitor may.
const WORK: &str = r#"mkdir -p "$SHARED"
docker run --rm -v "$SHARED:/data" --cap-add NET_ADMIN alpine sh -c 'echo made >/data/file' && cat "$SHARED/file"
docker run -d --name "$N-web" alpine sleep 100 >/dev/null && docker exec "$N-web" echo executed
tar c -C "$SHARED" file | docker cp - "$N-web:/tmp" && docker rm -f "$N-web""#;

fn work(pair: &Pair, gate: &Gate, shared: &str, script: &str) -> Outcome {
    let folder = Folder::new();
    let setting = Setting {
        cli: &pair.cli,
        host: &gate.address(),
        prefix: "observing",
        folder: folder.path(),
        variables: vec![
            ("SHARED", shared.to_owned()),
            ("GATE", gate.socket().display().to_string()),
        ],
    };
    let _guard = pair
        .lock()
        .read()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    run(script, &setting, LIMIT)
}

/// The records in a file, once they hold what `is_there` looks for.
fn records(file: &str, is_there: impl Fn(&[Value]) -> bool) -> Vec<Value> {
    let began = Instant::now();
    loop {
        let text = fs::read_to_string(file).unwrap_or_default();
        let all: Vec<Value> = text.lines().filter_map(|line| line.parse().ok()).collect();
        if is_there(&all) {
            return all;
        }
        assert!(began.elapsed() < LIMIT, "not in {text}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Rules that grant what the records say would be refused, as whoever reads them would write.
fn granting(records: &[Value]) -> String {
    let mut rules: BTreeMap<&str, BTreeMap<&str, BTreeSet<String>>> = BTreeMap::new();
    for record in records.iter().filter(|it| it["decision"] == "would_deny") {
        let rule = rules
            .entry(record["operation"].as_str().unwrap())
            .or_default();
        for demand in record["demands"].as_array().into_iter().flatten() {
            let value = demand
                .get("value")
                .map_or_else(|| "true".to_owned(), Value::to_string);
            rule.entry(demand["grant"].as_str().unwrap())
                .or_default()
                .insert(value.replace("...", "**"));
        }
    }
    let mut policy = "version: 1\ninclude: [read-only]\nallow:\n".to_owned();
    for (operation, grants) in rules {
        let grants: Vec<_> = grants
            .iter()
            .map(|(grant, values)| {
                let values: Vec<_> = values.iter().map(String::as_str).collect();
                match values.as_slice() {
                    [one] => format!("{grant}: {one}"),
                    more => format!("{grant}: [{}]", more.join(", ")),
                }
            })
            .collect();
        writeln!(policy, "  - {operation}: {{{}}}", grants.join(", ")).unwrap();
    }
    policy.replace(": {}", "")
}

#[test]
fn a_policy_is_observed_completed_and_enforced() {
    for (engine, cli) in [
        ("20", "DOODGATE_TEST_CLI_20"),
        ("26", "DOODGATE_TEST_CLI_26"),
    ] {
        let Some(pair) = Pair::find(engine, cli) else {
            continue;
        };
        let folder = Folder::new();
        let path = |name: &str| folder.path().join(name).display().to_string();
        let (audit, shared) = (path("audit"), path("shared"));

        let enforced = Gate::start(&pair.address, "read-only");
        let refused = work(&pair, &enforced, &shared, WORK);
        assert!(
            refused.stderr.contains("ContainerCreate refused"),
            "{refused:#?}"
        );
        drop(enforced);

        let options = ["--observe-only", "--audit", &audit];
        let observing = Gate::start_with(&pair.address, "read-only", &options);
        let observed = work(&pair, &observing, &shared, WORK);
        assert_eq!(
            (observed.stdout.as_str(), observed.code),
            ("made\nexecuted\nobserving-web\n", Some(0)),
            "engine {engine}: {observed:#?}"
        );
        let told = records(&audit, |all| {
            all.iter().any(|it| it["operation"] == "ContainerDelete")
        });
        let log = observing.log();
        assert!(
            log.contains("NOT ENFORCED") && log.contains("would be refused"),
            "{log}"
        );
        drop(observing);
        let policy = granting(&told);
        for part in [
            "ContainerCreate: {",
            "bind: \"",
            "cap-add: \"NET_ADMIN\"",
            "- ContainerExec",
        ] {
            assert!(policy.contains(part), "{policy}");
        }

        let file = path("granted.yaml");
        fs::write(&file, &policy).unwrap();
        fs::remove_file(&audit).unwrap();
        let enforced = Gate::start_with(&pair.address, &file, &["--audit", &audit]);
        let done = work(&pair, &enforced, &shared, WORK);
        assert_eq!(
            done.stdout, observed.stdout,
            "engine {engine}: {policy}\n{done:#?}"
        );
        let all = records(&audit, |all| {
            all.iter().any(|it| it["operation"] == "ContainerDelete")
        });
        let other = all.iter().find(|it| it["decision"] != "allowed");
        assert_eq!(other, None, "{policy}");
        // And nothing more than that.
        let more = work(
            &pair,
            &enforced,
            &shared,
            "docker run --rm --privileged alpine true",
        );
        assert!(
            more.stderr.contains("needs grant `privileged`"),
            "{more:#?}"
        );
    }
}

#[test]
fn a_client_is_told_by_the_name_of_its_container() {
    let Some(pair) = Pair::find("26", "DOODGATE_TEST_CLI_26") else {
        return;
    };
    let folder = Folder::new();
    let audit = folder.path().join("audit").display().to_string();
    let gate = Gate::start_with(&pair.address, "everything", &["--audit", &audit]);
    let asks = format!(
        r#"docker run --rm --name "$N-client" -v "$GATE:/var/run/docker.sock" -e DOCKER_HOST= {CLI_INSIDE} alpine docker ps -q"#
    );
    let outcome = work(&pair, &gate, "", &asks);
    let all = records(&audit, |all| {
        all.iter().any(|it| it["operation"] == "ContainerList")
    });
    let of = |operation: &str| all.iter().find(|it| it["operation"] == operation).unwrap();
    let created = of("ContainerStart");
    // The very first request of a container is told with its name.
    let inside: Vec<_> = all
        .iter()
        .filter(|it| it["peer"]["container"] == created["targets"]["id"])
        .collect();
    assert!(
        inside[0]["operation"]
            .as_str()
            .unwrap()
            .starts_with("SystemPing"),
        "{outcome:#?}"
    );
    for record in inside {
        assert_eq!(
            record["peer"]["container_name"], "observing-client",
            "{record}"
        );
    }
}
