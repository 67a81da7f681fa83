use coffer_core::cell::{Cell, Column, Purpose, Table};
use coffer_core::id::TenantId;
use coffer_core::secret::{ExposeSecret, secret_bytes, secret_text};
use coffer_core::testing::{FakeClock, FakeRandom};
use coffer_core::{Sealed, SecretBytes, SecretText, SecureRandom};
use coffer_envelope::testing::{FaultySource, MemoryDataKeys};
use coffer_envelope::{CachePolicy, EnvelopeError, KeyRing, LocalKey, LocalKeySource};
use std::sync::Arc;
use uuid::Uuid;

/// A key ring whose parts a test can reach.
pub struct World {
    pub ring: KeyRing,
    pub source: Arc<FaultySource>,
    pub keys: MemoryDataKeys,
    pub clock: Arc<FakeClock>,
    pub random: Arc<dyn SecureRandom>,
}

impl World {
    pub fn new() -> Self {
        Self::with(Arc::new(FakeRandom::default()), CachePolicy::STANDARD)
    }

    pub fn with(random: Arc<dyn SecureRandom>, policy: CachePolicy) -> Self {
        let local = LocalKeySource::new(kek("primary"), random.clone());
        let source = Arc::new(FaultySource::new(Arc::new(local)));
        let (keys, clock) = (MemoryDataKeys::default(), Arc::new(FakeClock::default()));
        let ring = KeyRing::new(
            source.clone(),
            Arc::new(keys.clone()),
            clock.clone(),
            random.clone(),
            policy,
        );
        Self {
            ring,
            source,
            keys,
            clock,
            random,
        }
    }

    /// Another replica: the same store, its own memory and its own key source.
    pub fn replica(&self, kek_label: &str) -> KeyRing {
        KeyRing::new(
            Arc::new(LocalKeySource::new(kek(kek_label), self.random.clone())),
            Arc::new(self.keys.clone()),
            self.clock.clone(),
            self.random.clone(),
            CachePolicy::STANDARD,
        )
    }
}

/// A key for tests, made of a label: nobody should use it, and nobody can take it for a random one by accident.
pub fn kek_text(label: &str) -> SecretText {
    let digest = ring::digest::digest(&ring::digest::SHA256, format!("test kek: {label}").as_bytes());
    secret_text(hex(digest.as_ref()))
}

pub fn kek(label: &str) -> LocalKey {
    LocalKey::parse(&kek_text(label)).unwrap()
}

pub fn tenant(number: u128) -> TenantId {
    TenantId::from_uuid(Uuid::from_u128(number))
}

pub fn cell() -> Cell {
    Cell {
        tenant: tenant(1),
        table: Table::CredentialSlots,
        row: Uuid::from_u128(2),
        column: Column::RefreshToken,
        purpose: Purpose::ProviderToken,
        generation: 3,
    }
}

pub fn secret(bytes: &[u8]) -> SecretBytes {
    secret_bytes(bytes.to_vec())
}

/// Opens, and shows what came out.
pub async fn open(ring: &KeyRing, cell: &Cell, bytes: &[u8]) -> Result<Vec<u8>, EnvelopeError> {
    let sealed = Sealed::from_envelope(bytes.to_vec());
    let opened = ring.open(cell, &sealed).await?;
    Ok(opened.expose_secret().to_vec())
}

/// Opening was refused with the one error that stands for everything.
pub async fn is_refused(ring: &KeyRing, cell: &Cell, bytes: &[u8]) -> bool {
    matches!(open(ring, cell, bytes).await, Err(EnvelopeError::Open))
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub fn unhex(text: &str) -> Vec<u8> {
    let digit = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
    (0..text.len()).step_by(2).map(digit).collect()
}
