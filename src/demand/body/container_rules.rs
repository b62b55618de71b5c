//! What the fields of a container demand.

use std::borrow::Cow;

use super::resource_rules;
use crate::api::json::{Member, Value};
use crate::demand::normal;
use crate::demand::walk::{Path, Walk};
use crate::demand::{Kind, Value as Asked, reference};

/// The parts of a container that the engine fills in when they are left out: a rule that restricts one of them must see it.
pub(super) fn create<'c>(walk: &mut Walk<'c>, _: &Path<'_, 'c>, body: &'c Value<'c>) {
    let host = Path::Field(&Path::Root, "HostConfig");
    for (kind, name) in [
        (Kind::Memory, "Memory"),
        (Kind::Cpus, "NanoCpus"),
        (Kind::Pids, "PidsLimit"),
    ] {
        if !walk.demands.iter().any(|demand| demand.kind == kind) {
            walk.push(kind, Asked::Unlimited, &Path::Field(&host, name), true);
        }
    }
    resource_rules::swap_left_out(walk, &Path::Field(&host, "MemorySwap"));
    absent(walk, Kind::User, "User");
    // Such a container has an empty file system, and whatever is mounted into it.
    if matches!(body.field("Image"), None | Some(Value::Null))
        || body.field("Image").and_then(Value::as_str) == Some("")
    {
        let image = Path::Field(&Path::Root, "Image");
        walk.tell(Kind::Image, "(none)", &image);
    }
    if !walk
        .demands
        .iter()
        .any(|demand| demand.kind == Kind::NetworkMode)
    {
        walk.tell(
            Kind::NetworkMode,
            "bridge",
            &Path::Field(&host, "NetworkMode"),
        );
    }
}

/// A user who is not named is the image's, often root: a rule about users must see that, too.
pub(super) fn absent(walk: &mut Walk<'_>, kind: Kind, name: &'static str) {
    if !walk.demands.iter().any(|demand| demand.kind == kind) {
        walk.tell(kind, IMAGES_OWN, &Path::Field(&Path::Root, name));
    }
}

/// Stands for what the image says, and nobody has looked at.
pub(super) const IMAGES_OWN: &str = "(the image's)";

pub(super) fn image<'c>(walk: &mut Walk<'c>, path: &Path<'_, 'c>, value: &'c Value<'c>) {
    if let Some(name) = value.as_str().filter(|name| !name.is_empty()) {
        walk.tell(Kind::Image, reference::term(name), path);
    }
}

/// Only names: values are often secrets. `NVIDIA_VISIBLE_DEVICES` asks the NVIDIA runtime for GPUs.
pub(super) fn env<'c>(walk: &mut Walk<'c>, path: &Path<'_, 'c>, value: &'c Value<'c>) {
    for (index, entry) in texts(value).enumerate() {
        let (name, value) = entry.split_once('=').unwrap_or((entry, ""));
        let here = Path::Item(path, index);
        walk.tell(Kind::Env, name, &here);
        if name == "NVIDIA_VISIBLE_DEVICES" && !matches!(value, "" | "none" | "void") {
            walk.ask(Kind::Gpu, value, &here);
        }
    }
}

/// A directory below /proc, or below the link /dev/fd, may be one that runc leaked a descriptor of (CVE-2024-21626). Not
/// every engine makes it normal, least of all that of an exec: behind a link, `..` leads to where the kernel says, so what has
/// it is shown as it was written.
pub(super) fn working_dir<'c>(walk: &mut Walk<'c>, path: &Path<'_, 'c>, value: &'c Value<'c>) {
    if let Some(dir) = value.as_str() {
        let clean = normal::path(dir);
        let leads_to_descriptors = ["proc", "dev/fd"].iter().any(|folder| {
            clean
                .trim_start_matches('/')
                .strip_prefix(folder)
                .is_some_and(|rest| rest.starts_with('/'))
        });
        if dir.split('/').any(|part| part == "..") {
            walk.ask(Kind::WorkingDir, dir, path);
        } else if leads_to_descriptors {
            walk.ask(Kind::WorkingDir, clean, path);
        }
    }
}

