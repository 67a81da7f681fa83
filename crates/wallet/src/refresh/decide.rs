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

/// Decides whether a slot's token may be presented, after attempts whose outcome is not known (docs/refresh.md, states:
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

/// When a refresh is due: expiry minus min(max(5 min, 20 % of life), 50 % of life) (docs/refresh.md, step 1), or minus the
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
mod tests;
