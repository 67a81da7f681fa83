use super::world::{Connected, LONG, World, code, failed, passing};
use crate::audit::AuditVerb;
use crate::connection::{ConnectionState, DEFAULT_AUDIENCE, Revocation, TokenView};
use crate::id::{ConnectionId, IntegrationId, UserId};
use crate::integration::{Integration, IntegrationState};
use crate::page::PageRequest;
use crate::ports::{ConnectionFilter, Redemption, Stores};
use crate::testing::fixture;

async fn token_view(world: &World, of: &Connected, audience: &str) -> TokenView {
    let view = world
        .stores
        .connections
        .token_view(&world.scope, of.id, audience)
        .await;
    view.unwrap().expect("the connection is there")
}

async fn listed(world: &World, filter: &ConnectionFilter) -> Vec<ConnectionId> {
    let page = PageRequest::default();
    let page = world
        .stores
        .connections
        .list(&world.scope, filter, page)
        .await
        .unwrap();
    page.items.iter().map(|view| view.connection.id).collect()
}

pub async fn token_view_has_the_default_slot_and_the_token_of_the_audience(stores: &Stores) {
    let world = World::new(stores).await;
    let audience = "https://api.example";
    let mut stored = None;
    let of = world
        .connected_with(|new| {
            let mut other = fixture::slot(&new.connection);
            other.name = "bot".into();
            other.generation = 7;
            let mut bot = fixture::access_token(&other);
            bot.audience = "https://bot.example".into();
            let mut second = fixture::access_token(&new.slots[0]);
            second.audience = audience.into();
            stored = Some(second.clone());
            new.slots.push(other);
            new.tokens.extend([second, bot]);
        })
        .await;
    let connection = world.view(of.id).await.connection;
    let expected = TokenView {
        integration: world.reference(),
        provider: connection.provider,
        state: ConnectionState::Fresh,
        integration_state: IntegrationState::Enabled,
        reason: None,
        scopes: connection.scopes,
        slot: of.slot.id,
        refreshable: true,
        generation: of.slot.generation,
        refresh_expires_at: of.slot.refresh_expires_at,
        not_before: None,
        access: Some(of.token.clone()),
    };
    assert_eq!(token_view(&world, &of, DEFAULT_AUDIENCE).await, expected);
    assert_eq!(token_view(&world, &of, audience).await.access, stored);
    for unknown in ["https://bot.example", "https://API.example", "%"] {
        assert_eq!(token_view(&world, &of, unknown).await.access, None, "{unknown}");
    }
    let unknown = ConnectionId::from_uuid(fixture::id());
    let view = stores
        .connections
        .token_view(&world.scope, unknown, DEFAULT_AUDIENCE)
        .await;
    assert_eq!(view.unwrap(), None);
}

pub async fn token_view_of_a_connection_without_refresh_token_says_so(stores: &Stores) {
    let world = World::new(stores).await;
    let of = world.connected_with(|new| new.slots[0].refresh = None).await;
    assert!(!token_view(&world, &of, DEFAULT_AUDIENCE).await.refreshable);
}

pub async fn blocked_integration_shows_in_the_views_at_once(stores: &Stores) {
    let world = World::new(stores).await;
    let of = world.connected().await;
    let audit = world.audit(AuditVerb::IntegrationUpdate);
    let blocked = Integration {
        state: IntegrationState::Blocked,
        version: 2,
        ..world.integration.clone()
    };
    stores
        .integrations
        .update(&world.scope, &blocked, IntegrationState::Enabled, &audit)
        .await
        .unwrap();
    let view = token_view(&world, &of, DEFAULT_AUDIENCE).await;
    assert_eq!(view.integration_state, IntegrationState::Blocked);
    assert_eq!(view.state, ConnectionState::Fresh, "the stored state stays");
    assert_eq!(
        world.view(of.id).await.state(),
        ConnectionState::IntegrationBlocked
    );
}

