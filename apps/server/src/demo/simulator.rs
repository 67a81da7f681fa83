//! The simulated provider inside the demo's own process, under a path of its own. Its state is on the disk before a
//! reply leaves, so that a killed process loses nothing.

use super::error::DemoError;
use super::folder::Folder;
use coffer_core::SecretText;
use coffer_simulator::model::{Behaviour, ClientSetup, SigningKey};
use coffer_simulator::service::StateFile;
use coffer_simulator::{Provider, Service, SharedProvider};
use url::Url;

/// Where it stands below the server's own URL.
pub(super) const PATH: &str = "/sim";

/// The id of the demo's client at the simulated provider.
pub(super) const CLIENT: &str = "coffer-demo";

/// How long its access tokens live: short enough to watch one expire.
const ACCESS_TOKEN_SECS: u64 = 5 * 60;

/// The simulated provider, its service and its file.
#[derive(Debug, Clone)]
pub(super) struct Simulator {
    pub(super) provider: SharedProvider,
    pub(super) service: Service,
}

impl Simulator {
    /// The provider of an earlier start, or a new one. Its issuer follows the port.
    pub(super) fn open(folder: &Folder, issuer: &str) -> Result<Self, DemoError> {
        let file = StateFile::new(folder.simulator());
        let provider = match file.load()? {
            Some(mut kept) => {
                kept.set_issuer(issuer)?;
                kept
            }
            None => Provider::new(issuer, SigningKey::generate()?)?,
        };
        let provider = SharedProvider::from(provider);
        let service = Service::new(provider.clone()).kept_in(file);
        Ok(Self { provider, service })
    }

    /// Whether the demo's client is registered with this redirect URI.
    pub(super) fn knows(&self, redirect_uri: &Url) -> bool {
        self.provider.with(|provider| {
            let mut clients = provider.clients();
            clients.any(|(id, uris, _)| id == CLIENT && uris.iter().any(|uri| uri == redirect_uri.as_str()))
        })
    }

    /// Registers the demo's client, or gives it another secret and redirect URI; its grants stay. It is in the file
    /// when this returns.
    pub(super) async fn register(
        &self,
        folder: &Folder,
        secret: &SecretText,
        redirect_uri: &Url,
    ) -> Result<(), DemoError> {
        let behaviour = Behaviour {
            access_token_secs: ACCESS_TOKEN_SECS,
            ..Behaviour::default()
        };
        let mut setup = ClientSetup::new(CLIENT, secret.clone(), redirect_uri.as_str()).behaviour(behaviour);
        setup.name = Some("Coffer demo".to_owned());
        self.provider.with(|provider| provider.set_client(setup));
        // A writer of its own: it has written nothing yet, so it writes whatever the other one has.
        Ok(StateFile::new(folder.simulator()).write(&self.provider).await?)
    }
}
