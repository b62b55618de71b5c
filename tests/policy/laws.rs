//! What holds for every policy: the order of lines never matters, a deny never opens, and no text is a crash.

use std::fmt::Write as _;

use doodgate::api::json::Document;
use doodgate::api::{Call, OPERATIONS};
use doodgate::demand;
use doodgate::policy::{Outcome, fuzz_policy};
use proptest::prelude::*;

use crate::decisions::{decide, policy};

/// Rules of every form, each alone on its line.
const RULES: &[&str] = &[
    "read",
    "containers",
    "containers.lifecycle",
    "containers: {body: any}",
    "ContainerCreate",
    "ContainerCreate: {image: alpine, bind: \"/srv/**:ro\"}",
    "ContainerCreate: {image: [\"registry.corp/**\"], privileged: true}",
    "ContainerCreate: {bind: \"/srv/**\", network-mode: [host, none]}",
    "ContainerCreate: {query.name: \"ci-*\"}",
    "ContainerCreate: {env: \"CI_*\"}",
    "ContainerStop: {path.id: \"web-*\"}",
    "images.pull",
    "ImagePull: {image: \"docker.io/library/*\"}",
    "GET /containers/**",
    "POST regex:/containers/[a-z-]+/(stop|kill)",
    "ContainerLogs: {query.follow: false}",
];

/// Requests that the rules tell apart.
const REQUESTS: &[(&str, &str)] = &[
    ("GET /_ping", ""),
    ("GET /containers/json?all=1", ""),
    ("GET /containers/web/logs?follow=1", ""),
    ("POST /containers/web-1/stop", ""),
    ("POST /containers/db/kill?signal=SIGHUP", ""),
    ("POST /images/create?fromImage=alpine&tag=3", ""),
    ("POST /images/create?fromSrc=-&repo=x", ""),
    ("POST /containers/create", r#"{"Image":"alpine"}"#),
    (
        "POST /containers/create?name=ci-1",
        r#"{"Image":"evil","Env":["CI_X=1","PATH=/"]}"#,
    ),
    (
        "POST /containers/create",
        r#"{"Image":"registry.corp/a","HostConfig":{"Privileged":true}}"#,
    ),
    (
        "POST /containers/create",
        r#"{"Image":"alpine","HostConfig":{"Binds":["/srv/x:/x:ro"],"NetworkMode":"host"}}"#,
    ),
    ("GET /unknown", ""),
];

fn text(allow: &[&str], deny: &[&str]) -> String {
    let mut text = String::from("version: 1\nallow:\n");
    for rule in allow {
        writeln!(text, "  - {rule}").unwrap();
    }
    if allow.is_empty() {
        text = text.replace("allow:", "allow: []");
    }
    if !deny.is_empty() {
        text.push_str("deny:\n");
        for rule in deny {
            writeln!(
                text,
                "  - {}",
                rule.replace("containers: {body: any}", "containers")
            )
            .unwrap();
        }
    }
    text
}

fn rules() -> impl Strategy<Value = Vec<&'static str>> {
    proptest::collection::vec(proptest::sample::select(RULES), 0..7)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn order_never_matters(
        (allow, shuffled) in rules().prop_flat_map(|rules| (Just(rules.clone()), Just(rules).prop_shuffle())),
        (deny, shuffled_deny) in rules().prop_flat_map(|rules| {
            let few: Vec<_> = rules.into_iter().take(2).collect();
            (Just(few.clone()), Just(few).prop_shuffle())
        }),
    ) {
        let one = policy(&text(&allow, &deny));
        let other = policy(&text(&shuffled, &shuffled_deny));
        for (request, body) in REQUESTS {
            prop_assert_eq!(
                decide(&one, request, body).is_ok(),
                decide(&other, request, body).is_ok(),
                "{} {}", request, body
            );
        }
    }

    #[test]
    fn a_deny_never_opens_and_an_allow_never_closes(allow in rules(), more in rules(), deny in rules()) {
        let base = policy(&text(&allow, &[]));
        let closed = policy(&text(&allow, &deny));
        let opened = policy(&text(&[allow, more].concat(), &[]));
        for (request, body) in REQUESTS {
            let (base, closed, opened) =
                (decide(&base, request, body), decide(&closed, request, body), decide(&opened, request, body));
            prop_assert!(base.is_ok() || closed.is_err(), "{} was opened by a deny", request);
            prop_assert!(base.is_err() || opened.is_ok(), "{} was closed by an allow", request);
        }
    }

    #[test]
    fn an_explanation_agrees_with_the_decision(allow in rules(), deny in rules()) {
        let policy = policy(&text(&allow, &deny));
        for (request, body) in REQUESTS {
            let (method, target) = request.split_once(' ').unwrap();
            let call = Call::from_parts(method, target, None).unwrap();
            let document = (!body.is_empty()).then(|| Document::parse(body.as_bytes()).unwrap());
            let demands = demand::of(&call, document.as_ref()).unwrap();
            let trace = policy.trace(&call, document.as_ref(), &demands);
            let allows = trace.rules.iter().any(|rule| rule.outcome == Outcome::Allows);
            let denies = trace.rules.iter().any(|rule| matches!(rule.outcome, Outcome::Denies(_)));
            let decision = policy.decide(&call, document.as_ref(), &demands);
            prop_assert_eq!(decision.is_ok(), allows && !denies, "{} {}", request, body);
            if let Ok(permit) = decision {
                let named = trace.rules.iter().find(|rule| rule.outcome == Outcome::Allows);
                prop_assert_eq!(named.map(|rule| &rule.rule), permit.rule());
            }
        }
    }

    #[test]
    fn no_text_is_a_crash(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        fuzz_policy(&bytes);
    }

    #[test]
    fn no_text_that_looks_like_a_policy_is_a_crash(
        parts in proptest::collection::vec(proptest::sample::select(PARTS), 0..40)
    ) {
        fuzz_policy(parts.concat().as_bytes());
    }
}

/// What policy files are made of, and what breaks them.
const PARTS: &[&str] = &[
    "version: 1\n",
    "allow:",
    "deny:",
    "include: ",
    "sockets:",
    "policies:",
    "\n",
    "\n  ",
    "\n    ",
    "- ",
    ": ",
    ", ",
    "[",
    "]",
    "{",
    "}",
    "\"",
    "'",
    "#",
    "*",
    "**",
    "&a",
    "*a",
    "!t",
    "|",
    ">",
    "---\n",
    "...\n",
    "? ",
    "<<",
    "~",
    "read",
    "read-only",
    "ContainerCreate",
    "bind",
    "/srv/**:ro",
    "image",
    "alpine",
    "regex:(",
    "regex:a|b",
    "GET /x",
    "max",
    "memory",
    "8GiB",
    "query.all",
    "path.id",
    "true",
    "set",
    "force",
    "HostConfig.Memory",
    "Labels",
    "labels",
    "required",
    "listen",
    "unix:///x",
    "tcp://[::]:1",
    "mode",
    "\u{202e}",
    "\u{e9}",
    "\t",
    "\0",
    "\\",
    "ports",
    "127.0.0.1:1-2/tcp",
];

#[test]
fn without_rules_no_operation_is_allowed() {
    let policy = policy("version: 1\n");
    for operation in OPERATIONS {
        let target: Vec<_> = operation
            .template
            .split('/')
            .map(|segment| {
                if segment.starts_with('{') {
                    "x"
                } else {
                    segment
                }
            })
            .collect();
        let request = format!("{} {}", operation.method.as_str(), target.join("/"));
        assert!(decide(&policy, &request, "").is_err(), "{request}");
    }
}
