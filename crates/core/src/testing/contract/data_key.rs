use super::world::{OPERATOR, World, code, race, scope};
use crate::data_key::{DataKey, DataKeyPurpose, DataKeyState};
use crate::id::{DataKeyId, TenantId};
use crate::ports::Stores;
use crate::testing::fixture;

fn by_kek(mut key: DataKey) -> DataKey {
    key.wraps.sort_by(|one, two| one.kek.cmp(&two.kek));
    key
}

pub async fn first_key_of_each_purpose_is_kept_with_its_wraps(stores: &Stores) {
    let world = World::new(stores).await;
    let keys = &stores.data_keys;
    for purpose in [DataKeyPurpose::Seal, DataKeyPurpose::Lookup] {
        assert_eq!(keys.active(&world.scope, purpose).await.unwrap(), None);
        let key = fixture::data_key(world.tenant.id, purpose);
        let stored = keys.create_first(&world.scope, &key).await.unwrap();
        assert_eq!(by_kek(stored), key);
        let active = keys.active(&world.scope, purpose).await.unwrap();
        assert_eq!(active.map(by_kek), Some(key.clone()));
        let found = keys.find(&world.scope, key.id).await.unwrap();
        assert_eq!(found.map(by_kek), Some(key));
    }
    let unknown = DataKeyId::from_uuid(fixture::id());
    assert_eq!(keys.find(&world.scope, unknown).await.unwrap(), None);
}

pub async fn first_key_is_stored_as_active(stores: &Stores) {
    let world = World::new(stores).await;
    let mut key = fixture::data_key(world.tenant.id, DataKeyPurpose::Seal);
    key.state = DataKeyState::Pending;
    let stored = stores.data_keys.create_first(&world.scope, &key).await.unwrap();
    assert_eq!((stored.id, stored.state), (key.id, DataKeyState::Active));
    let active = stores.data_keys.active(&world.scope, DataKeyPurpose::Seal).await;
    assert_eq!(active.unwrap().map(|key| key.id), Some(key.id));
}

pub async fn of_many_first_keys_one_wins_and_all_get_it(stores: &Stores) {
    let world = World::new(stores).await;
    let answers = race(20, |_| {
        let (keys, scope) = (stores.data_keys.clone(), world.scope);
        async move {
            let key = fixture::data_key(scope.tenant(), DataKeyPurpose::Lookup);
            by_kek(keys.create_first(&scope, &key).await.unwrap())
        }
    })
    .await;
    let winner = stores
        .data_keys
        .active(&world.scope, DataKeyPurpose::Lookup)
        .await;
    let winner = winner.unwrap().map(by_kek).expect("one has won");
    assert!(answers.iter().all(|key| *key == winner));
    let late = fixture::data_key(world.tenant.id, DataKeyPurpose::Lookup);
    let answer = stores.data_keys.create_first(&world.scope, &late).await.unwrap();
    assert_eq!(by_kek(answer), winner);
    assert_eq!(stores.data_keys.find(&world.scope, late.id).await.unwrap(), None);
}

pub async fn key_of_an_unknown_or_another_tenant_is_refused(stores: &Stores) {
    let world = World::new(stores).await;
    let unknown = TenantId::from_uuid(fixture::id());
    let key = fixture::data_key(unknown, DataKeyPurpose::Seal);
    let answer = stores.data_keys.create_first(&scope(unknown), &key).await;
    assert_eq!(code(&answer), "not_found");
    let answer = stores.data_keys.create_first(&world.scope, &key).await;
    assert_eq!(code(&answer), "not_found");
    let active = stores.data_keys.active(&world.scope, DataKeyPurpose::Seal).await;
    assert_eq!(active.unwrap(), None);
}

pub async fn installation_has_keys_of_its_own(stores: &Stores) {
    let world = World::new(stores).await;
    let installation = OPERATOR.installation();
    let key = fixture::data_key(TenantId::INSTALLATION, DataKeyPurpose::Lookup);
    let stored = stores.data_keys.create_first(&installation, &key).await.unwrap();
    assert_eq!(stored.tenant, TenantId::INSTALLATION);
    assert_eq!(
        stores.data_keys.find(&world.scope, stored.id).await.unwrap(),
        None
    );
    let found = stores.data_keys.find(&installation, stored.id).await.unwrap();
    assert_eq!(found.map(|key| key.id), Some(stored.id));
}
