//! A wallet inside a program of your own, without a server: connect an account, get a token, see when it ends. The
//! provider is simulated, so that this runs without a network: `cargo run -p coffer-wallet --example embed`.

use coffer_catalog::InputValue;
use coffer_core::actor::{Actor, Asker};
use coffer_core::caller::CallerVerb;
use coffer_core::id::IntegrationId;
use coffer_core::ports::Stores;
use coffer_core::secret::ExposeSecret;
use coffer_core::testing::MemoryStore;
use coffer_core::{OperatorScope, SystemClock, SystemRandom, TenantScope};
use coffer_envelope::{CachePolicy, KeyRing, LocalKey, LocalKeySource};
use coffer_simulator::model::{ClientSetup, SigningKey};
use coffer_simulator::{InProcess, Provider, SharedProvider};
use coffer_wallet::{
    Arrival, MadeConnectSession, NewCaller, NewConnectSession, Principal, TokenRequest, Wallet,
};
use std::error::Error;
use std::io::Write as _;
use std::sync::Arc;
use url::Url;

#[tokio::main]
pub(crate) async fn main() -> Result<(), Box<dyn Error>> {
    // A database, a key and a way to reach providers: in memory, made up, and simulated.
    let stores = Stores::of(&Arc::new(MemoryStore::new(Arc::new(SystemClock))));
    let (keys, provider) = (key_ring(&stores)?, simulator()?);
    let url = Url::parse("https://app.example.com")?;
    let wallet = Wallet::builder(stores, keys, Arc::new(provider.clone()), url).build()?;
    let us = customer(&wallet).await?;
    let client = register(&wallet, &us, &provider).await?;

    // Our back end makes a link. A person follows it, consents at the provider, and comes back.
    let session = wallet.create_connect_session(&us.asker, connect(client)).await?;
    let departure = wallet
        .open_connect_session(token_in(&session), None, "embed")
        .await?;
    let callback = provider.consent(&departure.authorize_url, "alice")?;
    let (query, cookie) = (callback.query().unwrap_or(""), departure.browser.expose_secret());
    let arrival = wallet.callback(client, query, Some(cookie), "embed").await?;
    let connection = wallet.redeem(&us.asker, &result_in(&arrival)?).await?;

    // From now on, whenever a token is needed:
    let request = TokenRequest::default();
    let token = wallet
        .token(&us.caller, &us.asker, connection.id, request)
        .await?;
    writeln!(std::io::stdout(), "a token until {:?}", token.expires_at)?;
    Ok(())
}

/// A tenant of ours, and a key for our own back end.
struct Customer {
    scope: TenantScope,
    asker: Asker,
    caller: Principal,
}

async fn customer(wallet: &Wallet) -> Result<Customer, Box<dyn Error>> {
    let operator = OperatorScope::assume("this program is its own operator");
    let by = |tenant| Asker {
        actor: Actor::System,
        tenant,
        request: "embed".into(),
    };
    let asker = by(operator.installation().tenant());
    let tenant = wallet.create_tenant(&operator, &asker, "acme", "Acme").await?;
    let (scope, asker) = (TenantScope::assume(tenant.id, "it was just made"), by(tenant.id));
    let (_, key) = wallet.create_caller(&scope, &asker, back_end()).await?;
    Ok(Customer {
        scope,
        asker,
        caller: wallet.authenticate(key.expose_secret()).await?,
    })
}

/// Our client at the provider: its id and secret here, its redirect URI there.
async fn register(
    wallet: &Wallet,
    us: &Customer,
    provider: &InProcess,
) -> Result<IntegrationId, Box<dyn Error>> {
    let made = wallet
        .create_integration(&us.scope, &us.asker, "simulator", "Simulator", client_values())
        .await?;
    wallet.enable_integration(&us.scope, &us.asker, made.id).await?;
    let redirect_uri = wallet.redirect_uri(made.id);
    let setup = ClientSetup::new("app", "app secret".into(), redirect_uri.as_str());
    provider.provider().with(|provider| provider.set_client(setup));
    Ok(made.id)
}

fn simulator() -> Result<InProcess, Box<dyn Error>> {
    let provider: SharedProvider = Provider::new("https://provider.example", SigningKey::generate()?)?.into();
    Ok(InProcess::new(
        provider,
        Arc::new(SystemClock),
        Arc::new(SystemRandom),
    ))
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

fn connect(integration: IntegrationId) -> NewConnectSession {
    NewConnectSession {
        integration,
        user: Some("alice@acme".into()),
        connection: None,
        scopes: vec![],
        return_to: "https://app.example.com/settings?tab=accounts".into(),
    }
}

/// What the route of the link finds in its path.
fn token_in(session: &MadeConnectSession) -> &str {
    let link = session.link.expose_secret();
    link.rsplit('/').next().unwrap_or(link)
}

/// What our page finds in its query when the browser is back.
fn result_in(arrival: &Arrival) -> Result<String, Box<dyn Error>> {
    let url = Url::parse(arrival.return_to.expose_secret())?;
    let mut query = url.query_pairs();
    let found = query.find(|(name, _)| name == "coffer_result");
    Ok(found.ok_or("no result")?.1.into_owned())
}
