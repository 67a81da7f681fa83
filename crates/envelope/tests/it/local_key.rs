use crate::support::{hex, kek, kek_text, unhex};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use coffer_core::secret::{ExposeSecret, secret_text};
use coffer_core::{SystemRandom, testing::FakeRandom};
use coffer_envelope::{LocalKey, LocalKeyError};
use std::collections::HashSet;

fn parse(text: &str) -> Result<LocalKey, LocalKeyError> {
    LocalKey::parse(&secret_text(text.to_owned()))
}

/// Bytes that make `+`, `/`, `-` and `_` appear in base64.
fn awkward() -> Vec<u8> {
    let mut bytes = unhex(kek_text("awkward").expose_secret());
    bytes[..6].copy_from_slice(&[0xfb, 0xef, 0xbe, 0xff, 0xff, 0xff]);
    bytes
}

#[test]
fn every_form_of_a_key_is_the_same_key() {
    let bytes = awkward();
    let forms = [
        hex(&bytes),
        hex(&bytes).to_uppercase(),
        STANDARD.encode(&bytes),
        STANDARD_NO_PAD.encode(&bytes),
        URL_SAFE.encode(&bytes),
        URL_SAFE_NO_PAD.encode(&bytes),
        format!("  {}\r\n", STANDARD.encode(&bytes)),
    ];
    let names: HashSet<String> = forms
        .iter()
        .map(|form| parse(form).unwrap().kek_ref().to_owned())
        .collect();
    assert_eq!(names.len(), 1);
    let name = names.into_iter().next().unwrap();
    let digits = name.strip_prefix("local:").unwrap();
    assert!(
        digits.len() == 16 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()),
        "{name}"
    );
}

#[test]
fn a_wrong_length_is_told_with_what_to_do() {
    for length in [0, 1, 16, 31, 33, 64] {
        let error = parse(&STANDARD.encode(vec![0x5c; length])).unwrap_err();
        assert!(
            matches!(error, LocalKeyError::Length(told) if told == length),
            "{error}"
        );
        let told = error.to_string();
        assert!(
            told.contains(&format!("{length} bytes")) && told.contains("32"),
            "{told}"
        );
        assert!(told.contains("coffer-server keys generate"), "{told}");
    }
}

#[test]
fn what_is_no_encoding_is_refused_and_not_repeated() {
    let mixed = "-_+/".repeat(11);
    for text in ["not a key!", "ключ", mixed.as_str(), &"A".repeat(10_000)] {
        let error = parse(text).unwrap_err();
        assert!(matches!(error, LocalKeyError::Encoding), "{error}");
        assert!(!error.to_string().contains(text));
    }
}

#[test]
fn keys_that_anybody_can_guess_are_refused() {
    let count = |start: u8, step: u8| {
        (0..32)
            .map(|n: u8| start.wrapping_add(n.wrapping_mul(step)))
            .collect()
    };
    let half = &awkward()[..16];
    let guessable: Vec<Vec<u8>> = vec![
        vec![0; 32],
        vec![0xff; 32],
        vec![0x42; 32],
        count(0, 1),
        count(1, 1),
        count(31, 255),
        count(0, 0x11),
        [0xde, 0xad, 0xbe, 0xef].repeat(8),
        [half, half].concat(),
        b"change-me-change-me-change-me-!!".to_vec(),
        b"this is not a random master key.".to_vec(),
        [vec![0; 31], vec![1]].concat(),
    ];
    for bytes in guessable {
        for text in [hex(&bytes), STANDARD.encode(&bytes)] {
            let refused = parse(&text);
            assert!(matches!(refused, Err(LocalKeyError::Guessable)), "{bytes:02x?}");
        }
    }
}

#[test]
fn generated_keys_are_accepted_and_differ() {
    let mut names = HashSet::new();
    for _ in 0..1000 {
        let text = LocalKey::generate(&SystemRandom);
        assert_eq!(text.expose_secret().len(), 44);
        assert!(names.insert(LocalKey::parse(&text).unwrap().kek_ref().to_owned()));
    }
    let same = |seed| {
        LocalKey::generate(&FakeRandom::seeded(seed))
            .expose_secret()
            .to_owned()
    };
    assert_eq!(same(1), same(1), "it asks the given generator");
    assert_ne!(same(1), same(2));
}

#[test]
fn debug_shows_the_name_only() {
    let key = kek("primary");
    assert_eq!(format!("{key:?}"), format!("LocalKey({})", key.kek_ref()));
    let source = coffer_envelope::LocalKeySource::new(key, std::sync::Arc::new(SystemRandom));
    let shown = format!("{source:?}");
    assert!(
        !shown.contains(kek_text("primary").expose_secret()) && shown.contains("local:"),
        "{shown}"
    );
}

#[cfg(unix)]
mod file {
    use super::*;
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::PathBuf;

    fn file(folder: &tempfile::TempDir, content: &[u8], mode: u32) -> PathBuf {
        let path = folder.path().join(format!("key-{mode:o}"));
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        path
    }

    #[test]
    fn a_file_that_only_its_owner_reads_is_taken() {
        let folder = tempfile::tempdir().unwrap();
        let text = format!("{}\n", kek_text("file").expose_secret());
        for mode in [0o600, 0o400] {
            let key = LocalKey::from_file(&file(&folder, text.as_bytes(), mode)).unwrap();
            assert_eq!(key.kek_ref(), kek("file").kek_ref());
        }
    }

    #[test]
    fn a_file_that_others_may_read_is_refused_with_the_remedy() {
        let folder = tempfile::tempdir().unwrap();
        for mode in [0o640, 0o604, 0o644, 0o620, 0o601] {
            let path = file(&folder, kek_text("file").expose_secret().as_bytes(), mode);
            let told = LocalKey::from_file(&path).unwrap_err().to_string();
            assert!(told.contains(&format!("chmod 600 {}", path.display())), "{told}");
            assert!(told.contains(&format!("{mode:o}")), "{told}");
        }
    }

    #[test]
    fn a_missing_huge_or_binary_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let missing = LocalKey::from_file(&folder.path().join("nothing")).unwrap_err();
        assert!(matches!(missing, LocalKeyError::Unreadable { .. }));
        let huge = LocalKey::from_file(&file(&folder, &vec![b'A'; 1 << 20], 0o600)).unwrap_err();
        assert!(matches!(huge, LocalKeyError::Encoding));
        let binary = LocalKey::from_file(&file(&folder, &[0xff; 32], 0o600)).unwrap_err();
        assert!(matches!(binary, LocalKeyError::Encoding));
        let empty = LocalKey::from_file(&file(&folder, b"", 0o600)).unwrap_err();
        assert!(matches!(empty, LocalKeyError::Length(0)));
    }
}
