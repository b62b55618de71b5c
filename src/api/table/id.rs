//! The names of the operations.

/// Names an operation of the Engine API: its own operationId where it documents one, and a name in the same
/// style where it does not.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum OperationId {
    /// `GET /_ping`
    SystemPing,
    /// `HEAD /_ping`
    SystemPingHead,
    /// `OPTIONS /{path...}`
    SystemOptions,
    /// `GET /version`
    SystemVersion,
    /// `GET /info`
    SystemInfo,
    /// `GET /events`
    SystemEvents,
    /// `GET /system/df`
    SystemDataUsage,
    /// `POST /auth`
    SystemAuth,
    /// `GET /auth`
    AuthGet,
    /// `GET /debug/vars`
    DebugVars,
    /// `GET /debug/pprof/`
    DebugPprofIndex,
    /// `GET /debug/pprof/cmdline`
    DebugPprofCmdline,
    /// `GET /debug/pprof/profile`
    DebugPprofProfile,
    /// `GET /debug/pprof/symbol`
    DebugPprofSymbol,
    /// `GET /debug/pprof/trace`
    DebugPprofTrace,
    /// `GET /debug/pprof/{name}`
    DebugPprofNamed,
    /// `GET /containers/json`
    ContainerList,
    /// `GET /containers/{id...}/json`
    ContainerInspect,
    /// `GET /containers/{id}/top`
    ContainerTop,
    /// `GET /containers/{id}/changes`
    ContainerChanges,
    /// `GET /containers/{id}/stats`
    ContainerStats,
    /// `GET /containers/{id}/logs`
    ContainerLogs,
    /// `POST /containers/create`
    ContainerCreate,
    /// `POST /containers/{id}/start`
    ContainerStart,
    /// `POST /containers/{id}/stop`
    ContainerStop,
    /// `POST /containers/{id}/restart`
    ContainerRestart,
    /// `POST /containers/{id}/kill`
    ContainerKill,
    /// `POST /containers/{id}/pause`
    ContainerPause,
    /// `POST /containers/{id}/unpause`
    ContainerUnpause,
    /// `POST /containers/{id}/wait`
    ContainerWait,
    /// `POST /containers/{id}/attach`
    ContainerAttach,
    /// `GET /containers/{id}/attach/ws`
    ContainerAttachWebsocket,
    /// `POST /containers/{id}/resize`
    ContainerResize,
    /// `POST /containers/{id}/rename`
    ContainerRename,
    /// `POST /containers/{id}/update`
    ContainerUpdate,
    /// `DELETE /containers/{id...}`
    ContainerDelete,
    /// `POST /containers/prune`
    ContainerPrune,
    /// `GET /containers/ps`
    ContainerPs,
    /// `GET /containers/{id}/archive`
    ContainerArchive,
    /// `HEAD /containers/{id}/archive`
    ContainerArchiveInfo,
    /// `PUT /containers/{id}/archive`
    PutContainerArchive,
    /// `POST /containers/{id}/copy`
    ContainerCopy,
    /// `GET /containers/{id}/export`
    ContainerExport,
    /// `GET /containers/{id}/checkpoints`
    CheckpointList,
    /// `POST /containers/{id}/checkpoints`
    CheckpointCreate,
    /// `DELETE /containers/{id}/checkpoints/{checkpoint}`
    CheckpointDelete,
    /// `POST /containers/{id}/exec`
    ContainerExec,
    /// `POST /exec/{id}/start`
    ExecStart,
    /// `POST /exec/{id}/resize`
    ExecResize,
    /// `GET /exec/{id}/json`
    ExecInspect,
    /// `GET /images/json`
    ImageList,
    /// `GET /images/{name...}/json`
    ImageInspect,
    /// `GET /images/{name...}/history`
    ImageHistory,
    /// `GET /images/{name...}/attestations`
    ImageAttestations,
    /// `GET /images/search`
    ImageSearch,
    /// `POST /images/create`
    ImageCreate,
    /// `POST /images/{name...}/push`
    ImagePush,
    /// `POST /images/{name...}/tag`
    ImageTag,
    /// `POST /images/load`
    ImageLoad,
    /// `GET /images/{name...}/get`
    ImageGet,
    /// `GET /images/get`
    ImageGetAll,
    /// `DELETE /images/{name...}`
    ImageDelete,
    /// `POST /images/prune`
    ImagePrune,
    /// `POST /images/{name...}/insert`
    ImageInsert,
    /// `GET /images/{name}`
    ImageInspectBare,
    /// `GET /images/viz`
    ImageViz,
    /// `POST /commit`
    ImageCommit,
    /// `GET /distribution/{name...}/json`
    DistributionInspect,
    /// `POST /build`
    ImageBuild,
    /// `POST /build/prune`
    BuildPrune,
    /// `POST /build/cancel`
    BuildCancel,
    /// `POST /session`
    Session,
    /// `POST /grpc`
    Grpc,
    /// `GET /networks`
    NetworkList,
    /// `GET /networks/{id...}`
    NetworkInspect,
    /// `POST /networks/create`
    NetworkCreate,
    /// `POST /networks/{id...}/connect`
    NetworkConnect,
    /// `POST /networks/{id...}/disconnect`
    NetworkDisconnect,
    /// `DELETE /networks/{id...}`
    NetworkDelete,
    /// `POST /networks/prune`
    NetworkPrune,
    /// `GET /volumes`
    VolumeList,
    /// `GET /volumes/{name...}`
    VolumeInspect,
    /// `POST /volumes/create`
    VolumeCreate,
    /// `PUT /volumes/{name...}`
    VolumeUpdate,
    /// `DELETE /volumes/{name...}`
    VolumeDelete,
    /// `POST /volumes/prune`
    VolumePrune,
    /// `GET /swarm`
    SwarmInspect,
    /// `GET /swarm/unlockkey`
    SwarmUnlockkey,
    /// `POST /swarm/unlock`
    SwarmUnlock,
    /// `POST /swarm/init`
    SwarmInit,
    /// `POST /swarm/join`
    SwarmJoin,
    /// `POST /swarm/leave`
    SwarmLeave,
    /// `POST /swarm/update`
    SwarmUpdate,
    /// `GET /nodes`
    NodeList,
    /// `GET /nodes/{id}`
    NodeInspect,
    /// `POST /nodes/{id}/update`
    NodeUpdate,
    /// `DELETE /nodes/{id}`
    NodeDelete,
    /// `GET /services`
    ServiceList,
    /// `GET /services/{id}`
    ServiceInspect,
    /// `GET /services/{id}/logs`
    ServiceLogs,
    /// `POST /services/create`
    ServiceCreate,
    /// `POST /services/{id}/update`
    ServiceUpdate,
    /// `DELETE /services/{id}`
    ServiceDelete,
    /// `GET /tasks`
    TaskList,
    /// `GET /tasks/{id}`
    TaskInspect,
    /// `GET /tasks/{id}/logs`
    TaskLogs,
    /// `GET /secrets`
    SecretList,
    /// `GET /secrets/{id}`
    SecretInspect,
    /// `POST /secrets/create`
    SecretCreate,
    /// `POST /secrets/{id}/update`
    SecretUpdate,
    /// `DELETE /secrets/{id}`
    SecretDelete,
    /// `GET /configs`
    ConfigList,
    /// `GET /configs/{id}`
    ConfigInspect,
    /// `POST /configs/create`
    ConfigCreate,
    /// `POST /configs/{id}/update`
    ConfigUpdate,
    /// `DELETE /configs/{id}`
    ConfigDelete,
    /// `GET /plugins`
    PluginList,
    /// `GET /plugins/{name...}/json`
    PluginInspect,
    /// `GET /plugins/privileges`
    GetPluginPrivileges,
    /// `POST /plugins/pull`
    PluginPull,
    /// `POST /plugins/create`
    PluginCreate,
    /// `POST /plugins/{name...}/upgrade`
    PluginUpgrade,
    /// `POST /plugins/{name...}/enable`
    PluginEnable,
    /// `POST /plugins/{name...}/disable`
    PluginDisable,
    /// `POST /plugins/{name...}/set`
    PluginSet,
    /// `POST /plugins/{name...}/push`
    PluginPush,
    /// `DELETE /plugins/{name...}`
    PluginDelete,
}
