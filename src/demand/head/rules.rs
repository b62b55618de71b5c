//! What query parameters and the names in a path demand.

use std::borrow::Cow;

use super::signal;
use crate::api::json::{Document, Member, Value as Json, has_folded_twins};
use crate::api::{Call, OperationId, truthy};
use crate::demand::body::swap_left_out;
use crate::demand::dockerfile::UNSEEN;
use crate::demand::normal;
use crate::demand::walk::{Path, Walk, wrong};
use crate::demand::{BadBody, Kind, Value, reference};

/// What the names in a path demand, and what the engine takes for granted when a parameter is left out.
pub(super) fn target<'c>(walk: &mut Walk<'c>, call: &'c Call<'c>, operation: OperationId) {
    container_of(walk, call);
    let Some((_, judge)) = TARGETS.iter().find(|(id, _)| *id == operation) else {
        return;
    };
    let above = Path::Field(&Path::Root, "path");
    let path = match call
        .operation()
        .and_then(|operation| operation.names().next())
    {
        Some(name) => Path::Field(&above, name),
        None => Path::Field(&Path::Root, "body"),
    };
    judge(walk, &path, call.object().unwrap_or_default(), call);
}

/// The container in the path, or the one that an exec in the path is in, which only the engine knows.
fn container_of<'c>(walk: &mut Walk<'c>, call: &'c Call<'c>) {
    let template = call.operation().map_or("", |operation| operation.template);
    let above = Path::Field(&Path::Root, "path");
    let path = Path::Field(&above, "id");
    match call.object() {
        Some(exec) if template.starts_with("/exec/") => {
            walk.tell(Kind::Container, format!("(of exec {exec})"), &path);
        }
        Some(name) if template.starts_with("/containers/") => {
            walk.tell(Kind::Container, name, &path);
        }
        Some(_) | None => {}
    }
}

/// The container in a parameter.
pub(super) fn container<'c>(walk: &mut Walk<'c>, path: &Path<'_, 'c>, name: &'c str) {
    if !name.is_empty() {
        let bare = name.strip_prefix('/').unwrap_or(name);
        walk.tell(Kind::Container, bare, path);
    }
}

type Target = for<'c, 'p> fn(&mut Walk<'c>, &Path<'p, 'c>, &'c str, &'c Call<'c>);

static TARGETS: &[(OperationId, Target)] = &[
    (OperationId::ContainerKill, killed),
    (OperationId::DistributionInspect, |walk, path, name, _| {
        registry(walk, name, path);
    }),
    (OperationId::ImageBuild, built),
    (OperationId::ImageDelete, |walk, path, name, _| {
        image(walk, path, name);
    }),
    (OperationId::ImageGet, |walk, path, name, _| {
        image(walk, path, name);
    }),
    // Which names an archive holds is known when it has been read.
    (OperationId::ImageLoad, |walk, path, _, _| {
        walk.tell(Kind::Image, "(in the archive)", path);
    }),
    (OperationId::ImagePush, pushed),
    (OperationId::ImageTag, |walk, path, name, _| {
        image(walk, path, name);
    }),
    (OperationId::NetworkConnect, |walk, path, name, _| {
        walk.join(name, path);
    }),
    (OperationId::PluginCreate, |walk, path, _, _| {
        walk.ask(Kind::Plugin, "(in the archive)", path);
    }),
    (OperationId::PluginEnable, |walk, path, name, _| {
        plugin(walk, path, name);
    }),
    (OperationId::PluginPush, |walk, path, name, _| {
        walk.tell(Kind::Plugin, reference::name(name), path);
    }),
    (OperationId::PluginSet, |walk, path, name, _| {
        plugin(walk, path, name);
    }),
    (OperationId::PluginUpgrade, |walk, path, name, _| {
        plugin(walk, path, name);
    }),
    // A host that begins or joins a swarm opens ports and takes orders, whatever the settings.
    (OperationId::SwarmInit, |walk, path, _, _| {
        walk.ask(Kind::SwarmOption, "member", path);
    }),
    (OperationId::SwarmJoin, |walk, path, _, _| {
        walk.ask(Kind::SwarmOption, "member", path);
    }),
];

