//! A wallet with everything around it in memory: store, clock, key, and one simulated provider.

pub mod pair;
mod parts;

pub use parts::{count, everything, new_caller, new_integration, param, result_of, token_of, values};

use coffer_catalog::Catalog;
use coffer_core::actor::{Actor, Asker};
use coffer_core::connection::{Attempt, AttemptKind};
use coffer_core::http::HttpClient;
use coffer_core::id::{ConnectionId, IntegrationId, TenantId};
use coffer_core::page::PageRequest;
use coffer_core::ports::Stores;
use coffer_core::rotation::RotationClass;
use coffer_core::secret::{ExposeSecret, SecretText};
use coffer_core::testing::{FakeClock, FakeRandom, MemoryStore};
use coffer_core::{OperatorScope, TenantScope};
use coffer_envelope::testing::FaultySource;
use coffer_envelope::{CachePolicy, KeyRing, LocalKey, LocalKeySource};
use coffer_simulator::model::{
    Behaviour, ClientSetup, Effect, Endpoint, Fault, FaultRule, GrantView, SigningKey, Totals, When,
};
use coffer_simulator::{InProcess, Provider, SharedProvider};
use coffer_wallet::{
    Arrival, ConnectionStatus, Departure, MadeConnectSession, NewConnectSession, Principal, Settings, Tasks,
    TokenGrant, TokenRequest, Wallet, WalletError,
};
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;
use url::Url;

pub const ISSUER: &str = "https://provider.example";
pub const PUBLIC: &str = "https://coffer.example";
pub const PAGE: &str = "https://app.example.com/editor?draft=7&tab=a%20b#section-2";
pub const SECRET: &str = "canary-client-secret-0123456789";

/// What a world starts with.
#[derive(Debug, Clone)]
pub struct Setup {
    pub behaviour: Behaviour,
    pub settings: Settings,
    pub policy: CachePolicy,
    pub catalog: Catalog,
    pub public: &'static str,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            behaviour: Behaviour::default(),
            settings: Settings::default(),
            policy: CachePolicy::STANDARD,
            catalog: Catalog::builtin().unwrap(),
            public: PUBLIC,
        }
    }
}

pub struct World {
    pub clock: Arc<FakeClock>,
    pub random: Arc<FakeRandom>,
    pub store: Arc<MemoryStore>,
    pub source: Arc<FaultySource>,
    pub keys: KeyRing,
    pub http: InProcess,
    pub provider: SharedProvider,
    pub wallet: Wallet,
    pub tenant: TenantId,
    pub scope: TenantScope,
    pub caller: Principal,
    pub key: SecretText,
    pub integration: IntegrationId,
    setup: Setup,
}

pub fn operator() -> OperatorScope {
    OperatorScope::assume("a test")
}

pub fn asker(tenant: TenantId) -> Asker {
    Asker {
        actor: Actor::System,
        tenant,
        request: "r-1".into(),
    }
}

impl World {
    pub async fn of_class(class: RotationClass) -> Self {
        Self::with(Behaviour::of_class(class)).await
    }

    pub async fn with(behaviour: Behaviour) -> Self {
        Self::new(Setup {
            behaviour,
            ..Setup::default()
        })
        .await
    }

    pub async fn new(setup: Setup) -> Self {
        let (clock, random) = (Arc::new(FakeClock::default()), Arc::new(FakeRandom::default()));
        let store = Arc::new(MemoryStore::new(clock.clone()));
        let key = LocalKey::parse(&LocalKey::generate(&*random)).unwrap();
        let local = LocalKeySource::new(key, random.clone());
        let source = Arc::new(FaultySource::new(Arc::new(local)));
        let provider: SharedProvider = Provider::new(ISSUER, SigningKey::generate().unwrap())
            .unwrap()
            .into();
        let http = InProcess::new(provider.clone(), clock.clone(), random.clone());
        let parts = Shared {
            clock: &clock,
            random: &random,
            store: &store,
            source: &source,
            http: Arc::new(http.clone()),
        };
        let keys = parts.keys(&setup);
        let wallet = parts.wallet_with(keys.clone(), &setup, Tasks::on(Handle::current()));
        let tenant = wallet
            .create_tenant(&operator(), &asker(TenantId::INSTALLATION), "acme", "Acme")
            .await
            .unwrap()
            .id;
        let scope = TenantScope::assume(tenant, "a test");
        let (caller, key) = new_caller(&wallet, &scope, everything()).await;
        let integration = new_integration(&wallet, &scope, "Simulator", setup.behaviour.rotation).await;
        let setup_of = ClientSetup::new("app", SECRET.into(), wallet.redirect_uri(integration).as_str());
        provider.with(|provider| provider.set_client(setup_of.behaviour(setup.behaviour.clone())));
        Self {
            clock,
            random,
            store,
            source,
            keys,
            http,
            provider,
            wallet,
            tenant,
            scope,
            caller,
            key,
            integration,
            setup,
        }
    }

