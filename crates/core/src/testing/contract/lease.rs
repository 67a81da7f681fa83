use super::world::{LONG, World, granted, race, refreshed};
use crate::audit::AuditVerb;
use crate::connection::{Attempt, AttemptKind, AttemptOutcome, Slot};
use crate::id::{ConnectionId, SlotId};
use crate::page::PageRequest;
use crate::ports::{CommitAnswer, LeaseAnswer, Stores};
use crate::testing::fixture;
use std::time::Duration;

pub async fn lease_gives_the_slot_as_it_is_with_a_new_epoch(stores: &Stores) {
    let world = World::new(stores).await;
    let of = world.connected().await;
    let owner = fixture::replica();
    let at = fixture::time(40);
    let answer = stores
        .connections
        .lease(&world.scope, of.slot.id, owner, LONG, at)
        .await;
    let answer = answer.unwrap();
    let LeaseAnswer::Granted { now: told, .. } = answer else {
        panic!("the lease is free: {answer:?}")
    };
    let (slot, unresolved) = granted(answer);
    assert_eq!(unresolved, None);
    let lease = slot.lease.expect("the lease is ours");
    assert_eq!(lease.owner, owner);
    let expected = Slot {
        epoch: of.slot.epoch + 1,
        lease: Some(lease),
        ..of.slot.clone()
    };
    assert_eq!(slot, expected);
    assert_eq!(world.slot(&of).await, slot, "it is stored");
    let now = stores.health.ping().await.unwrap();
    let left = lease.until.since(now);
    assert!(left > LONG / 2 && left <= LONG, "by the store's clock: {left:?}");
    assert!(
        told <= now && now.since(told) < LONG / 2,
        "by the same clock: {told:?}"
    );
}

pub async fn thr_13_of_many_that_ask_for_a_lease_one_gets_it(stores: &Stores) {
    let world = World::new(stores).await;
    let of = world.connected().await;
    let answers = race(20, |_| {
        let (connections, scope, slot) = (stores.connections.clone(), world.scope, of.slot.id);
        async move {
            let at = fixture::time(40);
            connections
                .lease(&scope, slot, fixture::replica(), LONG, at)
                .await
                .unwrap()
        }
    })
    .await;
    let (mut winners, mut held) = (0, 0);
    for answer in answers {
        match answer {
            LeaseAnswer::Granted { .. } => winners += 1,
            LeaseAnswer::Held { remaining } => {
                assert!(remaining > Duration::ZERO && remaining <= LONG, "{remaining:?}");
                held += 1;
            }
            LeaseAnswer::Gone => panic!("the slot is there"),
        }
    }
    assert_eq!((winners, held), (1, 19));
    assert_eq!(world.slot(&of).await.epoch, of.slot.epoch + 1);
}

pub async fn holder_that_asks_again_is_refused_like_anybody(stores: &Stores) {
    let world = World::new(stores).await;
    let of = world.connected().await;
    let owner = fixture::replica();
    let connections = &stores.connections;
    for expected in [true, false] {
        let at = fixture::time(40);
        let answer = connections
            .lease(&world.scope, of.slot.id, owner, LONG, at)
            .await
            .unwrap();
        let won = matches!(answer, LeaseAnswer::Granted { .. });
        assert_eq!(won, expected, "{answer:?}");
    }
}

pub async fn thr_13_lease_that_has_run_out_is_taken_over_by_one(stores: &Stores) {
    let world = World::new(stores).await;
    let of = world.connected().await;
    let (first, _) = world.leased(&of, Duration::ZERO).await;
    let (second, _) = world.leased(&of, Duration::ZERO).await;
    assert_eq!(second.epoch, first.epoch + 1);
    let answers = race(12, |_| {
        let (connections, scope, slot) = (stores.connections.clone(), world.scope, of.slot.id);
        async move {
            let at = fixture::time(40);
            connections
                .lease(&scope, slot, fixture::replica(), LONG, at)
                .await
                .unwrap()
        }
    })
    .await;
    let won = answers
        .iter()
        .filter(|answer| matches!(answer, LeaseAnswer::Granted { .. }));
    assert_eq!(won.count(), 1);
    assert_eq!(world.slot(&of).await.epoch, second.epoch + 1);
}

