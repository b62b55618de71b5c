//! Events.

use serde_json::Value;

use super::super::Shield;
use super::super::testing::tenant;
use super::{json_of, shown};
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

#[test]
fn events_are_the_tenants_own() {
    let events: Vec<String> = shown(View::Events(EventListing::default()), sample!("26-events"))
        .lines()
        .map(|line| {
            let event: Value = json_of(line);
            let actor = &event["Actor"];
            let who = match &event["Type"] {
                kind if kind == "volume" => &actor["ID"],
                _ => &actor["Attributes"]["name"],
            };
            format!("{} {} {who}", event["Type"], event["Action"]).replace('"', "")
        })
        .collect();
    for expected in [
        "network create bridge",
        "network connect back",
        "volume create data",
        "volume mount data",
        "container create web",
        "container start web",
        "container rename linked",
        "container destroy once",
        "image tag acme-app:1",
    ] {
        assert!(
            events.iter().any(|event| event == expected),
            "{expected} is not among {events:?}"
        );
    }
    // The builder's containers have the label, and no name that is the tenant's; unnamed volumes are anybody's.
    for event in &events {
        assert!(!event.contains('_'), "{event}");
        assert!(!event.starts_with("volume create d46a"), "{event}");
    }
}

#[test]
fn record_separators_stay_with_their_events() {
    let event = |name: &str| {
        format!(
            r#"{{"Type":"network","Action":"create","Actor":{{"ID":"1","Attributes":{{"name":"{name}"}}}}}}"#
        )
    };
    let stream = format!(
        "\x1e{}\n\x1e{}\n\x1e{}\n",
        event("acme.a"),
        event("zulu.b"),
        event("acme.c")
    );
    let expected = format!("\x1e{}\n\x1e{}\n", event("a"), event("c"));
    assert_eq!(
        shown(View::Events(EventListing::default()), &stream),
        expected
    );
}

#[test]
fn an_event_goes_out_as_soon_as_it_is_complete() {
    let mut shield = Shield::new(tenant("acme"), View::Events(EventListing::default()));
    let mut out = Vec::new();
    let event = sample!("26-events").lines().next().unwrap();
    shield.push(event.as_bytes(), &mut out).unwrap();
    assert!(out.ends_with(b"}\n"));
}

#[test]
fn events_of_other_kinds_are_dropped() {
    for kind in ["daemon", "plugin", "builder", "node", "x"] {
        let event = format!(
            r#"{{"Type":"{kind}","Actor":{{"ID":"acme.a","Attributes":{{"name":"acme.a","io.doodgate.tenant":"acme"}}}}}}"#
        );
        assert_eq!(
            shown(View::Events(EventListing::default()), &event),
            "",
            "{kind}"
        );
    }
}