pub async fn live_lease_shows_as_refreshing_until_it_ends(stores: &Stores) {
    let world = World::new(stores).await;
    let of = world.connected().await;
    let (slot, _) = world.leased(&of, LONG).await;
    assert_eq!(world.view(of.id).await.state(), ConnectionState::Refreshing);
    let filter = ConnectionFilter {
        state: Some(ConnectionState::Fresh),
        ..Default::default()
    };
    assert_eq!(
        listed(&world, &filter).await,
        [of.id],
        "the filter is for the stored state"
    );
    stores
        .connections
        .release(&world.scope, of.slot.id, slot.epoch)
        .await
        .unwrap();
    assert_eq!(world.view(of.id).await.state(), ConnectionState::Fresh);
    world.leased(&of, std::time::Duration::ZERO).await;
    assert!(
        !world.view(of.id).await.leased,
        "a lease that has run out does not show"
    );
}

pub async fn connections_are_listed_oldest_first_in_pages(stores: &Stores) {
    let world = World::new(stores).await;
    let mut all = Vec::new();
    for _ in 0..4 {
        all.push(world.connected().await.id);
    }
    let all_views = listed(&world, &ConnectionFilter::default()).await;
    assert_eq!(all_views, all);
    let (filter, connections) = (ConnectionFilter::default(), &stores.connections);
    let first = connections
        .list(&world.scope, &filter, PageRequest::new(3, None))
        .await
        .unwrap();
    for view in &first.items {
        assert_eq!(
            *view,
            world.view(view.connection.id).await,
            "the list shows what find shows"
        );
    }
    let last = connections
        .list(&world.scope, &filter, PageRequest::new(1, first.next))
        .await
        .unwrap();
    let ids: Vec<_> = last.items.iter().map(|view| view.connection.id).collect();
    assert_eq!((ids.as_slice(), last.next), (&all[3..], None));
}

pub async fn filters_narrow_the_list_together(stores: &Stores) {
    let world = World::new(stores).await;
    let user = world.user().await;
    let of_nobody = world.connected().await.id;
    let of_user = world
        .connected_with(|new| new.connection.user = Some(user))
        .await
        .id;
    let revoked = world
        .connected_with(|new| new.connection.user = Some(user))
        .await
        .id;
    world.disconnect(revoked).await;
    let pending = world.authorized(|_| ()).await.commit.connection.id;

    let by_user = ConnectionFilter {
        user: Some(user),
        ..Default::default()
    };
    assert_eq!(listed(&world, &by_user).await, [of_user, revoked]);
    let by_state = |state| ConnectionFilter {
        state: Some(state),
        ..Default::default()
    };
    assert_eq!(
        listed(&world, &by_state(ConnectionState::Fresh)).await,
        [of_nobody, of_user]
    );
    assert_eq!(
        listed(&world, &by_state(ConnectionState::Pending)).await,
        [pending]
    );
    assert!(
        listed(&world, &by_state(ConnectionState::Refreshing))
            .await
            .is_empty()
    );
    let both = ConnectionFilter {
        state: Some(ConnectionState::Revoked),
        ..by_user.clone()
    };
    assert_eq!(listed(&world, &both).await, [revoked]);
    let integration = Some(world.integration.id);
    let every = ConnectionFilter {
        integration,
        ..by_user
    };
    assert_eq!(listed(&world, &every).await, [of_user, revoked]);
    let other = Some(IntegrationId::from_uuid(fixture::id()));
    let none = ConnectionFilter {
        integration: other,
        ..Default::default()
    };
    assert!(listed(&world, &none).await.is_empty());
    let nobody = ConnectionFilter {
        user: Some(UserId::from_uuid(fixture::id())),
        ..Default::default()
    };
    assert!(listed(&world, &nobody).await.is_empty());
}

