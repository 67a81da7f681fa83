//! A way around the store, into the same database.

use coffer_core::SecretText;
use coffer_core::secret::ExposeSecret as _;
use tokio_postgres::{Client, NoTls};

pub async fn connect(url: &SecretText) -> Client {
    let (client, connection) = tokio_postgres::connect(url.expose_secret(), NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}
