//! The one AEAD construction of this crate: AES-256-GCM under a key that is derived for a single message, with a
//! commitment to that key. Envelopes and local key wraps are both made of it.
//!
//! ring's own key objects are not zeroized on drop, so every derived key lives inside one function of this file.

use crate::failure::FailureReason;
use coffer_core::secret::{ExposeSecret, secret_bytes};
use coffer_core::{SecretBytes, SecureRandom};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, Tag, UnboundKey};
use ring::error::Unspecified;
use ring::{hkdf, hmac};
use secrecy::SecretBox;
use zeroize::{Zeroize, Zeroizing};

/// Bytes of a root key.
pub(crate) const KEY: usize = 32;
const SALT: usize = 32;
const NONCE: usize = 12;
const COMMITMENT: usize = 32;
const TAG: usize = 16;
const DERIVED: usize = KEY + NONCE + COMMITMENT;

/// How many bytes a sealed message is longer than its plaintext.
pub(crate) const EXPANSION: usize = SALT + COMMITMENT + TAG;

/// A long-lived secret from which message keys are derived: a data key, or a stretched key encryption key.
#[derive(Debug)]
pub(crate) struct RootKey {
    key: SecretBox<[u8; KEY]>,
    hedge: SecretBox<[u8; KEY]>,
}

impl RootKey {
    pub(crate) fn new(key: SecretBox<[u8; KEY]>) -> Self {
        let hedge =
            SecretBox::init_with_mut(|to: &mut [u8; KEY]| derive(key.expose_secret(), &[], &[b"hedge"], to));
        Self { key, hedge }
    }

    /// Takes key bytes as a key source gives them, if they have the right length.
    pub(crate) fn from_bytes(bytes: &SecretBytes) -> Option<Self> {
        let bytes: &[u8; KEY] = bytes.expose_secret().try_into().ok()?;
        Some(Self::new(SecretBox::init_with_mut(|to: &mut [u8; KEY]| {
            to.copy_from_slice(bytes);
        })))
    }

    /// Derives a key for something other than messages.
    pub(crate) fn subkey(&self, info: &[&[u8]]) -> Zeroizing<[u8; KEY]> {
        let mut key = Zeroizing::new([0; KEY]);
        derive(self.key.expose_secret(), &[], info, key.as_mut());
        key
    }

    /// Appends salt, commitment, ciphertext and tag to `out`.
    pub(crate) fn seal(
        &self,
        message: &Message<'_>,
        plaintext: &[u8],
        random: &dyn SecureRandom,
        out: &mut Vec<u8>,
    ) -> Result<(), Unspecified> {
        let salt = self.hedged_salt(message.aad, plaintext, random);
        let derived = self.message_key(&salt, message.info);
        out.reserve_exact(EXPANSION.saturating_add(plaintext.len()));
        out.extend_from_slice(&salt);
        out.extend_from_slice(derived.commitment());
        let start = out.len();
        out.extend_from_slice(plaintext);
        let in_place = out.get_mut(start..).unwrap_or_default();
        let sealed = derived
            .cipher()
            .and_then(|(key, nonce)| key.seal_in_place_separate_tag(nonce, Aad::from(message.aad), in_place));
        if sealed.is_err() {
            in_place.zeroize();
        }
        out.extend_from_slice(sealed?.as_ref());
        Ok(())
    }

    /// Opens what [`RootKey::seal`] made. The commitment is compared before anything is decrypted.
    pub(crate) fn open(&self, message: &Message<'_>, body: &Body<'_>) -> Result<SecretBytes, FailureReason> {
        let derived = self.message_key(body.salt, message.info);
        if !equal_in_constant_time(derived.commitment(), body.commitment) {
            return Err(FailureReason::Commitment);
        }
        let mut plaintext = Zeroizing::new(body.ciphertext.to_vec());
        let (key, nonce) = derived
            .cipher()
            .map_err(|Unspecified| FailureReason::Authentication)?;
        key.open_in_place_separate_tag(
            nonce,
            Aad::from(message.aad),
            Tag::from(*body.tag),
            &mut plaintext,
            0..,
        )
        .map_err(|Unspecified| FailureReason::Authentication)?;
        Ok(secret_bytes(std::mem::take(&mut *plaintext)))
    }

