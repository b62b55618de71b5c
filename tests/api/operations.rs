//! The table against the Engine API's own descriptions, and the commands that print it.

use std::collections::{BTreeMap, BTreeSet};

use doodgate::api::{ApiVersion, Call, Group, Method, OPERATIONS, Operation};

struct Documented {
    version: ApiVersion,
    method: Method,
    path: &'static str,
    name: &'static str,
    query: Vec<&'static str>,
    headers: Vec<&'static str>,
}

fn documented() -> Vec<Documented> {
    let list = |field: &'static str| field.split(',').filter(|name| *name != "-").collect();
    include_str!("swagger-operations.tsv")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| {
            let fields: Vec<&str> = line.split('\t').collect();
            let [version, method, path, name, query, headers] = fields[..] else {
                panic!("not six fields: {line}");
            };
            Documented {
                version: ApiVersion::parse(version).expect("a version"),
                method: Method::parse(method).expect("a method"),
                path,
                name,
                query: list(query),
                headers: list(headers),
            }
        })
        .collect()
}

/// The newest description's names differ from older ones for these; a policy uses the newest.
const RENAMED: &[(&str, &str)] = &[
    ("ContainerArchiveHead", "ContainerArchiveInfo"),
    ("ContainerGetArchive", "ContainerArchive"),
    ("ContainerPutArchive", "PutContainerArchive"),
];

fn row(name: &str) -> &'static Operation {
    let name = RENAMED
        .iter()
        .find(|(old, _)| *old == name)
        .map_or(name, |(_, new)| new);
    OPERATIONS
        .iter()
        .find(|row| row.name == name)
        .unwrap_or_else(|| panic!("no row for {name}"))
}

#[test]
fn every_documented_operation_has_a_row() {
    for documented in documented() {
        let row = row(documented.name);
        assert_eq!(row.method, documented.method, "{}", row.name);
        assert_eq!(
            row.template.replace("...}", "}"),
            documented.path,
            "{}",
            row.name
        );
        assert!(row.documented, "{}", row.name);
        assert!(
            row.since.is_none_or(|since| since <= documented.version),
            "{} {}",
            row.name,
            documented.version
        );
        assert!(
            row.until.is_none_or(|until| until >= documented.version),
            "{} {}",
            row.name,
            documented.version
        );
    }
}

#[test]
fn every_documented_parameter_is_in_its_row() {
    // No engine reads the first, which 1.25 documents for the second.
    let misdocumented = [("GetPluginPrivileges", "name")];
    for documented in documented() {
        let row = row(documented.name);
        for parameter in documented.query {
            let read = row.query.iter().any(|known| known.name == parameter);
            assert!(
                read || misdocumented.contains(&(row.name, parameter)),
                "{} lacks {parameter}",
                row.name
            );
        }
        for header in documented
            .headers
            .into_iter()
            .filter(|header| !header.eq_ignore_ascii_case("content-type"))
        {
            assert!(
                row.headers.iter().any(|known| known.matches(header)),
                "{} lacks {header}",
                row.name
            );
        }
    }
}

#[test]
fn a_row_is_documented_exactly_when_a_description_has_it() {
    let names: BTreeSet<&str> = documented()
        .iter()
        .map(|documented| row(documented.name).name)
        .collect();
    for row in OPERATIONS {
        assert_eq!(row.documented, names.contains(row.name), "{}", row.name);
    }
}

/// What the group `read` holds is a promise to whoever allows it, so it is written down here in full.
#[test]
fn the_harmless_reads_are_these() {
    let harmless: BTreeSet<&str> = OPERATIONS
        .iter()
        .filter(|row| row.harmless_read)
        .map(|row| row.name)
        .collect();
    let expected = BTreeSet::from([
        "ContainerChanges",
        "ContainerInspect",
        "ContainerList",
        "ContainerStats",
        "ContainerTop",
        "ImageHistory",
        "ImageInspect",
        "ImageList",
        "NetworkInspect",
        "NetworkList",
        "NodeInspect",
        "NodeList",
        "PluginInspect",
        "PluginList",
        "ServiceInspect",
        "ServiceList",
        "SystemDataUsage",
        "SystemEvents",
        "SystemInfo",
        "SystemOptions",
        "SystemPing",
        "SystemPingHead",
        "SystemVersion",
        "TaskInspect",
        "TaskList",
        "VolumeInspect",
        "VolumeList",
    ]);
    assert_eq!(harmless, expected);
    for row in OPERATIONS.iter().filter(|row| row.harmless_read) {
        assert!(
            matches!(row.method, Method::Get | Method::Head | Method::Options),
            "{}",
            row.name
        );
        assert!(row.upgrade().is_none(), "{}", row.name);
    }
}

#[test]
fn every_group_has_its_parts() {
    let mut parts: BTreeMap<Group, BTreeSet<&str>> = BTreeMap::new();
    for row in OPERATIONS {
        parts.entry(row.group).or_default().insert(row.part);
    }
    let listed: Vec<String> = parts
        .iter()
        .map(|(group, parts)| {
            format!(
                "{group}: {}",
                parts.iter().copied().collect::<Vec<_>>().join(" ")
            )
        })
        .collect();
    // Policies name parts: one that vanishes breaks them.
    let expected = "\
build: cancel prune run
configs: create delete read update
containers: archive attach checkpoints create delete export lifecycle logs prune read stats update
distribution: inspect
exec: create read start
images: attestations commit create delete export load prune pull push read search tag
networks: connect create delete prune read
plugins: delete install manage privileges push read
secrets: create delete read update
services: create delete logs read tasks update
session: grpc session
swarm: manage nodes nodes-manage read unlock
system: auth debug events info ping usage version
volumes: create delete prune read update";
    assert_eq!(listed.join("\n"), expected);
}

#[test]
fn a_call_knows_its_parts() {
    let call =
        Call::from_parts("POST", "/v1.41/containers/web/stop?t=10&signal=", None).expect("legal");
    assert_eq!(call.operation().map(|row| row.name), Some("ContainerStop"));
    assert_eq!(call.target("id"), Some("web"));
    assert_eq!(call.object(), Some("web"));
    assert_eq!(call.parameter("t"), Some("10"));
    assert_eq!(call.parameter("nosuch"), None);
    let call = Call::from_parts("DELETE", "/containers/web?force=off&v=False&link=NO", None)
        .expect("legal");
    assert!(call.flag("force"), "the engine takes `off` for true");
    assert!(!call.flag("v") && !call.flag("link") && !call.flag("nosuch"));
}

#[test]
fn an_unknown_route_names_the_methods_of_its_path() {
    let text = |method, target| {
        Call::from_parts(method, target, None)
            .expect("legal")
            .route
            .to_string()
    };
    assert_eq!(
        text("PATCH", "/v1.41/containers/json"),
        "`PATCH /containers/json` (the path is known with DELETE, GET)"
    );
    assert_eq!(text("GET", "/nothing"), "`GET /nothing`");
    assert_eq!(text("GET", "/_ping"), "SystemPing");
}
