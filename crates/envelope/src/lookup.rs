//! Keyed hashes, by which a row is found without opening anything.

use crate::data_key::OpenDataKey;
use coffer_core::id::TenantId;
use coffer_core::{Fingerprint, SecretHash};
use ring::hmac;
use std::sync::Arc;

/// The key for keyed hashes and blind indexes of one tenant. It is apart from the sealing key: replacing that one
/// changes no hash.
///
/// A label names what is hashed, such as `caller-key`. Different labels give unrelated hashes of the same value; so
/// do different tenants. A label is never changed once data has been written under it.
#[derive(Debug, Clone)]
pub struct LookupKey {
    key: Arc<OpenDataKey>,
}

impl LookupKey {
    pub(crate) fn new(key: Arc<OpenDataKey>) -> Self {
        Self { key }
    }

    /// Whose key it is.
    pub fn tenant(&self) -> TenantId {
        self.key.tenant
    }

    /// HMAC-SHA-256 of a secret of ours with at least 128 bits of entropy (an API key, a session id), under the key
    /// of `label`.
    pub fn hash(&self, label: &str, secret: &[u8]) -> SecretHash {
        SecretHash(self.mac(b"lookup/v1", label, secret))
    }

    /// The first 16 bytes of an HMAC-SHA-256 of an identifier that must be found without decrypting (an e-mail
    /// address, a provider's subject), under the key of `label`. Normalise the value first. Never for values with few
    /// possibilities: an equal value has an equal fingerprint.
    pub fn fingerprint(&self, label: &str, value: &[u8]) -> Fingerprint {
        let mut cut = [0; 16];
        let full = self.mac(b"index/v1", label, value);
        cut.iter_mut().zip(full).for_each(|(to, byte)| *to = byte);
        Fingerprint(cut)
    }

    fn mac(&self, kind: &[u8], label: &str, value: &[u8]) -> [u8; 32] {
        let key = self.key.root.subkey(&[kind, label.as_bytes()]);
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key.as_slice()), value);
        let mut hash = [0; 32];
        hash.copy_from_slice(tag.as_ref());
        hash
    }
}
