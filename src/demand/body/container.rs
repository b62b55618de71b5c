//! Containers: `CreateRequest` and `UpdateConfig` (moby api/types/container, 20.10 to master).

use super::container_rules as rules;
use super::mount::MOUNT;
use super::network::ENDPOINT;
use super::resource_rules;
use crate::demand::Kind;
use crate::demand::schema::{
    EMPTY, Field, Rule, Struct, TEXT_MAP, TEXTS, Type, field, plain, unread, whole,
};
use Rule::{Ask, By, Free, Tell};
use Type::{Bool, Int, List, Text, Words};

/// `POST /containers/create`.
pub(super) static CREATE: Struct = Struct {
    fields: &[
        CONFIG,
        &[
            field("HostConfig", Type::Struct(&HOST_CONFIG), Free),
            field("NetworkingConfig", Type::Struct(&NETWORKING_CONFIG), Free),
            // Copied into CpusetCpus by engines up to 26 (runconfig/config_unix.go).
            field("Cpuset", Text, Free),
            // Sent by dockerode, which writes the parameters of the query here too (`lib/docker.js`).
            field("name", Text, Free),
            field("platform", Text, Free),
            // What docker-java up to 3.2.12 keeps beside them (`CreateContainerCmdImpl.java`).
            unread("aliases"),
            unread("authConfig"),
            unread("ipv4Address"),
            unread("ipv6Address"),
        ],
    ],
    whole: Some(rules::create),
    leaks: Some(&HOST_CONFIG),
};

/// `POST /containers/{id}/update`.
pub(super) static UPDATE: Struct = whole(&[RESOURCES, RESTART], resource_rules::update);

/// `POST /commit`, which overlays it on the container's own configuration.
pub(super) static COMMIT: Struct = plain(&[
    CONFIG,
    // The parameters of the query once more: dockerode (`lib/container.js`), Portainer up to 2.19 (`id`, `repo`), and
    // docker-java (`CommitCmdImpl.java`), with what containers had long ago.
    &[
        unread("author"),
        unread("changes"),
        unread("comment"),
        unread("container"),
        unread("containerId"),
        unread("DisableNetwork"),
        unread("id"),
        unread("Memory"),
        unread("MemorySwap"),
        unread("message"),
        unread("pause"),
        unread("repo"),
        unread("repository"),
        unread("tag"),
    ],
]);

/// `container.Config`.
const CONFIG: &[Field] = &[
    field("Hostname", Text, Free),
    field("Domainname", Text, Free),
    field("User", Text, Tell(Kind::User)),
    field("AttachStdin", Bool, Free),
    field("AttachStdout", Bool, Free),
    field("AttachStderr", Bool, Free),
    field("ExposedPorts", Type::StructMap(&EMPTY), Free),
    field("Tty", Bool, Free),
    field("OpenStdin", Bool, Free),
    field("StdinOnce", Bool, Free),
    field("Env", TEXTS, By(rules::env)),
    field("Cmd", Words, Free),
    field("Healthcheck", Type::Struct(&HEALTH), Free),
    field("ArgsEscaped", Bool, Free),
    field("Image", Text, By(rules::image)),
    field("Volumes", Type::StructMap(&EMPTY), Free),
    field("WorkingDir", Text, By(rules::working_dir)),
    field("Entrypoint", Words, Free),
    field("NetworkDisabled", Bool, Free),
    field("MacAddress", Text, Tell(Kind::Address)),
    field("OnBuild", TEXTS, Free),
    field("Labels", TEXT_MAP, Tell(Kind::Labels)),
    field("StopSignal", Text, Free),
    field("StopTimeout", Int, Free),
    field("Shell", Words, Free),
    // Read by no engine since 1.9, and still a field of docker-java and go-dockerclient.
    unread("PortSpecs"),
];

/// `container.HealthConfig`: a command in the container.
pub(super) static HEALTH: Struct = plain(&[&[
    field("Test", TEXTS, Free),
    field("Interval", Int, Free),
    field("Timeout", Int, Free),
    field("StartPeriod", Int, Free),
    field("StartInterval", Int, Free),
    field("Retries", Int, Free),
]]);

/// `container.HostConfig`.
pub(super) static HOST_CONFIG: Struct = whole(
    &[
        &[
            field("Binds", TEXTS, By(rules::binds)),
            // Written by clients, not by the engine.
            field("ContainerIDFile", Text, Free),
            field("LogConfig", Type::Struct(&LOG_CONFIG), Free),
            field("NetworkMode", Text, By(rules::network_mode)),
            field(
                "PortBindings",
                Type::StructsMap(&PORT_BINDING),
                By(rules::ports),
            ),
            field("RestartPolicy", Type::Struct(&RESTART_POLICY), Free),
            field("AutoRemove", Bool, Free),
            field("VolumeDriver", Text, By(rules::volume_driver)),
            field("VolumesFrom", TEXTS, Ask(Kind::VolumesFrom)),
            field("ConsoleSize", List(&Int), Free),
            field("Annotations", TEXT_MAP, Ask(Kind::Annotation)),
            field("CapAdd", Words, By(rules::cap_add)),
            field("CapDrop", Words, Free),
            field("CgroupnsMode", Text, By(rules::cgroupns_mode)),
            field("Dns", TEXTS, Free),
            field("DnsOptions", TEXTS, Free),
            field("DnsSearch", TEXTS, Free),
            field("ExtraHosts", TEXTS, By(rules::extra_hosts)),
            field("GroupAdd", TEXTS, Ask(Kind::GroupAdd)),
            field("IpcMode", Text, By(rules::ipc_mode)),
            field("Cgroup", Text, Ask(Kind::Cgroup)),
            field("Links", TEXTS, Ask(Kind::Link)),
            field("OomScoreAdj", Int, By(resource_rules::oom_score)),
            field("PidMode", Text, Ask(Kind::PidMode)),
            field("Privileged", Bool, Ask(Kind::Privileged)),
            field("PublishAllPorts", Bool, Ask(Kind::PublishAll)),
            field("ReadonlyRootfs", Bool, Free),
            field("SecurityOpt", TEXTS, By(rules::security_opt)),
            field("StorageOpt", TEXT_MAP, Ask(Kind::StorageOpt)),
            field("Tmpfs", TEXT_MAP, By(rules::tmpfs)),
            field("UTSMode", Text, Ask(Kind::UtsMode)),
            field("UsernsMode", Text, Ask(Kind::UsernsMode)),
            field("ShmSize", Int, By(resource_rules::shm_size)),
            field("Sysctls", TEXT_MAP, By(rules::sysctls)),
            field("Runtime", Text, Ask(Kind::Runtime)),
            field("Isolation", Text, By(rules::isolation)),
        ],
        RESOURCES,
        &[
            field("Mounts", Type::Structs(&MOUNT), Free),
            field("MaskedPaths", TEXTS, By(rules::masked_paths)),
            field("ReadonlyPaths", TEXTS, By(rules::readonly_paths)),
        ],
    ],
    resource_rules::create,
);

