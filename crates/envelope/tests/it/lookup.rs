use crate::support::{World, tenant};
use coffer_core::data_key::DataKeyPurpose;
use std::collections::HashSet;

#[tokio::test]
async fn a_hash_is_the_same_on_every_replica() {
    let world = World::new();
    let ours = world.ring.lookup_key(tenant(1)).await.unwrap();
    let theirs = world.replica("primary").lookup_key(tenant(1)).await.unwrap();
    assert_eq!(
        ours.hash("caller-key", b"value"),
        theirs.hash("caller-key", b"value")
    );
    assert_eq!(
        ours.fingerprint("subject", b"value"),
        theirs.fingerprint("subject", b"value")
    );
}

#[tokio::test]
async fn thr_12_tenant_label_and_value_each_change_the_index() {
    let world = World::new();
    let mut hashes = HashSet::new();
    let mut fingerprints = HashSet::new();
    for number in [1, 2] {
        let key = world.ring.lookup_key(tenant(number)).await.unwrap();
        assert_eq!(key.tenant(), tenant(number));
        for label in ["subject", "e-mail", "subjec", ""] {
            for value in ["a", "b", "ta", ""] {
                let hash = key.hash(label, value.as_bytes());
                let fingerprint = key.fingerprint(label, value.as_bytes());
                assert_ne!(hash.0[..16], fingerprint.0, "an index is not the start of a hash");
                assert!(
                    hashes.insert(hash) && fingerprints.insert(fingerprint),
                    "{number} {label} {value}"
                );
            }
        }
    }
}

#[tokio::test]
async fn the_lookup_key_is_apart_from_the_sealing_key() {
    let world = World::new();
    let seal = world.ring.prepare(tenant(1)).await.unwrap();
    world.ring.lookup_key(tenant(1)).await.unwrap();
    let keys = world.keys.all();
    assert_eq!(keys.len(), 2);
    let lookup = keys
        .iter()
        .find(|key| key.purpose == DataKeyPurpose::Lookup)
        .unwrap();
    assert_ne!(lookup.id, seal.data_key_id());
}
