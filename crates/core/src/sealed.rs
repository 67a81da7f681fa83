//! What a store may hold of a secret: sealed bytes, or a keyed hash. There is no way from a plain secret to a store
//! but through one of these, so that plaintext cannot be stored by accident.

use std::fmt;

/// An envelope: ciphertext made by `coffer-envelope`. Its `Debug` shows only the length.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed(Vec<u8>);

impl Sealed {
    /// Takes envelope bytes, from the sealer or from a store.
    pub fn from_envelope(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The bytes of the envelope.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The bytes of the envelope, given away.
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealed({} bytes)", self.0.len())
    }
}

/// The keyed hash (HMAC-SHA-256) of a high-entropy secret of ours, by which its row is found.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SecretHash(pub [u8; 32]);

impl fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretHash(..)")
    }
}

/// Sixteen bytes of a keyed hash: tells two tokens apart in the journal of attempts, or finds a provider's subject
/// without opening anything, and gives neither away.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fingerprint(pub [u8; 16]);

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fingerprint(..)")
    }
}
