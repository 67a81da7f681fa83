//! Callers that go away in the middle: the work they began is done or undone as a whole, and the pool is none the worse.

use crate::account::{self, Account};
use crate::fixture::{self, Fixture};
use crate::raw;
use coffer_core::audit::AuditVerb;
use coffer_core::connection::DEFAULT_AUDIENCE;
use coffer_core::page::PageRequest;
use coffer_core::testing::fixture as make;
use futures_util::FutureExt as _;
use std::collections::HashSet;
use std::future::Future;
use std::pin::pin;

/// So many calls are dropped in PostgreSQL, unless `COFFER_TEST_DROPS` says another number; `scripts/test.sh --long`
/// says 10^5.
const DROPS: usize = 3000;

#[expect(
    clippy::disallowed_methods,
    reason = "a longer test, asked for by the script that runs it"
)]
fn drops() -> usize {
    std::env::var("COFFER_TEST_DROPS").map_or(DROPS, |number| number.parse().unwrap())
}

/// How many calls [`drop_many`] drops in each round.
const CALLS_PER_ROUND: usize = 3;

/// Polls a future a few times, letting the others go on in between, and drops it. Answers how many calls that began:
/// one, unless it was never polled.
async fn drop_after(polls: usize, future: impl Future) -> u64 {
    let mut future = pin!(future);
    for _ in 0..polls {
        if (&mut future).now_or_never().is_some() {
            break;
        }
        tokio::task::yield_now().await;
    }
    u64::from(polls > 0)
}

/// Makes callers and reads tokens, and drops each call after another number of polls. Then every caller that is there
/// has its audit row, and every audit row its caller.
async fn drop_many(fixture: &Fixture, rounds: usize) {
    let stores = fixture.stores();
    let account = Account::new(stores).await;
    let (scope, tenant) = (account.scope, account.scope.tenant());
    let mut begun = 0;
    for round in 0..rounds {
        if round % 100 == 0 {
            wait_for_creations(fixture, begun).await; // so that no call waits for a connection until it gives up
        }
        let caller = make::caller(tenant);
        let mut audit = make::audit(tenant, AuditVerb::CallerCreate);
        audit.target = caller.id.uuid();
        begun += drop_after(round % 7, stores.callers.create(&scope, &caller, &audit)).await;
        drop_after(
            round % 5,
            stores
                .connections
                .token_view(&scope, account.id, DEFAULT_AUDIENCE),
        )
        .await;
        drop_after(round % 3, stores.connections.find(&scope, account.id)).await;
    }
    wait_for_creations(fixture, begun).await;
    let (made, logged) = (made(fixture, &account).await, logged(fixture, &account).await);
    assert_eq!(made, logged);
    assert_eq!(
        made.len(),
        usize::try_from(begun).unwrap(),
        "each call went on without its caller"
    );
    let view = stores
        .connections
        .token_view(&scope, account.id, DEFAULT_AUDIENCE)
        .await;
    assert_eq!(view.unwrap().unwrap().access.unwrap().id, account.token.id);
}

/// Waits until so many callers were made, by whoever has long gone.
async fn wait_for_creations(fixture: &Fixture, begun: u64) {
    let ended = || {
        let transactions = fixture.store.transactions();
        transactions
            .get("caller.create")
            .map_or(0, |stats| stats.completed + stats.failed)
    };
    while ended() < begun {
        // A round trip gives the others time to go on.
        fixture.stores().health.ping().await.unwrap();
    }
}

async fn made(fixture: &Fixture, account: &Account) -> HashSet<uuid::Uuid> {
    let mut found = HashSet::new();
    let mut page = PageRequest::new(100, None);
    loop {
        let rows = fixture.stores().callers.list(&account.scope, page).await.unwrap();
        found.extend(rows.items.iter().map(|caller| caller.id.uuid()));
        match rows.next {
            Some(next) => page.after = Some(next),
            None => return found,
        }
    }
}

async fn logged(fixture: &Fixture, account: &Account) -> HashSet<uuid::Uuid> {
    let mut found = HashSet::new();
    let mut page = PageRequest::new(100, None);
    loop {
        let rows = fixture.stores().audit.list(&account.scope, page).await.unwrap();
        let made = rows
            .items
            .iter()
            .filter(|row| row.verb == AuditVerb::CallerCreate);
        found.extend(made.map(|row| row.target));
        match rows.next {
            Some(next) => page.after = Some(next),
            None => return found,
        }
    }
}

#[tokio::test]
async fn thr_19_dropped_calls_leave_sqlite_whole() {
    drop_many(&fixture::memory().await, 500).await;
    drop_many(&fixture::file().await, 500).await;
}

#[tokio::test]
async fn thr_18_thr_19_dropped_calls_leave_no_transaction_open_in_postgres() {
    let fixture = fixture::postgres().await;
    let calls = drops();
    drop_many(&fixture, calls.div_ceil(CALLS_PER_ROUND)).await;
    let superuser = raw::connect(fixture.database().superuser_url()).await;
    let open = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                AND state LIKE 'idle in transaction%'";
    let open: i64 = superuser.query_one(open, &[]).await.unwrap().get(0);
    assert_eq!(open, 0);
}

/// An actix worker is a runtime of one thread; the store must not need more of its caller.
#[test]
fn callers_on_a_runtime_of_one_thread_may_go_away_too() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let fixture = fixture::file().await;
        let tenant = account::new_tenant(fixture.stores()).await;
        let scope = account::scope(tenant);
        for polls in 0..50 {
            drop_after(
                polls % 4,
                fixture.stores().callers.list(&scope, PageRequest::default()),
            )
            .await;
        }
        fixture
            .stores()
            .callers
            .list(&scope, PageRequest::default())
            .await
            .unwrap();
    });
}
