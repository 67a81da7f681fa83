//! What only the inside of the pool can see.

use super::Backend;
use crate::tx::{Ended, Spec};
use crate::{Database, PoolSizes, Store, StoreConfig};
use coffer_core::audit::AuditVerb;
use coffer_core::id::TenantId;
use coffer_core::ports::{StoreHealth as _, TenantStore as _};
use coffer_core::testing::fixture;
use coffer_core::{OperatorScope, StoreError, TenantScope};
use diesel::prelude::QueryableByName;
use diesel::sql_types::{Nullable, Text};
use diesel_async::RunQueryDsl as _;
use std::sync::Arc;

const OPERATOR: OperatorScope = OperatorScope::assume("a test");

#[derive(QueryableByName)]
struct Settings {
    #[diesel(sql_type = Nullable<Text>)]
    tenant: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    scope: Option<String>,
}

async fn opened() -> (Store, Arc<Backend>, coffer_testkit::postgres::Database) {
    let database = coffer_testkit::postgres::Database::create().await;
    let mut config = StoreConfig::new(Database::Postgres {
        app_url: database.app().url.clone(),
        system_url: Some(database.system().url.clone()),
        owner_url: Some(database.owner().url.clone()),
    });
    config.pools = PoolSizes {
        app: 2,
        system: 1,
        readers: 1,
    };
    let store = Store::connect(config).await.unwrap();
    store.migrate().await.unwrap();
    let crate::store::Backend::Postgres(backend) = &store.inner.backend else {
        panic!("not PostgreSQL");
    };
    let backend = Arc::clone(backend);
    (store, backend, database)
}

async fn settings(backend: &Backend) -> Vec<Settings> {
    const SQL: &str = "SELECT nullif(current_setting('app.tenant_id', true), '') AS tenant, \
                       nullif(current_setting('app.scope', true), '') AS scope";
    let mut found = Vec::new();
    let mut connections = [
        backend.app().await.unwrap(),
        backend.app().await.unwrap(),
        backend.system().await.unwrap(),
    ];
    for connection in &mut connections {
        found.push(diesel::sql_query(SQL).get_result(connection.get()).await.unwrap());
    }
    for connection in connections {
        connection.give_back();
    }
    found
}

/// Ten thousand transactions of many tenants over two connections: each sees its own rows and no other, however the one
/// before it on the same connection ended, and nothing is set when a connection lies in the pool.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thr_3_tenant_never_leaks_over_a_pooled_connection() {
    let (store, backend, _database) = opened().await;
    let mut users = Vec::new();
    for _ in 0..20 {
        let tenant = fixture::tenant();
        let audit = fixture::audit(TenantId::INSTALLATION, AuditVerb::TenantCreate);
        store.create(&OPERATOR, &tenant, &audit).await.unwrap();
        let (user, audit) = (
            fixture::user(tenant.id),
            fixture::audit(tenant.id, AuditVerb::UserCreate),
        );
        let scope = TenantScope::assume(tenant.id, "a test");
        users.push((scope, store.ensure_user(&scope, &user, &audit).await.unwrap().id));
    }
    let mut workers = tokio::task::JoinSet::new();
    for worker in 0..20_usize {
        let (store, users) = (store.clone(), users.clone());
        workers.spawn(async move {
            for turn in 0..500_usize {
                let (scope, id) = users[(worker + turn) % users.len()];
                let (_, foreign) = users[(worker + turn + 1) % users.len()];
                match turn % 3 {
                    0 => assert!(store.find_user(&scope, id).await.unwrap().is_some()),
                    1 => assert!(store.find_user(&scope, foreign).await.unwrap().is_none()),
                    // A transaction that is rolled back.
                    _ => {
                        let (user, audit) = (
                            coffer_core::tenant::User {
                                id: foreign,
                                ..fixture::user(scope.tenant())
                            },
                            fixture::audit(TenantId::INSTALLATION, AuditVerb::UserCreate),
                        );
                        let refused = store.ensure_user(&scope, &user, &audit).await;
                        assert!(matches!(refused, Err(StoreError::NotFound(_))));
                    }
                }
            }
        });
    }
    workers.join_all().await;
    for setting in settings(&backend).await {
        assert_eq!((setting.tenant, setting.scope), (None, None));
    }
}

#[tokio::test]
async fn thr_3_connection_with_an_open_transaction_never_comes_back_to_the_pool() {
    let (store, backend, _database) = opened().await;
    for _ in 0..10 {
        let spec = Spec::write("test.dropped", TenantId::INSTALLATION);
        drop(backend.begin(spec).await.unwrap());
    }
    for setting in settings(&backend).await {
        assert_eq!((setting.tenant, setting.scope), (None, None));
    }
    store.ping().await.unwrap();
}

#[tokio::test]
async fn failed_statement_is_rolled_back_and_its_connection_used_again() {
    let (_store, backend, _database) = opened().await;
    let spec = Spec::write("test.failed", TenantId::INSTALLATION);
    for _ in 0..5 {
        let mut tx = backend.begin(spec).await.unwrap();
        let wrong = diesel::sql_query("SELECT 1 FROM nowhere")
            .execute(tx.conn())
            .await;
        let ended = tx.end(wrong.map_err(Into::into), 0).await;
        assert!(matches!(ended, Ended::Done(Err(StoreError::Corrupt(_)))));
    }
}
