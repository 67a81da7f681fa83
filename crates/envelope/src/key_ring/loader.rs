use super::cache::Cache;
use super::flight::Flights;
use crate::committing::{KEY, RootKey, equal_in_constant_time};
use crate::data_key::OpenDataKey;
use crate::error::EnvelopeError;
use crate::failure::{FailureReason, Failures};
use crate::policy::CachePolicy;
use crate::source::{KeySource, WrapContext};
use coffer_core::data_key::{DataKey, DataKeyPurpose, DataKeyState, KeyWrap};
use coffer_core::id::{DataKeyId, TenantId};
use coffer_core::ports::DataKeyStore;
use coffer_core::secret::{ExposeSecret, secret_bytes};
use coffer_core::{Clock, SecretBytes, SecureRandom, TenantScope, Timestamp};
use std::fmt;
use std::sync::Arc;

type Opened = Arc<OpenDataKey>;

/// Brings data keys into memory: from the cache, or from the store through the key source.
pub(super) struct Loader {
    installation: String,
    source: Arc<dyn KeySource>,
    store: Arc<dyn DataKeyStore>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn SecureRandom>,
    cache: Cache,
    failures: Failures,
    active: Flights<(TenantId, DataKeyPurpose), Opened>,
    found: Flights<(TenantId, DataKeyId), Result<Opened, FailureReason>>,
    opened: Flights<(TenantId, DataKeyId), Opened>,
}

impl Loader {
    pub(super) fn new(
        installation: String,
        source: Arc<dyn KeySource>,
        store: Arc<dyn DataKeyStore>,
        clock: Arc<dyn Clock>,
        random: Arc<dyn SecureRandom>,
        policy: CachePolicy,
    ) -> Self {
        let cache = Cache::new(policy, clock.now());
        Self {
            installation,
            source,
            store,
            clock,
            random,
            cache,
            failures: Failures::default(),
            active: Flights::new(),
            found: Flights::new(),
            opened: Flights::new(),
        }
    }

    /// A key that is at hand.
    pub(super) fn cached(&self, tenant: TenantId, id: DataKeyId) -> Option<Opened> {
        self.cache.key(tenant, id, self.clock.now())
    }

    /// The key with this id, from the store. The inner error is the envelope's fault, the outer one is not.
    pub(super) async fn load(
        &self,
        tenant: TenantId,
        id: DataKeyId,
    ) -> Result<Result<Opened, FailureReason>, EnvelopeError> {
        let work = Box::pin(self.find(tenant, id));
        self.found.join((tenant, id), work).await
    }

    /// The key that seals (or hashes) for a tenant. Made where there is none.
    pub(super) async fn active(
        &self,
        tenant: TenantId,
        purpose: DataKeyPurpose,
    ) -> Result<Opened, EnvelopeError> {
        match self.cache.active(tenant, purpose, self.clock.now()) {
            Some(key) => Ok(key),
            None => {
                // Rare and large: boxed, so that whoever finds the key at hand does not carry its room along.
                let work = Box::pin(self.read_active(tenant, purpose));
                self.active.join((tenant, purpose), work).await
            }
        }
    }

    /// Unwraps the active key afresh and forgets it again. Answers with the name of the KEK that did it.
    pub(super) async fn check(
        &self,
        tenant: TenantId,
        purpose: DataKeyPurpose,
    ) -> Result<Option<String>, EnvelopeError> {
        let Some(key) = self.store.active(&scope(tenant), purpose).await? else {
            return Ok(None);
        };
        let wrap = self.choose_wrap(&key)?;
        self.unwrap(&key, wrap).await?;
        Ok(Some(wrap.kek.clone()))
    }

    pub(super) fn random(&self) -> &Arc<dyn SecureRandom> {
        &self.random
    }

    pub(super) fn kek_ref(&self) -> &str {
        self.source.kek_ref()
    }

    pub(super) fn policy(&self) -> CachePolicy {
        self.cache.policy()
    }

    pub(super) fn failures(&self) -> &Failures {
        &self.failures
    }

    pub(super) fn evict_expired(&self) {
        self.cache.evict_expired(self.clock.now());
    }

    async fn find(
        &self,
        tenant: TenantId,
        id: DataKeyId,
    ) -> Result<Result<Opened, FailureReason>, EnvelopeError> {
        let Some(key) = self.store.find(&scope(tenant), id).await? else {
            return Ok(Err(FailureReason::UnknownKey));
        };
        if key.tenant != tenant || key.id != id || key.purpose != DataKeyPurpose::Seal {
            return Ok(Err(FailureReason::ForeignKey));
        }
        match key.state {
            DataKeyState::Active | DataKeyState::DecryptOnly => {}
            DataKeyState::Pending | DataKeyState::Destroyed => return Ok(Err(FailureReason::RetiredKey)),
        }
        self.cache.raise_mark(&key);
        self.open(&key).await.map(Ok)
    }

