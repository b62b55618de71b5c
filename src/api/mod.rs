//! What the Engine API is: its operations as one table, and the strict grammar that turns a request
//! head into a [`Call`] exactly once.
//!
//! Everything after this module looks at a [`Call`], never at the bytes that a client sent, and the
//! request that goes to the engine is written from it.

mod bad_target;
mod call;
mod classify;
pub mod image;
pub mod json;
mod kind;
mod operation;
mod path;
mod percent;
mod query;
mod table;
mod version;
mod write;

pub use bad_target::BadTarget;
pub use call::{Call, Route, Targets, truthy};
pub use kind::{AnswerKind, BodyKind, Harm, ParameterKind, RequestHeader};
pub use operation::{Group, Method, Operation, Parameter, Versioning};
pub use query::{Entry, Meaning, Query};
pub use table::{BODY_CAPS, BodyCap, OPERATIONS, OperationId};
pub use version::ApiVersion;
pub use write::{UnknownParameters, query_value, segment, segments};
