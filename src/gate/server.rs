//! The listening sockets of a process, and its orderly end.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use super::connection::{Connection, deadline};
use super::engine::Engine;
use super::listen::{ListenError, Listener, Ownership};
use super::respond::{Refusal, write_refusal};
use super::stream::Stream;
use crate::observe::Observer;
use crate::policy::{Address, Limits, Policy};
use crate::wire::{self, Version};

/// How long accepting pauses when the process is out of file descriptors or memory.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// A socket that the gate serves: a name, a policy, and an engine behind it.
#[derive(Debug)]
pub struct Socket {
    /// The name, as metrics and audit records carry it.
    pub name: String,
    /// What its clients may do.
    pub policy: Arc<Policy>,
    /// The engine behind it.
    pub engine: Arc<Engine>,
    /// How much of everything it takes.
    pub limits: Limits,
    /// Of those, what the reader of heads needs.
    pub head_limits: wire::Limits,
    /// What watches it.
    pub observer: Arc<Observer>,
}

/// Sockets that are listened on and not yet served.
#[derive(Debug, Default)]
pub struct Server {
    sockets: Vec<(Listener, Arc<Socket>)>,
}

impl Server {
    /// Listens on `address` for `socket`. Clients can connect from here on, and are served once [`Server::run`] is.
    ///
    /// # Errors
    /// [`ListenError`], which names the address and the step.
    pub async fn listen(
        &mut self,
        address: &Address,
        ownership: Ownership,
        socket: Socket,
    ) -> Result<(), ListenError> {
        let listener = match address {
            Address::Unix(path) => Listener::unix(path, ownership)?,
            Address::Tcp { host, port } => Listener::tcp(host, *port).await?,
        };
        self.sockets.push((listener, Arc::new(socket)));
        Ok(())
    }

    /// Serves until `stop` ends. Then nothing is accepted any more, idle connections are closed, and running exchanges
    /// have their socket's grace to finish.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let (sender, receiver) = watch::channel(false);
        let mut loops = JoinSet::new();
        for (listener, socket) in self.sockets {
            loops.spawn(accept(listener, socket, receiver.clone()));
        }
        stop.await;
        sender.send_replace(true);
        while loops.join_next().await.is_some() {}
    }
}

async fn accept(listener: Listener, socket: Arc<Socket>, mut stopping: watch::Receiver<bool>) {
    let places = Arc::new(Semaphore::new(socket.limits.connections));
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = connections.join_next(), if !connections.is_empty() => continue,
            _ = stopping.wait_for(|stopping| *stopping) => break,
        };
        match accepted {
            Ok(stream) => match Arc::clone(&places).try_acquire_owned() {
                Ok(place) => {
                    let connection = Connection::new(Arc::clone(&socket), stream, stopping.clone());
                    connections.spawn(async move {
                        connection.serve().await;
                        drop(place);
                    });
                }
                Err(_) => turn_away(&socket, stream).await,
            },
            Err(error) => {
                tracing::warn!(socket = socket.name, %error, "cannot accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    // The socket's file goes with the listener: who comes now finds nobody.
    drop(listener);
    let end = deadline(socket.limits.drain_grace);
    while let Ok(Some(_)) = tokio::time::timeout_at(end, connections.join_next()).await {}
    connections.shutdown().await;
}

/// Tells a client for which there is no place so, if that can be done without waiting.
async fn turn_away(socket: &Socket, mut stream: Stream) {
    let refusal = Refusal::Busy {
        connections: socket.limits.connections,
    };
    refusal.note(&mut socket.observer.connected(stream.peer()).begin());
    let mut out = Vec::new();
    write_refusal(&refusal, Version::Http11, false, true, &mut out);
    let (_, mut writer) = stream.split();
    let told = async {
        // Nobody is served worse when this one is not told.
        drop(writer.write_all(&out).await);
    };
    drop(tokio::time::timeout(Duration::from_millis(100), told).await);
}
