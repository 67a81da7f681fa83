use crate::source::{KeySource, KeySourceError, WrapContext};
use async_trait::async_trait;
use coffer_core::SecretBytes;
use coffer_core::data_key::KeyWrap;
use coffer_core::secret::secret_bytes;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// What a [`FaultySource`] does instead of its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Refuses, as a key management service does when a key is disabled.
    Denied,
    /// Does not answer, or throttles.
    Unavailable {
        /// How long it asks to wait.
        retry_after: Option<Duration>,
    },
    /// Says that the wrap is another key's.
    WrongKey,
    /// Says that the wrap is damaged.
    Malformed,
    /// Unwraps to 31 bytes.
    WrongLength,
    /// Unwraps to 32 other bytes.
    WrongBytes,
}

/// A key source around another, that fails when told to and counts what it is asked. Each of its calls yields once to
/// the runtime, as one over a network would.
#[derive(Debug)]
pub struct FaultySource {
    inner: Arc<dyn KeySource>,
    fault: Mutex<Option<Fault>>,
    wraps: AtomicU64,
    unwraps: AtomicU64,
}

impl FaultySource {
    /// Works as `inner` does until told otherwise.
    pub fn new(inner: Arc<dyn KeySource>) -> Self {
        Self {
            inner,
            fault: Mutex::new(None),
            wraps: AtomicU64::new(0),
            unwraps: AtomicU64::new(0),
        }
    }

    /// Fails from now on, or works again.
    pub fn set(&self, fault: Option<Fault>) {
        *self.fault.lock().unwrap_or_else(PoisonError::into_inner) = fault;
    }

    /// How often it was asked to wrap.
    pub fn wraps(&self) -> u64 {
        self.wraps.load(Ordering::SeqCst)
    }

    /// How often it was asked to unwrap.
    pub fn unwraps(&self) -> u64 {
        self.unwraps.load(Ordering::SeqCst)
    }

    /// The error or the wrong answer that the fault makes; `None` where the work shall be done.
    fn fail(&self, kek: &str) -> Option<Result<SecretBytes, KeySourceError>> {
        let fault = (*self.fault.lock().unwrap_or_else(PoisonError::into_inner))?;
        let kek = kek.to_owned();
        Some(match fault {
            Fault::Denied => Err(KeySourceError::Denied {
                kek,
                cause: "the key is disabled".into(),
            }),
            Fault::Unavailable { retry_after } => Err(KeySourceError::Unavailable {
                retry_after,
                cause: "too many requests".into(),
            }),
            Fault::WrongKey => Err(KeySourceError::WrongKey {
                sealed_under: kek,
                configured: self.kek_ref().to_owned(),
            }),
            Fault::Malformed => Err(KeySourceError::Malformed { kek }),
            Fault::WrongLength => Ok(secret_bytes(vec![7; 31])),
            Fault::WrongBytes => Ok(secret_bytes(vec![7; 32])),
        })
    }
}

#[async_trait]
impl KeySource for FaultySource {
    fn kek_ref(&self) -> &str {
        self.inner.kek_ref()
    }

    fn reads(&self, kek_ref: &str) -> bool {
        self.inner.reads(kek_ref)
    }

    async fn wrap(&self, context: &WrapContext, key: &SecretBytes) -> Result<KeyWrap, KeySourceError> {
        self.wraps.fetch_add(1, Ordering::SeqCst);
        tokio::task::yield_now().await;
        match self.fail(self.kek_ref()) {
            Some(Err(error)) => Err(error),
            Some(Ok(_)) | None => self.inner.wrap(context, key).await,
        }
    }

    async fn unwrap(&self, context: &WrapContext, wrap: &KeyWrap) -> Result<SecretBytes, KeySourceError> {
        self.unwraps.fetch_add(1, Ordering::SeqCst);
        tokio::task::yield_now().await;
        match self.fail(&wrap.kek) {
            Some(answer) => answer,
            None => self.inner.unwrap(context, wrap).await,
        }
    }
}
