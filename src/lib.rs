//! doodgate is a gate for the Docker socket.
//!
//! It listens on a socket of its own, reads every Docker Engine API request, decides from a YAML
//! policy whether the caller may make it, and passes on only what it has understood.
//!
//! The pure core (no sockets, clock, files, async or logging) is [`wire`], [`api`], [`demand`],
//! [`policy`] and [`tenant`]; the shell around it is [`gate`], [`observe`] and [`cli`]. Imports go one
//! way: `cli -> gate -> {observe, tenant} -> policy -> demand -> api -> wire`.

pub mod api;
pub mod cli;
pub mod demand;
pub mod gate;
pub mod observe;
pub mod policy;
pub mod tenant;
pub mod wire;
