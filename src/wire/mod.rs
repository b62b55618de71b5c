//! HTTP/1.x in the strict subset that engine clients speak, as a codec without I/O: bytes in, typed
//! heads and body ranges out, or a named refusal.
//!
//! It stands on both sides of the forwarding path.

mod request;

pub use request::{Framing, RequestHead, Upgrade, Version};
