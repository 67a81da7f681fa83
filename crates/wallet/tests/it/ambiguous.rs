//! Lost answers, class by class (THR-16), and servers that die in the middle (fault points 03 to 20).

use crate::world::{SECRET, Setup, World, values};
use coffer_core::connection::{
    Attempt, AttemptKind, AttemptOutcome, ConnectionState, DEFAULT_AUDIENCE, Slot,
};
use coffer_core::id::{AttemptId, ReplicaId};
use coffer_core::ports::{ConnectionStore as _, LeaseAnswer};
use coffer_core::rotation::RotationClass;
use coffer_core::testing::{FakeClock, Fault, Method};
use coffer_core::{Clock as _, Fingerprint};
use coffer_simulator::model::{Behaviour, Effect, Endpoint};
use coffer_wallet::{Settings, WalletError};
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};

const FREE: [RotationClass; 4] = [
    RotationClass::Static,
    RotationClass::Overlapping,
    RotationClass::Grace,
    RotationClass::RetireOnProof,
];
const STRICT: [RotationClass; 2] = [RotationClass::SingleUse, RotationClass::SingleUseFamily];

fn state_of(error: &WalletError) -> &'static str {
    let WalletError::Connection { state, .. } = error else {
        panic!("not a connection's state: {error:?}")
    };
    state
}

