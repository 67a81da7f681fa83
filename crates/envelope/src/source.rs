//! Where key encryption keys live.

pub mod local;

use async_trait::async_trait;
use coffer_core::SecretBytes;
use coffer_core::data_key::{DataKeyPurpose, KeyWrap};
use coffer_core::error::BoxError;
use coffer_core::id::{DataKeyId, TenantId};
use std::fmt::Debug;
use std::time::Duration;

/// Wraps and unwraps data keys under key encryption keys (KEK) that it holds, or can ask for.
///
/// A KEK is named `<source>:<key id>`, such as `local:6f1c2a9b30d4e587`; the name is stored beside each wrap and
/// never changes its meaning. One KEK is the primary: it wraps. Others may be there for reading only, so that data
/// can be moved from one key to another while it is in use.
///
/// Which KEK unwraps is decided by the stored name, never by trying one after the other.
#[async_trait]
pub trait KeySource: Send + Sync + Debug {
    /// The primary KEK's name.
    fn kek_ref(&self) -> &str;

    /// Whether this source can unwrap what was wrapped under `kek_ref`. It asks nobody.
    fn reads(&self, kek_ref: &str) -> bool;

    /// Wraps a data key under the primary KEK, bound to the context. The answer names the KEK that did it.
    ///
    /// # Errors
    /// [`KeySourceError::Denied`] and [`KeySourceError::Unavailable`].
    async fn wrap(&self, context: &WrapContext, key: &SecretBytes) -> Result<KeyWrap, KeySourceError>;

    /// Unwraps what [`KeySource::wrap`] gave, in the same context.
    ///
    /// # Errors
    /// All of [`KeySourceError`]. A wrap that was made in another context is [`KeySourceError::Malformed`].
    async fn unwrap(&self, context: &WrapContext, wrap: &KeyWrap) -> Result<SecretBytes, KeySourceError>;
}

/// What a wrap is bound to: it unwraps nowhere else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrapContext {
    /// The installation's name, so that two installations with one KEK do not read each other's keys.
    pub installation: String,
    /// Whose data key it is.
    pub tenant: TenantId,
    /// The data key's id.
    pub key: DataKeyId,
    /// The data key's version.
    pub version: u32,
    /// What the data key is for.
    pub purpose: DataKeyPurpose,
}

impl WrapContext {
    /// The context as names and texts, for sources that take it so (such as an encryption context). The names and
    /// the forms are part of the format.
    pub fn entries(&self) -> [(&'static str, String); 5] {
        [
            ("installation", self.installation.clone()),
            ("tenant", self.tenant.to_string()),
            ("key", self.key.to_string()),
            ("version", self.version.to_string()),
            ("purpose", self.purpose.as_str().to_owned()),
        ]
    }

    /// The context as bytes, for sources that take those: each value of [`WrapContext::entries`] with its length in
    /// front (u64, big-endian), after the label `coffer/wrap/v1`. Different contexts give different bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = b"coffer/wrap/v1".to_vec();
        for (_, value) in self.entries() {
            let length = u64::try_from(value.len()).unwrap_or(u64::MAX);
            bytes.extend_from_slice(&length.to_be_bytes());
            bytes.extend_from_slice(value.as_bytes());
        }
        bytes
    }
}

/// Why a key source did not wrap or unwrap.
#[derive(Debug, thiserror::Error)]
pub enum KeySourceError {
    /// The source answered, and refuses: the key is disabled, or we may not use it.
    #[error("the use of {kek} is refused")]
    Denied {
        /// The KEK.
        kek: String,
        /// What it said.
        #[source]
        cause: BoxError,
    },
    /// The source did not answer, or asked us to slow down.
    #[error("the key source is not available")]
    Unavailable {
        /// How long it asked us to wait.
        retry_after: Option<Duration>,
        /// What went wrong.
        #[source]
        cause: BoxError,
    },
    /// The wrap names a KEK that this source does not have.
    #[error("the key was wrapped under {sealed_under}, the configured key is {configured}")]
    WrongKey {
        /// The KEK that would do.
        sealed_under: String,
        /// The primary KEK.
        configured: String,
    },
    /// The right KEK, but the bytes are not what it made in this context.
    #[error("the wrap does not open under {kek} in this context")]
    Malformed {
        /// The KEK.
        kek: String,
    },
}
