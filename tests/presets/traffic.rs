//! What clients send, under the preset of theirs.

use std::collections::BTreeSet;
use std::fs;

use super::recorded;
use super::support::{folder, judge, policies};

#[test]
fn what_clients_send_gets_the_answer_that_their_preset_promises() {
    let heads = recorded::heads();
    let mut wrong = Vec::new();
    for (preset, policy) in policies() {
        for row in recorded::of(preset.name) {
            let bytes = row.write(&heads[&row.head]);
            let given = judge(&policy, &bytes, row.body.as_deref());
            if given.is_ok() != row.allowed {
                wrong.push(format!(
                    "{}: {} {}: {} {}: {given:?}",
                    preset.name, row.client, row.version, row.method, row.target
                ));
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

#[test]
fn every_preset_has_traffic_of_both_kinds_and_says_where_it_is_from() {
    let heads: BTreeSet<_> = recorded::heads().into_keys().collect();
    let mut used = BTreeSet::new();
    let mut files = BTreeSet::from(["heads".to_owned()]);
    for (preset, _) in policies() {
        files.insert(format!("{}.tsv", preset.name));
        let mut answers = BTreeSet::new();
        for row in recorded::of(preset.name) {
            assert!(
                !row.client.is_empty() && !row.version.is_empty() && !row.source.is_empty(),
                "{}: {row:?}",
                preset.name
            );
            used.insert(row.head);
            answers.insert(row.allowed);
        }
        assert_eq!(answers, BTreeSet::from([false, true]), "{}", preset.name);
    }
    assert_eq!(used, heads, "heads that clients write");
    let found: BTreeSet<_> = fs::read_dir(folder().join("traffic"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_str().unwrap().to_owned())
        .collect();
    assert_eq!(found, files);
}
