//! What a provider's refusal does to a slot: a pure function of the verdict, the class and the facts.

use crate::error::failure_hint;
use crate::refresh::decide::{backoff_ceiling, may_repeat_at_once};
use crate::settings::Settings;
use coffer_core::Timestamp;
use coffer_core::connection::{AttemptOutcome, ConnectionState, Reason, Slot};
use coffer_core::failure::FailureCode;
use coffer_oauth::{ProviderError, Verdict};
use std::time::Duration;

/// What to store after a refresh that brought no tokens, and what to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consequence {
    /// How the attempt ended.
    pub outcome: AttemptOutcome,
    /// The connection's state from now on; `None` leaves it.
    pub state: Option<ConnectionState>,
    /// No refresh before this time.
    pub not_before: Option<Timestamp>,
    /// Whether it counts as a failure in a row.
    pub counts: bool,
    /// Why, for people.
    pub reason: Reason,
    /// The whole integration stops: its client was refused.
    pub block_integration: bool,
    /// The same token may be sent again at once.
    pub repeat: bool,
}

/// The facts beside the provider's answer.
#[derive(Debug, Clone, Copy)]
pub struct Facts {
    /// When the attempt was sent.
    pub sent_at: Timestamp,
    /// The time now.
    pub now: Timestamp,
    /// The provider's grace after rotation (R2).
    pub grace: Duration,
    /// A number from 0 to 1, drawn for the jitter.
    pub draw: f64,
}

/// What follows from `error` for a refresh of `slot`.
pub fn consequence(error: &ProviderError, slot: &Slot, facts: &Facts, settings: &Settings) -> Consequence {
    let verdict = error.verdict_for(slot.class);
    let back_off = facts
        .now
        .plus(backoff_ceiling(slot.failures, settings).mul_f64(facts.draw.clamp(0.0, 1.0)));
    let failing = if slot.failures.saturating_add(1) >= settings.failures_before_unavailable {
        ConnectionState::ProviderUnavailable
    } else {
        ConnectionState::BackingOff
    };
    let usual = Consequence {
        outcome: AttemptOutcome::Failed,
        state: Some(failing),
        not_before: Some(back_off),
        counts: true,
        reason: reason_of(error, facts.now),
        block_integration: false,
        repeat: false,
    };
    match verdict {
        Verdict::NotSent | Verdict::Transient | Verdict::Moved => usual,
        Verdict::RateLimited { retry_after } => {
            // Positive jitter only: never before the provider allows it (OA-C20).
            let wait = retry_after.saturating_add(retry_after.mul_f64(facts.draw.clamp(0.0, 1.0) * 0.1));
            Consequence {
                not_before: Some(facts.now.plus(wait)),
                ..usual
            }
        }
        Verdict::Ambiguous | Verdict::Unusable => ambiguous(usual, slot, facts, settings),
        Verdict::Dead => Consequence {
            outcome: AttemptOutcome::Refused,
            state: Some(ConnectionState::ConsentRequired),
            not_before: None,
            ..usual
        },
        Verdict::Config => Consequence {
            outcome: AttemptOutcome::Refused,
            state: None,
            not_before: None,
            counts: false,
            block_integration: true,
            ..usual
        },
        Verdict::Refused => Consequence {
            outcome: AttemptOutcome::Refused,
            not_before: Some(facts.now.plus(settings.backoff_cap)),
            ..usual
        },
    }
}

/// The provider may have acted: what may be done next is for the class to say (refresh.md, provider classes).
fn ambiguous(usual: Consequence, slot: &Slot, facts: &Facts, settings: &Settings) -> Consequence {
    let free = may_repeat_at_once(slot.class, facts.now.since(facts.sent_at), facts.grace);
    let over = facts.sent_at.plus(settings.exchange).plus(settings.margin);
    let spent = !free && slot.ambiguous >= 1;
    Consequence {
        outcome: AttemptOutcome::Ambiguous,
        state: if spent {
            Some(ConnectionState::Quarantined)
        } else {
            usual.state
        },
        not_before: if free { usual.not_before } else { Some(over) },
        repeat: free,
        ..usual
    }
}

/// The provider's words as a person may read them.
pub fn reason_of(error: &ProviderError, at: Timestamp) -> Reason {
    let mut message = error.to_string();
    if error.hint.is_empty() {
        message.push_str(failure_hint(error.code));
    }
    Reason {
        code: error.code,
        provider_code: error.provider_code.clone(),
        message: cut(message, 500),
        at,
    }
}

/// Why a slot whose one retry is spent is not tried again.
pub fn quarantine_reason(at: Timestamp) -> Reason {
    Reason {
        code: FailureCode::ProviderUnavailable,
        provider_code: None,
        message:
            "Two answers of the provider were lost. The refresh token may have been used up; sending it once \
                  more could revoke the grant. Let the user consent again."
                .into(),
        at,
    }
}

