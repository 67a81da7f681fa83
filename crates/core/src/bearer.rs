//! Our own bearer secrets: `prefix_` + 32 random bytes in base62 + a 6-character checksum, so that secret scanners
//! find them and a mistyped one is refused without asking the database (docs/adr/0003).

use crate::{SecretText, SecureRandom, secret::secret_text};

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const BODY: usize = 43;
const CHECK: usize = 6;

/// What a bearer secret of ours is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BearerKind {
    /// The API key of a caller or of an operator.
    ApiKey,
    /// The token in the link of a connect session.
    ConnectSession,
    /// The one-time result that comes back with the user's browser.
    ConnectResult,
    /// The `state` of an authorization request.
    State,
    /// What binds a flow to the browser that started it; it lies in a cookie.
    Browser,
}

impl BearerKind {
    const ALL: [Self; 5] = [
        Self::ApiKey,
        Self::ConnectSession,
        Self::ConnectResult,
        Self::State,
        Self::Browser,
    ];

    /// The prefix, without the underscore.
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::ApiKey => "cfr",
            Self::ConnectSession => "cfs",
            Self::ConnectResult => "cfx",
            Self::State => "cft",
            Self::Browser => "cfb",
        }
    }

    /// Makes a new secret of this kind.
    pub fn generate(self, random: &dyn SecureRandom) -> SecretText {
        let mut bytes = zeroize::Zeroizing::new([0_u8; 32]);
        random.fill(bytes.as_mut_slice());
        let mut text = format!("{}_", self.prefix());
        push_base62(&mut text, &bytes);
        let check = checksum(text.as_bytes());
        text.push_str(&check);
        secret_text(text)
    }

    /// Whether a text has the form of a secret of this kind: prefix, length, alphabet and checksum.
    pub fn matches(self, text: &str) -> bool {
        let Some(rest) = text
            .strip_prefix(self.prefix())
            .and_then(|rest| rest.strip_prefix('_'))
        else {
            return false;
        };
        if rest.len() != BODY + CHECK || !rest.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return false;
        }
        let (body, check) = text.split_at(text.len() - CHECK);
        checksum(body.as_bytes()) == check
    }

    /// The kind of secret that a text has the form of, if any.
    pub fn of(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.matches(text))
    }
}

/// Writes 256 bits as 43 digits of base 62, most significant first.
fn push_base62(to: &mut String, bytes: &[u8; 32]) {
    let mut number = *bytes;
    let mut digits = [b'0'; BODY];
    for digit in digits.iter_mut().rev() {
        let mut rest = 0_u16;
        for byte in &mut number {
            let value = (rest << 8) | u16::from(*byte);
            *byte = u8::try_from(value / 62).unwrap_or(u8::MAX);
            rest = value % 62;
        }
        *digit = symbol(u32::from(rest));
    }
    zeroize::Zeroize::zeroize(&mut number);
    to.extend(digits.iter().map(|digit| char::from(*digit)));
    zeroize::Zeroize::zeroize(&mut digits);
}

fn symbol(value: u32) -> u8 {
    usize::try_from(value)
        .ok()
        .and_then(|at| ALPHABET.get(at))
        .copied()
        .unwrap_or(b'0')
}

/// CRC-32 (ISO-HDLC) in six base-62 digits: it finds typing errors, and protects nothing.
fn checksum(bytes: &[u8]) -> String {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            let mask = (crc & 1).wrapping_neg();
            crc = (crc >> 1) ^ (0xedb8_8320 & mask);
        }
    }
    let mut rest = !crc;
    let mut digits = [b'0'; CHECK];
    for digit in digits.iter_mut().rev() {
        *digit = symbol(rest % 62);
        rest /= 62;
    }
    digits.iter().map(|digit| char::from(*digit)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SystemRandom;
    use crate::secret::ExposeSecret;

    #[derive(Debug)]
    struct Constant(u8);
    impl SecureRandom for Constant {
        fn fill(&self, to: &mut [u8]) {
            to.fill(self.0);
        }
    }

    #[test]
    fn t1_generated_secrets_have_their_form_and_differ() {
        let (a, b) = (
            BearerKind::ApiKey.generate(&SystemRandom),
            BearerKind::ApiKey.generate(&SystemRandom),
        );
        assert_ne!(a.expose_secret(), b.expose_secret());
        assert_eq!(a.expose_secret().len(), 4 + BODY + CHECK);
        assert_eq!(BearerKind::of(a.expose_secret()), Some(BearerKind::ApiKey));
        assert!(!BearerKind::State.matches(a.expose_secret()));
    }

    #[test]
    fn any_single_changed_character_is_refused() {
        let secret = BearerKind::ConnectSession.generate(&SystemRandom);
        for at in 0..secret.expose_secret().len() {
            let mut changed = secret.expose_secret().as_bytes().to_vec();
            changed[at] = if changed[at] == b'a' { b'b' } else { b'a' };
            assert_eq!(
                BearerKind::of(std::str::from_utf8(&changed).unwrap()),
                None,
                "at {at}"
            );
        }
    }

    #[test]
    fn extremes_keep_the_length() {
        for byte in [0, 255] {
            let secret = BearerKind::State.generate(&Constant(byte));
            assert!(BearerKind::State.matches(secret.expose_secret()));
        }
    }

    #[test]
    fn checksum_is_crc_32() {
        // The check value of CRC-32/ISO-HDLC is 0xcbf43926 for "123456789"; in base 62 with six digits:
        let mut value = 0xcbf4_3926_u32;
        let mut digits = Vec::new();
        for _ in 0..6 {
            digits.push(char::from(symbol(value % 62)));
            value /= 62;
        }
        assert_eq!(checksum(b"123456789"), digits.iter().rev().collect::<String>());
    }

    #[test]
    fn multi_byte_text_is_refused_without_a_panic() {
        assert_eq!(BearerKind::of(&format!("cfr_{}", "é".repeat(24))), None);
        assert_eq!(BearerKind::of("cfr_"), None);
    }
}
