//! Services: `swarm.ServiceSpec` (moby api/types/swarm). A service is a container on some node of the swarm, so most
//! of its fields demand what the container's do.

use super::container::{HEALTH, ULIMIT};
use super::container_rules as rules;
use super::mount::MOUNT;
use super::resource_rules;
use crate::api::json::Value;
use crate::demand::normal;
use crate::demand::schema::{
    EMPTY, Field, Rule, Struct, TEXT_MAP, TEXTS, Type, field, plain, unread, whole,
};
use crate::demand::walk::{Path, Walk};
use crate::demand::{Kind, Value as Asked};
use Rule::{Ask, By, Free, Tell};
use Type::{Bool, Float, Int, Text};

/// `POST /services/create` and `POST /services/{id}/update`.
pub(super) static SERVICE: Struct = whole(
    &[&[
        field("Name", Text, Free),
        field("Labels", TEXT_MAP, Tell(Kind::Labels)),
        field("TaskTemplate", Type::Struct(&TASK), Free),
        field("Mode", Type::Struct(&MODE), Free),
        field("UpdateConfig", Type::Struct(&UPDATE_CONFIG), Free),
        field("RollbackConfig", Type::Struct(&UPDATE_CONFIG), Free),
        // Read below API 1.44 (moby v28 daemon/cluster/services.go).
        field("Networks", Type::Structs(&ATTACHMENT), Free),
        field("EndpointSpec", Type::Struct(&ENDPOINT_SPEC), Free),
        // Parameters of the query that dockerode writes here too (`lib/service.js`).
        unread("version"),
        unread("registryAuthFrom"),
    ]],
    limits,
);

/// `swarm.TaskSpec`.
static TASK: Struct = plain(&[&[
    field("ContainerSpec", Type::Struct(&CONTAINER), Free),
    field("PluginSpec", Type::Struct(&PLUGIN), Free),
    field(
        "NetworkAttachmentSpec",
        Type::Struct(&NETWORK_ATTACHMENT),
        Free,
    ),
    field("Resources", Type::Struct(&RESOURCES), Free),
    field("RestartPolicy", Type::Struct(&RESTART), Free),
    field("Placement", Type::Struct(&PLACEMENT), Free),
    field("Networks", Type::Structs(&ATTACHMENT), Free),
    field("LogDriver", Type::Struct(&LOG_DRIVER), Free),
    field("ForceUpdate", Int, Free),
    field("Runtime", Text, By(runtime)),
]]);

/// `swarm.ContainerSpec`.
static CONTAINER: Struct = plain(&[&[
    field("Image", Text, By(rules::image)),
    field("Labels", TEXT_MAP, Tell(Kind::Labels)),
    field("Command", TEXTS, Free),
    field("Args", TEXTS, Free),
    field("Hostname", Text, Free),
    field("Env", TEXTS, By(rules::env)),
    field("Dir", Text, By(rules::working_dir)),
    field("User", Text, Tell(Kind::User)),
    field("Groups", TEXTS, Ask(Kind::GroupAdd)),
    field("Privileges", Type::Struct(&PRIVILEGES), Free),
    field("Init", Bool, Free),
    field("StopSignal", Text, Free),
    field("TTY", Bool, Free),
    field("OpenStdin", Bool, Free),
    field("ReadOnly", Bool, Free),
    field("Mounts", Type::Structs(&MOUNT), By(templates)),
    field("StopGracePeriod", Int, Free),
    field("Healthcheck", Type::Struct(&HEALTH), Free),
    field("Hosts", TEXTS, By(rules::extra_hosts)),
    field("DNSConfig", Type::Struct(&DNS), Free),
    field("Secrets", Type::Structs(&SECRET), Free),
    field("Configs", Type::Structs(&CONFIG), Free),
    field("Isolation", Text, By(rules::isolation)),
    field("Sysctls", TEXT_MAP, By(rules::sysctls)),
    field("CapabilityAdd", TEXTS, By(rules::cap_add)),
    field("CapabilityDrop", TEXTS, Free),
    field("Ulimits", Type::Structs(&ULIMIT), Free),
    field("OomScoreAdj", Int, By(resource_rules::oom_score)),
]]);

