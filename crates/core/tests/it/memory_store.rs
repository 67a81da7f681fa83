use coffer_core::ports::{StoreHealth as _, Stores, TenantStore as _};
use coffer_core::testing::{FakeClock, Fault, MemoryStore, Method, fixture};
use coffer_core::{Clock as _, OperatorScope, StoreError};
use std::sync::Arc;
use std::time::Duration;

async fn fixture() -> Stores {
    Stores::of(&Arc::new(MemoryStore::new(Arc::new(FakeClock::default()))))
}

mod contract {
    coffer_core::store_contract!(crate::memory_store::fixture);
}

fn store() -> (Arc<FakeClock>, MemoryStore) {
    let clock = Arc::new(FakeClock::default());
    (clock.clone(), MemoryStore::new(clock))
}

fn tenant_audit() -> coffer_core::audit::AuditEntry {
    fixture::audit(
        coffer_core::id::TenantId::INSTALLATION,
        coffer_core::audit::AuditVerb::TenantCreate,
    )
}

const OPERATOR: OperatorScope = OperatorScope::assume("a test of the store in memory");

#[tokio::test]
async fn fault_is_met_as_often_as_it_was_asked_for() {
    let (_, store) = store();
    store.fail_next(Method::Ping, Fault::Unavailable, 2);
    for _ in 0..2 {
        assert!(matches!(store.ping().await, Err(StoreError::Unavailable(_))));
    }
    assert!(store.ping().await.is_ok());
    assert_eq!(store.calls(Method::Ping), 3);
    assert_eq!(store.total_calls(), 3);
}

#[tokio::test]
async fn unavailable_store_does_nothing_and_unknown_commit_is_done() {
    let (_, store) = store();
    let (one, two) = (fixture::tenant(), fixture::tenant());
    store.fail_next(Method::CreateTenant, Fault::Unavailable, 1);
    store.fail_next(Method::CreateTenant, Fault::CommitUnknown, 1);
    let answer = store.create(&OPERATOR, &one, &tenant_audit()).await;
    assert!(matches!(answer, Err(StoreError::Unavailable(_))), "{answer:?}");
    let answer = store.create(&OPERATOR, &two, &tenant_audit()).await;
    assert!(matches!(answer, Err(StoreError::CommitUnknown(_))), "{answer:?}");
    assert_eq!(store.find(&OPERATOR, one.id).await.unwrap(), None);
    assert_eq!(store.find(&OPERATOR, two.id).await.unwrap(), Some(two));
}

#[tokio::test]
async fn fault_of_any_method_is_met_by_the_next_call_and_can_be_mended() {
    let (_, store) = store();
    store.fail_any(Fault::Unavailable, 5);
    assert!(store.find(&OPERATOR, fixture::tenant().id).await.is_err());
    assert!(store.ping().await.is_err());
    store.mend();
    assert!(store.ping().await.is_ok());
}

#[tokio::test]
async fn store_tells_the_time_of_its_own_clock() {
    let (clock, store) = store();
    clock.advance(Duration::from_secs(5));
    assert_eq!(store.ping().await.unwrap(), clock.now());
}

#[tokio::test]
async fn debug_shows_how_many_tenants_there_are_and_no_more() {
    let (_, store) = store();
    store
        .create(&OPERATOR, &fixture::tenant(), &tenant_audit())
        .await
        .unwrap();
    assert_eq!(format!("{store:?}"), "MemoryStore(1 tenants)");
}
