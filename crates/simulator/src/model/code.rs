use super::token::TokenHash;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use coffer_core::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What an authorization code stands for.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Code {
    pub(crate) client_id: String,
    pub(crate) redirect_uri: String,
    /// The S256 challenge (RFC 7636, section 4.2).
    pub(crate) challenge: Option<String>,
    pub(crate) nonce: Option<String>,
    pub(crate) sub: String,
    pub(crate) scopes: Vec<String>,
    pub(crate) issued_at: Timestamp,
    pub(crate) expires_at: Timestamp,
    /// The grant that it was exchanged for.
    pub(crate) grant: Option<u64>,
}

/// The authorization codes, by number. A used one is remembered, so that its second use is noticed.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Codes {
    last: u64,
    by_number: BTreeMap<u64, (TokenHash, Code)>,
}

impl Codes {
    /// The number of the next code, which goes into its text.
    pub(crate) fn next_number(&mut self) -> u64 {
        self.last = self.last.saturating_add(1);
        self.last
    }

    pub(crate) fn insert(&mut self, number: u64, hash: TokenHash, code: Code, keep: usize) {
        while self.by_number.len() >= keep.max(1) {
            self.by_number.pop_first();
        }
        self.by_number.insert(number, (hash, code));
    }

    pub(crate) fn find(&self, number: u64, hash: TokenHash) -> Option<&Code> {
        let (known, code) = self.by_number.get(&number)?;
        (*known == hash).then_some(code)
    }

    pub(crate) fn spend(&mut self, number: u64, grant: u64) {
        if let Some((_, code)) = self.by_number.get_mut(&number) {
            code.grant = Some(grant);
        }
    }
}

/// Whether the verifier is well formed (RFC 7636, section 4.1) and hashes to the challenge (4.6).
pub(crate) fn verifies(verifier: &str, challenge: &str) -> bool {
    let formed = (43..=128).contains(&verifier.len())
        && verifier
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte));
    let digest = ring::digest::digest(&ring::digest::SHA256, verifier.as_bytes());
    formed && BASE64_URL_SAFE_NO_PAD.encode(digest) == challenge
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pkce_follows_rfc_7636_appendix_b() {
        let (verifier, challenge) = (
            "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        );
        assert!(verifies(verifier, challenge));
        assert!(!verifies(&verifier.replace('d', "e"), challenge));
        assert!(!verifies("short", challenge));
    }
}
