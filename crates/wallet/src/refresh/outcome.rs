//! What a provider's refusal does to a slot: a pure function of the verdict, the class and the facts.

use crate::error::failure_hint;
use crate::refresh::decide::{backoff_ceiling, may_repeat_at_once};
use crate::settings::Settings;
use coffer_core::Timestamp;
use coffer_core::connection::{AttemptOutcome, ConnectionState, Reason, Slot};
use coffer_core::failure::FailureCode;
use coffer_core::rotation::RotationClass;
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
    /// When this token was first presented: by an earlier attempt whose outcome is not known, or by this one.
    pub first_sent_at: Timestamp,
    /// When this attempt was sent.
    pub sent_at: Timestamp,
    /// The time now.
    pub now: Timestamp,
    /// The provider's grace after rotation (R2).
    pub grace: Duration,
    /// A number from 0 to 1, drawn for the jitter.
    pub draw: f64,
    /// Whether the integration can be blocked: one that is disabled cannot.
    pub blockable: bool,
}

/// What follows from `error` for a refresh of `slot`.
pub fn consequence(error: &ProviderError, slot: &Slot, facts: &Facts, settings: &Settings) -> Consequence {
    let verdict = error.verdict_for(class_now(slot.class, facts));
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
            // A provider that says "at once" is not asked at once for ever.
            Consequence {
                not_before: Some(allowed_at(retry_after.max(settings.backoff_base), facts)),
                ..usual
            }
        }
        Verdict::Ambiguous | Verdict::Unusable => {
            ambiguous(usual, error.retry_after(), slot, facts, settings)
        }
        Verdict::Dead => Consequence {
            outcome: AttemptOutcome::Refused,
            state: Some(ConnectionState::ConsentRequired),
            not_before: None,
            ..usual
        },
        Verdict::Config => Consequence {
            outcome: AttemptOutcome::Refused,
            state: None,
            // The block holds the connection back, and ends with it. Where there is none, the provider must not be
            // asked without a pause.
            not_before: if facts.blockable {
                None
            } else {
                Some(facts.now.plus(settings.backoff_base))
            },
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

/// A token whose grace (R2) is over is used once, as one of R4 is.
fn class_now(class: RotationClass, facts: &Facts) -> RotationClass {
    let is_over = !class.retries_freely(facts.now.since(facts.first_sent_at), facts.grace);
    if class == RotationClass::Grace && is_over {
        RotationClass::SingleUse
    } else {
        class
    }
}

/// When a provider that asked for a pause may be asked again, with positive jitter only: never before it allows it
/// (OA-C20).
fn allowed_at(wait: Duration, facts: &Facts) -> Timestamp {
    let jitter = wait.mul_f64(facts.draw.clamp(0.0, 1.0) * 0.1);
    facts.now.plus(wait.saturating_add(jitter))
}

/// The provider may have acted: what may be done next is for the class to say (docs/refresh.md, provider classes). Where
/// the token may be sent again, it is, at once; but only once, and then as after any other failure.
fn ambiguous(
    usual: Consequence,
    retry_after: Option<Duration>,
    slot: &Slot,
    facts: &Facts,
    settings: &Settings,
) -> Consequence {
    let free = may_repeat_at_once(slot.class, facts.now.since(facts.first_sent_at), facts.grace);
    let over = facts.sent_at.plus(settings.exchange).plus(settings.margin);
    let spent = !free && slot.ambiguous >= 1;
    let repeat = free && slot.ambiguous == 0 && retry_after.is_none();
    let soonest = if free { usual.not_before } else { Some(over) };
    let allowed = retry_after.map(|wait| allowed_at(wait, facts));
    Consequence {
        outcome: AttemptOutcome::Ambiguous,
        state: if spent {
            Some(ConnectionState::Quarantined)
        } else {
            usual.state
        },
        not_before: if repeat { None } else { soonest.max(allowed) },
        repeat,
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
            first_sent_at: at(0),
            sent_at: at(0),
            now: at(1),
            grace: Duration::from_secs(30),
            draw: 0.5,
            blockable: true,
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
        assert_eq!(decided.not_before, None, "what is mended is not waited for");
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
        assert_eq!(
            strict.not_before,
            Some(at(9)),
            "after its deadline, which is later than the pause asked for"
        );
        let lenient = decide(&busy, &slot(RotationClass::Static, 0, 0));
        assert_eq!(lenient.outcome, AttemptOutcome::Failed);
        assert!(
            lenient.not_before >= Some(at(8)),
            "never before the provider allows it"
        );
    }

    #[test]
    fn thr_16_an_answer_about_time_counts_as_a_lost_one_for_single_use_tokens() {
        for status in [408, 425] {
            let late = error(Verdict::Transient, Some(status));
            for class in [RotationClass::SingleUse, RotationClass::SingleUseFamily] {
                let strict = decide(&late, &slot(class, 0, 0));
                assert_eq!(strict.outcome, AttemptOutcome::Ambiguous, "{status} {class:?}");
                assert_eq!(strict.not_before, Some(at(9)), "{status} {class:?}");
            }
            for class in [RotationClass::Static, RotationClass::Grace] {
                let lenient = decide(&late, &slot(class, 0, 0));
                assert_eq!(lenient.outcome, AttemptOutcome::Failed, "{status} {class:?}");
            }
            let facts = Facts {
                first_sent_at: at(0),
                sent_at: at(60),
                now: at(61),
                grace: Duration::from_secs(30),
                draw: 0.5,
                blockable: true,
            };
            let past_grace = slot(RotationClass::Grace, 0, 0);
            let decided = consequence(&late, &past_grace, &facts, &Settings::default());
            assert_eq!(
                decided.outcome,
                AttemptOutcome::Ambiguous,
                "{status} past its grace"
            );
        }
    }

    #[test]
    fn thr_24_a_pause_that_is_asked_for_counts_for_a_lost_answer_too() {
        let busy = error(
            Verdict::RateLimited {
                retry_after: Duration::from_secs(120),
            },
            Some(503),
        );
        let strict = decide(&busy, &slot(RotationClass::SingleUse, 0, 0));
        assert_eq!(strict.not_before, Some(at(1 + 120 + 6)));
    }

    #[test]
    fn thr_24_a_pause_of_nothing_is_still_a_pause() {
        let hasty = error(
            Verdict::RateLimited {
                retry_after: Duration::ZERO,
            },
            Some(429),
        );
        let decided = decide(&hasty, &slot(RotationClass::Static, 0, 0));
        assert!(decided.not_before >= Some(at(1 + 2)));
    }

    #[test]
    fn thr_16_a_free_class_is_repeated_at_once_and_after_that_backs_off() {
        let lost = error(Verdict::Ambiguous, Some(502));
        let first = decide(&lost, &slot(RotationClass::Static, 0, 0));
        assert_eq!((first.repeat, first.not_before), (true, None));
        let second = decide(&lost, &slot(RotationClass::Static, 1, 1));
        assert!(!second.repeat && second.not_before > Some(at(1)));
    }

    #[test]
    fn thr_16_a_grace_runs_from_the_first_use_of_a_token() {
        let facts = Facts {
            first_sent_at: at(0),
            sent_at: at(25),
            now: at(31),
            grace: Duration::from_secs(30),
            draw: 0.5,
            blockable: true,
        };
        let lost = error(Verdict::Ambiguous, None);
        let decided = consequence(
            &lost,
            &slot(RotationClass::Grace, 1, 1),
            &facts,
            &Settings::default(),
        );
        assert_eq!(decided.state, Some(ConnectionState::Quarantined));
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
