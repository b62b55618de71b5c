//! What the Engine API is: its operations as one table, and the strict grammar that turns a request
//! head into a [`Call`] exactly once.
//!
//! Everything after this module looks at a [`Call`], never at the bytes that a client sent, and the
//! request that goes to the engine is written from it.

mod call;
pub mod json;
mod operation;
mod table;

pub use call::{BadTarget, Call, Entry, Meaning, Query, Route, Targets, truthy};
pub use operation::{
    AnswerKind, ApiVersion, BodyKind, Group, Harm, Method, Operation, Parameter, ParameterKind,
    RequestHeader,
};
pub use table::{OPERATIONS, OperationId};
