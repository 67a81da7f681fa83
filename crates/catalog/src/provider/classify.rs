//! What a provider's refusal means.

use coffer_core::failure::FailureCode;
use serde::{Deserialize, Serialize};

/// A rule of a provider's file: which refusals it is about, and what they mean. A member that is left out matches
/// everything.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ErrorRule {
    /// The step.
    pub step: Option<Step>,
    /// The HTTP status.
    pub status: Option<u16>,
    /// The error code in the body.
    pub code: Option<String>,
    /// What it means.
    pub means: Meaning,
    /// What the administrator or the user can do about it.
    pub hint: Option<String>,
}

/// What was asked of the provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// The authorization request: the error comes in the callback, and its status counts as 400.
    Authorize,
    /// The code exchange.
    Token,
    /// A refresh.
    Refresh,
    /// A revocation.
    Revoke,
    /// A call of the provider's API with an access token: userinfo, identity, smoke test.
    Api,
}

/// What a refusal means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Meaning {
    /// The grant is gone: a person has to consent again.
    Dead,
    /// The grant was revoked by the person or the provider.
    Revoked,
    /// The access token is not valid (any more): a refresh may help.
    Expired,
    /// The integration is set up wrongly; no grant is at fault.
    Config,
    /// Too many requests.
    Rate,
    /// The provider's own trouble, or an answer that says nothing: no verdict.
    Transient,
}

/// What a refusal means at this provider, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The meaning.
    pub meaning: Meaning,
    /// The file's hint, if it has one.
    pub hint: Option<String>,
}

impl ErrorRule {
    /// Whether the rule is about this refusal.
    pub fn matches(&self, step: Step, status: u16, code: Option<&str>) -> bool {
        self.step.is_none_or(|expected| expected == step)
            && self.status.is_none_or(|expected| expected == status)
            && self.code.as_deref().is_none_or(|expected| Some(expected) == code)
    }
}

impl Meaning {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Dead,
        Self::Revoked,
        Self::Expired,
        Self::Config,
        Self::Rate,
        Self::Transient,
    ];

    /// The failure that callers see.
    pub const fn failure(self) -> FailureCode {
        match self {
            Self::Dead => FailureCode::ConsentRequired,
            Self::Revoked => FailureCode::Revoked,
            Self::Expired => FailureCode::TokenExpired,
            Self::Config => FailureCode::InvalidConfig,
            Self::Rate => FailureCode::RateLimited,
            Self::Transient => FailureCode::ProviderUnavailable,
        }
    }
}

/// Reads a refusal by the standards alone: RFC 6749, sections 4.1.2.1 and 5.2; RFC 6750, section 3.1; RFC 7009,
/// section 2.2.1; RFC 8628, section 3.5; OpenID Connect Core 1.0, section 3.1.2.6.
///
/// A status of 5xx is never a verdict, whatever its body says, and neither is a code that nobody knows.
pub fn classify(step: Step, status: u16, code: Option<&str>) -> Meaning {
    match status {
        429 => return Meaning::Rate,
        408 | 425 | 500.. => return Meaning::Transient,
        _ => {}
    }
    match code {
        Some(code) => by_code(step, code),
        None => by_status(step, status),
    }
}

fn by_code(step: Step, code: &str) -> Meaning {
    match code {
        "invalid_grant"
        | "access_denied"
        | "login_required"
        | "consent_required"
        | "interaction_required"
        | "account_selection_required"
        | "expired_token" => Meaning::Dead,
        "invalid_token" => match step {
            Step::Api | Step::Revoke => Meaning::Expired,
            Step::Authorize | Step::Token | Step::Refresh => Meaning::Transient,
        },
        "invalid_client"
        | "unauthorized_client"
        | "unsupported_grant_type"
        | "unsupported_response_type"
        | "invalid_scope"
        | "insufficient_scope"
        | "invalid_request"
        | "invalid_target"
        | "unsupported_token_type"
        | "redirect_uri_mismatch" => Meaning::Config,
        "slow_down" | "rate_limited" | "ratelimited" => Meaning::Rate,
        // A code that no standard has is no verdict; the provider's file can say what it means.
        _ => Meaning::Transient,
    }
}

const fn by_status(step: Step, status: u16) -> Meaning {
    match (step, status) {
        (Step::Api, 401) => Meaning::Expired,
        (Step::Api, 403) | (_, 401) => Meaning::Config,
        _ => Meaning::Transient,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn oa_c19_grant_client_and_temporary_errors_are_told_apart() {
        assert_eq!(classify(Step::Refresh, 400, Some("invalid_grant")), Meaning::Dead);
        assert_eq!(classify(Step::Refresh, 200, Some("invalid_grant")), Meaning::Dead);
        assert_eq!(
            classify(Step::Refresh, 401, Some("invalid_client")),
            Meaning::Config
        );
        assert_eq!(
            classify(Step::Refresh, 400, Some("temporarily_unavailable")),
            Meaning::Transient
        );
        assert_eq!(
            classify(Step::Refresh, 400, Some("server_error")),
            Meaning::Transient
        );
        assert_eq!(classify(Step::Token, 429, Some("invalid_grant")), Meaning::Rate);
        assert_eq!(classify(Step::Api, 401, None), Meaning::Expired);
    }

    #[test]
    fn oa_c19_no_verdict_on_5xx_empty_bodies_and_unknown_codes() {
        for (status, code) in [
            (500, Some("invalid_grant")),
            (502, None),
            (503, None),
            (400, None),
            (403, Some("E1007")),
            (200, None),
        ] {
            assert_eq!(
                classify(Step::Refresh, status, code),
                Meaning::Transient,
                "{status} {code:?}"
            );
        }
    }
}
