//! What policies decide: requests as a client sends them, through the real parser, the real demands and the
//! real rules.

use doodgate::api::Call;
use doodgate::api::json::Document;
use doodgate::demand;
use doodgate::policy::{Effect, Outcome, PRESETS, Policy, Reason};

pub(crate) fn policy(text: &str) -> Policy {
    Policy::load("ci", "p.yaml", text, PRESETS).unwrap_or_else(|problems| panic!("{problems}"))
}

/// The decision in short: the line of the rule that allows, or the message of the denial.
pub(crate) fn decide(policy: &Policy, request: &str, body: &str) -> Result<usize, String> {
    let (method, target) = request.split_once(' ').unwrap();
    let call = Call::from_parts(method, target, None).unwrap();
    let document = (!body.is_empty()).then(|| Document::parse(body.as_bytes()).unwrap());
    let demands = demand::of(&call, document.as_ref()).unwrap();
    let decision = policy.decide(&call, document.as_ref(), &demands);
    let admitted = policy.admit(&call);
    if decision.is_ok() {
        assert_eq!(
            admitted,
            Ok(()),
            "{request}: what is allowed must be admitted"
        );
    }
    match decision {
        Ok(permit) => Ok(permit.rule().map_or(0, |rule| rule.line)),
        Err(denial) => Err(format!("{}: {denial}", denial.reason().code())),
    }
}

fn check(text: &str, cases: &[(&str, &str, Result<usize, &str>)]) {
    let policy = policy(text);
    for (request, body, expected) in cases {
        let got = decide(&policy, request, body);
        assert_eq!(
            got.as_ref().map_err(String::as_str),
            expected.as_ref().map_err(|message| *message),
            "{request} {body}"
        );
    }
}

#[test]
fn nothing_is_allowed_by_default() {
    check(
        "version: 1\nallow: [read]\n",
        &[
            ("GET /_ping", "", Ok(2)),
            ("GET /v1.41/containers/json?all=1", "", Ok(2)),
            (
                "POST /containers/web/stop",
                "",
                Err(
                    "operation_not_allowed: doodgate: ContainerStop refused by policy ci: no rule allows it (`ContainerStop` below `allow` would)",
                ),
            ),
            (
                "GET /v1.41/frobnicate/x",
                "",
                Err(
                    "unknown_operation: doodgate: GET /frobnicate/x refused by policy ci: no operation is known by this method and path, and no rule allows them (`GET /frobnicate/x` below `allow` would)",
                ),
            ),
            (
                "PATCH /containers/json",
                "",
                Err(
                    "unknown_operation: doodgate: PATCH /containers/json refused by policy ci: no operation is known by this method and path, and no rule allows them (`PATCH /containers/json` below `allow` would)",
                ),
            ),
            (
                "GET /v1.23/containers/json",
                "",
                Err(
                    "version_too_old: doodgate: ContainerList refused by policy ci: API version 1.23 is below the minimum, 1.24 (`min-api-version` sets it)",
                ),
            ),
            (
                "GET /containers/json?evil=1",
                "",
                Err(
                    "missing_grant: doodgate: ContainerList refused by policy ci: query.evil: needs grant `unknown-parameter` for `evil` (closest rule: p.yaml:2)",
                ),
            ),
        ],
    );
    check(
        "version: 1\n",
        &[(
            "GET /_ping",
            "",
            Err(
                "operation_not_allowed: doodgate: SystemPing refused by policy ci: no rule allows it (`SystemPing` below `allow` would)",
            ),
        )],
    );
}

