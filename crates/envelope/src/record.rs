//! One plaintext, sealed into one cell.

use crate::aad;
use crate::committing::Message;
use crate::data_key::OpenDataKey;
use crate::error::EnvelopeError;
use crate::failure::FailureReason;
use crate::format::{Envelope, Header, MAX_PLAINTEXT, OVERHEAD};
use coffer_core::cell::Cell;
use coffer_core::data_key::DataKeyPurpose;
use coffer_core::{Sealed, SecretBytes, SecureRandom};

const INFO: &[u8] = b"seal/v1";

pub(crate) fn seal(
    key: &OpenDataKey,
    cell: &Cell,
    plaintext: &[u8],
    random: &dyn SecureRandom,
) -> Result<Sealed, EnvelopeError> {
    if plaintext.len() > MAX_PLAINTEXT {
        return Err(EnvelopeError::TooLong(plaintext.len()));
    }
    if !belongs(key, cell) {
        return Err(EnvelopeError::ForeignCell);
    }
    let header = Header::new(key.id);
    let mut bytes = Vec::with_capacity(OVERHEAD + plaintext.len());
    bytes.extend_from_slice(header.as_bytes());
    let message = Message {
        info: &[INFO, &cell.purpose.code().to_be_bytes()],
        aad: &aad::of(&header, cell),
    };
    key.root
        .seal(&message, plaintext, random, &mut bytes)
        .map_err(|ring::error::Unspecified| EnvelopeError::TooLong(plaintext.len()))?;
    Ok(Sealed::from_envelope(bytes))
}

pub(crate) fn open(
    key: &OpenDataKey,
    cell: &Cell,
    envelope: &Envelope<'_>,
) -> Result<SecretBytes, FailureReason> {
    if !belongs(key, cell) || key.id != envelope.header.key_id() {
        return Err(FailureReason::ForeignKey);
    }
    let message = Message {
        info: &[INFO, &cell.purpose.code().to_be_bytes()],
        aad: &aad::of(&envelope.header, cell),
    };
    key.root.open(&message, &envelope.body)
}

fn belongs(key: &OpenDataKey, cell: &Cell) -> bool {
    key.tenant == cell.tenant && key.purpose == DataKeyPurpose::Seal
}
