//! Tokens and codes: opaque texts of 256 random bits, remembered only as SHA-256.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use coffer_core::{SecretText, SecureRandom};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use std::fmt;

/// What a token is for; its prefix says so, as with many real providers.
#[derive(Debug, Clone, Copy)]
pub(crate) enum TokenKind {
    Code,
    Access,
    Refresh,
}

impl TokenKind {
    const fn prefix(self) -> &'static str {
        match self {
            Self::Code => "simac",
            Self::Access => "simat",
            Self::Refresh => "simrt",
        }
    }
}

/// Makes a token. The number of its grant stands in it, so that its record is found without an index.
pub(crate) fn mint(kind: TokenKind, grant: u64, random: &dyn SecureRandom) -> SecretText {
    let mut bytes = [0_u8; 32];
    random.fill(&mut bytes);
    let text = format!(
        "{}_{grant}_{}",
        kind.prefix(),
        BASE64_URL_SAFE_NO_PAD.encode(bytes)
    );
    SecretText::from(text)
}

/// The number of the grant that a token says it belongs to. Only its hash proves that it does.
pub(crate) fn grant_of(kind: TokenKind, token: &str) -> Option<u64> {
    let rest = token.strip_prefix(kind.prefix())?.strip_prefix('_')?;
    rest.split_once('_')?.0.parse().ok()
}

/// The SHA-256 of a token: all that is remembered of it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct TokenHash([u8; 32]);

impl TokenHash {
    pub(crate) fn of(token: &str) -> Self {
        let digest = ring::digest::digest(&ring::digest::SHA256, token.as_bytes());
        let mut hash = [0; 32];
        for (to, from) in hash.iter_mut().zip(digest.as_ref()) {
            *to = *from;
        }
        Self(hash)
    }
}

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenHash(..)")
    }
}

impl Serialize for TokenHash {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&BASE64_URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl<'de> Deserialize<'de> for TokenHash {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(from)?;
        BASE64_URL_SAFE_NO_PAD
            .decode(text.as_bytes())
            .ok()
            .and_then(|bytes| bytes.try_into().ok())
            .map(Self)
            .ok_or_else(|| D::Error::custom("not a hash"))
    }
}

/// Eight bytes of a token's SHA-256, in hex where it is shown: tells tokens apart in the ledger.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenPrint([u8; 8]);

impl TokenPrint {
    /// The print of a token, for comparing what a client holds with what the ledger saw.
    pub fn of(token: &str) -> Self {
        let TokenHash([a, b, c, d, e, f, g, h, ..]) = TokenHash::of(token);
        Self([a, b, c, d, e, f, g, h])
    }
}

impl fmt::Display for TokenPrint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for TokenPrint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for TokenPrint {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use coffer_core::secret::ExposeSecret;
    use coffer_core::testing::FakeRandom;

    #[test]
    fn a_token_names_its_grant_and_its_kind() {
        let token = mint(TokenKind::Refresh, 42, &FakeRandom::default());
        let text = token.expose_secret();
        assert_eq!(grant_of(TokenKind::Refresh, text), Some(42));
        assert_eq!(grant_of(TokenKind::Access, text), None);
        assert_eq!(grant_of(TokenKind::Refresh, "simrt_x_y"), None);
        assert_eq!(TokenPrint::of(text).to_string().len(), 16);
    }

    #[test]
    fn a_hash_survives_json() {
        let hash = TokenHash::of("abc");
        let text = serde_json::to_string(&hash).unwrap();
        assert_eq!(text, "\"ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0\"");
        assert_eq!(serde_json::from_str::<TokenHash>(&text).unwrap(), hash);
        assert!(serde_json::from_str::<TokenHash>("\"AA\"").is_err());
    }
}
