//! `set`, `force`, `require` and `max`: what reaches the engine, and what is refused.

use doodgate::api::Call;
use doodgate::api::json::Document;
use doodgate::demand;
use doodgate::policy::Policy;

use crate::decisions::policy;

/// The document that the engine gets, and the places that were rewritten; or the denial.
fn rewrite(policy: &Policy, body: &str) -> Result<(String, Vec<String>), String> {
    let call = Call::from_parts("POST", "/containers/create", None).unwrap();
    let document = Document::parse(body.as_bytes()).unwrap();
    let demands = demand::of(&call, Some(&document)).unwrap();
    let permit = policy
        .decide(&call, Some(&document), &demands)
        .map_err(|denial| denial.to_string())?;
    let mut out = Vec::new();
    permit.document().unwrap().write(&mut out);
    let places = permit
        .rewrites()
        .iter()
        .map(|rewrite| format!("{}={}", rewrite.place, rewrite.value))
        .collect();
    Ok((String::from_utf8(out).unwrap(), places))
}

fn check(rules: &str, cases: &[(&str, Result<&str, &str>)]) {
    let policy = policy(rules);
    for (body, expected) in cases {
        match (rewrite(&policy, body), expected) {
            (Ok((got, _)), Ok(expected)) => assert_eq!(got, *expected, "{body}"),
            (Err(got), Err(expected)) => {
                assert!(
                    got.contains(expected),
                    "{body}: {expected} is not in: {got}"
                );
            }
            (got, expected) => panic!("{body}: {got:?}, not {expected:?}"),
        }
    }
}

#[test]
fn set_fills_what_the_client_left_out() {
    check(
        r"
version: 1
allow:
  - ContainerCreate:
      set:
        HostConfig.PidsLimit: 512
        HostConfig.Memory: 1GiB
        HostConfig.CapDrop: [ALL]
        HostConfig.Init: true
        Labels: {com.example.team: ci}
",
        &[
            (
                r#"{"Image":"x"}"#,
                Ok(
                    r#"{"Image":"x","HostConfig":{"CapDrop":["ALL"],"Init":true,"Memory":1073741824,"PidsLimit":512},"Labels":{"com.example.team":"ci"}}"#,
                ),
            ),
            (
                // What the docker CLI sends for fields that nobody gave is as good as nothing.
                r#"{"Image":"x","Labels":{},"HostConfig":{"Memory":0,"PidsLimit":null,"CapDrop":null,"Init":false}}"#,
                Ok(
                    r#"{"Image":"x","Labels":{"com.example.team":"ci"},"HostConfig":{"Memory":1073741824,"PidsLimit":512,"CapDrop":["ALL"],"Init":true}}"#,
                ),
            ),
            (
                r#"{"Image":"x","hostconfig":{"memory":5000000,"PidsLimit":7,"CapDrop":["A"],"Init":true},"Labels":{"com.example.team":"x"}}"#,
                Ok(
                    r#"{"Image":"x","hostconfig":{"memory":5000000,"PidsLimit":7,"CapDrop":["A"],"Init":true},"Labels":{"com.example.team":"x"}}"#,
                ),
            ),
        ],
    );
}

#[test]
fn force_stands_over_what_the_client_sent() {
    check(
        r"
version: 1
allow:
  - ContainerCreate:
      force: {HostConfig.Privileged: false, HostConfig.NetworkMode: none, HostConfig.Binds: []}
      set: {HostConfig.NetworkMode: bridge}
",
        &[
            (
                r#"{"Image":"x","HostConfig":{"privileged":true,"NetworkMode":"host","Binds":["/:/host"]}}"#,
                Ok(
                    r#"{"Image":"x","HostConfig":{"Privileged":false,"NetworkMode":"none","Binds":[]}}"#,
                ),
            ),
            // What is forced elsewhere forces nothing here.
            (
                r#"{"Image":"x","HostConfig":{"Mounts":[{"Type":"bind","Source":"/","Target":"/x"}]}}"#,
                Err("needs grant `bind` for `/:rw`"),
            ),
            (
                r#"{"Image":"x","HostConfig":{"PidMode":"host"}}"#,
                Err("needs grant `pid-mode` for `host`"),
            ),
        ],
    );
}