    async fn read_active(&self, tenant: TenantId, purpose: DataKeyPurpose) -> Result<Opened, EnvelopeError> {
        let scope = scope(tenant);
        let asked_at = self.clock.now();
        let key = match self.store.active(&scope, purpose).await? {
            Some(key) => key,
            None => self.create_first(&scope, purpose).await?,
        };
        if key.tenant != tenant || key.purpose != purpose || key.state != DataKeyState::Active {
            return Err(EnvelopeError::KeyDamaged(key.id));
        }
        self.refuse_rollback(&key)?;
        let opened = self.open(&key).await?;
        self.cache.note_active(&key, asked_at);
        Ok(opened)
    }

    fn refuse_rollback(&self, key: &DataKey) -> Result<(), EnvelopeError> {
        let seen = self.cache.raise_mark(key);
        if key.version >= seen {
            return Ok(());
        }
        self.failures.count(FailureReason::Rollback);
        tracing::error!(tenant = %key.tenant, seen, found = key.version, "the active data key went back");
        Err(EnvelopeError::RolledBack {
            tenant: key.tenant,
            seen,
            found: key.version,
        })
    }

    /// Makes, wraps and proves a key, and stores it unless another replica was faster.
    async fn create_first(
        &self,
        scope: &TenantScope,
        purpose: DataKeyPurpose,
    ) -> Result<DataKey, EnvelopeError> {
        let mut bytes = vec![0; KEY];
        self.random.fill(&mut bytes);
        let bytes = secret_bytes(bytes);
        let mut key = DataKey {
            tenant: scope.tenant(),
            id: DataKeyId::new(&*self.clock, &*self.random),
            version: 1,
            purpose,
            state: DataKeyState::Active,
            created_at: self.clock.now(),
            wraps: Vec::new(),
        };
        let wrap = self.source.wrap(&self.context(&key), &bytes).await;
        let wrap = wrap.map_err(|error| EnvelopeError::from_source(key.id, error))?;
        let proof = self.unwrap(&key, &wrap).await?;
        if !equal_in_constant_time(proof.expose_secret(), bytes.expose_secret()) {
            return Err(EnvelopeError::KeyDamaged(key.id));
        }
        key.wraps.push(wrap);
        Ok(self.store.create_first(scope, &key).await?)
    }

    /// The key in memory; one unwrap for all who ask at once.
    async fn open(&self, key: &DataKey) -> Result<Opened, EnvelopeError> {
        let work = async {
            let now = self.clock.now();
            if let Some(opened) = self.cache.key(key.tenant, key.id, now) {
                return Ok(opened);
            }
            let bytes = self.unwrap(key, self.choose_wrap(key)?).await?;
            let opened = Arc::new(open_data_key(key, &bytes, now)?);
            self.cache.insert(Arc::clone(&opened), now);
            Ok(opened)
        };
        self.opened.join((key.tenant, key.id), work).await
    }

    /// The wrap under the primary KEK, or else one that the source reads. The choice is by name: nothing is tried.
    fn choose_wrap<'a>(&self, key: &'a DataKey) -> Result<&'a KeyWrap, EnvelopeError> {
        let primary = self.source.kek_ref();
        let is_readable = |wrap: &&KeyWrap| self.source.reads(&wrap.kek);
        let names = || key.wraps.iter().map(|wrap| wrap.kek.as_str()).collect::<Vec<_>>();
        if key.wraps.is_empty() {
            return Err(EnvelopeError::KeyDamaged(key.id));
        }
        key.wraps
            .iter()
            .find(|wrap| wrap.kek == primary)
            .or_else(|| key.wraps.iter().find(is_readable))
            .ok_or_else(|| EnvelopeError::WrongKey {
                sealed_under: names().join(" or "),
                configured: primary.to_owned(),
            })
    }

    async fn unwrap(&self, key: &DataKey, wrap: &KeyWrap) -> Result<SecretBytes, EnvelopeError> {
        let unwrapped = self.source.unwrap(&self.context(key), wrap).await;
        unwrapped.map_err(|error| EnvelopeError::from_source(key.id, error))
    }

    fn context(&self, key: &DataKey) -> WrapContext {
        WrapContext {
            installation: self.installation.clone(),
            tenant: key.tenant,
            key: key.id,
            version: key.version,
            purpose: key.purpose,
        }
    }
}

impl fmt::Debug for Loader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Loader")
            .field("installation", &self.installation)
            .field("source", &self.source)
            .finish_non_exhaustive()
    }
}

fn scope(tenant: TenantId) -> TenantScope {
    TenantScope::assume(tenant, "the tenant of the cell that is sealed or opened")
}

fn open_data_key(key: &DataKey, bytes: &SecretBytes, now: Timestamp) -> Result<OpenDataKey, EnvelopeError> {
    let root = RootKey::from_bytes(bytes).ok_or(EnvelopeError::KeyDamaged(key.id))?;
    Ok(OpenDataKey {
        tenant: key.tenant,
        id: key.id,
        version: key.version,
        purpose: key.purpose,
        root,
        opened_at: now,
    })
}
