//! The wallet over a store in memory and a simulated provider. Nothing sleeps: tokio's time is paused.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    unreachable_pub,
    reason = "tests"
)]

mod ambiguous;
mod answers;
mod blocked;
mod callers;
mod captures;
mod disconnect;
mod failures;
mod flow;
mod hosts;
mod idempotency;
mod journey;
mod keys;
mod late;
mod mix_up;
mod reconnect;
mod return_to;
mod secrets;
mod sequence;
mod serve;
mod single_flight;
mod skew;
mod store_faults;
mod world;
