//! The gate in front of real engines, with real clients.
//!
//! The oracle is the engine itself: a script runs directly and through the gate, and both must print the same, end
//! with the same status, and leave nothing behind. `scripts/engines start` makes the engines, `scripts/test` sets the
//! variables; without them every test here says why it is skipped, and passes.

#[cfg(test)]
mod builds;
#[cfg(test)]
mod clients;
#[cfg(test)]
mod commands;
#[cfg(test)]
mod compare;
#[cfg(test)]
mod images;
#[cfg(test)]
mod load;
#[cfg(test)]
mod normal;
#[cfg(test)]
mod observing;
#[cfg(test)]
mod odd;
#[cfg(test)]
mod prometheus;
#[cfg(test)]
mod refused;
#[cfg(test)]
mod shell;
#[cfg(test)]
mod streams;
#[cfg(test)]
mod world;
