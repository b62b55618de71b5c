//! The names of the containers that clients are in.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long a name holds: a container may be renamed.
const FRESH: Duration = Duration::from_secs(60);
/// How many are remembered.
const MOST: usize = 1024;

/// What is known of a container.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Name {
    /// The engine has to be asked.
    Unasked,
    /// It knows none: a container of another engine.
    Unknown,
    /// It is called that.
    Known(Arc<str>),
}

type Known = HashMap<String, (Instant, Name)>;

/// Names by full id, so that the engine is not asked for each connection.
#[derive(Debug, Default)]
pub(crate) struct Names(Mutex<Known>);

impl Names {
    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the engine said a moment ago.
    pub(crate) fn get(&self, id: &str) -> Name {
        match self.lock().get(id) {
            Some((since, name)) if since.elapsed() < FRESH => name.clone(),
            Some(_) | None => Name::Unasked,
        }
    }

    pub(crate) fn put(&self, id: &str, name: Name) {
        let mut known = self.lock();
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(id.to_owned(), (Instant::now(), name));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remembers_names_and_that_there_are_none() {
        let names = Names::default();
        assert_eq!(names.get("a"), Name::Unasked);
        names.put("a", Name::Known("web".into()));
        names.put("b", Name::Unknown);
        assert_eq!(names.get("a"), Name::Known("web".into()));
        assert_eq!(names.get("b"), Name::Unknown);
        for number in 0..3 * MOST {
            names.put(&number.to_string(), Name::Unknown);
        }
        assert!(names.lock().len() <= MOST);
    }
}
