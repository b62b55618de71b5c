//! What a policy comes to, for a person to check against what was meant.

use std::collections::BTreeMap;

use super::mask::Mask;
use super::matcher::Matcher;
use super::rule::{Effect, Rule, Selector, operations_of};
use super::{Policy, RuleRef};
use crate::api::{Group, Harm, OPERATIONS, Operation};
use crate::demand::Kind;

/// What the clients of a policy can do.
#[derive(Clone, Debug)]
pub struct Summary {
    /// The operations that some call of theirs can use, by group. Groups without any are left out.
    pub operations: BTreeMap<Group, Vec<&'static Operation>>,
    /// What lets them reach the host, in the order of files and lines.
    pub host: Vec<HostReach>,
    /// The rules that allow paths beyond the operations that are known.
    pub paths: Vec<RuleRef>,
}

/// A rule that lets clients reach the host.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct HostReach {
    /// The operations by which they do.
    pub operations: Vec<&'static str>,
    /// The grants, as the rule names them: `body: any`, `privileged`, `bind`.
    pub grants: Vec<&'static str>,
    /// The rule.
    pub rule: RuleRef,
}

/// The kinds whose grant gives away something of the host, by itself or with little help.
const HOST: &[Kind] = &[
    Kind::Annotation,
    Kind::Bind,
    Kind::BindOption,
    Kind::CapAdd,
    Kind::Cgroup,
    Kind::CgroupParent,
    Kind::CgroupnsMode,
    Kind::CheckpointDir,
    Kind::ClusterVolume,
    Kind::CompressedTar,
    Kind::CpuRealtime,
    Kind::CredentialSpec,
    Kind::Device,
    Kind::DeviceCgroupRule,
    Kind::DeviceRequest,
    Kind::ExecPrivileged,
    Kind::Gpu,
    Kind::GroupAdd,
    Kind::HostConfigTopLevel,
    Kind::IpcMode,
    Kind::LogOption,
    Kind::MaskedPath,
    Kind::MountType,
    Kind::NodeOption,
    Kind::PidMode,
    Kind::Plugin,
    Kind::PluginPrivilege,
    Kind::Privileged,
    Kind::PsArgs,
    Kind::ReadonlyPath,
    Kind::Runtime,
    Kind::SecurityOpt,
    Kind::ServiceOption,
    Kind::SwarmOption,
    Kind::Sysctl,
    Kind::TarEntry,
    Kind::Tunnel,
    Kind::UnknownField,
    Kind::UsernsMode,
    Kind::UtsMode,
    Kind::VolumeDriver,
    Kind::VolumeOption,
    Kind::VolumesFrom,
    Kind::WorkingDir,
];

impl Policy {
    /// What the clients of this policy can do. An operation counts when an allow rule is about it and no deny
    /// rule takes all of it, so that conditions may still keep a call out.
    pub fn summary(&self) -> Summary {
        let rules = &self.tables.rules;
        let denied: Vec<&'static Operation> = rules
            .iter()
            .filter(|rule| {
                rule.effect == Effect::Deny
                    && rule.conditions.is_empty()
                    && rule.grants.is_empty()
                    && rule.half().is_none()
            })
            .flat_map(|rule| operations_of(rule))
            .collect();
        let open = |operation: &Operation| !denied.iter().any(|other| other.id == operation.id);
        let mut allowed = Mask::default();
        let mut summary = Summary {
            operations: BTreeMap::new(),
            host: Vec::new(),
            paths: Vec::new(),
        };
        for rule in rules.iter().filter(|rule| rule.effect == Effect::Allow) {
            let operations: Vec<_> = operations_of(rule)
                .into_iter()
                .filter(|operation| open(operation))
                .collect();
            for (index, operation) in OPERATIONS.iter().enumerate() {
                if operations.iter().any(|own| own.id == operation.id) {
                    allowed.insert(index);
                }
            }
            if matches!(rule.selector, Selector::Path { .. }) {
                summary.paths.push(rule.reference.clone());
            }
            summary.host.extend(host_reach(rule, &operations));
        }
        for index in allowed.iter() {
            if let Some(operation) = OPERATIONS.get(index) {
                summary
                    .operations
                    .entry(operation.group)
                    .or_default()
                    .push(operation);
            }
        }
        summary
    }
}

fn host_reach(rule: &Rule, operations: &[&'static Operation]) -> Option<HostReach> {
    let by: Vec<_> = operations
        .iter()
        .filter(|operation| {
            operation.harms.contains(&Harm::HostEscape)
                || operation.harms.contains(&Harm::OpaqueTunnel)
        })
        .map(|operation| operation.name)
        .collect();
    let mut grants: Vec<_> = rule
        .grants
        .iter()
        .filter(|(kind, patterns)| {
            let host_network = *kind == Kind::NetworkMode && names_host(patterns);
            !patterns.is_empty() && (HOST.contains(kind) || host_network)
        })
        .map(|(kind, _)| kind.name())
        .collect();
    if rule.body && !by.is_empty() {
        grants.insert(0, "body: any");
    }
    (!grants.is_empty()).then(|| HostReach {
        operations: if by.is_empty() {
            operations.iter().map(|operation| operation.name).collect()
        } else {
            by
        },
        grants,
        rule: rule.reference.clone(),
    })
}

fn names_host(patterns: &[super::pattern::Pattern]) -> bool {
    Matcher::new(std::iter::once((0, false, patterns)))
        .is_ok_and(|matcher| matcher.rules_for("host").has(0))
}
