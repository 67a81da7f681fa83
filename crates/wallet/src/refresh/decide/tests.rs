use super::*;
use coffer_core::Fingerprint;
use coffer_core::Sealed;
use coffer_core::connection::{AccessToken, AttemptKind, AttemptOutcome};
use coffer_core::id::{AttemptId, ConnectionId, IntegrationId, SlotId, TenantId};
use coffer_core::integration::IntegrationRef;
use uuid::Uuid;

const SECOND: Duration = Duration::from_secs(1);

fn at(secs: i64) -> Timestamp {
    Timestamp::from_unix_secs(1_800_000_000 + secs)
}

fn view(state: ConnectionState, expires: Option<i64>) -> TokenView {
    TokenView {
        integration: IntegrationRef {
            owner: TenantId::INSTALLATION,
            id: IntegrationId::from_uuid(Uuid::nil()),
        },
        provider: "simulator".into(),
        state,
        integration_state: IntegrationState::Enabled,
        reason: None,
        scopes: vec![],
        slot: SlotId::from_uuid(Uuid::nil()),
        refreshable: true,
        generation: 1,
        refresh_expires_at: None,
        not_before: None,
        access: expires.map(|end| AccessToken {
            id: Uuid::nil(),
            slot: SlotId::from_uuid(Uuid::nil()),
            audience: String::new(),
            token: Sealed::from_envelope(vec![]),
            generation: 1,
            token_type: "Bearer".into(),
            issued_at: at(0),
            expires_at: Some(at(end)),
        }),
    }
}

fn slot(class: RotationClass, ambiguous: u32) -> Slot {
    Slot {
        tenant: TenantId::INSTALLATION,
        id: SlotId::from_uuid(Uuid::nil()),
        connection: ConnectionId::from_uuid(Uuid::nil()),
        name: "default".into(),
        class,
        refresh: None,
        generation: 1,
        refresh_expires_at: None,
        refreshed_at: at(0),
        due_at: None,
        failures: 0,
        not_before: None,
        epoch: 1,
        lease: None,
        ambiguous,
    }
}

fn unresolved(started: i64) -> Attempt {
    Attempt {
        tenant: TenantId::INSTALLATION,
        id: AttemptId::from_uuid(Uuid::nil()),
        kind: AttemptKind::Refresh,
        connection: None,
        slot: None,
        generation: 1,
        epoch: 1,
        fingerprint: Fingerprint([0; 16]),
        started_at: at(started),
        outcome: Some(AttemptOutcome::Ambiguous),
        reason: None,
        finished_at: None,
    }
}

#[test]
fn inv5_nothing_is_served_of_a_connection_that_is_pending_revoked_or_dead() {
    for (state, refusal) in [
        (ConnectionState::Pending, Refusal::Pending),
        (ConnectionState::Revoked, Refusal::Revoked),
        (ConnectionState::ConsentRequired, Refusal::ConsentRequired),
    ] {
        let decided = read(&view(state, Some(3600)), at(1), SECOND, false, Duration::ZERO);
        assert_eq!(decided, Read::Refuse(refusal));
    }
}

#[test]
fn a_token_with_enough_life_is_served_and_one_without_is_refreshed() {
    let view = view(ConnectionState::Fresh, Some(3600));
    assert_eq!(
        read(&view, at(0), 60 * SECOND, false, Duration::ZERO),
        Read::Serve
    );
    assert_eq!(
        read(&view, at(3539), 60 * SECOND, false, Duration::ZERO),
        Read::Serve
    );
    assert_eq!(
        read(&view, at(3540), 60 * SECOND, false, Duration::ZERO),
        Read::Refresh
    );
}

#[test]
fn w5_an_expired_token_is_never_served() {
    let mut view = view(ConnectionState::Fresh, Some(3600));
    assert_eq!(
        read(&view, at(3600), Duration::ZERO, false, Duration::ZERO),
        Read::Refresh
    );
    view.refreshable = false;
    assert_eq!(
        read(&view, at(3600), Duration::ZERO, false, Duration::ZERO),
        Read::Refuse(Refusal::ConsentRequired)
    );
}

#[test]
fn asking_for_more_life_than_tokens_have_does_not_refresh_each_time() {
    let view = view(ConnectionState::Fresh, Some(3600));
    assert_eq!(
        read(&view, at(600), 7200 * SECOND, false, Duration::ZERO),
        Read::Serve
    );
    assert_eq!(
        read(&view, at(721), 7200 * SECOND, false, Duration::ZERO),
        Read::Refresh
    );
}

