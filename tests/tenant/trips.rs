//! What the gate asks of the engine for a tenant, and what it does when the answers are odd: with an engine that counts.

use std::sync::{Arc, Mutex};

use crate::fake::Fake;
use crate::world::World;

const ID: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

fn inspected(tenant: &str) -> String {
    format!(
        r#"{{"Id":"{ID}","Name":"/{tenant}.web","Config":{{"Labels":{{"io.doodgate.tenant":"{tenant}"}}}}}}"#
    )
}

#[test]
fn an_inspect_costs_one_more_question() {
    let tenant = Arc::<Mutex<String>>::default();
    let known = Arc::clone(&tenant);
    let engine = Fake::start("trips", move |target| {
        let tenant = known.lock().unwrap().clone();
        let owned = format!(r#""Labels":{{"io.doodgate.tenant":"{tenant}"}}"#);
        let body = match target.split('?').next().unwrap() {
            path if path.ends_with("/containers/json") => {
                format!(r#"[{{"Id":"{ID}","Names":["/{tenant}.web"],"State":"running",{owned}}}]"#)
            }
            path if path.contains("/containers/") => inspected(&tenant),
            path if path.contains("/volumes/") => format!(r#"{{"Name":"{tenant}.db",{owned}}}"#),
            path if path.ends_with("/networks") => {
                format!("[{{\"Id\":\"{ID}\",\"Name\":\"{tenant}.net\",{owned}}}]")
            }
            path if path.contains("/networks/") => {
                format!(r#"{{"Id":"{ID}","Name":"{tenant}.net",{owned},"Containers":{{}}}}"#)
            }
            path if path.contains("/images/") => format!(
                r#"{{"Id":"sha256:{ID}","RepoTags":["alpine:latest"],"RepoDigests":[],"Config":{{"Labels":null}}}}"#
            ),
            _ => "{}".to_owned(),
        };
        (200, body)
    });
    let world = World::at(&engine.address(), &["{}"]);
    world.tenant(0).clone_into(&mut tenant.lock().unwrap());
    let client = world.client(0);
    client.get("/_ping").want(200);
    engine.asked();
    for (target, most) in [
        ("/containers/web/json".to_owned(), 2),
        (format!("/containers/{ID}/json"), 2),
        ("/containers/aaaa/json".to_owned(), 2),
        ("/containers/json?all=1".to_owned(), 1),
        ("/volumes/db".to_owned(), 2),
        ("/networks/net".to_owned(), 2),
        (format!("/networks/{}", &ID[..12]), 2),
        ("/networks".to_owned(), 1),
    ] {
        let answer = client.get(&target);
        assert_eq!(answer.status, 200, "{target}: {answer:?}");
        let asked = engine.asked();
        assert!((1..=most).contains(&asked.len()), "{target} took {asked:?}");
    }
}

/// Nothing of what cannot be read is passed on.
#[test]
fn what_cannot_be_read_is_a_bad_gateway() {
    let said = Arc::<Mutex<String>>::default();
    let script = Arc::clone(&said);
    let engine = Fake::start("odd", move |target| {
        let body = if target.ends_with("/_ping") {
            "OK".to_owned()
        } else {
            script.lock().unwrap().clone()
        };
        (200, body)
    });
    let world = World::at(&engine.address(), &["{}"]);
    let client = world.client(0);
    let tenant = world.tenant(0);
    let foreign = r#""Labels":{"io.doodgate.tenant":"zulu","io.doodgate.tenant":"SELF"}"#;
    let mut odd = vec![
        String::new(),
        "secret".to_owned(),
        r#""secret""#.to_owned(),
        r#"[{"Id":"secret""#.to_owned(),
        r#"{"Id":"secret","Name":"#.to_owned(),
        r#"[{"Id":"secret"}]"#.to_owned(),
        "[\"secret\"]".to_owned(),
        format!(
            "{{\"Id\":\"{ID}\",\"Names\":[\"/SELF.secret\"],\"Name\":\"/SELF.secret\",{foreign}}}"
        ),
        format!(
            "[{{\"Id\":\"{ID}\",\"Names\":[\"/SELF.secret\"],\"Name\":\"SELF.secret\",{foreign}}}]"
        ),
        format!("{{\"Volumes\":[{{\"Name\":\"SELF.secret\",{foreign}}}]}}"),
    ];
    odd.push(inspected(tenant).replace("/SELF", "secret") + "secret");
    for text in odd {
        *said.lock().unwrap() = text.replace("SELF", tenant);
        for target in [
            "/containers/json",
            "/containers/web/json",
            "/containers/aaaa/json",
            "/volumes",
            "/volumes/db",
            "/networks",
            "/networks/net",
            "/images/json",
            "/images/alpine/json",
            "/system/df",
            "/info",
        ] {
            let answer = client.get(target);
            // Objects without lists are empty ones to some reads.
            let empty = answer.status == 200 && !answer.body.contains("secret");
            assert!(
                empty || matches!(answer.status, 404 | 502),
                "{target} of {text}: {answer:?}"
            );
            assert!(
                !answer.body.contains("secret") && !answer.body.contains("zulu"),
                "{target} of {text}: {answer:?}"
            );
        }
    }
    *said.lock().unwrap() = "[{\"Id\":".to_owned();
    for target in [
        "/containers/json",
        "/networks",
        "/volumes",
        "/containers/web/json",
    ] {
        client.get(target).want(502);
    }
}
