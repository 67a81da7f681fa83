//! How a client is made.

use crate::{
    Allowance, BuildError, GuardedClient, Lookup, SystemLookup, policy::Policy, progress::Progress, tls,
};
use reqwest::header::HeaderValue;
use std::{sync::Arc, time::Duration};

/// Makes a [`GuardedClient`].
#[derive(Debug)]
#[must_use]
pub struct Builder {
    allowances: Vec<Allowance>,
    extra_roots: Vec<Vec<u8>>,
    user_agent: String,
    connect_timeout: Duration,
    lookup: Arc<dyn Lookup>,
}

impl Builder {
    /// The longest that connecting may take, TLS included, unless set otherwise.
    pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

    /// Makes an exception for a host. Only the operator may ask for this.
    pub fn allow(mut self, allowance: Allowance) -> Self {
        self.allowances.push(allowance);
        self
    }

    /// Trusts more certificate authorities: PEM, one certificate or many. They apply to every host.
    pub fn extra_roots(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.extra_roots.push(pem.into());
        self
    }

    /// What the client calls itself, instead of `coffer/` and its version.
    pub fn user_agent(mut self, user_agent: impl Into<String>) -> Self {
        self.user_agent = user_agent.into();
        self
    }

    /// How long connecting may take, TLS included; the deadline of the request counts besides.
    pub fn connect_timeout(mut self, connect_timeout: Duration) -> Self {
        self.connect_timeout = connect_timeout;
        self
    }

    /// Resolves names by something else than the operating system.
    pub fn lookup(mut self, lookup: Arc<dyn Lookup>) -> Self {
        self.lookup = lookup;
        self
    }

    /// The client.
    ///
    /// # Errors
    /// [`BuildError`], when a setting cannot be used.
    pub fn build(self) -> Result<GuardedClient, BuildError> {
        let client = GuardedClient {
            policy: Policy::new(self.allowances)?,
            lookup: self.lookup,
            tls: tls::config(&self.extra_roots)?,
            user_agent: HeaderValue::from_str(&self.user_agent).map_err(|_invalid| BuildError::UserAgent)?,
            connect_timeout: self.connect_timeout,
        };
        // What the library would refuse on the first request, it refuses now.
        client
            .once(&[], &Progress::default())
            .map_err(BuildError::Client)?;
        Ok(client)
    }
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            allowances: Vec::new(),
            extra_roots: Vec::new(),
            user_agent: concat!("coffer/", env!("CARGO_PKG_VERSION")).to_owned(),
            connect_timeout: Self::CONNECT_TIMEOUT,
            lookup: Arc::new(SystemLookup),
        }
    }
}
