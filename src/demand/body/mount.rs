//! Mounts and volumes: `mount.Mount` (moby api/types/mount), `volume.CreateRequest` (api/types/volume), and the
//! options of the local driver, which are a mount(2) as root (`daemon/volume/local/local_unix.go`).

use crate::api::json::{Member, Value};
use crate::demand::normal;
use crate::demand::schema::{EMPTY, Rule, Struct, TEXT_MAP, TEXTS, Type, field, plain, whole};
use crate::demand::walk::{Path, Walk};
use crate::demand::{Kind, Value as Asked, reference};
use Rule::{By, Free, Tell};
use Type::{Bool, Int, List, Map, Text};

/// `mount.Mount`, of containers and services.
pub(super) static MOUNT: Struct = whole(
    &[&[
        field("Type", Text, Free),
        field("Source", Text, Free),
        field("Target", Text, Free),
        field("ReadOnly", Bool, Free),
        field("Consistency", Text, Free),
        field("BindOptions", Type::Struct(&BIND_OPTIONS), Free),
        field("VolumeOptions", Type::Struct(&VOLUME_OPTIONS), Free),
        field("ImageOptions", Type::Struct(&IMAGE_OPTIONS), Free),
        field("TmpfsOptions", Type::Struct(&TMPFS_OPTIONS), Free),
        field("ClusterOptions", Type::Struct(&EMPTY), Free),
    ]],
    mount,
);

/// A missing directory is made for every bind of `Binds`, so `CreateMountpoint` asks for no more.
static BIND_OPTIONS: Struct = plain(&[&[
    field("Propagation", Text, By(propagation)),
    field("NonRecursive", Bool, Free),
    field("CreateMountpoint", Bool, Free),
    field("ReadOnlyNonRecursive", Bool, By(submounts)),
    field("ReadOnlyForceRecursive", Bool, Free),
]]);

static VOLUME_OPTIONS: Struct = plain(&[&[
    field("NoCopy", Bool, Free),
    field("Labels", TEXT_MAP, Tell(Kind::Labels)),
    field("Subpath", Text, Free),
    field("DriverConfig", Type::Struct(&DRIVER_CONFIG), Free),
]]);

static DRIVER_CONFIG: Struct = whole(
    &[&[field("Name", Text, Free), field("Options", TEXT_MAP, Free)]],
    driver_config,
);

static IMAGE_OPTIONS: Struct = plain(&[&[field("Subpath", Text, Free)]]);

/// The engine knows two options, exec and noexec (`daemon/volume/mounts/linux_parser.go`).
static TMPFS_OPTIONS: Struct = plain(&[&[
    field("SizeBytes", Int, Free),
    field("Mode", Int, Free),
    field("Options", List(&TEXTS), Free),
]]);

/// `POST /volumes/create`.
pub(super) static CREATE: Struct = whole(
    &[&[
        field("Name", Text, Tell(Kind::Volume)),
        field("Driver", Text, Free),
        field("DriverOpts", TEXT_MAP, Free),
        field("Labels", TEXT_MAP, Tell(Kind::Labels)),
        field(
            "ClusterVolumeSpec",
            Type::Struct(&CLUSTER_SPEC),
            By(cluster),
        ),
    ]],
    create,
);

/// `PUT /volumes/{name}`.
pub(super) static UPDATE: Struct =
    plain(&[&[field("Spec", Type::Struct(&CLUSTER_SPEC), By(cluster))]]);

/// `volume.ClusterVolumeSpec`: a grant of `cluster-volume` covers all of it. Its description nests some of the fields
/// in `AccessMode`, where the engine ignores them.
static CLUSTER_SPEC: Struct = plain(&[
    &[
        field("Group", Text, Free),
        field("AccessMode", Type::Struct(&ACCESS_MODE), Free),
    ],
    CLUSTER_PARTS,
]);

const CLUSTER_PARTS: &[crate::demand::schema::Field] = &[
    field(
        "AccessibilityRequirements",
        Type::Struct(&REQUIREMENT),
        Free,
    ),
    field("CapacityRange", Type::Struct(&CAPACITY), Free),
    field("Secrets", Type::Structs(&VOLUME_SECRET), Free),
    field("Availability", Text, Free),
];

