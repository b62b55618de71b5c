//! The vocabulary of the operations table: what is said of each operation, and in which words.

use std::fmt;

use super::{
    AnswerKind, ApiVersion, BodyKind, Harm, OPERATIONS, OperationId, ParameterKind, RequestHeader,
};
use crate::wire::Upgrade;

/// The HTTP methods that the Engine API uses. Methods are case-sensitive (RFC 9110, section 9.1), and
/// any other token names no operation.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Method {
    /// `DELETE`
    Delete,
    /// `GET`
    Get,
    /// `HEAD`
    Head,
    /// `OPTIONS`
    Options,
    /// `POST`
    Post,
    /// `PUT`
    Put,
}

impl Method {
    /// The method that `token` names, if the Engine API has it.
    pub fn parse(token: &str) -> Option<Self> {
        match token {
            "DELETE" => Some(Self::Delete),
            "GET" => Some(Self::Get),
            "HEAD" => Some(Self::Head),
            "OPTIONS" => Some(Self::Options),
            "POST" => Some(Self::Post),
            "PUT" => Some(Self::Put),
            _ => None,
        }
    }

    /// The token on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Delete => "DELETE",
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Options => "OPTIONS",
            Self::Post => "POST",
            Self::Put => "PUT",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A family of operations, as the Engine API documents them. A policy may name a whole group
/// (`containers`) or a part of one (`containers.read`).
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Group {
    /// Image builds and the build cache.
    Build,
    /// Swarm configs.
    Configs,
    /// Containers, their files, streams and checkpoints.
    Containers,
    /// Registry look-ups that the engine makes.
    Distribution,
    /// Commands started inside running containers.
    Exec,
    /// Images.
    Images,
    /// Networks.
    Networks,
    /// Engine plugins.
    Plugins,
    /// Swarm secrets.
    Secrets,
    /// Swarm services and their tasks.
    Services,
    /// The opaque BuildKit tunnels.
    Session,
    /// The swarm itself and its nodes.
    Swarm,
    /// The engine as a whole.
    System,
    /// Volumes.
    Volumes,
}

impl Group {
    /// Every group, in alphabetical order.
    pub const ALL: [Self; 14] = [
        Self::Build,
        Self::Configs,
        Self::Containers,
        Self::Distribution,
        Self::Exec,
        Self::Images,
        Self::Networks,
        Self::Plugins,
        Self::Secrets,
        Self::Services,
        Self::Session,
        Self::Swarm,
        Self::System,
        Self::Volumes,
    ];

    /// The name, as a policy writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Build => "build",
            Self::Configs => "configs",
            Self::Containers => "containers",
            Self::Distribution => "distribution",
            Self::Exec => "exec",
            Self::Images => "images",
            Self::Networks => "networks",
            Self::Plugins => "plugins",
            Self::Secrets => "secrets",
            Self::Services => "services",
            Self::Session => "session",
            Self::Swarm => "swarm",
            Self::System => "system",
            Self::Volumes => "volumes",
        }
    }
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A query parameter of an operation.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Parameter {
    /// The name, which the engine compares byte by byte.
    pub name: &'static str,
    /// What the value holds.
    pub kind: ParameterKind,
}

/// Everything the gate knows of one operation of the Engine API.
#[derive(Clone, Copy, Debug)]
pub struct Operation {
    /// Which operation this is.
    pub id: OperationId,
    /// The Engine API's operationId, or ours in the same style for a route that its description leaves out.
    pub name: &'static str,
    /// The method of its requests.
    pub method: Method,
    /// The path below the version: fixed segments, `{name}` for one segment, `{name...}` for one or more.
    pub template: &'static str,
    /// The family it belongs to.
    pub group: Group,
    /// The part of the family: `read`, `lifecycle`, `create`, ...
    pub part: &'static str,
    /// Whether the top-level group `read` holds it: a read that reveals no secret store and changes nothing.
    pub harmless_read: bool,
    /// The query parameters that an engine reads, from the oldest version to the newest.
    pub query: &'static [Parameter],
    /// The query parameters that clients send and no engine reads: accepted, and not forwarded.
    pub inert: &'static [&'static str],
    /// The header fields that an engine reads for this operation in particular.
    pub headers: &'static [RequestHeader],
    /// What its requests carry.
    pub body: BodyKind,
    /// What it answers.
    pub answer: AnswerKind,
    /// What can go wrong.
    pub harms: &'static [Harm],
    /// The first version that has it, where that is newer than the oldest known one.
    pub since: Option<ApiVersion>,
    /// The last version that has it, where it is gone.
    pub until: Option<ApiVersion>,
    /// What the version in its path is to it.
    pub versioning: Versioning,
    /// Whether the Engine API's description mentions it.
    pub documented: bool,
    /// What the route does, in one line.
    pub summary: &'static str,
}

/// What the version in a path is to an operation.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Versioning {
    /// The engine does not route it below `/vX.Y` (`/debug`, up to engine 27).
    Unrouted,
    /// Nothing depends on it: a ping has no parameters, and is how clients get to know the version (moby
    /// `api/server/router/system`, `pingHandler`).
    Ignored,
    /// What it does, or answers, can depend on it.
    Decisive,
}

impl Operation {
    /// The protocol that a client may switch to, if the operation has one.
    pub const fn upgrade(&self) -> Option<Upgrade> {
        match self.answer {
            AnswerKind::Hijack => Some(Upgrade::Tcp),
            AnswerKind::H2c => Some(Upgrade::H2c),
            AnswerKind::WebSocket => Some(Upgrade::WebSocket),
            AnswerKind::Empty
            | AnswerKind::Json
            | AnswerKind::Stream
            | AnswerKind::Tar
            | AnswerKind::Text => None,
        }
    }

    /// The names in the template, in their order: at most two.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.template.split('/').filter_map(|segment| {
            let name = segment.strip_prefix('{')?.strip_suffix('}')?;
            Some(name.strip_suffix("...").unwrap_or(name))
        })
    }
}

impl OperationId {
    /// The operation's row in the table.
    #[expect(
        clippy::as_conversions,
        clippy::indexing_slicing,
        reason = "the table has one row for each variant, in their order: a test says so"
    )]
    pub fn operation(self) -> &'static Operation {
        &OPERATIONS[self as usize]
    }
}
