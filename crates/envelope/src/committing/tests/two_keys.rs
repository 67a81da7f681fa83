//! GCM does not commit to its key: a ciphertext can be made that opens under two keys. This makes one.

use super::*;

const SALT_OF_BOTH: [u8; SALT] = [0x11; SALT];
const BLOCK: usize = 16;

/// One end of the collision: a root key, and the key that it derives for the salt.
struct End {
    root: RootKey,
    aad: &'static [u8],
    derived: MessageKey,
}

impl End {
    fn new(label: &[u8], aad: &'static [u8]) -> Self {
        let root = root(label);
        let derived = root.message_key(&SALT_OF_BOTH, MESSAGE.info);
        Self { root, aad, derived }
    }

    fn encrypt(&self, block: [u8; BLOCK]) -> ([u8; BLOCK], u128) {
        let (key, nonce) = self.derived.cipher().unwrap();
        let mut block = block;
        let tag = key
            .seal_in_place_separate_tag(nonce, Aad::from(self.aad), &mut block)
            .unwrap();
        (block, u128::from_be_bytes(tag.as_ref().try_into().unwrap()))
    }

    /// The tag that belongs to this one block of ciphertext.
    fn tag_of(&self, ciphertext: u128) -> u128 {
        let (keystream, _) = self.encrypt([0; BLOCK]);
        let plaintext = u128::from_be_bytes(keystream) ^ ciphertext;
        self.encrypt(plaintext.to_be_bytes()).1
    }

    fn opens_without_commitment(&self, ciphertext: u128, tag: u128) -> bool {
        let (key, nonce) = self.derived.cipher().unwrap();
        let tag = Tag::from(tag.to_be_bytes());
        let mut block = ciphertext.to_be_bytes();
        key.open_in_place_separate_tag(nonce, Aad::from(self.aad), tag, &mut block, 0..)
            .is_ok()
    }

    fn open(&self, commitment: &[u8], ciphertext: u128, tag: u128) -> Result<SecretBytes, FailureReason> {
        let tag = tag.to_be_bytes();
        let bytes = [&SALT_OF_BOTH, commitment, &ciphertext.to_be_bytes(), &tag].concat();
        let message = Message {
            info: MESSAGE.info,
            aad: self.aad,
        };
        self.root.open(&message, &Body::parse(&bytes).unwrap())
    }
}

/// Multiplication in GCM's field (NIST SP 800-38D, 6.3): bits are numbered from the most significant.
fn multiply(x: u128, y: u128) -> u128 {
    const POLYNOMIAL: u128 = 0xe1 << 120;
    let (mut product, mut power) = (0, y);
    for bit in (0..128).rev() {
        if x >> bit & 1 == 1 {
            product ^= power;
        }
        power = power >> 1 ^ if power & 1 == 1 { POLYNOMIAL } else { 0 };
    }
    product
}

/// x to the power 2^128 - 2.
fn inverse(x: u128) -> u128 {
    const ONE: u128 = 1 << 127;
    let (mut result, mut square) = (ONE, x);
    for _ in 1..128 {
        square = multiply(square, square);
        result = multiply(result, square);
    }
    result
}

#[test]
fn thr_8_ciphertext_that_opens_under_two_keys_is_refused() {
    let (a, b) = (
        End::new(b"a", b"the one place"),
        End::new(b"b", b"the other place, and longer than a block"),
    );
    // For one block X, the tag is c + X * H^2. Two tags give c and H^2; both ends give X.
    let one = 1_u128 << 127;
    let (c_a, c_b) = (a.tag_of(0), b.tag_of(0));
    let (h2_a, h2_b) = (a.tag_of(one) ^ c_a, b.tag_of(one) ^ c_b);
    let ciphertext = multiply(c_a ^ c_b, inverse(h2_a ^ h2_b));
    let tag = a.tag_of(ciphertext);

    assert!(
        a.opens_without_commitment(ciphertext, tag),
        "GCM alone takes it under one key"
    );
    assert!(b.opens_without_commitment(ciphertext, tag), "and under the other");

    let (of_a, of_b) = (a.derived.commitment(), b.derived.commitment());
    assert!(a.open(of_a, ciphertext, tag).is_ok());
    assert_eq!(
        b.open(of_a, ciphertext, tag).err(),
        Some(FailureReason::Commitment)
    );
    assert!(b.open(of_b, ciphertext, tag).is_ok());
    assert_eq!(
        a.open(of_b, ciphertext, tag).err(),
        Some(FailureReason::Commitment)
    );
}
