//! What the grammar makes of request targets: `targets.txt`, one case a line.

use doodgate::api::{ApiVersion, Call, Meaning, OPERATIONS, Route, UnknownParameters};
use proptest::prelude::*;

const NEWEST: ApiVersion = ApiVersion::new(1, 56);

/// Method, target, and what is expected: a refusal's code, `unknown`, or an operation and its names.
fn cases() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    include_str!("targets.txt")
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with("# "))
        .map(|line| {
            let (request, expected) = line
                .split_once(" -> ")
                .unwrap_or_else(|| panic!("no arrow in {line}"));
            let (method, target) = request
                .split_once(' ')
                .unwrap_or_else(|| panic!("no method in {line}"));
            (method, target, expected)
        })
}

/// The outcome in the words of `targets.txt`.
fn outcome(method: &str, target: &str) -> String {
    match Call::from_parts(method, target, None) {
        Err(refusal) => refusal.code().to_owned(),
        Ok(call) => match &call.route {
            Route::Unknown { path, .. } => format!("unknown {path}"),
            Route::Known(operation, targets) => {
                let mut outcome = operation.name.to_owned();
                for (name, value) in operation.names().zip(targets) {
                    outcome.extend([" ", name, "=", value]);
                }
                for entry in call.query.iter() {
                    let mark = match entry.meaning {
                        Meaning::Read(_) => "",
                        Meaning::Inert => "~",
                        Meaning::Unknown => "?",
                    };
                    let value = entry.value.escape_debug().to_string();
                    outcome.extend([" ", mark, &entry.name, "=", &value]);
                }
                outcome
            }
        },
    }
}

#[test]
fn every_case_has_its_outcome() {
    let wrong: Vec<String> = cases()
        .filter(|(method, target, expected)| outcome(method, target) != *expected)
        .map(|(method, target, expected)| {
            format!(
                "{method} {target}\n  is     {}\n  not    {expected}",
                outcome(method, target)
            )
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_query_has_a_longest_length() {
    let target = |count: usize| format!("/images/get?{}", vec!["names=a"; count].join("&"));
    assert_eq!(outcome("GET", &target(1001)), "query_length");
    let target = target(1000);
    let call = Call::from_parts("GET", &target, None).expect("as many as may be");
    assert_eq!(call.query.all("names").count(), 1000);
    assert_eq!(call.name(), "ImageGetAll");
}

fn written(call: &Call<'_>) -> String {
    let mut out = Vec::new();
    call.write_target(Some(NEWEST), UnknownParameters::Forward, &mut out);
    String::from_utf8(out).expect("a target is ASCII")
}

/// The call as it should read after it was written: at the version that it was written at, without inert parameters.
fn settle<'a>(call: &Call<'a>) -> (Route<'a>, Option<ApiVersion>, Vec<(String, String)>) {
    let default = call.lacks_version().then_some(NEWEST);
    let query = call
        .query
        .iter()
        .filter(|entry| entry.meaning != Meaning::Inert)
        .map(|entry| (entry.name.to_string(), entry.value.to_string()))
        .collect();
    (call.route.clone(), call.version.or(default), query)
}

#[test]
fn what_is_written_reads_as_the_same_call() {
    for (method, target, _) in cases() {
        if let Ok(call) = Call::from_parts(method, target, None) {
            let target = written(&call);
            let again = Call::from_parts(method, &target, None)
                .unwrap_or_else(|error| panic!("{target}: {error}"));
            assert_eq!(settle(&call), settle(&again), "{target}");
            assert_eq!(target, written(&again));
        }
    }
}

#[test]
fn every_template_names_its_own_operation() {
    for operation in OPERATIONS {
        let path = operation
            .template
            .replace("{name...}", "registry.corp:5000/team/app@sha256:0/json")
            .replace("{path...}", "containers/json")
            .replace("{id...}", "registry.corp:5000/team/app:1")
            .replace("{checkpoint}", "prune")
            .replace("{id}", "json")
            .replace("{name}", "create");
        let call =
            Call::from_parts(operation.method.as_str(), &path, None).expect("a template is legal");
        assert_eq!(
            call.operation().map(|found| found.name),
            Some(operation.name),
            "{path}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Any mixture of the pieces that parsers disagree on is refused, or has one reading that survives being written.
    #[test]
    fn a_reading_survives_being_written(
        method in prop::sample::select(vec!["GET", "POST", "DELETE", "HEAD", "PUT", "OPTIONS", "PATCH", "get"]),
        pieces in prop::collection::vec(prop::sample::select(vec![
            "/", "/", "/", "/v1.41", "/v1.041", "/V1.41", "containers", "images", "json", "create", "networks", "debug",
            "pprof", "%2F", "%2f", "%2e", "..", ".", "%", "%25", "%00", "%c0%af", "%6a", "\\", "%5c", "#", ";", "a", "my-app",
            "alpine:latest", "@sha256:0", "?", "&", "=", "+", "filters", "all", "{\"a\":[\"b\"]}", "%0a", "%e2%80%a8", "\u{e9}", " ",
            "docker.io", "push", "tag", "t", "volumes", "prune", "plugins", "enable", "http:", "*",
        ]), 0..14),
    ) {
        let target = pieces.concat();
        if let Ok(call) = Call::from_parts(method, &target, None) {
            let out = written(&call);
            prop_assert!(out.bytes().all(|byte| byte.is_ascii_graphic() && !b"#;\\".contains(&byte)), "{out}");
            let path = out.split('?').next().expect("a first part");
            prop_assert!(!path.contains("//") && !path.contains("/./") && !path.contains("/../"), "{out}");
            prop_assert!(!path.to_lowercase().contains("%2f"), "{out}");
            let again = Call::from_parts(method, &out, None);
            prop_assert!(again.is_ok(), "{out}: {again:?}");
            prop_assert_eq!(settle(&call), settle(&again.expect("just checked")));
        }
    }

    /// No name, whatever it holds, can make a written target be anything but the same operation.
    #[test]
    fn a_name_cannot_become_a_path(name in "\\PC{1,12}", value in "\\PC{0,12}") {
        let encoded = |text: &str| text.bytes().fold(String::new(), |text, byte| text + &format!("%{byte:02x}"));
        let target = format!("/containers/{}/stop?signal={}", encoded(&name), encoded(&value));
        if let Ok(call) = Call::from_parts("POST", &target, None) {
            prop_assert_eq!(call.target("id"), Some(name.as_str()));
            let out = written(&call);
            let again = Call::from_parts("POST", &out, None).expect("written by us");
            prop_assert_eq!(again.target("id"), Some(name.as_str()));
            prop_assert_eq!(again.parameter("signal"), Some(value.as_str()));
            let path = out.split('?').next().expect("a first part");
            prop_assert_eq!(path.matches('/').count(), 4, "{}", out);
        }
    }
}