pub async fn account_is_found_again_by_integration_person_and_subject(stores: &Stores) {
    let world = World::new(stores).await;
    let user = world.user().await;
    let subject = fixture::fingerprint();
    let same = |new: &mut crate::ports::ExchangeCommit| {
        new.connection.user = Some(user);
        new.connection.subject = Some(subject);
    };
    let connections = &stores.connections;
    let (scope, integration) = (&world.scope, world.reference());
    world.authorized(same).await;
    let found = connections
        .find_by_subject(scope, integration, Some(user), subject)
        .await;
    assert_eq!(found.unwrap(), None, "a pending one is not in use");

    let oldest = world.connected_with(same).await.id;
    let second = world.authorized(same).await.flow;
    let refused = world.redeem(second, &Redemption::Confirm).await;
    assert_eq!(code(&refused), "stale", "one account is connected once");
    let anybodys = world
        .connected_with(|new| new.connection.subject = Some(subject))
        .await
        .id;
    world.disconnect(oldest).await;
    let found = connections
        .find_by_subject(scope, integration, Some(user), subject)
        .await;
    assert_eq!(found.unwrap(), Some(oldest), "a revoked one counts");
    let found = connections
        .find_by_subject(scope, integration, None, subject)
        .await;
    assert_eq!(found.unwrap(), Some(anybodys));
    let other = fixture::fingerprint();
    let found = connections
        .find_by_subject(scope, integration, Some(user), other)
        .await;
    assert_eq!(found.unwrap(), None);
    let mut elsewhere = integration;
    elsewhere.id = IntegrationId::from_uuid(fixture::id());
    let found = connections
        .find_by_subject(scope, elsewhere, Some(user), subject)
        .await;
    assert_eq!(found.unwrap(), None);
}

pub async fn thr_30_disconnected_connection_is_not_served_from_that_moment(stores: &Stores) {
    let world = World::new(stores).await;
    let of = world.connected().await;
    let (slot, _) = world.leased(&of, LONG).await;
    let failure = failed(&slot, None);
    let audit = world.audit(AuditVerb::OAuthTokenRefreshFailed);
    stores
        .connections
        .fail(&world.scope, &failure, &audit)
        .await
        .unwrap();
    assert_eq!(
        token_view(&world, &of, DEFAULT_AUDIENCE).await.reason,
        Some(passing())
    );

    let audit = world.audit(AuditVerb::ConnectionDisconnect);
    let at = fixture::time(70);
    let connections = &stores.connections;
    assert!(
        connections
            .disconnect(&world.scope, of.id, at, &audit)
            .await
            .unwrap()
    );
    assert!(world.logged(&audit).await);
    let view = token_view(&world, &of, DEFAULT_AUDIENCE).await;
    assert_eq!(
        (view.state, view.access, view.reason),
        (ConnectionState::Revoked, None, None)
    );
    let view = world.view(of.id).await;
    assert_eq!(view.connection.revocation, Revocation::Requested);
    assert_eq!(view.connection.updated_at, at);
    assert_eq!(
        view.slots[0].refresh, of.slot.refresh,
        "it is kept until it is revoked there"
    );
    assert_eq!(view.tokens, [of.token]);

    let again = world.audit(AuditVerb::ConnectionDisconnect);
    let later = fixture::time(80);
    assert!(
        !connections
            .disconnect(&world.scope, of.id, later, &again)
            .await
            .unwrap()
    );
    assert!(!world.logged(&again).await);
    assert_eq!(world.view(of.id).await, view);
}

pub async fn unknown_connection_is_not_disconnected(stores: &Stores) {
    let world = World::new(stores).await;
    let audit = world.audit(AuditVerb::ConnectionDisconnect);
    let unknown = ConnectionId::from_uuid(fixture::id());
    let answer = stores
        .connections
        .disconnect(&world.scope, unknown, fixture::time(70), &audit)
        .await;
    assert_eq!(super::world::code(&answer), "not_found");
    assert!(!world.logged(&audit).await);
}