#[tokio::test(start_paused = true)]
async fn thr_16_r0_to_r3_repeat_at_once_whether_or_not_the_provider_had_acted() {
    for class in FREE {
        for commits in [false, true] {
            let world = World::of_class(class).await;
            let id = world.connect().await;
            world.expire();
            world.strike(Endpoint::Refresh, commits, Effect::Drop, 1);
            let token = world.token(id).await.unwrap();
            assert_eq!(
                (token.generation, world.refreshes()),
                (2, 2),
                "{class:?} {commits}"
            );
            world.expire();
            assert_eq!(
                world.token(id).await.unwrap().generation,
                3,
                "{class:?} {commits}"
            );
            assert_eq!(world.totals().reuses, 0, "{class:?} {commits}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn thr_16_r4_and_r5_repeat_once_and_not_before_the_deadline() {
    for class in STRICT {
        let world = World::of_class(class).await;
        let id = world.connect().await;
        world.expire();
        world.strike(Endpoint::Refresh, false, Effect::Drop, 1);
        let later = world.token(id).await.unwrap_err();
        assert_eq!(later.retry_after(), Some(Duration::from_secs(9)), "{class:?}");
        assert_eq!(world.status(id).await.state, ConnectionState::BackingOff);
        world.pass(8);
        assert!(world.token(id).await.is_err());
        assert_eq!(world.refreshes(), 1, "{class:?}: nothing before the deadline");
        world.pass(1);
        assert_eq!(world.token(id).await.unwrap().generation, 2, "{class:?}");
        assert_eq!((world.refreshes(), world.totals().reuses), (2, 0), "{class:?}");
        assert_eq!(world.status(id).await.state, ConnectionState::Fresh);
    }
}

#[tokio::test(start_paused = true)]
async fn thr_16_a_rotated_token_whose_successor_is_lost_ends_in_consent_not_in_a_third_try() {
    for class in STRICT {
        let world = World::of_class(class).await;
        let id = world.connect().await;
        world.expire();
        world.strike(Endpoint::Refresh, true, Effect::Drop, 1);
        assert!(world.token(id).await.is_err());
        world.pass(9);
        assert_eq!(
            state_of(&world.token(id).await.unwrap_err()),
            "consent_required",
            "{class:?}"
        );
        for _ in 0..3 {
            world.pass(86_400);
            assert!(world.token(id).await.is_err());
        }
        assert_eq!((world.refreshes(), world.totals().reuses), (2, 1), "{class:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn thr_16_two_lost_answers_in_a_row_quarantine_a_single_use_token() {
    for class in STRICT {
        let world = World::of_class(class).await;
        let id = world.connect().await;
        world.expire();
        world.strike(Endpoint::Refresh, false, Effect::Truncate, 9);
        assert!(world.token(id).await.is_err());
        world.pass(9);
        assert_eq!(
            state_of(&world.token(id).await.unwrap_err()),
            "quarantined",
            "{class:?}"
        );
        for _ in 0..5 {
            world.pass(86_400);
            assert!(world.token(id).await.is_err());
            assert!(world.refresh(id).await.is_err(), "nor when a person insists");
        }
        assert_eq!(world.refreshes(), 2, "{class:?}");
        let status = world.status(id).await;
        assert!(
            status.next_action.unwrap().contains("connect session"),
            "{class:?}"
        );
        let again = world.connect_as("alice", |_| {}).await.unwrap();
        assert_eq!((again.id, again.state), (id, ConnectionState::Fresh));
    }
}

#[tokio::test(start_paused = true)]
async fn thr_16_a_grace_is_counted_from_the_first_use() {
    let world = World::with(Behaviour {
        grace_secs: 10,
        late_reuse_revokes: true,
        ..Behaviour::of_class(RotationClass::Grace)
    })
    .await;
    let id = world.connect().await;
    world.expire();
    // The first try, its repetition, and one more within the grace are lost, after the provider rotated.
    world.strike(Endpoint::Refresh, true, Effect::Drop, 3);
    assert!(world.token(id).await.is_err());
    assert_eq!(world.refreshes(), 2);
    world.pass(8);
    assert!(world.token(id).await.is_err());
    assert_eq!(world.refreshes(), 3);
    world.pass(9);
    assert_eq!(state_of(&world.token(id).await.unwrap_err()), "quarantined");
    assert_eq!(
        (world.refreshes(), world.totals().family_revocations),
        (3, 0),
        "a use after the grace would have ended the family"
    );
}

#[tokio::test(start_paused = true)]
async fn thr_16_a_grace_is_measured_by_the_databases_clock() {
    let world = World::of_class(RotationClass::Grace).await;
    let id = world.connect().await;
    // Two servers died after their intents: nothing says when to try again.
    let view = world.store.token_view(&world.scope, id, DEFAULT_AUDIENCE).await;
    let slot = view.unwrap().unwrap().slot;
    for _ in 0..2 {
        let owner = ReplicaId::new(&*world.clock, &*world.random);
        let now = world.clock.now();
        let leased = world
            .store
            .lease(&world.scope, slot, owner, Duration::ZERO, now)
            .await;
        let LeaseAnswer::Granted { slot, .. } = leased.unwrap() else {
            panic!("the lease is free")
        };
        let renewed = world
            .store
            .renew(&world.scope, slot.id, slot.epoch, Duration::from_secs(1))
            .await;
        assert!(renewed.unwrap());
        assert!(
            world
                .store
                .intend(&world.scope, &intent(&world, &slot))
                .await
                .unwrap()
        );
        world.pass(1);
    }
    world.pass(3600);
    let behind = FakeClock::default();
    behind.set(world.clock.now().minus(Duration::from_secs(3600)));
    let behind = world.other(&Arc::new(behind), |_| {});
    let refused = behind
        .refresh(&world.caller, &world.asker(), id)
        .await
        .unwrap_err();
    assert_eq!(state_of(&refused), "quarantined");
    assert_eq!(world.refreshes(), 0, "by its own clock the grace was not over");
}

pub fn intent(world: &World, slot: &Slot) -> Attempt {
    Attempt {
        tenant: slot.tenant,
        id: AttemptId::new(&*world.clock, &*world.random),
        kind: AttemptKind::Refresh,
        connection: Some(slot.connection),
        slot: Some(slot.id),
        generation: slot.generation,
        epoch: slot.epoch,
        fingerprint: Fingerprint([7; 16]),
        started_at: world.clock.now(),
        outcome: None,
        reason: None,
        finished_at: None,
    }
}

#[tokio::test(start_paused = true)]
async fn thr_16_a_class_that_was_corrected_counts_for_tokens_that_were_issued_before() {
    let world = World::with(Behaviour::of_class(RotationClass::SingleUseFamily)).await;
    let values = |class| values(class, SECRET);
    let by = world.asker();
    let correct = async |class| {
        let wallet = &world.wallet;
        let updated = wallet
            .update_integration(&world.scope, &by, world.integration, None, Some(values(class)))
            .await;
        updated.unwrap();
    };
    correct(RotationClass::Static).await;
    let id = world.connect().await;
    assert_eq!(world.status(id).await.rotation, RotationClass::Static);
    correct(RotationClass::SingleUseFamily).await;
    world.expire();
    world.strike(Endpoint::Refresh, true, Effect::Drop, 1);
    assert!(world.token(id).await.is_err());
    assert_eq!(
        (world.refreshes(), world.totals().reuses),
        (1, 0),
        "not sent again at once"
    );
    let again = world.connect_as("alice", |_| {}).await.unwrap();
    assert_eq!((again.id, again.rotation), (id, RotationClass::SingleUseFamily));

    correct(RotationClass::Static).await;
    let again = world.connect_as("alice", |_| {}).await.unwrap();
    assert_eq!(
        (again.id, again.rotation),
        (id, RotationClass::Static),
        "a new grant relaxes it"
    );
}

#[tokio::test(start_paused = true)]
async fn thr_17_the_time_of_an_exchange_is_the_setting() {
    let world = World::new(Setup {
        behaviour: Behaviour::of_class(RotationClass::SingleUseFamily),
        settings: Settings {
            exchange: Duration::from_secs(20),
            lease: Duration::from_secs(24),
            caller_wait: Duration::from_secs(60),
            ..Settings::default()
        },
        ..Setup::default()
    })
    .await;
    let id = world.connect().await;
    world.expire();
    world.strike(Endpoint::Refresh, true, Effect::Late { ms: 15_000 }, 1);
    assert_eq!(world.token(id).await.unwrap().generation, 2);
    world.expire();
    world.strike(Endpoint::Refresh, true, Effect::Late { ms: 60_000 }, 1);
    let begun = tokio::time::Instant::now();
    assert!(world.token(id).await.is_err());
    assert_eq!(
        begun.elapsed(),
        Duration::from_secs(20),
        "the client's own deadline"
    );
}

/// The runtime of a server: when it is dropped, the server is dead, in the middle of whatever it did.
fn process() -> Runtime {
    Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap()
}

fn world_of(process: &Runtime, class: RotationClass) -> World {
    let setup = Setup {
        behaviour: Behaviour::of_class(class),
        ..Setup::default()
    };
    process.block_on(World::new(setup))
}

/// Lets a server die two seconds into a request for a token; then another one is asked.
fn die_in_the_middle(class: RotationClass, commits: bool) -> (World, Runtime, coffer_core::id::ConnectionId) {
    let (first, second) = (process(), process());
    let world = world_of(&first, class);
    let id = first.block_on(world.connect());
    world.expire();
    world.strike(Endpoint::Refresh, commits, Effect::Late { ms: 60_000 }, 1);
    first.block_on(async {
        let asked = tokio::time::timeout(Duration::from_secs(2), world.token(id)).await;
        assert!(asked.is_err());
    });
    drop(first);
    (world, second, id)
}

#[test]
fn thr_15_another_server_takes_over_when_the_lease_has_run_out_and_not_before() {
    for class in RotationClass::ALL {
        let (world, second, id) = die_in_the_middle(class, false);
        let successor = second.block_on(async { world.replica() });
        let early = second.block_on(world.token_of(&successor, id)).unwrap_err();
        assert_eq!(early.code(), "refresh_in_progress", "{class:?}");
        assert_eq!(world.refreshes(), 1, "{class:?}: the dead one's lease counts");
        // What hung on that lease ends too.
        second.block_on(async { tokio::time::advance(Duration::from_secs(60)).await });
        world.pass(12);
        let token = second.block_on(world.token_of(&successor, id)).unwrap();
        assert_eq!((token.generation, world.refreshes()), (2, 2), "{class:?}");
        let attempts = second.block_on(world.attempts(id, AttemptKind::Refresh));
        let ambiguous = attempts
            .iter()
            .filter(|attempt| attempt.outcome == Some(AttemptOutcome::Ambiguous));
        assert_eq!(
            ambiguous.count(),
            1,
            "inv8: the dead one's attempt has an outcome"
        );
    }
}

#[test]
fn thr_15_what_a_dead_server_got_is_lost_only_where_a_token_works_once() {
    for class in RotationClass::ALL {
        let (world, second, id) = die_in_the_middle(class, true);
        let successor = second.block_on(async { world.replica() });
        world.pass(13);
        let answer = second.block_on(world.token_of(&successor, id));
        match class {
            RotationClass::Static | RotationClass::Overlapping | RotationClass::RetireOnProof => {
                assert_eq!(answer.unwrap().generation, 2, "{class:?}");
            }
            // A lease is longer than the simulated entry's grace of 10 s: one try, which the provider allows here.
            RotationClass::Grace => assert_eq!(answer.unwrap().generation, 2),
            RotationClass::SingleUse | RotationClass::SingleUseFamily => {
                assert_eq!(state_of(&answer.unwrap_err()), "consent_required", "{class:?}");
            }
        }
        assert_eq!(world.refreshes(), 2, "{class:?}: never more than one retry");
    }
}

#[test]
fn thr_16_a_retry_whose_server_dies_too_is_the_last() {
    for class in STRICT {
        let (world, second, id) = die_in_the_middle(class, false);
        let successor = second.block_on(async { world.replica() });
        world.pass(13);
        world.strike(Endpoint::Refresh, false, Effect::Late { ms: 60_000 }, 1);
        second.block_on(async {
            let asked = tokio::time::timeout(Duration::from_secs(2), world.token_of(&successor, id)).await;
            assert!(asked.is_err());
        });
        drop((successor, second));
        let third = process();
        let last = third.block_on(async { world.replica() });
        world.pass(13);
        let answer = third.block_on(world.token_of(&last, id)).unwrap_err();
        assert_eq!(
            (state_of(&answer), world.refreshes()),
            ("quarantined", 2),
            "{class:?}"
        );
    }
}

#[test]
fn thr_16_a_server_that_dies_while_its_commit_waits_leaves_an_ambiguous_attempt() {
    let (first, second) = (process(), process());
    let world = world_of(&first, RotationClass::Overlapping);
    let id = first.block_on(world.connect());
    world.expire();
    world
        .store
        .fail_next(Method::CommitRefresh, Fault::Unavailable, 1_000_000);
    let asked = first.block_on(world.token(id)).unwrap_err();
    assert_eq!(asked.code(), "refresh_in_progress");
    drop(first);
    world.store.mend();
    let successor = second.block_on(async { world.replica() });
    world.pass(13);
    let token = second.block_on(world.token_of(&successor, id)).unwrap();
    assert_eq!((token.generation, world.refreshes()), (2, 2));
}
