use super::*;

fn found(target: &str, body: &str) -> Vec<String> {
    let call = Call::from_parts("POST", target, None).unwrap();
    let document = (!body.is_empty()).then(|| Document::parse(body.as_bytes()).unwrap());
    let demands = crate::demand::of(&call, document.as_ref()).unwrap();
    references(&call, document.as_ref(), &demands)
        .iter()
        .map(|found| format!("{:?} {} @ {}", found.target, found.name, found.place))
        .collect()
}

#[test]
fn names_are_found_wherever_they_stand() {
    for (target, body, expected) in [
        (
            "/v1.41/containers/create",
            r#"{"Image":"alpine","HostConfig":{"Binds":["v:/x","/etc:/y"],"Mounts":[{"Type":"volume","Source":"w","Target":"/z"}],"NetworkMode":"n","PidMode":"container:/p","IpcMode":"host","VolumesFrom":["/q:ro"],"Links":["l:m"]},"NetworkingConfig":{"EndpointsConfig":{"n2":{"NetworkID":"n3"}}}}"#,
            &[
                "Image docker.io/library/alpine:latest @ Image",
                "Volume v @ HostConfig.Binds[0]",
                "Volume w @ HostConfig.Mounts[0].Source",
                "Network n @ HostConfig.NetworkMode",
                "NamespaceOf p @ HostConfig.PidMode",
                "MountsOf q @ HostConfig.VolumesFrom[0]",
                "Container l @ HostConfig.Links[0]",
                "Network n2 @ NetworkingConfig.EndpointsConfig[\"n2\"]",
                "Network n3 @ NetworkingConfig.EndpointsConfig[\"n2\"].NetworkID",
            ][..],
        ),
        (
            "/containers/create",
            r#"{"HostConfig":{"NetworkMode":"container:x"}}"#,
            &["NetworkOf x @ HostConfig.NetworkMode"],
        ),
        (
            "/containers/create",
            r#"{"HostConfig":{"NetworkMode":"host"}}"#,
            &[],
        ),
        (
            "/networks/n/connect",
            r#"{"container":"/c"}"#,
            &["Network n @ path.id", "Container c @ Container"],
        ),
        (
            "/networks/n/disconnect",
            r#"{"Container":"c"}"#,
            &["Container c @ Container"],
        ),
        (
            "/commit?container=c",
            "null",
            &["Container c @ query.container"],
        ),
        (
            "/build?networkmode=container:c",
            "",
            &["NetworkOf c @ query.networkmode"],
        ),
    ] {
        let mut found = found(target, body);
        let mut expected: Vec<String> = expected.iter().map(ToString::to_string).collect();
        found.sort();
        expected.sort();
        assert_eq!(found, expected, "{target} {body}");
    }
}

#[test]
fn what_a_name_is_adds_demands() {
    for (target, inspection, expected) in [
        (
            Target::Volume,
            r#"{"Driver":"local","Options":null}"#,
            &[][..],
        ),
        (
            Target::Volume,
            r#"{"Driver":"local","Options":{"type":"tmpfs","device":"tmpfs"}}"#,
            &[],
        ),
        (
            Target::Volume,
            r#"{"Driver":"local","Options":{"type":"none","o":"bind","device":"/etc/."}}"#,
            &["bind /etc:rw"],
        ),
        (
            Target::Volume,
            r#"{"Driver":"local","Options":{"type":"nfs"}}"#,
            &["volume-option type=nfs"],
        ),
        (
            Target::Volume,
            r#"{"Driver":"sshfs","Options":{"a":"b"}}"#,
            &["volume-driver sshfs", "volume-option a=b"],
        ),
        (Target::Network, r#"{"Driver":"bridge"}"#, &[]),
        (
            Target::Network,
            r#"{"Driver":"host"}"#,
            &["network-mode host"],
        ),
        (
            Target::Network,
            r#"{"Driver":"macvlan"}"#,
            &["network-driver macvlan"],
        ),
        (
            Target::NetworkOf,
            r#"{"HostConfig":{"NetworkMode":"host"}}"#,
            &["network-mode host"],
        ),
        (
            Target::NetworkOf,
            r#"{"HostConfig":{"NetworkMode":"container:y"}}"#,
            &["network-mode container:y"],
        ),
        (
            Target::NetworkOf,
            r#"{"HostConfig":{"NetworkMode":"none"}}"#,
            &[],
        ),
        (
            Target::NamespaceOf,
            r#"{"HostConfig":{"PidMode":"host","Privileged":true}}"#,
            &["pid-mode host", "privileged "],
        ),
        (
            Target::MountsOf,
            r#"{"Mounts":[{"Type":"bind","Source":"/etc","RW":false},{"Type":"volume","Name":"v"},{"Type":"tmpfs"},{"Type":"npipe"}]}"#,
            &["bind /etc:ro", "mount-type npipe", "-> Volume v"],
        ),
        (
            Target::Container,
            r#"{"HostConfig":{"Privileged":true}}"#,
            &[],
        ),
    ] {
        let reference = Reference {
            target,
            name: "x".into(),
            place: "P".into(),
        };
        let document = Document::parse(inspection.as_bytes()).unwrap();
        let facts = learn(&reference, Some(&document));
        let demands = facts.demands.iter().map(|demand| {
            assert!(!demand.safe && demand.place == "P (x)");
            let text = if let Asked::Text(text) = &demand.value {
                text
            } else {
                ""
            };
            format!("{} {text}", demand.kind.name())
        });
        let further = facts
            .references
            .iter()
            .map(|further| format!("-> {:?} {}", further.target, further.name));
        let found: Vec<String> = demands.chain(further).collect();
        assert_eq!(found, expected, "{target:?} {inspection}");
        assert_eq!(learn(&reference, None), Facts::default());
    }
}
