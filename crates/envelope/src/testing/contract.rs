use crate::source::{KeySource, KeySourceError, WrapContext};
use coffer_core::data_key::{DataKeyPurpose, KeyWrap};
use coffer_core::id::{DataKeyId, TenantId};
use coffer_core::secret::{ExposeSecret, secret_bytes};
use uuid::Uuid;

/// What every key source must do. Panics where one does not.
///
/// It makes about 100 calls.
pub async fn key_source_contract(source: &dyn KeySource) {
    let wrap = wraps_and_unwraps(source).await;
    binds_every_part_of_the_context(source, &wrap).await;
    refuses_every_changed_or_cut_wrap(source, &wrap).await;
    names_the_key_it_does_not_have(source, &wrap).await;
}

const KEY: [u8; 32] = *b"a data key of the contract suite";

fn context() -> WrapContext {
    WrapContext {
        installation: "contract".to_owned(),
        tenant: TenantId::from_uuid(Uuid::from_u128(1)),
        key: DataKeyId::from_uuid(Uuid::from_u128(2)),
        version: 3,
        purpose: DataKeyPurpose::Seal,
    }
}

async fn wrap(source: &dyn KeySource) -> KeyWrap {
    let wrapped = source.wrap(&context(), &secret_bytes(KEY.to_vec())).await;
    #[expect(clippy::expect_used, reason = "a contract suite fails by panicking")]
    wrapped.expect("a working source wraps")
}

async fn wraps_and_unwraps(source: &dyn KeySource) -> KeyWrap {
    let (first, second) = (wrap(source).await, wrap(source).await);
    assert_eq!(first.kek, source.kek_ref(), "the primary key wraps");
    assert!(source.reads(&first.kek), "it reads what it wraps");
    assert_ne!(first.blob, second.blob, "two wraps of one key differ");
    assert!(
        !first
            .blob
            .windows(8)
            .any(|window| KEY.windows(8).any(|key| key == window)),
        "the key does not stand in its wrap"
    );
    for wrap in [&first, &second] {
        let key = source.unwrap(&context(), wrap).await;
        assert!(
            key.is_ok_and(|key| key.expose_secret() == KEY),
            "it unwraps what it wraps"
        );
    }
    first
}

async fn binds_every_part_of_the_context(source: &dyn KeySource, wrap: &KeyWrap) {
    let original = context();
    let others = [
        WrapContext {
            installation: "contract2".to_owned(),
            ..original.clone()
        },
        WrapContext {
            tenant: TenantId::from_uuid(Uuid::from_u128(9)),
            ..original.clone()
        },
        WrapContext {
            key: DataKeyId::from_uuid(Uuid::from_u128(9)),
            ..original.clone()
        },
        WrapContext {
            version: 4,
            ..original.clone()
        },
        WrapContext {
            purpose: DataKeyPurpose::Lookup,
            ..original
        },
    ];
    for other in others {
        refused_as_malformed(source, &other, wrap).await;
    }
}

async fn refuses_every_changed_or_cut_wrap(source: &dyn KeySource, wrap: &KeyWrap) {
    for at in 0..wrap.blob.len() {
        let mut changed = wrap.clone();
        changed
            .blob
            .iter_mut()
            .skip(at)
            .take(1)
            .for_each(|byte| *byte ^= 1);
        refused_as_malformed(source, &context(), &changed).await;
    }
    for length in [0, 1, wrap.blob.len() / 2, wrap.blob.len().saturating_sub(1)] {
        let mut cut = wrap.clone();
        cut.blob.truncate(length);
        refused_as_malformed(source, &context(), &cut).await;
    }
}

async fn refused_as_malformed(source: &dyn KeySource, context: &WrapContext, wrap: &KeyWrap) {
    let answer = source.unwrap(context, wrap).await;
    assert!(
        matches!(&answer, Err(KeySourceError::Malformed { kek }) if *kek == wrap.kek),
        "{answer:?} in {context:?}"
    );
}

async fn names_the_key_it_does_not_have(source: &dyn KeySource, wrap: &KeyWrap) {
    let foreign = KeyWrap {
        kek: format!("{}0", wrap.kek),
        blob: wrap.blob.clone(),
    };
    assert!(
        !source.reads(&foreign.kek),
        "it does not read a key it does not have"
    );
    let answer = source.unwrap(&context(), &foreign).await;
    assert!(
        matches!(&answer, Err(KeySourceError::WrongKey { sealed_under, configured })
            if *sealed_under == foreign.kek && configured == source.kek_ref()),
        "{answer:?}"
    );
}
