use crate::committing::{KEY, RootKey};
use base64::Engine as _;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use coffer_core::secret::{ExposeSecret, secret_text};
use coffer_core::{SecretText, SecureRandom};
use secrecy::SecretBox;
use std::collections::BTreeSet;
use std::fmt;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// No form of a key is longer, with room for white space; a longer file is something else.
const MAX_TEXT: usize = 4096;

/// A key encryption key of 32 bytes, stretched with HKDF-SHA-512. Its name is `local:` and 16 hexadecimal digits
/// of a fingerprint that tells nothing about the key.
pub struct LocalKey {
    kek_ref: String,
    root: RootKey,
}

impl LocalKey {
    /// Reads a key from text: 32 bytes as hexadecimal digits, or as base64 (standard or URL-safe, padded or not).
    /// White space around it is ignored.
    ///
    /// # Errors
    /// Every variant of [`LocalKeyError`] but the two about files.
    pub fn parse(text: &SecretText) -> Result<Self, LocalKeyError> {
        let bytes = decode(text.expose_secret().trim())?;
        let length = bytes.len();
        let bytes: &[u8; KEY] = bytes
            .as_slice()
            .try_into()
            .map_err(|_| LocalKeyError::Length(length))?;
        if is_guessable(bytes) {
            return Err(LocalKeyError::Guessable);
        }
        Ok(Self::stretch(bytes))
    }

    /// Reads a key from a file that holds the text of [`LocalKey::parse`]. On Unix, nobody but its owner may read it.
    ///
    /// # Errors
    /// Every variant of [`LocalKeyError`].
    pub fn from_file(path: &Path) -> Result<Self, LocalKeyError> {
        let unreadable = |cause| LocalKeyError::Unreadable {
            path: path.to_owned(),
            cause,
        };
        let mut file = File::open(path).map_err(unreadable)?;
        check_mode(path, &file)?;
        let mut text = Zeroizing::new(Vec::with_capacity(MAX_TEXT));
        let limit = u64::try_from(MAX_TEXT).unwrap_or(u64::MAX);
        (&mut file)
            .take(limit)
            .read_to_end(&mut text)
            .map_err(unreadable)?;
        let text = std::str::from_utf8(&text).map_err(|_| LocalKeyError::Encoding)?;
        Self::parse(&secret_text(text.to_owned()))
    }

    /// Makes a new key and gives its text: base64, 44 characters.
    pub fn generate(random: &dyn SecureRandom) -> SecretText {
        let mut bytes = Zeroizing::new([0_u8; KEY]);
        random.fill(bytes.as_mut());
        secret_text(STANDARD.encode(bytes.as_slice()))
    }

    /// The name under which this key's wraps are stored, such as `local:6f1c2a9b30d4e587`.
    pub fn kek_ref(&self) -> &str {
        &self.kek_ref
    }

    pub(super) fn root(&self) -> &RootKey {
        &self.root
    }

    fn stretch(bytes: &[u8; KEY]) -> Self {
        let given = RootKey::new(SecretBox::init_with_mut(|to: &mut [u8; KEY]| {
            to.copy_from_slice(bytes)
        }));
        let stretched = given.subkey(&[b"local-kek/v1"]);
        let fingerprint = given.subkey(&[b"local-kek/fingerprint/v1"]);
        let digits: String = fingerprint
            .iter()
            .take(8)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        Self {
            kek_ref: format!("local:{digits}"),
            root: RootKey::new(SecretBox::init_with_mut(|to: &mut [u8; KEY]| {
                to.copy_from_slice(stretched.as_slice());
            })),
        }
    }
}

impl fmt::Debug for LocalKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LocalKey({})", self.kek_ref)
    }
}

/// Why a text or file is not a usable key. No variant holds any of the text.
#[derive(Debug, thiserror::Error)]
pub enum LocalKeyError {
    /// Neither hexadecimal nor base64.
    #[error("the key is neither base64 nor hexadecimal; make one with `coffer-server keys generate`")]
    Encoding,
    /// The wrong number of bytes.
    #[error("the key has {0} bytes, it must have 32; make one with `coffer-server keys generate`")]
    Length(usize),
    /// All zeros, a repeated pattern, a count, or a text: a key that somebody else has too.
    #[error(
        "the key is an example or follows a pattern, so anybody can guess it; make one with `coffer-server keys generate`"
    )]
    Guessable,
    /// Others than its owner may read the file.
    #[error("others may read the key file {} (its mode is {mode:03o}); run: chmod 600 {}", path.display(), path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The file cannot be read.
    #[error("the key file {} cannot be read", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        cause: io::Error,
    },
}

fn decode(text: &str) -> Result<Zeroizing<Vec<u8>>, LocalKeyError> {
    if text.len() >= MAX_TEXT {
        return Err(LocalKeyError::Encoding);
    }
    if text.len() == 2 * KEY
        && let Some(bytes) = decode_hex(text)
    {
        return Ok(bytes);
    }
    let url_safe = text.contains(['-', '_']);
    let alphabet = if url_safe {
        &alphabet::URL_SAFE
    } else {
        &alphabet::STANDARD
    };
    let config = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let mut bytes = Zeroizing::new(vec![0; base64::decoded_len_estimate(text.len())]);
    let length = GeneralPurpose::new(alphabet, config)
        .decode_slice(text, &mut bytes)
        .map_err(|_| LocalKeyError::Encoding)?;
    bytes.truncate(length);
    Ok(bytes)
}

fn decode_hex(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    let mut bytes = Zeroizing::new(Vec::with_capacity(KEY));
    for pair in text.as_bytes().chunks_exact(2) {
        let [high, low] = pair else { return None };
        bytes.push(u8::try_from(digit(high)? << 4 | digit(low)?).ok()?);
    }
    Some(bytes)
}

/// Whether the key has a shape that a random one has with a chance below 2^-40.
fn is_guessable(key: &[u8; KEY]) -> bool {
    let distinct = key.iter().collect::<BTreeSet<_>>().len();
    let steps: BTreeSet<u8> = key
        .iter()
        .zip(key.iter().skip(1))
        .map(|(a, b)| b.wrapping_sub(*a))
        .collect();
    let repeats = (1..=KEY / 2).any(|period| key.iter().zip(key.iter().skip(period)).all(|(a, b)| a == b));
    let is_text = key.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ');
    distinct < 16 || steps.len() < 4 || repeats || is_text
}

#[cfg(unix)]
fn check_mode(path: &Path, file: &File) -> Result<(), LocalKeyError> {
    use std::os::unix::fs::PermissionsExt as _;
    let metadata = file.metadata().map_err(|cause| LocalKeyError::Unreadable {
        path: path.to_owned(),
        cause,
    })?;
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(LocalKeyError::Exposed {
            path: path.to_owned(),
            mode,
        });
    }
    Ok(())
}

#[cfg(not(unix))]
fn check_mode(_: &Path, _: &File) -> Result<(), LocalKeyError> {
    Ok(())
}