#[test]
fn max_and_require_want_a_bound() {
    check(
        "version: 1\nallow:\n  - ContainerCreate: {max: {memory: 1GiB, pids: 100}, require: [memory]}\n",
        &[
            (
                r#"{"Image":"x","HostConfig":{"Memory":1073741824,"PidsLimit":100}}"#,
                Ok(r#"{"Image":"x","HostConfig":{"Memory":1073741824,"PidsLimit":100}}"#),
            ),
            (
                r#"{"Image":"x","HostConfig":{"Memory":1073741825,"PidsLimit":100}}"#,
                Err("HostConfig.Memory: `1073741825B` is above the rule's `memory`"),
            ),
            (
                r#"{"Image":"x","HostConfig":{"Memory":1,"PidsLimit":-1}}"#,
                Err("`unlimited` is above the rule's `pids`"),
            ),
            (r#"{"Image":"x"}"#, Err("memory")),
        ],
    );
    // A rule that sets the bound itself has it.
    check(
        "version: 1\nallow:\n  - ContainerCreate: {max: {memory: 1GiB}, require: [memory], set: {HostConfig.Memory: 512MiB}}\n",
        &[
            (
                r#"{"Image":"x"}"#,
                Ok(r#"{"Image":"x","HostConfig":{"Memory":536870912}}"#),
            ),
            (
                r#"{"Image":"x","HostConfig":{"Memory":2147483648}}"#,
                Err("`2GiB` is above"),
            ),
        ],
    );
}

/// What is left out is not nothing: the engine puts something in its place, which a rule may not want.
#[test]
fn what_is_left_out_is_no_way_around_a_restriction() {
    check(
        "version: 1\nallow:\n  - ContainerCreate: {image: alpine}\n",
        &[
            (r#"{"Image":"alpine"}"#, Ok(r#"{"Image":"alpine"}"#)),
            (
                r#"{"Cmd":["/v/x"],"HostConfig":{"Binds":["v:/v"]}}"#,
                Err("(none)"),
            ),
            (
                r#"{"Image":""}"#,
                Err("Image: the rule's `image` does not match `(none)`"),
            ),
            (r#"{"Image":null}"#, Err("(none)")),
        ],
    );
    check(
        "version: 1\nallow:\n  - ContainerCreate: {require: [image, user]}\n",
        &[
            (
                r#"{"Image":"a","User":"1"}"#,
                Ok(r#"{"Image":"a","User":"1"}"#),
            ),
            (r#"{"Image":"a"}"#, Err("user")),
            (r#"{"User":"1"}"#, Err("image")),
        ],
    );
    check(
        "version: 1\nallow:\n  - ContainerCreate: {max: {memory: 1GiB, memory-swap: 1GiB}}\n",
        &[
            (
                r#"{"HostConfig":{"Memory":9,"MemorySwap":9}}"#,
                Ok(r#"{"HostConfig":{"Memory":9,"MemorySwap":9}}"#),
            ),
            (
                r#"{"HostConfig":{"Memory":536870912}}"#,
                Ok(r#"{"HostConfig":{"Memory":536870912}}"#),
            ),
            (
                r#"{"HostConfig":{"Memory":536870913}}"#,
                Err("HostConfig.MemorySwap"),
            ),
        ],
    );
}

#[test]
fn labels_can_be_required_and_restricted() {
    check(
        "version: 1\nallow:\n  - ContainerCreate: {labels: {required: \"team=*\", allowed: [\"team=ci-*\", \"x=*\"]}}\n",
        &[
            (
                r#"{"Image":"x","Labels":{"team":"ci-1"}}"#,
                Ok(r#"{"Image":"x","Labels":{"team":"ci-1"}}"#),
            ),
            (
                r#"{"Image":"x","Labels":{"x":"1"}}"#,
                Err("needs a label that the rule requires"),
            ),
            (
                r#"{"Image":"x","Labels":{"team":"ops"}}"#,
                Err("the rule's `labels` does not match `team=ops`"),
            ),
            (r#"{"Image":"x"}"#, Err("needs a label")),
        ],
    );
    check(
        "version: 1\nallow:\n  - ContainerCreate: {labels: {required: \"team=*\"}, set: {Labels.team: ci}}\n",
        &[(
            r#"{"Image":"x"}"#,
            Ok(r#"{"Image":"x","Labels":{"team":"ci"}}"#),
        )],
    );
    // What is forced for one label is forced for no other, whatever its name looks like.
    check(
        "version: 1\nallow:\n  - ContainerCreate: {labels: \"x=*\", force: {Labels: {team: ci}}}\n",
        &[
            (
                r#"{"Image":"x","Labels":{"team":"ops","x":"1"}}"#,
                Ok(r#"{"Image":"x","Labels":{"team":"ci","x":"1"}}"#),
            ),
            (
                r#"{"Image":"x","Labels":{"team.x":"ops"}}"#,
                Err("does not match `team.x=ops`"),
            ),
            (
                r#"{"Image":"x","Labels":{"team\"]":"ops"}}"#,
                Err("does not match"),
            ),
            (
                r#"{"Image":"x","HostConfig.Privileged":true}"#,
                Err("needs grant `unknown-field`"),
            ),
        ],
    );
}

#[test]
fn all_allowing_rules_write_and_conflicts_are_refused() {
    let rules = r"
version: 1
allow:
  - ContainerCreate: {force: {HostConfig.Memory: 1GiB}}
  - ContainerCreate: {set: {HostConfig.PidsLimit: 5, HostConfig.Memory: 2GiB}}
  - ContainerCreate: {privileged: true, set: {HostConfig.PidsLimit: 6}}
  - ContainerCreate
";
    let policy = policy(rules);
    let conflict = rewrite(&policy, r#"{"Image":"x"}"#).unwrap_err();
    assert_eq!(
        conflict,
        "doodgate: ContainerCreate refused by policy ci: the rules at p.yaml:5 and p.yaml:6 write different values to HostConfig.PidsLimit"
    );
    let (document, places) =
        rewrite(&policy, r#"{"Image":"x","HostConfig":{"PidsLimit":9}}"#).unwrap();
    assert_eq!(
        document,
        r#"{"Image":"x","HostConfig":{"PidsLimit":9,"Memory":1073741824}}"#
    );
    assert_eq!(
        places,
        [
            "HostConfig.Memory=2147483648",
            "HostConfig.Memory=1073741824"
        ]
    );
}