static PRIVILEGES: Struct = plain(&[&[
    field("CredentialSpec", Type::Struct(&CREDENTIAL_SPEC), Free),
    field("SELinuxContext", Type::Struct(&SELINUX), Free),
    field("Seccomp", Type::Struct(&SECCOMP), Free),
    field("AppArmor", Type::Struct(&APPARMOR), Free),
    field("NoNewPrivileges", Bool, Free),
]]);

static CREDENTIAL_SPEC: Struct = plain(&[&[
    field("Config", Text, Ask(Kind::CredentialSpec)),
    field("File", Text, Ask(Kind::CredentialSpec)),
    field("Registry", Text, Ask(Kind::CredentialSpec)),
]]);

static SELINUX: Struct = plain(&[&[
    field("Disable", Bool, By(selinux_off)),
    field("User", Text, By(selinux)),
    field("Role", Text, By(selinux)),
    field("Type", Text, By(selinux)),
    field("Level", Text, By(selinux)),
]]);

static SECCOMP: Struct = plain(&[&[
    field("Mode", Text, By(seccomp)),
    field("Profile", Text, Free),
]]);

static APPARMOR: Struct = plain(&[&[field("Mode", Text, By(apparmor))]]);

static DNS: Struct = plain(&[&[
    field("Nameservers", TEXTS, Free),
    field("Search", TEXTS, Free),
    field("Options", TEXTS, Free),
]]);

static SECRET: Struct = plain(&[&[
    field("File", Type::Struct(&FILE), Free),
    field("SecretID", Text, Free),
    field("SecretName", Text, Ask(Kind::ServiceSecret)),
]]);

static CONFIG: Struct = plain(&[&[
    field("File", Type::Struct(&FILE), Free),
    field("Runtime", Type::Struct(&EMPTY), Free),
    field("ConfigID", Text, Free),
    field("ConfigName", Text, Ask(Kind::ServiceConfig)),
]]);

static FILE: Struct = plain(&[&[
    field("Name", Text, Free),
    field("UID", Text, Free),
    field("GID", Text, Free),
    field("Mode", Int, Free),
]]);

/// `runtime.PluginSpec`: a service that installs an engine plugin.
static PLUGIN: Struct = plain(&[&[
    field("Name", Text, Free),
    field("Remote", Text, By(super::plugin::remote)),
    field("Privileges", Type::Structs(&super::plugin::PRIVILEGE), Free),
    field("Disabled", Bool, Free),
    field("Env", TEXTS, By(rules::env)),
]]);

static NETWORK_ATTACHMENT: Struct =
    plain(&[&[field("ContainerID", Text, Ask(Kind::ServiceOption))]]);

static RESOURCES: Struct = plain(&[&[
    field("Limits", Type::Struct(&LIMIT), Free),
    field("Reservations", Type::Struct(&RESERVATION), Free),
    field("SwapBytes", Int, Free),
    field("MemorySwappiness", Int, Free),
]]);

const AMOUNTS: &[Field] = &[
    field("NanoCPUs", Int, Free),
    field("MemoryBytes", Int, Free),
];

static LIMIT: Struct = plain(&[AMOUNTS, &[field("Pids", Int, Free)]]);

static RESERVATION: Struct = plain(&[
    AMOUNTS,
    &[field("GenericResources", Type::Structs(&GENERIC), Free)],
]);

/// Nodes offer such resources, GPUs above all.
static GENERIC: Struct = plain(&[&[
    field("NamedResourceSpec", Type::Struct(&NAMED), Free),
    field("DiscreteResourceSpec", Type::Struct(&DISCRETE), Free),
]]);

