//! What watches one socket, and the clients on it.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::SystemTime;

use super::exchange::Exchange;
use super::metrics::SocketSeries;
use super::observatory::Observatory;
use super::peer::Peer;
use super::quiet::Quiet;
use super::streams::Streams;
use crate::policy::AuditCalls;

/// What is told of a socket.
#[derive(Clone, Debug)]
pub struct SocketFacts {
    /// Its name.
    pub name: String,
    /// Where it listens.
    pub listen: String,
    /// The name of its policy.
    pub policy: String,
    /// A digest of the text that the policy comes from: [`super::digest`].
    pub digest: String,
    /// Of which of its calls there are audit records; `None` for what holds for all sockets.
    pub audit_calls: Option<AuditCalls>,
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
    policy: Mutex<PolicyFacts>,
}

/// The policy that a socket has, and since when.
#[derive(Clone, Debug)]
pub(crate) struct PolicyFacts {
    pub(crate) name: String,
    pub(crate) digest: String,
    pub(crate) since: SystemTime,
}

impl Observer {
    pub(crate) fn new(
        observatory: Arc<Observatory>,
        facts: SocketFacts,
        calls: AuditCalls,
    ) -> Self {
        let series = observatory.metrics.socket(&facts.name);
        observatory
            .metrics
            .policy(&facts.name, &facts.policy, &facts.digest);
        Self {
            series,
            streams: Streams::default(),
            quiet: Quiet::default(),
            audit_calls: facts.audit_calls.unwrap_or(calls),
            policy: Mutex::new(PolicyFacts {
                name: facts.policy,
                digest: facts.digest,
                since: SystemTime::now(),
            }),
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
        })
    }

    /// The socket has another policy from now on.
    pub fn policy_changed(&self, name: &str, digest: &str) {
        let metrics = &self.observatory.metrics;
        let mut policy = self.policy();
        metrics.forget_policy(&self.socket, &policy.name, &policy.digest);
        metrics.policy(&self.socket, name, digest);
        *policy = PolicyFacts {
            name: name.to_owned(),
            digest: digest.to_owned(),
            since: SystemTime::now(),
        };
    }

    pub(crate) fn policy(&self) -> MutexGuard<'_, PolicyFacts> {
        self.policy.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A client's connection, watched until it is dropped.
#[derive(Debug)]
pub struct Client {
    pub(crate) observer: Arc<Observer>,
    pub(crate) peer: Peer,
    container: OnceLock<Option<String>>,
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
}

impl Drop for Client {
    fn drop(&mut self) {
        self.observer.series.open_connections.dec();
    }
}
