use super::{Compat, CompatError, Detection, Image, acl, from_environment};
use crate::api::Harm;

fn variables(text: &str) -> Vec<(String, String)> {
    text.split_whitespace()
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap();
            (name.to_owned(), value.to_owned())
        })
        .collect()
}

fn read(text: &str) -> Compat {
    match from_environment(&variables(text)).unwrap() {
        Detection::Present(compat) => *compat,
        Detection::Absent => panic!("nothing detected in `{text}`"),
    }
}

fn is_absent(text: &str) -> bool {
    matches!(
        from_environment(&variables(text)).unwrap(),
        Detection::Absent
    )
}

fn allows(compat: &Compat, operation: &str) -> bool {
    compat
        .policy
        .lines()
        .any(|line| line.starts_with(&format!("  - {operation}:")))
}

#[test]
fn accidental_names_do_not_open_a_listener() {
    assert!(is_absent(""));
    assert!(is_absent(
        "VERSION=1.2.3 BUILD=4711 PATH=/usr/bin INFO=verbose"
    ));
    assert!(is_absent("CONTAINERS=1 DOODGATE_COMPAT=off"));
    assert!(!is_absent("CONTAINERS=1"));
    assert!(!is_absent("POST=0"));
    assert!(!is_absent("DOODGATE_COMPAT=tecnativa"));
    assert_eq!(
        from_environment(&variables("DOODGATE_COMPAT=haproxy")).unwrap_err(),
        CompatError::UnknownImage("haproxy".to_owned())
    );
}

#[test]
fn an_image_is_told_by_its_own_variables() {
    assert_eq!(read("CONTAINERS=1").image, Image::Tecnativa);
    assert_eq!(read("CONTAINERS=1 ALLOW_START=1").image, Image::Tecnativa);
    assert_eq!(read("CONTAINERS=1 ALLOW_LOGS=0").image, Image::Linuxserver);
    assert_eq!(read("CONTAINERS=1 LIBPOD_PING=1").image, Image::Linuxserver);
    assert_eq!(
        read("CONTAINERS=1 DOODGATE_COMPAT=linuxserver").image,
        Image::Linuxserver
    );
}

#[test]
fn switches_read_as_haproxy_reads_them() {
    // Measured with HAProxy 2.6.12: env(X) -m bool.
    for (value, expected) in [
        ("1", true),
        ("0", false),
        ("", false),
        ("true", false),
        ("TRUE", false),
        ("yes", false),
        ("on", false),
        ("2", true),
        ("-1", true),
        ("+1", true),
        ("1abc", true),
        ("0x1", false),
        ("01", true),
        ("00", false),
        ("1.5", true),
        ("'1'", false),
        ("-", false),
        ("18446744073709551616", true),
    ] {
        let compat = read(&format!("POST=0 INFO={value}"));
        assert_eq!(allows(&compat, "SystemInfo"), expected, "INFO={value}");
    }
}

#[test]
fn nothing_but_the_defaults_passes_without_a_switch() {
    let compat = read("POST=0");
    for operation in [
        "SystemPing",
        "SystemPingHead",
        "SystemVersion",
        "SystemEvents",
    ] {
        assert!(allows(&compat, operation), "{operation}");
    }
    assert_eq!(
        compat.policy.matches("body: any").count(),
        4,
        "{}",
        compat.policy
    );
    let closed = read("EVENTS=0 PING=0 VERSION=0");
    assert!(closed.policy.ends_with("allow: []\n"), "{}", closed.policy);
}

