//! The one vocabulary of grants.

/// How a grant of a kind is written, and how it is matched with a demand's value.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Shape {
    /// `true`: the demand has no value.
    Flag,
    /// A pattern over the value as it stands.
    Text,
    /// A pattern over an absolute, lexically normal path, with `:ro` or `:rw` behind it: a pattern that
    /// ends in `:ro` grants read-only use alone, one without grants both.
    Path,
    /// A pattern over a whole image reference, `docker.io/library/alpine:3.20`; see [`crate::api::image`].
    Image,
    /// The most that may be asked for. [`Value::Unlimited`](super::Value::Unlimited) is above every limit.
    Limit(Unit),
    /// Host addresses and ports: the value is `IP:PORT/PROTOCOL`, or `IP:FIRST-LAST/PROTOCOL`; IPv6 addresses stand in brackets; port 0
    /// lets the engine choose.
    Ports,
}

/// What a limit counts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Unit {
    /// Bytes.
    Bytes,
    /// Things.
    Count,
    /// Billionths of a processor.
    NanoCpus,
}

/// What the language says of a kind.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct KindInfo {
    /// Which kind this is.
    pub kind: Kind,
    /// The key in a policy rule.
    pub name: &'static str,
    /// How a grant of it is written.
    pub shape: Shape,
    /// What a grant of it allows, in one line.
    pub summary: &'static str,
    /// A grant, as it stands in a policy.
    pub example: &'static str,
}

impl Kind {
    /// What the language says of this kind.
    pub fn info(self) -> &'static KindInfo {
        static BODY: KindInfo = KindInfo {
            kind: Kind::Body,
            name: "body",
            shape: Shape::Text,
            summary: "every demand of the call",
            example: "any",
        };
        KINDS.iter().find(|info| info.kind == self).unwrap_or(&BODY)
    }

    /// The key in a policy rule.
    pub fn name(self) -> &'static str {
        self.info().name
    }

    /// The kind that a policy rule's key names.
    pub fn parse(name: &str) -> Option<Self> {
        KINDS
            .iter()
            .find(|info| info.name == name)
            .map(|info| info.kind)
    }
}

