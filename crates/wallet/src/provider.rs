//! The wallet's side of the OAuth client: its integrations, and its errors as ours.

use crate::error::WalletError;
use crate::integration::Opened;
use crate::refresh::outcome::reason_of;
use crate::wallet::Inner;
use coffer_core::Timestamp;
use coffer_core::connection::Reason;
use coffer_core::failure::FailureCode;
use coffer_core::http::HttpErrorKind;
use coffer_oauth::{Error, Integration, ProviderError, Verdict};
use std::sync::Arc;
use std::time::Duration;

impl Inner {
    /// What the OAuth client needs to know of an integration.
    pub(crate) fn oauth_integration(&self, opened: Opened) -> Integration {
        let redirect_uri = self.redirect_uri(opened.integration.id);
        Integration::new(Arc::clone(&opened.provider), opened.config, redirect_uri)
            .with_secret_origin(opened.secret_origin)
    }

    /// Ends an exchange that takes longer than a lease is reckoned for (THR-17), where the HTTP client has not: it has
    /// the same deadline, and knows whether a byte was written; this one does not, and comes a margin later. The socket
    /// is closed; what the provider did is not known.
    pub(crate) async fn bounded<T>(
        &self,
        exchange: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        match tokio::time::timeout(
            self.settings.exchange.saturating_add(self.settings.margin),
            exchange,
        )
        .await
        {
            Ok(answer) => answer,
            Err(_) => Err(Error::Provider(ProviderError {
                code: FailureCode::ProviderUnavailable,
                verdict: Verdict::Ambiguous,
                status: None,
                transport: Some(HttpErrorKind::Timeout),
                provider_code: None,
                provider_message: None,
                hint: "it took too long; it is tried again".into(),
            })),
        }
    }

    /// An error of the OAuth client as the wallet's answer.
    pub(crate) fn oauth_error(error: Error) -> WalletError {
        match error {
            Error::Provider(error) => match error.verdict {
                Verdict::RateLimited { retry_after } => WalletError::Later {
                    code: "rate_limited",
                    message: error.to_string(),
                    after: retry_after,
                },
                Verdict::NotSent | Verdict::Transient => WalletError::Later {
                    code: "provider_unavailable",
                    message: error.to_string(),
                    after: Duration::from_secs(10),
                },
                Verdict::Dead
                | Verdict::Config
                | Verdict::Refused
                | Verdict::Moved
                | Verdict::Ambiguous
                | Verdict::Unusable => {
                    WalletError::Provider(Box::new(reason_of(&error, Timestamp::from_unix_micros(0))))
                }
            },
            error @ (Error::Callback(_) | Error::IdToken(_) | Error::SubjectMismatch | Error::NoSubject) => {
                WalletError::flow(error.code(), error.to_string())
            }
            error @ (Error::Discovery(_) | Error::Config(_)) => {
                WalletError::precondition(error.code(), error.to_string())
            }
        }
    }
}

/// The reason to keep of an error of the OAuth client.
pub(crate) fn reason(error: &Error, at: Timestamp) -> Reason {
    reason_of(&as_provider_error(error), at)
}

/// What providers call client credentials that are wrong: RFC 6749, section 5.2, and GitHub.
const CLIENT_REFUSED: [&str; 2] = ["invalid_client", "incorrect_client_credentials"];

/// Whether a code exchange was refused because of the client's own credentials. Any other fault of the configuration, a
/// redirect URI that is not registered, say, stops new connections and leaves refreshes as they are.
pub(crate) fn refuses_client(error: &Error) -> bool {
    let Error::Provider(error) = error else {
        return false;
    };
    let code = error.provider_code.as_deref();
    error.verdict == Verdict::Config && code.is_some_and(|code| CLIENT_REFUSED.contains(&code))
}

/// Every error of the OAuth client as one of the provider's: what is not the provider's word was never sent.
pub(crate) fn as_provider_error(error: &Error) -> ProviderError {
    let (code, transport) = match error {
        Error::Provider(error) => return error.clone(),
        Error::Config(_) => (FailureCode::InvalidConfig, None),
        Error::Discovery(_) => (FailureCode::ProviderUnavailable, Some(HttpErrorKind::Resolve)),
        Error::Callback(_) | Error::IdToken(_) | Error::SubjectMismatch | Error::NoSubject => {
            (FailureCode::ProviderUnavailable, None)
        }
    };
    ProviderError {
        code,
        verdict: Verdict::NotSent,
        status: None,
        transport,
        provider_code: None,
        provider_message: None,
        hint: error.to_string().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inv9_only_the_clients_own_refusal_with_a_code_concerns_every_connection() {
        let answer = |verdict, code: &str| {
            Error::Provider(ProviderError {
                code: FailureCode::InvalidConfig,
                verdict,
                status: Some(401),
                transport: None,
                provider_code: Some(code.into()),
                provider_message: None,
                hint: "look".into(),
            })
        };
        for code in CLIENT_REFUSED {
            assert!(refuses_client(&answer(Verdict::Config, code)));
        }
        for (verdict, code) in [
            (Verdict::Config, "redirect_uri_mismatch"),
            (Verdict::Config, "admin_policy_enforced"),
            (Verdict::Config, "unauthorized_client"),
            (Verdict::Transient, "invalid_client"),
            (Verdict::Dead, "invalid_grant"),
        ] {
            assert!(!refuses_client(&answer(verdict, code)), "{code}");
        }
        assert!(!refuses_client(&Error::Config("the issuer was changed")));
    }
}
