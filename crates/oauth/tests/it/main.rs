//! The client against a provider that plays a script.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    unreachable_pub,
    reason = "tests"
)]

mod authorize;
mod callback;
mod discovery;
mod exchange;
mod failures;
mod hostile;
mod id_token;
mod identity;
mod jwks;
mod refresh;
mod revoke;
mod signer;
mod support;
mod verify;