#[test]
fn while_nothing_may_be_sent_a_living_token_is_served_and_a_dead_one_waits() {
    let mut view = view(ConnectionState::BackingOff, Some(3600));
    view.not_before = Some(at(4000));
    assert_eq!(
        read(&view, at(3590), 60 * SECOND, false, Duration::ZERO),
        Read::Serve
    );
    assert_eq!(
        read(&view, at(3601), 60 * SECOND, false, Duration::ZERO),
        Read::Wait(at(4000))
    );
    assert_eq!(
        read(&view, at(3590), 60 * SECOND, true, Duration::ZERO),
        Read::Wait(at(4000))
    );
}

#[test]
fn a_blocked_integration_serves_what_lives_and_refreshes_nothing() {
    let mut view = view(ConnectionState::Fresh, Some(3600));
    view.integration_state = IntegrationState::Blocked;
    assert_eq!(
        read(&view, at(3590), 60 * SECOND, false, Duration::ZERO),
        Read::Serve
    );
    let expected = Read::Refuse(Refusal::IntegrationBlocked);
    assert_eq!(
        read(&view, at(3600), 60 * SECOND, false, Duration::ZERO),
        expected
    );
}

#[test]
fn a_token_younger_than_the_provider_likes_is_served_instead_of_refreshed() {
    let view = view(ConnectionState::Fresh, Some(100));
    assert_eq!(read(&view, at(25), 90 * SECOND, false, 30 * SECOND), Read::Serve);
    assert_eq!(
        read(&view, at(30), 90 * SECOND, false, 30 * SECOND),
        Read::Refresh
    );
}

#[test]
fn a_token_that_never_expires_is_always_served() {
    let mut view = view(ConnectionState::Fresh, Some(1));
    view.refreshable = false;
    view.access.as_mut().unwrap().expires_at = None;
    assert_eq!(
        read(&view, at(1_000_000), 7200 * SECOND, false, Duration::ZERO),
        Read::Serve
    );
}

#[test]
fn thr_16_each_class_retries_as_its_rule_says() {
    let settings = Settings::default();
    let decide = |class, ambiguous, seconds| {
        leased(
            &slot(class, ambiguous),
            Some(&unresolved(0)),
            30 * SECOND,
            at(seconds),
            &settings,
        )
    };
    for class in [
        RotationClass::Static,
        RotationClass::Overlapping,
        RotationClass::RetireOnProof,
    ] {
        assert_eq!(decide(class, 9, 0), Leased::Send);
    }
    assert_eq!(decide(RotationClass::Grace, 9, 29), Leased::Send);
    assert_eq!(decide(RotationClass::Grace, 1, 30), Leased::Send);
    assert_eq!(decide(RotationClass::Grace, 2, 30), Leased::Quarantine);
    for class in [RotationClass::SingleUse, RotationClass::SingleUseFamily] {
        assert_eq!(decide(class, 1, 8), Leased::Wait(at(9)));
        assert_eq!(decide(class, 1, 9), Leased::Send);
        assert_eq!(decide(class, 2, 3600), Leased::Quarantine);
    }
}

#[test]
fn without_an_unresolved_attempt_every_class_sends() {
    for class in RotationClass::ALL {
        let decided = leased(&slot(class, 0), None, Duration::ZERO, at(0), &Settings::default());
        assert_eq!(decided, Leased::Send);
    }
}

#[test]
fn f1_due_time_is_five_minutes_before_or_half_of_a_short_life() {
    assert_eq!(due_at(at(0), Some(at(3600)), None), Some(at(3600 - 720)));
    assert_eq!(due_at(at(0), Some(at(1200)), None), Some(at(900)));
    assert_eq!(due_at(at(0), Some(at(60)), None), Some(at(30)));
    assert_eq!(due_at(at(0), Some(at(3600)), Some(30 * SECOND)), Some(at(3570)));
    assert_eq!(due_at(at(0), None, None), None);
}

#[test]
fn f2_back_off_doubles_up_to_its_cap() {
    let settings = Settings::default();
    assert_eq!(backoff_ceiling(0, &settings), 2 * SECOND);
    assert_eq!(backoff_ceiling(3, &settings), 16 * SECOND);
    assert_eq!(backoff_ceiling(u32::MAX, &settings), settings.backoff_cap);
}