/// Without a signal, or with an empty one, the engine sends SIGKILL.
fn killed<'c>(walk: &mut Walk<'c>, _: &Path<'_, 'c>, _: &'c str, call: &'c Call<'c>) {
    if call.parameter("signal").unwrap_or_default().is_empty() {
        walk.tell(
            Kind::Signal,
            "SIGKILL",
            &Path::Field(&Path::Field(&Path::Root, "query"), "signal"),
        );
    }
}

fn registry<'c>(walk: &mut Walk<'c>, name: &'c str, path: &Path<'_, 'c>) {
    let host = reference::registry(name);
    let hub = host == "docker.io";
    walk.push(Kind::Registry, Value::Text(Cow::Owned(host)), path, hub);
}

/// A name that could be the beginning of an id takes precedence over the container with that id (moby
/// daemon/container.go, `GetContainer`).
pub(super) fn container_name<'c>(walk: &mut Walk<'c>, path: &Path<'_, 'c>, name: &'c str) {
    let bare = name.strip_prefix('/').unwrap_or(name);
    if bare.is_empty() {
        return;
    }
    let hex = bare
        .bytes()
        .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let like_id = hex && (6..=64).contains(&bare.len());
    walk.push(
        Kind::ContainerName,
        Value::Text(Cow::Borrowed(bare)),
        path,
        !like_id,
    );
}

pub(super) fn signal<'c>(walk: &mut Walk<'c>, path: &Path<'_, 'c>, name: &'c str) {
    if !name.is_empty() {
        walk.tell(Kind::Signal, signal::normal(name), path);
    }
}

pub(super) fn archive_path<'c>(walk: &mut Walk<'c>, path: &Path<'_, 'c>, name: &'c str) {
    walk.tell(Kind::ArchivePath, normal::absolute(name), path);
}

pub(super) fn checkpoint_dir<'c>(walk: &mut Walk<'c>, path: &Path<'_, 'c>, dir: &'c str) {
    if !dir.is_empty() {
        walk.ask(Kind::CheckpointDir, normal::bind(dir, false), path);
    }
}

/// The engine runs the host's ps as root; a bare `e` shows environments.
pub(super) fn ps_args<'c>(walk: &mut Walk<'c>, path: &Path<'_, 'c>, arguments: &'c str) {
    let mut words = arguments.split_ascii_whitespace();
    let fine = match (words.next(), words.next(), words.next()) {
        (None, ..) => true,
        (Some(options), None, _) => PS_OPTIONS.contains(&options),
        (Some("-o" | "-eo" | "-Ao" | "-axo" | "axo" | "o"), Some(columns), None) => columns
            .split(',')
            .all(|column| PS_COLUMNS.contains(&column.split('=').next().unwrap_or(column))),
        (Some(_), Some(_), _) => false,
    };
    if !fine {
        walk.ask(Kind::PsArgs, arguments, path);
    }
}

const PS_OPTIONS: [&str; 14] = [
    "-A", "-aux", "-ax", "-axu", "-e", "-eF", "-ef", "-efl", "-elf", "aux", "auxf", "auxww", "ax",
    "faux",
];

const PS_COLUMNS: [&str; 27] = [
    "%cpu", "%mem", "args", "cmd", "comm", "command", "etime", "etimes", "gid", "group", "lstart",
    "ni", "nice", "nlwp", "pcpu", "pgid", "pid", "pmem", "ppid", "pri", "rss", "stat", "time",
    "tty", "uid", "user", "vsz",
];

pub(super) fn image<'c>(walk: &mut Walk<'c>, path: &Path<'_, 'c>, name: &'c str) {
    if !name.is_empty() {
        walk.tell(Kind::Image, reference::term(name), path);
    }
}

/// The names that a build gives.
pub(super) fn image_name<'c>(walk: &mut Walk<'c>, path: &Path<'_, 'c>, name: &'c str) {
    if !name.is_empty() {
        walk.tell(Kind::Image, reference::name(name), path);
    }
}

