//! A connection as its card shows it.

use super::state::Demo;
use super::words::{clock, in_words};
use coffer_catalog::Catalog;
use coffer_core::Timestamp;
use coffer_core::connection::{ConnectionState, Revocation};
use coffer_core::rotation::RotationClass;
use coffer_wallet::{Account, ConnectionStatus, SmokeTest};
use std::time::Duration;

/// A connection's card. Nothing in it is secret.
pub(super) struct Card {
    pub(super) id: String,
    pub(super) label: String,
    pub(super) initial: String,
    pub(super) subtitle: String,
    pub(super) state: &'static str,
    pub(super) tone: &'static str,
    pub(super) gone: bool,
    pub(super) expiry: Option<Expiry>,
    pub(super) reason: Option<ReasonShown>,
    pub(super) next_action: Option<&'static str>,
    pub(super) generation: u64,
    pub(super) refreshed: Option<Since>,
    pub(super) refresh_token: &'static str,
    pub(super) grant: &'static str,
    pub(super) scopes: Vec<String>,
    pub(super) scopes_missing: Vec<String>,
    pub(super) smoke_test: Option<SmokeTestShown>,
    pub(super) usable: bool,
    pub(super) reconnectable: bool,
    pub(super) disconnectable: bool,
}

/// How long the access token still lives.
pub(super) struct Expiry {
    pub(super) at: String,
    pub(super) clock: String,
    pub(super) left: u64,
    pub(super) lifetime: u64,
    pub(super) words: String,
    pub(super) note: &'static str,
    pub(super) after: &'static str,
}

/// A time in the past.
pub(super) struct Since {
    pub(super) at: String,
    pub(super) seconds: u64,
    pub(super) words: String,
}

/// What the provider last said.
pub(super) struct ReasonShown {
    pub(super) code: &'static str,
    pub(super) provider_code: Option<String>,
    pub(super) message: String,
}

/// What the last smoke test found.
pub(super) struct SmokeTestShown {
    pub(super) ok: bool,
    pub(super) headline: String,
    pub(super) note: String,
    pub(super) summary: Option<String>,
}

impl Card {
    /// The card of a connection at this time.
    pub(super) fn of(demo: &Demo, status: ConnectionStatus, now: Timestamp) -> Self {
        let gone = status.state == ConnectionState::Revoked;
        let label = label(&status);
        let expiry = if gone {
            None
        } else {
            status.expires_at.map(|at| Expiry::of(&status, at, now))
        };
        let smoke_test = demo
            .smoke_tests
            .find(status.id)
            .map(|(at, found)| SmokeTestShown::of(found, at, now));
        Self {
            id: status.id.to_string(),
            initial: label
                .chars()
                .next()
                .map_or_else(|| "?".to_owned(), |first| first.to_uppercase().collect()),
            label,
            subtitle: subtitle(demo.wallet.catalog(), &status),
            state: status.state.as_str(),
            tone: tone(status.state),
            gone,
            expiry,
            reason: status.reason.map(|reason| ReasonShown {
                code: reason.code.as_str(),
                provider_code: reason.provider_code,
                message: reason.message,
            }),
            next_action: next_action(status.state).or(status.next_action),
            generation: status.generation,
            refreshed: status.refreshed_at.map(|at| Since::of(at, now)),
            refresh_token: if status.refreshable {
                rotation(status.rotation)
            } else {
                "none"
            },
            grant: grant(status.revocation),
            scopes: status.scopes,
            scopes_missing: status.scopes_missing,
            smoke_test: smoke_test.filter(|_| !gone),
            usable: super::sample::is_served(status.state),
            reconnectable: status.state != ConnectionState::Pending,
            disconnectable: !gone || status.revocation == Revocation::Failed,
        }
    }
}

impl Expiry {
    fn of(status: &ConnectionStatus, at: Timestamp, now: Timestamp) -> Self {
        let left = at.since(now);
        let lifetime = status
            .refreshed_at
            .map_or(left, |since| at.since(since))
            .max(left);
        let after = if status.refreshable && super::sample::is_served(status.state) {
            "the next read refreshes it"
        } else {
            "a person has to reconnect the account"
        };
        let expired = left.as_secs() == 0;
        Self {
            at: at.to_string(),
            clock: clock(at),
            left: left.as_secs(),
            lifetime: lifetime.as_secs().max(1),
            words: if expired {
                "expired".to_owned()
            } else {
                in_words(left)
            },
            note: if expired { after } else { "" },
            after,
        }
    }
}

