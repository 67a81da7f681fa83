#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    unreachable_pub,
    reason = "tests"
)]

mod address_policy;
mod answer_limits;
mod exactly_once;
mod exchange;
mod logging;
mod proxy_environment;
mod redirects;
mod sent_or_not;
mod support;
mod tls;
