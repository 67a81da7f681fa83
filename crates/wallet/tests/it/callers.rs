//! Keys: what they may do, how far they reach, and when they stop (THR-8, architecture: HTTP API).

use crate::world::{World, asker, everything, new_caller, new_integration, operator};
use coffer_core::caller::CallerVerb;
use coffer_core::id::TenantId;
use coffer_core::page::PageRequest;
use coffer_core::rotation::RotationClass;
use coffer_core::secret::ExposeSecret;
use coffer_core::testing::Method;
use coffer_wallet::caller::REVOCATION_DELAY;
use coffer_wallet::{NewCaller, Principal, WalletError};
use std::time::Duration;

async fn world() -> World {
    World::of_class(RotationClass::Static).await
}

fn named(name: &str) -> NewCaller {
    NewCaller {
        name: name.into(),
        ..everything()
    }
}

#[tokio::test(start_paused = true)]
async fn a_hot_key_is_known_without_the_database() {
    let world = world().await;
    let before = world.store.calls(Method::FindByKey);
    for _ in 0..100 {
        world
            .wallet
            .authenticate(world.key.expose_secret())
            .await
            .unwrap();
    }
    assert_eq!(world.store.calls(Method::FindByKey), before);
}

#[tokio::test(start_paused = true)]
async fn a_revoked_key_stops_here_at_once_and_elsewhere_within_the_delay() {
    let world = world().await;
    let (principal, key) = new_caller(&world.wallet, &world.scope, named("other")).await;
    let Principal::Caller(caller) = principal else {
        panic!()
    };
    let replica = world.replica();
    replica.authenticate(key.expose_secret()).await.unwrap();
    world
        .wallet
        .revoke_caller(&world.scope, &world.asker(), caller.id)
        .await
        .unwrap();
    let here = world.wallet.authenticate(key.expose_secret()).await;
    assert!(matches!(here, Err(WalletError::Unauthenticated)));
    world.clock.advance(REVOCATION_DELAY - Duration::from_micros(1));
    replica.authenticate(key.expose_secret()).await.unwrap();
    world.clock.advance(Duration::from_micros(1));
    let there = replica.authenticate(key.expose_secret()).await;
    assert!(matches!(there, Err(WalletError::Unauthenticated)));
}