#[test]
fn a_deny_beats_every_allow() {
    check(
        r#"
version: 1
include: [read-only]
deny:
  - ContainerExport
  - ContainerCreate: {bind: ["/etc/**", "/etc"]}
  - ContainerCreate: {image: "**", privileged: true}
  - ContainerDelete: {query.force: true}
  - GET /containers/*/top
  - ContainerKill: {path.id: "db-*"}
allow:
  - containers: {body: any}
"#,
        &[
            (
                "GET /containers/web/export",
                "",
                Err(
                    "denied_by_rule: doodgate: ContainerExport refused by policy ci: the rule at p.yaml:5 denies it",
                ),
            ),
            (
                "GET /containers/web/top",
                "",
                Err(
                    "denied_by_rule: doodgate: ContainerTop refused by policy ci: the rule at p.yaml:9 denies it",
                ),
            ),
            ("DELETE /containers/web", "", Ok(12)),
            ("DELETE /containers/web?force=0", "", Ok(12)),
            (
                "DELETE /containers/web?force=off",
                "",
                Err(
                    "denied_by_rule: doodgate: ContainerDelete refused by policy ci: the rule at p.yaml:8 denies it",
                ),
            ),
            ("POST /containers/web/kill", "", Ok(12)),
            (
                "POST /containers/db-1/kill",
                "",
                Err(
                    "denied_by_rule: doodgate: ContainerKill refused by policy ci: the rule at p.yaml:10 denies it",
                ),
            ),
            (
                "POST /containers/create",
                r#"{"Image":"x","HostConfig":{"Binds":["/srv:/x"]}}"#,
                Ok(12),
            ),
            (
                "POST /containers/create",
                r#"{"Image":"x","HostConfig":{"Binds":["/srv:/x","/etc/../etc/passwd:/x:ro"]}}"#,
                Err(
                    "denied_by_rule: doodgate: ContainerCreate refused by policy ci: the rule at p.yaml:6 denies it: HostConfig.Binds[1]: `bind` is denied for `/etc/passwd:ro`",
                ),
            ),
            (
                "POST /containers/create",
                r#"{"Image":"x","HostConfig":{"Privileged":true}}"#,
                Err(
                    "denied_by_rule: doodgate: ContainerCreate refused by policy ci: the rule at p.yaml:7 denies it\n  Image: `image` is denied for `docker.io/library/x:latest`\n  HostConfig.Privileged: `privileged` is denied",
                ),
            ),
        ],
    );
}

#[test]
fn a_call_needs_one_rule_that_grants_all_its_demands() {
    check(
        r#"
version: 1
allow:
  - ContainerCreate: {image: ["registry.corp/**", alpine], bind: "/srv/ci/**:ro", network-mode: [bridge, none]}
  - ContainerCreate: {image: "tools/*", privileged: true, max: {memory: 1GiB, cpus: 1.5}}
  - ContainerExec
"#,
        &[
            (
                "POST /containers/create",
                r#"{"Image":"alpine:3.20"}"#,
                Ok(4),
            ),
            (
                "POST /containers/create",
                r#"{"Image":"registry.corp/a/b@sha256:0000000000000000000000000000000000000000000000000000000000000000"}"#,
                Ok(4),
            ),
            (
                "POST /containers/create",
                r#"{"Image":"alpine","HostConfig":{"Binds":["/srv/ci/x:/x:ro"],"NetworkMode":"none"}}"#,
                Ok(4),
            ),
            (
                "POST /containers/create",
                r#"{"Image":"alpine","HostConfig":{"Privileged":true,"Binds":["/:/host:rw"]}}"#,
                Err(
                    "missing_grant: doodgate: ContainerCreate refused by policy ci (closest rule: p.yaml:4)\n  HostConfig.Privileged: needs grant `privileged`\n  HostConfig.Binds[0]: the rule's `bind` does not match `/:rw`",
                ),
            ),
            (
                "POST /containers/create",
                r#"{"Image":"tools/x","HostConfig":{"Privileged":true,"Memory":2147483648,"NanoCpus":1500000000}}"#,
                Err(
                    "missing_grant: doodgate: ContainerCreate refused by policy ci: HostConfig.Memory: `2GiB` is above the rule's `memory` (closest rule: p.yaml:5)",
                ),
            ),
            (
                "POST /containers/create",
                r#"{"Image":"tools/x","HostConfig":{"Privileged":true,"Memory":1073741824,"NanoCpus":1500000000}}"#,
                Ok(5),
            ),
            (
                "POST /containers/create",
                r#"{"Image":"evil","HostConfig":{"NetworkMode":"host"}}"#,
                Err(
                    "missing_grant: doodgate: ContainerCreate refused by policy ci (closest rule: p.yaml:4)\n  Image: the rule's `image` does not match `docker.io/library/evil:latest`\n  HostConfig.NetworkMode: the rule's `network-mode` does not match `host`",
                ),
            ),
            ("POST /containers/web/exec", r#"{"Cmd":["id"]}"#, Ok(6)),
            (
                "POST /containers/web/exec",
                r#"{"Cmd":["id"],"Privileged":true}"#,
                Err(
                    "missing_grant: doodgate: ContainerExec refused by policy ci: Privileged: needs grant `exec-privileged` (closest rule: p.yaml:6)",
                ),
            ),
        ],
    );
}

#[test]
fn body_any_grants_what_the_rule_does_not_name() {
    check(
        "version: 1\nallow:\n  - ContainerCreate: {body: any, image: alpine}\n",
        &[
            (
                "POST /containers/create",
                r#"{"Image":"alpine","HostConfig":{"Privileged":true}}"#,
                Ok(3),
            ),
            (
                "POST /containers/create",
                r#"{"Image":"alpine","New":{"X":1}}"#,
                Ok(3),
            ),
            (
                "POST /containers/create",
                r#"{"Image":"evil"}"#,
                Err(
                    "missing_grant: doodgate: ContainerCreate refused by policy ci: Image: the rule's `image` does not match `docker.io/library/evil:latest` (closest rule: p.yaml:3)",
                ),
            ),
        ],
    );
}

#[test]
fn conditions_are_about_the_head() {
    check(
        r#"
version: 1
allow:
  - ContainerLogs: {query.follow: false, path.id: ["web-*", "regex:db[0-9]"]}
  - ContainerPrune: {query.filters: "regex:.*label.*"}
"#,
        &[
            ("GET /containers/web-1/logs?stdout=1", "", Ok(4)),
            ("GET /containers/db7/logs?stdout=1&follow=0", "", Ok(4)),
            (
                "GET /containers/web-1/logs?stdout=1&follow=1",
                "",
                Err(
                    "condition_not_met: doodgate: ContainerLogs refused by policy ci: `query.follow` does not match the rule (closest rule: p.yaml:4)",
                ),
            ),
            (
                "GET /containers/db77/logs?follow=True",
                "",
                Err(
                    "condition_not_met: doodgate: ContainerLogs refused by policy ci: `query.follow`, `path.id` do not match the rule (closest rule: p.yaml:4)",
                ),
            ),
            (
                "POST /containers/prune?filters=%7B%22label%22%3A%5B%22a%22%5D%7D",
                "",
                Ok(5),
            ),
            (
                "POST /containers/prune",
                "",
                Err(
                    "condition_not_met: doodgate: ContainerPrune refused by policy ci: `query.filters` does not match the rule (closest rule: p.yaml:5)",
                ),
            ),
        ],
    );
}

#[test]
fn the_halves_of_image_create_are_apart() {
    for (rule, pull, import) in [
        ("ImagePull", true, false),
        ("images.pull", true, false),
        ("ImageImport: {import-source: \"**\"}", false, true),
        ("images.import: {import-source: \"**\"}", false, true),
        ("ImageCreate: {import-source: \"**\"}", true, true),
    ] {
        let policy = policy(&format!("version: 1\nallow:\n  - {rule}\n"));
        let pulled = decide(&policy, "POST /images/create?fromImage=alpine&tag=3", "");
        let imported = decide(
            &policy,
            "POST /images/create?fromSrc=http%3A%2F%2Fevil%2Fx&repo=a",
            "",
        );
        assert_eq!(pulled.is_ok(), pull, "{rule}: {pulled:?}");
        assert_eq!(imported.is_ok(), import, "{rule}: {imported:?}");
    }
}

#[test]
fn rules_by_path_hold_for_known_and_unknown_routes() {
    check(
        r#"
version: 1
allow:
  - GET /containers/*/json
  - GET /x2/**
  - POST regex:/libpod/[a-z]+: {unknown-parameter: "a*"}
"#,
        &[
            ("GET /v1.41/containers/web/json", "", Ok(4)),
            ("GET /x2/a/b/c", "", Ok(5)),
            (
                "GET /x2/a?x=1",
                "",
                Err(
                    "missing_grant: doodgate: GET /x2/a refused by policy ci: query.x: needs grant `unknown-parameter` for `x` (closest rule: p.yaml:5)",
                ),
            ),
            ("POST /libpod/info?abc=1", "", Ok(6)),
            (
                "POST /libpod/info?abc=1&b=2",
                "",
                Err(
                    "missing_grant: doodgate: POST /libpod/info refused by policy ci: query.b: the rule's `unknown-parameter` does not match `b` (closest rule: p.yaml:6)",
                ),
            ),
            (
                "POST /libpod/a/b",
                "",
                Err(
                    "unknown_operation: doodgate: POST /libpod/a/b refused by policy ci: no operation is known by this method and path, and no rule allows them (`POST /libpod/a/b` below `allow` would)",
                ),
            ),
        ],
    );
}

#[test]
fn the_minimum_version_can_be_set() {
    check(
        "version: 1\nmin-api-version: 1.12\nallow: [read]\n",
        &[("GET /v1.12/containers/json", "", Ok(3))],
    );
    let strict = policy("version: 1\nmin-api-version: \"1.44\"\nallow: [read]\n");
    assert!(decide(&strict, "GET /v1.43/_ping", "").is_err());
    assert!(decide(&strict, "GET /_ping", "").is_ok());
}

#[test]
fn an_admission_listens_to_no_body_in_vain() {
    let policy = policy(
        "version: 1\nallow:\n  - ContainerCreate\n  - ImageLoad\ndeny: [ImageLoad, ContainerCreate: {privileged: true}]\n",
    );
    for (request, expected) in [
        ("POST /containers/create", None),
        ("POST /images/load", Some(Reason::DeniedByRule)),
        ("POST /build", Some(Reason::OperationNotAllowed)),
        ("POST /v1.20/containers/create", Some(Reason::VersionTooOld)),
    ] {
        let (method, target) = request.split_once(' ').unwrap();
        let call = Call::from_parts(method, target, None).unwrap();
        let reason = policy.admit(&call).map_err(|denial| denial.reason());
        assert_eq!(reason.err(), expected, "{request}");
    }
}

#[test]
fn a_trace_tells_what_every_rule_says() {
    let policy = policy(
        r#"
version: 1
allow:
  - ContainerCreate: {image: alpine}
  - ContainerCreate: {query.name: "ci-*"}
  - ContainerCreate: {privileged: true}
  - read
deny:
  - ContainerCreate: {bind: "/etc"}
  - ContainerCreate: {pid-mode: host}
"#,
    );
    let call = Call::from_parts("POST", "/containers/create", None).unwrap();
    let document =
        Document::parse(br#"{"Image":"alpine","HostConfig":{"Privileged":true,"PidMode":"host"}}"#)
            .unwrap();
    let demands = demand::of(&call, Some(&document)).unwrap();
    let trace = policy.trace(&call, Some(&document), &demands);
    let got: Vec<_> = trace
        .rules
        .iter()
        .map(|rule| {
            let outcome = match &rule.outcome {
                Outcome::Allows => "allows".to_owned(),
                Outcome::ConditionNotMet(keys) => keys.join(" "),
                Outcome::Denies(missing) | Outcome::Missing(missing) => missing
                    .iter()
                    .map(ToString::to_string)
                    .collect::<Vec<_>>()
                    .join("; "),
                Outcome::NotDemanded => "not demanded".to_owned(),
            };
            (rule.rule.line, rule.effect, outcome)
        })
        .collect();
    let expected = [
        (
            4,
            Effect::Allow,
            "HostConfig.Privileged: needs grant `privileged`; HostConfig.PidMode: needs grant `pid-mode` for `host`",
        ),
        (5, Effect::Allow, "query.name"),
        (
            6,
            Effect::Allow,
            "HostConfig.PidMode: needs grant `pid-mode` for `host`",
        ),
        (9, Effect::Deny, "not demanded"),
        (
            10,
            Effect::Deny,
            "HostConfig.PidMode: `pid-mode` is denied for `host`",
        ),
    ];
    assert_eq!(got.len(), expected.len(), "{got:#?}");
    for (got, (line, effect, outcome)) in got.iter().zip(expected) {
        assert_eq!((got.0, got.1), (line, effect));
        for part in outcome.split("; ") {
            assert!(got.2.contains(part), "{got:?}: {part}");
        }
    }
}
