//! Images, and what was made of them.

use serde_json::{Value, json};

use super::super::Shield;
use super::super::testing::tenant;
use super::{all, image_inspect, json_of, parsed, shown, through};
use crate::policy::{SharedImages, Tenancy};
use crate::tenant::{
    EventListing, Fact, ImageListing, Patterns, Steps, Tenant, Unshieldable, View,
};

/// Images under names of the tenant's own, of another's, and that all share.
const IMAGES: &str = r#"[
    {"Id":"1","Labels":{"io.doodgate.tenant":"acme"},"RepoTags":["acme.tenant.doodgate.invalid/app:1"],"RepoDigests":[]},
    {"Id":"2","Labels":null,"RepoTags":["alpine:latest","acme.tenant.doodgate.invalid/base:1","zulu.tenant.doodgate.invalid/x:1"],"RepoDigests":[]},
    {"Id":"3","Labels":null,"RepoTags":["app:1"],"RepoDigests":["app@sha256:0123456789012345678901234567890123456789012345678901234567890123"]},
    {"Id":"4","Labels":{"io.doodgate.tenant":"zulu"},"RepoTags":["zulu.tenant.doodgate.invalid/app:1"],"RepoDigests":[]},
    {"Id":"5","Labels":null,"RepoTags":["zulu.tenant.doodgate.invalid/b:1"],"RepoDigests":null},
    {"Id":"6","Labels":{"io.doodgate.tenant":"acme"},"RepoTags":["<none>:<none>"],"RepoDigests":null},
    {"Id":"7","Labels":null,"RepoTags":["acme.tenant.doodgate.invalid/c:1"],"RepoDigests":[]}
]"#;

#[test]
fn images_are_listed_under_plain_names() {
    let list = |own: &[&str], wanted: &[&str]| {
        let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let images = ImageListing {
            own: set(own),
            wanted: Patterns::new(&set(wanted)).unwrap(),
        };
        let listed = parsed(View::ImageList(images), IMAGES);
        let items = listed.as_array().unwrap().clone();
        let short = |item: Value| {
            let names = ["RepoTags", "RepoDigests"].map(|list| item[list].clone());
            let names = names.iter().filter_map(Value::as_array).flatten();
            let names: Vec<&str> = names.map(|name| name.as_str().unwrap()).collect();
            format!("{} {}", item["Id"].as_str().unwrap(), names.join(" "))
        };
        items.into_iter().map(short).collect::<Vec<_>>()
    };
    let digest = "app@sha256:0123456789012345678901234567890123456789012345678901234567890123";
    assert_eq!(
        list(&["app:1", "base:1", "c:1"], &[]),
        [
            "1 app:1",
            "2 alpine:latest base:1",
            &format!("3 {digest}"),
            "6 <none>:<none>",
            "7 c:1"
        ]
    );
    assert_eq!(list(&["app:1"], &["app:*"]), ["1 app:1"]);
    assert_eq!(
        list(&[], &["app"]),
        ["1 app:1".to_owned(), format!("3 app:1 {digest}")]
    );
    assert_eq!(list(&[], &["b*:1", "alp*"]), ["2 alpine:latest base:1"]);
    assert_eq!(list(&[], &["zulu*/*"]), [""; 0]);
}

