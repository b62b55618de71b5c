//! Two tenants on one real engine: what one of them does is tried against what is the other's.
//!
//! `scripts/engines start` makes the engines, and `scripts/test` sets the variables; without them every test here says
//! why it is skipped, and passes.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::string_slice,
    reason = "a test that overflows or cuts wrongly fails, as it should"
)]

/// Tests that are run with each engine.
macro_rules! on_both {
    ($($name:ident),*) => {
        $(mod $name {
            #[test]
            fn engine_20() {
                super::$name("20");
            }
            #[test]
            fn engine_26() {
                super::$name("26");
            }
        })*
    };
}

#[cfg(test)]
mod clients;
#[cfg(test)]
mod costs;
#[cfg(test)]
mod fake;
#[cfg(test)]
mod heard;
#[cfg(test)]
mod images;
#[cfg(test)]
mod lives;
#[cfg(test)]
mod loads;
#[cfg(test)]
mod matrix;
#[cfg(test)]
mod observer;
#[cfg(test)]
mod quotas;
#[cfg(test)]
mod races;
#[cfg(test)]
mod relay;
#[cfg(test)]
mod restart;
#[cfg(test)]
mod sides;
#[cfg(test)]
mod swarm;
#[cfg(test)]
mod trips;
#[cfg(test)]
mod world;
