//! Each fault as it looks on the wire.

use crate::raw::Answer;
use crate::setup::Sim;
use coffer_core::rotation::RotationClass;
use coffer_simulator::model::{Behaviour, Effect, Endpoint, Fault, FaultRule, RetryAfter, Verdict, When};

fn next(commits: bool, effect: Effect) -> FaultRule {
    FaultRule {
        client_id: None,
        endpoint: Some(Endpoint::Refresh),
        grant: None,
        when: When::Next { count: 1, skip: 0 },
        fault: Fault { commits, effect },
    }
}

/// Refreshes once with a fault in the way, at R4; gives what came, whether the token was spent, and whether the ledger
/// says that the reply was delivered.
async fn struck(commits: bool, effect: Effect) -> (Answer, bool, Option<bool>) {
    let sim = Sim::start(Behaviour::of_class(RotationClass::SingleUse));
    let token = sim.connected().await;
    sim.provider
        .with(|provider| provider.add_fault(next(commits, effect)));
    let answer = sim.refresh(&token).await;
    let entry = sim
        .provider
        .with(|provider| provider.ledger().entries().last().cloned().unwrap());
    assert_eq!(entry.fault, Some(Fault { commits, effect }));
    let spent = sim.refresh(&token).await.status != 200;
    assert_eq!(entry.verdict == Verdict::Issued, spent);
    sim.stop().await;
    (answer, spent, entry.delivered)
}

#[tokio::test]
async fn a_dropped_reply_leaves_not_a_byte_and_the_token_is_spent_only_after_a_commit() {
    for commits in [false, true] {
        let (answer, spent, delivered) = struck(commits, Effect::Drop).await;
        assert_eq!((answer.status, answer.head.as_str()), (0, ""), "{answer:?}");
        assert_eq!((spent, delivered), (commits, Some(false)));
    }
}

#[tokio::test]
async fn a_truncated_reply_ends_in_the_middle() {
    let (answer, spent, delivered) = struck(true, Effect::Truncate).await;
    let promised = answer.header("content-length").unwrap().parse::<usize>().unwrap();
    assert_eq!(answer.body.len(), promised / 2);
    assert!(answer.body.starts_with('{'));
    assert_eq!((spent, delivered), (true, Some(false)));
}

#[tokio::test]
async fn statuses_pages_and_garbage_come_before_or_after_the_commit() {
    let retry_after = Some(RetryAfter::Seconds(7));
    for commits in [false, true] {
        let status = |status, retry_after| Effect::Status { status, retry_after };
        let (limited, spent, delivered) = struck(commits, status(429, retry_after)).await;
        assert_eq!((limited.status, limited.header("retry-after")), (429, Some("7")));
        assert_eq!((spent, delivered), (commits, Some(true)));
        let (broken, spent, _) = struck(commits, status(503, None)).await;
        assert_eq!(
            (broken.status, broken.header("retry-after"), spent),
            (503, None, commits)
        );
        let (page, spent, _) = struck(commits, Effect::Html { status: 502 }).await;
        assert_eq!((page.status, spent), (502, commits));
        assert!(page.body.starts_with("<!doctype html>"));
        let (garbage, spent, _) = struck(commits, Effect::Garbage).await;
        assert!(serde_json::from_str::<serde_json::Value>(&garbage.body).is_err());
        assert_eq!((garbage.status, spent), (200, commits));
        let (empty, spent, _) = struck(commits, Effect::Empty { status: 200 }).await;
        assert_eq!((empty.status, empty.body.as_str(), spent), (200, "", commits));
        let (moved, spent, _) = struck(commits, Effect::Redirect).await;
        assert_eq!((moved.status, spent), (302, commits));
        assert_eq!(moved.header("location"), Some("https://moved.example/token"));
    }
}

#[tokio::test]
async fn slow_and_huge_bodies_are_right_in_the_end() {
    let slow = Effect::SlowBody {
        chunk: 100,
        every_ms: 1,
    };
    let (answer, spent, delivered) = struck(true, slow).await;
    assert!(answer.json()["refresh_token"].is_string());
    assert_eq!((spent, delivered), (true, Some(true)));
    let (answer, _, delivered) = struck(true, Effect::HugeBody { bytes: 300_000 }).await;
    assert_eq!(answer.body.len(), 300_000);
    assert!(
        answer.json()["refresh_token"].is_string(),
        "filling is white space"
    );
    assert_eq!(delivered, Some(true));
}

#[tokio::test]
async fn a_late_reply_comes_and_an_open_refresh_shows_as_overlap() {
    let sim = Sim::start(Behaviour::of_class(RotationClass::Overlapping));
    let token = sim.connected().await;
    sim.provider
        .with(|provider| provider.add_fault(next(false, Effect::Late { ms: 1000 })));
    let (late, quick) = tokio::join!(sim.refresh(&token), async {
        while sim.provider.with(|provider| provider.ledger().in_flight()) == 0 {
            tokio::task::yield_now().await;
        }
        sim.refresh(&token).await
    });
    assert_eq!((late.status, quick.status), (200, 200));
    let (overlaps, entries) = sim.provider.with(|provider| {
        let entries = provider.ledger().of_grant(1).cloned().collect::<Vec<_>>();
        (provider.ledger().totals().overlaps, entries)
    });
    assert_eq!(overlaps, 1);
    let second = entries.iter().find(|entry| entry.overlaps.is_some()).unwrap();
    let first = entries
        .iter()
        .find(|entry| Some(entry.sequence) == second.overlaps)
        .unwrap();
    assert!(
        first.processed_at > second.processed_at,
        "the first was processed late"
    );
    sim.stop().await;
}
