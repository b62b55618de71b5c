//! What lies ready to import names metrics that exist, and the alerts do what their tests say.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use super::{ask, call, metric, plain, promtool, records, watched};

fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    std::fs::read_to_string(project().join(path)).expect("a file of the project")
}

/// The names of the gate's metrics in a text, without the parts that a histogram adds.
fn names(text: &str) -> BTreeSet<String> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.split(|c| !is_part(c))
        .filter(|word| word.starts_with("doodgate_"))
        .map(|word| {
            let bare = ["_bucket", "_sum", "_count"]
                .iter()
                .find_map(|end| word.strip_suffix(end));
            bare.unwrap_or(word).to_owned()
        })
        .collect()
}

#[test]
fn dashboards_alerts_and_documents_name_metrics_that_exist() {
    let world = watched(plain);
    call(&world, "GET /v1.41/info HTTP/1.1\r\nHost: d\r\n\r\n");
    records(&world, 1);
    let mut known = names(&ask(&world, "/metrics").1);
    // These appear with the first tenant.
    known.extend([
        "doodgate_quota_used".to_owned(),
        "doodgate_quota_limit".to_owned(),
        "doodgate_quota_read_timestamp_seconds".to_owned(),
        "doodgate_tenant_removals_total".to_owned(),
    ]);
    assert!(metric(&world, "doodgate_engine_up").is_some());
    for file in [
        "deploy/grafana/doodgate.json",
        "deploy/prometheus/alerts.yml",
        "docs/METRICS.md",
    ] {
        let named = names(&read(file));
        assert!(named.len() > 5, "{file} names {named:?}");
        let unknown: Vec<_> = named.difference(&known).collect();
        assert!(
            unknown.is_empty(),
            "{file} names {unknown:?}, which the gate does not have"
        );
    }
    let documented = names(&read("docs/METRICS.md"));
    let missing: Vec<_> = known.difference(&documented).collect();
    assert!(
        missing.is_empty(),
        "docs/METRICS.md does not tell of {missing:?}"
    );
}

#[test]
fn the_dashboard_is_json() {
    let board: serde_json::Value = read("deploy/grafana/doodgate.json").parse().expect("JSON");
    let panels = board["panels"].as_array().expect("panels");
    let titles: BTreeSet<_> = panels
        .iter()
        .map(|panel| panel["title"].to_string())
        .collect();
    assert_eq!(
        titles.len(),
        panels.len(),
        "each panel has a title of its own"
    );
}

#[test]
fn alerts_fire_when_they_should() {
    let Some(promtool) = promtool() else {
        println!("skipped: there is no promtool here (Debian's package prometheus)");
        return;
    };
    for arguments in [
        &["test", "rules", "alerts.test.yml"][..],
        &["check", "rules", "alerts.yml"],
        &["check", "config", "prometheus.yml"],
    ] {
        let output = Command::new(&promtool)
            .args(arguments)
            .current_dir(project().join("deploy/prometheus"))
            .output()
            .expect("promtool");
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert!(output.status.success(), "promtool {arguments:?}: {said}");
    }
}