#[test]
fn containers_show_the_image_that_was_named() {
    let labels = r#"{"io.doodgate.tenant":"acme","io.doodgate.image":"app"}"#;
    let item =
        format!(r#"[{{"Id":"1","Names":["/acme.a"],"Image":"sha256:12","Labels":{labels}}}]"#);
    let shown = parsed(View::ContainerList(all()), &item);
    assert_eq!(shown[0]["Image"], "app");
    let inspected = format!(
        r#"{{"Id":"1","Name":"/acme.a","Image":"sha256:12","Config":{{"Image":"sha256:12","Labels":{labels}}}}}"#
    );
    let shown = parsed(View::ContainerInspect("a".to_owned()), &inspected);
    assert_eq!(shown["Image"], "sha256:12");
    assert_eq!(shown["Config"]["Image"], "app");
    // One that was made before this was noted.
    let before = inspected
        .replace(r#","io.doodgate.image":"app""#, "")
        .replace(
            r#""Config":{"Image":"sha256:12""#,
            r#""Config":{"Image":"app:1""#,
        );
    assert_eq!(
        parsed(View::ContainerInspect("a".to_owned()), &before)["Config"]["Image"],
        "app:1"
    );
}

#[test]
fn events_of_images_have_plain_names_and_can_be_chosen() {
    let container = r#"{"status":"start","id":"1","from":"sha256:12","Type":"container","Action":"start","Actor":{"ID":"1","Attributes":{"image":"sha256:12","imageRef":"acme.tenant.doodgate.invalid/app:2","name":"acme.a","io.doodgate.tenant":"acme","io.doodgate.image":"app"}}}"#;
    let image = |name: &str, owner: &str| {
        format!(
            r#"{{"status":"tag","id":"sha256:34","Type":"image","Action":"tag","Actor":{{"ID":"sha256:34","Attributes":{{"name":"{name}"{owner}}}}}}}"#
        )
    };
    let mine = r#","io.doodgate.tenant":"acme""#;
    let stream = [
        container,
        &image("acme.tenant.doodgate.invalid/app:1", mine),
        &image("acme.tenant.doodgate.invalid/base:1", ""),
        &image("zulu.tenant.doodgate.invalid/app:1", ""),
        &image("alpine:latest", ""),
    ]
    .join("\n");
    let named = |wanted: &[&str]| -> Vec<String> {
        let wanted = EventListing {
            images: wanted.iter().map(|name| (*name).to_owned()).collect(),
            ..EventListing::default()
        };
        shown(View::Events(wanted), &stream)
            .lines()
            .map(|line| {
                let event = json_of(line);
                let attributes = &event["Actor"]["Attributes"];
                match event["from"].as_str() {
                    Some(from) => {
                        assert_eq!(attributes["image"], from);
                        assert_eq!(attributes["imageRef"], "app:2");
                        format!("from {from}")
                    }
                    None => attributes["name"].as_str().unwrap().to_owned(),
                }
            })
            .collect()
    };
    assert_eq!(named(&[]), ["from app", "app:1", "base:1"]);
    assert_eq!(named(&["app"]), ["from app", "app:1"]);
    assert_eq!(named(&["app:1"]), ["app:1"]);
    assert_eq!(named(&["sha256:34"]), ["app:1", "base:1"]);
    assert_eq!(named(&["alpine"]), [""; 0]);
}

#[test]
fn a_build_and_a_deletion_tell_plain_names() {
    let told = shown(
        View::Progress(Steps::default()),
        "{\"stream\":\"Step 2/2 : LABEL io.doodgate.tenant=acme\\n\"}\r\n{\"aux\":{\"ID\":\"sha256:12\"}}\r\n{\"stream\":\"Successfully tagged acme.tenant.doodgate.invalid/app:1\\n\"}\r\n",
    );
    let told: Vec<Value> = told.lines().map(json_of).collect();
    assert_eq!(
        told,
        [
            json!({"stream": "Step 2/2 : LABEL\n"}),
            json!({"aux": {"ID": "sha256:12"}}),
            json!({"stream": "Successfully tagged app:1\n"}),
        ]
    );
    let gone = r#"[{"Untagged":"acme.tenant.doodgate.invalid/app:1"},{"Deleted":"sha256:12"}]"#;
    let plain = json!([{"Untagged": "app:1"}, {"Deleted": "sha256:12"}]);
    assert_eq!(parsed(View::ImageDeleted, gone), plain);
    let pruned = format!(r#"{{"ImagesDeleted":{gone},"SpaceReclaimed":1}}"#);
    assert_eq!(parsed(View::ImagesPruned, &pruned)["ImagesDeleted"], plain);
}

#[test]
fn images_are_shown_under_shared_names() {
    let mut tenancy = Tenancy::of("acme");
    tenancy.shared_images = SharedImages::new(&["busybox", "debian"]).unwrap();
    let tenant = Tenant::new(std::sync::Arc::new(tenancy));
    let shown = through(
        tenant.clone(),
        View::ImageList(ImageListing::default()),
        &[sample!("26-images").as_bytes()],
    );
    let shown: Value = json_of(&shown.unwrap());
    let tags: Vec<&Value> = shown
        .as_array()
        .unwrap()
        .iter()
        .map(|item| &item["RepoTags"])
        .collect();
    assert_eq!(
        tags,
        [
            &json!(["acme-app:1"]),
            &json!(["busybox:latest", "debian:latest"])
        ]
    );
    assert_eq!(shown[1]["RepoDigests"], json!([]));
    let hidden = json!({"Id": "1", "RepoTags": ["other:1"], "Config": null}).to_string();
    assert!(through(tenant, image_inspect(), &[hidden.as_bytes()]).is_err());
}

/// Gives a whole answer to a shield, and answers its questions; what comes out, and what was asked.
fn asked(
    view: View,
    answer: &str,
    engine: impl Fn(&str) -> (u16, String),
) -> (Result<String, Unshieldable>, Vec<String>) {
    let mut shield = Shield::new(tenant("acme"), view);
    let (mut out, mut asked) = (Vec::new(), Vec::new());
    shield.push(answer.as_bytes(), &mut out).unwrap();
    let mut done = shield.finish(&mut out);
    while let Some(question) = shield.question() {
        assert!(out.is_empty() && done.is_ok());
        asked.push(question.target.clone());
        let (status, body) = engine(&question.target);
        let body = body.into_bytes();
        done = shield.learn(question, Fact { status, body }, &mut out);
    }
    (done.map(|()| String::from_utf8(out).unwrap()), asked)
}

#[test]
fn an_image_tells_the_names_that_stand_for_it() {
    let id = format!("sha256:{}", "1".repeat(64));
    let named = |term: &str| View::ImageInspect {
        term: term.to_owned(),
        own: None,
    };
    let image = |tags: &str, labels: &str| {
        format!(
            r#"{{"Id":"{id}","RepoTags":[{tags}],"RepoDigests":[],"Config":{{"Labels":{labels}}}}}"#
        )
    };
    let own = r#"{"io.doodgate.tenant":"acme"}"#;
    let mine = "\"acme.tenant.doodgate.invalid/app:1\"";
    let listed = format!(r#"[{{"Id":"1","RepoTags":[{mine}]}}]"#);
    for (term, tags, labels, there, shown, questions) in [
        ("app:1", mine.to_owned(), own, false, json!(["app:1"]), 0),
        (
            "app:1",
            format!("{mine},\"app:1\",\"x:1\",\"r:5/y:1\""),
            own,
            false,
            json!(["app:1", "r:5/y:1"]),
            0,
        ),
        (
            "alpine",
            "\"alpine:latest\",\"app:1\",\"r:5/y:1\"".to_owned(),
            "null",
            false,
            json!(["alpine:latest", "r:5/y:1"]),
            0,
        ),
        (
            &id,
            "\"r:5/y:1\"".to_owned(),
            "null",
            false,
            json!(["r:5/y:1"]),
            0,
        ),
        (
            &id,
            "\"app:1\"".to_owned(),
            "null",
            false,
            json!(["app:1"]),
            1,
        ),
        (&id, "\"app:1\"".to_owned(), "null", true, json!([]), 1),
        (
            &id,
            "\"app:1\",\"b:1\"".to_owned(),
            "null",
            true,
            json!(["b:1"]),
            1,
        ),
    ] {
        let engine = |target: &str| match (target.contains("/images/json?"), there) {
            (true, _) => (200, listed.clone()),
            (false, true) => (200, image(mine, own)),
            (false, false) => (404, "{}".to_owned()),
        };
        let (answer, asked) = asked(named(term), &image(&tags, labels), engine);
        assert_eq!(
            json_of(&answer.unwrap())["RepoTags"],
            shown,
            "{term} {tags}"
        );
        assert_eq!(asked.len(), questions, "{term} {tags}: {asked:?}");
    }
    for (term, labels) in [
        ("app:1", r#"{"io.doodgate.tenant":"zulu"}"#),
        (&id, r#"{"io.doodgate.tenant":"zulu"}"#),
    ] {
        let refused = asked(named(term), &image("\"app:1\"", labels), |_| {
            panic!("asked")
        })
        .0;
        assert!(
            matches!(refused, Err(Unshieldable::Refused(_))),
            "{refused:?}"
        );
    }
}

#[test]
fn a_command_is_the_tenants_where_its_container_is() {
    let id = "1".repeat(64);
    let view = || View::ExecInspect("c1".to_owned());
    let answer = format!(r#"{{"ID":"c1","Running":true,"ContainerID":"{id}"}}"#);
    for (owner, status, own) in [
        ("acme", 200, true),
        ("zulu", 200, false),
        ("acme", 404, false),
    ] {
        let container = format!(
            r#"{{"Id":"{id}","Name":"/acme.web","Config":{{"Labels":{{"io.doodgate.tenant":"{owner}"}}}}}}"#
        );
        let (shown, asked) = asked(view(), &answer, |_| (status, container.clone()));
        assert_eq!(asked, [format!("/containers/{id}/json")]);
        match shown {
            Ok(shown) => assert!(own && shown.trim_end() == answer, "{shown}"),
            Err(error) => assert!(
                !own && error.to_string() == "No such exec instance: c1",
                "{error}"
            ),
        }
    }
    let broken = asked(view(), &answer, |_| (500, String::new())).0;
    assert!(broken.is_err());
}

#[test]
fn a_saved_archive_names_images_plainly() {
    let file = |name: &str, text: &str| {
        let mut block = vec![0_u8; 512];
        block[..name.len()].copy_from_slice(name.as_bytes());
        block[124..135].copy_from_slice(format!("{:011o}", text.len()).as_bytes());
        block[148..156].copy_from_slice(b"        ");
        block[156] = b'0';
        let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
        block[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
        block.extend_from_slice(text.as_bytes());
        block.resize(block.len().next_multiple_of(512), 0);
        block
    };
    let archive = |prefix: &str| {
        let text = |form: &str| form.replace('@', prefix);
        let mut all = [
            file("12.json", r#"{"a":"acme.tenant.doodgate.invalid/x"}"#),
            file(
                "manifest.json",
                &text(r#"[{"Config":"12.json","RepoTags":["@app:1","@team/app:2"]}]"#),
            ),
            file("repositories", &text(r#"{"@app":{"1":"12"}}"#)),
            file("last", "x"),
        ]
        .concat();
        all.resize(all.len() + 1024, 0);
        all
    };
    let engines = archive("acme.tenant.doodgate.invalid/");
    for size in [1, 1000, 100_000] {
        let mut shield = Shield::new(tenant("acme"), View::ImageArchive);
        let mut out = Vec::new();
        for piece in engines.chunks(size) {
            shield.push(piece, &mut out).unwrap();
        }
        shield.finish(&mut out).unwrap();
        assert!(out == archive(""), "pieces of {size}");
    }
    let mut shield = Shield::new(tenant("acme"), View::ImageArchive);
    shield.push(&engines[..700], &mut Vec::new()).unwrap();
    assert!(shield.finish(&mut Vec::new()).is_err());
}
