//! How long the bodies may be that are read before the decision.

use super::OperationId as Op;
use crate::api::{BodyKind, Operation, OperationId};

/// The longest document that one operation takes.
#[derive(Clone, Copy, Debug)]
pub struct BodyCap {
    /// Which operation.
    pub operation: OperationId,
    /// The most bytes.
    pub bytes: usize,
    /// What decides how long a document of its kind can be.
    pub why: &'static str,
}

const KIB: usize = 1 << 10;

/// What execve(2) takes of arguments and environment together where the stack is as large as it usually is.
const PROCESS: &str = "a process begins with at most 2 MiB of arguments and environment";
const LABELS: &str = "labels and options";
const NAMES: &str = "a few names and switches";
const CERTIFICATES: &str = "certificates and keys";
/// moby `daemon/cluster/internal/runtime`, swarmkit `manager/controlapi/secret.go` and `config.go`: 500 and 1000 KiB, which
/// base64 makes a third longer.
const SECRET: &str = "a secret of at most 500 KiB, in base64";
const CONFIG: &str = "a config of at most 1000 KiB, in base64";
const PRIVILEGES: &str = "a plugin's privileges";

/// The longest document of every operation that takes one.
pub static BODY_CAPS: &[BodyCap] = &[
    cap(Op::CheckpointCreate, 16 * KIB, NAMES),
    cap(Op::ConfigCreate, 2048 * KIB, CONFIG),
    cap(Op::ConfigUpdate, 2048 * KIB, CONFIG),
    cap(Op::ContainerCopy, 16 * KIB, NAMES),
    cap(Op::ContainerCreate, 2048 * KIB, PROCESS),
    cap(Op::ContainerExec, 2048 * KIB, PROCESS),
    cap(
        Op::ContainerUpdate,
        128 * KIB,
        "limits, and a line for each device",
    ),
    cap(Op::ExecStart, 16 * KIB, NAMES),
    cap(Op::ImageCommit, 2048 * KIB, PROCESS),
    cap(Op::NetworkConnect, 128 * KIB, LABELS),
    cap(Op::NetworkCreate, 256 * KIB, LABELS),
    cap(Op::NetworkDisconnect, 16 * KIB, NAMES),
    cap(Op::NodeUpdate, 256 * KIB, LABELS),
    cap(Op::PluginPull, 128 * KIB, PRIVILEGES),
    cap(Op::PluginSet, 128 * KIB, "a plugin's settings"),
    cap(Op::PluginUpgrade, 128 * KIB, PRIVILEGES),
    cap(Op::SecretCreate, 1024 * KIB, SECRET),
    cap(Op::SecretUpdate, 1024 * KIB, SECRET),
    cap(Op::ServiceCreate, 2048 * KIB, PROCESS),
    cap(Op::ServiceUpdate, 2048 * KIB, PROCESS),
    cap(Op::SwarmInit, 256 * KIB, CERTIFICATES),
    cap(Op::SwarmJoin, 16 * KIB, NAMES),
    cap(Op::SwarmUnlock, 16 * KIB, NAMES),
    cap(Op::SwarmUpdate, 256 * KIB, CERTIFICATES),
    cap(
        Op::SystemAuth,
        128 * KIB,
        "credentials, identity tokens among them",
    ),
    cap(Op::VolumeCreate, 256 * KIB, LABELS),
    cap(Op::VolumeUpdate, 256 * KIB, LABELS),
];

/// A body that no engine reads, and the gate drops: clients send an empty document at most.
const UNREAD: usize = 16 * KIB;

const fn cap(operation: OperationId, bytes: usize, why: &'static str) -> BodyCap {
    BodyCap {
        operation,
        bytes,
        why,
    }
}

impl Operation {
    /// The most bytes of a body that are read before the decision; `None` for a body that is a stream, which is not
    /// held at all.
    pub fn body_cap(&self) -> Option<usize> {
        match self.body {
            BodyKind::Json => BODY_CAPS
                .iter()
                .find(|cap| cap.operation == self.id)
                .map(|cap| cap.bytes)
                .or(Some(UNREAD)),
            BodyKind::None => Some(UNREAD),
            BodyKind::Stream => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::OPERATIONS;

    #[test]
    fn every_document_has_a_cap_and_nothing_else_has() {
        let documents = OPERATIONS
            .iter()
            .filter(|operation| operation.body == BodyKind::Json);
        let mut expected: Vec<&str> = documents.map(|operation| operation.name).collect();
        expected.sort_unstable();
        let caps: Vec<&str> = BODY_CAPS
            .iter()
            .map(|cap| cap.operation.operation().name)
            .collect();
        assert_eq!(caps, expected);
    }
}
