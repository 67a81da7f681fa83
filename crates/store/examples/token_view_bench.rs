//! How many token reads the store does in a second, without HTTP around them.
//!
//! `cargo run --release -p coffer-store --example token_view_bench [-- POSTGRES_URL]`: SQLite in a file, and PostgreSQL
//! where a URL of an empty database is given.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::as_conversions,
    clippy::disallowed_methods,
    reason = "a benchmark"
)]

use coffer_core::audit::AuditVerb;
use coffer_core::connection::DEFAULT_AUDIENCE;
use coffer_core::id::{ConnectionId, TenantId};
use coffer_core::ports::{ConnectionStore as _, ExchangeCommit, Redemption, Stores};
use coffer_core::secret::secret_text;
use coffer_core::testing::fixture;
use coffer_core::{OperatorScope, Sealed, TenantScope};
use coffer_store::{Database, Store, StoreConfig};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

const TENANTS: usize = 100;
const CALLERS: usize = 64;
const ROUND: Duration = Duration::from_secs(5);

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("coffer.db");
    measure("sqlite", StoreConfig::new(Database::Sqlite { path })).await;
    if let Some(url) = std::env::args().nth(1) {
        let postgres = Database::Postgres {
            app_url: secret_text(url),
            system_url: None,
            owner_url: None,
        };
        measure("postgres", StoreConfig::new(postgres)).await;
    }
}

async fn measure(name: &str, config: StoreConfig) {
    let store = Arc::new(Store::connect(config).await.unwrap());
    store.migrate().await.unwrap();
    let stores = Stores::of(&store);
    let mut accounts = Vec::new();
    for _ in 0..TENANTS {
        accounts.push(account(&stores).await);
    }
    let accounts = Arc::new(accounts);
    round(&store, &accounts).await;
    for _ in 0..3 {
        let mut took = round(&store, &accounts).await;
        took.sort_unstable();
        let at = |part: f64| took[((took.len() - 1) as f64 * part) as usize].as_micros();
        println!(
            "{name} calls_per_s={} p50_us={} p99_us={} p999_us={}",
            (took.len() as f64 / ROUND.as_secs_f64()) as u64,
            at(0.5),
            at(0.99),
            at(0.999)
        );
    }
}

async fn round(store: &Arc<Store>, accounts: &Arc<Vec<(TenantScope, ConnectionId)>>) -> Vec<Duration> {
    let mut set = JoinSet::new();
    let until = Instant::now() + ROUND;
    for caller in 0..CALLERS {
        let (store, accounts) = (Arc::clone(store), Arc::clone(accounts));
        set.spawn(async move {
            let mut took = Vec::new();
            let mut turn = caller;
            loop {
                let began = Instant::now();
                if began > until {
                    return took;
                }
                let (scope, id) = accounts[turn % accounts.len()];
                turn += 7;
                let view = store.token_view(&scope, id, DEFAULT_AUDIENCE).await;
                assert!(view.unwrap().unwrap().access.is_some());
                took.push(began.elapsed());
            }
        });
    }
    set.join_all().await.into_iter().flatten().collect()
}

async fn account(stores: &Stores) -> (TenantScope, ConnectionId) {
    const OPERATOR: OperatorScope = OperatorScope::assume("a benchmark makes its tenants");
    let tenant = fixture::tenant();
    let audit = fixture::audit(TenantId::INSTALLATION, AuditVerb::TenantCreate);
    stores.tenants.create(&OPERATOR, &tenant, &audit).await.unwrap();
    let scope = TenantScope::assume(tenant.id, "a benchmark acts for its tenants");
    let audit = |verb| fixture::audit(tenant.id, verb);
    let integration = fixture::integration(tenant.id);
    let entry = audit(AuditVerb::IntegrationCreate);
    stores
        .integrations
        .create(&scope, &integration, &entry)
        .await
        .unwrap();
    let session = fixture::session(tenant.id, integration.reference());
    let entry = audit(AuditVerb::ConnectSessionCreate);
    stores
        .flows
        .create_session(&scope, &session, &entry)
        .await
        .unwrap();
    let flow = fixture::flow(&session);
    stores
        .flows
        .begin(&scope, &flow, &audit(AuditVerb::OAuthAuthorize))
        .await
        .unwrap();
    let attempt = fixture::exchange_attempt(tenant.id);
    stores
        .flows
        .consume(&scope, flow.id, fixture::time(1), Some(&attempt), None)
        .await
        .unwrap();
    let connection = fixture::connection(tenant.id, integration.reference());
    let slot = fixture::slot(&connection);
    let mut token = fixture::access_token(&slot);
    token.token = Sealed::from_envelope(vec![7; 2048]);
    let commit = ExchangeCommit {
        flow: flow.id,
        attempt: attempt.id,
        result: fixture::flow_result(connection.id),
        tokens: vec![token],
        slots: vec![slot],
        connection,
        at: fixture::time(2),
    };
    let entry = audit(AuditVerb::ConnectionAuthorize);
    stores
        .flows
        .commit_exchange(&scope, &commit, &entry)
        .await
        .unwrap();
    let (confirm, entry) = (Redemption::Confirm, audit(AuditVerb::ConnectionConfirm));
    let redeemed = stores
        .flows
        .redeem(&scope, flow.id, fixture::time(3), &confirm, &entry);
    (scope, redeemed.await.unwrap())
}