/// `SOURCE:TARGET[:MODE]`, `VOLUME:TARGET[:MODE]` or `TARGET` (moby `daemon/volume/mounts/linux_parser.go`).
pub(super) fn binds<'c>(walk: &mut Walk<'c>, path: &Path<'_, 'c>, value: &'c Value<'c>) {
    for (index, bind) in texts(value).enumerate() {
        let here = Path::Item(path, index);
        let mut parts = bind.splitn(3, ':');
        let (source, target) = (parts.next().unwrap_or_default(), parts.next());
        let mode = parts.next().unwrap_or_default();
        if target.is_none() {
            continue;
        }
        let read_only = mode.split(',').any(|word| word == "ro");
        let is_volume = normal::is_volume_name(source);
        if is_volume {
            walk.tell(Kind::Volume, source, &here);
        } else {
            walk.ask(Kind::Bind, normal::bind(source, read_only), &here);
        }
        for word in mode
            .split(',')
            .filter(|word| !HARMLESS_MODES.contains(word))
            // A volume is its containers' own to relabel; one that is a host path needs that path granted.
            .filter(|word| !(is_volume && matches!(*word, "z" | "Z")))
        {
            let option = match word {
                "z" | "Z" => Cow::Owned(format!("relabel={word}")),
                "shared" | "slave" | "rshared" | "rslave" => {
                    Cow::Owned(format!("propagation={word}"))
                }
                _ => Cow::Borrowed(word),
            };
            walk.ask(Kind::BindOption, option, &here);
        }
    }
}

const HARMLESS_MODES: [&str; 9] = [
    "",
    "rw",
    "ro",
    "nocopy",
    "private",
    "rprivate",
    "consistent",
    "cached",
    "delegated",
];

pub(super) fn network_mode<'c>(walk: &mut Walk<'c>, path: &Path<'_, 'c>, value: &'c Value<'c>) {
    match value.as_str().unwrap_or_default() {
        "" => {}
        "default" => walk.tell(Kind::NetworkMode, "bridge", path),
        mode => walk.join(mode, path),
    }
}

/// Keys are networks, unless [`ENDPOINT`](super::network::ENDPOINT) says otherwise.
pub(super) fn endpoints<'c>(walk: &mut Walk<'c>, path: &Path<'_, 'c>, value: &'c Value<'c>) {
    for Member { name, .. } in value.as_object().unwrap_or_default() {
        let network = if name == "default" { "bridge" } else { name };
        walk.join(network, &Path::Key(path, name));
    }
}

/// Only loopback addresses and ports that the host's own services do not use are published without a grant.
pub(super) fn ports<'c>(walk: &mut Walk<'c>, path: &Path<'_, 'c>, value: &'c Value<'c>) {
    for Member { name: port, value } in value.as_object().unwrap_or_default() {
        let key = Path::Key(path, port);
        // As Go's `nat.SplitProtoPort` has it: what follows a second slash is nothing.
        let protocol = port.split('/').nth(1).filter(|name| !name.is_empty());
        let protocol = protocol.unwrap_or("tcp");
        let bindings = value.as_array().unwrap_or_default();
        if bindings.is_empty() {
            walk.push(
                Kind::Ports,
                Asked::Text(normal::port("", "", protocol).0),
                &key,
                false,
            );
        }
        for (index, binding) in bindings.iter().enumerate() {
            let text = |name| {
                binding
                    .field(name)
                    .and_then(Value::as_str)
                    .unwrap_or_default()
            };
            let (value, safe) = normal::port(text("HostIp"), text("HostPort"), protocol);
            walk.push(
                Kind::Ports,
                Asked::Text(value),
                &Path::Item(&key, index),
                safe,
            );
        }
    }
}

/// A container that comes back by itself outlives the policy that allowed it.
pub(super) fn restart<'c>(walk: &mut Walk<'c>, path: &Path<'_, 'c>, value: &'c Value<'c>) {
    if let Some(name) = value.as_str().filter(|name| !name.is_empty()) {
        let safe = matches!(name, "no" | "on-failure");
        walk.push(Kind::Restart, Asked::Text(Cow::Borrowed(name)), path, safe);
    }
}

pub(super) fn volume_driver<'c>(walk: &mut Walk<'c>, path: &Path<'_, 'c>, value: &'c Value<'c>) {
    if let Some(name) = value.as_str().filter(|name| !matches!(*name, "" | "local")) {
        walk.ask(Kind::VolumeDriver, name, path);
    }
}

