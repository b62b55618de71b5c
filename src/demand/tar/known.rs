//! The files of an archive that were looked into: nothing may take their place unseen.

use std::collections::BTreeSet;

use super::header::{Entry, Type};
use super::{MAX_WATCHED, Refusal, hash, parents, parts};

/// The most of them in one archive; each takes a few bytes of memory.
const MAX_KNOWN: usize = 100_000;

/// Hashes of the names. Two names with one hash cost a refusal.
#[derive(Debug, Default)]
pub(super) struct Known {
    files: BTreeSet<u64>,
    folders: BTreeSet<u64>,
}

impl Known {
    /// Whether an entry is a file that is looked into, since it is not too long.
    pub(super) fn is_small(&mut self, entry: &Entry) -> Result<bool, Refusal> {
        let own = hash(&parts(&entry.name).collect::<Vec<_>>());
        let small = entry.kind == Type::File && entry.size <= MAX_WATCHED;
        let replaces = (!small && self.files.contains(&own))
            || (entry.kind != Type::Directory && self.folders.contains(&own));
        if replaces {
            return Err(Refusal::Malformed(
                "a file that was looked into is replaced by what cannot be",
            ));
        }
        if small {
            self.files.insert(own);
            self.folders
                .extend(parents(&entry.name).map(|parent| hash(&parent)));
            if self.files.len().saturating_add(self.folders.len()) > MAX_KNOWN {
                return Err(Refusal::Malformed("it has more than 100,000 files"));
            }
        }
        Ok(small)
    }
}