pub(crate) fn cut(mut text: String, most: usize) -> String {
    if let Some((at, _)) = text.char_indices().nth(most) {
        text.truncate(at);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use coffer_core::id::{ConnectionId, SlotId, TenantId};
    use coffer_core::rotation::RotationClass;
    use uuid::Uuid;

    fn slot(class: RotationClass, failures: u32, ambiguous: u32) -> Slot {
        Slot {
            tenant: TenantId::INSTALLATION,
            id: SlotId::from_uuid(Uuid::nil()),
            connection: ConnectionId::from_uuid(Uuid::nil()),
            name: "default".into(),
            class,
            refresh: None,
            generation: 3,
            refresh_expires_at: None,
            refreshed_at: at(0),
            due_at: None,
            failures,
            not_before: None,
            epoch: 1,
            lease: None,
            ambiguous,
        }
    }

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_unix_secs(1_800_000_000 + secs)
    }

    fn error(verdict: Verdict, status: Option<u16>) -> ProviderError {
        ProviderError {
            code: FailureCode::ProviderUnavailable,
            verdict,
            status,
            transport: None,
            provider_code: None,
            provider_message: None,
            hint: "look".into(),
        }
    }

    fn decide(error: &ProviderError, slot: &Slot) -> Consequence {
        let facts = Facts {
            sent_at: at(0),
            now: at(1),
            grace: Duration::from_secs(30),
            draw: 0.5,
        };
        consequence(error, slot, &facts, &Settings::default())
    }

    #[test]
    fn inv9_only_a_definite_invalid_grant_asks_for_consent() {
        let verdicts = [
            Verdict::Config,
            Verdict::Refused,
            Verdict::Transient,
            Verdict::Moved,
            Verdict::Ambiguous,
            Verdict::NotSent,
            Verdict::Unusable,
            Verdict::RateLimited {
                retry_after: Duration::from_secs(1),
            },
        ];
        for class in RotationClass::ALL {
            for verdict in verdicts {
                let state = decide(&error(verdict, None), &slot(class, 9, 9)).state;
                assert_ne!(
                    state,
                    Some(ConnectionState::ConsentRequired),
                    "{class:?} {verdict:?}"
                );
            }
            let dead = decide(&error(Verdict::Dead, Some(400)), &slot(class, 0, 0));
            assert_eq!(dead.state, Some(ConnectionState::ConsentRequired));
        }
    }

    #[test]
    fn thr_27_a_refused_client_blocks_the_integration_and_burns_no_grant() {
        let decided = decide(
            &error(Verdict::Config, Some(401)),
            &slot(RotationClass::SingleUseFamily, 0, 0),
        );
        assert!(decided.block_integration && decided.state.is_none() && !decided.counts);
    }

    #[test]
    fn thr_16_a_lost_answer_is_repeated_at_once_only_where_the_class_allows() {
        for class in RotationClass::ALL {
            let decided = decide(&error(Verdict::Ambiguous, None), &slot(class, 0, 0));
            let free = !matches!(class, RotationClass::SingleUse | RotationClass::SingleUseFamily);
            assert_eq!(
                (decided.outcome, decided.repeat),
                (AttemptOutcome::Ambiguous, free),
                "{class:?}"
            );
            assert_eq!(decided.state, Some(ConnectionState::BackingOff));
        }
    }

    #[test]
    fn the_second_lost_answer_of_a_single_use_token_goes_to_quarantine() {
        for class in [RotationClass::SingleUse, RotationClass::SingleUseFamily] {
            let decided = decide(&error(Verdict::Ambiguous, None), &slot(class, 1, 1));
            assert_eq!(decided.state, Some(ConnectionState::Quarantined));
        }
    }

    #[test]
    fn a_503_counts_as_a_lost_answer_for_single_use_tokens_only() {
        let busy = error(
            Verdict::RateLimited {
                retry_after: Duration::from_secs(7),
            },
            Some(503),
        );
        let strict = decide(&busy, &slot(RotationClass::SingleUseFamily, 0, 0));
        assert_eq!(strict.outcome, AttemptOutcome::Ambiguous);
        let lenient = decide(&busy, &slot(RotationClass::Static, 0, 0));
        assert_eq!(lenient.outcome, AttemptOutcome::Failed);
        assert!(
            lenient.not_before >= Some(at(8)),
            "never before the provider allows it"
        );
    }

    #[test]
    fn f2_the_fifth_failure_in_a_row_is_called_by_its_name() {
        let transient = error(Verdict::Transient, Some(500));
        let state = |failures| decide(&transient, &slot(RotationClass::Static, failures, 0)).state;
        assert_eq!(state(3), Some(ConnectionState::BackingOff));
        assert_eq!(state(4), Some(ConnectionState::ProviderUnavailable));
    }

    #[test]
    fn texts_are_cut_between_characters() {
        assert_eq!(cut("ééé".into(), 2), "éé");
        assert_eq!(cut("a".into(), 2), "a");
    }
}