static ACCESS_MODE: Struct = plain(&[
    &[
        field("Scope", Text, Free),
        field("Sharing", Text, Free),
        field("MountVolume", Type::Struct(&MOUNT_VOLUME), Free),
        field("BlockVolume", Type::Struct(&EMPTY), Free),
    ],
    CLUSTER_PARTS,
]);

static MOUNT_VOLUME: Struct = plain(&[&[
    field("FsType", Text, Free),
    field("MountFlags", TEXTS, Free),
]]);

static REQUIREMENT: Struct = plain(&[&[
    field("Requisite", Type::Structs(&TOPOLOGY), Free),
    field("Preferred", Type::Structs(&TOPOLOGY), Free),
]]);

static TOPOLOGY: Struct = plain(&[&[field("Segments", Map(&Text), Free)]]);

static CAPACITY: Struct = plain(&[&[
    field("RequiredBytes", Int, Free),
    field("LimitBytes", Int, Free),
]]);

static VOLUME_SECRET: Struct = plain(&[&[field("Key", Text, Free), field("Secret", Text, Free)]]);

fn mount<'c>(walk: &mut Walk<'c>, path: &Path<'_, 'c>, mount: &'c Value<'c>) {
    let text = |name| {
        mount
            .field(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    let source = text("Source");
    let here = Path::Field(path, "Source");
    let read_only = mount
        .field("ReadOnly")
        .and_then(Value::as_bool)
        .unwrap_or_default();
    match text("Type") {
        "volume" if source.is_empty() => {}
        "volume" if normal::is_volume_name(source) => walk.tell(Kind::Volume, source, &here),
        // No volume of the local driver has such a name; another driver may take it for a path.
        "bind" | "volume" => walk.ask(Kind::Bind, normal::bind(source, read_only), &here),
        "tmpfs" => {
            walk.tell(Kind::Tmpfs, text("Target"), &Path::Field(path, "Target"));
            let options = mount.field("TmpfsOptions");
            let size = options
                .and_then(|options| options.field("SizeBytes"))
                .and_then(Value::as_i64);
            let size = size
                .and_then(|size| u64::try_from(size).ok())
                .filter(|size| *size > 0);
            let options = Path::Field(path, "TmpfsOptions");
            walk.push(
                Kind::TmpfsSize,
                size.map_or(Asked::Unlimited, Asked::Number),
                &Path::Field(&options, "SizeBytes"),
                true,
            );
        }
        "image" => walk.tell(Kind::Image, reference::term(source), &here),
        other => walk.ask(Kind::MountType, other, &Path::Field(path, "Type")),
    }
}

fn propagation<'c>(walk: &mut Walk<'c>, path: &Path<'_, 'c>, value: &'c Value<'c>) {
    if let Some(mode) = value
        .as_str()
        .filter(|mode| !matches!(*mode, "" | "private" | "rprivate"))
    {
        walk.ask(Kind::BindOption, format!("propagation={mode}"), path);
    }
}

/// What is mounted below a read-only bind stays writable.
fn submounts<'c>(walk: &mut Walk<'c>, path: &Path<'_, 'c>, value: &'c Value<'c>) {
    if value.as_bool() == Some(true) {
        walk.ask(Kind::BindOption, "read-only-non-recursive", path);
    }
}

fn driver_config<'c>(walk: &mut Walk<'c>, path: &Path<'_, 'c>, config: &'c Value<'c>) {
    driver(
        walk,
        path,
        config.field("Name"),
        ("Name", "Options"),
        config.field("Options"),
    );
}

fn create<'c>(walk: &mut Walk<'c>, path: &Path<'_, 'c>, volume: &'c Value<'c>) {
    driver(
        walk,
        path,
        volume.field("Driver"),
        ("Driver", "DriverOpts"),
        volume.field("DriverOpts"),
    );
}

fn cluster<'c>(walk: &mut Walk<'c>, path: &Path<'_, 'c>, _: &'c Value<'c>) {
    walk.push(Kind::ClusterVolume, Asked::Flag, path, false);
}

