use super::world::{World, code, race};
use crate::idempotency::{IdempotencyCheck, IdempotencyKey};
use crate::ports::Stores;
use crate::testing::fixture;
use crate::{Sealed, Timestamp};

/// Long before any key was taken.
fn never_stale() -> Timestamp {
    fixture::time(0)
}

async fn take(world: &World, key: &IdempotencyKey, stale_before: Timestamp) -> IdempotencyCheck {
    let idempotency = &world.stores.idempotency;
    idempotency.take(&world.scope, key, stale_before).await.unwrap()
}

/// The same request again, by another try.
fn again(key: &IdempotencyKey) -> IdempotencyKey {
    let mut again = key.clone();
    again.id = fixture::id();
    again.created_at = fixture::time(120);
    again
}

pub async fn key_is_taken_once_and_then_answered(stores: &Stores) {
    let world = World::new(stores).await;
    let key = fixture::idempotency_key();
    assert_eq!(take(&world, &key, never_stale()).await, IdempotencyCheck::New);
    assert_eq!(
        take(&world, &again(&key), never_stale()).await,
        IdempotencyCheck::InProgress
    );

    let mut answer = fixture::kept_answer(&key);
    answer.body = Sealed::from_envelope(vec![0xA5; 64 * 1024]);
    stores
        .idempotency
        .keep(&world.scope, &key.key, &answer)
        .await
        .unwrap();
    let known = IdempotencyCheck::Answered(answer.clone());
    assert_eq!(take(&world, &again(&key), never_stale()).await, known);

    let other = fixture::kept_answer(&key);
    stores
        .idempotency
        .keep(&world.scope, &key.key, &other)
        .await
        .unwrap();
    assert_eq!(
        take(&world, &again(&key), never_stale()).await,
        known,
        "the first answer stays"
    );
    stores
        .idempotency
        .give_back(&world.scope, &key.key)
        .await
        .unwrap();
    let much_later = fixture::time(10_000);
    assert_eq!(
        take(&world, &again(&key), much_later).await,
        known,
        "an answer is never stale"
    );
}

pub async fn key_of_another_request_is_a_mismatch(stores: &Stores) {
    let world = World::new(stores).await;
    let key = fixture::idempotency_key();
    take(&world, &key, never_stale()).await;
    let mut other = again(&key);
    other.request = fixture::fingerprint();
    assert_eq!(
        take(&world, &other, never_stale()).await,
        IdempotencyCheck::Mismatch
    );
    let answer = fixture::kept_answer(&key);
    stores
        .idempotency
        .keep(&world.scope, &key.key, &answer)
        .await
        .unwrap();
    assert_eq!(
        take(&world, &other, never_stale()).await,
        IdempotencyCheck::Mismatch
    );
}

pub async fn of_many_that_take_a_key_one_gets_it(stores: &Stores) {
    let world = World::new(stores).await;
    let key = fixture::idempotency_key();
    let answers = race(20, |_| {
        let (idempotency, scope) = (stores.idempotency.clone(), world.scope);
        let key = IdempotencyKey {
            id: fixture::id(),
            ..key.clone()
        };
        async move { idempotency.take(&scope, &key, never_stale()).await.unwrap() }
    })
    .await;
    let new = answers.iter().filter(|answer| **answer == IdempotencyCheck::New);
    assert_eq!(new.count(), 1, "{answers:?}");
    let waiting = answers
        .iter()
        .filter(|answer| **answer == IdempotencyCheck::InProgress);
    assert_eq!(waiting.count(), 19, "{answers:?}");
}

pub async fn key_that_was_given_back_is_new_again(stores: &Stores) {
    let world = World::new(stores).await;
    let key = fixture::idempotency_key();
    take(&world, &key, never_stale()).await;
    stores
        .idempotency
        .give_back(&world.scope, &key.key)
        .await
        .unwrap();
    stores
        .idempotency
        .give_back(&world.scope, &key.key)
        .await
        .unwrap();
    let mut other = again(&key);
    other.request = fixture::fingerprint();
    assert_eq!(take(&world, &other, never_stale()).await, IdempotencyCheck::New);
}

