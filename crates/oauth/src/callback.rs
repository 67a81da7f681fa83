//! The browser comes back from the provider (RFC 6749, section 4.1.2; RFC 9207).

use crate::classify::Context;
use crate::error::Error;
use crate::integration::Integration;
use coffer_catalog::Step;
use coffer_catalog::provider::capture::CaptureSource;
use coffer_core::secret::{ExposeSecret, secret_text};
use coffer_core::{Clock, SecretText};
use ring::digest::{SHA256, digest};
use std::collections::BTreeMap;
use std::fmt;
use url::{Url, form_urlencoded};

/// The most bytes of query or form that a callback may have.
const SIZE_CAP: usize = 16 * 1024;

/// The parameters of a callback: hostile until [`Callback::redeem`] has checked them.
pub struct Callback {
    parameters: BTreeMap<String, String>,
    state: SecretText,
}

/// What was kept when the flow began ([`crate::Authorization`]), and has to hold now.
#[derive(Debug, Clone, Copy)]
pub struct ExpectedCallback<'a> {
    /// The `state` that was sent.
    pub state: &'a SecretText,
    /// The issuer that was asked, for OpenID Connect.
    pub issuer: Option<&'a str>,
    /// Whether this provider always says who it is (RFC 9207), so that silence is suspicious.
    pub iss_required: bool,
    /// The redirect URI that was sent.
    pub redirect_uri: &'a Url,
    /// The URI at which the browser came back; its query does not matter.
    pub received_at: &'a Url,
}

/// Why a callback is not followed up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum CallbackError {
    /// Too long to be one.
    #[error("the callback is longer than 16 KiB; start again")]
    TooLong,
    /// A parameter occurs twice (RFC 6749, section 3.1).
    #[error("a parameter of the callback occurs twice; start again")]
    Duplicate,
    /// There is no `state`.
    #[error("the callback has no state; start again from the application")]
    NoState,
    /// `state` is not that of this flow.
    #[error("the callback belongs to another flow; start again")]
    State,
    /// `iss` is another issuer than the one that was asked: a mix-up (RFC 9207, section 2.4).
    #[error("the callback is from another provider than the one that was asked; start again")]
    Issuer,
    /// `iss` is missing, though the provider says that it always sends it.
    #[error("the callback does not say which provider it is from; start again")]
    NoIssuer,
    /// It came back at another redirect URI than was asked for (RFC 9700, section 4.4.2.2).
    #[error("the callback came to another address than was asked for; start again")]
    RedirectUri,
    /// There is neither a code nor an error.
    #[error("the callback has no authorization code; start again")]
    NoCode,
}

impl CallbackError {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooLong => "callback_too_long",
            Self::Duplicate => "callback_duplicate_parameter",
            Self::NoState => "callback_state_missing",
            Self::State => "callback_state_mismatch",
            Self::Issuer => "callback_issuer_mismatch",
            Self::NoIssuer => "callback_issuer_missing",
            Self::RedirectUri => "callback_redirect_uri_mismatch",
            Self::NoCode => "callback_code_missing",
        }
    }
}

impl Callback {
    /// Reads the query of a redirect, or the body of a form POST (Apple).
    ///
    /// # Errors
    /// [`CallbackError::TooLong`], [`CallbackError::Duplicate`], [`CallbackError::NoState`].
    pub fn parse(parameters: &str) -> Result<Self, CallbackError> {
        if parameters.len() > SIZE_CAP {
            return Err(CallbackError::TooLong);
        }
        let mut read = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(parameters.as_bytes()).into_owned() {
            if read.insert(name, value).is_some() {
                return Err(CallbackError::Duplicate);
            }
        }
        let state = read
            .remove("state")
            .filter(|state| !state.is_empty())
            .ok_or(CallbackError::NoState)?;
        Ok(Self {
            parameters: read,
            state: secret_text(state),
        })
    }

    /// `state`: by its hash the flow is found, and used up.
    pub const fn state(&self) -> &SecretText {
        &self.state
    }

    /// Checks that the callback belongs to the flow, then gives the code.
    ///
    /// # Errors
    /// [`Error::Callback`] when it does not belong to it; [`Error::Provider`] when the provider, or the person there,
    /// said no.
    pub fn redeem(
        &self,
        integration: &Integration,
        expected: &ExpectedCallback<'_>,
        clock: &dyn Clock,
    ) -> Result<SecretText, Error> {
        self.check(expected)?;
        let parameter = |name: &str| self.parameters.get(name).filter(|value| !value.is_empty());
        if let Some(error) = parameter("error") {
            let context = Context {
                provider: integration.provider(),
                step: Step::Authorize,
                now: clock.now(),
                secrets: &[&self.state],
            };
            let description = parameter("error_description").map(String::as_str);
            return Err(context.callback_error(error, description).into());
        }
        let code = parameter(&integration.provider().client.code_parameter).ok_or(CallbackError::NoCode)?;
        Ok(SecretText::from(code.as_str()))
    }

    /// The parameters that belong to the connection, by the names of the catalogue's captures.
    pub fn captured(&self, integration: &Integration) -> BTreeMap<String, String> {
        let captures = integration.provider().captures.iter();
        captures
            .filter(|capture| capture.from == CaptureSource::Callback)
            .filter_map(|capture| {
                let value = self.parameters.get(capture.parameter.as_ref()?)?;
                (!value.is_empty()).then(|| (capture.name.clone(), value.clone()))
            })
            .collect()
    }

    fn check(&self, expected: &ExpectedCallback<'_>) -> Result<(), CallbackError> {
        if !is_same_secret(&self.state, expected.state) {
            return Err(CallbackError::State);
        }
        if !is_same_place(expected.redirect_uri, expected.received_at) {
            return Err(CallbackError::RedirectUri);
        }
        match (self.parameters.get("iss"), expected.issuer) {
            (Some(sent), Some(issuer)) if sent == issuer => Ok(()),
            (Some(_), Some(_)) => Err(CallbackError::Issuer),
            (None, _) if expected.iss_required => Err(CallbackError::NoIssuer),
            // Plain OAuth 2: there is no issuer to compare with, and the redirect URI tells providers apart (OA-C07).
            (Some(_) | None, None) | (None, Some(_)) => Ok(()),
        }
    }
}

impl fmt::Debug for Callback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Callback")
            .field("parameters", &self.parameters.keys())
            .finish_non_exhaustive()
    }
}

/// Compares hashes, so that time tells nothing about the value.
fn is_same_secret(one: &SecretText, other: &SecretText) -> bool {
    let hash = |secret: &SecretText| digest(&SHA256, secret.expose_secret().as_bytes());
    hash(one).as_ref() == hash(other).as_ref()
}

fn is_same_place(one: &Url, other: &Url) -> bool {
    one.origin() == other.origin() && one.path() == other.path()
}
