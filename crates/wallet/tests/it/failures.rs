//! What a provider can answer to a refresh, and what follows (requirements F2, F3; THR-24, THR-27).

use crate::world::{World, count};
use coffer_core::Clock;
use coffer_core::connection::{AttemptKind, ConnectionState};
use coffer_core::failure::FailureCode;
use coffer_core::rotation::RotationClass;
use coffer_simulator::model::{Effect, Endpoint, ErrorShape, RetryAfter};
use coffer_wallet::WalletError;
use std::time::Duration;

fn status(status: u16, retry_after: Option<RetryAfter>) -> Effect {
    Effect::Status { status, retry_after }
}

#[tokio::test(start_paused = true)]
async fn thr_24_a_pause_that_the_provider_asks_for_is_kept_to_the_second() {
    for (effect, wait) in [
        (status(429, Some(RetryAfter::Seconds(30))), 30),
        (status(429, Some(RetryAfter::DateIn(120))), 120),
        (status(429, None), 30),
        (status(503, Some(RetryAfter::Seconds(60))), 60),
        (status(429, Some(RetryAfter::Seconds(1_000_000))), 86_400),
    ] {
        let world = World::of_class(RotationClass::Static).await;
        let id = world.connect().await;
        world.expire();
        let now = world.clock.now();
        world.strike(Endpoint::Refresh, false, effect, 1);
        let later = world.token(id).await.unwrap_err();
        assert!(
            later.retry_after() >= Some(Duration::from_secs(wait)),
            "{effect:?} {later:?}"
        );
        let status = world.status(id).await;
        let not_before = status.not_before.unwrap();
        let jitter = Duration::from_millis(wait * 100);
        assert!(
            not_before >= now.plus(Duration::from_secs(wait))
                && not_before <= now.plus(Duration::from_secs(wait)).plus(jitter),
            "{effect:?}"
        );
        assert_eq!(status.state, ConnectionState::BackingOff);
        world.clock.set(not_before.minus(Duration::from_micros(1)));
        assert!(world.token(id).await.is_err() && world.refresh(id).await.is_err());
        assert_eq!(
            world.refreshes(),
            1,
            "{effect:?}: nothing before the allowed time"
        );
        world.clock.set(not_before);
        assert_eq!(world.token(id).await.unwrap().generation, 2);
    }
}

#[tokio::test(start_paused = true)]
async fn thr_24_a_provider_that_says_at_once_is_not_asked_without_end() {
    let world = World::of_class(RotationClass::Static).await;
    let id = world.connect().await;
    world.expire();
    let at_once = status(429, Some(RetryAfter::Seconds(0)));
    world.strike(Endpoint::Refresh, false, at_once, 1_000_000);
    let later = world.token(id).await.unwrap_err();
    assert_eq!(
        (world.refreshes(), later.kind()),
        (1, coffer_core::ErrorKind::Unavailable)
    );
}

