//! What the demo's pages can reach.

use super::flash::Flashes;
use super::folder::Folder;
use super::smoke_tests::SmokeTests;
use crate::request_id::RequestId;
use coffer_core::actor::Asker;
use coffer_core::caller::CallerVerb;
use coffer_core::id::IntegrationId;
use coffer_core::secret::ExposeSecret;
use coffer_core::{Clock, SecretText, SecureRandom, SystemClock, SystemRandom, TenantScope};
use coffer_wallet::{Principal, Wallet, WalletError};

/// The external id of the person who connects accounts on the page.
pub(super) const USER: &str = "demo-user";

/// The state of the demo: shared by all threads.
pub(crate) struct Demo {
    pub(super) wallet: Wallet,
    pub(super) folder: Folder,
    pub(super) flashes: Flashes,
    pub(super) smoke_tests: SmokeTests,
    port: u16,
    prepared: Prepared,
}

/// What is there once the demo's data is prepared.
#[derive(Debug)]
pub(super) struct Prepared {
    /// The key of the demo's caller: the pages act as its back end.
    pub(super) key: SecretText,
    /// The integration of the simulated provider.
    pub(super) integration: IntegrationId,
}

/// The demo's caller, who was just authenticated.
pub(super) struct Caller {
    pub(super) principal: Principal,
    pub(super) asker: Asker,
}

impl Demo {
    /// The state over these parts.
    pub(super) fn new(wallet: Wallet, folder: Folder, port: u16, prepared: Prepared) -> Self {
        Self {
            wallet,
            folder,
            flashes: Flashes::default(),
            smoke_tests: SmokeTests::default(),
            port,
            prepared,
        }
    }

    /// The integration of the simulated provider.
    pub(super) const fn integration(&self) -> IntegrationId {
        self.prepared.integration
    }

    /// The port that it listens on.
    pub(super) const fn port(&self) -> u16 {
        self.port
    }

    /// The full URL of a path of this server.
    pub(super) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// The time.
    pub(super) fn clock(&self) -> &dyn Clock {
        &SystemClock
    }

    /// Randomness.
    pub(super) fn random(&self) -> &dyn SecureRandom {
        &SystemRandom
    }

    /// The caller whose back end the pages are. Its key is checked each time, as that of any other.
    pub(super) async fn caller(&self) -> Result<Caller, WalletError> {
        let principal = self
            .wallet
            .authenticate(self.prepared.key.expose_secret())
            .await?;
        let request = RequestId::current().map_or_else(|| "demo".to_owned(), |id| id.as_str().to_owned());
        Ok(Caller {
            asker: principal.asker(request),
            principal,
        })
    }
}

impl Caller {
    /// The caller's tenant, where it has this right.
    pub(super) fn scope(&self, verb: CallerVerb) -> Result<TenantScope, WalletError> {
        self.principal.scope_for(verb)
    }
}

impl std::fmt::Debug for Demo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Demo(port {})", self.port)
    }
}
