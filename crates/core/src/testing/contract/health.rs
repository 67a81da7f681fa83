use crate::ports::Stores;

pub async fn ping_answers_with_a_time_that_does_not_run_backwards(stores: &Stores) {
    let first = stores.health.ping().await.unwrap();
    let second = stores.health.ping().await.unwrap();
    assert!(
        first <= second && first.unix_secs() > 1_700_000_000,
        "{first} {second}"
    );
}