/// `container.Resources`. How much is asked for is in [`resource_rules`].
const RESOURCES: &[Field] = &[
    field("CpuShares", Int, Free),
    field("Memory", Int, Free),
    field("NanoCpus", Int, Free),
    field("CgroupParent", Text, Ask(Kind::CgroupParent)),
    field("BlkioWeight", Int, Free),
    field("BlkioWeightDevice", Type::Structs(&BLKIO_WEIGHT), Free),
    field("BlkioDeviceReadBps", Type::Structs(&BLKIO_RATE), Free),
    field("BlkioDeviceWriteBps", Type::Structs(&BLKIO_RATE), Free),
    field("BlkioDeviceReadIOps", Type::Structs(&BLKIO_RATE), Free),
    field("BlkioDeviceWriteIOps", Type::Structs(&BLKIO_RATE), Free),
    field("CpuPeriod", Int, Free),
    field("CpuQuota", Int, Free),
    field("CpuRealtimePeriod", Int, Ask(Kind::CpuRealtime)),
    field("CpuRealtimeRuntime", Int, Ask(Kind::CpuRealtime)),
    field("CpusetCpus", Text, Free),
    field("CpusetMems", Text, Free),
    field("Devices", Type::Structs(&DEVICE), Free),
    field("DeviceCgroupRules", TEXTS, Ask(Kind::DeviceCgroupRule)),
    field("DeviceRequests", Type::Structs(&DEVICE_REQUEST), Free),
    field("DiskQuota", Int, Free),
    field("KernelMemory", Int, Free),
    field("KernelMemoryTCP", Int, Free),
    field("MemoryReservation", Int, Free),
    field("MemorySwap", Int, Free),
    field("MemorySwappiness", Int, Free),
    field("OomKillDisable", Bool, Ask(Kind::OomKillDisable)),
    field("Init", Bool, Free),
    field("PidsLimit", Int, Free),
    field("Ulimits", Type::Structs(&ULIMIT), Free),
    field("CpuCount", Int, Free),
    field("CpuPercent", Int, Free),
    field("IOMaximumIOps", Int, Free),
    field("IOMaximumBandwidth", Int, Free),
];

const RESTART: &[Field] = &[field("RestartPolicy", Type::Struct(&RESTART_POLICY), Free)];

/// `container.RestartPolicy`.
static RESTART_POLICY: Struct = plain(&[&[
    field("Name", Text, By(rules::restart)),
    field("MaximumRetryCount", Int, Free),
]]);

/// `container.LogConfig`.
static LOG_CONFIG: Struct = plain(&[&[
    field("Type", Text, By(rules::log_driver)),
    field("Config", TEXT_MAP, By(rules::log_options)),
]]);

/// `network.PortBinding`, judged with its port in [`rules::ports`].
static PORT_BINDING: Struct =
    plain(&[&[field("HostIp", Text, Free), field("HostPort", Text, Free)]]);

/// `container.DeviceMapping`: a directory stands for every device in it.
static DEVICE: Struct = whole(
    &[&[
        field("PathOnHost", Text, Free),
        field("PathInContainer", Text, Free),
        field("CgroupPermissions", Text, Free),
    ]],
    resource_rules::device,
);

/// `container.DeviceRequest`.
static DEVICE_REQUEST: Struct = whole(
    &[&[
        field("Driver", Text, Free),
        field("Count", Int, Free),
        field("DeviceIDs", TEXTS, Free),
        field("Capabilities", List(&TEXTS), Free),
        field("Options", TEXT_MAP, Free),
    ]],
    resource_rules::device_request,
);

/// `blkiodev.WeightDevice`.
static BLKIO_WEIGHT: Struct = plain(&[&[
    field("Path", Text, Ask(Kind::Blkio)),
    field("Weight", Int, Free),
]]);

/// `blkiodev.ThrottleDevice`.
static BLKIO_RATE: Struct = plain(&[&[
    field("Path", Text, Ask(Kind::Blkio)),
    field("Rate", Int, Free),
]]);

/// `units.Ulimit`.
pub(super) static ULIMIT: Struct = whole(
    &[&[
        field("Name", Text, Free),
        field("Soft", Int, Free),
        field("Hard", Int, Free),
    ]],
    resource_rules::ulimit,
);

/// `network.NetworkingConfig`.
static NETWORKING_CONFIG: Struct = plain(&[&[field(
    "EndpointsConfig",
    Type::StructMap(&ENDPOINT),
    By(rules::endpoints),
)]]);