impl Since {
    fn of(at: Timestamp, now: Timestamp) -> Self {
        let passed = Duration::from_secs(now.since(at).as_secs());
        Self {
            at: at.to_string(),
            seconds: passed.as_secs(),
            words: in_words(passed),
        }
    }
}

impl SmokeTestShown {
    fn of(found: SmokeTest, at: Timestamp, now: Timestamp) -> Self {
        let headline = if found.ok {
            format!("the provider answered {}", found.status)
        } else {
            format!("failed with {}", found.status)
        };
        let refreshed = if found.refreshed {
            ", refreshed once because the first answer was 401"
        } else {
            ""
        };
        let why = found
            .reason
            .map_or_else(String::new, |reason| format!(". {}", reason.message));
        let ago = in_words(now.since(at));
        Self {
            ok: found.ok,
            headline,
            note: format!("{ago} ago, with generation {}{refreshed}{why}", found.generation),
            summary: found.summary.filter(|text| !text.is_empty()),
        }
    }
}

/// What to call a connection.
pub(super) fn label(status: &ConnectionStatus) -> String {
    let name = status
        .account
        .as_ref()
        .and_then(Account::label)
        .filter(|name| !name.trim().is_empty());
    name.map_or_else(|| "Unnamed account".to_owned(), str::to_owned)
}

fn subtitle(catalog: &Catalog, status: &ConnectionStatus) -> String {
    let provider = catalog
        .find(&status.provider)
        .map_or(status.provider.as_str(), |provider| provider.name.as_str());
    let name = status
        .account
        .as_ref()
        .and_then(|account| account.name.as_deref());
    match name.filter(|name| *name != label(status)) {
        Some(name) => format!("{name} at {provider}"),
        None => provider.to_owned(),
    }
}

const fn tone(state: ConnectionState) -> &'static str {
    match state {
        ConnectionState::Fresh => "good",
        ConnectionState::Refreshing => "busy",
        ConnectionState::BackingOff | ConnectionState::ProviderUnavailable => "warn",
        ConnectionState::ConsentRequired
        | ConnectionState::IntegrationBlocked
        | ConnectionState::Quarantined => "bad",
        ConnectionState::Pending | ConnectionState::Revoked => "calm",
    }
}

/// What a person does on this page, where the wallet's word is meant for a program.
const fn next_action(state: ConnectionState) -> Option<&'static str> {
    match state {
        ConnectionState::Pending => Some(
            "The browser did not come back with the result, so nothing is served. Disconnect it, and connect again.",
        ),
        ConnectionState::ConsentRequired | ConnectionState::Quarantined => {
            Some("Reconnect: consent again at the provider. The connection keeps its id.")
        }
        ConnectionState::Revoked => Some("It was disconnected. Reconnect brings it back under its old id."),
        ConnectionState::Fresh
        | ConnectionState::Refreshing
        | ConnectionState::BackingOff
        | ConnectionState::IntegrationBlocked
        | ConnectionState::ProviderUnavailable => None,
    }
}

const fn rotation(class: RotationClass) -> &'static str {
    match class {
        RotationClass::Static => "R0, does not change",
        RotationClass::Overlapping => "R1, overlapping",
        RotationClass::Grace => "R2, with a grace period",
        RotationClass::RetireOnProof => "R3, retires on proof",
        RotationClass::SingleUse => "R4, single use",
        RotationClass::SingleUseFamily => "R5, single use",
    }
}

const fn grant(revocation: Revocation) -> &'static str {
    match revocation {
        Revocation::None => "granted",
        Revocation::Requested => "revocation asked for",
        Revocation::Done => "revoked",
        Revocation::Unsupported => "cannot be revoked there",
        Revocation::Failed => "revocation failed; disconnect again",
    }
}
