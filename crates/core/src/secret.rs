//! Values that must not be printed, logged or written down.
//!
//! There is no `Display` and no `Serialize`; `Debug` says `[REDACTED]`. Memory is zeroized on drop. To see the value
//! one must call [`secrecy::ExposeSecret`], which is easy to search for.

pub use secrecy::ExposeSecret;
use secrecy::SecretBox;

/// A secret text: a token, an authorization code, a password.
pub type SecretText = secrecy::SecretString;

/// Secret bytes: a key, a plaintext, a request body with credentials in it.
pub type SecretBytes = SecretBox<[u8]>;

/// Takes bytes as a secret without leaving a copy behind.
pub fn secret_bytes(bytes: Vec<u8>) -> SecretBytes {
    SecretBox::new(bytes.into_boxed_slice())
}

/// Takes a text as a secret without leaving a copy behind.
pub fn secret_text(text: String) -> SecretText {
    SecretText::from(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_nothing_of_the_value() {
        let (text, bytes) = (secret_text("rt-canary".into()), secret_bytes(b"canary".to_vec()));
        let shown = format!("{text:?} {bytes:?}");
        assert!(
            shown.contains("REDACTED") && !shown.contains("canary") && !shown.contains("99"),
            "{shown}"
        );
    }
}
