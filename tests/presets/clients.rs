//! What real clients ask under the preset of theirs.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use super::support::{VERSIONS, ask, folder, policies, rows};

/// Whether a target has a version already.
fn is_versioned(target: &str) -> bool {
    target.starts_with("/v1.")
}

#[test]
fn every_client_gets_the_answers_that_its_preset_promises() {
    let policies: BTreeMap<_, _> = policies()
        .into_iter()
        .map(|(preset, policy)| (preset.name, policy))
        .collect();
    let mut wrong = Vec::new();
    for [client, preset, method, target, body, _need, answer] in rows::<7>("clients.tsv") {
        let policy = policies
            .get(preset.as_str())
            .unwrap_or_else(|| panic!("no preset {preset}"));
        let body = (body != "-").then(|| {
            let file = folder().join("bodies").join(format!("{body}.json"));
            fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
        });
        for version in VERSIONS {
            if is_versioned(&target) && !version.is_empty() {
                continue;
            }
            let given = ask(
                policy,
                &method,
                &format!("{version}{target}"),
                body.as_deref(),
            );
            if given.is_ok() != (answer == "allow") {
                wrong.push(format!(
                    "{preset}: {client}: {method} {version}{target}: {given:?}"
                ));
                break;
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} rows:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// Clients begin with one of these, and take a refusal for an old or a dead engine.
#[test]
fn every_preset_answers_what_clients_begin_with() {
    for (preset, policy) in policies() {
        for version in VERSIONS {
            for (method, path) in [("GET", "/_ping"), ("HEAD", "/_ping"), ("GET", "/version")] {
                let given = ask(&policy, method, &format!("{version}{path}"), None);
                assert_eq!(given, Ok(()), "{}: {method} {version}{path}", preset.name);
            }
        }
    }
}

/// `docker run` sends these in this order, and waits for ever when one in the middle is refused.
#[test]
fn create_attach_wait_and_start_go_together() {
    let steps = [
        ("/containers/x/attach?stream=1&stdout=1", None),
        ("/containers/x/wait?condition=next-exit", None),
        ("/containers/x/start", None),
    ];
    for (preset, policy) in policies() {
        let creates = ask(
            &policy,
            "POST",
            "/containers/create",
            Some(r#"{"Image":"a"}"#),
        )
        .is_ok();
        let attaches = ask(&policy, "POST", steps[0].0, steps[0].1).is_ok();
        if creates && attaches {
            for (target, body) in steps {
                assert_eq!(
                    ask(&policy, "POST", target, body),
                    Ok(()),
                    "{}",
                    preset.name
                );
            }
        }
        if creates {
            assert_eq!(
                ask(&policy, "POST", "/containers/x/start", None),
                Ok(()),
                "{}",
                preset.name
            );
        }
    }
}

#[test]
fn every_preset_has_a_client_and_says_whom_it_is_for() {
    let tried: BTreeSet<_> = rows::<7>("clients.tsv")
        .into_iter()
        .map(|[_, preset, ..]| preset)
        .collect();
    for (preset, _) in policies() {
        if preset.name != "everything" {
            assert!(
                tried.contains(preset.name),
                "no client is tried under {}",
                preset.name
            );
        }
        assert!(!preset.summary().is_empty(), "{}", preset.name);
        for word in ["# Gives: ", "# Keeps back: "] {
            assert!(preset.text.contains(word), "{}: {word}", preset.file);
        }
    }
}

#[test]
fn the_folder_and_the_table_of_presets_agree() {
    let folder = folder().join("../../policies");
    let files: BTreeSet<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| format!("policies/{}", entry.unwrap().file_name().to_str().unwrap()))
        .collect();
    let table: BTreeSet<_> = policies()
        .into_iter()
        .map(|(preset, _)| preset.file.to_owned())
        .collect();
    assert_eq!(files, table);
}
