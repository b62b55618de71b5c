//! The admin listener's answers: metrics, health, status, events, and the page.
//!
//! It only reads, and only tells. It is a listener of its own, so that nothing of it can be reached through a proxied
//! socket.

mod events;
mod page;
mod patience;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{Either, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{self, HeaderValue};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Semaphore;

use super::health::{AskEngine, Health};
use super::observatory::Observatory;
use super::status;
use events::EventBody;
use patience::Patience;

/// How many connections there may be at a time: scrapers, viewers, and some to spare.
const CONNECTIONS: usize = 64;
/// How long a request's head may take.
const HEAD_TIME: Duration = Duration::from_secs(10);
/// How long nothing may move on a connection that has something to write.
const WRITE_TIME: Duration = Duration::from_secs(10);
/// How much a request's head may take.
const HEAD_BYTES: usize = 16 << 10;

/// Nothing runs, is loaded, or frames what is not the page.
const NOTHING: &str = "default-src 'none'; frame-ancestors 'none'";

type Body = Either<Full<Bytes>, EventBody>;

/// What the admin listener answers from.
#[derive(Debug)]
pub struct Admin {
    observatory: Arc<Observatory>,
    health: Arc<Health>,
    places: Arc<Semaphore>,
    /// Whether only names of this machine are accepted in `Host`: a page of another site could otherwise have its own name
    /// point here, and read.
    local: bool,
}

impl Admin {
    /// An admin side for a listener on TCP that only this machine can reach, if that is `local`, or for any other one.
    pub fn new(
        observatory: Arc<Observatory>,
        engine: Arc<dyn AskEngine>,
        local: bool,
    ) -> Arc<Self> {
        let health = Arc::new(Health::new(engine, Arc::clone(&observatory)));
        Arc::new(Self {
            observatory,
            health,
            places: Arc::new(Semaphore::new(CONNECTIONS)),
            local,
        })
    }

    /// Asks the engine now and then, so that `doodgate_engine_up` is true. Never ends.
    pub async fn watch_engine(&self) {
        self.health.watch().await;
    }

    /// Serves one connection to its end. There are only so many places: who finds none is disconnected.
    pub async fn serve(
        self: Arc<Self>,
        stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    ) {
        let Ok(_place) = Arc::clone(&self.places).try_acquire_owned() else {
            return;
        };
        let service = service_fn(|request: Request<Incoming>| {
            let admin = Arc::clone(&self);
            async move { Ok::<_, Infallible>(admin.answer(&request).await) }
        });
        let served = hyper::server::conn::http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIME)
            .max_buf_size(HEAD_BYTES)
            .serve_connection(TokioIo::new(Patience::new(stream, WRITE_TIME)), service)
            .await;
        if let Err(error) = served {
            tracing::debug!(%error, "an admin connection ended badly");
        }
    }

    async fn answer(&self, request: &Request<Incoming>) -> Response<Body> {
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            let mut answer = text(
                StatusCode::METHOD_NOT_ALLOWED,
                "only GET and HEAD: nothing can be changed here\n",
            );
            answer
                .headers_mut()
                .insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
            return answer;
        }
        if self.local && !host(request).is_some_and(is_this_machine) {
            return text(
                StatusCode::MISDIRECTED_REQUEST,
                "ask for 127.0.0.1 or localhost: this listener answers to names of this machine alone\n",
            );
        }
        match request.uri().path() {
            "/" => {
                let (document, policy) = page::render();
                let mut answer = typed(document.into(), "text/html; charset=utf-8");
                if let Ok(policy) = HeaderValue::from_str(&policy) {
                    answer
                        .headers_mut()
                        .insert(header::CONTENT_SECURITY_POLICY, policy);
                }
                answer
            }
            "/metrics" => {
                self.health.measure().await;
                typed(
                    self.observatory.render().into(),
                    "text/plain; version=0.0.4; charset=utf-8",
                )
            }
            "/healthz" => text(StatusCode::OK, "ok\n"),
            "/readyz" => match self.health.ready().await {
                Ok(()) => text(StatusCode::OK, "ok\n"),
                Err(reason) => text(StatusCode::SERVICE_UNAVAILABLE, format!("{reason}\n")),
            },
            "/status" => {
                let document = status::render(&self.observatory, &self.health).await;
                typed(document.into(), "application/json")
            }
            "/events" if request.method() == Method::HEAD => {
                typed(Bytes::new(), "text/event-stream")
            }
            "/events" => {
                let body = Either::Right(EventBody::new(&self.observatory.events));
                with_headers(body, "text/event-stream")
            }
            _ => text(
                StatusCode::NOT_FOUND,
                "nothing is here: try /, /metrics, /healthz, /readyz, /status or /events\n",
            ),
        }
    }
}

fn text(status: StatusCode, message: impl Into<Bytes>) -> Response<Body> {
    let mut answer = typed(message.into(), "text/plain; charset=utf-8");
    *answer.status_mut() = status;
    answer
}

fn typed(content: Bytes, media_type: &'static str) -> Response<Body> {
    with_headers(Either::Left(Full::new(content)), media_type)
}

fn with_headers(body: Body, media_type: &'static str) -> Response<Body> {
    let mut answer = Response::new(body);
    let headers = answer.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, media_type),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CONTENT_SECURITY_POLICY, NOTHING),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    answer
}

fn host(request: &Request<Incoming>) -> Option<&str> {
    request.headers().get(header::HOST)?.to_str().ok()
}

/// Whether `host`, as a `Host` field has it, names this machine.
fn is_this_machine(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let name = name.trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost")
        || name
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_the_names_of_this_machine() {
        for name in [
            "localhost",
            "LOCALHOST:9717",
            "127.0.0.1",
            "127.0.0.1:9717",
            "127.9.9.9",
            "[::1]:9717",
            "[::1]",
        ] {
            assert!(is_this_machine(name), "{name}");
        }
        for name in [
            "",
            "evil.example",
            "evil.example:9717",
            "127.0.0.1.evil.example",
            "localhost.evil.example:1",
            "10.0.0.1",
        ] {
            assert!(!is_this_machine(name), "{name}");
        }
    }
}
