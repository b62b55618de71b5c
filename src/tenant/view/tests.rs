//! Answers of real engines, in which `acme` and `zulu` each have the same project, and the host has a container.

use proptest::prelude::*;
use regex::Regex;
use serde_json::{Value, json};

use super::Shield;
use super::testing::tenant;
use crate::tenant::{
    Counts, EventListing, Fact, ImageListing, Listing, Names, Tenant, Unshieldable, View,
};

macro_rules! sample {
    ($name:literal) => {
        include_str!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/views/",
            $name,
            ".json"
        ))
    };
}

mod events;
mod images;
mod swarm;
mod usage;

const COUNTS: Counts = Counts {
    containers: 3,
    running: 2,
    paused: 0,
    stopped: 1,
    images: 4,
};

fn through(tenant: Tenant, view: View, pieces: &[&[u8]]) -> Result<String, Unshieldable> {
    let mut shield = Shield::new(tenant, view);
    let mut out = Vec::new();
    // What is asked for is not there.
    let settle = |shield: &mut Shield, out: &mut Vec<u8>| -> Result<(), Unshieldable> {
        while let Some(question) = shield.question() {
            let (status, body) = (404, Vec::new());
            shield.learn(question, Fact { status, body }, out)?;
        }
        Ok(())
    };
    for piece in pieces {
        shield.push(piece, &mut out)?;
        settle(&mut shield, &mut out)?;
    }
    shield.finish(&mut out)?;
    settle(&mut shield, &mut out)?;
    Ok(String::from_utf8(out).unwrap())
}

