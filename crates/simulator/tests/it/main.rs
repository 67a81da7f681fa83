#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    unreachable_pub,
    reason = "tests"
)]

mod admin;
mod faults;
mod flow;
mod in_process;
mod kept;
mod ledger;
mod model;
mod property;
mod raw;
mod setup;
