//! What is said of an operation in one word: its body, its answer, its harms, its parameters and headers.

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

impl BodyKind {
    /// The name, as documents and audit records spell it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::None => "none",
            Self::Stream => "stream",
        }
    }
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

impl AnswerKind {
    /// The name, as documents and audit records spell it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::H2c => "h2c",
            Self::Hijack => "hijack",
            Self::Json => "json",
            Self::Stream => "stream",
            Self::Tar => "tar",
            Self::Text => "text",
            Self::WebSocket => "websocket",
        }
    }
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

impl Harm {
    /// The name, as documents and audit records spell it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CodeExecution => "code-execution",
            Self::Credential => "credential",
            Self::DenialOfService => "denial-of-service",
            Self::Exfiltration => "exfiltration",
            Self::HostEscape => "host-escape",
            Self::InfoLeak => "info-leak",
            Self::Integrity => "integrity",
            Self::OpaqueTunnel => "opaque-tunnel",
            Self::SecretLeak => "secret-leak",
            Self::ServerSideRequest => "server-side-request",
        }
    }
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

impl ParameterKind {
    /// The name, as documents and audit records spell it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Boolean => "boolean",
            Self::Integer => "integer",
            Self::Json => "json",
            Self::Prose => "prose",
            Self::Text => "text",
            Self::TextList => "text-list",
        }
    }
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
    /// The field's name, with a `*` for what is behind the prefix of a family.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RegistryAuth => "X-Registry-Auth",
            Self::RegistryConfig => "X-Registry-Config",
            Self::RegistryMeta => "X-Meta-*",
            Self::Session => "X-Docker-Expose-Session-*",
            Self::WebSocket => "Sec-WebSocket-*",
        }
    }

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_matched_in_any_case_and_by_its_whole_prefix() {
        let cases = [
            (RequestHeader::RegistryAuth, "x-REGISTRY-auth", true),
            (RequestHeader::RegistryAuth, "X-Registry-Auth-2", false),
            (RequestHeader::RegistryConfig, "X-Registry-Config", true),
            (RequestHeader::RegistryMeta, "X-Meta-Team", true),
            (RequestHeader::RegistryMeta, "X-Metadata", false),
            (RequestHeader::Session, "x-docker-expose-session-uuid", true),
            (RequestHeader::Session, "X-Docker-Expose-Session", false),
            (RequestHeader::WebSocket, "sec-websocket-key", true),
            (RequestHeader::WebSocket, "Sec-Web", false),
        ];
        for (header, name, expected) in cases {
            assert_eq!(header.matches(name), expected, "{name}");
        }
    }
}
