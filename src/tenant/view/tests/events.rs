//! Events of volumes that the engine has named itself.

use super::super::Shield;
use super::super::testing::tenant;
use super::json_of;
use crate::tenant::{EventListing, Fact, View};

fn event(action: &str, volume: &str) -> String {
    format!(
        r#"{{"Type":"volume","Action":"{action}","Actor":{{"ID":"{volume}","Attributes":{{"driver":"local"}}}}}}"#
    )
}

fn first(name: &str) -> &str {
    name.get(..1).unwrap()
}

/// The actions and volumes that come out, and the volumes that were asked for. An engine in which `owner` tells whose each is.
fn heard(
    events: &[String],
    known: &[&str],
    owner: impl Fn(&str) -> Option<&'static str>,
) -> (Vec<String>, Vec<String>) {
    let wanted = EventListing {
        volumes: known.iter().map(|name| (*name).to_owned()).collect(),
        ..EventListing::default()
    };
    let mut shield = Shield::new(tenant("acme"), View::Events(wanted));
    let (mut out, mut asked) = (Vec::new(), Vec::new());
    shield.push(events.concat().as_bytes(), &mut out).unwrap();
    while let Some(question) = shield.question() {
        let name = question
            .target
            .strip_prefix("/volumes/")
            .unwrap()
            .to_owned();
        let (status, body) = match owner(&name) {
            Some(owner) => (
                200,
                format!(r#"{{"Name":"{name}","Labels":{{"io.doodgate.tenant":"{owner}"}}}}"#),
            ),
            None => (404, String::new()),
        };
        asked.push(first(&name).to_owned());
        let body = body.into_bytes();
        shield
            .learn(question, Fact { status, body }, &mut out)
            .unwrap();
    }
    shield.finish(&mut out).unwrap();
    let shown = String::from_utf8(out).unwrap();
    let shown = shown.lines().map(|line| {
        let event = json_of(line);
        let volume = first(event["Actor"]["ID"].as_str().unwrap());
        format!("{} {volume}", event["Action"].as_str().unwrap())
    });
    (shown.collect(), asked)
}

#[test]
fn an_unnamed_volumes_events_are_its_owners() {
    let [mine, theirs, gone] = ["1", "2", "3"].map(|digit| digit.repeat(64));
    let owner = |name: &str| match first(name) {
        "1" => Some("acme"),
        "2" => Some("zulu"),
        _ => None,
    };
    let events = [
        event("create", &theirs),
        event("create", "acme.db"),
        event("create", &mine),
        event("mount", &mine),
        event("mount", &theirs),
        event("create", &gone),
        event("destroy", &mine),
        event("destroy", &gone),
        event("create", "zulu.db"),
        event("prune", ""),
        event("unmount", "acme.db"),
    ];
    let (shown, asked) = heard(&events, &[], owner);
    assert_eq!(
        shown,
        ["create d", "create 1", "mount 1", "destroy 1", "unmount d"]
    );
    assert_eq!(asked, ["2", "1", "2", "3", "3"]);
}

#[test]
fn the_last_event_is_told_of_what_is_known() {
    let [mine, theirs] = ["1", "2"].map(|digit| digit.repeat(64));
    let events = [
        event("destroy", &mine),
        event("destroy", &theirs),
        event("create", &mine),
    ];
    // Another could have made one of that name since.
    let (shown, asked) = heard(&events, &[&mine], |_| Some("zulu"));
    assert_eq!(shown, ["destroy 1"]);
    assert_eq!(asked, ["2", "1"]);
}
