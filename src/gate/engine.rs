//! The engine behind the gate: connections to it, what it says of itself, and the gate's own calls.

use std::io;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};

use super::stream::{Connected, Stream};
use crate::api::ApiVersion;
use crate::policy::Address;

/// How long the engine may take to accept a connection, and to answer one of the gate's own calls.
const OWN_CALL_TIME: Duration = Duration::from_secs(10);
/// How much of an answer to one of its own calls the gate reads.
const OWN_CALL_BYTES: usize = 16 * 1024 * 1024;

/// Why the engine cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// There is no connection to be had.
    #[error(
        "cannot reach the engine at `{address}`: {source}; is it running, and may the gate's user connect to it?"
    )]
    Unreachable {
        /// Where it should be.
        address: String,
        /// The operating system's answer.
        source: io::Error,
    },
    /// It answered one of the gate's own calls with something that the gate cannot use.
    #[error("the engine's answer to the gate's own `{call}` cannot be used: {reason}")]
    Unusable {
        /// The gate's call.
        call: String,
        /// What is wrong with the answer.
        reason: String,
    },
}

/// An engine.
#[derive(Debug)]
pub struct Engine {
    address: Address,
    /// The newest API version that the engine announced, as `major << 16 | minor`; 0 before it has.
    announced: AtomicU32,
}

impl Engine {
    /// The engine at `address`; nothing is connected yet.
    pub fn new(address: Address) -> Self {
        Self {
            address,
            announced: AtomicU32::new(0),
        }
    }

    /// Where it is.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// A new connection.
    pub(crate) async fn connect(&self) -> Result<Stream, EngineError> {
        let connected = match &self.address {
            Address::Unix(path) => Stream::connect(path),
            Address::Tcp { .. } => self.dial().await.and_then(Stream::new),
        };
        connected.map_err(|source| self.unreachable(source))
    }

    /// A new connection, as hyper takes it for the gate's own calls.
    async fn dial(&self) -> io::Result<Connected> {
        match &self.address {
            Address::Unix(path) => UnixStream::connect(path).await.map(Connected::Unix),
            Address::Tcp { host, port } => {
                match tokio::time::timeout(
                    OWN_CALL_TIME,
                    TcpStream::connect((host.as_str(), *port)),
                )
                .await
                {
                    Ok(connected) => connected.and_then(|stream| {
                        stream.set_nodelay(true).map(|()| Connected::Tcp(stream))
                    }),
                    Err(_) => Err(io::ErrorKind::TimedOut.into()),
                }
            }
        }
    }

    fn unreachable(&self, source: io::Error) -> EngineError {
        EngineError::Unreachable {
            address: self.address.to_string(),
            source,
        }
    }

    /// The newest API version that the engine speaks, asked for if it has not been seen yet.
    pub(crate) async fn version(&self) -> Result<ApiVersion, EngineError> {
        if let Some(version) = self.known_version() {
            return Ok(version);
        }
        self.get("/_ping").await?;
        self.known_version().ok_or_else(|| EngineError::Unusable {
            call: "GET /_ping".to_owned(),
            reason: "it names no Api-Version".to_owned(),
        })
    }

    fn known_version(&self) -> Option<ApiVersion> {
        let packed = self.announced.load(Ordering::Relaxed);
        let major = u16::try_from(packed >> 16).ok()?;
        let minor = u16::try_from(packed & 0xffff).ok()?;
        (packed != 0).then_some(ApiVersion::new(major, minor))
    }

    /// Takes note of an `Api-Version` header: the engine puts one on every answer (moby
    /// `daemon/server/middleware/version.go`), so that an engine that was replaced is noticed by itself.
    pub(crate) fn note_version(&self, header: &[u8]) {
        let parsed = std::str::from_utf8(header).ok().and_then(|text| {
            let (major, minor) = text.split_once('.')?;
            Some((major.parse::<u16>().ok()?, minor.parse::<u16>().ok()?))
        });
        if let Some((major, minor)) = parsed {
            let packed = u32::from(major) << 16 | u32::from(minor);
            if self.announced.load(Ordering::Relaxed) != packed {
                self.announced.store(packed, Ordering::Relaxed);
            }
        }
    }

    /// One of the gate's own reads, on a connection of its own: the status and the body.
    pub(crate) async fn get(&self, target: &str) -> Result<(StatusCode, Bytes), EngineError> {
        self.call(Method::GET, target, Bytes::new(), OWN_CALL_TIME)
            .await
    }

    /// One of the gate's own calls, on a connection of its own, for which the engine has `time`: the status and the
    /// body. `document` is JSON; an empty one is none.
    pub(crate) async fn call(
        &self,
        method: Method,
        target: &str,
        document: Bytes,
        time: Duration,
    ) -> Result<(StatusCode, Bytes), EngineError> {
        let unusable = |reason: String| EngineError::Unusable {
            call: format!("{method} {target}"),
            reason,
        };
        let mut request = Request::builder()
            .method(&method)
            .uri(target)
            .header("Host", "docker")
            .header(
                "User-Agent",
                concat!("doodgate/", env!("CARGO_PKG_VERSION")),
            );
        if !document.is_empty() {
            request = request.header("Content-Type", "application/json");
        }
        let request = request
            .body(Full::new(document))
            .map_err(|error| unusable(error.to_string()))?;
        let exchange = async {
            let dialled = self.dial().await;
            match dialled.map_err(|source| self.unreachable(source))? {
                Connected::Tcp(stream) => self.send_over(stream, request, &unusable).await,
                Connected::Unix(stream) => self.send_over(stream, request, &unusable).await,
            }
        };
        tokio::time::timeout(time, exchange)
            .await
            .unwrap_or_else(|_| {
                Err(unusable(format!(
                    "none came within {} seconds",
                    time.as_secs()
                )))
            })
    }

    async fn send_over<S>(
        &self,
        stream: S,
        request: Request<Full<Bytes>>,
        unusable: &impl Fn(String) -> EngineError,
    ) -> Result<(StatusCode, Bytes), EngineError>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|error| unusable(error.to_string()))?;
        let exchange = async {
            let answer = sender
                .send_request(request)
                .await
                .map_err(|e| unusable(e.to_string()))?;
            if let Some(version) = answer.headers().get("api-version") {
                self.note_version(version.as_bytes());
            }
            let status = answer.status();
            let body = Limited::new(answer.into_body(), OWN_CALL_BYTES)
                .collect()
                .await
                .map_err(|e| unusable(e.to_string()))?;
            Ok((status, body.to_bytes()))
        };
        let mut exchange = std::pin::pin!(exchange);
        tokio::select! {
            answer = &mut exchange => answer,
            ended = connection => match ended {
                Ok(()) => exchange.await,
                Err(error) => Err(unusable(error.to_string())),
            },
        }
    }
}
