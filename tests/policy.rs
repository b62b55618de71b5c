//! The policy language from outside: what files mean, and what is said of those that mean nothing.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[path = "policy/decisions.rs"]
mod decisions;
#[path = "policy/diagnostics.rs"]
mod diagnostics;
#[path = "policy/laws.rs"]
mod laws;
#[path = "policy/reference.rs"]
mod reference;
#[path = "policy/rewriting.rs"]
mod rewriting;