    /// Unpredictable as long as the generator or the key is, and different for different messages in any case.
    fn hedged_salt(&self, aad: &[u8], plaintext: &[u8], random: &dyn SecureRandom) -> [u8; SALT] {
        let mut fresh = [0; SALT];
        random.fill(&mut fresh);
        let mut mac = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, self.hedge.expose_secret()));
        mac.update(&fresh);
        mac.update(aad);
        mac.update(plaintext);
        let tag = mac.sign();
        let mut salt = [0; SALT];
        salt.copy_from_slice(tag.as_ref());
        salt
    }

    fn message_key(&self, salt: &[u8; SALT], info: &[&[u8]]) -> MessageKey {
        let mut derived = Zeroizing::new([0; DERIVED]);
        derive(self.key.expose_secret(), salt, info, derived.as_mut());
        MessageKey(derived)
    }
}

/// What is bound to a message besides its plaintext.
pub(crate) struct Message<'a> {
    /// What the message key is for (HKDF `info`), in pieces.
    pub(crate) info: &'a [&'a [u8]],
    /// The authenticated data.
    pub(crate) aad: &'a [u8],
}

/// A sealed message, taken apart.
pub(crate) struct Body<'a> {
    salt: &'a [u8; SALT],
    commitment: &'a [u8; COMMITMENT],
    ciphertext: &'a [u8],
    tag: &'a [u8; TAG],
}

impl<'a> Body<'a> {
    pub(crate) fn parse(bytes: &'a [u8]) -> Option<Self> {
        let (salt, rest) = bytes.split_first_chunk()?;
        let (commitment, rest) = rest.split_first_chunk()?;
        let (ciphertext, tag) = rest.split_last_chunk()?;
        Some(Self {
            salt,
            commitment,
            ciphertext,
            tag,
        })
    }
}

/// key (32) | nonce (12) | commitment (32), for exactly one message.
struct MessageKey(Zeroizing<[u8; DERIVED]>);

impl MessageKey {
    fn cipher(&self) -> Result<(LessSafeKey, Nonce), Unspecified> {
        let (key, rest) = self.0.split_at(KEY);
        let (nonce, _) = rest.split_at(NONCE);
        let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key)?);
        Ok((key, Nonce::try_assume_unique_for_key(nonce)?))
    }

    fn commitment(&self) -> &[u8] {
        self.0.split_at(KEY + NONCE).1
    }
}

/// HKDF-SHA-512 (RFC 5869). An empty salt is the RFC's "not provided".
fn derive(key: &[u8], salt: &[u8], info: &[&[u8]], to: &mut [u8]) {
    struct Length(usize);
    impl hkdf::KeyType for Length {
        fn len(&self) -> usize {
            self.0
        }
    }
    #[expect(
        clippy::expect_used,
        reason = "HKDF-SHA-512 fails only for more than 255 * 64 bytes; ours ask for 76 at most"
    )]
    hkdf::Salt::new(hkdf::HKDF_SHA512, salt)
        .extract(key)
        .expand(info, Length(to.len()))
        .and_then(|okm| okm.fill(to))
        .expect("a short HKDF output");
}

/// ring keeps its comparison to itself, so this is the usual one: no branch and no early end that depends on a byte.
pub(crate) fn equal_in_constant_time(a: &[u8], b: &[u8]) -> bool {
    let difference = a.iter().zip(b).fold(0_u8, |difference, (a, b)| {
        std::hint::black_box(difference | (a ^ b))
    });
    a.len() == b.len() && std::hint::black_box(difference) == 0
}

#[cfg(test)]
mod tests;
