//! The decisions of the refresh protocol as pure functions: state and facts in, what to do out. No I/O, no clock.

use crate::settings::Settings;
use coffer_core::Timestamp;
use coffer_core::connection::{Attempt, ConnectionState, Slot, TokenView};
use coffer_core::integration::IntegrationState;
use coffer_core::rotation::RotationClass;
use std::time::Duration;

/// What to do with a request for a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Read {
    /// The token that is there will do.
    Serve,
    /// Refresh first. While that runs, a token that still lives may be served where it must.
    Refresh,
    /// Not yet: nothing may be sent before this time, and there is nothing to serve.
    Wait(Timestamp),
    /// It cannot be served.
    Refuse(Refusal),
}

/// Why a token cannot be served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The one-time result was not redeemed yet.
    Pending,
    /// It was disconnected.
    Revoked,
    /// A person has to consent again.
    ConsentRequired,
    /// The provider refuses the integration's client.
    IntegrationBlocked,
    /// It is not known whether the refresh token lives.
    Quarantined,
}

/// How much life the caller wants a token to have, cut to what the provider's tokens can have: four fifths of a
/// token's whole life, so that asking for too much does not mean a refresh for every request.
pub fn capped_min_ttl(wanted: Duration, issued_at: Timestamp, expires_at: Option<Timestamp>) -> Duration {
    match expires_at {
        Some(end) => wanted.min(end.since(issued_at).mul_f64(0.8)),
        None => wanted,
    }
}

/// Decides what to do with a request for a token of at least `min_ttl` remaining life. `force` asks for a refresh
/// whatever the token's age; `min_age` is how old a token must be before the provider likes to be asked again.
pub fn read(view: &TokenView, now: Timestamp, min_ttl: Duration, force: bool, min_age: Duration) -> Read {
    match view.state {
        ConnectionState::Pending => return Read::Refuse(Refusal::Pending),
        ConnectionState::Revoked => return Read::Refuse(Refusal::Revoked),
        ConnectionState::ConsentRequired => return Read::Refuse(Refusal::ConsentRequired),
        ConnectionState::Fresh
        | ConnectionState::Refreshing
        | ConnectionState::BackingOff
        | ConnectionState::IntegrationBlocked
        | ConnectionState::ProviderUnavailable
        | ConnectionState::Quarantined => {}
    }
    if !force && serves(view, now, min_ttl) {
        return Read::Serve;
    }
    let alive = serves(view, now, Duration::ZERO);
    let young = view
        .access
        .as_ref()
        .is_some_and(|token| now < token.issued_at.plus(min_age));
    let blocked = match (view.state, view.integration_state) {
        (ConnectionState::Quarantined, _) => Some(Read::Refuse(Refusal::Quarantined)),
        (_, IntegrationState::Blocked) => Some(Read::Refuse(Refusal::IntegrationBlocked)),
        _ if !view.refreshable => Some(Read::Refuse(Refusal::ConsentRequired)),
        _ => view.not_before.filter(|time| now < *time).map(Read::Wait),
    };
    match blocked {
        Some(Read::Refuse(Refusal::ConsentRequired)) if alive => Read::Serve,
        Some(_) if alive && !force => Read::Serve,
        Some(otherwise) => otherwise,
        None if alive && young => Read::Serve,
        None => Read::Refresh,
    }
}

/// Whether the refresh token of a connection in this state may be presented: nobody has learnt that it is dead, or that
/// the client is refused.
pub fn may_present(view: &TokenView) -> bool {
    let alive = match view.state {
        ConnectionState::Fresh
        | ConnectionState::Refreshing
        | ConnectionState::BackingOff
        | ConnectionState::IntegrationBlocked
        | ConnectionState::ProviderUnavailable => true,
        ConnectionState::Pending
        | ConnectionState::ConsentRequired
        | ConnectionState::Quarantined
        | ConnectionState::Revoked => false,
    };
    alive && view.integration_state != IntegrationState::Blocked
}

/// Whether the token that is there has more than `min_ttl` of life left (or never expires).
pub fn serves(view: &TokenView, now: Timestamp, min_ttl: Duration) -> bool {
    view.access.as_ref().is_some_and(|token| {
        let wanted = capped_min_ttl(min_ttl, token.issued_at, token.expires_at);
        token.expires_at.is_none_or(|end| now.plus(wanted) < end)
    })
}

/// What to do once the lease is ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leased {
    /// Present the token.
    Send,
    /// An earlier attempt may still be at work: not before this time.
    Wait(Timestamp),
    /// Its one retry is spent: presenting the token again could revoke what is left. A person has to look.
    Quarantine,
}

/// Decides whether a slot's token may be presented, after attempts whose outcome is not known (refresh.md, states:
/// `recover`). R0, R1 and R3 may always; R2 within its grace; R4 and R5, and R2 past its grace, once, and only when
/// the earlier request's deadline is past.
pub fn leased(
    slot: &Slot,
    unresolved: Option<&Attempt>,
    grace: Duration,
    now: Timestamp,
    settings: &Settings,
) -> Leased {
    let Some(earlier) = unresolved else {
        return Leased::Send;
    };
    if slot.class.retries_freely(now.since(earlier.started_at), grace) {
        return Leased::Send;
    }
    let over = earlier.started_at.plus(settings.exchange).plus(settings.margin);
    if slot.ambiguous > 1 {
        Leased::Quarantine
    } else if now < over {
        Leased::Wait(over)
    } else {
        Leased::Send
    }
}

/// Whether an ambiguous attempt may be repeated at once by its own holder, whose socket is closed.
pub fn may_repeat_at_once(class: RotationClass, since_sent: Duration, grace: Duration) -> bool {
    class.retries_freely(since_sent, grace)
}

/// When a refresh is due: expiry minus min(max(5 min, 20 % of life), 50 % of life) (refresh.md, step 1), or minus the
/// provider's own margin.
pub fn due_at(issued: Timestamp, expires: Option<Timestamp>, margin: Option<Duration>) -> Option<Timestamp> {
    let expires = expires?;
    let life = expires.since(issued);
    let usual = Duration::from_secs(300).max(life.mul_f64(0.2));
    let lead = margin.unwrap_or(usual).min(life / 2);
    Some(expires.minus(lead))
}

/// The longest back-off after `failures` failures in a row; the actual one is drawn between zero and this (full
/// jitter).
pub fn backoff_ceiling(failures: u32, settings: &Settings) -> Duration {
    let doubled = settings
        .backoff_base
        .saturating_mul(2_u32.saturating_pow(failures.min(30)));
    doubled.min(settings.backoff_cap)
}

#[cfg(test)]
mod tests {
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
}
