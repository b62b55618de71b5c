//! The table of calls: hostile and ordinary, on old and new versions of the API.

use super::demands;

#[test]
fn calls_demand_what_their_operation_does_not_grant() {
    check(include_str!("cases.tsv"), asked);
}

/// What attackers and clients may think of, family by family.
#[test]
fn no_way_of_writing_it_hides_a_demand() {
    check(include_str!("hostile.tsv"), asked);
}

/// The demand of a line, where the operation's bare name does not grant it.
fn asked(line: &str) -> Option<String> {
    let (demand, _) = line.rsplit_once(" @ ")?;
    (!demand.starts_with('+')).then(|| demand.to_owned())
}

#[test]
fn what_is_safe_is_a_demand_all_the_same() {
    check(include_str!("whole.tsv"), |line| Some(line.to_owned()));
}

/// Compares a table with what is found, in any order.
fn check(table: &str, shown: impl Fn(&str) -> Option<String>) {
    let mut wrong = Vec::new();
    for line in table.lines().filter(|line| !line.starts_with('#')) {
        let [request, body, expected] = line.split('\t').collect::<Vec<_>>()[..] else {
            panic!("no three columns: {line}")
        };
        let request = if request.is_empty() {
            "POST /v1.41/containers/create"
        } else {
            request
        };
        let found = match demands(request, &whole(body)) {
            Ok(demands) => demands.iter().filter_map(|line| shown(line)).collect(),
            Err(_) => vec!["400".to_owned()],
        };
        let found = if found.is_empty() {
            vec!["safe".to_owned()]
        } else {
            found
        };
        let expected: Vec<String> = expected.split(" ; ").map(str::to_owned).collect();
        if sorted(&found) != sorted(&expected) {
            let (expected, found) = (expected.join(" ; "), found.join(" ; "));
            wrong.push(format!(
                "{request} {body}\n  expected: {expected}\n  found:    {found}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn sorted(lines: &[String]) -> Vec<String> {
    let mut lines = lines.to_vec();
    lines.sort();
    lines
}

fn whole(body: &str) -> String {
    match body.strip_prefix("H ") {
        Some(host) => format!(r#"{{"Image":"alpine","HostConfig":{host}}}"#),
        None => body.to_owned(),
    }
}

#[test]
fn names_are_respelt_as_the_engine_spells_them() {
    for (target, body, expected) in [
        (
            "/containers/create",
            r#"{"image":"a","LABELS":{"image":"x"},"hostconfig":{"BINDS":["v:/x"],"mounts":[{"type":"tmpfs","TARGET":"/t","tmpfsoptions":{"SIZEBYTES":1}}],"portbindings":{"80/TCP":[{"hostip":"127.0.0.1"}]},"new":{"image":1}},"networkingconfig":{"endpointsconfig":{"N":{"aliases":["A"]}}},"pidmode":""}"#,
            r#"{"Image":"a","Labels":{"image":"x"},"HostConfig":{"Binds":["v:/x"],"Mounts":[{"Type":"tmpfs","Target":"/t","TmpfsOptions":{"SizeBytes":1}}],"PortBindings":{"80/TCP":[{"HostIp":"127.0.0.1"}]},"new":{"image":1}},"NetworkingConfig":{"EndpointsConfig":{"N":{"Aliases":["A"]}}},"PidMode":""}"#,
        ),
        (
            "/containers/create",
            "{\"Label\u{17F}\":{}}",
            "{\"Label\u{17F}\":{}}",
        ),
        (
            "/containers/create",
            r#"{"image":"a","IMAGE":"b"}"#,
            r#"{"Image":"a","IMAGE":"b"}"#,
        ),
        (
            "/plugins/pull?remote=x",
            r#"[{"name":"n","VALUE":["v"]}]"#,
            r#"[{"Name":"n","Value":["v"]}]"#,
        ),
        (
            "/swarm/unlock",
            r#"{"unlockkey":"k"}"#,
            r#"{"UnlockKey":"k"}"#,
        ),
        ("/swarm/leave", r#"{"force":true}"#, r#"{"force":true}"#),
    ] {
        let call = doodgate::api::Call::from_parts("POST", target, None).expect("a target");
        let mut document = doodgate::api::json::Document::parse(body.as_bytes()).expect("JSON");
        doodgate::demand::canonicalise(&call, &mut document);
        let mut written = Vec::new();
        document.write(&mut written);
        assert_eq!(
            String::from_utf8_lossy(&written),
            expected,
            "{target} {body}"
        );
    }
}
