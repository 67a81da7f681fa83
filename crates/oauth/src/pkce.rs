//! Unpredictable values: PKCE (RFC 7636), `state` and `nonce`.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use coffer_core::secret::{ExposeSecret, secret_text};
use coffer_core::{SecretText, SecureRandom};
use openidconnect::{PkceCodeChallenge, PkceCodeVerifier};
use zeroize::Zeroizing;

/// A new secret of 256 bits as 43 characters of base64url: valid as a code verifier, a `state` and a `nonce`.
pub(crate) fn secret_256(random: &dyn SecureRandom) -> SecretText {
    let mut bytes = Zeroizing::new([0_u8; 32]);
    random.fill(bytes.as_mut());
    secret_text(BASE64_URL_SAFE_NO_PAD.encode(bytes.as_ref()))
}

/// The `code_challenge` of a verifier by S256, the only method that we use (RFC 7636, section 4.2). `None` when the
/// verifier has not the 43 to 128 characters that it must have.
pub fn s256_challenge(verifier: &SecretText) -> Option<String> {
    let verifier = verifier.expose_secret();
    (43..=128).contains(&verifier.len()).then(|| {
        let verifier = PkceCodeVerifier::new(verifier.to_owned());
        PkceCodeChallenge::from_code_verifier_sha256(&verifier)
            .as_str()
            .to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use coffer_core::testing::FakeRandom;

    #[test]
    fn oa_c02_the_challenge_is_that_of_rfc_7636_appendix_b() {
        let verifier = SecretText::from("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
        let challenge = s256_challenge(&verifier).unwrap();
        assert_eq!(challenge, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
        assert_eq!(s256_challenge(&SecretText::from("short")), None);
    }

    #[test]
    fn oa_c02_a_secret_has_256_bits_and_is_new_each_time() {
        let random = FakeRandom::seeded(7);
        let (one, two) = (secret_256(&random), secret_256(&random));
        assert_eq!(
            BASE64_URL_SAFE_NO_PAD.decode(one.expose_secret()).unwrap().len(),
            32
        );
        assert_ne!(one.expose_secret(), two.expose_secret());
    }
}