pub(super) fn cap_add<'c>(walk: &mut Walk<'c>, path: &Path<'_, 'c>, value: &'c Value<'c>) {
    for (index, name) in texts(value).enumerate() {
        let name = normal::capability(name);
        let safe = DEFAULT_CAPABILITIES.contains(&&*name);
        walk.push(
            Kind::CapAdd,
            Asked::Text(Cow::Owned(name)),
            &Path::Item(path, index),
            safe,
        );
    }
}

/// What every container has anyway (moby daemon/pkg/oci/caps/defaults.go).
const DEFAULT_CAPABILITIES: [&str; 14] = [
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "NET_RAW",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];

pub(super) fn cgroupns_mode<'c>(walk: &mut Walk<'c>, path: &Path<'_, 'c>, value: &'c Value<'c>) {
    unless(walk, Kind::CgroupnsMode, path, value, &["", "private"]);
}

pub(super) fn ipc_mode<'c>(walk: &mut Walk<'c>, path: &Path<'_, 'c>, value: &'c Value<'c>) {
    unless(
        walk,
        Kind::IpcMode,
        path,
        value,
        &["", "none", "private", "shareable"],
    );
}

pub(super) fn isolation<'c>(walk: &mut Walk<'c>, path: &Path<'_, 'c>, value: &'c Value<'c>) {
    unless(walk, Kind::Isolation, path, value, &["", "default"]);
}

fn unless<'c>(
    walk: &mut Walk<'c>,
    kind: Kind,
    path: &Path<'_, 'c>,
    value: &'c Value<'c>,
    harmless: &[&str],
) {
    if let Some(text) = value.as_str().filter(|text| !harmless.contains(text)) {
        walk.ask(kind, text, path);
    }
}

/// A line in the container's own /etc/hosts is its own matter, but for the host's address.
pub(super) fn extra_hosts<'c>(walk: &mut Walk<'c>, path: &Path<'_, 'c>, value: &'c Value<'c>) {
    for (index, line) in texts(value).enumerate() {
        let safe = !line.to_ascii_lowercase().contains("host-gateway");
        walk.push(
            Kind::ExtraHost,
            Asked::Text(Cow::Borrowed(line)),
            &Path::Item(path, index),
            safe,
        );
    }
}

/// `KEY=VALUE`, or `KEY:VALUE` without an `=` (moby `daemon/daemon_unix.go`, `parseSecurityOpt`).
pub(super) fn security_opt<'c>(walk: &mut Walk<'c>, path: &Path<'_, 'c>, value: &'c Value<'c>) {
    for (index, option) in texts(value).enumerate() {
        if matches!(
            option,
            "no-new-privileges" | "no-new-privileges=true" | "no-new-privileges:true"
        ) {
            continue;
        }
        let option = match option.split_once(':') {
            Some((key, value)) if !option.contains('=') => Cow::Owned(format!("{key}={value}")),
            Some(_) | None => Cow::Borrowed(option),
        };
        walk.ask(Kind::SecurityOpt, option, &Path::Item(path, index));
    }
}

pub(super) fn tmpfs<'c>(walk: &mut Walk<'c>, path: &Path<'_, 'c>, value: &'c Value<'c>) {
    for Member { name, value } in value.as_object().unwrap_or_default() {
        let here = Path::Key(path, name);
        walk.tell(Kind::Tmpfs, &**name, &here);
        let words = || value.as_str().unwrap_or_default().split(',');
        // `nr_blocks` is a size too, and the last one counts.
        let size = words()
            .rfind(|word| word.starts_with("size=") || word.starts_with("nr_blocks="))
            .and_then(|word| word.strip_prefix("size="));
        let size = size
            .and_then(normal::bytes)
            .map_or(Asked::Unlimited, Asked::Number);
        walk.push(Kind::TmpfsSize, size, &here, true);
        for word in words().filter(|word| !is_harmless_of_tmpfs(word)) {
            walk.ask(Kind::BindOption, format!("tmpfs={word}"), &here);
        }
    }
}

/// Whether an option of a tmpfs is about it alone. Among what the engine takes besides is `remount`, which makes what is
/// mounted at the same path by another spelling writable (moby/sys `mount/flags_unix.go`; runc).
fn is_harmless_of_tmpfs(option: &str) -> bool {
    let name = option.split_once('=').map_or(option, |(name, _)| name);
    HARMLESS_OF_TMPFS.contains(&name)
}