/// The name that is given to an image, with `tag`.
pub(super) fn repository<'c>(
    walk: &mut Walk<'c>,
    path: &Path<'_, 'c>,
    repo: &'c str,
    call: &'c Call<'c>,
) {
    if !repo.is_empty() {
        walk.tell(Kind::Image, reference::given(repo, tag(call)), path);
    }
}

pub(super) fn pulled<'c>(
    walk: &mut Walk<'c>,
    path: &Path<'_, 'c>,
    name: &'c str,
    call: &'c Call<'c>,
) {
    if !name.is_empty() {
        walk.tell(Kind::Image, reference::pulled(name, tag(call)), path);
    }
}

/// What a build takes where the query does not say.
fn built<'c>(walk: &mut Walk<'c>, _: &Path<'_, 'c>, _: &'c str, call: &'c Call<'c>) {
    let query = Path::Field(&Path::Root, "query");
    if call.parameter("networkmode").is_none() {
        walk.tell(
            Kind::NetworkMode,
            "bridge",
            &Path::Field(&query, "networkmode"),
        );
    }
    // What BuildKit builds from comes through its tunnel, and what lies elsewhere from there.
    let unseen = |name: &str, harmless: &[&str]| {
        call.parameter(name)
            .is_some_and(|value| !harmless.contains(&value))
    };
    for (name, harmless) in [
        ("remote", &[""][..]),
        ("session", &[""]),
        ("version", &["", "1"]),
    ] {
        if unseen(name, harmless) {
            walk.tell(Kind::BaseImage, UNSEEN, &Path::Field(&query, name));
        }
    }
    for (kind, name) in [(Kind::Memory, "memory"), (Kind::Cpus, "cpuquota")] {
        if matches!(call.parameter(name), None | Some("" | "0")) {
            walk.push(kind, Value::Unlimited, &Path::Field(&query, name), true);
        }
    }
    swap_left_out(walk, &Path::Field(&query, "memswap"));
}

fn pushed<'c>(walk: &mut Walk<'c>, path: &Path<'_, 'c>, name: &'c str, call: &'c Call<'c>) {
    walk.tell(Kind::Image, reference::pushed(name, tag(call)), path);
}

fn tag<'c>(call: &'c Call<'c>) -> &'c str {
    call.parameter("tag").unwrap_or_default()
}

/// `-` stands for the request's own body.
pub(super) fn import_source<'c>(walk: &mut Walk<'c>, path: &Path<'_, 'c>, source: &'c str) {
    if !matches!(source, "" | "-") {
        walk.ask(Kind::ImportSource, source, path);
    }
}

/// A term may begin with the host to ask.
pub(super) fn search_term<'c>(walk: &mut Walk<'c>, path: &Path<'_, 'c>, term: &'c str) {
    if let Some((host, _)) = term.split_once('/')
        && (host.contains(['.', ':']) || host == "localhost")
        && !matches!(host, "docker.io" | "index.docker.io")
    {
        walk.ask(Kind::Registry, host, path);
    } else {
        walk.tell(Kind::Registry, "docker.io", path);
    }
}

pub(super) fn plugin<'c>(walk: &mut Walk<'c>, path: &Path<'_, 'c>, remote: &'c str) {
    if !remote.is_empty() {
        walk.ask(Kind::Plugin, reference::name(remote), path);
    }
}

pub(super) fn rollback<'c>(walk: &mut Walk<'c>, path: &Path<'_, 'c>, value: &'c str) {
    if !matches!(value, "" | "none") {
        walk.push(Kind::Rollback, Value::Flag, path, false);
    }
}

pub(super) fn rotate<'c>(walk: &mut Walk<'c>, path: &Path<'_, 'c>, value: &'c str) {
    if truthy(value)
        && let Path::Field(_, name) = path
    {
        walk.ask(Kind::SwarmOption, format!("{name}=true"), path);
    }
}

pub(super) fn tunnel<'c>(walk: &mut Walk<'c>, path: &Path<'_, 'c>, value: &'c str) {
    if !value.is_empty() {
        walk.push(Kind::Tunnel, Value::Flag, path, false);
    }
}

