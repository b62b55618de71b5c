//! The vocabulary of the operations table: what is said of each operation, and in which words.

use std::fmt;

use super::{OPERATIONS, OperationId};
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

/// An Engine API version, such as 1.47: ordered by major, then minor, number.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ApiVersion {
    /// The number before the dot: 1 in every version so far.
    pub major: u16,
    /// The number behind the dot.
    pub minor: u16,
}

impl ApiVersion {
    /// The version `major.minor`.
    pub const fn new(major: u16, minor: u16) -> Self {
        Self { major, minor }
    }

    /// The version that `text` names: two numbers without leading zeros and a dot between them.
    pub fn parse(text: &str) -> Option<Self> {
        let (major, minor) = text.split_once('.')?;
        Some(Self {
            major: number(major)?,
            minor: number(minor)?,
        })
    }
}

/// A number in the one spelling that a version has: no sign, no leading zeros.
fn number(text: &str) -> Option<u16> {
    let plain =
        text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    if plain { text.parse().ok() } else { None }
}

impl fmt::Display for ApiVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
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

/// What a request of an operation carries behind its head.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum BodyKind {
    /// A JSON document: held, read and written anew.
    Json,
    /// Nothing. What a client sends all the same is read to its end and dropped.
    None,
    /// Bytes that the gate passes on as a stream (a tar archive, or one of its compressed forms).
    Stream,
}

/// What an operation answers when it succeeds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum AnswerKind {
    /// Nothing but a status.
    Empty,
    /// The connection, for HTTP/2 cleartext: opaque from then on.
    H2c,
    /// The connection, for raw bytes both ways: after a 101, or after a 200 without a length.
    Hijack,
    /// A finite JSON document.
    Json,
    /// A body that comes in pieces, perhaps without an end.
    Stream,
    /// A tar archive.
    Tar,
    /// Plain text.
    Text,
    /// The connection, for a WebSocket: after a 101.
    WebSocket,
}

/// What can go wrong for the host or its other users when an operation is allowed.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Harm {
    /// Runs code inside containers.
    CodeExecution,
    /// Takes or uses credentials.
    Credential,
    /// Stops, deletes or exhausts.
    DenialOfService,
    /// Sends data out of the host.
    Exfiltration,
    /// Can become root on the host.
    HostEscape,
    /// Tells what runs on the host.
    InfoLeak,
    /// Changes what a name means to others.
    Integrity,
    /// Opens a connection that the gate cannot see into.
    OpaqueTunnel,
    /// Reveals secrets: environment, argv, files, tokens.
    SecretLeak,
    /// Makes the engine contact a host of the client's choice.
    ServerSideRequest,
}

/// What a query parameter holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ParameterKind {
    /// The engine's boolean: everything but `""`, `0`, `no`, `false`, `none` is true (moby `httputils/form.go`).
    Boolean,
    /// A decimal integer, perhaps negative.
    Integer,
    /// A JSON document.
    Json,
    /// Text for people, which may hold line breaks.
    Prose,
    /// Any text.
    Text,
    /// Any text, and the parameter may come more than once.
    TextList,
}

/// A query parameter of an operation.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Parameter {
    /// The name, which the engine compares byte by byte.
    pub name: &'static str,
    /// What the value holds.
    pub kind: ParameterKind,
}

/// A request header field, or a family of them, that an engine reads for some operations only.
///
/// What it reads for all of them (`Content-Type`, `Accept`, `User-Agent`, tracing) is not listed here.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RequestHeader {
    /// `X-Registry-Auth`: credentials for one registry.
    RegistryAuth,
    /// `X-Registry-Config`: credentials for several registries.
    RegistryConfig,
    /// `X-Meta-...`: passed on to the registry.
    RegistryMeta,
    /// `X-Docker-Expose-Session-...`: what a BuildKit session offers.
    Session,
    /// `Sec-WebSocket-...`: the WebSocket handshake.
    WebSocket,
}

impl RequestHeader {
    /// Whether the field `name` (of any case) is meant.
    pub fn matches(self, name: &str) -> bool {
        let starts_with = |prefix: &str| {
            name.get(..prefix.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(prefix))
        };
        match self {
            Self::RegistryAuth => name.eq_ignore_ascii_case("x-registry-auth"),
            Self::RegistryConfig => name.eq_ignore_ascii_case("x-registry-config"),
            Self::RegistryMeta => starts_with("x-meta-"),
            Self::Session => starts_with("x-docker-expose-session-"),
            Self::WebSocket => starts_with("sec-websocket-"),
        }
    }
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
    /// Whether the engine routes it below `/vX.Y` at all (`/debug` is not, up to engine 27).
    pub versioned: bool,
    /// Whether the Engine API's description mentions it.
    pub documented: bool,
    /// What the route does, in one line.
    pub summary: &'static str,
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
