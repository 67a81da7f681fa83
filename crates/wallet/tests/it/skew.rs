//! A server whose clock is an hour off. Leases run by the database's clock, so that it still never presents a refresh
//! token beside another.

use crate::world::World;
use coffer_core::Clock;
use coffer_core::rotation::RotationClass;
use coffer_core::testing::FakeClock;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

const HOUR: Duration = Duration::from_secs(3600);

async fn an_hour_off(ahead: bool) {
    let world = Arc::new(World::of_class(RotationClass::SingleUseFamily).await);
    let id = world.connect().await;
    world.expire();
    let clock = Arc::new(FakeClock::default());
    let wanted = if ahead {
        world.clock.now().plus(HOUR)
    } else {
        world.clock.now().minus(HOUR)
    };
    clock.advance(wanted.since(clock.now()));
    let servers = [world.wallet.clone(), world.replica_at(&clock)];
    let mut tasks = JoinSet::new();
    for number in 0..40 {
        let (world, wallet) = (Arc::clone(&world), servers[number % 2].clone());
        tasks.spawn(async move { world.token_of(&wallet, id).await.map(|_| number % 2) });
    }
    let served: Vec<_> = tasks.join_all().await.into_iter().flatten().collect();
    assert!(served.contains(&0), "the server with the right clock serves");
    let totals = world.totals();
    assert!(totals.refreshes >= 1);
    assert_eq!(
        (totals.overlaps, totals.reuses, totals.family_revocations),
        (0, 0, 0)
    );
    assert!(world.has_live_tokens(), "the grant lives");
}

#[tokio::test(start_paused = true)]
async fn thr_13_a_server_whose_clock_is_an_hour_ahead_refreshes_beside_nobody() {
    an_hour_off(true).await;
}

#[tokio::test(start_paused = true)]
async fn thr_13_a_server_whose_clock_is_an_hour_behind_refreshes_beside_nobody() {
    an_hour_off(false).await;
}
