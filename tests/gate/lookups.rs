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
