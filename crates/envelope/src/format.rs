//! The bytes of an envelope, version 1: `docs/envelope-format.md`.

use crate::committing::{Body, EXPANSION};
use crate::failure::FailureReason;
use coffer_core::Sealed;
use coffer_core::id::DataKeyId;

const MAGIC: u8 = 0xE7;
const VERSION: u8 = 1;
/// AES-256-GCM, HKDF-SHA-512, committing.
const SUITE: u8 = 0x02;
const FLAGS: u8 = 0;
const HEADER: usize = 20;

/// The longest plaintext that can be sealed, in bytes: 16 MiB.
pub const MAX_PLAINTEXT: usize = 16 * 1024 * 1024;

/// How many bytes an envelope is longer than its plaintext.
pub const OVERHEAD: usize = HEADER + EXPANSION;

/// The id of the data key that sealed this, for the indexed column beside it. It is read, not verified: only
/// [`crate::KeyRing::open`] verifies. `None` where the bytes are not an envelope of a known version.
pub fn data_key_id(sealed: &Sealed) -> Option<DataKeyId> {
    Envelope::parse(sealed.as_bytes())
        .ok()
        .map(|envelope| envelope.header.key_id())
}

/// Bytes 0 to 19.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Header([u8; HEADER]);

impl Header {
    pub(crate) fn new(key: DataKeyId) -> Self {
        let mut bytes = [0; HEADER];
        let (fixed, id) = bytes.split_at_mut(4);
        fixed.copy_from_slice(&[MAGIC, VERSION, SUITE, FLAGS]);
        id.copy_from_slice(key.as_bytes());
        Self(bytes)
    }

    pub(crate) fn as_bytes(&self) -> &[u8; HEADER] {
        &self.0
    }

    pub(crate) fn key_id(&self) -> DataKeyId {
        let mut id = [0; 16];
        id.copy_from_slice(self.0.split_at(4).1);
        DataKeyId::from_uuid(uuid::Uuid::from_bytes(id))
    }

    fn check(self) -> Result<Self, FailureReason> {
        let [magic, version, suite, flags, ..] = self.0;
        match () {
            () if magic != MAGIC => Err(FailureReason::Magic),
            () if version != VERSION => Err(FailureReason::Version),
            () if suite != SUITE => Err(FailureReason::Suite),
            () if flags != FLAGS => Err(FailureReason::Flags),
            () => Ok(self),
        }
    }
}

/// An envelope, taken apart. Nothing of it is verified but its form.
pub(crate) struct Envelope<'a> {
    pub(crate) header: Header,
    pub(crate) body: Body<'a>,
}

impl<'a> Envelope<'a> {
    pub(crate) fn parse(bytes: &'a [u8]) -> Result<Self, FailureReason> {
        if bytes.len() > OVERHEAD + MAX_PLAINTEXT {
            return Err(FailureReason::Length);
        }
        let (header, body) = bytes.split_first_chunk().ok_or(FailureReason::Length)?;
        let body = Body::parse(body).ok_or(FailureReason::Length)?;
        let header = Header(*header).check()?;
        Ok(Self { header, body })
    }
}
