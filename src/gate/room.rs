//! Room for bodies that are held whole: long ones wait for a place each, so that many of them together cannot use up the
//! gate's memory.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How many long bodies a socket holds at a time.
const PLACES: usize = 16;

/// How many bytes a body may have that needs no place: far more than an ordinary container.
pub(crate) const SHORT: usize = 64 * 1024;

/// A socket's room for long bodies.
#[derive(Clone, Debug)]
pub struct Room(Arc<Semaphore>);

impl Default for Room {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(PLACES)))
    }
}

impl Room {
    /// Waits for a place; it is given back when it is dropped.
    pub(crate) async fn place(&self) -> Option<Place> {
        let permit = Arc::clone(&self.0).acquire_owned().await;
        permit.ok().map(Place)
    }
}

/// A place in a [`Room`].
#[derive(Debug)]
pub(crate) struct Place(#[expect(dead_code, reason = "held, not read")] OwnedSemaphorePermit);
