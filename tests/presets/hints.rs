//! The rules that presets' comments offer: each is one, and does what the comment says.

use doodgate::policy::{PRESETS, Policy, Preset};

use super::support::ask;

/// The rules in a preset's comments: lines of `#     - RULE`.
fn offered(preset: &Preset) -> Vec<&'static str> {
    preset
        .text
        .lines()
        .filter_map(|line| line.strip_prefix("#     - "))
        .collect()
}

fn with_offered(preset: &Preset) -> Policy {
    let rules: String = offered(preset)
        .iter()
        .map(|rule| ["  - ", rule, "\n"].concat())
        .collect();
    let text = format!("version: 1\ninclude: [{}]\nallow:\n{rules}", preset.name);
    Policy::load(preset.name, "offered.yaml", &text, PRESETS)
        .unwrap_or_else(|mistakes| panic!("{mistakes}"))
}

#[test]
fn every_offered_rule_is_one() {
    let mut found = 0;
    for preset in PRESETS.iter().filter(|preset| !offered(preset).is_empty()) {
        with_offered(preset);
        found += 1;
    }
    assert!(found >= 6, "{found}");
}

#[test]
fn an_offered_rule_opens_what_it_is_offered_for() {
    for (preset, method, target, body) in [
        (
            "compose",
            "POST",
            "/containers/create",
            r#"{"Image":"nginx","HostConfig":{"Binds":["/home/me/project/data:/data"],
                "PortBindings":{"80/tcp":[{"HostPort":"80"}]},"RestartPolicy":{"Name":"always"}}}"#,
        ),
        ("compose", "POST", "/session", ""),
        ("compose", "POST", "/grpc", ""),
        ("docker-cli", "POST", "/session", ""),
        ("docker-cli", "POST", "/grpc", ""),
        (
            "testcontainers",
            "POST",
            "/containers/create",
            r#"{"Image":"testcontainers/ryuk:0.11.0","ExposedPorts":{"8080/tcp":{}},"HostConfig":{
                "Binds":["/run/doodgate/tests.sock:/var/run/docker.sock:rw"],"AutoRemove":true,
                "PortBindings":{"8080/tcp":[{"HostIp":"","HostPort":""}]}}}"#,
        ),
        (
            "gitlab-runner",
            "POST",
            "/containers/create",
            r#"{"Image":"alpine","HostConfig":{"Binds":["/srv/gitlab-cache:/cache"],"Links":["redis:redis"]}}"#,
        ),
        (
            "jenkins",
            "POST",
            "/containers/create",
            r#"{"Image":"maven","HostConfig":{"Binds":["/var/lib/jenkins/workspace/app:/var/lib/jenkins/workspace/app:rw,z",
                "/var/lib/jenkins/workspace/app@tmp:/var/lib/jenkins/workspace/app@tmp:rw,z"]}}"#,
        ),
        (
            "jenkins",
            "POST",
            "/containers/create",
            r#"{"Image":"maven","HostConfig":{"VolumesFrom":["jenkins"]}}"#,
        ),
        ("nginx-proxy", "POST", "/containers/x/restart?t=10", ""),
        (
            "nginx-proxy",
            "POST",
            "/containers/x/exec",
            r#"{"Cmd":["nginx","-s","reload"]}"#,
        ),
    ] {
        let preset = Preset::named(preset).unwrap();
        let body = (!body.is_empty()).then_some(body);
        let closed = Policy::load(preset.name, preset.file, preset.text, PRESETS).unwrap();
        assert!(
            ask(&closed, method, target, body).is_err(),
            "{}: {target} {body:?}",
            preset.name
        );
        let open = with_offered(preset);
        if let Err(refusal) = ask(&open, method, target, body) {
            panic!("{}: {target}: {}", preset.name, refusal.message);
        }
        let root = r#"{"Image":"a","HostConfig":{"Binds":["/:/h"]}}"#;
        assert!(ask(&open, "POST", "/containers/create", Some(root)).is_err());
    }
}
