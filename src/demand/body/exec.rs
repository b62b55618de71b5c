//! Commands in running containers, checkpoints, and credentials.

use super::container_rules as rules;
use crate::api::json::Value;
use crate::demand::Kind;
use crate::demand::normal;
use crate::demand::schema::{Rule, Struct, TEXTS, Type, field, plain, unread, whole};
use crate::demand::walk::{Path, Walk};
use Rule::{Ask, By, Free, Tell};
use Type::{Bool, Int, List, Text};

/// `POST /containers/{id}/exec` (moby `api/types/container/exec_create_request.go`; `Detach` up to 20.10).
pub(super) static CREATE: Struct = whole(
    &[&[
        field("User", Text, Tell(Kind::ExecUser)),
        field("Privileged", Bool, Ask(Kind::ExecPrivileged)),
        field("Tty", Bool, Free),
        field("ConsoleSize", List(&Int), Free),
        field("AttachStdin", Bool, Free),
        field("AttachStderr", Bool, Free),
        field("AttachStdout", Bool, Free),
        field("Detach", Bool, Free),
        field("DetachKeys", Text, Free),
        field("Env", TEXTS, By(rules::env)),
        field("WorkingDir", Text, By(rules::working_dir)),
        field("Cmd", TEXTS, By(command)),
        // Sent by docker-py (`api/exec_api.py`), Portainer up to 2.19 and docker-java (`ExecCreateCmdImpl.java`); the
        // engine takes the container from the path.
        field("Container", Text, Free),
        unread("containerId"),
        unread("id"),
    ]],
    user,
);

/// `POST /exec/{id}/start`.
pub(super) static START: Struct = plain(&[
    &[
        field("Detach", Bool, Free),
        field("Tty", Bool, Free),
        field("ConsoleSize", List(&Int), Free),
        // Read with the exec's creation only. Who asks for it here means it.
        field("Privileged", Bool, Ask(Kind::ExecPrivileged)),
    ],
    &[
        // Options of the call that dockerode's users pass on (`lib/exec.js`).
        unread("hijack"),
        unread("stdin"),
        unread("stdout"),
        unread("stderr"),
        unread("stream"),
        // What else makes an exec: Docker.DotNet up to 3.125 (`ContainerExecStartParameters.Generated.cs`).
        unread("User"),
        unread("AttachStdin"),
        unread("AttachStdout"),
        unread("AttachStderr"),
        unread("DetachKeys"),
        unread("Env"),
        unread("WorkingDir"),
        unread("Cmd"),
        // Where the output goes in the client: go-dockerclient (`exec.go`), and bollard's room for it (`exec.rs`).
        unread("InputStream"),
        unread("OutputStream"),
        unread("ErrorStream"),
        unread("RawTerminal"),
        unread("OutputCapacity"),
    ],
]);

/// `POST /containers/{id}/checkpoints` (api/types/checkpoint).
pub(super) static CHECKPOINT: Struct = plain(&[&[
    field("CheckpointID", Text, Free),
    field("CheckpointDir", Text, By(checkpoint_dir)),
    field("Exit", Bool, Free),
]]);

/// `POST /auth` (api/types/registry/authconfig.go; `email` up to 1.51).
pub(super) static AUTH: Struct = whole(
    &[&[
        field("username", Text, Free),
        field("password", Text, Free),
        field("auth", Text, Free),
        field("email", Text, Free),
        field("serveraddress", Text, By(registry)),
        field("identitytoken", Text, Free),
        field("registrytoken", Text, Free),
    ]],
    hub,
);

fn user<'c>(walk: &mut Walk<'c>, _: &Path<'_, 'c>, _: &'c Value<'c>) {
    rules::absent(walk, Kind::ExecUser, "User");
}

fn command<'c>(walk: &mut Walk<'c>, path: &Path<'_, 'c>, value: &'c Value<'c>) {
    let words: Vec<&str> = rules::texts(value).collect();
    walk.tell(Kind::ExecCommand, words.join(" "), path);
}

fn checkpoint_dir<'c>(walk: &mut Walk<'c>, path: &Path<'_, 'c>, value: &'c Value<'c>) {
    if let Some(dir) = value.as_str().filter(|dir| !dir.is_empty()) {
        walk.ask(Kind::CheckpointDir, normal::bind(dir, false), path);
    }
}

/// Without an address the engine logs in at Docker Hub.
fn hub<'c>(walk: &mut Walk<'c>, path: &Path<'_, 'c>, _: &'c Value<'c>) {
    if !walk
        .demands
        .iter()
        .any(|demand| demand.kind == Kind::Registry)
    {
        walk.tell(
            Kind::Registry,
            "docker.io",
            &Path::Field(path, "serveraddress"),
        );
    }
}

/// The engine logs in at the address from its own network; Docker Hub is the default.
fn registry<'c>(walk: &mut Walk<'c>, path: &Path<'_, 'c>, value: &'c Value<'c>) {
    if let Some(address) = value.as_str().filter(|address| !address.is_empty()) {
        let hub = matches!(
            address,
            "https://index.docker.io/v1/" | "index.docker.io" | "docker.io"
        );
        let host = address.split_once("://").map_or(address, |(_, rest)| rest);
        let host = host.split('/').next().unwrap_or(host);
        if hub {
            walk.tell(Kind::Registry, "docker.io", path);
        } else {
            walk.ask(Kind::Registry, host, path);
        }
    }
}
