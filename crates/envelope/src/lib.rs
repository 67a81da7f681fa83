#![doc = include_str!("../README.md")]

mod aad;
mod committing;
mod data_key;
mod error;
mod failure;
mod format;
mod key_ring;
mod lookup;
mod policy;
mod record;
pub mod source;
#[cfg(feature = "testing")]
pub mod testing;

pub use error::EnvelopeError;
pub use failure::{FailureCounts, FailureReason};
pub use format::{MAX_PLAINTEXT, OVERHEAD, data_key_id};
pub use key_ring::{DEFAULT_INSTALLATION, KeyRing, SealingKey};
pub use lookup::LookupKey;
pub use policy::CachePolicy;
pub use source::local::{LocalKey, LocalKeyError, LocalKeySource};
pub use source::{KeySource, KeySourceError, WrapContext};
