#![doc = include_str!("../README.md")]
// The queries are one tree of files, compiled once for each database.
#![expect(
    clippy::duplicate_mod,
    reason = "each database has its own connection type; see queries.rs"
)]

mod config;
mod db_time;
mod error;
mod lease;
mod lock;
mod metrics;
mod migrations;
mod page;
mod ports;
mod postgres;
mod rows;
mod runtime;
mod schema;
mod sqlite;
mod store;
mod token_view;
mod tx;
mod types;

pub use config::{Database, PoolSizes, StoreConfig, Timeouts};
pub use error::Error;
pub use lock::ServerLock;
pub use metrics::TransactionStats;
pub use migrations::SchemaState;
pub use store::{RoleReport, Roles, Store};
