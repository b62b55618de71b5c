//! The listening sockets of a process, and its orderly end.

use std::sync::Arc;
use std::time::Duration;
use std::{io, thread};

use tokio::runtime;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use super::connection::{Connection, deadline};
use super::current::Current;
use super::engine::Engine;
use super::listen::{Door, ListenError, Listener, Ownership};
use super::respond::{Refusal, write_refusal};
use super::room::Room;
use super::stream::{Connected, Stream};
use super::tenancy::Clients;
use crate::observe::Observer;
use crate::policy::{Address, Limits};
use crate::wire::{self, Version};

/// How long accepting pauses when the process is out of file descriptors or memory.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// A socket that the gate serves: a name, a policy, and an engine behind it.
#[derive(Debug)]
pub struct Socket {
    /// The name, as metrics and audit records carry it.
    pub name: String,
    /// What its clients may do.
    pub policy: Arc<Current>,
    /// Whose clients they are.
    pub clients: Clients,
    /// The engine behind it.
    pub engine: Arc<Engine>,
    /// How much of everything it takes.
    pub limits: Limits,
    /// Of those, what the reader of heads needs.
    pub head_limits: wire::Limits,
    /// Where long bodies are held.
    pub room: Room,
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
    pub fn listen(
        &mut self,
        address: &Address,
        ownership: Ownership,
        socket: Socket,
    ) -> Result<(), ListenError> {
        let listener = match address {
            Address::Unix(path) => Listener::unix(path, ownership)?,
            Address::Tcp { host, port } => Listener::tcp(host, *port)?,
        };
        self.sockets.push((listener, Arc::new(socket)));
        Ok(())
    }

    /// Serves until the gate is `asked` to stop. Then nothing is accepted any more, idle connections are closed, and running
    /// exchanges have their socket's grace to finish, unless the gate is asked a second time.
    ///
    /// Each worker has an event loop of its own, and a connection stays with the worker that accepted it: an exchange then
    /// never wakes another thread. A runtime that shares its event loop between threads spent a tenth of the gate's time
    /// on that.
    ///
    /// # Errors
    /// When the workers cannot be started.
    pub async fn run(self, mut asked: impl AsyncFnMut()) -> io::Result<Stopped> {
        let (stop, stopping) = watch::channel(false);
        let (cut, cutting) = watch::channel(false);
        let places: Vec<_> = self
            .sockets
            .iter()
            .map(|(_, socket)| Arc::new(Semaphore::new(socket.limits.connections)))
            .collect();
        let mut workers = Vec::new();
        for number in 0..worker_count() {
            let entrances = self
                .sockets
                .iter()
                .zip(&places)
                .map(|((listener, socket), places)| {
                    Ok(Entrance {
                        door: listener.door()?,
                        socket: Arc::clone(socket),
                        places: Arc::clone(places),
                    })
                })
                .collect::<io::Result<Vec<_>>>()?;
            let runtime = runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            let signs = Signs {
                stopping: stopping.clone(),
                cutting: cutting.clone(),
            };
            let worker = thread::Builder::new()
                .name(format!("worker-{number}"))
                .spawn(move || runtime.block_on(work(entrances, signs)))?;
            workers.push(worker);
        }
        asked().await;
        // The sockets' files go first: who comes now finds nobody.
        drop(self.sockets);
        stop.send_replace(true);
        let mut waiting = tokio::task::spawn_blocking(move || {
            for worker in workers {
                if worker.join().is_err() {
                    tracing::error!("a worker has panicked");
                }
            }
        });
        tokio::select! {
            waited = &mut waiting => return waited.map(|()| Stopped::Drained).map_err(io::Error::other),
            () = asked() => {}
        }
        cut.send_replace(true);
        let waited = waiting.await;
        waited.map(|()| Stopped::Cut).map_err(io::Error::other)
    }
}

/// How serving ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Stopped {
    /// A second wish to stop cut what was still running.
    Cut,
    /// What was running has ended, or had its time.
    Drained,
}

/// What tells a worker to stop.
#[derive(Clone)]
struct Signs {
    /// Nothing new.
    stopping: watch::Receiver<bool>,
    /// Nothing at all.
    cutting: watch::Receiver<bool>,
}

/// A worker for every two processors, up to a number at which the engine is long the slower one. The engine and the
/// clients work on each call too: more workers only take the processors from them, and wake for fewer events at a time.
fn worker_count() -> usize {
    thread::available_parallelism()
        .map_or(1, usize::from)
        .div_ceil(2)
        .min(8)
}

/// A worker's way into a socket.
struct Entrance {
    door: Door,
    socket: Arc<Socket>,
    places: Arc<Semaphore>,
}

async fn work(entrances: Vec<Entrance>, signs: Signs) {
    let mut loops = JoinSet::new();
    for entrance in entrances {
        loops.spawn(accept(entrance, signs.clone()));
    }
    while loops.join_next().await.is_some() {}
}

async fn accept(entrance: Entrance, signs: Signs) {
    let Signs {
        mut stopping,
        mut cutting,
    } = signs;
    let Entrance {
        door,
        socket,
        places,
    } = entrance;
    let acceptor = match door.open() {
        Ok(acceptor) => acceptor,
        Err(error) => {
            tracing::error!(socket = socket.name, %error, "a worker cannot accept connections");
            return;
        }
    };
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = acceptor.accept() => accepted,
            _ = connections.join_next(), if !connections.is_empty() => continue,
            _ = stopping.wait_for(|stopping| *stopping) => break,
        };
        match accepted {
            Ok(stream) => match Arc::clone(&places).try_acquire_owned() {
                Ok(place) => {
                    let (socket, stopping) = (Arc::clone(&socket), stopping.clone());
                    connections.spawn(async move {
                        match Connection::new(socket, stream, stopping) {
                            Ok(connection) => connection.serve().await,
                            Err(error) => tracing::warn!(%error, "cannot watch a connection"),
                        }
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
    drop(acceptor);
    let end = deadline(socket.limits.drain_grace);
    let drained = async {
        while let Ok(Some(_)) = tokio::time::timeout_at(end, connections.join_next()).await {}
    };
    tokio::select! {
        () = drained => {}
        _ = cutting.wait_for(|cutting| *cutting) => {}
    }
    // What is dropped here is recorded as it goes.
    connections.shutdown().await;
}

/// Tells a client for which there is no place so, if that can be done without waiting.
async fn turn_away(socket: &Socket, stream: Connected) {
    let refusal = Refusal::Busy {
        connections: socket.limits.connections,
    };
    refusal.note(&mut socket.observer.connected(stream.peer()).begin());
    let Ok(mut stream) = Stream::new(stream) else {
        return;
    };
    let mut out = Vec::new();
    write_refusal(
        &refusal,
        &socket.clients,
        Version::Http11,
        false,
        true,
        &mut out,
    );
    let (_, mut writer) = stream.split();
    let told = async {
        // Nobody is served worse when this one is not told.
        drop(writer.write_all(&out).await);
    };
    drop(tokio::time::timeout(Duration::from_millis(100), told).await);
}