/// Version 1 is the classic builder; with any other, Dockerfile and context come through a session.
pub(super) fn builder_version<'c>(walk: &mut Walk<'c>, path: &Path<'_, 'c>, version: &'c str) {
    if !matches!(version, "" | "1") {
        walk.push(Kind::Tunnel, Value::Flag, path, false);
    }
}

pub(super) fn build_remote<'c>(walk: &mut Walk<'c>, path: &Path<'_, 'c>, remote: &'c str) {
    match remote {
        "" => {}
        "client-session" => walk.push(Kind::Tunnel, Value::Flag, path, false),
        _ => walk.ask(Kind::BuildRemote, remote, path),
    }
}

pub(super) fn network_mode<'c>(walk: &mut Walk<'c>, path: &Path<'_, 'c>, mode: &'c str) {
    match mode {
        "" | "default" => walk.tell(Kind::NetworkMode, "bridge", path),
        _ => walk.join(mode, path),
    }
}

pub(super) fn extra_hosts<'c>(walk: &mut Walk<'c>, path: &Path<'_, 'c>, line: &'c str) {
    let safe = !line.to_ascii_lowercase().contains("host-gateway");
    walk.push(
        Kind::ExtraHost,
        Value::Text(Cow::Borrowed(line)),
        path,
        safe || line.is_empty(),
    );
}

pub(super) fn isolation<'c>(walk: &mut Walk<'c>, path: &Path<'_, 'c>, value: &'c str) {
    if !matches!(value, "" | "default") {
        walk.ask(Kind::Isolation, value, path);
    }
}

pub(super) fn security_opt<'c>(walk: &mut Walk<'c>, path: &Path<'_, 'c>, option: &'c str) {
    if !option.is_empty() {
        walk.ask(Kind::SecurityOpt, option, path);
    }
}

pub(super) fn memory<'c>(walk: &mut Walk<'c>, path: &Path<'_, 'c>, bytes: &'c str) {
    limit(walk, Kind::Memory, path, bytes);
}

pub(super) fn memory_swap<'c>(walk: &mut Walk<'c>, path: &Path<'_, 'c>, bytes: &'c str) {
    limit(walk, Kind::MemorySwap, path, bytes);
}

pub(super) fn shm_size<'c>(walk: &mut Walk<'c>, path: &Path<'_, 'c>, bytes: &'c str) {
    limit(walk, Kind::ShmSize, path, bytes);
}

fn limit<'c>(walk: &mut Walk<'c>, kind: Kind, path: &Path<'_, 'c>, amount: &str) {
    if !matches!(amount, "" | "0") {
        walk.push(
            kind,
            amount.parse().map_or(Value::Unlimited, Value::Number),
            path,
            true,
        );
    }
}

pub(super) fn cpu_quota<'c>(
    walk: &mut Walk<'c>,
    path: &Path<'_, 'c>,
    quota: &'c str,
    call: &'c Call<'c>,
) {
    if matches!(quota, "" | "0") {
        return;
    }
    let period = call
        .parameter("cpuperiod")
        .and_then(|period| period.parse().ok())
        .filter(|period| *period > 0);
    let nanos = quota
        .parse()
        .ok()
        .and_then(|quota| normal::processors(quota, period.unwrap_or(100_000)));
    walk.push(
        Kind::Cpus,
        nanos.map_or(Value::Unlimited, Value::Number),
        path,
        true,
    );
}

pub(super) fn build_args<'c>(
    walk: &mut Walk<'c>,
    path: &Path<'_, 'c>,
    json: &'c str,
) -> Result<(), BadBody> {
    members(path, json, |name, _, here| {
        walk.found(Kind::BuildArg, name.to_owned(), here, true);
    })
}

pub(super) fn labels<'c>(
    walk: &mut Walk<'c>,
    path: &Path<'_, 'c>,
    json: &'c str,
) -> Result<(), BadBody> {
    members(path, json, |name, value, here| {
        walk.found(Kind::Labels, normal::pair(name, value), here, true);
    })
}

pub(super) fn cache_from<'c>(
    walk: &mut Walk<'c>,
    path: &Path<'_, 'c>,
    json: &'c str,
) -> Result<(), BadBody> {
    items(path, json, |item, here| match item.as_str() {
        Some(image) => {
            walk.found(Kind::CacheFrom, reference::name(image), here, true);
            Ok(())
        }
        None => Err(wrong(here, "a string")),
    })
}

