//! Name resolution, and the check of what it gives.

use crate::{error, policy::Target};
use async_trait::async_trait;
use coffer_core::http::HttpError;
use std::{
    io,
    net::{IpAddr, SocketAddr},
};

/// Finds the addresses of a host name. What it answers is checked and then connected to as it is; nobody asks again.
#[async_trait]
pub trait Lookup: Send + Sync + std::fmt::Debug {
    /// The addresses of a name.
    ///
    /// # Errors
    /// When the name cannot be resolved.
    async fn lookup(&self, name: &str) -> io::Result<Vec<IpAddr>>;
}

/// The resolver of the operating system.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemLookup;

#[async_trait]
impl Lookup for SystemLookup {
    async fn lookup(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        Ok(tokio::net::lookup_host((name, 0))
            .await?
            .map(|found| found.ip())
            .collect())
    }
}

/// The addresses to connect to, every one of them vetted.
pub(crate) async fn vetted(target: &Target, lookup: &dyn Lookup) -> Result<Vec<SocketAddr>, HttpError> {
    let found = match target.address() {
        Some(address) => vec![address],
        None => lookup
            .lookup(&target.host)
            .await
            .map_err(|cause| error::unresolved(target, &cause))?,
    };
    if found.is_empty() {
        return Err(error::unresolved(
            target,
            &io::Error::other("there is no address"),
        ));
    }
    for address in &found {
        target.vet(*address)?;
    }
    Ok(found
        .into_iter()
        .map(|address| SocketAddr::new(address, target.port))
        .collect())
}
