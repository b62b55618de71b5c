//! How many requests come in a second.

use super::Refusal;
use crate::policy::Counted;

/// Requests a second, as the generic cell rate algorithm counts them: a burst of one second's worth is let through,
/// and then one for each part of a second.
#[derive(Clone, Copy, Debug)]
pub struct Rate {
    per_second: u64,
    /// When the bucket is empty again, in nanoseconds of the caller's clock.
    free_at: u64,
}

impl Rate {
    const SECOND: u64 = 1_000_000_000;

    /// A rate of at least one request a second.
    pub fn new(per_second: u64) -> Self {
        Self {
            per_second: per_second.max(1),
            free_at: 0,
        }
    }

    /// What one request takes, in nanoseconds.
    fn each(self) -> u64 {
        Self::SECOND
            .checked_div(self.per_second)
            .unwrap_or(1)
            .max(1)
    }

    /// Takes one request at the time `now`, in nanoseconds from any moment on.
    ///
    /// # Errors
    /// When there were too many.
    pub fn take(&mut self, now: u64) -> Result<(), Refusal> {
        let free_at = self.free_at.max(now).saturating_add(self.each());
        if free_at > now.saturating_add(Self::SECOND) {
            return Err(Refusal::Quota {
                counted: Counted::Requests,
                used: self.used(now),
                asked: 1,
                limit: self.per_second,
            });
        }
        self.free_at = free_at;
        Ok(())
    }

    /// How many requests of a second's worth are used up at the time `now`.
    pub fn used(self, now: u64) -> u64 {
        let left = self.free_at.saturating_sub(now);
        left.div_ceil(self.each()).min(self.per_second)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_of_a_second_and_then_a_steady_rate() {
        let mut rate = Rate::new(10);
        let taken = |rate: &mut Rate, at: u64| (0..100).filter(|_| rate.take(at).is_ok()).count();
        assert_eq!(taken(&mut rate, 0), 10);
        assert_eq!(taken(&mut rate, 99_000_000), 0);
        assert_eq!(taken(&mut rate, 100_000_000), 1);
        assert_eq!(taken(&mut rate, 400_000_000), 3);
        assert_eq!(taken(&mut rate, 60_000_000_000), 10);
    }

    #[test]
    fn what_is_used_becomes_less_with_time() {
        let mut rate = Rate::new(10);
        assert_eq!(rate.used(0), 0);
        for _ in 0..5 {
            rate.take(0).unwrap();
        }
        assert_eq!(rate.used(0), 5);
        assert_eq!(rate.used(200_000_000), 3);
        assert_eq!(rate.used(1_000_000_000), 0);
    }
}
