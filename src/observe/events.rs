//! Records as they happen, for those who watch: the page and `doodgate top`.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use tokio::sync::broadcast;

/// A record, as its JSON line.
pub(crate) type Event = Arc<[u8]>;

/// How many refusals a viewer who comes late still gets.
const RECENT: usize = 200;
/// How many records a slow viewer may be behind.
const BEHIND: usize = 1024;
/// How many allowed calls, and how many others, are shown a second: more than anybody reads.
const SHOWN_ALLOWED: u64 = 100;
const SHOWN_OTHERS: u64 = 400;

/// Hands records to viewers.
#[derive(Debug)]
pub(crate) struct Events {
    live: broadcast::Sender<Event>,
    recent: Mutex<VecDeque<Event>>,
    allowed: Throttle,
    others: Throttle,
}

impl Default for Events {
    fn default() -> Self {
        Self {
            live: broadcast::Sender::new(BEHIND),
            recent: Mutex::default(),
            allowed: Throttle::new(SHOWN_ALLOWED),
            others: Throttle::new(SHOWN_OTHERS),
        }
    }
}

impl Events {
    /// A record that is worth keeping for those who come late is `notable`.
    pub(crate) fn push(&self, record: &[u8], notable: bool) {
        let throttle = if notable { &self.others } else { &self.allowed };
        let watched = self.live.receiver_count() > 0;
        if !(watched || notable) || !throttle.admits() {
            return;
        }
        let event: Event = Arc::from(record);
        if notable {
            let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
            if recent.len() >= RECENT {
                recent.pop_front();
            }
            recent.push_back(Arc::clone(&event));
        }
        if watched {
            // That the last viewer has just left is no loss.
            drop(self.live.send(event));
        }
    }

    /// What was notable so far, oldest first, and what comes from here on.
    pub(crate) fn watch(&self) -> (Vec<Event>, broadcast::Receiver<Event>) {
        let recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        (
            recent.iter().map(Arc::clone).collect(),
            self.live.subscribe(),
        )
    }

    /// How many watch.
    pub(crate) fn viewers(&self) -> usize {
        self.live.receiver_count()
    }
}

/// Lets so many through in a second.
#[derive(Debug)]
struct Throttle {
    begun: Instant,
    most: u64,
    /// The second, and how many came in it, in the low 32 bits.
    state: AtomicU64,
}

impl Throttle {
    fn new(most: u64) -> Self {
        Self {
            begun: Instant::now(),
            most,
            state: AtomicU64::new(0),
        }
    }

    fn admits(&self) -> bool {
        let second = self.begun.elapsed().as_secs() << 32;
        let mut state = self.state.load(Ordering::Relaxed);
        loop {
            let count = if state & !0xffff_ffff == second {
                state & 0xffff_ffff
            } else {
                0
            };
            let next = second | count.saturating_add(1).min(0xffff_ffff);
            match self.state.compare_exchange_weak(
                state,
                next,
                Ordering::Relaxed,
                Ordering::Relaxed,
            ) {
                Ok(_) => return count < self.most,
                Err(now) => state = now,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_comes_late_gets_the_last_refusals() {
        let events = Events::default();
        for number in 0..300_u32 {
            events.push(number.to_string().as_bytes(), true);
        }
        events.push(b"allowed", false);
        let (recent, mut live) = events.watch();
        assert_eq!(recent.len(), RECENT);
        assert_eq!(&*recent[0], b"100");
        events.push(b"allowed", false);
        assert_eq!(&*live.try_recv().unwrap(), b"allowed");
    }

    #[test]
    fn a_flood_is_thinned_out() {
        let throttle = Throttle::new(5);
        let admitted = (0..100).filter(|_| throttle.admits()).count();
        assert!((5..=10).contains(&admitted), "{admitted}");
    }
}