pub async fn lease_that_is_given_back_is_free_and_a_late_one_is_left_alone(stores: &Stores) {
    let world = World::new(stores).await;
    let of = world.connected().await;
    let (first, _) = world.leased(&of, LONG).await;
    let connections = &stores.connections;
    connections
        .release(&world.scope, of.slot.id, first.epoch)
        .await
        .unwrap();
    assert_eq!(world.slot(&of).await.lease, None);
    let (second, _) = world.leased(&of, LONG).await;
    assert_eq!(second.epoch, first.epoch + 1, "the epoch only grows");
    connections
        .release(&world.scope, of.slot.id, first.epoch)
        .await
        .unwrap();
    assert_eq!(world.slot(&of).await, second);
}

pub async fn thr_17_lease_is_renewed_by_its_holder_alone(stores: &Stores) {
    let world = World::new(stores).await;
    let of = world.connected().await;
    let (first, _) = world.leased(&of, Duration::ZERO).await;
    let connections = &stores.connections;
    let renew = async |epoch| {
        let renewed = connections.renew(&world.scope, of.slot.id, epoch, LONG).await;
        renewed.unwrap()
    };
    assert!(renew(first.epoch).await, "it ran out, and nobody took it");
    let held = world.ask_lease(&of, LONG).await;
    assert!(matches!(held, LeaseAnswer::Held { .. }), "{held:?}");
    let renewed = world.slot(&of).await;
    assert_eq!(renewed.epoch, first.epoch);
    assert_eq!(
        renewed.lease.map(|lease| lease.owner),
        first.lease.map(|lease| lease.owner)
    );
    assert!(!renew(first.epoch + 1).await && !renew(first.epoch - 1).await);
    assert_eq!(world.slot(&of).await, renewed);
    connections
        .release(&world.scope, of.slot.id, first.epoch)
        .await
        .unwrap();
    assert!(!renew(first.epoch).await, "it was given back");
    assert_eq!(world.slot(&of).await.lease, None);
}

pub async fn there_is_nothing_to_lease_of_a_revoked_or_unknown_connection(stores: &Stores) {
    let world = World::new(stores).await;
    let of = world.connected().await;
    world.disconnect(of.id).await;
    assert_eq!(world.ask_lease(&of, LONG).await, LeaseAnswer::Gone);
    let mut unknown = of.clone();
    unknown.slot.id = SlotId::from_uuid(fixture::id());
    assert_eq!(world.ask_lease(&unknown, LONG).await, LeaseAnswer::Gone);
    let connections = &stores.connections;
    connections
        .release(&world.scope, unknown.slot.id, 1)
        .await
        .unwrap();
}

pub async fn intent_is_stored_as_it_was_given(stores: &Stores) {
    let world = World::new(stores).await;
    let of = world.connected().await;
    let (_, attempt) = world.intending(&of).await;
    assert_eq!(world.attempts(of.id).await, [attempt]);
}

pub async fn thr_13_intent_is_refused_where_the_lease_is_not_ours(stores: &Stores) {
    let world = World::new(stores).await;
    let of = world.connected().await;
    let unleased = fixture::attempt(&of.slot, AttemptKind::Refresh);
    assert!(!world.intend(&unleased).await, "there is no lease");
    let (over, _) = world.leased(&of, Duration::ZERO).await;
    let late = fixture::attempt(&over, AttemptKind::Refresh);
    assert!(!world.intend(&late).await, "the lease has run out");
    let (slot, _) = world.leased(&of, LONG).await;
    let fenced = fixture::attempt(&over, AttemptKind::Refresh);
    assert!(!world.intend(&fenced).await, "the epoch moved");
    for generation in [slot.generation - 1, slot.generation + 1] {
        let mut wrong = fixture::attempt(&slot, AttemptKind::Refresh);
        wrong.generation = generation;
        assert!(!world.intend(&wrong).await, "generation {generation}");
    }
    let mut unknown = fixture::attempt(&slot, AttemptKind::Refresh);
    unknown.slot = Some(SlotId::from_uuid(fixture::id()));
    assert!(!world.intend(&unknown).await);
    unknown.slot = Some(slot.id);
    unknown.connection = Some(ConnectionId::from_uuid(fixture::id()));
    assert!(!world.intend(&unknown).await);
    assert!(world.attempts(of.id).await.is_empty(), "nothing was stored");
    stores
        .connections
        .release(&world.scope, slot.id, slot.epoch)
        .await
        .unwrap();
    let released = fixture::attempt(&slot, AttemptKind::Refresh);
    assert!(!world.intend(&released).await, "the lease was given back");
}

