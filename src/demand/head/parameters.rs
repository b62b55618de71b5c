//! What each query parameter of each operation demands. A parameter that the operations table has and this one
//! has not is the demand `unknown-parameter`.

use super::rules;
use crate::api::{Call, OperationId};
use crate::demand::walk::{Path, Walk};
use crate::demand::{BadBody, Kind};
use OperationId as Op;
use Rule::{Ask, By, Free, Json, Tell};

/// What a parameter's value demands.
#[derive(Clone, Copy, Debug)]
pub(super) enum Rule {
    /// Nothing, whatever the value.
    Free,
    /// A safe demand of a value that is not empty.
    Tell(Kind),
    /// A demand of a value that is not empty.
    Ask(Kind),
    /// What a function says.
    By(for<'c, 'p> fn(&mut Walk<'c>, &Path<'p, 'c>, &'c str)),
    /// What a function says that looks at the whole call.
    Call(for<'c, 'p> fn(&mut Walk<'c>, &Path<'p, 'c>, &'c str, &'c Call<'c>)),
    /// What a function says that reads JSON, and refuses what is none.
    Json(for<'c, 'p> fn(&mut Walk<'c>, &Path<'p, 'c>, &'c str) -> Result<(), BadBody>),
}

/// What the parameter `name` of an operation demands, if this version knows.
pub(super) fn rule(operation: OperationId, name: &str) -> Option<Rule> {
    let (_, rules) = PARAMETERS.iter().find(|(id, _)| *id == operation)?;
    rules
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, rule)| *rule)
}

type Rules = &'static [(&'static str, Rule)];

const LOGS: Rules = &[
    ("details", Free),
    ("follow", Free),
    ("format", Free),
    ("since", Free),
    ("stderr", Free),
    ("stdout", Free),
    ("tail", Free),
    ("timestamps", Free),
    ("until", Free),
];

const ATTACH: Rules = &[
    ("detachKeys", Free),
    ("logs", Free),
    ("stderr", Free),
    ("stdin", Free),
    ("stdout", Free),
    ("stream", Free),
];

const SIZE: Rules = &[("h", Free), ("w", Free)];

const FILTERS: Rules = &[("filters", Free)];

const FORCE: Rules = &[("force", Free)];

const VERSION: Rules = &[("version", Free)];

const LIST: Rules = &[
    ("all", Free),
    ("before", Free),
    ("filters", Free),
    ("limit", Free),
    ("since", Free),
    ("size", Free),
];

const SIGNAL: Rules = &[("signal", By(rules::signal)), ("t", Free)];

const ARCHIVE: Rules = &[
    ("copyUIDGID", Free),
    ("noOverwriteDirNonDir", Free),
    ("path", By(rules::archive_path)),
];

const DEBUG: Rules = &[("debug", Free), ("gc", Free), ("seconds", Free)];

