//! What is seen from outside: metrics, audit records, health.
//!
//! An [`Observatory`] watches the process, an [`Observer`] a socket, a [`Client`] a connection, and an [`Exchange`] one
//! request and its answer: whichever way that ends, dropping it counts and records it once. `docs/METRICS.md` and
//! `docs/AUDIT.md` say what operators see of it.

mod admin;
mod audit;
mod decision;
mod events;
mod exchange;
mod health;
mod line;
mod metrics;
mod observatory;
mod observer;
mod peer;
mod process;
mod quiet;
mod record;
mod redact;
mod status;
mod streams;
mod time;

pub use admin::Admin;
pub use decision::{Decision, End};
pub use exchange::{Carried, Exchange, Refused};
pub use health::{AskEngine, Asked};
pub use observatory::{Observatory, ObserveError, Options, digest};
pub use observer::{Client, Observer, SocketFacts};
pub use peer::Peer;
