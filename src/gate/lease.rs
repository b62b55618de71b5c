//! Names of images that running calls will give.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use super::tenancy::lock;
use crate::tenant::{self, Target};

/// The image names that running calls will give, with how many calls pull each; zero for one that is made.
#[derive(Debug, Default)]
pub(super) struct Making(Mutex<BTreeMap<String, usize>>);

/// Names that are kept for one call until it ends.
#[derive(Debug)]
pub(super) struct Lease {
    making: Arc<Making>,
    targets: Vec<Target>,
}

impl Lease {
    pub(super) fn take(
        making: &Arc<Making>,
        targets: Vec<Target>,
    ) -> Result<Self, tenant::Refusal> {
        let mut lease = Self {
            making: Arc::clone(making),
            targets: Vec::new(),
        };
        let mut names = lock(&making.0);
        for target in targets {
            if lease.targets.contains(&target) {
                continue;
            }
            match names.get_mut(&target.name) {
                None => {
                    names.insert(target.name.clone(), usize::from(target.pulled));
                }
                Some(pulls) if target.pulled && *pulls > 0 => *pulls = pulls.saturating_add(1),
                Some(_) => {
                    drop(names);
                    return Err(tenant::Refusal::Busy(target.name));
                }
            }
            lease.targets.push(target);
        }
        drop(names);
        Ok(lease)
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let mut names = lock(&self.making.0);
        for target in &self.targets {
            match names.get_mut(&target.name) {
                Some(pulls) if *pulls > 1 => *pulls = pulls.saturating_sub(1),
                Some(_) | None => {
                    names.remove(&target.name);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(name: &str, pulled: bool) -> Target {
        Target {
            name: name.to_owned(),
            pulled,
        }
    }

    #[test]
    fn a_name_is_made_by_one_and_pulled_by_many() {
        let making = Arc::<Making>::default();
        let take = |name, pulled| Lease::take(&making, vec![target(name, pulled)]);
        let first = take("a", true).unwrap();
        let second = take("a", true).unwrap();
        assert!(take("a", false).is_err());
        drop(first);
        assert!(take("a", false).is_err());
        drop(second);
        let made = take("a", false).unwrap();
        assert!(take("a", true).is_err());
        assert!(take("a", false).is_err());
        assert!(take("b", false).is_ok());
        drop(made);
        assert!(take("a", false).is_ok());
        assert!(lock(&making.0).is_empty());
    }

    #[test]
    fn what_is_refused_keeps_no_name() {
        let making = Arc::<Making>::default();
        let _a = Lease::take(&making, vec![target("a", false)]).unwrap();
        assert!(Lease::take(&making, vec![target("b", false), target("a", false)]).is_err());
        assert!(Lease::take(&making, vec![target("b", false)]).is_ok());
    }
}
