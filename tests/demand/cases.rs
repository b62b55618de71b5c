//! The table of calls: hostile and ordinary, on old and new versions of the API.

use super::demands;

#[test]
fn calls_demand_what_their_operation_does_not_grant() {
    check(include_str!("cases.tsv"), |line| {
        let (demand, _) = line.rsplit_once(" @ ")?;
        (!demand.starts_with('+')).then(|| demand.to_owned())
    });
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