macro_rules! kinds {
    ($($kind:ident $name:literal $shape:expr, $summary:literal, $example:literal;)*) => {
        /// What a demand asks for, and what a grant of the same name allows.
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub enum Kind {
            $(#[doc = $summary] $kind,)*
        }

        /// Every kind, in the order of their names.
        pub static KINDS: &[KindInfo] = &[
            $(KindInfo { kind: Kind::$kind, name: $name, shape: $shape, summary: $summary, example: $example },)*
        ];
    };
}

kinds! {
    Address "address" Shape::Text, "a container's own IP or MAC address on a network", "\"172.20.0.*\"";
    Annotation "annotation" Shape::Text, "`KEY=VALUE` annotations, which reach the OCI runtime", "\"org.example.*=*\"";
    ArchivePath "archive-path" Shape::Text, "paths in the container that files are copied to or from", "\"/work/**\"";
    BaseImage "base-image" Shape::Image, "images that a build takes something from: `FROM`, `COPY --from`, `RUN --mount=from`, `# syntax`", "[\"docker.io/library/*\", \"registry.example.com/base/**\"]";
    Bind "bind" Shape::Path, "host paths that are mounted; symbolic links on the host are the operator's care", "[\"/srv/ci/**:ro\"]";
    BindOption "bind-option" Shape::Text, "mount propagation, relabelling and the like for a bind; `tmpfs=OPTION` for what reaches past a tmpfs, such as `remount`", "\"propagation=rslave\"";
    Blkio "blkio" Shape::Text, "block devices on the host whose weight or throughput is set", "/dev/sda";
    Body "body" Shape::Text, "every demand of the call; `any` is its only value", "any";
    BuildArg "build-arg" Shape::Text, "names of build arguments", "\"HTTP_PROXY\"";
    BuildOutput "build-output" Shape::Text, "`outputs` of a build, as `type=TYPE,NAME=VALUE`", "\"type=image*\"";
    BuildRemote "build-remote" Shape::Text, "a URL that the engine fetches the build context from", "\"https://github.com/acme/**\"";
    CacheFrom "cache-from" Shape::Image, "images that a build takes its cache from", "\"registry.example.com/**\"";
    CapAdd "cap-add" Shape::Text, "capabilities beyond the engine's default set, without `CAP_`", "[NET_ADMIN]";
    Cgroup "cgroup" Shape::Text, "the cgroup of another container", "\"container:web\"";
    CgroupParent "cgroup-parent" Shape::Text, "the cgroup below which the container's is made", "ci.slice";
    CgroupnsMode "cgroupns-mode" Shape::Text, "the cgroup namespace: `host`", "host";
    CheckpointDir "checkpoint-dir" Shape::Path, "a host directory that checkpoints are kept in", "/srv/checkpoints";
    CheckpointRestore "checkpoint-restore" Shape::Text, "the checkpoint that a container starts from", "\"*\"";
    ClusterVolume "cluster-volume" Shape::Flag, "volumes of the swarm's storage plugins", "true";
    CommitChange "commit-change" Shape::Text, "Dockerfile instructions applied to a committed or imported image", "\"CMD *\"";
    CompressedTar "compressed-tar" Shape::Text, "archives that the engine unpacks with a helper program on the host", "[gzip]";
    Container "container" Shape::Text, "containers that are looked at, acted on, committed, connected or entered, by their names; the gate asks for the name of one that is called by its id", "\"ci-*\"";
    ContainerName "container-name" Shape::Text, "names of new containers", "\"ci-*\"";
    CpuRealtime "cpu-realtime" Shape::Flag, "real-time scheduling", "true";
    Cpus "cpus" Shape::Limit(Unit::NanoCpus), "processors", "2";
    CredentialSpec "credential-spec" Shape::Text, "a Windows credential specification", "\"file://spec.json\"";
    Device "device" Shape::Text, "host devices, by their path or CDI name", "/dev/fuse";
    DeviceCgroupRule "device-cgroup-rule" Shape::Text, "device numbers that the container may open", "\"c 10:229 rwm\"";
    DeviceRequest "device-request" Shape::Text, "devices that a driver of the engine chooses: `DRIVER:CAPABILITIES:OPTIONS`", "\"cdi:*:*\"";
    Env "env" Shape::Text, "names of environment variables", "[\"CI_*\", PATH]";
    ExecCommand "exec-command" Shape::Text, "the command line of an exec, joined with spaces", "\"pg_isready *\"";
    ExecPrivileged "exec-privileged" Shape::Flag, "an exec with all capabilities", "true";
    ExecUser "exec-user" Shape::Text, "the user of an exec", "postgres";
    ExtraHost "extra-host" Shape::Text, "`NAME:ADDRESS` lines in /etc/hosts", "\"host.docker.internal:host-gateway\"";
    Gpu "gpu" Shape::Text, "GPUs: `all`, a number, or a device's id", "all";
    GroupAdd "group-add" Shape::Text, "further groups of the container's process", "audio";
    HostConfigTopLevel "host-config-top-level" Shape::Text, "fields of `HostConfig` outside of it, which engines up to 26 obey", "Memory";
    Image "image" Shape::Image, "images that are used, pulled, written or named", "[\"docker.io/library/*\", \"registry.example.com/**\"]";
    ImportSource "import-source" Shape::Text, "a URL that the engine imports an image from", "\"https://example.com/base.tar\"";
    IpcMode "ipc-mode" Shape::Text, "the IPC namespace: `host` or another container's", "\"container:web\"";
    Isolation "isolation" Shape::Text, "the isolation technology on Windows", "hyperv";
    Labels "labels" Shape::Text, "`KEY=VALUE` labels", "\"com.example.*=*\"";
    Link "link" Shape::Text, "links to other containers, which show their environment", "\"db:*\"";
    LogDriver "log-driver" Shape::Text, "where the engine sends the container's output", "[json-file, journald]";
    LogOption "log-option" Shape::Text, "`KEY=VALUE` options of the log driver", "\"gelf-address=udp://10.0.0.1:*\"";
    MaskedPath "masked-path" Shape::Text, "paths of /proc and /sys that are shown although the engine hides them", "/proc/kcore";
    Memory "memory" Shape::Limit(Unit::Bytes), "memory", "1GiB";
    MemorySwap "memory-swap" Shape::Limit(Unit::Bytes), "memory and swap together", "2GiB";
    MountType "mount-type" Shape::Text, "kinds of mounts other than bind, volume, tmpfs and image", "cluster";
    NetworkDriver "network-driver" Shape::Text, "drivers of new networks other than `bridge`", "overlay";
    NetworkMode "network-mode" Shape::Text, "networks that a container joins: `host`, `container:NAME`, `bridge`, `none`, or a network's name", "[bridge, none]";
    NetworkOption "network-option" Shape::Text, "`KEY=VALUE` options of a network or an endpoint", "\"com.docker.network.driver.mtu=*\"";
    NodeOption "node-option" Shape::Text, "a node's role and availability: `KEY=VALUE`", "\"Availability=drain\"";
    OomKillDisable "oom-kill-disable" Shape::Flag, "a container that the kernel does not kill when memory runs out", "true";
    OomScoreAdj "oom-score-adj" Shape::Text, "a negative score, which shields the container when memory runs out", "\"-500\"";
    PidMode "pid-mode" Shape::Text, "the PID namespace: `host` or another container's", "host";
    Pids "pids" Shape::Limit(Unit::Count), "processes and threads", "512";
    Placement "placement" Shape::Text, "constraints and preferences that choose a service's nodes", "\"node.labels.ci==true\"";
    Platform "platform" Shape::Text, "platforms of images and builds", "\"linux/*\"";
    Plugin "plugin" Shape::Text, "engine plugins, each of which can become root on the host", "\"docker.io/vieux/sshfs:*\"";
    PluginPrivilege "plugin-privilege" Shape::Text, "`KEY=VALUE` privileges and settings of a plugin", "\"network=host\"";
    Ports "ports" Shape::Ports, "host addresses and ports that are published", "[\"127.0.0.1:8000-8999\"]";
    Privileged "privileged" Shape::Flag, "everything that root on the host can do", "true";
    PsArgs "ps-args" Shape::Text, "arguments of the host's ps beyond the usual columns", "\"auxe\"";
    PublishAll "publish-all" Shape::Flag, "every exposed port on every host address", "true";
    ReadonlyPath "readonly-path" Shape::Text, "paths of /proc that can be written although the engine protects them", "/proc/sys";
    Registry "registry" Shape::Text, "registry hosts that the engine contacts to log in, search or look up", "registry.example.com";
    RegistryAuth "registry-auth" Shape::Text, "credentials that a client hands to the engine, by their header", "x-registry-auth";
    Restart "restart" Shape::Text, "restart policies", "[\"no\", on-failure, unless-stopped]";
    Rollback "rollback" Shape::Flag, "a service's earlier specification, which is not seen again", "true";
    Runtime "runtime" Shape::Text, "the OCI runtime", "[runc, runsc]";
    SecretDriver "secret-driver" Shape::Text, "plugins that supply secrets", "\"*\"";
    SecurityOpt "security-opt" Shape::Text, "`KEY=VALUE` security options other than no-new-privileges", "\"apparmor=ci-*\"";
    ServiceConfig "service-config" Shape::Text, "configs that a service reads", "\"web-*\"";
    ServiceOption "service-option" Shape::Text, "`FIELD=VALUE` settings of a service that reach past its own containers", "\"*\"";
    ServiceSecret "service-secret" Shape::Text, "secrets that a service reads", "\"web-*\"";
    ShmSize "shm-size" Shape::Limit(Unit::Bytes), "the size of /dev/shm", "256MiB";
    Signal "signal" Shape::Text, "signals", "[SIGTERM, SIGHUP]";
    StorageOpt "storage-opt" Shape::Text, "`KEY=VALUE` options of the storage driver", "\"size=*\"";
    Subnet "subnet" Shape::Text, "address ranges of new networks, which the host routes", "\"172.30.*\"";
    SwarmOption "swarm-option" Shape::Text, "`FIELD=VALUE` settings of a swarm", "\"*\"";
    Sysctl "sysctl" Shape::Text, "`KEY=VALUE` kernel parameters, with dots", "\"net.core.somaxconn=*\"";
    TarEntry "tar-entry" Shape::Text, "unusual entries of an uploaded archive: `device`, `setuid`, `link-outside`, `path-outside`", "[setuid]";
    Templating "templating" Shape::Text, "templates in secrets, configs and the mounts of services: their kind, or the text that has one", "golang";
    Tmpfs "tmpfs" Shape::Text, "paths in the container that hold a tmpfs", "\"/tmp/**\"";
    TmpfsSize "tmpfs-size" Shape::Limit(Unit::Bytes), "the size of one tmpfs", "64MiB";
    Tunnel "tunnel" Shape::Flag, "a connection that the gate cannot look into", "true";
    Ulimit "ulimit" Shape::Text, "`NAME=HARD` resource limits", "\"nofile=*\"";
    UnknownField "unknown-field" Shape::Text, "fields of a body that this version does not know, by JSON path", "HostConfig.NewField";
    UnknownParameter "unknown-parameter" Shape::Text, "query parameters that this version does not know", "newparam";
    User "user" Shape::Text, "the user of a container's process", "\"1000:1000\"";
    UsernsMode "userns-mode" Shape::Text, "the user namespace: `host`", "host";
    UtsMode "uts-mode" Shape::Text, "the UTS namespace: `host`", "host";
    Volume "volume" Shape::Text, "named volumes", "\"ci-*\"";
    VolumeDriver "volume-driver" Shape::Text, "volume drivers other than `local`", "rclone";
    VolumeOption "volume-option" Shape::Text, "`KEY=VALUE` options of a volume's driver", "\"type=nfs\"";
    VolumesFrom "volumes-from" Shape::Text, "containers whose mounts are taken over, host paths too", "\"data-*\"";
    WorkingDir "working-dir" Shape::Text, "a working directory below /proc or /dev/fd, where leaked descriptors lie", "/proc/self";
}
