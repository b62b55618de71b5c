//! What the fuzz targets check, one module a part of the product. A check that fails panics.

pub mod api;
pub mod wire;

/// Files of rules and of sockets, whatever is in them: see [`doodgate::policy::fuzz_policy`].
pub use doodgate::policy::fuzz_policy as policy;
