use crate::data_key::OpenDataKey;
use crate::error::EnvelopeError;
use crate::record;
use coffer_core::cell::Cell;
use coffer_core::id::{DataKeyId, TenantId};
use coffer_core::secret::ExposeSecret;
use coffer_core::{Sealed, SecretBytes, SecretText, SecureRandom};
use std::sync::Arc;

/// The active data key of one tenant, at hand: sealing needs no store, no key source and no waiting any more.
///
/// It is meant for one piece of work. It seals under the key that was active when it was prepared, even when another
/// became active since: a token in hand is not lost for that.
#[derive(Debug, Clone)]
pub struct SealingKey {
    key: Arc<OpenDataKey>,
    random: Arc<dyn SecureRandom>,
}

impl SealingKey {
    pub(super) fn new(key: Arc<OpenDataKey>, random: Arc<dyn SecureRandom>) -> Self {
        Self { key, random }
    }

    /// Whose key it is.
    pub fn tenant(&self) -> TenantId {
        self.key.tenant
    }

    /// The data key's id, which stands in every envelope that it seals.
    pub fn data_key_id(&self) -> DataKeyId {
        self.key.id
    }

    /// The data key's version.
    pub fn version(&self) -> u32 {
        self.key.version
    }

    /// Seals bytes into a cell of the tenant.
    ///
    /// # Errors
    /// [`EnvelopeError::TooLong`] and [`EnvelopeError::ForeignCell`].
    pub fn seal(&self, cell: &Cell, plaintext: &SecretBytes) -> Result<Sealed, EnvelopeError> {
        record::seal(&self.key, cell, plaintext.expose_secret(), &*self.random)
    }

    /// Seals a text into a cell of the tenant.
    ///
    /// # Errors
    /// As [`SealingKey::seal`].
    pub fn seal_text(&self, cell: &Cell, plaintext: &SecretText) -> Result<Sealed, EnvelopeError> {
        record::seal(
            &self.key,
            cell,
            plaintext.expose_secret().as_bytes(),
            &*self.random,
        )
    }
}
