//! The operations on containers' files and checkpoints.

use super::{BASE, boolean, text};
use crate::api::{AnswerKind, ApiVersion, BodyKind, Group, Harm, Method, Operation, OperationId};

pub(super) const OPERATIONS: [Operation; 8] = [
    Operation {
        id: OperationId::ContainerArchive,
        name: "ContainerArchive",
        method: Method::Get,
        template: "/containers/{id}/archive",
        group: Group::Containers,
        part: "archive",
        query: &[text("path")],
        answer: AnswerKind::Tar,
        harms: &[Harm::SecretLeak, Harm::HostEscape],
        since: Some(ApiVersion::new(1, 20)),
        summary: "reads files out of a container",
        ..BASE
    },
    Operation {
        id: OperationId::ContainerArchiveInfo,
        name: "ContainerArchiveInfo",
        method: Method::Head,
        template: "/containers/{id}/archive",
        group: Group::Containers,
        part: "archive",
        query: &[text("path")],
        harms: &[Harm::InfoLeak, Harm::HostEscape],
        since: Some(ApiVersion::new(1, 20)),
        summary: "tells about a file in a container",
        ..BASE
    },
    Operation {
        id: OperationId::PutContainerArchive,
        name: "PutContainerArchive",
        method: Method::Put,
        template: "/containers/{id}/archive",
        group: Group::Containers,
        part: "archive",
        query: &[
            text("path"),
            boolean("noOverwriteDirNonDir"),
            boolean("copyUIDGID"),
        ],
        body: BodyKind::Stream,
        harms: &[Harm::CodeExecution, Harm::HostEscape],
        since: Some(ApiVersion::new(1, 20)),
        summary: "writes files into a container",
        ..BASE
    },
    Operation {
        id: OperationId::ContainerCopy,
        name: "ContainerCopy",
        method: Method::Post,
        template: "/containers/{id}/copy",
        group: Group::Containers,
        part: "archive",
        body: BodyKind::Json,
        answer: AnswerKind::Tar,
        harms: &[Harm::SecretLeak],
        since: Some(ApiVersion::new(1, 4)),
        until: Some(ApiVersion::new(1, 23)),
        documented: false,
        summary: "reads files out of a container, in the way before `archive`",
        ..BASE
    },
    Operation {
        id: OperationId::ContainerExport,
        name: "ContainerExport",
        method: Method::Get,
        template: "/containers/{id}/export",
        group: Group::Containers,
        part: "export",
        answer: AnswerKind::Tar,
        harms: &[Harm::SecretLeak, Harm::DenialOfService],
        summary: "reads a container's whole file system",
        ..BASE
    },
    Operation {
        id: OperationId::CheckpointList,
        name: "CheckpointList",
        method: Method::Get,
        template: "/containers/{id}/checkpoints",
        group: Group::Containers,
        part: "checkpoints",
        query: &[text("dir")],
        answer: AnswerKind::Json,
        harms: &[Harm::InfoLeak],
        since: Some(ApiVersion::new(1, 25)),
        documented: false,
        summary: "lists a container's checkpoints",
        ..BASE
    },
    Operation {
        id: OperationId::CheckpointCreate,
        name: "CheckpointCreate",
        method: Method::Post,
        template: "/containers/{id}/checkpoints",
        group: Group::Containers,
        part: "checkpoints",
        body: BodyKind::Json,
        harms: &[Harm::HostEscape],
        since: Some(ApiVersion::new(1, 25)),
        documented: false,
        summary: "writes a container's state to the host's disk",
        ..BASE
    },
    Operation {
        id: OperationId::CheckpointDelete,
        name: "CheckpointDelete",
        method: Method::Delete,
        template: "/containers/{id}/checkpoints/{checkpoint}",
        group: Group::Containers,
        part: "checkpoints",
        query: &[text("dir")],
        harms: &[Harm::HostEscape],
        since: Some(ApiVersion::new(1, 25)),
        documented: false,
        summary: "deletes a checkpoint",
        ..BASE
    },
];