static PARAMETERS: &[(OperationId, Rules)] = &[
    (Op::BuildCancel, &[("id", Free)]),
    (
        Op::BuildPrune,
        &[
            ("all", Free),
            ("filters", Free),
            ("keep-storage", Free),
            ("max-used-space", Free),
            ("min-free-space", Free),
            ("reserved-space", Free),
        ],
    ),
    (Op::CheckpointDelete, &[("dir", By(rules::checkpoint_dir))]),
    (Op::CheckpointList, &[("dir", By(rules::checkpoint_dir))]),
    (Op::ConfigList, FILTERS),
    (Op::ConfigUpdate, VERSION),
    (Op::ContainerArchive, ARCHIVE),
    (Op::ContainerArchiveInfo, ARCHIVE),
    (Op::ContainerAttach, ATTACH),
    (Op::ContainerAttachWebsocket, ATTACH),
    (
        Op::ContainerCreate,
        &[
            ("name", By(rules::container_name)),
            ("platform", Tell(Kind::Platform)),
        ],
    ),
    (
        Op::ContainerDelete,
        &[("force", Free), ("link", Free), ("v", Free)],
    ),
    (Op::ContainerInspect, LIST),
    (Op::ContainerKill, SIGNAL),
    (Op::ContainerList, LIST),
    (Op::ContainerLogs, LOGS),
    (Op::ContainerPrune, FILTERS),
    (Op::ContainerPs, LIST),
    (Op::ContainerRename, &[("name", By(rules::container_name))]),
    (Op::ContainerResize, SIZE),
    (Op::ContainerRestart, SIGNAL),
    (
        Op::ContainerStart,
        &[
            ("checkpoint", Ask(Kind::CheckpointRestore)),
            ("checkpoint-dir", By(rules::checkpoint_dir)),
            ("detachKeys", Free),
        ],
    ),
    (Op::ContainerStats, &[("one-shot", Free), ("stream", Free)]),
    (Op::ContainerStop, SIGNAL),
    (Op::ContainerTop, &[("ps_args", By(rules::ps_args))]),
    (Op::ContainerWait, &[("condition", Free)]),
    (Op::DebugPprofNamed, DEBUG),
    (Op::DebugPprofProfile, DEBUG),
    (Op::DebugPprofTrace, DEBUG),
    (Op::ExecResize, SIZE),
    (Op::GetPluginPrivileges, &[("remote", By(rules::plugin))]),
    (
        Op::ImageAttestations,
        &[("platform", Free), ("statement", Free), ("type", Free)],
    ),
    (
        Op::ImageBuild,
        &[
            ("buildargs", Json(rules::build_args)),
            ("buildid", Free),
            ("cachefrom", Json(rules::cache_from)),
            ("cgroupparent", Ask(Kind::CgroupParent)),
            ("cpuperiod", Free),
            ("cpuquota", Rule::Call(rules::cpu_quota)),
            ("cpusetcpus", Free),
            ("cpusetmems", Free),
            ("cpushares", Free),
            ("dockerfile", Free),
            ("extrahosts", By(rules::extra_hosts)),
            ("forcerm", Free),
            ("isolation", By(rules::isolation)),
            ("labels", Json(rules::labels)),
            ("memory", By(rules::memory)),
            ("memswap", By(rules::memory_swap)),
            ("networkmode", By(rules::network_mode)),
            ("nocache", Free),
            ("outputs", Json(rules::outputs)),
            ("platform", Tell(Kind::Platform)),
            ("pull", Free),
            ("q", Free),
            ("remote", By(rules::build_remote)),
            ("rm", Free),
            ("securityopt", By(rules::security_opt)),
            ("session", By(rules::tunnel)),
            ("shmsize", By(rules::shm_size)),
            ("squash", Free),
            ("t", By(rules::image_name)),
            ("target", Free),
            ("ulimits", Json(rules::ulimits)),
            ("version", By(rules::builder_version)),
        ],
    ),
    (
        Op::ImageCommit,
        &[
            ("author", Free),
            ("changes", Tell(Kind::CommitChange)),
            ("comment", Free),
            ("container", By(rules::container)),
            ("pause", Free),
            ("repo", Rule::Call(rules::repository)),
            ("tag", Free),
        ],
    ),
    (
        Op::ImageCreate,
        &[
            ("changes", Tell(Kind::CommitChange)),
            ("fromImage", Rule::Call(rules::pulled)),
            ("fromSrc", By(rules::import_source)),
            ("message", Free),
            ("platform", Tell(Kind::Platform)),
            ("repo", Rule::Call(rules::repository)),
            ("tag", Free),
        ],
    ),
    (
        Op::ImageDelete,
        &[("force", Free), ("noprune", Free), ("platforms", Free)],
    ),
    (Op::ImageGet, &[("platform", Free)]),
    (
        Op::ImageGetAll,
        &[("names", By(rules::image)), ("platform", Free)],
    ),
    (Op::ImageHistory, &[("platform", Free)]),
    (
        Op::ImageInsert,
        &[("path", Free), ("url", Ask(Kind::ImportSource))],
    ),
    (Op::ImageInspect, &[("manifests", Free), ("platform", Free)]),
    (
        Op::ImageList,
        &[
            ("all", Free),
            ("digests", Free),
            ("filter", Free),
            ("filters", Free),
            ("identity", Free),
            ("manifests", Free),
            ("shared-size", Free),
        ],
    ),
    (Op::ImageLoad, &[("platform", Free), ("quiet", Free)]),
    (Op::ImagePrune, FILTERS),
    (Op::ImagePush, &[("platform", Free), ("tag", Free)]),
    (
        Op::ImageSearch,
        &[
            ("filters", Free),
            ("limit", Free),
            ("term", By(rules::search_term)),
        ],
    ),
    (
        Op::ImageTag,
        &[
            ("force", Free),
            ("repo", Rule::Call(rules::repository)),
            ("tag", Free),
        ],
    ),
    (Op::NetworkInspect, &[("scope", Free), ("verbose", Free)]),
    (Op::NetworkList, FILTERS),
    (Op::NetworkPrune, FILTERS),
    (Op::NodeDelete, FORCE),
    (Op::NodeList, FILTERS),
    (Op::NodeUpdate, VERSION),
    (Op::PluginCreate, &[("name", Ask(Kind::Plugin))]),
    (Op::PluginDelete, FORCE),
    (Op::PluginDisable, FORCE),
    (Op::PluginEnable, &[("timeout", Free)]),
    (Op::PluginList, FILTERS),
    (
        Op::PluginPull,
        &[("name", Free), ("remote", By(rules::plugin))],
    ),
    (Op::PluginUpgrade, &[("remote", By(rules::plugin))]),
    (Op::PutContainerArchive, ARCHIVE),
    (Op::SecretList, FILTERS),
    (Op::SecretUpdate, VERSION),
    (Op::ServiceInspect, &[("insertDefaults", Free)]),
    (Op::ServiceList, &[("filters", Free), ("status", Free)]),
    (Op::ServiceLogs, LOGS),
    (
        Op::ServiceUpdate,
        &[
            ("registryAuthFrom", Free),
            ("rollback", By(rules::rollback)),
            ("version", Free),
        ],
    ),
    (Op::SwarmLeave, FORCE),
    (
        Op::SwarmUpdate,
        &[
            ("rotateManagerToken", By(rules::rotate)),
            ("rotateManagerUnlockKey", By(rules::rotate)),
            ("rotateWorkerToken", By(rules::rotate)),
            ("version", Free),
        ],
    ),
    (Op::SystemDataUsage, &[("type", Free), ("verbose", Free)]),
    (
        Op::SystemEvents,
        &[("filters", Free), ("since", Free), ("until", Free)],
    ),
    (Op::TaskList, FILTERS),
    (Op::TaskLogs, LOGS),
    (Op::VolumeDelete, FORCE),
    (Op::VolumeList, FILTERS),
    (Op::VolumePrune, FILTERS),
    (Op::VolumeUpdate, VERSION),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::OPERATIONS;

    #[test]
    fn every_parameter_of_the_operations_table_is_judged() {
        let missing: Vec<String> = OPERATIONS
            .iter()
            .flat_map(|operation| {
                operation
                    .query
                    .iter()
                    .map(move |parameter| (operation, parameter.name))
            })
            .filter(|(operation, name)| rule(operation.id, name).is_none())
            .map(|(operation, name)| format!("{} {name}", operation.name))
            .collect();
        assert_eq!(missing, Vec::<String>::new());
    }
}
