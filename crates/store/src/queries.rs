//! The statements, one file for each concept. This tree is compiled twice: as `crate::postgres::queries` and as
//! `crate::sqlite::queries`, where `super::Conn` is the one or the other connection. What differs between the two
//! databases (how a row is locked) comes from `super`, too.
//!
//! Each function is the body of one transaction. Its first argument after the connection is the tenant, and every
//! statement names it, although PostgreSQL's policies would hide foreign rows anyway.
//!
//! A look-up by a unique key ends in `get_result`, not in `first`: that one adds `LIMIT ?`, and SQLite compiles a
//! statement anew whenever another limit is bound, because its plan may depend on it.

use super::{Conn, lock_connection, lock_flow, lock_slot};

#[path = "queries/audit.rs"]
pub(crate) mod audit;
#[path = "queries/caller.rs"]
pub(crate) mod caller;
#[path = "queries/connection.rs"]
pub(crate) mod connection;
#[path = "queries/data_key.rs"]
pub(crate) mod data_key;
#[path = "queries/exchange.rs"]
pub(crate) mod exchange;
#[path = "queries/flow.rs"]
pub(crate) mod flow;
#[path = "queries/idempotency.rs"]
pub(crate) mod idempotency;
#[path = "queries/integration.rs"]
pub(crate) mod integration;
#[path = "queries/lease.rs"]
pub(crate) mod lease;
#[path = "queries/operator.rs"]
pub(crate) mod operator;
#[path = "queries/redeem.rs"]
pub(crate) mod redeem;
#[path = "queries/refresh.rs"]
pub(crate) mod refresh;
#[path = "queries/revoke.rs"]
pub(crate) mod revoke;
#[path = "queries/system.rs"]
pub(crate) mod system;
#[path = "queries/token.rs"]
pub(crate) mod token;
#[path = "queries/user.rs"]
pub(crate) mod user;
