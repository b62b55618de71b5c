//! What is seen from outside: metrics, audit records, health.

mod exchange;

pub use exchange::{Carried, Exchange, Observer};
