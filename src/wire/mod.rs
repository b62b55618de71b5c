//! HTTP/1.x in the strict subset that engine clients speak, as a codec without I/O: bytes in, typed
//! heads and body ranges out, or a named refusal.
//!
//! It stands on both sides of the forwarding path. httparse finds the parts of a head; what a general
//! parser smooths over (bare line feeds, folded lines, doubled spaces, a repeated length) is looked for
//! in the raw bytes and refused, because two readers could take it for two different requests.

mod body;
mod fields;
mod head;
mod known;
mod request;
mod response;
mod scan;
pub mod write;

pub use body::{BadBody, BodyDecoder, Decoded};
pub use fields::Received;
pub use head::{BadHead, Framing, Limits, Parsed, Upgrade, Version};
pub use request::{BadRequest, RequestHead};
pub use response::{BadResponse, ResponseHead};
