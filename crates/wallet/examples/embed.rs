//! A wallet inside a program of your own, without a server: connect an account, get a token, see when it ends. The
//! provider is simulated, so that this runs without a network: `cargo run -p coffer-wallet --example embed`.

use coffer_catalog::InputValue;
use coffer_core::actor::{Actor, Asker};
use coffer_core::caller::CallerVerb;
use coffer_core::ports::Stores;
use coffer_core::secret::ExposeSecret;
use coffer_core::testing::MemoryStore;
use coffer_core::{OperatorScope, SystemClock, SystemRandom, TenantScope};
use coffer_envelope::{CachePolicy, KeyRing, LocalKey, LocalKeySource};
use coffer_simulator::model::{ClientSetup, SigningKey};
use coffer_simulator::{InProcess, Provider, SharedProvider};
use coffer_wallet::{NewCaller, NewConnectSession, TokenRequest, Wallet};
use std::error::Error;
use std::io::Write as _;
use std::sync::Arc;
use url::Url;

#[tokio::main]
pub(crate) async fn main() -> Result<(), Box<dyn Error>> {
    // A database, a key, and a way to reach providers: in memory, made up, and simulated.
    let stores = Stores::of(&Arc::new(MemoryStore::new(Arc::new(SystemClock))));
    let provider = InProcess::new(simulator()?, Arc::new(SystemClock), Arc::new(SystemRandom));
    let (keys, http) = (key_ring(&stores)?, Arc::new(provider.clone()));
    let wallet = Wallet::builder(stores, keys, http, Url::parse("https://app.example.com")?).build()?;

    // A customer, a key for our own back end, and our client at the provider.
    let operator = OperatorScope::assume("this program is its own operator");
    let by = |tenant| Asker {
        actor: Actor::CommandLine,
        tenant,
        request: "embed".into(),
    };
    let acme = wallet
        .create_tenant(&operator, &by(operator.installation().tenant()), "acme", "Acme")
        .await?
        .id;
    let scope = TenantScope::assume(acme, "the tenant was made a line above");
    let (_, key) = wallet.create_caller(&scope, &by(acme), back_end()).await?;
    let caller = wallet.authenticate(key.expose_secret()).await?;
    let client = wallet
        .create_integration(&scope, &by(acme), "simulator", "Simulator", client_values())
        .await?
        .id;
    wallet.enable_integration(&scope, &by(acme), client).await?;
    provider.provider().with(|sim| {
        sim.set_client(ClientSetup::new(
            "app",
            "app secret".into(),
            wallet.redirect_uri(client).as_str(),
        ))
    });

    // A person connects: follows our link, consents at the provider, comes back.
    let session = wallet.create_connect_session(&by(acme), connect(client)).await?;
    let departure = wallet
        .open_connect_session(last_segment(session.link.expose_secret()), "embed")
        .await?;
    let callback = provider.consent(&departure.authorize_url, "alice")?;
    let arrival = wallet
        .callback(
            client,
            callback.query().unwrap_or(""),
            Some(departure.browser.expose_secret()),
            "embed",
        )
        .await?;
    let back = Url::parse(arrival.return_to.expose_secret())?;
    let result = back
        .query_pairs()
        .find(|(name, _)| name == "coffer_result")
        .ok_or("no result")?
        .1;
    let connection = wallet.redeem(&by(acme), &result).await?;

    // And whenever a token is needed:
    let token = wallet
        .token(&caller, &by(acme), connection.id, TokenRequest::default())
        .await?;
    writeln!(
        std::io::stdout(),
        "a {} token until {:?}",
        token.token_type,
        token.expires_at
    )?;
    Ok(())
}

fn simulator() -> Result<SharedProvider, Box<dyn Error>> {
    Ok(Provider::new("https://provider.example", SigningKey::generate()?)?.into())
}

fn key_ring(stores: &Stores) -> Result<KeyRing, Box<dyn Error>> {
    let (clock, random) = (Arc::new(SystemClock), Arc::new(SystemRandom));
    // In earnest: one key, from a file or the environment, and the same one at each start.
    let source = LocalKeySource::new(LocalKey::parse(&LocalKey::generate(&*random))?, random.clone());
    Ok(KeyRing::new(
        Arc::new(source),
        stores.data_keys.clone(),
        clock,
        random,
        CachePolicy::STANDARD,
    ))
}

fn back_end() -> NewCaller {
    NewCaller {
        name: "back end".into(),
        verbs: vec![CallerVerb::Connect, CallerVerb::Token],
        integrations: None,
        connections: None,
        lifetime: NewCaller::USUAL,
    }
}

fn client_values() -> coffer_wallet::Values {
    let values = [
        ("client_id", "app"),
        ("client_secret", "app secret"),
        ("base_url", "https://provider.example"),
    ];
    values
        .map(|(name, value)| (name.to_owned(), InputValue::text(value)))
        .into()
}

fn connect(integration: coffer_core::id::IntegrationId) -> NewConnectSession {
    NewConnectSession {
        integration,
        user: Some("alice@acme".into()),
        connection: None,
        scopes: vec![],
        return_to: "https://app.example.com/settings?tab=accounts".into(),
    }
}

fn last_segment(link: &str) -> &str {
    link.rsplit('/').next().unwrap_or(link)
}
