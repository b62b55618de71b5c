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
mod flow;
mod health;
mod line;
mod metrics;
mod names;
mod observatory;
mod observer;
mod peer;
mod process;
mod quiet;
mod record;
mod redact;
mod spares;
mod status;
mod streams;
mod tenants;
mod time;

pub use admin::Admin;
pub use decision::{Decision, End};
pub use exchange::{Exchange, Refused};
pub use flow::{Meter, Upload};
pub use health::{AskEngine, Asked, Measured};
pub use observatory::{Observatory, ObserveError, Options, digest};
pub use observer::{Client, Observer, PolicyFacts, SocketFacts};
pub use peer::Peer;
pub use tenants::{LifeReading, QuotaReading, TenantReading};
