//! The ring of data keys: what the rest of Coffer seals and opens with.

mod cache;
mod flight;
mod loader;
mod sealing_key;

pub use sealing_key::SealingKey;

use crate::error::EnvelopeError;
use crate::failure::{FailureCounts, FailureReason};
use crate::format::Envelope;
use crate::lookup::LookupKey;
use crate::policy::CachePolicy;
use crate::record;
use crate::source::KeySource;
use coffer_core::cell::Cell;
use coffer_core::data_key::DataKeyPurpose;
use coffer_core::id::TenantId;
use coffer_core::ports::DataKeyStore;
use coffer_core::secret::{ExposeSecret, secret_text};
use coffer_core::{Clock, Sealed, SecretBytes, SecretText, SecureRandom};
use loader::Loader;
use std::sync::Arc;

/// The installation's name where none is given.
pub const DEFAULT_INSTALLATION: &str = "coffer";

/// Seals and opens, with a data key for each tenant that it makes, unwraps and keeps as needed. Cheap to clone; the
/// clones share one cache.
#[derive(Debug, Clone)]
pub struct KeyRing {
    loader: Arc<Loader>,
}

impl KeyRing {
    /// A ring for the installation [`DEFAULT_INSTALLATION`].
    pub fn new(
        source: Arc<dyn KeySource>,
        store: Arc<dyn DataKeyStore>,
        clock: Arc<dyn Clock>,
        random: Arc<dyn SecureRandom>,
        policy: CachePolicy,
    ) -> Self {
        Self::for_installation(DEFAULT_INSTALLATION, source, store, clock, random, policy)
    }

    /// A ring for an installation with a name of its own. The name is bound to every wrapped data key: under another
    /// name they do not unwrap.
    pub fn for_installation(
        installation: &str,
        source: Arc<dyn KeySource>,
        store: Arc<dyn DataKeyStore>,
        clock: Arc<dyn Clock>,
        random: Arc<dyn SecureRandom>,
        policy: CachePolicy,
    ) -> Self {
        let installation = installation.to_owned();
        Self {
            loader: Arc::new(Loader::new(installation, source, store, clock, random, policy)),
        }
    }

    /// Seals bytes into a cell, under the active data key of the cell's tenant.
    ///
    /// # Errors
    /// Every variant of [`EnvelopeError`] but [`EnvelopeError::Open`].
    pub async fn seal(&self, cell: &Cell, plaintext: &SecretBytes) -> Result<Sealed, EnvelopeError> {
        self.prepare(cell.tenant).await?.seal(cell, plaintext)
    }

    /// Seals a text into a cell.
    ///
    /// # Errors
    /// As [`KeyRing::seal`].
    pub async fn seal_text(&self, cell: &Cell, plaintext: &SecretText) -> Result<Sealed, EnvelopeError> {
        self.prepare(cell.tenant).await?.seal_text(cell, plaintext)
    }

    /// Opens what was sealed into this cell.
    ///
    /// # Errors
    /// [`EnvelopeError::Open`] for everything that is wrong with the envelope or its place; the others where the key
    /// could not be had.
    pub async fn open(&self, cell: &Cell, sealed: &Sealed) -> Result<SecretBytes, EnvelopeError> {
        let envelope = Envelope::parse(sealed.as_bytes()).map_err(|reason| self.refuse(cell, reason))?;
        let id = envelope.header.key_id();
        let key = match self.loader.cached(cell.tenant, id) {
            Some(key) => key,
            None => self
                .loader
                .load(cell.tenant, id)
                .await?
                .map_err(|reason| self.refuse(cell, reason))?,
        };
        record::open(&key, cell, &envelope).map_err(|reason| self.refuse(cell, reason))
    }

    /// Opens what was sealed into this cell, as text.
    ///
    /// # Errors
    /// As [`KeyRing::open`]; bytes that are not UTF-8 are [`EnvelopeError::Open`], too.
    pub async fn open_text(&self, cell: &Cell, sealed: &Sealed) -> Result<SecretText, EnvelopeError> {
        let bytes = self.open(cell, sealed).await?;
        let text = std::str::from_utf8(bytes.expose_secret());
        let text = text.map_err(|_| self.refuse(cell, FailureReason::NotText))?;
        Ok(secret_text(text.to_owned()))
    }

    /// Gets everything that is needed to seal for a tenant, so that sealing cannot fail for want of a key later: do
    /// this before anything is asked of a provider. The tenant's first data key is made here.
    ///
    /// # Errors
    /// Those about keys and the store.
    pub async fn prepare(&self, tenant: TenantId) -> Result<SealingKey, EnvelopeError> {
        let key = self.loader.active(tenant, DataKeyPurpose::Seal).await?;
        Ok(SealingKey::new(key, Arc::clone(self.loader.random())))
    }

    /// The tenant's key for keyed hashes and blind indexes. It is made on first use.
    ///
    /// # Errors
    /// Those about keys and the store.
    pub async fn lookup_key(&self, tenant: TenantId) -> Result<LookupKey, EnvelopeError> {
        let key = self.loader.active(tenant, DataKeyPurpose::Lookup).await?;
        Ok(LookupKey::new(key))
    }

    /// Whether the key source has the key that sealed a tenant's data: unwraps its active data keys afresh, and
    /// changes nothing. Answers with the name of the key encryption key, or `None` where the tenant has no data key
    /// yet. A server asks this for the installation before it starts.
    ///
    /// # Errors
    /// [`EnvelopeError::WrongKey`], which names both keys, and the others about keys and the store.
    pub async fn check(&self, tenant: TenantId) -> Result<Option<String>, EnvelopeError> {
        let seal = self.loader.check(tenant, DataKeyPurpose::Seal).await?;
        let lookup = self.loader.check(tenant, DataKeyPurpose::Lookup).await?;
        Ok(seal.or(lookup))
    }

    /// The name of the key encryption key that new data keys are wrapped under.
    pub fn kek_ref(&self) -> &str {
        self.loader.kek_ref()
    }

    /// How long data keys are kept, to be shown to the operator.
    pub fn policy(&self) -> CachePolicy {
        self.loader.policy()
    }

    /// How often something was refused, by reason: for metrics and alarms.
    pub fn failures(&self) -> FailureCounts {
        self.loader.failures().snapshot()
    }

    /// Forgets (and zeroizes) the keys whose time is over, used or not. Loading a key does this now and then; a
    /// server also calls it from a timer.
    pub fn evict_expired(&self) {
        self.loader.evict_expired();
    }

    fn refuse(&self, cell: &Cell, reason: FailureReason) -> EnvelopeError {
        self.loader.failures().count(reason);
        tracing::warn!(
            reason = reason.as_str(),
            tenant = %cell.tenant,
            table = cell.table.code(),
            row = %cell.row,
            column = cell.column.code(),
            "a sealed value does not open"
        );
        EnvelopeError::Open
    }
}