fn shown(view: View, answer: &str) -> String {
    through(tenant("acme"), view, &[answer.as_bytes()]).unwrap()
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test reads what the shield wrote"
)]
fn json_of(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn parsed(view: View, answer: &str) -> Value {
    json_of(&shown(view, answer))
}

fn data_usage() -> View {
    View::DataUsage {
        own: Names::new(),
        used: None,
    }
}

/// An image that is asked for by its id, by a tenant without names of its own.
fn image_inspect() -> View {
    View::ImageInspect {
        term: format!("sha256:{}", "0".repeat(64)),
        own: Some(Names::new()),
    }
}

fn refused(view: View, answer: &str) -> String {
    through(tenant("acme"), view, &[answer.as_bytes()])
        .unwrap_err()
        .to_string()
}

fn all() -> Listing {
    Listing::default()
}

/// Every sample with its view.
fn samples() -> Vec<(View, &'static str)> {
    vec![
        (View::ContainerList(all()), sample!("20-containers")),
        (View::ContainerList(all()), sample!("26-containers")),
        (
            View::ContainerInspect("web".to_owned()),
            sample!("26-container"),
        ),
        (
            View::ContainerInspect("web".to_owned()),
            sample!("26-container-linked"),
        ),
        (View::ContainerStats, sample!("26-stats")),
        (View::VolumeList(all()), sample!("26-volumes")),
        (View::VolumeInspect("data".to_owned()), sample!("26-volume")),
        (View::NetworkList(all()), sample!("26-networks")),
        (
            View::NetworkInspect("back".to_owned()),
            sample!("26-network"),
        ),
        (
            View::ImageList(ImageListing::default()),
            sample!("26-images"),
        ),
        (image_inspect(), sample!("20-image")),
        (image_inspect(), sample!("26-image")),
        (image_inspect(), sample!("26-image-shared")),
        (View::ImageHistory(Names::new()), sample!("26-history")),
        (View::Events(EventListing::default()), sample!("20-events")),
        (View::Events(EventListing::default()), sample!("26-events")),
        (data_usage(), sample!("20-df")),
        (data_usage(), sample!("26-df")),
        (View::Info(COUNTS), sample!("20-info")),
        (View::Info(COUNTS), sample!("26-info")),
        (View::Pruned, sample!("26-volumes-pruned")),
        (View::Pruned, sample!("26-networks-pruned")),
        (View::Error, sample!("26-error")),
    ]
}

#[test]
fn nothing_of_others_or_of_the_gate_is_left() {
    let foreign = [
        "zulu",
        "host-thing",
        "secret",
        "io.doodgate",
        "acme.",
        "docker_gwbridge",
        "Data Space Used",
        // Identifiers: the other tenant's network, container and volume, and the host's container.
        "55d4b28c6b46de0d",
        "3721f6cd3aff71d0",
        "3d83f216ed31ed1e",
        "c020192e24505584",
    ];
    for (view, answer) in samples() {
        let shown = shown(view.clone(), answer);
        for word in foreign {
            assert!(!shown.contains(word), "{view:?} shows `{word}`: {shown}");
        }
    }
}

#[test]
fn what_is_shown_is_as_the_engine_wrote_it() {
    let shown = parsed(
        View::ContainerInspect("web".to_owned()),
        sample!("26-container"),
    );
    let mut written: Value = json_of(sample!("26-container"));
    for (place, value) in [
        ("/Name", json!("/web")),
        ("/HostConfig/Binds/1", json!("data:/data")),
        ("/HostConfig/NetworkMode", json!("back")),
        ("/HostConfig/Mounts/0/VolumeOptions/Labels", json!({})),
        ("/Mounts/1/Name", json!("data")),
        (
            "/Mounts/1/Source",
            json!("/var/lib/docker/volumes/data/_data"),
        ),
        (
            "/Config/Labels",
            json!({"com.docker.compose.service": "web"}),
        ),
        (
            "/NetworkSettings/Networks/acme.back/DNSNames/0",
            json!("web"),
        ),
    ] {
        *written.pointer_mut(place).expect(place) = value;
    }
    let networks = written.pointer_mut("/NetworkSettings/Networks").unwrap();
    let mut back = networks["acme.back"].take();
    // The alias that the gate adds is the name without the prefix.
    back["DNSNames"].as_array_mut().unwrap().remove(1);
    *networks = json!({ "back": back });
    assert_eq!(shown, written);
}

#[test]
fn values_are_found_where_the_tenant_looks() {
    let linked = (
        View::ContainerInspect("web".to_owned()),
        sample!("26-container-linked"),
    );
    let containers = (View::ContainerList(all()), sample!("26-containers"));
    let old_containers = (View::ContainerList(all()), sample!("20-containers"));
    let volumes = (View::VolumeList(all()), sample!("26-volumes"));
    let networks = (View::NetworkList(all()), sample!("26-networks"));
    let network = (
        View::NetworkInspect("back".to_owned()),
        sample!("26-network"),
    );
    let images = (
        View::ImageList(ImageListing::default()),
        sample!("26-images"),
    );
    let image = (image_inspect(), sample!("26-image"));
    let history = (View::ImageHistory(Names::new()), sample!("26-history"));
    let usage = (data_usage(), sample!("26-df"));
    let info = (View::Info(COUNTS), sample!("26-info"));
    let pruned = (View::Pruned, sample!("26-networks-pruned"));
    for ((view, answer), place, expected) in [
        (&linked, "/HostConfig/VolumesFrom", json!(["web"])),
        (
            &linked,
            "/NetworkSettings/Networks/bridge/Links",
            json!(["db:db"]),
        ),
        (&containers, "/0/Names", json!(["/linked"])),
        (&containers, "/1/Names", json!(["/db"])),
        (&containers, "/2/Names", json!(["/web"])),
        (&containers, "/2/HostConfig/NetworkMode", json!("back")),
        (&containers, "/2/Mounts/1/Name", json!("data")),
        (&containers, "/3", Value::Null),
        (&old_containers, "/2/Names", json!(["/web"])),
        (&old_containers, "/3", Value::Null),
        (&volumes, "/Volumes/0/Name", json!("data")),
        (&volumes, "/Volumes/2", Value::Null),
        (&volumes, "/Warnings", Value::Null),
        (&networks, "/0/Labels", json!({})),
        (&networks, "/2", Value::Null),
        (&network, "/Name", json!("back")),
        (
            &network,
            "/Labels",
            json!({"com.docker.compose.network": "back"}),
        ),
        (&images, "/0/RepoTags", json!(["acme-app:1"])),
        (&images, "/0/Containers", json!(-1)),
        (&images, "/1/RepoTags/3", json!("busybox:latest")),
        (&images, "/4", Value::Null),
        (&image, "/Config/Labels", json!({"a": "b"})),
        (&history, "/0/CreatedBy", json!("/bin/sh -c #(nop)  LABEL")),
        (&usage, "/LayersSize", json!(4 * 1_984_316)),
        (&usage, "/Containers/2/Names", json!(["/web"])),
        (&usage, "/Containers/3", Value::Null),
        (&usage, "/Volumes/2", Value::Null),
        (&usage, "/BuildCache", json!([])),
        (&info, "/Containers", json!(3)),
        (&info, "/ContainersRunning", json!(2)),
        (&info, "/Images", json!(4)),
        (&info, "/NGoroutines", json!(0)),
        (&info, "/Swarm/LocalNodeState", json!("active")),
        (&info, "/ServerVersion", json!("26.1.5+dfsg1")),
        (&info, "/DriverStatus/0/0", json!("Backing Filesystem")),
    ] {
        let shown = parsed(view.clone(), answer);
        let found = shown.pointer(place).cloned().unwrap_or(Value::Null);
        assert_eq!(found, expected, "{view:?} at {place}");
    }
    let mut names = parsed(pruned.0, pruned.1)["NetworksDeleted"].clone();
    names.as_array_mut().unwrap().sort_by_key(Value::to_string);
    assert_eq!(names, json!(["back", "bridge"]));
}

#[test]
fn images_are_counted_by_own_containers() {
    let usage = parsed(data_usage(), sample!("26-df"));
    let uses = |tag: &str| {
        let images = usage["Images"].as_array().unwrap().iter();
        let mut found = images.filter(|image| image["RepoTags"].to_string().contains(tag));
        found.next().unwrap()["Containers"].clone()
    };
    assert_eq!(uses("busybox:latest"), json!(3));
    assert_eq!(uses("acme-app:1"), json!(0));
}

#[test]
fn an_image_gives_its_label_to_strangers_containers() {
    let item = |name: &str, label: &str| {
        format!(r#"[{{"Id":"1","Names":["{name}"],"Labels":{{"io.doodgate.tenant":"{label}"}}}}]"#)
    };
    let list = || View::ContainerList(all());
    assert_eq!(shown(list(), &item("/theirs", "acme")), "[]\n");
    assert_eq!(shown(list(), &item("/zulu.a", "acme")), "[]\n");
    assert_eq!(shown(list(), &item("/acme.a", "zulu")), "[]\n");
    assert_eq!(shown(list(), &item("/zulu.a/acme.b", "acme")), "[]\n");
    assert!(shown(list(), &item("/acme.a", "acme")).contains("\"/a\""));
}

#[test]
fn names_are_filtered_plainly_and_lists_cut() {
    let names = |list: &[&str]| -> Vec<Regex> {
        list.iter().map(|text| Regex::new(text).unwrap()).collect()
    };
    for (wanted, limit, expected) in [
        (names(&[]), None, vec!["/linked", "/db", "/web"]),
        (names(&["^web$"]), None, vec!["/web"]),
        (names(&["^/web$"]), None, vec!["/web"]),
        (names(&["acme"]), None, vec![]),
        (names(&["e", "d"]), None, vec!["/linked", "/db", "/web"]),
        (names(&["e"]), Some(1), vec!["/linked"]),
        (names(&[]), Some(2), vec!["/linked", "/db"]),
        (names(&[]), Some(0), vec![]),
    ] {
        let view = View::ContainerList(Listing {
            names: wanted.clone(),
            limit,
        });
        let shown = parsed(view, sample!("26-containers"));
        let found: Vec<&str> = shown
            .as_array()
            .unwrap()
            .iter()
            .map(|item| item["Names"][0].as_str().unwrap())
            .collect();
        assert_eq!(found, expected, "{wanted:?} {limit:?}");
    }
    let view = View::VolumeList(Listing {
        names: names(&["^da"]),
        limit: None,
    });
    let shown = parsed(view, sample!("26-volumes"));
    assert_eq!(shown["Volumes"].as_array().unwrap().len(), 1);
}

#[test]
fn what_is_anothers_is_no_answer() {
    let swap = |text: &str| text.replace("acme", "zulu");
    for (view, answer) in [
        (
            View::ContainerInspect("web".to_owned()),
            swap(sample!("26-container")),
        ),
        (
            View::VolumeInspect("data".to_owned()),
            swap(sample!("26-volume")),
        ),
        (
            View::NetworkInspect("back".to_owned()),
            swap(sample!("26-network")),
        ),
        (image_inspect(), swap(sample!("26-image"))),
        (
            View::ContainerInspect("web".to_owned()),
            sample!("26-container").replace("/acme.web", "/web"),
        ),
    ] {
        let refused = refused(view, &answer).to_ascii_lowercase();
        assert!(
            refused.contains("no such") || refused.contains("not found"),
            "{refused}"
        );
    }
}

#[test]
fn what_cannot_be_read_is_no_answer() {
    let list = || View::ContainerList(all());
    for (view, answer) in [
        (list(), ""),
        (list(), "{}"),
        (list(), "[{}]"),
        (list(), r#"[{"Id":"1","Names":["/acme.a"]}]"#),
        (list(), r#"[{"Id":"1","Labels":{}}]"#),
        (list(), r#"[{"Names":["/acme.a"],"Labels":[]}]"#),
        (
            list(),
            r#"[{"Names":["/zulu.a"],"Labels":{"io.doodgate.tenant":"zulu"},"Names":["/acme.a"],"Labels":{"io.doodgate.tenant":"acme"}}]"#,
        ),
        (
            list(),
            r#"[{"Names":["/acme.a"],"Labels":{"io.doodgate.tenant":"acme","io.doodgate.tenant":"zulu"}}]"#,
        ),
        (
            list(),
            r#"[{"Names":["/acme.a"],"Labels":{"io.doodgate.tenant":"acme"},"Mounts":[{"Name":1}]}]"#,
        ),
        (View::VolumeList(all()), r#"{"Warnings":null}"#),
        (View::NetworkList(all()), r#"[{"Name":"acme.a"}]"#),
        (
            View::ImageList(ImageListing::default()),
            r#"[{"Id":"1","RepoTags":["a"]}]"#,
        ),
        (View::ContainerInspect("web".to_owned()), "{}"),
        (View::ContainerInspect("web".to_owned()), "null"),
        (View::VolumeInspect("data".to_owned()), "[]"),
        (View::NetworkInspect("back".to_owned()), "\"a\""),
        (View::Events(EventListing::default()), r#"{"Actor":{}}"#),
        (
            View::Events(EventListing::default()),
            r#"{"Type":"container"}"#,
        ),
        (View::Events(EventListing::default()), "nonsense"),
        (data_usage(), r#"{"Containers":[{}]}"#),
        (View::Info(COUNTS), "[]"),
        (View::Error, "404 page not found"),
        (View::Error, r#"{"message":1}"#),
        (View::Pruned, r#"{"VolumesDeleted":"acme.a"}"#),
    ] {
        assert!(!refused(view, answer).is_empty(), "{answer}");
    }
    let broken = b"[{\"Names\":[\"\xff\"],\"Labels\":{}}]";
    assert!(through(tenant("acme"), list(), &[broken]).is_err());
}

#[test]
fn nothing_comes_behind_what_cannot_be_read() {
    let mut shield = Shield::new(tenant("acme"), View::Events(EventListing::default()));
    let mut out = Vec::new();
    assert!(shield.push(b"x", &mut out).is_err());
    let event = sample!("26-events");
    assert!(shield.push(event.as_bytes(), &mut out).is_err());
    assert!(shield.finish(&mut out).is_err());
    assert_eq!(out, b"");
}

#[test]
fn what_is_long_is_cut_off() {
    let mut shield = Shield::new(tenant("acme"), data_usage());
    let piece = vec![b' '; 16 << 20];
    let mut out = Vec::new();
    let end = (0..8).find_map(|_| shield.push(&piece, &mut out).err());
    assert!(end.is_some());
}

#[test]
fn messages_are_read_plainly() {
    for (view, written, read) in [
        (
            View::Error,
            r#"{"message":"No such container: acme.web"}"#,
            "{\"message\":\"No such container: web\"}\n",
        ),
        (
            View::Error,
            r#"{"message":"a \"/acme.web\"","extra":"zulu"}"#,
            "{\"message\":\"a \\\"/web\\\"\"}\n",
        ),
        (View::Error, "", ""),
        (
            View::ErrorText,
            "container acme.web is not running\r\n",
            "container web is not running\r\n",
        ),
        (View::Pass, "acme.web\0", "acme.web\0"),
    ] {
        assert_eq!(shown(view, written), read);
    }
}

#[test]
fn a_strangers_odd_label_is_passed_over() {
    for label in [r"\u0000", r"\ud800", r#"\"},{\""#, "\u{fffd}", r"\/\b"] {
        let list = format!(
            r#"[{{"Id":"1","Names":["/zulu.a"],"Labels":{{"{label}":"{label}"}}}},{{"Id":"2","Names":["/acme.b"],"Labels":{{"io.doodgate.tenant":"acme","{label}":"{label}"}}}}]"#
        );
        assert_eq!(
            shown(View::ContainerList(all()), &list),
            format!(
                "[{{\"Id\":\"2\",\"Names\":[\"/b\"],\"Labels\":{{\"{label}\":\"{label}\"}}}}]\n"
            )
        );
    }
}

/// An item of a list of containers: whose it is, and words that stand in it.
fn container(owner: &str, words: &[String; 3]) -> String {
    let [id, name, label] = words;
    json!({
        "Id": id,
        "Names": [format!("/{owner}.{name}")],
        "Labels": { label: label, "io.doodgate.tenant": owner },
        "NetworkSettings": { "Networks": { format!("{owner}.{name}"): { "NetworkID": id } } },
        "Mounts": [{ "Type": "volume", "Name": format!("{owner}.{name}"), "Source": label }],
    })
    .to_string()
}

/// Words that are not found by chance.
fn words(prefix: &'static str) -> impl Strategy<Value = [String; 3]> {
    (any::<String>(), "[a-z0-9_.-]{0,8}", any::<String>())
        .prop_map(move |(id, name, label)| [id, name, label].map(|text| format!("{prefix}{text}")))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_cut_gives_the_same(
        which in 0..23_usize,
        cuts in proptest::collection::vec(any::<proptest::sample::Index>(), 0..12),
    ) {
        let (view, answer) = samples().swap_remove(which);
        let mut at: Vec<usize> = cuts.iter().map(|cut| cut.index(answer.len())).collect();
        at.sort_unstable();
        at.push(answer.len());
        let mut pieces = Vec::new();
        let mut from = 0;
        for to in at {
            pieces.push(&answer.as_bytes()[from..to]);
            from = to;
        }
        let cut = through(tenant("acme"), view.clone(), &pieces).unwrap();
        prop_assert_eq!(cut, shown(view, answer));
    }

    #[test]
    fn no_byte_of_a_strangers_item_gets_out(
        own in proptest::collection::vec(words("own"), 0..4),
        foreign in proptest::collection::vec(words("foreign"), 0..4),
        owners in proptest::collection::vec("[b-z][a-z]{0,3}", 4),
    ) {
        let mut items: Vec<String> = own.iter().map(|words| container("acme", words)).collect();
        for (words, owner) in foreign.iter().zip(&owners) {
            items.push(container(owner, words));
        }
        items.sort();
        let shown = shown(View::ContainerList(all()), &format!("[{}]", items.join(",")));
        let list: Value = json_of(&shown);
        prop_assert_eq!(list.as_array().unwrap().len(), own.len());
        prop_assert!(!shown.contains("foreign"));
        prop_assert!(!shown.contains("acme."));
    }

    #[test]
    fn no_bytes_make_it_fall_over(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        for (view, _) in samples() {
            let mut shield = Shield::new(tenant("acme"), view);
            let mut out = Vec::new();
            drop(shield.push(&bytes, &mut out));
            drop(shield.finish(&mut out));
        }
    }

    #[test]
    fn a_broken_byte_shows_nothing_of_others(
        which in 0..23_usize,
        at in any::<proptest::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let (view, answer) = samples().swap_remove(which);
        let mut bytes = answer.as_bytes().to_vec();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let mut shield = Shield::new(tenant("acme"), view);
        let mut out = Vec::new();
        drop(shield.push(&bytes, &mut out));
        drop(shield.finish(&mut out));
        prop_assert!(!String::from_utf8_lossy(&out).contains("zulu."));
    }
}