static NAMED: Struct = plain(&[&[
    field("Kind", Text, Ask(Kind::ServiceOption)),
    field("Value", Text, Free),
]]);

static DISCRETE: Struct = plain(&[&[
    field("Kind", Text, Ask(Kind::ServiceOption)),
    field("Value", Int, Free),
]]);

/// Services restart by default; that they do is what a service is.
static RESTART: Struct = plain(&[&[
    field("Condition", Text, Free),
    field("Delay", Int, Free),
    field("MaxAttempts", Int, Free),
    field("Window", Int, Free),
]]);

static PLACEMENT: Struct = plain(&[&[
    field("Constraints", TEXTS, Tell(Kind::Placement)),
    field("Preferences", Type::Structs(&PREFERENCE), Free),
    field("MaxReplicas", Int, Free),
    field("Platforms", Type::Structs(&PLATFORM), Free),
]]);

static PREFERENCE: Struct = plain(&[&[field("Spread", Type::Struct(&SPREAD), Free)]]);

static SPREAD: Struct = plain(&[&[field("SpreadDescriptor", Text, Tell(Kind::Placement))]]);

static PLATFORM: Struct = plain(&[&[field("Architecture", Text, Free), field("OS", Text, Free)]]);

static ATTACHMENT: Struct = plain(&[&[
    field("Target", Text, By(target)),
    field("Aliases", TEXTS, Free),
    field("DriverOpts", TEXT_MAP, Ask(Kind::NetworkOption)),
]]);

static LOG_DRIVER: Struct = plain(&[&[
    field("Name", Text, By(rules::log_driver)),
    field("Options", TEXT_MAP, By(rules::log_options)),
]]);

static MODE: Struct = plain(&[&[
    field("Replicated", Type::Struct(&REPLICATED), Free),
    field("Global", Type::Struct(&EMPTY), Free),
    field("ReplicatedJob", Type::Struct(&JOB), Free),
    field("GlobalJob", Type::Struct(&EMPTY), Free),
]]);

static REPLICATED: Struct = plain(&[&[field("Replicas", Int, Free)]]);

static JOB: Struct = plain(&[&[
    field("MaxConcurrent", Int, Free),
    field("TotalCompletions", Int, Free),
]]);

static UPDATE_CONFIG: Struct = plain(&[&[
    field("Parallelism", Int, Free),
    field("Delay", Int, Free),
    field("FailureAction", Text, Free),
    field("Monitor", Int, Free),
    field("MaxFailureRatio", Float, Free),
    field("Order", Text, Free),
]]);

static ENDPOINT_SPEC: Struct = plain(&[&[
    field("Mode", Text, Free),
    field("Ports", Type::Structs(&PORT), Free),
]]);

static PORT: Struct = whole(
    &[&[
        field("Name", Text, Free),
        field("Protocol", Text, Free),
        field("TargetPort", Int, Free),
        field("PublishedPort", Int, Free),
        field("PublishMode", Text, Free),
    ]],
    port,
);

/// Only containers are services; plugins and attachments are root's matter (api/types/swarm/runtime.go).
fn runtime<'c>(walk: &mut Walk<'c>, path: &Path<'_, 'c>, value: &'c Value<'c>) {
    if let Some(name) = value
        .as_str()
        .filter(|name| !matches!(*name, "" | "container"))
    {
        walk.ask(Kind::ServiceOption, format!("Runtime={name}"), path);
    }
}

fn selinux_off<'c>(walk: &mut Walk<'c>, path: &Path<'_, 'c>, value: &'c Value<'c>) {
    if value.as_bool() == Some(true) {
        walk.ask(Kind::SecurityOpt, "label=disable", path);
    }
}

fn selinux<'c>(walk: &mut Walk<'c>, path: &Path<'_, 'c>, value: &'c Value<'c>) {
    if let (Some(text), Path::Field(_, name)) =
        (value.as_str().filter(|text| !text.is_empty()), path)
    {
        walk.ask(
            Kind::SecurityOpt,
            format!("label={}:{text}", name.to_ascii_lowercase()),
            path,
        );
    }
}

