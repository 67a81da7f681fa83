//! The wallet itself: what it needs of the world, put together.

use crate::caller::KeyCache;
use crate::error::WalletError;
use crate::refresh::{Counts, Flights};
use crate::settings::Settings;
use crate::tasks::Tasks;
use coffer_catalog::{Catalog, Provider};
use coffer_core::actor::Asker;
use coffer_core::audit::{AuditEntry, AuditVerb};
use coffer_core::id::{AuditId, ReplicaId};
use coffer_core::ports::Stores;
use coffer_core::{Clock, SecureRandom, TenantScope, Timestamp};
use coffer_envelope::KeyRing;
use coffer_oauth::Client;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use url::Url;
use uuid::Uuid;

/// What a wallet is made of.
#[derive(Debug)]
pub struct Parts {
    /// The database, through its ports.
    pub stores: Stores,
    /// Seals and opens.
    pub keys: KeyRing,
    /// The providers.
    pub catalog: Arc<Catalog>,
    /// The OAuth client, over the guarded HTTP client.
    pub oauth: Client,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub random: Arc<dyn SecureRandom>,
    /// The times of the protocol.
    pub settings: Settings,
    /// Where browsers reach this server: the base of connect links and redirect URIs.
    pub public_url: Url,
    /// The origins to which a browser may be sent back, beside the server's own (THR-37, OA-C32).
    pub return_origins: Vec<Url>,
    /// Where work runs that must be finished once it is begun.
    pub tasks: Tasks,
}

/// The domain service: connects accounts, keeps their tokens sealed, hands out fresh ones. Cheap to clone.
#[derive(Clone)]
pub struct Wallet {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) stores: Stores,
    pub(crate) keys: KeyRing,
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) providers: BTreeMap<String, Arc<Provider>>,
    pub(crate) oauth: Client,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn SecureRandom>,
    pub(crate) settings: Settings,
    pub(crate) public_url: Url,
    pub(crate) return_origins: Vec<Url>,
    pub(crate) tasks: Tasks,
    pub(crate) flights: Flights,
    pub(crate) refreshes: Counts,
    pub(crate) key_cache: KeyCache,
    pub(crate) replica: ReplicaId,
}

impl Wallet {
    /// Puts a wallet together.
    ///
    /// # Errors
    /// [`WalletError::Settings`] where the times do not fit together, [`WalletError::Invalid`] where the public URL is
    /// not one.
    pub fn new(parts: Parts) -> Result<Self, WalletError> {
        let settings = parts.settings.validate()?;
        if parts.public_url.cannot_be_a_base() || parts.public_url.host_str().is_none() {
            return Err(WalletError::invalid(
                "public_url",
                "give the URL at which browsers reach this server",
            ));
        }
        let replica = ReplicaId::new(&*parts.clock, &*parts.random);
        Ok(Self {
            inner: Arc::new(Inner {
                stores: parts.stores,
                keys: parts.keys,
                providers: shared_providers(&parts.catalog),
                catalog: parts.catalog,
                oauth: parts.oauth.with_deadline(settings.exchange),
                clock: parts.clock,
                random: parts.random,
                settings,
                public_url: parts.public_url,
                return_origins: parts.return_origins,
                tasks: parts.tasks,
                flights: Flights::default(),
                refreshes: Counts::default(),
                key_cache: KeyCache::default(),
                replica,
            }),
        })
    }

    /// The providers that it knows.
    pub fn catalog(&self) -> &Catalog {
        &self.inner.catalog
    }

    /// The times of the protocol.
    pub fn settings(&self) -> &Settings {
        &self.inner.settings
    }

    /// Where browsers reach this server.
    pub fn public_url(&self) -> &Url {
        &self.inner.public_url
    }

    /// How many refreshes, exchanges and revocations are under way.
    pub fn running(&self) -> usize {
        self.inner.tasks.running()
    }

    /// Begins nothing new, and waits until what is under way is finished and committed (requirement F5). Answers
    /// whether all of it was.
    pub async fn drain(&self, at_most: Duration) -> bool {
        self.inner.tasks.drain(at_most).await
    }
}

fn shared_providers(catalog: &Catalog) -> BTreeMap<String, Arc<Provider>> {
    catalog
        .iter()
        .map(|provider| (provider.id.to_string(), Arc::new(provider.clone())))
        .collect()
}

impl std::fmt::Debug for Wallet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Wallet({})", self.inner.replica)
    }
}

impl Inner {
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The audit row of a change.
    pub(crate) fn audit(&self, asker: &Asker, verb: AuditVerb, target: Uuid, detail: Value) -> AuditEntry {
        AuditEntry {
            id: AuditId::new(&*self.clock, &*self.random),
            tenant: asker.tenant,
            at: self.now(),
            actor: asker.actor,
            verb,
            target,
            detail,
            request: asker.request.clone(),
        }
    }

    /// The scope of whoever asks: the tenant was taken from its key, or from a row that was found by a secret.
    pub(crate) fn scope(asker: &Asker) -> TenantScope {
        TenantScope::assume(asker.tenant, "the asker was authenticated for this tenant")
    }

    /// Refuses new work while the process stops.
    pub(crate) fn check_draining(&self) -> Result<(), WalletError> {
        if self.tasks.is_draining() {
            return Err(WalletError::Later {
                code: "draining",
                message: "this server is stopping; another one takes over".into(),
                after: Duration::from_secs(1),
            });
        }
        Ok(())
    }
}