/// A volume driver and its options, from wherever they come.
fn driver<'c>(
    walk: &mut Walk<'c>,
    path: &Path<'_, 'c>,
    name: Option<&'c Value<'c>>,
    (name_field, options_field): (&'static str, &'static str),
    options: Option<&'c Value<'c>>,
) {
    let name = name.and_then(Value::as_str).unwrap_or_default();
    let options = options.and_then(Value::as_object).unwrap_or_default();
    let local = matches!(name, "" | "local");
    if !local {
        walk.ask(Kind::VolumeDriver, name, &Path::Field(path, name_field));
    }
    volume_options(walk, &Path::Field(path, options_field), local, options);
}

/// What the options of a volume's driver demand.
pub(in crate::demand) fn volume_options<'c>(
    walk: &mut Walk<'c>,
    path: &Path<'_, 'c>,
    local: bool,
    options: &'c [Member<'c>],
) {
    match if local {
        purpose(options)
    } else {
        Purpose::Other
    } {
        Purpose::Tmpfs(size) => {
            let size = size.map_or(Asked::Unlimited, Asked::Number);
            walk.push(Kind::TmpfsSize, size, path, true);
        }
        Purpose::Bind {
            device,
            read_only,
            recursive,
        } => {
            walk.ask(
                Kind::Bind,
                normal::bind(device, read_only),
                &Path::Key(path, "device"),
            );
            if read_only && recursive {
                walk.ask(
                    Kind::BindOption,
                    "read-only-non-recursive",
                    &Path::Key(path, "o"),
                );
            }
        }
        Purpose::Other => {
            for Member { name, value } in options {
                walk.ask(
                    Kind::VolumeOption,
                    normal::pair(name, value),
                    &Path::Key(path, name),
                );
            }
        }
    }
}

/// What the local driver mounts.
enum Purpose<'o> {
    /// A tmpfs of a size, and nothing but.
    Tmpfs(Option<u64>),
    /// A host path and nothing but: perhaps read-only, perhaps with what is mounted below it, which stays writable.
    Bind {
        device: &'o str,
        read_only: bool,
        recursive: bool,
    },
    /// Something else: each option speaks for itself.
    Other,
}

fn purpose<'o>(options: &'o [Member<'o>]) -> Purpose<'o> {
    if options
        .iter()
        .any(|option| !matches!(&*option.name, "type" | "o" | "device"))
    {
        return Purpose::Other;
    }
    let text = |key| {
        let option = options.iter().find(|option| option.name == key);
        option
            .and_then(|option| option.value.as_str())
            .unwrap_or_default()
    };
    let (kind, device) = (text("type"), text("device"));
    let words = || text("o").split(',').filter(|word| !word.is_empty());
    let bind = |word: &str| matches!(word, "bind" | "rbind");
    if kind == "tmpfs" && device == "tmpfs" && words().all(is_tmpfs_option) {
        let size = words()
            .filter_map(|word| word.strip_prefix("size="))
            .next_back();
        return Purpose::Tmpfs(size.and_then(normal::bytes));
    }
    let harmless = |word: &str| matches!(word, "rw" | "ro" | "private" | "rprivate");
    if matches!(kind, "" | "none" | "bind")
        && device.starts_with('/')
        && words().any(bind)
        && words().all(|word| bind(word) || harmless(word))
    {
        return Purpose::Bind {
            device,
            // Of the two, the last one counts (moby/sys `mount/flags_unix.go`).
            read_only: words().rfind(|word| matches!(*word, "ro" | "rw")) == Some("ro"),
            recursive: words().any(|word| word == "rbind"),
        };
    }
    Purpose::Other
}

/// Options that size and own a tmpfs; `bind` among them would make it a host path, whatever its type.
fn is_tmpfs_option(option: &str) -> bool {
    let name = option.split_once('=').map_or(option, |(name, _)| name);
    [
        "size",
        "mode",
        "uid",
        "gid",
        "nr_inodes",
        "noexec",
        "nosuid",
        "nodev",
        "rw",
        "ro",
    ]
    .contains(&name)
}