pub(super) fn ulimits<'c>(
    walk: &mut Walk<'c>,
    path: &Path<'_, 'c>,
    json: &'c str,
) -> Result<(), BadBody> {
    items(path, json, |item, here| {
        let (Some(name), Some(hard)) = (
            item.field("Name").and_then(Json::as_str),
            item.field("Hard").and_then(Json::as_i64),
        ) else {
            return Err(wrong(here, "an object with Name and Hard"));
        };
        walk.found(Kind::Ulimit, format!("{name}={hard}"), here, true);
        Ok(())
    })
}

/// Where a build's result goes; some kinds are files on the host. As the client's command line has it: `type=TYPE,NAME=VALUE`.
pub(super) fn outputs<'c>(
    walk: &mut Walk<'c>,
    path: &Path<'_, 'c>,
    json: &'c str,
) -> Result<(), BadBody> {
    items(path, json, |item, here| {
        let mut words = Vec::new();
        for Member { name, value } in item.as_object().unwrap_or_default() {
            match (name.to_ascii_lowercase().as_str(), value) {
                ("type", Json::Text(kind)) => words.insert(0, format!("type={kind}")),
                ("attrs", Json::Object(attributes)) => words.extend(
                    attributes
                        .iter()
                        .map(|attribute| normal::pair(&attribute.name, &attribute.value)),
                ),
                (_, Json::Null) => {}
                _ => {
                    return Err(wrong(
                        &Path::Field(here, name),
                        "`Type`, a string, or `Attrs`, an object",
                    ));
                }
            }
        }
        walk.found(Kind::BuildOutput, words.join(","), here, false);
        Ok(())
    })
}

fn members(
    path: &Path<'_, '_>,
    json: &str,
    mut each: impl FnMut(&str, &Json<'_>, &Path<'_, '_>),
) -> Result<(), BadBody> {
    if json.is_empty() {
        return Ok(());
    }
    match Document::parse(json.as_bytes())
        .as_ref()
        .map(Document::root)
    {
        Ok(Json::Null) => Ok(()),
        Ok(Json::Object(members)) => {
            for Member { name, value } in members {
                let here = Path::Key(path, name);
                if !matches!(value, Json::Null | Json::Text(_)) {
                    return Err(wrong(&here, "a string"));
                }
                each(name, value, &here);
            }
            Ok(())
        }
        Ok(Json::Bool(_) | Json::Number(_) | Json::Text(_) | Json::Array(_)) | Err(_) => {
            Err(wrong(path, "a JSON object of strings"))
        }
    }
}

/// What the engine reads into a struct has each field once, whatever its case.
fn one_reading(item: &Json<'_>, path: &Path<'_, '_>) -> Result<(), BadBody> {
    let members = item.as_object().unwrap_or_default();
    if let Some(member) = members.iter().find(|member| !member.name.is_ascii()) {
        return Err(BadBody::ForeignName {
            place: Path::Field(path, &member.name).to_string(),
        });
    }
    match has_folded_twins(members) {
        Some(twin) => Err(BadBody::FoldedTwin {
            place: Path::Field(path, twin).to_string(),
        }),
        None => Ok(()),
    }
}

fn items(
    path: &Path<'_, '_>,
    json: &str,
    mut each: impl FnMut(&Json<'_>, &Path<'_, '_>) -> Result<(), BadBody>,
) -> Result<(), BadBody> {
    if json.is_empty() {
        return Ok(());
    }
    match Document::parse(json.as_bytes())
        .as_ref()
        .map(Document::root)
    {
        Ok(Json::Null) => Ok(()),
        Ok(Json::Array(items)) => items.iter().enumerate().try_for_each(|(index, item)| {
            let here = Path::Item(path, index);
            one_reading(item, &here)?;
            each(item, &here)
        }),
        Ok(Json::Bool(_) | Json::Number(_) | Json::Text(_) | Json::Object(_)) | Err(_) => {
            Err(wrong(path, "a JSON array"))
        }
    }
}
