use crate::SimulatorError;
use crate::model::{Delivery, Moment, Outcome, Provider, Request};
use coffer_core::http::Method;
use std::sync::{Arc, Mutex, PoisonError};
use url::Url;

/// A provider that the service, the in-process client and a test use together.
#[derive(Debug, Clone)]
pub struct SharedProvider(Arc<Mutex<Provider>>);

impl From<Provider> for SharedProvider {
    fn from(provider: Provider) -> Self {
        Self(Arc::new(Mutex::new(provider)))
    }
}

impl SharedProvider {
    /// Looks at or changes the provider. Keep it short: everybody else waits.
    pub fn with<T>(&self, act: impl FnOnce(&mut Provider) -> T) -> T {
        // Every step of the model leaves it whole, so a panic elsewhere spoils nothing.
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Plays the browser and the person: opens an authorization URL, chooses an account by its user name, allows, and
    /// gives the URL that the browser is sent back to. Latency is not waited for.
    ///
    /// # Errors
    /// [`SimulatorError::Consent`] where the request is refused without a way back, or the reply is lost to a fault.
    pub fn consent(&self, authorize_url: &Url, account: &str, at: Moment<'_>) -> Result<Url, SimulatorError> {
        self.decide(authorize_url, &[("account", account), ("decision", "allow")], at)
    }

    /// The same, but the person says no.
    ///
    /// # Errors
    /// As [`SharedProvider::consent`].
    pub fn deny(&self, authorize_url: &Url, at: Moment<'_>) -> Result<Url, SimulatorError> {
        self.decide(authorize_url, &[("decision", "deny")], at)
    }

    fn decide(&self, url: &Url, form: &[(&str, &str)], at: Moment<'_>) -> Result<Url, SimulatorError> {
        let refused = |why: &str| SimulatorError::Consent(why.to_owned());
        self.with(|provider| {
            let path = below(provider.issuer(), url)
                .ok_or_else(|| refused("the URL is not one of this provider's"))?;
            let request = Request {
                method: Method::Post,
                query: url.query().unwrap_or_default().to_owned(),
                ..Request::post(&path, form.iter().copied())
            };
            let outcome: Outcome = provider.handle(request, at);
            if outcome.delivery != Delivery::Whole {
                return Err(refused("the reply was lost to a fault"));
            }
            outcome
                .reply
                .header_value("location")
                .and_then(|location| Url::parse(location).ok())
                .ok_or_else(|| {
                    refused("the provider sent nobody back: unknown client, redirect URI or account")
                })
        })
    }
}

/// The path of a URL below the issuer; `None` where it is somewhere else.
pub(crate) fn below(issuer: &str, url: &Url) -> Option<String> {
    let issuer = Url::parse(issuer).ok()?;
    if issuer.origin() != url.origin() {
        return None;
    }
    let base = issuer.path().trim_end_matches('/');
    let path = url.path().strip_prefix(base)?;
    path.starts_with('/').then(|| path.to_owned())
}
