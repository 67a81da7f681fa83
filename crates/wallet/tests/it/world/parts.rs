//! What worlds are made of.

use super::{ISSUER, SECRET, asker};
use coffer_catalog::InputValue;
use coffer_core::TenantScope;
use coffer_core::caller::CallerVerb;
use coffer_core::id::IntegrationId;
use coffer_core::rotation::RotationClass;
use coffer_core::secret::{ExposeSecret, SecretText};
use coffer_wallet::{Arrival, MadeConnectSession, NewCaller, Principal, Values, Wallet};
use url::Url;

pub fn everything() -> NewCaller {
    NewCaller {
        name: "everything".into(),
        verbs: CallerVerb::ALL.to_vec(),
        integrations: None,
        connections: None,
        lifetime: NewCaller::LONGEST,
    }
}

pub async fn new_caller(wallet: &Wallet, scope: &TenantScope, new: NewCaller) -> (Principal, SecretText) {
    let (_, key) = wallet
        .create_caller(scope, &asker(scope.tenant()), new)
        .await
        .unwrap();
    (wallet.authenticate(key.expose_secret()).await.unwrap(), key)
}

pub async fn new_integration(
    wallet: &Wallet,
    scope: &TenantScope,
    name: &str,
    class: RotationClass,
) -> IntegrationId {
    let by = asker(scope.tenant());
    let made = wallet
        .create_integration(scope, &by, "simulator", name, values(class, SECRET))
        .await
        .unwrap();
    wallet.enable_integration(scope, &by, made.id).await.unwrap();
    made.id
}

pub fn values(class: RotationClass, secret: &str) -> Values {
    let values = [
        ("client_id", "app"),
        ("client_secret", secret),
        ("base_url", ISSUER),
        ("rotation_class", class.as_str()),
    ];
    values
        .map(|(name, value)| (name.to_owned(), InputValue::text(value)))
        .into()
}

pub fn token_of(made: &MadeConnectSession) -> String {
    made.link.expose_secret().rsplit('/').next().unwrap().to_owned()
}

pub fn result_of(arrival: &Arrival) -> String {
    let url = Url::parse(arrival.return_to.expose_secret()).unwrap();
    param(&url, "coffer_result").unwrap()
}

pub fn param(url: &Url, name: &str) -> Option<String> {
    let mut pairs = url.query_pairs();
    pairs
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

/// A length as the ledger counts.
pub fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap()
}