    /// Another server on the same database, with a cache of its own, whose work runs on this runtime.
    pub fn replica(&self) -> Wallet {
        self.through(Arc::new(self.http.clone()))
    }

    /// The same, which reaches other hosts.
    pub fn through(&self, http: Arc<dyn HttpClient>) -> Wallet {
        let parts = self.shared(&self.clock, http);
        parts.wallet(&self.setup, Tasks::on(Handle::current()))
    }

    /// Another server, set up otherwise, whose own clock may tell another time.
    pub fn other(&self, clock: &Arc<FakeClock>, change: impl FnOnce(&mut Setup)) -> Wallet {
        let mut setup = self.setup.clone();
        change(&mut setup);
        let parts = self.shared(clock, Arc::new(self.http.clone()));
        parts.wallet(&setup, Tasks::on(Handle::current()))
    }

    fn shared<'a>(&'a self, clock: &'a Arc<FakeClock>, http: Arc<dyn HttpClient>) -> Shared<'a> {
        Shared {
            clock,
            random: &self.random,
            store: &self.store,
            source: &self.source,
            http,
        }
    }

    /// Another server on the same database, whose machine's clock is wrong.
    pub fn replica_at(&self, clock: &Arc<FakeClock>) -> Wallet {
        self.other(clock, |_| {})
    }

    pub fn asker(&self) -> Asker {
        asker(self.tenant)
    }

    pub async fn session(&self, change: impl FnOnce(&mut NewConnectSession)) -> MadeConnectSession {
        let mut new = NewConnectSession {
            integration: self.integration,
            user: Some("alice@acme".into()),
            connection: None,
            scopes: vec![],
            return_to: PAGE.into(),
        };
        change(&mut new);
        self.wallet
            .create_connect_session(&self.asker(), new)
            .await
            .unwrap()
    }

    pub async fn open(&self, made: &MadeConnectSession) -> Result<Departure, WalletError> {
        self.wallet
            .open_connect_session(&token_of(made), None, "r-2")
            .await
    }

    pub async fn depart(&self) -> Departure {
        let made = self.session(|_| {}).await;
        self.open(&made).await.unwrap()
    }

    pub async fn come_back(&self, callback: &Url, departure: &Departure) -> Result<Arrival, WalletError> {
        let browser = Some(departure.browser.expose_secret());
        let query = callback.query().unwrap_or_default();
        self.wallet
            .callback(self.integration, query, browser, "r-3")
            .await
    }

    /// The one-time result of a person who consents in the session.
    pub async fn result(&self, account: &str, change: impl FnOnce(&mut NewConnectSession)) -> String {
        let made = self.session(change).await;
        let departure = self.open(&made).await.unwrap();
        let callback = self.http.consent(&departure.authorize_url, account).unwrap();
        result_of(&self.come_back(&callback, &departure).await.unwrap())
    }

    pub async fn connect_as(
        &self,
        account: &str,
        change: impl FnOnce(&mut NewConnectSession),
    ) -> Result<ConnectionStatus, WalletError> {
        let result = self.result(account, change).await;
        self.wallet.redeem(&self.asker(), &result).await
    }

    pub async fn connect(&self) -> ConnectionId {
        self.connect_as("alice", |_| {}).await.unwrap().id
    }

    pub async fn token(&self, id: ConnectionId) -> Result<TokenGrant, WalletError> {
        self.token_of(&self.wallet, id).await
    }

    pub async fn token_of(&self, wallet: &Wallet, id: ConnectionId) -> Result<TokenGrant, WalletError> {
        let asker = self.asker();
        wallet
            .token(&self.caller, &asker, id, TokenRequest::default())
            .await
    }

