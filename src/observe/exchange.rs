//! The guard of one exchange.

use std::sync::Arc;
use std::time::Instant;

use crate::api::{Call, Operation};
use crate::policy::Permit;

/// What watches a socket.
#[derive(Debug)]
pub struct Observer {
    socket: String,
}

/// One exchange, watched: it is recorded when this value is dropped, whichever way it ends.
#[derive(Debug)]
pub struct Exchange {
    observer: Arc<Observer>,
    begun: Instant,
    operation: Option<&'static Operation>,
    status: Option<u16>,
    refused: Option<(&'static str, String)>,
    /// Bytes of bodies and tunnels, from the client and to it.
    bytes: Carried,
}

/// How many bytes went each way.
#[derive(Clone, Copy, Debug, Default)]
pub struct Carried {
    /// From the client to the engine.
    pub up: u64,
    /// From the engine to the client.
    pub down: u64,
}

impl Observer {
    /// The observer of the socket of that name.
    pub fn new(socket: &str) -> Arc<Self> {
        Arc::new(Self {
            socket: socket.to_owned(),
        })
    }

    /// An exchange begins.
    pub fn begin(self: &Arc<Self>) -> Exchange {
        Exchange {
            observer: Arc::clone(self),
            begun: Instant::now(),
            operation: None,
            status: None,
            refused: None,
            bytes: Carried::default(),
        }
    }
}

impl Exchange {
    /// The call is understood.
    pub fn parsed(&mut self, call: &Call<'_>) {
        self.operation = call.operation();
    }

    /// The policy allows the call.
    pub fn permitted(&mut self, _permit: &Permit<'_>) {}

    /// The gate answers by itself.
    pub fn refused(&mut self, status: u16, code: &'static str, message: String) {
        self.status.get_or_insert(status);
        self.refused = Some((code, message));
    }

    /// The request has gone to the engine.
    pub fn sent(&mut self) {}

    /// The engine's head has come.
    pub fn answered(&mut self, status: u16) {
        self.status = Some(status);
    }

    /// Whether an answer has begun to go to the client.
    pub fn has_answered(&self) -> bool {
        self.status.is_some()
    }

    /// The counters of bytes.
    pub fn carried(&mut self) -> &mut Carried {
        &mut self.bytes
    }

    /// The client has left before the end.
    pub fn abandoned(&mut self) {}

    /// The engine's answer broke off.
    pub fn cut(&mut self, reason: &dyn std::fmt::Display) {
        tracing::warn!(socket = self.observer.socket, %reason, "the engine's answer broke off");
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        let operation = self.operation.map_or("-", |operation| operation.name);
        if let Some((code, message)) = &self.refused {
            tracing::info!(
                socket = self.observer.socket,
                operation,
                code,
                message,
                "refused"
            );
        } else {
            let micros = self.begun.elapsed().as_micros();
            let status = self.status;
            tracing::debug!(
                socket = self.observer.socket,
                operation,
                status,
                micros,
                "done"
            );
        }
    }
}
