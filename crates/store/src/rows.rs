//! The rows as they lie in the tables, and what the domain calls them. Compiled once for both databases.

mod attempt;
mod audit;
mod caller;
mod connection;
mod data_key;
mod flow;
mod idempotency;
mod integration;
mod session;
mod slot;
mod tenant;
mod token;

pub(crate) use attempt::AttemptRow;
pub(crate) use audit::AuditRow;
pub(crate) use caller::{CallerRow, OperatorRow};
pub(crate) use connection::ConnectionRow;
pub(crate) use data_key::{DataKeyRow, WrapRow};
pub(crate) use flow::FlowRow;
pub(crate) use idempotency::IdempotencyRow;
pub(crate) use integration::{IntegrationRow, integration_state};
pub(crate) use session::SessionRow;
pub(crate) use slot::SlotRow;
pub(crate) use tenant::{TenantRow, UserRow};
pub(crate) use token::{AccessTokenRow, TokenViewRow};

use crate::error::corrupt;
use coffer_core::{Fingerprint, Sealed, SecretHash, StoreError, Timestamp};

use crate::types::Time;

fn time(at: Option<Timestamp>) -> Option<Time> {
    at.map(Time)
}

fn timestamp(at: Option<Time>) -> Option<Timestamp> {
    at.map(|at| at.0)
}

fn bytes(sealed: Option<&Sealed>) -> Option<Vec<u8>> {
    sealed.map(|sealed| sealed.as_bytes().to_vec())
}

fn secret_hash(bytes: Vec<u8>) -> Result<SecretHash, StoreError> {
    bytes
        .try_into()
        .map(SecretHash)
        .map_err(|_| corrupt("a hash that is not 32 bytes"))
}

fn fingerprint(bytes: Vec<u8>) -> Result<Fingerprint, StoreError> {
    bytes
        .try_into()
        .map(Fingerprint)
        .map_err(|_| corrupt("a fingerprint that is not 16 bytes"))
}
