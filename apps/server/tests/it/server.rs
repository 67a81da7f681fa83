//! A server in this process, with SQLite in a folder of its own and the provider simulator beside it.

use crate::raw::{self, Answer};
use coffer_core::actor::{Actor, Asker};
use coffer_core::id::TenantId;
use coffer_core::secret::{ExposeSecret, secret_text};
use coffer_core::{Clock, OperatorScope, SystemClock, SystemRandom};
use coffer_envelope::LocalKey;
use coffer_server::compose::Composed;
use coffer_server::config::{Config, Source};
use coffer_server::server::Running;
use coffer_simulator::model::{Behaviour, ClientSetup, Moment, SigningKey};
use coffer_simulator::{Provider, Service, SharedProvider};
use serde_json::{Value, json};
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;
use tempfile::TempDir;
use url::Url;

pub const CLIENT_SECRET: &str = "canary-client-secret-4711";
pub const ALL: [&str; 8] = [
    "token",
    "refresh",
    "read",
    "connect",
    "disconnect",
    "integrations",
    "callers",
    "audit",
];

pub struct Server {
    pub at: SocketAddr,
    pub running: Running,
    pub sim: SharedProvider,
    pub operator: String,
    pub folder: TempDir,
    pub sim_url: String,
}

/// A tenant with a caller that may do everything.
pub struct Tenant {
    pub id: String,
    pub key: String,
}

/// A browser: it keeps the cookie that it was given.
#[derive(Default, Clone)]
pub struct Browser {
    pub cookie: Option<String>,
}

pub fn port() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// The settings of a test's server.
pub fn settings(folder: &TempDir, at: SocketAddr) -> Source {
    let key = LocalKey::generate(&SystemRandom);
    Source::of([
        ("COFFER_LISTEN", at.to_string()),
        (
            "COFFER_DATABASE_URL",
            format!("sqlite:{}", folder.path().join("coffer.db").display()),
        ),
        ("COFFER_KEY", key.expose_secret().to_owned()),
        ("COFFER_MIGRATE", "true".to_owned()),
        ("COFFER_WORKERS", "1".to_owned()),
        ("COFFER_SHUTDOWN_TIMEOUT", "5s".to_owned()),
    ])
}

impl Server {
    pub async fn start() -> Self {
        Self::start_with(|source| source).await
    }

    pub async fn start_with(change: impl FnOnce(Source) -> Source) -> Self {
        // A second install in this process fails, and changes nothing.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = tempfile::tempdir().unwrap();
        let (sim_listener, sim_at) = port();
        let sim_url = format!("http://{sim_at}");
        let sim = SharedProvider::from(Provider::new(&sim_url, SigningKey::generate().unwrap()).unwrap());
        Service::new(sim.clone()).run(sim_listener).unwrap();
        let (listener, at) = port();
        let source = settings(&folder, at).set("COFFER_HTTP_ALLOW", sim_url.clone());
        let config = Config::read(&change(source)).unwrap();
        let composed = Composed::open(&config).await.unwrap();
        let asker = Asker {
            actor: Actor::CommandLine,
            tenant: TenantId::INSTALLATION,
            request: "test".into(),
        };
        let hour = Duration::from_secs(3600);
        let made = composed
            .wallet
            .create_operator(&OperatorScope::assume("test"), &asker, "ops", hour)
            .await;
        let operator = made.unwrap().1.expose_secret().to_owned();
        let running = Running::serve(&config, &composed, listener, None, None, None).unwrap();
        Self {
            at,
            running,
            sim,
            operator,
            folder,
            sim_url,
        }
    }

    pub async fn send(&self, method: &str, target: &str, key: &str, body: &Value) -> Answer {
        let bearer = format!("Bearer {key}");
        let headers = [
            ("authorization", bearer.as_str()),
            ("content-type", "application/json"),
        ];
        let text = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let headers = if body.is_null() {
            &headers[..1]
        } else {
            &headers[..]
        };
        raw::send(self.at, method, target, headers, &text).await
    }

    pub async fn post(&self, target: &str, key: &str, body: Value) -> Answer {
        self.send("POST", target, key, &body).await
    }

    pub async fn get(&self, target: &str, key: &str) -> Answer {
        self.send("GET", target, key, &Value::Null).await
    }