    pub async fn refresh(&self, id: ConnectionId) -> Result<TokenGrant, WalletError> {
        self.wallet.refresh(&self.caller, &self.asker(), id).await
    }

    pub async fn disconnect(&self, id: ConnectionId) -> Result<ConnectionStatus, WalletError> {
        self.wallet.disconnect(&self.caller, &self.asker(), id).await
    }

    pub async fn status(&self, id: ConnectionId) -> ConnectionStatus {
        self.wallet.connection(&self.caller, id).await.unwrap()
    }

    pub async fn attempts(&self, id: ConnectionId, kind: AttemptKind) -> Vec<Attempt> {
        let page = PageRequest::new(PageRequest::MAX, None);
        let found = self.wallet.attempts(&self.caller, id, page).await.unwrap();
        found
            .items
            .into_iter()
            .filter(|attempt| attempt.kind == kind)
            .collect()
    }

    pub async fn audit_verbs(&self) -> Vec<&'static str> {
        let page = PageRequest::new(PageRequest::MAX, None);
        let rows = self.wallet.audit_log(&self.scope, page).await.unwrap();
        rows.items.iter().map(|row| row.verb.as_str()).collect()
    }

    /// Lets time pass, for the wallet, the database and the provider.
    pub fn pass(&self, secs: u64) {
        self.clock.advance(Duration::from_secs(secs));
    }

    /// Lets the access tokens of an hour end.
    pub fn expire(&self) {
        self.pass(3700);
    }

    pub fn strike(&self, endpoint: Endpoint, commits: bool, effect: Effect, times: u32) {
        let rule = FaultRule {
            client_id: None,
            endpoint: Some(endpoint),
            grant: None,
            when: When::Next {
                count: times,
                skip: 0,
            },
            fault: Fault { commits, effect },
        };
        self.provider.with(|provider| provider.add_fault(rule));
    }

    pub fn behave(&self, change: impl FnOnce(&mut Behaviour)) {
        let mut behaviour = self.setup.behaviour.clone();
        change(&mut behaviour);
        assert!(
            self.provider
                .with(|provider| provider.set_behaviour("app", behaviour))
        );
    }

    pub fn totals(&self) -> Totals {
        self.provider.with(|provider| provider.ledger().totals().clone())
    }

    /// How many refresh requests the provider has seen.
    pub fn refreshes(&self) -> u64 {
        self.totals()
            .requests
            .get(&Endpoint::Refresh)
            .copied()
            .unwrap_or(0)
    }

    pub fn grants(&self) -> Vec<GrantView> {
        let now = coffer_core::Clock::now(&*self.clock);
        self.provider.with(|provider| provider.grants(now).collect())
    }

    /// Whether any token of any grant would be accepted by the provider.
    pub fn has_live_tokens(&self) -> bool {
        let grants = self.grants();
        grants
            .iter()
            .any(|grant| !grant.live.refresh.is_empty() || !grant.live.access.is_empty())
    }
}

/// What the servers of one world have in common.
struct Shared<'a> {
    clock: &'a Arc<FakeClock>,
    random: &'a Arc<FakeRandom>,
    store: &'a Arc<MemoryStore>,
    source: &'a Arc<FaultySource>,
    http: Arc<dyn HttpClient>,
}

impl Shared<'_> {
    fn keys(&self, setup: &Setup) -> KeyRing {
        KeyRing::new(
            self.source.clone(),
            Stores::of(self.store).data_keys,
            self.clock.clone(),
            self.random.clone(),
            setup.policy,
        )
    }

    fn wallet(&self, setup: &Setup, tasks: Tasks) -> Wallet {
        self.wallet_with(self.keys(setup), setup, tasks)
    }

    fn wallet_with(&self, keys: KeyRing, setup: &Setup, tasks: Tasks) -> Wallet {
        let stores = Stores::of(self.store);
        Wallet::builder(
            stores,
            keys,
            Arc::clone(&self.http),
            Url::parse(setup.public).unwrap(),
        )
        .clock(self.clock.clone())
        .random(self.random.clone())
        .settings(setup.settings)
        .catalog(setup.catalog.clone())
        .return_origin(Url::parse("https://app.example.com").unwrap())
        .tasks(tasks)
        .build()
        .unwrap()
    }
}
