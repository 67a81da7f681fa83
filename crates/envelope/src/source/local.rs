//! Key encryption keys from the configuration: the value of an environment variable, or a file.

mod key;

pub use key::{LocalKey, LocalKeyError};

use super::{KeySource, KeySourceError, WrapContext};
use crate::committing::{Body, Message};
use async_trait::async_trait;
use coffer_core::data_key::KeyWrap;
use coffer_core::secret::ExposeSecret;
use coffer_core::{SecretBytes, SecureRandom};
use std::fmt;
use std::sync::Arc;

const FORMAT: u8 = 1;
const INFO: &[u8] = b"wrap/v1";

/// Wraps data keys under a key that this process was given. It needs no network, and whoever has the key has the
/// data: keep it away from the database's backups.
///
/// A wrap is the byte 1, then salt, commitment, ciphertext and tag as in an envelope, with
/// [`WrapContext::to_bytes`] as authenticated data.
#[derive(Clone)]
pub struct LocalKeySource {
    primary: Arc<LocalKey>,
    readers: Vec<Arc<LocalKey>>,
    random: Arc<dyn SecureRandom>,
}

impl LocalKeySource {
    /// A source whose primary key is `primary`.
    pub fn new(primary: LocalKey, random: Arc<dyn SecureRandom>) -> Self {
        Self {
            primary: Arc::new(primary),
            readers: Vec::new(),
            random,
        }
    }

    /// Adds a key that unwraps only: the one from before a change of keys.
    #[must_use]
    pub fn with_reader(mut self, key: LocalKey) -> Self {
        self.readers.push(Arc::new(key));
        self
    }

    /// The key with this name. Names are fingerprints, so at most one fits.
    fn find(&self, kek_ref: &str) -> Option<&LocalKey> {
        std::iter::once(&self.primary)
            .chain(&self.readers)
            .map(Arc::as_ref)
            .find(|key| key.kek_ref() == kek_ref)
    }
}

#[async_trait]
impl KeySource for LocalKeySource {
    fn kek_ref(&self) -> &str {
        self.primary.kek_ref()
    }

    fn reads(&self, kek_ref: &str) -> bool {
        self.find(kek_ref).is_some()
    }

    async fn wrap(&self, context: &WrapContext, key: &SecretBytes) -> Result<KeyWrap, KeySourceError> {
        let mut blob = vec![FORMAT];
        let message = Message {
            info: &[INFO],
            aad: &context.to_bytes(),
        };
        self.primary
            .root()
            .seal(&message, key.expose_secret(), &*self.random, &mut blob)
            .map_err(|cause| KeySourceError::Unavailable {
                retry_after: None,
                cause: Box::new(cause),
            })?;
        Ok(KeyWrap {
            kek: self.kek_ref().to_owned(),
            blob,
        })
    }

    async fn unwrap(&self, context: &WrapContext, wrap: &KeyWrap) -> Result<SecretBytes, KeySourceError> {
        let key = self.find(&wrap.kek).ok_or_else(|| KeySourceError::WrongKey {
            sealed_under: wrap.kek.clone(),
            configured: self.kek_ref().to_owned(),
        })?;
        let message = Message {
            info: &[INFO],
            aad: &context.to_bytes(),
        };
        body(&wrap.blob)
            .and_then(|body| key.root().open(&message, &body).ok())
            .ok_or_else(|| KeySourceError::Malformed {
                kek: wrap.kek.clone(),
            })
    }
}

impl fmt::Debug for LocalKeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let readers: Vec<&str> = self.readers.iter().map(|key| key.kek_ref()).collect();
        write!(f, "LocalKeySource({}, readers {readers:?})", self.kek_ref())
    }
}

fn body(blob: &[u8]) -> Option<Body<'_>> {
    let (format, body) = blob.split_first()?;
    (*format == FORMAT).then(|| Body::parse(body)).flatten()
}
