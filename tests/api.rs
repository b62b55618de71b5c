//! The grammar of request targets, the operations table and image references, against tables of cases.
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[path = "api/routes.rs"]
mod routes;
#[path = "api/target.rs"]
mod target;

#[path = "api/image.rs"]
mod image;
#[path = "api/operations.rs"]
mod operations;
