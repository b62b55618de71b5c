//! What reaches the host, or what no client of a preset asks for, is refused by all of them.

use super::support::{ask, policies, rows};

#[test]
fn no_preset_but_everything_reaches_the_host() {
    let mut wrong = Vec::new();
    for (preset, policy) in policies() {
        for [what, method, target, body] in rows::<4>("escapes.tsv") {
            let body = (body != "-").then_some(body.as_str());
            let refused = ask(&policy, &method, &target, body).is_err();
            if refused == (preset.name == "everything") && !is_beyond_everything(&target) {
                wrong.push(format!("{}: {what}: {method} {target}", preset.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Routes that the gate does not know are refused under `everything` too.
fn is_beyond_everything(target: &str) -> bool {
    target.ends_with("/escape")
}

#[test]
fn a_refusal_says_what_is_missing() {
    let (_, compose) = policies()
        .into_iter()
        .find(|(preset, _)| preset.name == "compose")
        .unwrap();
    let body = r#"{"Image":"alpine","HostConfig":{"Privileged":true,"Binds":["/var/run/docker.sock:/s"]}}"#;
    let refusal = ask(&compose, "POST", "/containers/create", Some(body))
        .unwrap_err()
        .message;
    for word in [
        "ContainerCreate",
        "HostConfig.Privileged",
        "HostConfig.Binds[0]",
        "compose",
    ] {
        assert!(refusal.contains(word), "{word} in:\n{refusal}");
    }
}
