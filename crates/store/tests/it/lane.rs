//! The hot read on PostgreSQL, by the lane of the runtime that asks.

use crate::account::Account;
use crate::fixture::{self, Fixture};
use crate::raw;
use coffer_core::StoreError;
use coffer_core::connection::{DEFAULT_AUDIENCE, TokenView};
use futures_util::FutureExt as _;
use futures_util::future::join_all;
use tokio_postgres::Client;

/// How often something is looked for that is about to be there.
const LOOKS: usize = 5_000;

struct Lane {
    fixture: Fixture,
    /// A superuser's connection.
    over: Client,
    role: String,
}

impl Lane {
    /// A store whose lane is open.
    async fn open() -> (Self, Account) {
        let lane = Self::of(fixture::postgres().await).await;
        let account = Account::new(lane.fixture.stores()).await;
        lane.opened(&account, None).await;
        (lane, account)
    }

    async fn of(fixture: Fixture) -> Self {
        let database = fixture.database();
        let over = raw::connect(database.superuser_url()).await;
        let role = database.app().name.clone();
        Self { fixture, over, role }
    }

    /// Reads an account's token as the tenant of another, or its own.
    async fn read(&self, by: &Account, of: &Account) -> Result<Option<TokenView>, StoreError> {
        let connections = &self.fixture.stores().connections;
        connections.token_view(&by.scope, of.id, DEFAULT_AUDIENCE).await
    }

    async fn process(&self) -> Option<i32> {
        const SQL: &str =
            "SELECT pid FROM pg_stat_activity WHERE usename = $1 AND application_name = 'coffer-lane'";
        let rows = self.over.query(SQL, &[&self.role]).await.unwrap();
        assert!(rows.len() <= 1, "one runtime has one lane");
        rows.first().map(|row| row.get(0))
    }

    /// Reads until the lane's process is there and another than before: where the server had no connection to give, a
    /// later read tries again.
    async fn opened(&self, account: &Account, before: Option<i32>) -> i32 {
        for _ in 0..LOOKS {
            let view = self.read(account, account).await.unwrap().unwrap();
            assert_eq!(view.access.unwrap().id, account.token.id);
            match self.process().await {
                Some(process) if Some(process) != before => return process,
                Some(_) | None => {}
            }
        }
        panic!("no lane was opened");
    }

    /// Leaves the application's role nothing but its lane, or gives it back what it had.
    async fn limit(&self, to_the_lane: bool) {
        let limit = if to_the_lane { 1 } else { -1 };
        let sql = format!("ALTER ROLE {} CONNECTION LIMIT {limit}", self.role);
        self.over.batch_execute(&sql).await.unwrap();
        if to_the_lane {
            self.end("application_name <> 'coffer-lane'").await;
        }
    }

    /// Ends processes of the application's role.
    async fn end(&self, which: &str) {
        let sql = format!(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE usename = '{}' AND {which}",
            self.role
        );
        self.over.query(&sql, &[]).await.unwrap();
    }
}

#[tokio::test]
async fn thr_1_thr_2_reads_of_many_tenants_by_one_lane_each_see_their_own() {
    let (lane, first) = Lane::open().await;
    let second = Account::new(lane.fixture.stores()).await;
    lane.limit(true).await;
    let (both, lane_ref) = ([&first, &second], &lane);
    let reads = both
        .into_iter()
        .cycle()
        .take(200)
        .map(|who| async move { (who.token.id, lane_ref.read(who, who).await) });
    for (own, seen) in join_all(reads).await {
        assert_eq!(seen.unwrap().unwrap().access.unwrap().id, own);
    }
    // The lane alone does not say that something is not there.
    for (by, of) in [(&first, &second), (&second, &first)] {
        let denied = lane.read(by, of).await;
        assert!(matches!(denied, Err(StoreError::Unavailable(_))), "{denied:?}");
    }
    lane.limit(false).await;
    for (by, of) in [(&first, &second), (&second, &first)] {
        assert!(lane.read(by, of).await.unwrap().is_none());
    }
}

#[tokio::test]
async fn thr_18_thr_19_reads_dropped_on_their_way_leave_the_lane_to_the_next_tenant() {
    let (lane, first) = Lane::open().await;
    let second = Account::new(lane.fixture.stores()).await;
    lane.limit(true).await;
    for _ in 0..200 {
        assert!(lane.read(&first, &first).now_or_never().is_none(), "it was sent");
        let seen = lane.read(&second, &second).await.unwrap().unwrap();
        assert_eq!(seen.access.unwrap().id, second.token.id);
    }
}

#[tokio::test]
async fn runtimes_that_come_and_go_leave_room_for_one_that_stays() {
    let fixture = fixture::postgres().await;
    let account = Account::new(fixture.stores()).await;
    for _ in 0..40 {
        let (stores, scope, id) = (fixture.stores().clone(), account.scope, account.id);
        let read = tokio::task::spawn_blocking(move || {
            let passing = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let read = stores.connections.token_view(&scope, id, DEFAULT_AUDIENCE);
            passing.unwrap().block_on(read)
        });
        let view = read.await.unwrap().unwrap().unwrap();
        assert_eq!(view.access.unwrap().id, account.token.id);
    }
    let lane = Lane::of(fixture).await;
    lane.opened(&account, None).await;
}

#[tokio::test]
async fn a_lane_that_was_cut_is_opened_anew_and_no_read_fails() {
    let (lane, account) = Lane::open().await;
    for _ in 0..3 {
        let before = lane.process().await;
        lane.end("application_name = 'coffer-lane'").await;
        lane.opened(&account, before).await;
    }
}
