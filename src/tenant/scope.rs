//! How a tenant may use each operation of the Engine API: one row each, and no default.

use super::{Swarm, View};
use crate::api::OperationId as Op;

/// What has to be done for a tenant to use an operation.
#[derive(Clone, Debug)]
pub enum Scope {
    /// Nothing: neither the call nor the answer names an object of the engine's.
    Plain,
    /// It cannot: what it reaches is the engine's as a whole, or is not kept apart yet.
    Refused,
    /// `GET /info`.
    Info,
    /// `GET /events`.
    Events,
    /// `GET /system/df`.
    DataUsage,
    /// Lists containers.
    ContainerList,
    /// Is about one own container, and answers so.
    Container(View),
    /// Shows one own container: the answer itself tells whose it is.
    ContainerInspect,
    /// Makes a container.
    ContainerCreate,
    /// Lets an own container run.
    ContainerStart,
    /// Prepares a command in an own container.
    ContainerExec,
    /// Gives an own container another name.
    ContainerRename,
    /// Changes an own container's limits.
    ContainerUpdate,
    /// Makes an image of an own container.
    ContainerCommit,
    /// Is about a command in an own container.
    Exec,
    /// Shows a command in an own container.
    ExecInspect,
    /// Deletes what is unused among own objects.
    Prune(View),
    /// Lists images.
    ImageList,
    /// Shows one image that the tenant may use.
    ImageInspect,
    /// Shows what an image that the tenant may use is made of.
    ImageHistory,
    /// Writes images that the tenant may use as an archive.
    ImageSave,
    /// Pulls or imports an image.
    ImageCreate,
    /// Loads images from an archive.
    ImageLoad,
    /// Pushes an own image.
    ImagePush,
    /// Gives an own image another name.
    ImageTag,
    /// Deletes an own image.
    ImageDelete,
    /// Builds an image.
    Build,
    /// Deletes the build cache, which is shared: the gate answers that nothing was deleted.
    BuildPrune,
    /// Lists plugins: a tenant has none.
    PluginList,
    /// Is about one plugin: a tenant has none.
    PluginRead,
    /// Lists networks.
    NetworkList,
    /// Reads one own network.
    NetworkRead,
    /// Makes a network.
    NetworkCreate,
    /// Puts an own container on an own network, or takes it off.
    NetworkJoin,
    /// Deletes an own network.
    NetworkDelete,
    /// Lists volumes.
    VolumeList,
    /// Shows one own volume.
    VolumeInspect,
    /// Deletes an own volume.
    VolumeDelete,
    /// Makes a volume.
    VolumeCreate,
    /// Lists objects of the swarm.
    SwarmList(Swarm),
    /// Is about one own object of the swarm.
    Swarm(Swarm),
    /// Shows one own object of the swarm.
    SwarmInspect(Swarm),
    /// Makes a service.
    ServiceCreate,
    /// Changes an own service.
    ServiceUpdate,
    /// Makes a secret or a config.
    Store(Swarm),
    /// Changes an own secret or config.
    StoreUpdate(Swarm),
}