#[tokio::test(start_paused = true)]
async fn a_key_ends_with_its_time_also_while_it_is_hot() {
    let world = world().await;
    let new = NewCaller {
        lifetime: Duration::from_secs(61),
        ..named("short")
    };
    let (_, key) = new_caller(&world.wallet, &world.scope, new).await;
    world.pass(60);
    world.wallet.authenticate(key.expose_secret()).await.unwrap();
    world.pass(1);
    assert!(world.wallet.authenticate(key.expose_secret()).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn what_is_no_key_is_refused_without_asking_the_database() {
    let world = world().await;
    let before = world.store.calls(Method::FindByKey);
    let key = world.key.expose_secret();
    for wrong in [
        "",
        "cfr_",
        "Bearer x",
        &key[1..],
        &format!("{key}x"),
        &key.to_uppercase(),
    ] {
        assert!(matches!(
            world.wallet.authenticate(wrong).await,
            Err(WalletError::Unauthenticated)
        ));
    }
    assert_eq!(world.store.calls(Method::FindByKey), before);
    let unknown = coffer_core::bearer::BearerKind::ApiKey.generate(&coffer_core::SystemRandom);
    assert!(world.wallet.authenticate(unknown.expose_secret()).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn thr_8_beyond_its_reach_there_is_nothing_for_a_caller() {
    let world = world().await;
    let (near, far) = (
        world.connect().await,
        world.connect_as("bob", |_| {}).await.unwrap().id,
    );
    let other = new_integration(&world.wallet, &world.scope, "Other", RotationClass::Static).await;
    let limits = [
        NewCaller {
            connections: Some(vec![near]),
            ..named("one connection")
        },
        NewCaller {
            integrations: Some(vec![other]),
            ..named("another integration")
        },
        NewCaller {
            integrations: Some(vec![world.integration]),
            connections: Some(vec![]),
            ..named("nothing")
        },
    ];
    let (wallet, by) = (&world.wallet, world.asker());
    for (number, limit) in limits.into_iter().enumerate() {
        let (caller, _) = new_caller(wallet, &world.scope, limit).await;
        let answers = [
            wallet.connection(&caller, far).await.map(drop),
            wallet
                .token(&caller, &by, far, Default::default())
                .await
                .map(drop),
            wallet.refresh(&caller, &by, far).await.map(drop),
            wallet.smoke_test(&caller, &by, far).await.map(drop),
            wallet.disconnect(&caller, &by, far).await.map(drop),
            wallet
                .attempts(&caller, far, PageRequest::new(1, None))
                .await
                .map(drop),
        ];
        for answer in answers {
            assert!(
                matches!(answer, Err(WalletError::NotFound("connection"))),
                "{answer:?}"
            );
        }
        let page = PageRequest::new(10, None);
        let listed = wallet
            .connections(&caller, &Default::default(), page)
            .await
            .unwrap();
        assert_eq!(listed.items.len(), usize::from(number == 0));
        let token = wallet.token(&caller, &by, near, Default::default()).await;
        assert_eq!(token.is_ok(), number == 0);
    }
    assert_eq!(
        world.token(far).await.unwrap().generation,
        1,
        "nobody disconnected it"
    );
}

#[tokio::test(start_paused = true)]
async fn a_caller_does_what_its_verbs_say_and_an_operator_sees_no_connection() {
    let world = world().await;
    let id = world.connect().await;
    let (wallet, by) = (&world.wallet, world.asker());
    let (_, key) = wallet
        .create_operator(
            &operator(),
            &asker(TenantId::INSTALLATION),
            "root",
            NewCaller::USUAL,
        )
        .await
        .unwrap();
    let root = wallet.authenticate(key.expose_secret()).await.unwrap();
    assert!(root.operator_scope().is_ok() && world.caller.operator_scope().is_err());
    let nothing = NewCaller {
        verbs: vec![CallerVerb::Audit],
        ..named("auditor")
    };
    let (auditor, _) = new_caller(wallet, &world.scope, nothing).await;
    for principal in [&root, &auditor] {
        let answers = [
            wallet.connection(principal, id).await.map(drop),
            wallet
                .token(principal, &by, id, Default::default())
                .await
                .map(drop),
            wallet.refresh(principal, &by, id).await.map(drop),
            wallet.smoke_test(principal, &by, id).await.map(drop),
            wallet.disconnect(principal, &by, id).await.map(drop),
        ];
        for answer in answers {
            assert!(matches!(answer, Err(WalletError::Forbidden(_))), "{answer:?}");
        }
    }
    for verb in CallerVerb::ALL {
        assert!(root.scope_for(verb).is_err(), "{verb:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn callers_are_made_with_care() {
    let world = world().await;
    let by = world.asker();
    let wrong = [
        NewCaller {
            verbs: vec![],
            ..named("a")
        },
        NewCaller {
            name: " ".into(),
            ..named("a")
        },
        NewCaller {
            name: "a\nb".into(),
            ..named("a")
        },
        NewCaller {
            lifetime: Duration::from_secs(59),
            ..named("a")
        },
        NewCaller {
            lifetime: NewCaller::LONGEST + Duration::from_secs(1),
            ..named("a")
        },
    ];
    for new in wrong {
        let refused = world.wallet.create_caller(&world.scope, &by, new).await;
        assert!(matches!(refused, Err(WalletError::Invalid { .. })));
    }
    let (made, key) = world
        .wallet
        .create_caller(&world.scope, &by, named("a"))
        .await
        .unwrap();
    assert!(key.expose_secret().ends_with(&made.key_hint) && made.key_hint.len() == 4);
}

#[tokio::test(start_paused = true)]
async fn oa_c33_no_connect_session_is_made_without_the_right_to() {
    let world = world().await;
    let others = CallerVerb::ALL
        .iter()
        .copied()
        .filter(|verb| *verb != CallerVerb::Connect);
    let without = NewCaller {
        verbs: others.collect(),
        ..named("without")
    };
    let (principal, _) = new_caller(&world.wallet, &world.scope, without).await;
    let refused = principal.scope_for(CallerVerb::Connect);
    assert!(
        matches!(refused, Err(WalletError::Forbidden("connect"))),
        "{refused:?}"
    );
    assert!(world.caller.scope_for(CallerVerb::Connect).is_ok());
}
