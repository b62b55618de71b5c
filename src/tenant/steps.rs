//! The steps of a build, told as the client has written them.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

/// The names that the gate has put into a build's Dockerfile. The builder tells them while the context may still be
/// coming, so that both sides of the call have them.
#[derive(Clone, Debug, Default)]
pub struct Steps(Arc<Mutex<VecDeque<(String, String)>>>);

impl Steps {
    /// Takes note of names in the order of their steps, each with what was written in its place.
    pub fn note(&self, written: Vec<(String, String)>) {
        let mut names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        names.extend(written);
    }

    /// What the builder tells of a step, as the client has written it.
    pub(super) fn plain<'t>(&self, told: Cow<'t, str>) -> Cow<'t, str> {
        if !told.starts_with("Step ") {
            return told;
        }
        let mut names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(at) = names.iter().position(|(name, _)| told.contains(name)) else {
            return told;
        };
        match names.drain(..=at).next_back() {
            Some((name, written)) => Cow::Owned(told.replacen(&name, &written, 1)),
            None => told,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_step_is_told_as_it_was_written() {
        let steps = Steps::default();
        let pair = |name: &str, written: &str| (name.to_owned(), written.to_owned());
        steps.note(vec![
            pair("sha256:12", "${B}:1"),
            pair("sha256:34", "b"),
            pair("sha256:12", "app"),
        ]);
        for (told, plain) in [
            ("Step 1/5 : FROM alpine\n", "Step 1/5 : FROM alpine\n"),
            (" ---> sha256:12\n", " ---> sha256:12\n"),
            (
                "Step 2/5 : FROM sha256:12 AS x\n",
                "Step 2/5 : FROM ${B}:1 AS x\n",
            ),
            (
                "Step 3/5 : COPY --from=sha256:12 / /\n",
                "Step 3/5 : COPY --from=app / /\n",
            ),
            ("Step 4/5 : FROM sha256:34\n", "Step 4/5 : FROM sha256:34\n"),
        ] {
            assert_eq!(steps.plain(told.into()), plain);
        }
    }
}
