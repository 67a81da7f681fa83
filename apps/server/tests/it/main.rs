#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    unreachable_pub,
    reason = "tests"
)]

mod at_rest;
mod blocked;
mod browser;
mod canary;
mod command;
mod demo;
mod documents;
mod errors;
mod headers;
mod idempotency;
mod journey;
#[cfg(unix)]
mod killed;
mod limits;
mod lists;
mod nul;
mod outage;
mod postgres;
mod raw;
mod rights;
mod server;
mod slow;
mod start;
mod state;
mod stop;
mod unwritable;
