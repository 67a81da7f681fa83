//! What only the inside of the pool can do to a database.

use crate::config::{PoolSizes, Timeouts};
use crate::store::Backend;
use crate::{Database, Store, StoreConfig};
use coffer_core::audit::AuditVerb;
use coffer_core::id::TenantId;
use coffer_core::page::PageRequest;
use coffer_core::ports::{CallerStore, TenantStore};
use coffer_core::testing::fixture;
use coffer_core::{OperatorScope, StoreError, TenantScope};
use diesel_async::SimpleAsyncConnection as _;

const OPERATOR: OperatorScope = OperatorScope::assume("a test");

struct Opened {
    store: Store,
    scope: TenantScope,
    _folder: tempfile::TempDir,
}

impl Opened {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("coffer.db");
        let mut config = StoreConfig::new(Database::Sqlite { path });
        config.pools = PoolSizes {
            readers: 2,
            ..PoolSizes::default()
        };
        config.timeouts = Timeouts::default();
        let store = Store::connect(config).await.unwrap();
        store.migrate().await.unwrap();
        let tenant = fixture::tenant();
        let audit = fixture::audit(TenantId::INSTALLATION, AuditVerb::TenantCreate);
        TenantStore::create(&store, &OPERATOR, &tenant, &audit)
            .await
            .unwrap();
        Self {
            store,
            scope: TenantScope::assume(tenant.id, "a test"),
            _folder: folder,
        }
    }

    async fn on_writer(&self, sql: &str) {
        let Backend::Sqlite(backend) = &self.store.inner.backend else {
            panic!("not SQLite");
        };
        backend.writer().await.unwrap().batch_execute(sql).await.unwrap();
    }

    async fn create_caller(&self, name: &str) -> Result<(), StoreError> {
        let mut caller = fixture::caller(self.scope.tenant());
        caller.name = name.to_owned();
        let audit = fixture::audit(self.scope.tenant(), AuditVerb::CallerCreate);
        CallerStore::create(&self.store, &self.scope, &caller, &audit).await
    }

    async fn callers(&self) -> usize {
        let page = CallerStore::list(&self.store, &self.scope, PageRequest::default()).await;
        page.unwrap().items.len()
    }
}

#[tokio::test]
async fn full_disk_is_unavailable_and_loses_nothing() {
    let opened = Opened::new().await;
    opened.create_caller("first").await.unwrap();
    opened.on_writer("PRAGMA max_page_count = 1").await;
    let refused = opened.create_caller(&"long".repeat(100_000)).await.unwrap_err();
    assert!(matches!(refused, StoreError::Unavailable(_)), "{refused:?}");
    assert_eq!(opened.callers().await, 1);
    opened.on_writer("PRAGMA max_page_count = 1000000").await;
    opened.create_caller("second").await.unwrap();
    assert_eq!(opened.callers().await, 2);
}

#[tokio::test]
async fn file_that_may_only_be_read_is_unavailable_for_changes() {
    let opened = Opened::new().await;
    opened.create_caller("first").await.unwrap();
    opened.on_writer("PRAGMA query_only = ON").await;
    let refused = opened.create_caller("second").await.unwrap_err();
    assert!(matches!(refused, StoreError::Unavailable(_)), "{refused:?}");
    opened.on_writer("PRAGMA query_only = OFF").await;
    opened.create_caller("second").await.unwrap();
    assert_eq!(opened.callers().await, 2);
}

#[tokio::test]
async fn panic_in_the_middle_of_a_transaction_is_an_error_and_rolls_back() {
    let opened = Opened::new().await;
    let Backend::Sqlite(backend) = &opened.store.inner.backend else {
        panic!("not SQLite");
    };
    let backend = std::sync::Arc::clone(backend);
    let spec = crate::tx::Spec::write("test.panic", opened.scope.tenant());
    let outcome: Result<(), StoreError> = opened
        .store
        .run(spec.name, async move {
            let mut tx = backend.begin(spec).await?;
            tx.conn()
                .batch_execute("DELETE FROM audit")
                .await
                .map_err(crate::error::translate)?;
            panic!("on purpose");
        })
        .await;
    assert!(matches!(outcome, Err(StoreError::Corrupt(_))));
    opened.create_caller("after").await.unwrap();
    let log =
        coffer_core::ports::AuditStore::list(&opened.store, &opened.scope, PageRequest::default()).await;
    assert_eq!(log.unwrap().items.len(), 1);
}
