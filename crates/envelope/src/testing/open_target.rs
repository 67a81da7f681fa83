use super::MemoryDataKeys;
use crate::error::EnvelopeError;
use crate::key_ring::KeyRing;
use crate::policy::CachePolicy;
use crate::source::local::{LocalKey, LocalKeyError, LocalKeySource};
use coffer_core::Sealed;
use coffer_core::cell::{Cell, Column, Purpose, Table};
use coffer_core::id::TenantId;
use coffer_core::secret::{ExposeSecret, secret_bytes};
use coffer_core::testing::{FakeClock, FakeRandom};
use std::sync::Arc;
use uuid::Uuid;

const PLAINTEXT: &[u8] = b"what the fuzz target sealed";
const HEADER: usize = 20;

/// The body of the fuzz target on [`KeyRing::open`]: nothing opens but the one envelope that was sealed, in the one
/// cell that it was sealed into. The same input always does the same.
#[derive(Debug)]
pub struct OpenTarget {
    ring: KeyRing,
    cell: Cell,
    sealed: Vec<u8>,
}

impl OpenTarget {
    /// Seals the one envelope.
    ///
    /// # Errors
    /// None that a working key ring gives.
    pub async fn new() -> Result<Self, EnvelopeError> {
        let random = Arc::new(FakeRandom::seeded(0xc0ffe2));
        let key = LocalKey::parse(&LocalKey::generate(&*random));
        let key = key.map_err(|error: LocalKeyError| EnvelopeError::KeyUnavailable {
            retry_after: None,
            cause: Arc::new(error),
        })?;
        let ring = KeyRing::new(
            Arc::new(LocalKeySource::new(key, random.clone())),
            Arc::new(MemoryDataKeys::default()),
            Arc::new(FakeClock::default()),
            random,
            CachePolicy::STANDARD,
        );
        let cell = Cell {
            tenant: TenantId::from_uuid(Uuid::from_u128(1)),
            table: Table::AccessTokens,
            row: Uuid::from_u128(2),
            column: Column::AccessToken,
            purpose: Purpose::ProviderToken,
            generation: 3,
        };
        let sealed = ring.seal(&cell, &secret_bytes(PLAINTEXT.to_vec())).await?;
        Ok(Self {
            ring,
            cell,
            sealed: sealed.into_bytes(),
        })
    }

    /// Opens what the input makes of the envelope, and panics where something opens that must not, or does not that
    /// must. Answers whether it opened.
    ///
    /// The first byte chooses: the rest is a whole envelope; or follows the right header; or is laid over the right
    /// envelope by exclusive or, and lengthens it; or changes the cell's generation and row.
    pub async fn check(&self, input: &[u8]) -> bool {
        let (choice, rest) = input.split_first().unwrap_or((&0, &[]));
        let (mut cell, mut envelope) = (self.cell, self.sealed.clone());
        match choice % 4 {
            0 => envelope = rest.to_vec(),
            1 => {
                envelope.truncate(HEADER);
                envelope.extend_from_slice(rest);
            }
            2 => {
                envelope
                    .iter_mut()
                    .zip(rest)
                    .for_each(|(byte, change)| *byte ^= change);
                envelope.extend(rest.iter().skip(self.sealed.len()));
            }
            _ => {
                let mut change = [0; 16];
                change.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
                let change = u128::from_le_bytes(change);
                cell.row = Uuid::from_u128(cell.row.as_u128() ^ change >> 64);
                cell.generation ^= u64::try_from(change & u128::from(u64::MAX)).unwrap_or(0);
            }
        }
        let is_the_one = cell == self.cell && envelope == self.sealed;
        match self.ring.open(&cell, &Sealed::from_envelope(envelope)).await {
            Ok(plaintext) => assert!(
                is_the_one && plaintext.expose_secret() == PLAINTEXT,
                "a forgery opened"
            ),
            Err(error) => assert!(!is_the_one && matches!(error, EnvelopeError::Open), "{error:?}"),
        }
        is_the_one
    }
}
