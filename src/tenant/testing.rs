//! What the unit tests of this module share.

use std::sync::Arc;

use super::Tenant;
use crate::policy::Tenancy;

/// A tenant without quotas that may use every image that nobody owns.
pub(super) fn tenant(name: &str) -> Tenant {
    Tenant::new(Arc::new(Tenancy::of(name)))
}