const HARMLESS_OF_TMPFS: [&str; 32] = [
    "",
    "async",
    "atime",
    "defaults",
    "dev",
    "diratime",
    "dirsync",
    "exec",
    "gid",
    "mand",
    "mode",
    "mpol",
    "noatime",
    "nodev",
    "nodiratime",
    "noexec",
    "nomand",
    "norelatime",
    "nostrictatime",
    "nosuid",
    "nr_blocks",
    "nr_inodes",
    "private",
    "relatime",
    "ro",
    "rprivate",
    "rw",
    "size",
    "strictatime",
    "suid",
    "sync",
    "uid",
];

pub(super) fn sysctls<'c>(walk: &mut Walk<'c>, path: &Path<'_, 'c>, value: &'c Value<'c>) {
    for Member { name, value } in value.as_object().unwrap_or_default() {
        let text = format!(
            "{}={}",
            normal::sysctl(name),
            value.as_str().unwrap_or_default()
        );
        walk.ask(Kind::Sysctl, text, &Path::Key(path, name));
    }
}

pub(super) fn log_driver<'c>(walk: &mut Walk<'c>, path: &Path<'_, 'c>, value: &'c Value<'c>) {
    if let Some(name) = value.as_str().filter(|name| !name.is_empty()) {
        let safe = matches!(name, "json-file" | "local" | "none");
        walk.push(
            Kind::LogDriver,
            Asked::Text(Cow::Borrowed(name)),
            path,
            safe,
        );
    }
}

/// An empty driver is the engine's default, which may be one that connects or reads files: only options that none of
/// them understands so are harmless.
pub(super) fn log_options<'c>(walk: &mut Walk<'c>, path: &Path<'_, 'c>, value: &'c Value<'c>) {
    for Member { name, value } in value.as_object().unwrap_or_default() {
        if !HARMLESS_LOG_OPTIONS.contains(&&**name) {
            let text = format!("{name}={}", value.as_str().unwrap_or_default());
            walk.ask(Kind::LogOption, text, &Path::Key(path, name));
        }
    }
}

const HARMLESS_LOG_OPTIONS: [&str; 10] = [
    "compress",
    "env",
    "env-regex",
    "labels",
    "labels-regex",
    "max-buffer-size",
    "max-file",
    "max-size",
    "mode",
    "tag",
];

/// A list, even an empty one, takes the place of the engine's own: what it leaves out is shown.
pub(super) fn masked_paths<'c>(walk: &mut Walk<'c>, path: &Path<'_, 'c>, value: &'c Value<'c>) {
    for shown in MASKED_PATHS
        .iter()
        .filter(|masked| !texts(value).any(|path| path == **masked))
    {
        walk.ask(Kind::MaskedPath, *shown, path);
    }
}

pub(super) fn readonly_paths<'c>(walk: &mut Walk<'c>, path: &Path<'_, 'c>, value: &'c Value<'c>) {
    for open in READONLY_PATHS
        .iter()
        .filter(|closed| !texts(value).any(|path| path == **closed))
    {
        walk.ask(Kind::ReadonlyPath, *open, path);
    }
}

/// What engines hide, 20.10 to master (moby daemon/pkg/oci/defaults.go); newer ones hide more of each processor, too.
const MASKED_PATHS: [&str; 12] = [
    "/proc/acpi",
    "/proc/asound",
    "/proc/interrupts",
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/sched_debug",
    "/proc/scsi",
    "/proc/timer_list",
    "/proc/timer_stats",
    "/sys/devices/virtual/powercap",
    "/sys/firmware",
];

/// What engines protect (moby daemon/pkg/oci/defaults.go).
const READONLY_PATHS: [&str; 5] = [
    "/proc/bus",
    "/proc/fs",
    "/proc/irq",
    "/proc/sys",
    "/proc/sysrq-trigger",
];

/// The strings in an array, or the one string that the engine takes for an array of one.
pub(super) fn texts<'c>(value: &'c Value<'c>) -> impl Iterator<Item = &'c str> {
    let one = value.as_str().into_iter();
    one.chain(list(Some(value)).iter().filter_map(Value::as_str))
}

pub(super) fn list<'c>(value: Option<&'c Value<'c>>) -> &'c [Value<'c>] {
    value.and_then(Value::as_array).unwrap_or_default()
}
