//! What the names in a call are is asked of the engine, and a call that would use something worse than it says is
//! refused.

use super::{plain, refusal};
use crate::support::{World, answer};

const POLICY: &str = "version: 1
allow:
  - SystemPing
  - ContainerCreate: {image: \"**\", volume: \"*\"}
";

fn create(world: &World, options: &str) -> crate::support::Conn {
    let body = format!("{{\"Image\":\"alpine\",\"HostConfig\":{{{options}}}}}");
    let mut client = world.client();
    client.send(format!(
        "POST /v1.41/containers/create HTTP/1.1\r\nHost: docker\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    ));
    client
}

fn volume(options: &str) -> Vec<u8> {
    answer::json(&format!(
        "{{\"Name\":\"data\",\"Driver\":\"local\",\"Mountpoint\":\"/var/lib/docker/volumes/data/_data\",\"Labels\":null,\"Scope\":\"local\",\"Options\":{options}}}"
    ))
}

const BIND: &str = r#""Binds":["data:/data"]"#;
const MOUNT: &str = r#""Mounts":[{"Type":"volume","Source":"data","Target":"/data"}]"#;

#[test]
fn a_volume_that_is_not_there_or_is_plain_may_be_used() {
    for options in [BIND, MOUNT] {
        let world = plain(POLICY);
        assert_eq!(create(&world, options).read_head().status(), 200);
        world.engine.has("/volumes/data", volume("null"));
        assert_eq!(create(&world, options).read_head().status(), 200);
        assert!(world.engine.lookups() >= 2);
    }
}

#[test]
fn a_volume_that_is_a_host_directory_is_a_bind() {
    for options in [BIND, MOUNT] {
        for kind in [
            r#"{"type":"none","o":"bind","device":"/"}"#,
            r#"{"type":"tmpfs","o":"rbind,ro","device":"/etc"}"#,
            r#"{"type":"nfs","o":"addr=10.0.0.1","device":":/srv"}"#,
            r#"{"type":"overlay","device":"overlay","o":"lowerdir=/etc"}"#,
        ] {
            let world = plain(POLICY);
            world.engine.has("/volumes/data", volume(kind));
            let (_, message) = refusal(&mut create(&world, options), &[403]);
            assert!(message.contains("ContainerCreate"), "{message}");
            assert_eq!(world.engine.requests(), 0, "{kind}");
        }
    }
}

#[test]
fn a_name_that_cannot_be_looked_up_is_refused() {
    for broken in [
        answer::status("500 Internal Server Error", "{\"message\":\"no\"}"),
        answer::json("not JSON"),
        answer::json("{\"Options\":{},\"Options\":null}"),
        b"garbage\r\n\r\n".to_vec(),
    ] {
        let world = plain(POLICY);
        world.engine.has("/volumes/data", broken);
        refusal(&mut create(&world, BIND), &[502]);
        assert_eq!(world.engine.requests(), 0);
    }
}

#[test]
fn a_call_that_is_denied_anyway_is_not_looked_up() {
    let world = plain(POLICY);
    let options = format!("{BIND},\"Privileged\":true");
    refusal(&mut create(&world, &options), &[403]);
    assert_eq!((world.engine.lookups(), world.engine.connections()), (0, 0));
}

const BY_IMAGE: &str = "version: 1
allow:
  - SystemPing
  - ContainerCreate: {image: [alpine, \"registry.example.com/**\"]}
";

const ID: &str = "deadbeef00000000000000000000000000000000000000000000000000000000";

fn create_from(world: &World, image: &str, more: &str) -> crate::support::Conn {
    let body = format!("{{\"Image\":\"{image}\"{more}}}");
    let mut client = world.client();
    client.send(format!(
        "POST /v1.41/containers/create HTTP/1.1\r\nHost: docker\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    ));
    client
}

fn image(tags: &str, digests: &str) -> Vec<u8> {
    answer::json(&format!(
        "{{\"Id\":\"sha256:{ID}\",\"RepoTags\":{tags},\"RepoDigests\":{digests},\"Config\":{{}}}}"
    ))
}

/// Lets the engine know an image under the beginning of its id, under the id, and under the id's long form.
fn world_with(policy: &str, image: &[u8]) -> World {
    let world = plain(policy);
    for name in ["deadbeef", ID, &format!("sha256:{ID}")] {
        world
            .engine
            .has(&format!("/images/{name}/json"), image.to_vec());
    }
    world
}

#[test]
fn an_image_by_its_id_is_what_the_engine_calls_it() {
    let of_digest = format!("[\"alpine@sha256:{}\"]", "1".repeat(64));
    for (tags, digests) in [
        ("[\"alpine:3.20\"]", "[]"),
        ("[\"other:1\",\"registry.example.com/x:1\"]", "null"),
        ("[]", &*of_digest),
        ("[\"<none>:<none>\"]", &*of_digest),
    ] {
        let world = world_with(BY_IMAGE, &image(tags, digests));
        for name in ["deadbeef", ID, &format!("sha256:{ID}")] {
            let status = create_from(&world, name, "").read_head().status();
            assert_eq!(status, 200, "{name}: {tags} {digests}");
        }
        // The engine gets what the client wrote.
        let seen = world.engine.received().concat();
        assert!(String::from_utf8_lossy(&seen).contains("{\"Image\":\"deadbeef\"}"));
    }
}

#[test]
fn an_image_by_its_id_that_no_rule_grants_is_refused() {
    for (tags, named) in [
        ("[\"evil:1\"]", "docker.io/library/evil:1"),
        ("[\"alpine/evil:1\"]", "docker.io/alpine/evil:1"),
        ("[]", &*format!("sha256:{ID}")),
        ("null", &*format!("sha256:{ID}")),
    ] {
        let world = world_with(BY_IMAGE, &image(tags, "[]"));
        for name in ["deadbeef", ID] {
            let (_, message) = refusal(&mut create_from(&world, name, ""), &[403]);
            assert!(
                message.contains(named) && message.contains(name),
                "{message}"
            );
        }
        assert_eq!(world.engine.requests(), 0, "{tags}");
    }
    // Nothing has such an id.
    let world = plain(BY_IMAGE);
    let (_, message) = refusal(&mut create_from(&world, "deadbeef", ""), &[403]);
    assert!(message.contains("`deadbeef`"), "{message}");
    assert_eq!(world.engine.requests(), 0);
}

#[test]
fn an_image_by_its_id_that_cannot_be_looked_up_is_refused() {
    for broken in [
        answer::status("500 Internal Server Error", "{\"message\":\"no\"}"),
        answer::json("not JSON"),
        answer::json("{\"RepoTags\":[],\"RepoTags\":[\"alpine\"]}"),
        b"garbage\r\n\r\n".to_vec(),
    ] {
        let world = world_with(BY_IMAGE, &broken);
        refusal(&mut create_from(&world, "deadbeef", ""), &[502]);
        assert_eq!(world.engine.requests(), 0);
    }
}

#[test]
fn a_denied_image_is_denied_by_its_id_as_well() {
    let policy = "version: 1
allow: [SystemPing, {ContainerCreate: {image: \"**\"}}]
deny: [{ContainerCreate: {image: \"evil\"}}]
";
    for (tags, status) in [
        ("[\"alpine:1\",\"evil:1\"]", 403),
        ("[\"evil:1\"]", 403),
        ("[\"alpine:1\"]", 200),
        ("[]", 200),
    ] {
        let world = world_with(policy, &image(tags, "[]"));
        let found = create_from(&world, "deadbeef", "").read_head().status();
        assert_eq!(found, status, "{tags}");
    }
}

#[test]
fn an_image_is_not_looked_up_where_that_changes_nothing() {
    let world = plain(BY_IMAGE);
    refusal(
        &mut create_from(&world, "deadbeef", ",\"HostConfig\":{\"Privileged\":true}"),
        &[403],
    );
    refusal(&mut create_from(&world, "evil", ""), &[403]);
    assert_eq!((world.engine.lookups(), world.engine.connections()), (0, 0));
    let open = plain("version: 1\nallow: [SystemPing, ContainerCreate]\n");
    assert_eq!(create_from(&open, "deadbeef", "").read_head().status(), 200);
    // The default network is none that has to be looked up either.
    assert_eq!(open.engine.lookups(), 0);
}

/// Tagging and saving use an image, and whatever has one of its names could have been used; a deletion takes all of them.
#[test]
fn an_image_by_its_id_can_be_tagged_saved_and_deleted_by_its_names() {
    let policy = "version: 1
allow:
  - SystemPing
  - ImageTag: {image: \"ci/**\"}
  - ImageGet: {image: \"ci/**\"}
  - ImageDelete: {image: \"ci/**\"}
";
    let tag = "POST /v1.41/images/deadbeef/tag?repo=ci/b";
    let get = "GET /v1.41/images/deadbeef/get";
    let delete = "DELETE /v1.41/images/deadbeef";
    let digest = format!("[\"evil@sha256:{}\"]", "1".repeat(64));
    for (tags, digests, expected) in [
        ("[\"ci/a:1\"]", "[]", [200, 200, 200]),
        ("[\"ci/a:1\",\"ci/a:2\"]", "null", [200, 200, 200]),
        ("[\"evil:1\",\"ci/a:1\"]", "[]", [200, 200, 403]),
        ("[\"ci/a:1\"]", &*digest, [200, 200, 403]),
        ("[\"evil:1\"]", "[]", [403, 403, 403]),
        ("[]", "[]", [403, 403, 403]),
    ] {
        let world = world_with(policy, &image(tags, digests));
        for (request, status) in [tag, get, delete].iter().zip(expected) {
            let mut client = world.client();
            client.send(format!("{request} HTTP/1.1\r\nHost: docker\r\n\r\n"));
            assert_eq!(
                client.read_head().status(),
                status,
                "{request}: {tags} {digests}"
            );
        }
    }
}

const BY_CONTAINER: &str = "version: 1
allow:
  - SystemPing
  - ContainerStop: {container: \"ci-*\"}
  - ContainerInspect: {container: \"ci-*\"}
  - NetworkConnect: {container: \"ci-*\"}
  - NetworkDisconnect: {container: \"ci-*\"}
  - ImageCommit: {container: \"ci-*\"}
  - ExecStart: {container: \"ci-*\"}
  - ContainerRestart
deny:
  - ContainerRestart: {container: \"db-*\"}
";

/// An engine with two containers, each known by its name, its id, and the beginning of that, and with an exec in each.
fn world_of_containers() -> World {
    let world = plain(BY_CONTAINER);
    for (name, digit) in [("ci-a", "1"), ("db-a", "2")] {
        let id = digit.repeat(64);
        let found = answer::json(&format!("{{\"Id\":\"{id}\",\"Name\":\"/{name}\"}}"));
        for term in [name, &id, &digit.repeat(12), &format!("x/{name}")] {
            let path = format!("/containers/{term}/json");
            world.engine.has(&path, found.clone());
        }
        world.engine.has(
            &format!("/exec/e{digit}/json"),
            answer::json(&format!("{{\"ID\":\"e{digit}\",\"ContainerID\":\"{id}\"}}")),
        );
    }
    world
}

fn ask(world: &World, request: &str, body: &str) -> u16 {
    let mut client = world.client();
    let typed = if body.is_empty() {
        ""
    } else {
        "Content-Type: application/json\r\n"
    };
    client.send(format!(
        "{request} HTTP/1.1\r\nHost: docker\r\n{typed}Content-Length: {}\r\n\r\n{body}",
        body.len()
    ));
    client.read_head().status()
}

/// Whatever a container is called by, a rule means the one that the engine finds, and that one is sent.
#[test]
fn a_container_is_what_the_engine_calls_it() {
    let (ours, theirs) = ("1".repeat(64), "2".repeat(64));
    for (request, body, sent) in [
        (
            "POST /v1.41/containers/NAME/stop",
            "",
            "/containers/ID/stop",
        ),
        (
            "POST /v1.41/networks/n/connect",
            "{\"Container\":\"NAME\"}",
            "{\"Container\":\"ID\"}",
        ),
        (
            "POST /v1.41/networks/n/disconnect",
            "{\"container\":\"/NAME\"}",
            "{\"Container\":\"ID\"}",
        ),
        ("POST /v1.41/commit?container=NAME", "{}", "container=ID"),
    ] {
        for (terms, id, status) in [
            (["ci-a", "111111111111", &*ours], &ours, 200),
            (["db-a", "222222222222", &*theirs], &theirs, 403),
        ] {
            for term in terms {
                let world = world_of_containers();
                let (request, body) = (request.replace("NAME", term), body.replace("NAME", term));
                assert_eq!(ask(&world, &request, &body), status, "{request} {body}");
                let seen = world.engine.received().concat();
                let seen = String::from_utf8_lossy(&seen);
                assert_eq!(
                    seen.contains(&sent.replace("ID", id)),
                    status == 200,
                    "{request}: {seen}"
                );
            }
        }
    }
}

#[test]
fn an_exec_belongs_to_its_container_and_an_alias_to_what_it_leads_to() {
    let world = world_of_containers();
    for (request, status) in [
        ("POST /v1.41/exec/e1/start", 200),
        ("POST /v1.41/exec/e2/start", 403),
        ("POST /v1.41/exec/e3/start", 403),
        ("GET /v1.41/containers/x/ci-a/json", 200),
        ("GET /v1.41/containers/x/db-a/json", 403),
        // Nothing has the name: the engine says so.
        ("POST /v1.41/containers/ci-z/stop", 200),
        ("POST /v1.41/containers/333/stop", 403),
    ] {
        let body = if request.contains("exec") { "{}" } else { "" };
        assert_eq!(ask(&world, request, body), status, "{request}");
    }
}

#[test]
fn a_denied_container_is_denied_by_its_id_as_well() {
    let world = world_of_containers();
    for (term, status) in [
        ("ci-a", 200),
        ("1111", 200),
        ("db-a", 403),
        (&*"2".repeat(12), 403),
        (&*"2".repeat(64), 403),
    ] {
        let request = format!("POST /v1.41/containers/{term}/restart");
        assert_eq!(ask(&world, &request, ""), status, "{term}");
    }
    let asked = world.engine.lookups();
    assert_eq!(ask(&world, "POST /v1.41/containers/ci-a/kill", ""), 403);
    assert_eq!(world.engine.lookups(), asked);
}

/// Clients that run in a container themselves know it by its id, and name it so to what they start.
#[test]
fn a_container_that_is_joined_by_its_id_is_what_the_engine_calls_it() {
    let policy = "version: 1
allow:
  - SystemPing
  - ContainerCreate:
      volumes-from: \"jenkins*\"
      network-mode: [bridge, \"container:ci-*\", \"ci_*\"]
      pid-mode: \"container:ci-*\"
      link: \"ci-*:db\"
";
    let (ours, theirs, jenkins) = ("1".repeat(64), "2".repeat(64), "3".repeat(64));
    for (options, status) in [
        (format!("\"VolumesFrom\":[\"{jenkins}:ro\"]"), 200),
        (format!("\"VolumesFrom\":[\"/{jenkins}\",\"jenkins\"]"), 200),
        (format!("\"VolumesFrom\":[\"{ours}\"]"), 403),
        (format!("\"NetworkMode\":\"container:{ours}\""), 200),
        (format!("\"NetworkMode\":\"container:{theirs}\""), 403),
        ("\"NetworkMode\":\"4444\"".to_owned(), 200),
        ("\"NetworkMode\":\"5555\"".to_owned(), 403),
        ("\"NetworkMode\":\"6666\"".to_owned(), 403),
        (format!("\"PidMode\":\"container:{ours}\""), 200),
        (format!("\"PidMode\":\"container:{theirs}\""), 403),
        (format!("\"Links\":[\"{ours}:db\"]"), 200),
        (format!("\"Links\":[\"{ours}:x\"]"), 403),
        (format!("\"Links\":[\"{theirs}:db\"]"), 403),
        (
            format!("\"PidMode\":\"container:{ours}\",\"Privileged\":true"),
            403,
        ),
    ] {
        let world = plain(policy);
        for (name, id) in [("ci-a", &ours), ("db-a", &theirs), ("jenkins", &jenkins)] {
            let found = answer::json(&format!(
                "{{\"Id\":\"{id}\",\"Name\":\"/{name}\",\"HostConfig\":{{}},\"Mounts\":[]}}"
            ));
            for term in [name, id] {
                let path = format!("/containers/{term}/json");
                world.engine.has(&path, found.clone());
            }
        }
        for (term, name, driver) in [
            ("4444", "ci_default", "bridge"),
            ("ci_default", "ci_default", "bridge"),
            ("5555", "db_default", "bridge"),
            ("6666", "host", "host"),
        ] {
            world.engine.has(
                &format!("/networks/{term}"),
                answer::json(&format!(
                    "{{\"Id\":\"{term}\",\"Name\":\"{name}\",\"Driver\":\"{driver}\"}}"
                )),
            );
        }
        assert_eq!(
            create(&world, &options).read_head().status(),
            status,
            "{options}"
        );
    }
}
