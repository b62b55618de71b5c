//! The I/O shell: it listens, reads requests, asks the core, and passes on what the core permits.
//!
//! `exchange` holds one request's whole way. Each client connection has one engine connection of its own, so that no
//! answer can reach another client.

mod answer;
mod ask;
mod body;
mod buffer;
mod connection;
mod containers;
mod context;
mod converse;
mod current;
mod edited;
mod engine;
mod exchange;
mod guests;
mod identity;
mod inspect;
mod keeper;
mod lease;
mod links;
mod listen;
mod loading;
mod lookup;
mod measure;
mod own;
mod packing;
mod presence;
mod relay;
mod request;
mod respond;
mod room;
mod server;
mod shielded;
mod stream;
mod tenancy;
mod traces;
mod tunnel;

pub use ask::{AskError, Asked, ask};
pub use current::{Current, InForce};
pub use engine::{Engine, EngineError};
pub use keeper::remove;
pub(crate) use listen::{Acceptor, Listener};
pub use listen::{ListenError, Ownership};
pub use room::Room;
pub use server::{Server, Socket, Stopped};
pub(crate) use stream::Connected;
pub use tenancy::{Clients, Resident, Tenants};
