//! Request heads.

/// The version in a request or status line.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Version {
    /// HTTP/1.0
    Http10,
    /// HTTP/1.1
    Http11,
}

/// How a message's body is delimited (RFC 9112, section 6.3).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Framing {
    /// There is none.
    None,
    /// Exactly so many bytes.
    Length(u64),
    /// Chunks, up to the last one.
    Chunked,
    /// All that comes until the peer closes: answers only.
    UntilClose,
}

/// A protocol that a client asks to switch to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Upgrade {
    /// `tcp`: the engine's raw stream.
    Tcp,
    /// `h2c`: HTTP/2 without TLS.
    H2c,
    /// `websocket`
    WebSocket,
}

/// A request head, owned, so that a connection can use one for all its requests.
#[derive(Debug, Default)]
pub struct RequestHead {}
