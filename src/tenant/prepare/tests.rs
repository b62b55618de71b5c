mod swarm;

use super::super::testing::tenant;
use super::super::{Ask, Fact, Facts};
use super::*;
use crate::api::{ApiVersion, UnknownParameters};
use crate::policy::Policy;

const ID: &str = "1111111111111111111111111111111111111111111111111111111111111111";
const OTHER: &str = "2222222222222222222222222222222222222222222222222222222222222222";

/// What the engine has: `acme`'s container `web`, volume `db` and network `net`, its image, a shared one, and as many of
/// somebody else's.
fn engine(method: Ask, target: &str, body: &str) -> (u16, String) {
    let target = target.replace("%2F", "/");
    let container = |id: &str, name: &str, owner: &str| {
        format!(
            r#"{{"Id":"{id}","Name":"/{name}","Config":{{"Labels":{{"io.doodgate.tenant":"{owner}"}}}}}}"#
        )
    };
    let image = |labels: &str, tags: &str| {
        format!(
            r#"{{"Id":"sha256:{ID}","RepoTags":[{tags}],"RepoDigests":[],"Config":{{"Labels":{labels},"Volumes":{{"/image":{{}}}}}}}}"#
        )
    };
    let network = |id: &str, name: &str, owner: &str| {
        format!(r#"{{"Id":"{id}","Name":"{name}","Labels":{{"io.doodgate.tenant":"{owner}"}}}}"#)
    };
    let found = match (method, target.as_str()) {
        // The engine answers with the volume that is there.
        (Ask::Make, "/volumes/create") if body.contains("acme.host") => {
            return (201, r#"{"Name":"acme.host","Labels":null}"#.to_owned());
        }
        (Ask::Make, "/volumes/create") => {
            return (201, body.replace("\"Driver\":\"local\",", ""));
        }
        (Ask::Make, target)
            if target.contains("/tag?repo=docker.io/library/mine&tag=")
                || target.contains("/tag?repo=push.acme.tenant.doodgate.invalid/mine&tag=") =>
        {
            return (201, String::new());
        }
        (Ask::Make, "/networks/create") => {
            assert!(body.contains(r#""Driver":"overlay""#), "{body}");
            return (201, "{}".to_owned());
        }
        (Ask::Make | Ask::Remove, other) => panic!("POST or DELETE {other}"),
        // An alias of a link that the host made: the engine answers with what is behind it.
        (Ask::Get, "/containers/acme.web/json" | "/containers/acme.web/own/json") => {
            container(ID, "acme.web", "acme")
        }
        (Ask::Get, "/containers/acme__web.1.0123456789abcdefghijklmno/json") => {
            container(ID, "acme__web.1.0123456789abcdefghijklmno", "acme")
        }
        (Ask::Get, "/containers/acme.spoof/json") => container(OTHER, "acme.spoof", "evil"),
        (Ask::Get, "/containers/acme.web/theirs/json") => container(OTHER, "evil.web", "evil"),
        (Ask::Get, target) if target.contains(OTHER) && target.starts_with("/containers/") => {
            container(OTHER, "evil.web", "evil")
        }
        (Ask::Get, target) if target.starts_with("/containers/json?all=1&filters=") => format!(
            r#"[{{"Id":"{ID}","Names":["/acme.web"],"State":"running","Labels":{{"io.doodgate.tenant":"acme","io.doodgate.memory":"1000"}}}},
                {{"Id":"{OTHER}","Names":["/host"],"State":"running","Labels":{{"io.doodgate.tenant":"acme"}}}}]"#
        ),
        (Ask::Get, target) if target.starts_with("/networks?filters=") => format!(
            "[{},{}]",
            network(ID, "acme.net", "acme"),
            network(swarm::ID, "acme__over", "acme")
        ),
        (Ask::Get, target) if swarm::engine(target).is_some() => {
            swarm::engine(target).unwrap_or_default()
        }
        (Ask::Get, "/networks/acme.bridge") => network(ID, "acme.bridge", "acme"),
        (Ask::Get, "/networks/acme.net") => network(ID, "acme.net", "acme"),
        (Ask::Get, "/volumes/acme.db") => {
            r#"{"Name":"acme.db","Labels":{"io.doodgate.tenant":"acme"}}"#.to_owned()
        }
        (Ask::Get, "/volumes/acme.host") => r#"{"Name":"acme.host","Labels":null}"#.to_owned(),
        (Ask::Get, "/images/alpine/json" | "/images/docker.io/library/alpine:latest/json") => {
            image("null", "\"alpine:latest\"")
        }
        (Ask::Get, "/images/acme.tenant.doodgate.invalid/mine:latest/json") => image(
            r#"{"io.doodgate.tenant":"acme"}"#,
            "\"acme.tenant.doodgate.invalid/mine:latest\"",
        ),
        (Ask::Get, "/images/acme.tenant.doodgate.invalid/team/taken:latest/json") => {
            image(r#"{"io.doodgate.tenant":"acme"}"#, "").replace(ID, OTHER)
        }
        (Ask::Get, "/images/docker.io/team/taken:latest/json") => {
            image("null", "\"team/taken:latest\"")
        }
        // A name for what others share.
        (Ask::Get, "/images/acme.tenant.doodgate.invalid/base:latest/json") => image(
            "null",
            "\"alpine:latest\",\"acme.tenant.doodgate.invalid/base:latest\"",
        ),
        (Ask::Get, "/images/reg:5000/mine:1/json") => {
            image(r#"{"io.doodgate.tenant":"acme"}"#, "\"reg:5000/mine:1\"")
        }
        (Ask::Get, "/images/reg:5000/base:1/json") => image("null", "\"reg:5000/base:1\""),
        (Ask::Get, "/images/theirs/json" | "/images/docker.io/library/theirs:latest/json") => {
            image(r#"{"io.doodgate.tenant":"evil"}"#, "\"theirs:latest\"")
        }
        (Ask::Get, target) if target.starts_with("/images/sha256:") => image("null", ""),
        (Ask::Get, _) => return (404, r#"{"message":"no"}"#.to_owned()),
    };
    (200, found)
}

/// What becomes of a request: its target and document, or the status and message of the refusal.
fn become_of(method: &str, target: &str, body: &str) -> Result<(String, String), (u16, String)> {
    let policy = Policy::load(
        "all",
        "all.yaml",
        "{version: 1, allow: [containers: {body: any}, images: {body: any}, networks: {body: any}, volumes: {body: any}, exec: {body: any}, build: {body: any}, system: {body: any}, swarm: {body: any}, services: {body: any}, secrets: {body: any}, configs: {body: any}]}",
        &[],
    )
    .unwrap();
    let call = Call::from_parts(method, target, None).unwrap();
    let document = (!body.is_empty()).then(|| Document::parse(body.as_bytes()).unwrap());
    let demands = crate::demand::of(&call, document.as_ref()).unwrap();
    let permit = policy.decide(&call, document.as_ref(), &demands).unwrap();
    let mut facts = Facts::default();
    for _ in 0..40 {
        match prepare(&tenant("acme"), &permit, &facts, 7, &Usage::default()) {
            Ok(prepared) => {
                let mut target = Vec::new();
                prepared.permit.call().write_target(
                    Some(ApiVersion::new(1, 41)),
                    UnknownParameters::Drop,
                    &mut target,
                );
                let mut body = Vec::new();
                if let Some(document) = prepared.permit.document() {
                    document.write(&mut body);
                }
                let text = |bytes| String::from_utf8(bytes).unwrap();
                return Ok((text(target).replacen("/v1.41", "", 1), text(body)));
            }
            Err(Stop::Lookup(lookup)) => {
                let (status, body) = engine(lookup.method, &lookup.target, &lookup.body);
                let body = body.into_bytes();
                facts.add(lookup, Fact { status, body });
            }
            Err(Stop::Refuse(refusal)) => return Err((refusal.terms().0, refusal.to_string())),
            Err(Stop::Answer(answer)) => return Err((200, answer.body)),
        }
    }
    panic!("{method} {target} asks for ever");
}

#[test]
fn own_objects_are_named_as_the_engine_knows_them() {
    for (method, target, expected) in [
        ("GET", "/containers/web/json", "/containers/acme.web/json".to_owned()),
        ("GET", "/containers/web/top", format!("/containers/{ID}/top")),
        ("GET", "/containers/1111/json", format!("/containers/{ID}/json")),
        ("POST", "/containers/web/stop?t=1", format!("/containers/{ID}/stop?t=1")),
        ("POST", "/containers/web/rename?name=%2Fnew", format!("/containers/{ID}/rename?name=acme.new")),
        ("DELETE", "/containers/web/own?v=1", format!("/containers/{ID}?v=1")),
        ("GET", "/volumes/db", "/volumes/acme.db".to_owned()),
        ("DELETE", "/networks/net", format!("/networks/{ID}")),
        ("GET", "/networks/bridge", format!("/networks/{ID}")),
        ("GET", "/images/get?names=mine&names=alpine", "/images/get?names=acme.tenant.doodgate.invalid/mine:latest&names=docker.io/library/alpine:latest".to_owned()),
        ("DELETE", "/images/mine", "/images/acme.tenant.doodgate.invalid/mine:latest".to_owned()),
        ("DELETE", "/images/base", "/images/acme.tenant.doodgate.invalid/base:latest".to_owned()),
        ("DELETE", "/images/reg:5000/mine:1", "/images/reg:5000/mine:1".to_owned()),
        ("POST", "/images/alpine/tag?repo=a%2Fb&tag=2", format!("/images/sha256:{ID}/tag?repo=acme.tenant.doodgate.invalid/a/b&tag=2")),
        ("POST", "/images/mine/tag?repo=alpine", format!("/images/sha256:{ID}/tag?repo=acme.tenant.doodgate.invalid/alpine&tag=latest")),
        ("POST", "/images/mine/tag?repo=reg:5000%2Fnew&tag=2", format!("/images/sha256:{ID}/tag?repo=reg:5000/new&tag=2")),
        ("POST", "/images/reg:5000/mine:1/push", "/images/reg:5000/mine:1/push".to_owned()),
        ("POST", "/images/mine/push?tag=latest", "/images/mine/push?tag=latest".to_owned()),
        ("GET", "/images/mine/json", format!("/images/sha256:{ID}/json")),
        ("GET", "/images/get?names=alpine", "/images/get?names=docker.io/library/alpine:latest".to_owned()),
        (
            "GET",
            "/containers/json?limit=2&filters=%7B%22name%22%3A%5B%22w%22%5D%7D",
            "/containers/json?filters=%7B%22label%22:%7B%22io.doodgate.tenant%3Dacme%22:true%7D%7D&all=1".to_owned(),
        ),
        (
            "POST",
            "/volumes/prune",
            "/volumes/prune?filters=%7B%22label%22:%7B%22io.doodgate.tenant%3Dacme%22:true%7D,%22label%21%22:%7B%22io.doodgate.default%22:true%7D%7D".to_owned(),
        ),
        (
            "POST",
            "/images/create?fromSrc=-&repo=fresh",
            "/images/create?fromSrc=-&repo=acme.tenant.doodgate.invalid/fresh&tag=latest&changes=LABEL%20io.doodgate.tenant%3Dacme%20io.doodgate.made%3Dimage".to_owned(),
        ),
    ] {
        assert_eq!(
            become_of(method, target, "").map(|(target, _)| target),
            Ok(expected),
            "{method} {target}"
        );
    }
}

#[test]
fn what_is_not_own_is_refused() {
    for (method, target, status, message) in [
        (
            "GET",
            "/containers/spoof/top",
            404,
            "No such container: spoof",
        ),
        (
            "GET",
            &format!("/containers/{OTHER}/top"),
            404,
            "No such container",
        ),
        (
            "GET",
            "/containers/2222/json",
            404,
            "No such container: 2222",
        ),
        (
            "DELETE",
            "/containers/web/theirs?force=1",
            404,
            "No such container: web/theirs",
        ),
        (
            "DELETE",
            "/containers/evil.web/own",
            404,
            "No such container: evil.web/own",
        ),
        ("DELETE", "/containers/web/own?link=1", 403, "a link"),
        (
            "DELETE",
            "/networks/web/own",
            404,
            "network web/own not found",
        ),
        (
            "DELETE",
            "/volumes/web/own",
            404,
            "get web/own: no such volume",
        ),
        ("DELETE", "/volumes/host", 404, "get host: no such volume"),
        (
            "POST",
            "/networks/host2/connect",
            404,
            "network host2 not found",
        ),
        ("DELETE", "/networks/bridge", 403, "pre-defined"),
        ("GET", "/nodes", 403, "not for tenants"),
        (
            "GET",
            "/images/theirs/history",
            404,
            "No such image: theirs:latest",
        ),
        (
            "GET",
            &format!("/images/sha256:{OTHER}/history"),
            404,
            "No such image",
        ),
        ("POST", "/build/prune", 200, "SpaceReclaimed"),
        ("GET", "/swarm", 403, "not for tenants"),
        ("POST", "/build?version=2", 403, "BuildKit"),
    ] {
        assert_refused(method, target, status, message);
    }
}

fn assert_refused(method: &str, target: &str, status: u16, message: &str) {
    let refused = become_of(method, target, "").expect_err(target);
    assert_eq!(refused.0, status, "{method} {target}: {}", refused.1);
    assert!(
        refused.1.contains(message),
        "{method} {target}: {}",
        refused.1
    );
}

#[test]
fn images_and_names_of_others_are_not_changed() {
    for (method, target, status, message) in [
        ("DELETE", "/images/alpine", 403, "is shared"),
        (
            "POST",
            "/images/alpine/tag?repo=reg:5000%2Fx",
            403,
            "is shared",
        ),
        (
            "POST",
            "/images/base/tag?repo=reg:5000%2Fx",
            403,
            "is shared",
        ),
        (
            "POST",
            "/images/mine/tag?repo=reg:5000%2Fbase&tag=1",
            403,
            "not yours",
        ),
        (
            "POST",
            "/images/mine/tag?repo=evil.tenant.doodgate.invalid%2Fx",
            400,
            "a domain of the gate's own",
        ),
        (
            "GET",
            "/images/acme.tenant.doodgate.invalid/mine/json",
            404,
            "No such image",
        ),
        ("POST", "/images/base/push?tag=latest", 403, "is shared"),
        (
            "POST",
            "/images/team/taken/push?tag=latest",
            403,
            "not yours",
        ),
        (
            "POST",
            "/images/create?fromImage=evil.tenant.doodgate.invalid%2Fx&tag=1",
            400,
            "a domain of the gate's own",
        ),
        (
            "POST",
            "/images/create?fromImage=mine&tag=latest",
            409,
            "an image of your own",
        ),
        (
            "POST",
            "/images/create?fromImage=theirs&tag=latest",
            403,
            "not yours",
        ),
        (
            "POST",
            "/images/create?fromImage=alpine&tag=latest",
            200,
            "up to date",
        ),
        ("POST", "/images/create?fromImage=alpine", 403, "every tag"),
        ("POST", "/build?t=reg:5000%2Fbase:1", 403, "not yours"),
        (
            "POST",
            "/images/create?fromSrc=-&repo=a&changes=CMD+x+%5C",
            400,
            "no whole instruction",
        ),
    ] {
        assert_refused(method, target, status, message);
    }
}

#[test]
fn a_new_container_is_the_tenants_in_all_its_parts() {
    let stamps = r#""Labels":{"io.doodgate.tenant":"acme","io.doodgate.memory":"0","io.doodgate.cpus":"0","io.doodgate.pids":"0","io.doodgate.ports":"0","io.doodgate.image":"IMAGE","io.doodgate.made":"container"}"#;
    let anonymous = |target: &str| {
        format!(
            r#"{{"Type":"volume","Target":"{target}","VolumeOptions":{{"Labels":{{"io.doodgate.tenant":"acme"}}}}}}"#
        )
    };
    let (target, body) = become_of(
        "POST",
        "/containers/create?name=new",
        r#"{"Image":"alpine","HostConfig":{"Binds":["db:/data","fresh:/fresh:ro","/anonymous"]}}"#,
    )
    .unwrap();
    assert_eq!(target, "/containers/create?name=acme.new");
    assert_eq!(
        body,
        format!(
            r#"{{"Image":"alpine","HostConfig":{{"Binds":["acme.db:/data","acme.fresh:/fresh:ro"],"NetworkMode":"acme.bridge","Mounts":[{},{}]}},"NetworkingConfig":{{"EndpointsConfig":{{"acme.bridge":{{"Aliases":["new"]}}}}}},{stamps}}}"#,
            anonymous("/anonymous"),
            anonymous("/image"),
            stamps = stamps.replace("IMAGE", "alpine"),
        )
    );
    let (target, body) = become_of(
        "POST",
        "/containers/create",
        r#"{"Image":"mine","HostConfig":{"NetworkMode":"net","VolumesFrom":["/web:ro"],"PidMode":"container:1111","Links":["web:w"]},"NetworkingConfig":{"EndpointsConfig":{"net":{"NetworkID":"x","Aliases":["a"]}}}}"#,
    )
    .unwrap();
    assert_eq!(target, "/containers/create?name=acme.box_0000000000000007");
    assert_eq!(
        body,
        format!(
            r#"{{"Image":"sha256:{ID}","HostConfig":{{"NetworkMode":"acme.net","VolumesFrom":["{ID}:ro"],"PidMode":"container:{ID}","Links":["acme.web:w"]}},"NetworkingConfig":{{"EndpointsConfig":{{"acme.net":{{"NetworkID":null,"Aliases":["a","box_0000000000000007"],"Links":["web:w"]}}}}}},{stamps}}}"#,
            stamps = stamps.replace("IMAGE", "mine"),
        )
    );
    let (_, body) = become_of(
        "POST",
        "/containers/create?name=new",
        r#"{"Image":"mine","HostConfig":{"NetworkMode":"none"},"Volumes":{"/v":{},"/image":{}}}"#,
    )
    .unwrap();
    assert!(body.contains(r#""NetworkMode":"none""#) && !body.contains("EndpointsConfig"));
    assert_eq!(body.matches("\"Type\":\"volume\"").count(), 2, "{body}");
}

#[test]
fn a_new_container_refers_to_nobody_elses() {
    for (body, status) in [
        (r#"{"Image":"theirs"}"#, 404),
        (
            r#"{"Image":"alpine","HostConfig":{"VolumesFrom":["spoof"]}}"#,
            400,
        ),
        (
            r#"{"Image":"alpine","HostConfig":{"NetworkMode":"container:spoof"}}"#,
            400,
        ),
        (
            r#"{"Image":"alpine","HostConfig":{"NetworkMode":"theirs"}}"#,
            400,
        ),
        (
            r#"{"Image":"alpine","HostConfig":{"Binds":["host:/x"]}}"#,
            400,
        ),
        (
            r#"{"Image":"alpine","HostConfig":{"Mounts":[{"Type":"volume","Source":"host","Target":"/x"}]}}"#,
            400,
        ),
        (
            r#"{"Image":"alpine","HostConfig":{"Mounts":[{"Type":"cluster","Source":"x","Target":"/x"}]}}"#,
            403,
        ),
        (
            r#"{"Image":"alpine","HostConfig":{"UTSMode":"container:web"}}"#,
            403,
        ),
        (
            r#"{"Image":"alpine","Labels":{"io.doodgate.memory":"0"}}"#,
            400,
        ),
    ] {
        let refused = become_of("POST", "/containers/create?name=new", body).expect_err(body);
        assert_eq!(refused.0, status, "{body}: {}", refused.1);
    }
    let bad = become_of(
        "POST",
        "/containers/create?name=-x",
        r#"{"Image":"alpine"}"#,
    );
    assert_eq!(
        bad,
        Err((
            400,
            "Invalid container name (-x), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed".to_owned()
        ))
    );
}

#[test]
fn networks_and_volumes_are_made_under_the_tenants_name() {
    let made = |target, body| become_of("POST", target, body).map(|(_, body)| body);
    assert_eq!(
        made("/volumes/create", r#"{"Name":"v1","Labels":{"a":"b"}}"#),
        Ok(r#"{"Name":"acme.v1","Labels":{"a":"b","io.doodgate.tenant":"acme"}}"#.to_owned())
    );
    assert_eq!(
        made("/networks/create", r#"{"Name":"n1"}"#),
        Ok(
            r#"{"Name":"acme.n1","Labels":{"io.doodgate.tenant":"acme"},"CheckDuplicate":true}"#
                .to_owned()
        )
    );
    assert_eq!(
        made(
            "/networks/net/connect",
            r#"{"Container":"web","EndpointConfig":{"NetworkID":"x"}}"#
        ),
        Ok(format!(
            r#"{{"Container":"{ID}","EndpointConfig":{{"NetworkID":null,"Aliases":["web"]}}}}"#
        ))
    );
    for (target, body, status) in [
        ("/networks/create", r#"{"Name":"bridge"}"#, 403),
        (
            "/networks/create",
            r#"{"Name":"n","ConfigFrom":{"Network":"x"}}"#,
            403,
        ),
        ("/volumes/create", r#"{"Name":"host"}"#, 404),
        ("/volumes/create", r#"{"Name":"a/b"}"#, 400),
    ] {
        let refused = made(target, body).expect_err(body);
        assert_eq!(refused.0, status, "{body}: {}", refused.1);
    }
}
