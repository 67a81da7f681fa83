#![doc = include_str!("../README.md")]

pub mod actor;
pub mod attempt;
pub mod audit;
pub mod bearer;
pub mod caller;
pub mod cell;
pub mod clock;
pub mod connection;
pub mod data_key;
pub mod error;
pub mod failure;
pub mod flow;
pub mod http;
pub mod id;
pub mod idempotency;
pub mod integration;
pub mod page;
pub mod ports;
pub mod random;
pub mod rotation;
pub mod scope;
pub mod sealed;
pub mod secret;
pub mod tenant;
#[cfg(feature = "testing")]
pub mod testing;
pub mod time;
pub mod waits;

pub use clock::{Clock, SystemClock};
pub use error::{ErrorKind, StoreError};
pub use random::{SecureRandom, SystemRandom};
pub use scope::{OperatorScope, SystemScope, TenantScope};
pub use sealed::{Fingerprint, Sealed, SecretHash};
pub use secret::{SecretBytes, SecretText};
pub use time::Timestamp;