    pub async fn tenant(&self, name: &str) -> Tenant {
        let made = self
            .post(
                "/v1/tenants",
                &self.operator,
                json!({"external_id": name, "name": name}),
            )
            .await;
        assert_eq!(made.status, 201, "{made:?}");
        let id = made.json()["id"].as_str().unwrap().to_owned();
        let key = self.caller(&id, json!({"name": "all", "verbs": ALL})).await;
        Tenant { id, key }
    }

    pub async fn caller(&self, tenant: &str, wanted: Value) -> String {
        let made = self
            .post(&format!("/v1/tenants/{tenant}/callers"), &self.operator, wanted)
            .await;
        assert_eq!(made.status, 201, "{made:?}");
        made.json()["key"].as_str().unwrap().to_owned()
    }

    pub fn simulator_config(&self) -> Value {
        json!({"client_id": "app", "client_secret": CLIENT_SECRET, "base_url": self.sim_url})
    }

    /// An enabled integration, known to the simulator.
    pub async fn integration(&self, key: &str, behaviour: Behaviour) -> String {
        let wanted = json!({"provider": "simulator", "name": "Simulator", "config": self.simulator_config()});
        let made = self.post("/v1/integrations", key, wanted).await;
        assert_eq!(made.status, 201, "{made:?}");
        let made = made.json();
        let id = made["id"].as_str().unwrap().to_owned();
        let redirect_uri = made["redirect_uri"].as_str().unwrap();
        let setup =
            ClientSetup::new("app", secret_text(CLIENT_SECRET.into()), redirect_uri).behaviour(behaviour);
        self.sim.with(|sim| sim.set_client(setup));
        let enabled = self
            .post(&format!("/v1/integrations/{id}/enable"), key, Value::Null)
            .await;
        assert_eq!(
            (enabled.status, enabled.json()["state"].as_str()),
            (200, Some("enabled")),
            "{enabled:?}"
        );
        id
    }

    pub fn return_to(&self) -> String {
        format!("http://{}/settings?draft=7", self.at)
    }

    /// The path of a new connect session's link.
    pub async fn link(&self, key: &str, integration: &str) -> String {
        let wanted = json!({"integration": integration, "user": "user-1", "return_to": self.return_to()});
        let made = self.post("/v1/connect-sessions", key, wanted).await;
        assert_eq!(made.status, 201, "{made:?}");
        path(made.json()["link"].as_str().unwrap())
    }

    pub async fn browse(&self, browser: &mut Browser, target: &str) -> Answer {
        let cookie = browser.cookie.clone().unwrap_or_default();
        let headers = [("cookie", cookie.as_str())];
        let answer = raw::send(
            self.at,
            "GET",
            target,
            if cookie.is_empty() { &[] } else { &headers },
            "",
        )
        .await;
        if let Some(set) = answer.header("set-cookie") {
            let pair = set.split(';').next().unwrap();
            browser.cookie = if pair.ends_with('=') {
                None
            } else {
                Some(pair.to_owned())
            };
        }
        answer
    }

    /// Plays the person at the provider, and gives the path of the callback.
    pub fn consent(&self, sent: &Answer, account: &str) -> String {
        let url = Url::parse(sent.header("location").unwrap()).unwrap();
        let at = Moment {
            now: SystemClock.now(),
            random: &SystemRandom,
        };
        path(self.sim.consent(&url, account, at).unwrap().as_str())
    }

    /// The whole way: session, browser, consent, callback, redemption. Gives the connection.
    pub async fn connect(&self, key: &str, integration: &str, account: &str) -> Value {
        let mut browser = Browser::default();
        let link = self.link(key, integration).await;
        let sent = self.browse(&mut browser, &link).await;
        assert_eq!(sent.status, 303, "{sent:?}");
        let back = self.browse(&mut browser, &self.consent(&sent, account)).await;
        let result = param(&back, "coffer_result").unwrap_or_else(|| panic!("{back:?}"));
        let redeemed = self
            .post("/v1/connect-sessions/redeem", key, json!({"result": result}))
            .await;
        assert_eq!(redeemed.status, 200, "{redeemed:?}");
        redeemed.json()
    }
}

/// A URL's path and query.
pub fn path(url: &str) -> String {
    let url = Url::parse(url).unwrap();
    url.query().map_or_else(
        || url.path().to_owned(),
        |query| format!("{}?{query}", url.path()),
    )
}

/// A parameter of the address that a browser is sent to.
pub fn param(sent: &Answer, name: &str) -> Option<String> {
    let url = Url::parse(sent.header("location")?).ok()?;
    let mut pairs = url.query_pairs();
    pairs
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}
