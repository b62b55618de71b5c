//! Query parameters that clients send and no engine reads.
//!
//! dockerode (npm, all versions: docker-modem `lib/modem.js`, `dial`) sends the options of a call in its body and,
//! where it asks for a query at all, once more in the query: each field of the body, objects as JSON, arrays as
//! one parameter for each element. The names of the fields are those of the Engine API's definitions, 1.25 to 1.56.
//!
//! Single names have their source beside them, where the operation's row is.

/// Fields of the body of `ContainerCreate`, and of the host configuration, which stood beside them up to
/// API 1.17, and which dockerode's `run` still puts there (`VolumesFrom`).
#[rustfmt::skip]
pub(super) const CONTAINER_CREATE: &[&str] = &[
    "Hostname", "Domainname", "User", "AttachStdin", "AttachStdout", "AttachStderr", "ExposedPorts", "Tty",
    "OpenStdin", "StdinOnce", "Env", "Cmd", "Healthcheck", "ArgsEscaped", "Image", "Volumes", "WorkingDir",
    "Entrypoint", "NetworkDisabled", "MacAddress", "OnBuild", "Labels", "StopSignal", "StopTimeout", "Shell",
    "PortSpecs", "HostConfig", "NetworkingConfig", "Cpuset", "CpuShares", "Memory", "CgroupParent",
    "BlkioWeight", "BlkioWeightDevice", "BlkioDeviceReadBps", "BlkioDeviceWriteBps", "BlkioDeviceReadIOps",
    "BlkioDeviceWriteIOps", "CpuPeriod", "CpuQuota", "CpuRealtimePeriod", "CpuRealtimeRuntime", "CpusetCpus",
    "CpusetMems", "Devices", "DiskQuota", "MemoryReservation", "MemorySwap", "MemorySwappiness", "NanoCpus",
    "OomKillDisable", "PidsLimit", "Ulimits", "CpuCount", "CpuPercent", "IOMaximumIOps", "IOMaximumBandwidth",
    "Binds", "ContainerIDFile", "LogConfig", "NetworkMode", "PortBindings", "RestartPolicy", "AutoRemove",
    "VolumeDriver", "VolumesFrom", "Mounts", "CapAdd", "CapDrop", "Dns", "DnsOptions", "DnsSearch",
    "ExtraHosts", "GroupAdd", "IpcMode", "Cgroup", "Links", "OomScoreAdj", "PidMode", "Privileged",
    "PublishAllPorts", "ReadonlyRootfs", "SecurityOpt", "StorageOpt", "Tmpfs", "UTSMode", "UsernsMode",
    "ShmSize", "Sysctls", "Runtime", "ConsoleSize", "Isolation", "DeviceCgroupRules", "DeviceRequests",
    "KernelMemory", "KernelMemoryTCP", "Init", "CgroupnsMode", "MaskedPaths", "ReadonlyPaths", "Annotations",
    "LxcConf",
];

/// Fields of the body of `ImageCommit`; `m` is docker-java's name for `comment` (`CommitCmdExec.java`).
#[rustfmt::skip]
pub(super) const IMAGE_COMMIT: &[&str] = &[
    "Hostname", "Domainname", "User", "AttachStdin", "AttachStdout", "AttachStderr", "ExposedPorts", "Tty",
    "OpenStdin", "StdinOnce", "Env", "Cmd", "Healthcheck", "ArgsEscaped", "Image", "Volumes", "WorkingDir",
    "Entrypoint", "NetworkDisabled", "MacAddress", "OnBuild", "Labels", "StopSignal", "StopTimeout", "Shell",
    "PortSpecs", "m",
];

/// Fields of the body of `NetworkCreate`.
#[rustfmt::skip]
pub(super) const NETWORK_CREATE: &[&str] = &[
    "Name", "CheckDuplicate", "Driver", "Scope", "Internal", "Attachable", "Ingress", "ConfigOnly",
    "ConfigFrom", "IPAM", "EnableIPv4", "EnableIPv6", "Options", "Labels",
];

/// Fields of the body of `VolumeCreate`.
#[rustfmt::skip]
pub(super) const VOLUME_CREATE: &[&str] = &[
    "Name", "Driver", "DriverOpts", "Labels", "ClusterVolumeSpec",
];

/// Fields of the body of `ServiceUpdate`.
#[rustfmt::skip]
pub(super) const SERVICE_SPEC: &[&str] = &[
    "Name", "Labels", "TaskTemplate", "Mode", "UpdateConfig", "Networks", "EndpointSpec", "RollbackConfig",
];

/// Fields of the body of `SwarmUpdate`; `rotateWorkertoken` is docker-java's misspelling (`UpdateSwarmCmdExec.java`).
#[rustfmt::skip]
pub(super) const SWARM_SPEC: &[&str] = &[
    "Name", "Labels", "Orchestration", "Raft", "Dispatcher", "CAConfig", "EncryptionConfig", "TaskDefaults",
    "rotateWorkertoken",
];

/// Fields of the body of `NodeUpdate`.
#[rustfmt::skip]
pub(super) const NODE_SPEC: &[&str] = &[
    "Name", "Labels", "Role", "Availability",
];

/// Fields of the bodies of `SecretCreate` and `SecretUpdate`.
#[rustfmt::skip]
pub(super) const SECRET_SPEC: &[&str] = &[
    "Name", "Labels", "Data", "Driver", "Templating",
];

/// Fields of the bodies of `ConfigCreate` and `ConfigUpdate`.
#[rustfmt::skip]
pub(super) const CONFIG_SPEC: &[&str] = &[
    "Name", "Labels", "Data", "Templating",
];
