//! What the key ring promises, and what an attacker with the database cannot do.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    unreachable_pub,
    reason = "tests"
)]

mod bounded_fuzz;
mod cache;
mod data_keys;
mod faults;
mod local_key;
mod lookup;
mod salt;
mod support;
mod tamper;
mod vectors;