pub async fn key_whose_work_was_abandoned_is_taken_over(stores: &Stores) {
    let world = World::new(stores).await;
    let key = fixture::idempotency_key();
    take(&world, &key, never_stale()).await;
    assert_eq!(
        take(&world, &again(&key), key.created_at).await,
        IdempotencyCheck::InProgress
    );
    let second = again(&key);
    assert_eq!(
        take(&world, &second, fixture::time(61)).await,
        IdempotencyCheck::New
    );

    let idempotency = &stores.idempotency;
    let late = idempotency
        .keep(&world.scope, &key.key, &fixture::kept_answer(&key))
        .await;
    assert_eq!(code(&late), "not_found", "the row is another's now");
    let answer = fixture::kept_answer(&second);
    idempotency.keep(&world.scope, &key.key, &answer).await.unwrap();
    let known = take(&world, &again(&key), never_stale()).await;
    assert_eq!(known, IdempotencyCheck::Answered(answer));
}

pub async fn key_that_expired_is_forgotten_with_its_answer(stores: &Stores) {
    let world = World::new(stores).await;
    let mut key = fixture::idempotency_key();
    key.expires_at = fixture::time(100);
    take(&world, &key, never_stale()).await;
    let answer = fixture::kept_answer(&key);
    stores
        .idempotency
        .keep(&world.scope, &key.key, &answer)
        .await
        .unwrap();
    let mut later = again(&key);
    later.created_at = fixture::time(99);
    let known = IdempotencyCheck::Answered(answer);
    assert_eq!(take(&world, &later, never_stale()).await, known);
    later.created_at = fixture::time(100);
    later.expires_at = fixture::time(200);
    later.request = fixture::fingerprint();
    assert_eq!(take(&world, &later, never_stale()).await, IdempotencyCheck::New);
}

pub async fn keys_that_expired_are_deleted_when_others_are_taken(stores: &Stores) {
    let (world, other) = (World::new(stores).await, World::new(stores).await);
    let mut expired = fixture::idempotency_key();
    expired.expires_at = fixture::time(100);
    let (foreign, live) = (expired.clone(), fixture::idempotency_key());
    let (foreign, live) = (again(&foreign), again(&live));
    take(&other, &foreign, never_stale()).await;
    take(&world, &expired, never_stale()).await;
    take(&world, &live, never_stale()).await;
    let idempotency = &stores.idempotency;
    let late = fixture::kept_answer(&expired);
    let kept = idempotency.keep(&world.scope, &expired.key, &late).await;
    assert_eq!(code(&kept), "not_found", "the row is gone");
    let answer = fixture::kept_answer(&live);
    idempotency.keep(&world.scope, &live.key, &answer).await.unwrap();
    let answer = fixture::kept_answer(&foreign);
    let kept = idempotency.keep(&other.scope, &foreign.key, &answer).await;
    assert_eq!(code(&kept), "ok", "what is another tenant's stays");
}

pub async fn answer_for_a_key_that_nobody_took_is_refused(stores: &Stores) {
    let world = World::new(stores).await;
    let key = fixture::idempotency_key();
    let answer = fixture::kept_answer(&key);
    let kept = stores.idempotency.keep(&world.scope, &key.key, &answer).await;
    assert_eq!(code(&kept), "not_found");
}

pub async fn two_tenants_use_the_same_key_apart(stores: &Stores) {
    let (one, two) = (World::new(stores).await, World::new(stores).await);
    let key = fixture::idempotency_key();
    assert_eq!(take(&one, &key, never_stale()).await, IdempotencyCheck::New);
    assert_eq!(
        take(&two, &again(&key), never_stale()).await,
        IdempotencyCheck::New
    );
}
