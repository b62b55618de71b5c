//! The way of an audit record from the exchange to its sink.

mod queue;
mod sink;

pub(crate) use queue::{Counters, Queue, start};
pub(crate) use sink::Sink;
