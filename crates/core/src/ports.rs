//! The ports: what the domain needs of the world, as small object-safe traits of whole-unit methods. Each has a real
//! implementation in another crate and an in-memory one in [`crate::testing`], and both pass one contract suite.
//!
//! A method that changes something takes the [`crate::audit::AuditEntry`] of the change and writes both in one
//! transaction. Where nothing was changed (it was so before), or the method failed, there is no row.
//!
//! The entry is for the log of the scope's tenant: of the installation under an [`crate::OperatorScope`], of the owner
//! for [`IntegrationStore::block`]. An entry for another tenant's log, and a record whose own tenant is not the
//! scope's, are [`crate::StoreError::NotFound`], and nothing is changed. What is read equals what was written, to the
//! microsecond. Rows are oldest and newest by their id, which is also the cursor.

mod audit;
mod caller;
mod connection;
mod data_key;
mod flow;
mod health;
mod idempotency;
mod integration;
mod tenant;

use std::sync::Arc;
use std::time::Duration;

pub use audit::AuditStore;
pub use caller::CallerStore;
pub use connection::{
    AttemptFailure, CommitAnswer, ConnectionFilter, ConnectionStore, LeaseAnswer, RefreshCommit, RevokeEnd,
};
pub use data_key::DataKeyStore;
pub use flow::{ExchangeCommit, FlowStore, Redemption, Replacement};
pub use health::StoreHealth;
pub use idempotency::IdempotencyStore;
pub use integration::IntegrationStore;
pub use tenant::TenantStore;

/// How many rows that are over a method deletes on the way, at most.
pub const PURGE: usize = 100;

/// How long a connect session stays after it has expired, so that whoever comes late is told what is the matter. No
/// flow of it is open any longer then.
pub const SESSIONS_KEPT: Duration = Duration::from_secs(24 * 3600);

/// Everything that the server needs of one database.
pub trait Store:
    TenantStore
    + IntegrationStore
    + CallerStore
    + AuditStore
    + IdempotencyStore
    + FlowStore
    + ConnectionStore
    + DataKeyStore
    + StoreHealth
{
}

impl<T> Store for T where
    T: TenantStore
        + IntegrationStore
        + CallerStore
        + AuditStore
        + IdempotencyStore
        + FlowStore
        + ConnectionStore
        + DataKeyStore
        + StoreHealth
{
}

/// One database, seen through each of its ports. Cheap to clone.
#[derive(Clone)]
pub struct Stores {
    /// Tenants and users.
    pub tenants: Arc<dyn TenantStore>,
    /// Integrations.
    pub integrations: Arc<dyn IntegrationStore>,
    /// Callers and operators.
    pub callers: Arc<dyn CallerStore>,
    /// The audit log.
    pub audit: Arc<dyn AuditStore>,
    /// Answers that are kept for idempotency keys.
    pub idempotency: Arc<dyn IdempotencyStore>,
    /// Connect sessions and flows.
    pub flows: Arc<dyn FlowStore>,
    /// Connections.
    pub connections: Arc<dyn ConnectionStore>,
    /// Data keys.
    pub data_keys: Arc<dyn DataKeyStore>,
    /// How the database is.
    pub health: Arc<dyn StoreHealth>,
}

impl Stores {
    /// All ports of one store.
    pub fn of<S: Store + 'static>(store: &Arc<S>) -> Self {
        Self {
            tenants: store.clone(),
            integrations: store.clone(),
            callers: store.clone(),
            audit: store.clone(),
            idempotency: store.clone(),
            flows: store.clone(),
            connections: store.clone(),
            data_keys: store.clone(),
            health: store.clone(),
        }
    }
}

impl AsRef<Self> for Stores {
    fn as_ref(&self) -> &Self {
        self
    }
}

impl std::fmt::Debug for Stores {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Stores")
    }
}