#[test]
fn the_two_images_differ_in_order() {
    // Tecnativa's rule for methods stands before ALLOW_*, linuxserver's behind.
    let restart = "ALLOW_RESTARTS=1";
    let tecnativa = read(&format!("{restart} DOODGATE_COMPAT=tecnativa"));
    let linuxserver = read(&format!("{restart} DOODGATE_COMPAT=linuxserver"));
    assert!(!allows(&tecnativa, "ContainerRestart"));
    assert!(allows(&linuxserver, "ContainerRestart"));
    assert!(allows(&linuxserver, "ContainerKill"));
    assert!(!allows(&linuxserver, "ContainerStart"));
    // A whole section reaches a container's files and logs, unless linuxserver's further rules close them.
    let containers = "CONTAINERS=1 POST=1";
    let tecnativa = read(&format!("{containers} DOODGATE_COMPAT=tecnativa"));
    let linuxserver = read(&format!("{containers} DOODGATE_COMPAT=linuxserver"));
    for operation in [
        "ContainerCreate",
        "ContainerExec",
        "ContainerAttachWebsocket",
    ] {
        assert!(allows(&tecnativa, operation), "{operation}");
        assert!(allows(&linuxserver, operation), "{operation}");
    }
    for operation in [
        "ContainerLogs",
        "PutContainerArchive",
        "ContainerExport",
        "ContainerTop",
        "ContainerChanges",
    ] {
        assert!(allows(&tecnativa, operation), "{operation}");
        assert!(!allows(&linuxserver, operation), "{operation}");
    }
}

#[test]
fn addresses_and_levels_are_taken_over() {
    let compat = read("POST=0");
    assert_eq!(compat.engine, "unix:///var/run/docker.sock");
    assert_eq!(compat.listen, "tcp://[::]:2375");
    assert_eq!(compat.log_level, "info");
    for (given, engine) in [
        ("/run/podman.sock", "unix:///run/podman.sock"),
        ("unix@/run/podman.sock", "unix:///run/podman.sock"),
        ("10.0.0.1:2375", "tcp://10.0.0.1:2375"),
    ] {
        assert_eq!(read(&format!("POST=0 SOCKET_PATH={given}")).engine, engine);
    }
    for (given, listen) in [
        ("POST=0 DISABLE_IPV6=True", "tcp://0.0.0.0:2375"),
        ("POST=0 DISABLE_IPV6=0", "tcp://[::]:2375"),
        (
            "DOODGATE_COMPAT=linuxserver DISABLE_IPV6=1",
            "tcp://0.0.0.0:2375",
        ),
        (
            "DOODGATE_COMPAT=linuxserver DISABLE_IPV6=true",
            "tcp://[::]:2375",
        ),
    ] {
        assert_eq!(read(given).listen, listen, "{given}");
    }
    for (given, level) in [
        ("debug", "debug"),
        ("warning", "warn"),
        ("emerg", "error"),
        ("x", "info"),
    ] {
        assert_eq!(read(&format!("POST=0 LOG_LEVEL={given}")).log_level, level);
    }
}

#[test]
fn what_has_no_effect_is_said() {
    let notes = read("POST=0 LIBPOD_PODS=1 TZ=Etc/UTC LOG_LEVEL=loud")
        .notes
        .join("\n");
    for word in [
        "LIBPOD_PODS",
        "TZ",
        "LOG_LEVEL is `loud`",
        "DOODGATE_COMPAT",
    ] {
        assert!(notes.contains(word), "{word} in:\n{notes}");
    }
    assert!(
        !notes.contains("LIBPOD_PING"),
        "a default is nobody's wish:\n{notes}"
    );
}

#[test]
fn exposures_name_harm_operations_and_variables() {
    let compat = read("CONTAINERS=1 POST=1");
    let escape = compat.exposures.first().unwrap();
    assert_eq!(escape.harm, Harm::HostEscape);
    assert!(escape.operations.contains(&"ContainerCreate"));
    assert_eq!(escape.variables, ["CONTAINERS", "POST"]);
    let text = escape.to_string();
    assert!(
        text.starts_with("CONTAINERS, POST: can become root on the host (ContainerCreate,"),
        "{text}"
    );
    // A GET writes to a container's stdin.
    let reading = read("CONTAINERS=1");
    assert!(
        reading
            .exposures
            .iter()
            .any(|exposure| exposure.harm == Harm::CodeExecution
                && exposure.operations == ["ContainerAttachWebsocket"]),
        "{:?}",
        reading.exposures
    );
    assert!(read("EVENTS=0").exposures.is_empty());
}

#[test]
fn variables_are_known_once_each() {
    for image in [Image::Tecnativa, Image::Linuxserver] {
        let mut names: Vec<_> = acl::variables(image).collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all, "{image}");
    }
}
