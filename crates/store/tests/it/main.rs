//! The store on real databases: SQLite in memory and in a file, and a PostgreSQL of the test's own.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    unreachable_pub,
    reason = "tests"
)]

mod account;
mod at_rest;
mod contract;
mod dropped;
mod fixture;
mod lane;
mod migrations;
mod outage;
mod predicates;
mod proxy;
mod raw;
mod row_security;
mod schema;
