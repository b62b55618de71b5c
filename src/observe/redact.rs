//! What of a demanded value may be written down.
//!
//! Names, paths, images, numbers and modes say what was tried. Command lines, option values and addresses may hold
//! passwords: of those, only the part in front is written down. What is not listed here counts as the latter.

use std::borrow::Cow;

use crate::api::{Call, Entry, Meaning, ParameterKind, truthy};
use crate::demand::{Kind, Shape};

/// The kinds of text that hold names and modes, and no secrets.
const NAMES: &[Kind] = &[
    Kind::Address,
    Kind::ArchivePath,
    Kind::BindOption,
    Kind::Blkio,
    Kind::Body,
    Kind::CapAdd,
    Kind::Cgroup,
    Kind::CgroupParent,
    Kind::CgroupnsMode,
    Kind::CheckpointRestore,
    Kind::CompressedTar,
    Kind::Container,
    Kind::ContainerName,
    Kind::Device,
    Kind::DeviceCgroupRule,
    Kind::ExecUser,
    Kind::ExtraHost,
    Kind::Gpu,
    Kind::GroupAdd,
    Kind::HostConfigTopLevel,
    Kind::IpcMode,
    Kind::Isolation,
    Kind::Link,
    Kind::LogDriver,
    Kind::MaskedPath,
    Kind::MountType,
    Kind::NetworkDriver,
    Kind::NetworkMode,
    Kind::NodeOption,
    Kind::OomScoreAdj,
    Kind::PidMode,
    Kind::Placement,
    Kind::Platform,
    Kind::Plugin,
    Kind::ReadonlyPath,
    Kind::Registry,
    Kind::RegistryAuth,
    Kind::Restart,
    Kind::Runtime,
    Kind::SecretDriver,
    Kind::ServiceConfig,
    Kind::ServiceSecret,
    Kind::Signal,
    Kind::Subnet,
    Kind::Sysctl,
    Kind::TarEntry,
    Kind::Templating,
    Kind::Tmpfs,
    Kind::Ulimit,
    Kind::UnknownField,
    Kind::UnknownParameter,
    Kind::User,
    Kind::UsernsMode,
    Kind::UtsMode,
    Kind::Volume,
    Kind::VolumeDriver,
    Kind::VolumesFrom,
    Kind::WorkingDir,
];

/// The query parameters of text whose values are names.
const NAMED: &[&str] = &[
    "condition",
    "container",
    "driver",
    "fromImage",
    "name",
    "path",
    "platform",
    "reference",
    "repo",
    "signal",
    "t",
    "tag",
    "target",
    "type",
];

/// Stands for what is left out.
pub(crate) const HIDDEN: &str = "...";

/// The value of a demand of that kind, as far as it may be written down.
pub(crate) fn demanded(kind: Kind, value: &str) -> Cow<'_, str> {
    match kind.info().shape {
        Shape::Flag | Shape::Image | Shape::Limit(_) | Shape::Path | Shape::Ports => {
            Cow::Borrowed(value)
        }
        Shape::Text if NAMES.contains(&kind) => Cow::Borrowed(value),
        // `KEY=VALUE`, a command with its arguments, a URL with its credentials, or a bare name.
        Shape::Text => match value.find(['=', ' ', '/', ':']) {
            None => Cow::Borrowed(value),
            Some(end) => match value.split_at_checked(end.saturating_add(1)) {
                Some((front, rest)) if !rest.is_empty() => {
                    Cow::Owned(format!("{}{HIDDEN}", front.trim_end()))
                }
                Some(_) | None => Cow::Borrowed(value),
            },
        },
    }
}

/// The query parameters that the operation knows, each with what may be written down of its value.
pub(crate) fn parameters<'c>(call: &'c Call<'_>) -> impl Iterator<Item = (&'c str, &'c str)> {
    call.query
        .iter()
        .filter_map(|entry| shown(entry).map(|value| (entry.name.as_ref(), value)))
}

/// `None` for a name that is the client's own.
fn shown<'c>(entry: &'c Entry<'_>) -> Option<&'c str> {
    match entry.meaning {
        Meaning::Unknown => None,
        Meaning::Read(ParameterKind::Boolean) => Some(if truthy(&entry.value) {
            "true"
        } else {
            "false"
        }),
        Meaning::Read(ParameterKind::Integer) => Some(&entry.value),
        Meaning::Read(ParameterKind::Text | ParameterKind::TextList)
            if NAMED.contains(&entry.name.as_ref()) =>
        {
            Some(&entry.value)
        }
        Meaning::Inert
        | Meaning::Read(
            ParameterKind::Json
            | ParameterKind::Prose
            | ParameterKind::Text
            | ParameterKind::TextList,
        ) => Some(HIDDEN),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_names_and_hides_values() {
        for (grant, value, written) in [
            ("bind", "/:/host:rw", "/:/host:rw"),
            ("bind", "/etc", "/etc"),
            (
                "image",
                "docker.io/library/alpine:3.20",
                "docker.io/library/alpine:3.20",
            ),
            ("cap-add", "SYS_ADMIN", "SYS_ADMIN"),
            ("network-mode", "container:web", "container:web"),
            ("ports", "0.0.0.0:80/tcp", "0.0.0.0:80/tcp"),
            ("memory", "1073741824", "1073741824"),
            ("env", "DB_PASSWORD", "DB_PASSWORD"),
            ("env", "DB_PASSWORD=hunter2", "DB_PASSWORD=..."),
            ("exec-command", "mysql -phunter2", "mysql..."),
            ("exec-command", "whoami", "whoami"),
            (
                "build-remote",
                "https://user:hunter2@example.com/x",
                "https:...",
            ),
            ("labels", "com.example.key=hunter2", "com.example.key=..."),
            ("commit-change", "ENV A=hunter2", "ENV..."),
            ("volume-option", "o=password=hunter2", "o=..."),
        ] {
            assert_eq!(
                demanded(Kind::parse(grant).unwrap(), value),
                written,
                "{grant} {value}"
            );
        }
    }

    #[test]
    fn queries_show_names_and_harmless_values() {
        let parse = |target| Call::from_parts("POST", target, None).unwrap();
        let call = parse(
            "/v1.41/containers/create?name=web&HostConfig=hunter2&hunter2=1&platform=linux%2Famd64",
        );
        assert_eq!(
            parameters(&call).collect::<Vec<_>>(),
            [
                ("name", "web"),
                ("HostConfig", "..."),
                ("platform", "linux/amd64")
            ]
        );
        let call = parse(
            "/v1.41/build?remote=https%3A%2F%2Fu%3Ahunter2%40h&buildargs=hunter2&nocache=hunter2&t=a",
        );
        let shown: Vec<_> = parameters(&call).collect();
        assert_eq!(
            shown,
            [
                ("remote", "..."),
                ("buildargs", "..."),
                ("nocache", "true"),
                ("t", "a")
            ]
        );
    }
}
