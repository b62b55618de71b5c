//! What watches one socket, and the clients on it.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::SystemTime;

use super::exchange::Exchange;
use super::line::Line;
use super::metrics::SocketSeries;
use super::names::Name;
use super::observatory::Observatory;
use super::peer::Peer;
use super::quiet::Quiet;
use super::streams::Streams;
use crate::policy::{AuditCalls, Enforcement};

/// What is told of a socket.
#[derive(Clone, Debug)]
pub struct SocketFacts {
    /// Its name.
    pub name: String,
    /// Where it listens.
    pub listen: String,
    /// Its policy.
    pub policy: PolicyFacts,
    /// Whose clients it has; `None` for the host's own.
    pub tenant: Option<String>,
    /// Of which of its calls there are audit records; `None` for what holds for all sockets.
    pub audit_calls: Option<AuditCalls>,
}

/// What is told of a socket's policy.
#[derive(Clone, Debug)]
pub struct PolicyFacts {
    /// Its name.
    pub name: String,
    /// A digest of the text that it comes from: [`super::digest`].
    pub digest: String,
    /// Whether clients are held to it.
    pub enforcement: Enforcement,
}

/// What watches a socket.
#[derive(Debug)]
pub struct Observer {
    pub(crate) observatory: Arc<Observatory>,
    pub(crate) socket: String,
    pub(crate) listen: String,
    pub(crate) series: SocketSeries,
    pub(crate) streams: Streams,
    pub(crate) quiet: Quiet,
    pub(crate) audit_calls: AuditCalls,
    pub(crate) tenant: Option<String>,
    policy: Mutex<(PolicyFacts, SystemTime)>,
}

impl Observer {
    pub(crate) fn new(
        observatory: Arc<Observatory>,
        facts: SocketFacts,
        calls: AuditCalls,
    ) -> Self {
        let series = observatory.metrics.socket(&facts.name);
        observatory.metrics.policy(&facts.name, &facts.policy);
        Self {
            series,
            streams: Streams::default(),
            quiet: Quiet::default(),
            audit_calls: facts.audit_calls.unwrap_or(calls),
            policy: Mutex::new((facts.policy, SystemTime::now())),
            tenant: facts.tenant,
            socket: facts.name,
            listen: facts.listen,
            observatory,
        }
    }

    /// A client has connected.
    pub fn connected(self: &Arc<Self>, peer: Peer) -> Arc<Client> {
        self.series.connections.inc();
        self.series.open_connections.inc();
        Arc::new(Client {
            observer: Arc::clone(self),
            peer,
            container: OnceLock::new(),
            container_name: OnceLock::new(),
        })
    }

    /// The socket has another policy from now on.
    pub fn policy_changed(&self, next: PolicyFacts) {
        let metrics = &self.observatory.metrics;
        let mut policy = self.policy();
        metrics.forget_policy(&self.socket, &policy.0);
        metrics.policy(&self.socket, &next);
        *policy = (next, SystemTime::now());
    }

    /// The policy, and since when it has been in force.
    pub(crate) fn policy(&self) -> MutexGuard<'_, (PolicyFacts, SystemTime)> {
        self.policy.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A client's connection, watched until it is dropped.
#[derive(Debug)]
pub struct Client {
    pub(crate) observer: Arc<Observer>,
    pub(crate) peer: Peer,
    container: OnceLock<Option<String>>,
    container_name: OnceLock<Arc<str>>,
}

impl Client {
    /// An exchange begins.
    pub fn begin(self: &Arc<Self>) -> Exchange {
        Exchange::begin(Arc::clone(self))
    }

    /// The container that it is in: looked up when it is first asked for.
    pub(crate) fn container(&self) -> Option<&str> {
        self.container
            .get_or_init(|| self.peer.container())
            .as_deref()
    }

    /// The full id of its container, where records will tell its name and that has to be asked for.
    pub fn nameless(&self) -> Option<&str> {
        let observatory = &self.observer.observatory;
        if !observatory.records() || self.container_name.get().is_some() {
            return None;
        }
        let id = self.container()?;
        let name = observatory.names.get(id);
        if name == Name::Unasked {
            return Some(id);
        }
        self.call_container(&name);
        None
    }

    /// The name of its container, as the engine tells it; `None` where the engine knows no such container.
    pub fn named(&self, name: Option<&str>) {
        let name = name.map_or(Name::Unknown, |name| Name::Known(name.into()));
        self.call_container(&name);
        if let Some(id) = self.container() {
            self.observer.observatory.names.put(id, name);
        }
    }

    fn call_container(&self, name: &Name) {
        if let Name::Known(name) = name {
            // Whoever was first has found the same.
            drop(self.container_name.set(Arc::clone(name)));
        }
    }

    /// Writes who it is as a JSON object.
    pub(crate) fn write_peer(&self, line: &mut Line) {
        let name = self.container_name.get().map(AsRef::as_ref);
        self.peer.write(line, self.container(), name);
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.observer.series.open_connections.dec();
    }
}
