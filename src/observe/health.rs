//! Whether the engine answers, and what it says of itself.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Deserialize;
use tokio::sync::Mutex;

use super::observatory::Observatory;
use super::tenants::TenantReading;

/// How long an answer holds: so often at most the engine is asked, however many ask the gate.
const FRESH: Duration = Duration::from_secs(1);
/// How long what the engine says of itself holds, while it is up.
const VERSION_FRESH: Duration = Duration::from_secs(60);
/// How long what tenants use holds.
const TENANTS_FRESH: Duration = Duration::from_secs(2);
/// How often the engine is asked when nobody else does.
const WATCH: Duration = Duration::from_secs(10);

/// The engine's answer to a request of the gate's own: the status and the body, or why there is none.
pub type Asked<'a> = Pin<Box<dyn Future<Output = Result<(u16, Vec<u8>), String>> + Send + 'a>>;

/// What each tenant uses and how long it stays.
pub type Measured<'a> = Pin<Box<dyn Future<Output = Vec<TenantReading>> + Send + 'a>>;

/// A way to ask the engine.
pub trait AskEngine: fmt::Debug + Send + Sync {
    /// Where it is.
    fn address(&self) -> String;
    /// `GET` of a target.
    fn get(&self, target: &'static str) -> Asked<'_>;
    /// Measures what tenants use, in a few seconds at most.
    fn measure(&self) -> Measured<'_>;
}

/// What the engine says of itself (`GET /version`).
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct EngineVersion {
    #[serde(rename = "Version", default)]
    pub(crate) version: String,
    #[serde(rename = "ApiVersion", default)]
    pub(crate) api: String,
    #[serde(rename = "MinAPIVersion", default)]
    pub(crate) min_api: String,
    #[serde(rename = "Os", default)]
    pub(crate) os: String,
    #[serde(rename = "Arch", default)]
    pub(crate) arch: String,
}

/// Asks the engine, and remembers for a moment.
#[derive(Debug)]
pub(crate) struct Health {
    engine: Arc<dyn AskEngine>,
    observatory: Arc<Observatory>,
    last: Mutex<Option<(Instant, Result<(), String>)>>,
    version: Mutex<Option<(Instant, EngineVersion)>>,
    measured: Mutex<Option<Instant>>,
}

impl Health {
    pub(crate) fn new(engine: Arc<dyn AskEngine>, observatory: Arc<Observatory>) -> Self {
        Self {
            engine,
            observatory,
            last: Mutex::default(),
            version: Mutex::default(),
            measured: Mutex::default(),
        }
    }

    pub(crate) fn address(&self) -> String {
        self.engine.address()
    }

    /// Whether the engine answers a real request. Who asks at the same time shares the answer.
    pub(crate) async fn ready(&self) -> Result<(), String> {
        let mut last = self.last.lock().await;
        if let Some((at, answer)) = &*last
            && at.elapsed() < FRESH
        {
            return answer.clone();
        }
        let answer = match self.engine.get("/_ping").await {
            Ok((200, _)) => Ok(()),
            Ok((status, _)) => Err(format!("the engine answers its ping with status {status}")),
            Err(reason) => Err(reason),
        };
        self.observatory
            .metrics
            .engine_up
            .set(i64::from(answer.is_ok()));
        *last = Some((Instant::now(), answer.clone()));
        answer
    }

    /// What the engine says of itself; `None` when it does not answer.
    pub(crate) async fn version(&self) -> Option<EngineVersion> {
        let ready = self.ready().await;
        let mut version = self.version.lock().await;
        if ready.is_err() {
            // What comes back may be another engine.
            *version = None;
            return None;
        }
        if let Some((at, known)) = &*version
            && at.elapsed() < VERSION_FRESH
        {
            return Some(known.clone());
        }
        let (status, body) = self.engine.get("/version").await.ok()?;
        #[expect(
            clippy::disallowed_methods,
            reason = "the engine's own words, only to be shown"
        )]
        let known: EngineVersion = serde_json::from_slice(&body)
            .ok()
            .filter(|_| status == 200)?;
        *version = Some((Instant::now(), known.clone()));
        Some(known)
    }

    /// Brings up to date what tenants use, if it is older than a moment. Who asks at the same time shares the answer.
    pub(crate) async fn measure(&self) {
        let mut measured = self.measured.lock().await;
        if measured.is_some_and(|at| at.elapsed() < TENANTS_FRESH) {
            return;
        }
        let readings = self.engine.measure().await;
        self.observatory.measured(readings);
        *measured = Some(Instant::now());
    }

    /// Keeps `doodgate_engine_up` true to the engine.
    pub(crate) async fn watch(&self) {
        loop {
            let before = self.observatory.metrics.engine_up.get();
            match self.ready().await {
                Err(reason) if before == 1 => tracing::warn!(reason, "the engine does not answer"),
                Ok(()) if before == 0 => {
                    tracing::info!(engine = self.address(), "the engine answers");
                }
                Ok(()) | Err(_) => {}
            }
            tokio::time::sleep(WATCH).await;
        }
    }
}
