//! The presets, as tables: what each operation gets under each of them, what real clients ask, and what
//! none but `everything` gives. Run with `DOODGATE_BLESS=1` to write the matrix anew, and review the change.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::format_push_string,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on fails"
)]

#[path = "presets/clients.rs"]
mod clients;
#[path = "presets/compat.rs"]
mod compat;
#[path = "presets/escapes.rs"]
mod escapes;
#[path = "presets/hints.rs"]
mod hints;
#[path = "presets/matrix.rs"]
mod matrix;
#[path = "presets/recorded.rs"]
mod recorded;
#[path = "presets/support.rs"]
mod support;
#[path = "presets/tables.rs"]
mod tables;
#[path = "presets/traffic.rs"]
mod traffic;
