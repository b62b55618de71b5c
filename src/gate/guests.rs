//! Whether a tenant has a client that is connected.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::tenancy::lock;

/// The connections of a tenant's clients, over all of its sockets.
#[derive(Debug)]
pub(super) struct Guests(Mutex<Count>);

#[derive(Debug)]
struct Count {
    here: u64,
    /// How many have come so far.
    came: u64,
    /// When the last one went; at first, when the gate began.
    left: Instant,
}

impl Default for Guests {
    fn default() -> Self {
        Self(Mutex::new(Count {
            here: 0,
            came: 0,
            left: Instant::now(),
        }))
    }
}

/// One connection, as long as it is open.
#[derive(Debug)]
pub(crate) struct Guest(Arc<Guests>);

impl Guests {
    /// A client has connected.
    pub(super) fn enter(self: &Arc<Self>) -> Guest {
        let mut count = lock(&self.0);
        count.here = count.here.saturating_add(1);
        count.came = count.came.saturating_add(1);
        drop(count);
        Guest(Arc::clone(self))
    }

    /// How many are connected.
    pub(super) fn here(&self) -> u64 {
        lock(&self.0).here
    }

    /// How many have come since the gate began: who sees the same number twice knows that nobody came in between.
    pub(super) fn came(&self) -> u64 {
        lock(&self.0).came
    }

    /// For how long nobody has been connected; `None` while somebody is.
    pub(super) fn idle(&self) -> Option<Duration> {
        let count = lock(&self.0);
        (count.here == 0).then(|| count.left.elapsed())
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        let mut count = lock(&self.0.0);
        count.here = count.here.saturating_sub(1);
        count.left = Instant::now();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn idle_is_who_has_nobody() {
        let guests = Arc::<Guests>::default();
        assert!(guests.idle().is_some());
        let (one, two) = (guests.enter(), guests.enter());
        drop(one);
        assert_eq!((guests.here(), guests.came(), guests.idle()), (1, 2, None));
        drop(two);
        assert!(
            guests
                .idle()
                .is_some_and(|idle| idle < Duration::from_secs(5))
        );
    }
}