fn seccomp<'c>(walk: &mut Walk<'c>, path: &Path<'_, 'c>, value: &'c Value<'c>) {
    if let Some(mode) = value
        .as_str()
        .filter(|mode| !matches!(*mode, "" | "default"))
    {
        walk.ask(Kind::SecurityOpt, format!("seccomp={mode}"), path);
    }
}

fn apparmor<'c>(walk: &mut Walk<'c>, path: &Path<'_, 'c>, value: &'c Value<'c>) {
    if let Some(mode) = value
        .as_str()
        .filter(|mode| !matches!(*mode, "" | "default"))
    {
        walk.ask(Kind::SecurityOpt, format!("apparmor={mode}"), path);
    }
}

fn target<'c>(walk: &mut Walk<'c>, path: &Path<'_, 'c>, value: &'c Value<'c>) {
    if let Some(network) = value.as_str().filter(|network| !network.is_empty()) {
        walk.join(network, path);
    }
}

/// A service's ports are open on every address of every node, or of the task's node.
fn port<'c>(walk: &mut Walk<'c>, path: &Path<'_, 'c>, port: &'c Value<'c>) {
    let number = port
        .field("PublishedPort")
        .and_then(Value::as_i64)
        .unwrap_or_default();
    let protocol = port
        .field("Protocol")
        .and_then(Value::as_str)
        .filter(|name| !name.is_empty());
    let text = format!("0.0.0.0:{number}/{}", protocol.unwrap_or("tcp"));
    walk.ask(Kind::Ports, text, path);
}

/// The engine fills templates in the texts of a mount in for each task (swarmkit `template/expand.go`), with whatever they
/// say: a path or an option that has one is not what it looks like.
fn templates<'c>(walk: &mut Walk<'c>, path: &Path<'_, 'c>, value: &'c Value<'c>) {
    match value {
        Value::Text(text) if normal::has_template(text) => {
            walk.ask(Kind::Templating, &**text, path);
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) => {}
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                templates(walk, &Path::Item(path, index), item);
            }
        }
        Value::Object(members) => {
            for member in members {
                templates(walk, &Path::Field(path, &member.name), &member.value);
            }
        }
    }
}

/// What each task may take, and what the engine fills in: it sets no limit of its own.
fn limits<'c>(walk: &mut Walk<'c>, _: &Path<'_, 'c>, service: &'c Value<'c>) {
    let task = Path::Field(&Path::Root, "TaskTemplate");
    let resources = Path::Field(&task, "Resources");
    let path = Path::Field(&resources, "Limits");
    let limits = ["TaskTemplate", "Resources", "Limits"]
        .iter()
        .try_fold(service, |value, name| value.field(name));
    for (kind, name) in [
        (Kind::Memory, "MemoryBytes"),
        (Kind::Cpus, "NanoCPUs"),
        (Kind::Pids, "Pids"),
    ] {
        let amount = limits
            .and_then(|limits| limits.field(name))
            .and_then(Value::as_i64);
        let amount = amount
            .and_then(|amount| u64::try_from(amount).ok())
            .filter(|amount| *amount > 0);
        walk.push(
            kind,
            amount.map_or(Asked::Unlimited, Asked::Number),
            &Path::Field(&path, name),
            true,
        );
    }
    let spec = Path::Field(&task, "ContainerSpec");
    if !walk.demands.iter().any(|demand| demand.kind == Kind::User) {
        walk.tell(Kind::User, rules::IMAGES_OWN, &Path::Field(&spec, "User"));
    }
    if !walk
        .demands
        .iter()
        .any(|demand| demand.kind == Kind::NetworkMode)
    {
        walk.tell(Kind::NetworkMode, "bridge", &Path::Field(&task, "Networks"));
    }
}