#[tokio::test(start_paused = true)]
async fn thr_27_no_fault_of_the_provider_is_taken_for_the_end_of_a_grant() {
    let effects = [
        status(500, None),
        status(502, None),
        status(503, None),
        status(504, None),
        Effect::Html { status: 200 },
        Effect::Html { status: 400 },
        Effect::Html { status: 403 },
        Effect::Html { status: 502 },
        Effect::Garbage,
        Effect::Empty { status: 200 },
        Effect::Empty { status: 400 },
        Effect::Empty { status: 401 },
        Effect::Redirect,
        Effect::Drop,
        Effect::Truncate,
        Effect::HugeBody { bytes: 1 << 30 },
        Effect::SlowBody {
            chunk: 1,
            every_ms: 1000,
        },
        Effect::Late { ms: 30_000 },
    ];
    for class in RotationClass::ALL {
        for effect in effects {
            let world = World::of_class(class).await;
            let id = world.connect().await;
            world.expire();
            world.strike(Endpoint::Refresh, false, effect, 2);
            assert!(world.token(id).await.is_err(), "{class:?} {effect:?}");
            // A caller waits for 10 s; two slow answers take 16.
            tokio::time::sleep(Duration::from_secs(20)).await;
            let state = world.status(id).await.state;
            assert_eq!(state, ConnectionState::BackingOff, "{class:?} {effect:?}");
            assert_eq!(
                count(world.attempts(id, AttemptKind::Refresh).await.len()),
                world.refreshes(),
                "inv8 {class:?} {effect:?}"
            );
            let reason = world.status(id).await.reason.unwrap();
            assert!(
                matches!(
                    reason.code,
                    FailureCode::ProviderUnavailable | FailureCode::InvalidConfig
                ),
                "{effect:?} {reason:?}"
            );
            world.provider.with(|provider| provider.clear_faults());
            // Whatever the provider was still at is over, and every pause too.
            tokio::time::sleep(Duration::from_secs(60)).await;
            world.pass(1000);
            let processed_late = matches!(
                effect,
                Effect::Late { .. } | Effect::SlowBody { .. } | Effect::HugeBody { .. }
            );
            let single_use = matches!(class, RotationClass::SingleUse | RotationClass::SingleUseFamily);
            if !(processed_late && single_use) && class != RotationClass::Grace {
                assert_eq!(
                    world.token(id).await.unwrap().generation,
                    2,
                    "{class:?} {effect:?}"
                );
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn f2_back_off_grows_and_the_fifth_failure_is_called_by_its_name() {
    let world = World::of_class(RotationClass::Static).await;
    let id = world.connect().await;
    world.expire();
    world.strike(Endpoint::Refresh, false, Effect::Html { status: 400 }, 1000);
    for failure in 1..=8_u64 {
        assert!(world.token(id).await.is_err());
        assert_eq!(
            world.refreshes(),
            failure,
            "one request for each time it was allowed"
        );
        let status = world.status(id).await;
        let expected = if failure < 5 {
            ConnectionState::BackingOff
        } else {
            ConnectionState::ProviderUnavailable
        };
        assert_eq!(status.state, expected, "after {failure}");
        let ceiling = Duration::from_secs(2 << (failure - 1)).min(Duration::from_secs(900));
        let until = status.not_before.unwrap();
        assert!(until <= world.clock.now().plus(ceiling), "after {failure}");
        world.clock.set(until);
    }
    world.provider.with(|provider| provider.clear_faults());
    assert_eq!(world.token(id).await.unwrap().generation, 2);
    let status = world.status(id).await;
    assert_eq!(
        (status.state, status.reason, status.not_before),
        (ConnectionState::Fresh, None, None)
    );
}

#[tokio::test(start_paused = true)]
async fn inv9_a_definite_invalid_grant_asks_for_consent_in_whatever_form_it_comes() {
    for shape in [ErrorShape::Standard, ErrorShape::StatusOk] {
        let world = World::of_class(RotationClass::SingleUse).await;
        let id = world.connect().await;
        world.behave(|behaviour| {
            behaviour.rotation = RotationClass::SingleUse;
            behaviour.response.error = shape;
        });
        let (now, grant) = (world.clock.now(), world.grants()[0].id);
        world.provider.with(|provider| provider.revoke_grant(grant, now));
        world.expire();
        let refused = world.token(id).await.unwrap_err();
        let WalletError::Connection {
            state: "consent_required",
            reason: Some(reason),
        } = refused
        else {
            panic!("{refused:?}")
        };
        assert_eq!(
            (reason.code, reason.provider_code.as_deref()),
            (FailureCode::ConsentRequired, Some("invalid_grant"))
        );
        let again = world.connect_as("alice", |_| {}).await.unwrap();
        assert_eq!((again.id, again.state), (id, ConnectionState::Fresh), "{shape:?}");
        assert_eq!(world.token(id).await.unwrap().generation, 2);
    }
}

#[tokio::test(start_paused = true)]
async fn o4_refreshes_are_counted_by_provider_and_outcome_with_the_time_since_the_last_success() {
    let world = World::of_class(RotationClass::SingleUse).await;
    assert!(world.wallet.refresh_stats().is_empty());
    let id = world.connect().await;
    let of = |world: &World| world.wallet.refresh_stats()["simulator"].clone();
    assert!(world.refresh(id).await.is_ok() && world.refresh(id).await.is_ok());
    let stats = of(&world);
    assert_eq!(stats.outcomes, [("succeeded", 2)].into());
    assert_eq!(stats.age, Some(Duration::ZERO));
    world.pass(30);
    world.strike(Endpoint::Refresh, false, Effect::Drop, 1);
    assert!(world.refresh(id).await.is_err());
    let stats = of(&world);
    assert_eq!(stats.outcomes, [("ambiguous", 1), ("succeeded", 2)].into());
    assert_eq!(
        stats.age,
        Some(Duration::from_secs(30)),
        "a failure does not make it younger"
    );
}
