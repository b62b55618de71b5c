//! Log lines that repeat are counted instead of written.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::api::OperationId;

/// How long a line that was written is not written again.
const SILENCE: Duration = Duration::from_secs(10);

type Key = (Option<OperationId>, &'static str);

/// When a socket's refusals were last logged, by operation and reason. Both are words of the gate's own, so the table
/// stays small whatever clients send.
#[derive(Debug, Default)]
pub(crate) struct Quiet(Mutex<HashMap<Key, (Instant, u64)>>);

impl Quiet {
    /// How many lines like this one were not written since the last that was, if this one is to be written.
    pub(crate) fn admits(
        &self,
        operation: Option<OperationId>,
        reason: &'static str,
    ) -> Option<u64> {
        let now = Instant::now();
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match last.get_mut(&(operation, reason)) {
            Some((written, suppressed)) if now.duration_since(*written) < SILENCE => {
                *suppressed = suppressed.saturating_add(1);
                None
            }
            Some(entry) => {
                let suppressed = entry.1;
                *entry = (now, 0);
                Some(suppressed)
            }
            None => {
                last.insert((operation, reason), (now, 0));
                Some(0)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_the_first_of_each_kind() {
        let quiet = Quiet::default();
        assert_eq!(
            quiet.admits(Some(OperationId::ContainerList), "missing_grant"),
            Some(0)
        );
        assert_eq!(
            quiet.admits(Some(OperationId::ContainerList), "missing_grant"),
            None
        );
        assert_eq!(
            quiet.admits(Some(OperationId::ContainerList), "denied_by_rule"),
            Some(0)
        );
        assert_eq!(quiet.admits(None, "missing_grant"), Some(0));
    }
}
