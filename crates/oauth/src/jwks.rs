//! The provider's keys, fetched and kept (OA-C35).

use crate::cache::Freshness;
use crate::client::Client;
use crate::discovery::DiscoveryError;
use crate::error::Error;
use crate::integration::Integration;
use crate::jwk::KeySet;
use coffer_catalog::provider::endpoints::Endpoint;
use std::sync::Arc;

impl Client {
    /// The keys that sign this provider's ID tokens. `renew` asks for a new copy, which is fetched at most once a
    /// minute: an unknown `kid` in a forged token must not become a way to flood the provider.
    pub(crate) async fn keys(&self, integration: &Integration, renew: bool) -> Result<Arc<KeySet>, Error> {
        let metadata = self.metadata_if_needed(integration).await?;
        let url = self.endpoint(integration, Endpoint::Jwks, metadata.as_deref())?;
        let url = url.ok_or(DiscoveryError::Malformed("it names no key set"))?;
        let freshness = if renew {
            Freshness::Renewed
        } else {
            Freshness::Recent
        };
        let key = url.to_string();
        let fetch = async |_| {
            let document = self.fetch(url).await?;
            let keys = KeySet::parse(&document.value);
            Ok(keys.ok_or(DiscoveryError::Malformed(
                "it is not a key set of at most 100 keys",
            ))?)
        };
        self.key_cache
            .get(&key, self.clock().now(), freshness, fetch)
            .await
    }
}