pub async fn thr_30_refresh_is_not_intended_once_disconnected_but_a_revocation_is(stores: &Stores) {
    let world = World::new(stores).await;
    let of = world.connected().await;
    let (slot, _) = world.leased(&of, LONG).await;
    world.disconnect(of.id).await;
    assert_eq!(world.slot(&of).await, slot, "the lease lives on");
    assert!(!world.intend(&fixture::attempt(&slot, AttemptKind::Refresh)).await);
    assert!(world.attempts(of.id).await.is_empty());
    let revoke = fixture::attempt(&slot, AttemptKind::Revoke);
    assert!(world.intend(&revoke).await);
    assert_eq!(world.attempts(of.id).await, [revoke]);
}

pub async fn intent_without_an_outcome_is_ambiguous_for_the_next_holder(stores: &Stores) {
    let world = World::new(stores).await;
    let of = world.connected().await;
    let (slot, _) = world.leased(&of, LONG).await;
    let first = fixture::attempt(&slot, AttemptKind::Refresh);
    let second = fixture::attempt(&slot, AttemptKind::Refresh);
    assert!(world.intend(&first).await && world.intend(&second).await);
    stores
        .connections
        .release(&world.scope, slot.id, slot.epoch)
        .await
        .unwrap();

    let (slot, unresolved) = world.leased(&of, Duration::ZERO).await;
    let marked = |attempt: &Attempt| Attempt {
        outcome: Some(AttemptOutcome::Ambiguous),
        finished_at: Some(fixture::time(40)),
        ..attempt.clone()
    };
    assert_eq!(slot.ambiguous, 2);
    assert_eq!(unresolved, Some(marked(&second)), "the newest of them");
    assert_eq!(world.attempts(of.id).await, [marked(&second), marked(&first)]);
    let (slot, unresolved) = world.leased(&of, LONG).await;
    assert_eq!(slot.ambiguous, 2, "each is counted once");
    assert_eq!(
        unresolved,
        Some(marked(&second)),
        "it stays unknown for whoever comes next"
    );
    assert_eq!(world.slot(&of).await, slot);
}

pub async fn attempts_are_listed_newest_first_in_pages(stores: &Stores) {
    let world = World::new(stores).await;
    let of = world.connected().await;
    let (slot, _) = world.leased(&of, LONG).await;
    let mut all = Vec::new();
    for _ in 0..5 {
        let attempt = fixture::attempt(&slot, AttemptKind::Refresh);
        assert!(world.intend(&attempt).await);
        all.insert(0, attempt);
    }
    let connections = &stores.connections;
    let (mut listed, mut after) = (Vec::new(), None);
    loop {
        let page = PageRequest::new(2, after);
        let page = connections.attempts(&world.scope, of.id, page).await.unwrap();
        assert!(page.items.len() <= 2);
        listed.extend(page.items);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(listed, all);
    let unknown = ConnectionId::from_uuid(fixture::id());
    let page = connections
        .attempts(&world.scope, unknown, PageRequest::default())
        .await
        .unwrap();
    assert!(page.items.is_empty() && page.next.is_none());
}

pub async fn thr_13_of_many_refreshers_each_generation_has_one(stores: &Stores) {
    let world = World::new(stores).await;
    let of = world.connected().await;
    let committed = race(12, |_| {
        let (connections, scope, slot) = (stores.connections.clone(), world.scope, of.slot.id);
        async move {
            let (owner, at) = (fixture::replica(), fixture::time(40));
            let answer = connections.lease(&scope, slot, owner, LONG, at).await.unwrap();
            let crate::ports::LeaseAnswer::Granted { slot, unresolved, .. } = answer else {
                return 0_u64;
            };
            assert_eq!(unresolved, None, "every holder has ended its attempt");
            let attempt = fixture::attempt(&slot, AttemptKind::Refresh);
            assert!(connections.intend(&scope, &attempt).await.unwrap());
            let audit = fixture::audit(scope.tenant(), AuditVerb::OAuthTokenRefresh);
            let new = refreshed(&slot, &attempt);
            let answer = connections.commit_refresh(&scope, &new, &audit).await.unwrap();
            assert_eq!(answer, CommitAnswer::Committed);
            1
        }
    })
    .await;
    let committed: u64 = committed.iter().sum();
    assert!(committed >= 1);
    let slot = world.slot(&of).await;
    assert_eq!(slot.generation, of.slot.generation + committed);
    assert_eq!(slot.epoch, of.slot.epoch + committed);
    let (_, unresolved) = world.leased(&of, Duration::ZERO).await;
    assert_eq!(unresolved, None);
}
