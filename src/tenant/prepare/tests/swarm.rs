//! Services, tasks, secrets and configs.

use super::{assert_refused, become_of};

pub(super) const ID: &str = "0123456789abcdefghijklmno";
const OTHER: &str = "zyxwvutsrqponmlkjihgfedcb";
const STAMPS: &str = r#""io.doodgate.memory":"0","io.doodgate.cpus":"0","io.doodgate.pids":"0""#;

/// What a swarm has: `acme`'s service `web`, secret `key`, config `conf` and network `over`, a task, and as many of somebody
/// else's.
pub(super) fn engine(target: &str) -> Option<String> {
    let labels = |owner: &str| format!(r#"{{"io.doodgate.tenant":"{owner}"}}"#);
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let parts: Vec<&str> = path.split('/').skip(1).collect();
    let (kind, name) = match parts.as_slice() {
        [kind] if query.starts_with("filters=") => {
            return match *kind {
                "services" | "tasks" | "secrets" | "configs" => {
                    let own = engine(&format!("/{kind}/{ID}"))?;
                    let other = engine(&format!("/{kind}/{OTHER}"))?;
                    Some(format!("[{own},{other}]"))
                }
                _ => None,
            };
        }
        [kind, name] => (*kind, *name),
        _ => return None,
    };
    let (id, owner) = match name {
        ID => (ID, "acme"),
        OTHER | "acme__theirs" => (OTHER, "evil"),
        // Made on first need.
        "acme__ingress" if query.is_empty() && kind == "networks" => return None,
        "acme__web" | "acme__key" | "acme__conf" | "acme__over" | "acme__ingress" => (ID, "acme"),
        _ => return None,
    };
    let labels = labels(owner);
    Some(match kind {
        "services" => format!(
            r#"{{"ID":"{id}","Spec":{{"Name":"acme__web","Labels":{labels},"TaskTemplate":{{"ContainerSpec":{{"Image":"sha256:old","Labels":{{"io.doodgate.tenant":"{owner}","io.doodgate.image":"gone"}}}}}}}},"PreviousSpec":{{"Name":"acme__web","Labels":null}}}}"#
        ),
        "tasks" => format!(r#"{{"ID":"{id}","Spec":{{"ContainerSpec":{{"Labels":{labels}}}}}}}"#),
        "secrets" | "configs" => {
            format!(r#"{{"ID":"{id}","Spec":{{"Name":"{name}","Labels":{labels}}}}}"#)
        }
        "networks" => format!(r#"{{"Id":"{id}","Name":"{name}","Labels":{labels}}}"#),
        _ => return None,
    })
}

#[test]
fn own_objects_are_found_by_name_and_identifier() {
    for (method, target, expected) in [
        ("GET", "/services/web", format!("/services/{ID}")),
        ("GET", "/services/0123", format!("/services/{ID}")),
        ("GET", &format!("/services/{ID}"), format!("/services/{ID}")),
        ("DELETE", "/services/web", format!("/services/{ID}")),
        (
            "GET",
            "/services/web/logs?stdout=1&details=1",
            format!("/services/{ID}/logs?stdout=1&details=1"),
        ),
        ("GET", "/tasks/01", format!("/tasks/{ID}")),
        ("GET", &format!("/tasks/{ID}/logs?stderr=1"), format!("/tasks/{ID}/logs?stderr=1")),
        ("GET", "/secrets/key", format!("/secrets/{ID}")),
        ("DELETE", "/secrets/key", format!("/secrets/{ID}")),
        ("GET", "/configs/conf", format!("/configs/{ID}")),
        ("DELETE", "/networks/over", format!("/networks/{ID}")),
        ("GET", &format!("/networks/{ID}"), format!("/networks/{ID}")),
        ("GET", "/networks/0123456789ab", format!("/networks/{ID}")),
        (
            "GET",
            "/services?status=1&filters=%7B%22name%22%3A%5B%22w%22%5D%7D",
            "/services?status=1&filters=%7B%22label%22:%7B%22io.doodgate.tenant%3Dacme%22:true%7D,%22name%22:%7B%22acme__w%22:true%7D%7D".to_owned(),
        ),
        (
            "GET",
            "/tasks?filters=%7B%22service%22%3A%5B%22web%22%5D%7D",
            format!("/tasks?filters=%7B%22label%22:%7B%22io.doodgate.tenant%3Dacme%22:true%7D,%22service%22:%7B%22{ID}%22:true%7D%7D"),
        ),
        (
            "GET",
            "/secrets?filters=%7B%22names%22%3A%5B%22key%22%5D%7D",
            "/secrets?filters=%7B%22label%22:%7B%22io.doodgate.tenant%3Dacme%22:true%7D,%22names%22:%7B%22acme__key%22:true%7D%7D".to_owned(),
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
fn what_is_anothers_is_what_is_missing() {
    for kind in ["service", "task", "secret", "config"] {
        for term in [
            "theirs",
            OTHER,
            "zyx",
            "acme__web",
            "evil__web",
            "No-Such",
            ID.get(1..).unwrap(),
        ] {
            let message = format!("{kind} {term} not found");
            assert_refused("GET", &format!("/{kind}s/{term}"), 404, &message);
        }
    }
    for term in ["theirs", OTHER, "zyxwvutsrqpo", "acme__over"] {
        let message = format!("network {term} not found");
        assert_refused("GET", &format!("/networks/{term}"), 404, &message);
    }
    let filter = "/tasks?filters=%7B%22service%22%3A%5B%22theirs%22%5D%7D";
    assert_refused("GET", filter, 404, "service theirs not found");
}

fn made(target: &str, body: &str) -> Result<String, (u16, String)> {
    become_of("POST", target, body).map(|(_, body)| body)
}

#[test]
fn secrets_and_configs_are_the_tenants() {
    let body = r#"{"Name":"a.b","Data":"YQ==","Labels":{"x":"y"}}"#;
    let expected =
        r#"{"Name":"acme__a.b","Data":"YQ==","Labels":{"x":"y","io.doodgate.tenant":"acme"}}"#;
    for target in [
        "/secrets/create",
        "/secrets/key/update?version=4",
        "/configs/create",
        "/configs/conf/update?version=4",
    ] {
        assert_eq!(made(target, body).as_deref(), Ok(expected), "{target}");
    }
    let long = format!(r#"{{"Name":"{}"}}"#, "a".repeat(59));
    for (body, message) in [
        (r#"{"Name":"-a"}"#, "invalid name, only 64"),
        (r#"{"Name":"a/b"}"#, "invalid name, only 64"),
        ("{}", "name must be provided"),
        (&long, "58 characters"),
        (
            r#"{"Name":"a","Labels":{"io.doodgate.tenant":"evil"}}"#,
            "`io.doodgate.tenant`",
        ),
    ] {
        let (status, told) = made("/secrets/create", body).unwrap_err();
        assert!(status == 400 && told.contains(message), "{body}: {told}");
    }
    let driver = r#"{"Name":"a","Driver":{"Name":"vault"}}"#;
    assert_eq!(made("/secrets/create", driver).unwrap_err().0, 403);
}

#[test]
fn a_new_service_is_the_tenants_in_all_its_parts() {
    let body = made(
        "/services/create",
        r#"{"Name":"new","TaskTemplate":{"ContainerSpec":{"Image":"mine"}}}"#,
    );
    let image = format!("sha256:{}", super::ID);
    let expected = format!(
        r#"{{"Name":"acme__new","TaskTemplate":{{"ContainerSpec":{{"Image":"{image}","Mounts":[{{"Type":"volume","Target":"/image","VolumeOptions":{{"Labels":{{"io.doodgate.tenant":"acme"}}}}}}],"Labels":{{"io.doodgate.tenant":"acme",{STAMPS},"io.doodgate.image":"mine","io.doodgate.made":"container"}}}},"Networks":[{{"Target":"{ID}","Aliases":["new"]}}]}},"Labels":{{"io.doodgate.tenant":"acme",{STAMPS},"io.doodgate.tasks":"1","io.doodgate.ports":"0"}}}}"#
    );
    assert_eq!(body, Ok(expected));
    let body = made(
        "/services/create",
        &format!(r#"{{
            "name": "all", "labels": {{"a": "b"}},
            "TaskTemplate": {{
                "Runtime": "container",
                "ContainerSpec": {{
                    "Image": "alpine", "Labels": {{"c": "d"}},
                    "Mounts": [
                        {{"Type": "volume", "Source": "db", "Target": "/image"}},
                        {{"Type": "volume", "Target": "/x"}},
                        {{"Type": "bind", "Source": "/srv", "Target": "/srv"}}
                    ],
                    "Secrets": [{{"SecretID": "{ID}", "SecretName": "key", "File": {{"Name": "key"}}}}],
                    "Configs": [{{"ConfigID": "{ID}", "ConfigName": "conf", "Runtime": {{}}}}],
                    "Privileges": {{"CredentialSpec": {{"Config": "{ID}"}}}}
                }}
            }},
            "Networks": [{{"Target": "over", "Aliases": ["a"]}}, {{"Target": "host"}}, {{"Target": "bridge"}}],
            "Mode": {{"Replicated": {{"Replicas": 3}}}},
            "EndpointSpec": {{"Ports": [{{"TargetPort": 80, "PublishedPort": 8080}}]}}
        }}"#),
    )
    .unwrap();
    for part in [
        r#""acme__all""#,
        r#""labels":{"a":"b","io.doodgate.tenant":"acme""#,
        r#""io.doodgate.tasks":"3","io.doodgate.ports":"1""#,
        r#"{"c":"d","io.doodgate.tenant":"acme""#,
        r#""io.doodgate.image":"alpine""#,
        r#""Source":"acme.db","Target":"/image","VolumeOptions":{"Labels":{"io.doodgate.tenant":"acme"}}"#,
        r#""Target":"/x","VolumeOptions":{"Labels":{"io.doodgate.tenant":"acme"}}"#,
        r#""SecretName":"acme__key","File":{"Name":"key"}"#,
        r#""ConfigName":"acme__conf""#,
        &format!(
            r#""Networks":[{{"Target":"{ID}","Aliases":["a","all"]}},{{"Target":"host"}},{{"Target":"{ID}","Aliases":["all"]}}]}}"#
        ),
        r#""Networks":null"#,
    ] {
        assert!(
            body.to_ascii_lowercase()
                .contains(&part.to_ascii_lowercase()),
            "{part}: {body}"
        );
    }
    assert_eq!(body.matches("\"Target\":\"/image\"").count(), 1, "{body}");
}

#[test]
fn a_service_refers_to_nobody_elses() {
    let in_container = |part: &str| {
        format!(
            r#"{{"Name":"new","TaskTemplate":{{"ContainerSpec":{{"Image":"alpine",{part}}}}}}}"#
        )
    };
    let in_task = |part: &str| {
        format!(
            r#"{{"Name":"new","TaskTemplate":{{"ContainerSpec":{{"Image":"alpine"}},{part}}}}}"#
        )
    };
    let mut cases = vec![
        (in_container(r#""Labels":{"io.doodgate.tenant":"evil"}"#), 400),
        (in_container(r#""Mounts":[{"Type":"volume","Source":"host","Target":"/x"}]"#), 404),
        (in_container(r#""Mounts":[{"Type":"volume","Source":"a","Target":"/x","VolumeOptions":{"Labels":{"io.doodgate.tenant":"evil"}}}]"#), 400),
        (in_container(r#""Mounts":[{"Type":"bind","Source":"/srv/{{\"..\"}}","Target":"/x"}]"#), 403),
        (in_container(r#""Mounts":[{"Type":"volume","Source":"{{.Node.ID}}","Target":"/x"}]"#), 403),
        (in_container(r#""Mounts":[{"Type":"cluster","Source":"x","Target":"/x"}]"#), 403),
        (in_task(r#""Networks":[{"Target":"theirs"}]"#), 404),
        (in_task(&format!(r#""Networks":[{{"Target":"{OTHER}"}}]"#)), 404),
        (in_task(r#""Runtime":"plugin","PluginSpec":{"Name":"x","Remote":"y"}"#), 403),
        (in_task(r#""Runtime":"attachment""#), 403),
        (in_task(r#""NetworkAttachmentSpec":{"ContainerID":"x"}"#), 403),
        (r#"{"Name":"new","TaskTemplate":{"ContainerSpec":{"Image":"theirs"}}}"#.to_owned(), 404),
        (r#"{"Name":"new","TaskTemplate":{"ContainerSpec":{"Image":"absent"}}}"#.to_owned(), 404),
        (r#"{"Name":"a.b","TaskTemplate":{"ContainerSpec":{"Image":"alpine"}}}"#.to_owned(), 400),
        (r#"{"Name":"new","Networks":[{"Target":"theirs"}],"TaskTemplate":{"ContainerSpec":{"Image":"alpine"}}}"#.to_owned(), 404),
        (r#"{"Name":"new","Labels":{"io.doodgate.tasks":"0"},"TaskTemplate":{"ContainerSpec":{"Image":"alpine"}}}"#.to_owned(), 400),
    ];
    for id in [OTHER, "0123", "key", ""] {
        cases.push((
            in_container(&format!(
                r#""Secrets":[{{"SecretID":"{id}","SecretName":"key"}}]"#
            )),
            400,
        ));
        cases.push((
            in_container(&format!(
                r#""Configs":[{{"ConfigID":"{id}","ConfigName":"conf"}}]"#
            )),
            400,
        ));
    }
    cases.push((
        in_container(&format!(
            r#""Privileges":{{"CredentialSpec":{{"Config":"{OTHER}"}}}}"#
        )),
        400,
    ));
    for target in ["/services/create", "/services/web/update?version=1"] {
        for (body, status) in &cases {
            let refused = made(target, body).expect_err(body);
            assert_eq!(refused.0, *status, "{target} {body}: {}", refused.1);
        }
    }
}

#[test]
fn an_update_keeps_whose_a_service_is() {
    let update = |query: &str, image: &str| {
        let body = format!(
            r#"{{"Name":"web","Labels":{{}},"TaskTemplate":{{"ContainerSpec":{{"Image":"{image}"}}}}}}"#
        );
        become_of(
            "POST",
            &format!("/services/web/update?version=7{query}"),
            &body,
        )
    };
    let (target, body) = update("&registryAuthFrom=spec", "alpine").unwrap();
    assert_eq!(
        target,
        format!("/services/{ID}/update?version=7&registryAuthFrom=spec")
    );
    assert_eq!(
        body.matches(r#""io.doodgate.tenant":"acme""#).count(),
        3,
        "{body}"
    );
    // The image has gone since, and can still be scaled; another one cannot.
    let (_, body) = update("", "gone").unwrap();
    assert!(body.contains(r#""Image":"sha256:old""#), "{body}");
    assert_eq!(update("", "absent").unwrap_err().0, 404);
    // What it was before has no label of the tenant's.
    assert_eq!(update("&rollback=previous", "alpine").unwrap_err().0, 403);
}

#[test]
fn networks_of_the_swarm_are_made_under_the_tenants_name() {
    let body = made(
        "/networks/create",
        r#"{"Name":"n1","Driver":"overlay","Attachable":true,"Options":{"encrypted":""}}"#,
    )
    .unwrap();
    assert!(
        body.contains(r#""Name":"acme__n1""#) && body.contains(r#""io.doodgate.tenant":"acme""#)
    );
    for (body, status) in [
        (r#"{"Name":"over"}"#, 409),
        (r#"{"Name":"net","Driver":"overlay"}"#, 409),
        (r#"{"Name":"a.b","Driver":"overlay"}"#, 400),
        (r#"{"Name":"ingress","Driver":"overlay"}"#, 403),
        (r#"{"Name":"n","Driver":"overlay","Ingress":true}"#, 403),
        (
            r#"{"Name":"n","Driver":"overlay","Options":{"com.docker.network.driver.overlay.vxlanid_list":"4097"}}"#,
            403,
        ),
        (r#"{"Name":"n","Scope":"swarm"}"#, 403),
    ] {
        let refused = made("/networks/create", body).expect_err(body);
        assert_eq!(refused.0, status, "{body}: {}", refused.1);
    }
}

#[test]
fn no_container_is_called_as_a_task_is() {
    let name = format!("web.1.{ID}");
    for target in [
        format!("/containers/create?name={name}"),
        format!("/containers/web/rename?name={name}"),
    ] {
        let body = if target.contains("create") {
            r#"{"Image":"alpine"}"#
        } else {
            ""
        };
        let refused = become_of("POST", &target, body).unwrap_err();
        assert_eq!(refused.0, 403, "{target}: {}", refused.1);
    }
}

#[test]
fn the_containers_of_tasks_are_left_to_their_service() {
    let task = format!("web.1.{ID}");
    for action in ["start", "restart", "rename?name=other"] {
        let target = format!("/containers/{task}/{action}");
        assert_refused("POST", &target, 403, "change the service");
    }
    for (method, action) in [("POST", "/stop"), ("POST", "/unpause"), ("DELETE", "")] {
        let target = format!("/containers/{task}{action}");
        let expected = format!("/containers/{}{action}", super::ID);
        let became = become_of(method, &target, "").map(|(target, _)| target);
        assert_eq!(became, Ok(expected));
    }
}