impl Scope {
    /// The scope of an operation.
    #[expect(clippy::too_many_lines, reason = "a table: one row for each operation")]
    pub fn of(operation: Op) -> Self {
        match operation {
            Op::SystemPing
            | Op::SystemPingHead
            | Op::SystemVersion
            | Op::SystemAuth
            | Op::ImageSearch
            | Op::DistributionInspect => Self::Plain,
            Op::SystemInfo => Self::Info,
            Op::SystemEvents => Self::Events,
            Op::SystemDataUsage => Self::DataUsage,
            Op::ContainerList => Self::ContainerList,
            Op::ContainerInspect => Self::ContainerInspect,
            Op::ContainerStats => Self::Container(View::ContainerStats),
            Op::ContainerTop
            | Op::ContainerChanges
            | Op::ContainerLogs
            | Op::ContainerStop
            | Op::ContainerKill
            | Op::ContainerPause
            | Op::ContainerWait
            | Op::ContainerAttach
            | Op::ContainerAttachWebsocket
            | Op::ContainerResize
            | Op::ContainerDelete
            | Op::ContainerArchive
            | Op::ContainerArchiveInfo
            | Op::PutContainerArchive
            | Op::ContainerExport => Self::Container(View::Pass),
            Op::ContainerExec => Self::ContainerExec,
            Op::ContainerCreate => Self::ContainerCreate,
            Op::ContainerStart | Op::ContainerRestart | Op::ContainerUnpause => {
                Self::ContainerStart
            }
            Op::ContainerRename => Self::ContainerRename,
            Op::ContainerUpdate => Self::ContainerUpdate,
            Op::ContainerPrune => Self::Prune(View::Pass),
            Op::ImagePrune => Self::Prune(View::ImagesPruned),
            Op::NetworkPrune | Op::VolumePrune => Self::Prune(View::Pruned),
            Op::ExecStart | Op::ExecResize => Self::Exec,
            Op::ExecInspect => Self::ExecInspect,
            Op::ImageList => Self::ImageList,
            Op::ImageInspect => Self::ImageInspect,
            Op::ImageHistory => Self::ImageHistory,
            Op::ImageGet | Op::ImageGetAll => Self::ImageSave,
            Op::ImageCreate => Self::ImageCreate,
            Op::ImageLoad => Self::ImageLoad,
            Op::ImagePush => Self::ImagePush,
            Op::ImageTag => Self::ImageTag,
            Op::ImageDelete => Self::ImageDelete,
            Op::ImageCommit => Self::ContainerCommit,
            Op::ImageBuild => Self::Build,
            Op::BuildPrune => Self::BuildPrune,
            Op::PluginList => Self::PluginList,
            Op::PluginInspect => Self::PluginRead,
            Op::NetworkList => Self::NetworkList,
            Op::NetworkInspect => Self::NetworkRead,
            Op::NetworkCreate => Self::NetworkCreate,
            Op::NetworkConnect | Op::NetworkDisconnect => Self::NetworkJoin,
            Op::NetworkDelete => Self::NetworkDelete,
            Op::VolumeList => Self::VolumeList,
            Op::VolumeInspect => Self::VolumeInspect,
            Op::VolumeDelete => Self::VolumeDelete,
            Op::VolumeCreate => Self::VolumeCreate,
            Op::ServiceList => Self::SwarmList(Swarm::Service),
            Op::ServiceInspect => Self::SwarmInspect(Swarm::Service),
            Op::ServiceLogs | Op::ServiceDelete => Self::Swarm(Swarm::Service),
            Op::ServiceCreate => Self::ServiceCreate,
            Op::ServiceUpdate => Self::ServiceUpdate,
            Op::TaskList => Self::SwarmList(Swarm::Task),
            Op::TaskInspect => Self::SwarmInspect(Swarm::Task),
            Op::TaskLogs => Self::Swarm(Swarm::Task),
            Op::SecretList => Self::SwarmList(Swarm::Secret),
            Op::SecretInspect => Self::SwarmInspect(Swarm::Secret),
            Op::SecretCreate => Self::Store(Swarm::Secret),
            Op::SecretUpdate => Self::StoreUpdate(Swarm::Secret),
            Op::SecretDelete => Self::Swarm(Swarm::Secret),
            Op::ConfigList => Self::SwarmList(Swarm::Config),
            Op::ConfigInspect => Self::SwarmInspect(Swarm::Config),
            Op::ConfigCreate => Self::Store(Swarm::Config),
            Op::ConfigUpdate => Self::StoreUpdate(Swarm::Config),
            Op::ConfigDelete => Self::Swarm(Swarm::Config),
            // The engine as a whole, or routes that no client of today has.
            Op::SystemOptions
            | Op::AuthGet
            | Op::DebugVars
            | Op::DebugPprofIndex
            | Op::DebugPprofCmdline
            | Op::DebugPprofProfile
            | Op::DebugPprofSymbol
            | Op::DebugPprofTrace
            | Op::DebugPprofNamed
            | Op::ContainerPs
            | Op::ContainerCopy
            | Op::ImageInsert
            | Op::ImageInspectBare
            | Op::ImageViz
            // A checkpoint's state is a folder of the host's.
            | Op::CheckpointList
            | Op::CheckpointCreate
            | Op::CheckpointDelete
            | Op::ImageAttestations
            // Nobody can see into BuildKit's tunnels, or say whose build an identifier is.
            | Op::BuildCancel
            | Op::Session
            | Op::Grpc
            // The swarm and its nodes are everybody's.
            | Op::VolumeUpdate
            | Op::SwarmInspect
            | Op::SwarmUnlockkey
            | Op::SwarmUnlock
            | Op::SwarmInit
            | Op::SwarmJoin
            | Op::SwarmLeave
            | Op::SwarmUpdate
            | Op::NodeList
            | Op::NodeInspect
            | Op::NodeUpdate
            | Op::NodeDelete
            // Plugins run on the host.
            | Op::GetPluginPrivileges
            | Op::PluginPull
            | Op::PluginCreate
            | Op::PluginUpgrade
            | Op::PluginEnable
            | Op::PluginDisable
            | Op::PluginSet
            | Op::PluginPush
            | Op::PluginDelete => Self::Refused,
        }
    }
}
