use super::*;
use coffer_core::testing::FakeRandom;

mod two_keys;
mod wycheproof;

fn root(label: &[u8]) -> RootKey {
    RootKey::new(SecretBox::init_with_mut(|to: &mut [u8; KEY]| {
        to.copy_from_slice(ring::digest::digest(&ring::digest::SHA256, label).as_ref());
    }))
}

const MESSAGE: Message<'static> = Message {
    info: &[b"test"],
    aad: b"authenticated",
};

fn sealed(root: &RootKey, plaintext: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    root.seal(&MESSAGE, plaintext, &FakeRandom::default(), &mut out)
        .unwrap();
    out
}

fn open(root: &RootKey, bytes: &[u8]) -> Result<Vec<u8>, FailureReason> {
    let opened = root.open(&MESSAGE, &Body::parse(bytes).unwrap())?;
    Ok(opened.expose_secret().to_vec())
}

#[test]
fn what_is_sealed_opens_under_the_same_key_only() {
    let bytes = sealed(&root(b"a"), b"plaintext");
    assert_eq!(bytes.len(), b"plaintext".len() + EXPANSION);
    assert_eq!(open(&root(b"a"), &bytes), Ok(b"plaintext".to_vec()));
    assert_eq!(open(&root(b"b"), &bytes), Err(FailureReason::Commitment));
}

#[test]
fn info_and_authenticated_data_are_bound() {
    let (root, bytes) = (root(b"a"), sealed(&root(b"a"), b"plaintext"));
    let body = Body::parse(&bytes).unwrap();
    let other_info = Message {
        info: &[b"tesu"],
        ..MESSAGE
    };
    let other_aad = Message {
        aad: b"authenticatee",
        ..MESSAGE
    };
    assert_eq!(
        root.open(&other_info, &body).err(),
        Some(FailureReason::Commitment)
    );
    assert_eq!(
        root.open(&other_aad, &body).err(),
        Some(FailureReason::Authentication)
    );
}

#[test]
fn comparison_sees_every_difference() {
    let a = [0x5a_u8; 32];
    assert!(equal_in_constant_time(&a, &a));
    for bit in 0..256 {
        let mut b = a;
        b[bit / 8] ^= 1 << (bit % 8);
        assert!(!equal_in_constant_time(&a, &b), "bit {bit}");
    }
    assert!(!equal_in_constant_time(&a, &a[..31]) && !equal_in_constant_time(&a[..31], &a));
}
