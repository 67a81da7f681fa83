//! A provider that plays a script, and integrations to try it with.

use async_trait::async_trait;
use coffer_catalog::{Catalog, Config, FieldValue, Provider};
use coffer_core::SecretText;
use coffer_core::http::{HttpClient, HttpError, HttpErrorKind, HttpRequest, HttpResponse, Method, Sent};
use coffer_core::secret::{ExposeSecret, secret_bytes};
use coffer_core::testing::{FakeClock, FakeRandom};
use coffer_oauth::{Client, CodeGrant, Error, Integration, ProviderError};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;
use url::{Url, form_urlencoded};

pub const ISSUER: &str = "https://id.example";
pub const CLIENT_ID: &str = "my-client";
pub const CLIENT_SECRET: &str = "client-secret-canary";
pub const REDIRECT: &str = "https://coffer.example/callback";

pub type Reply = Result<HttpResponse, HttpError>;

/// A request as the provider sees it.
#[derive(Debug, Clone)]
pub struct Seen {
    pub method: Method,
    pub url: Url,
    pub headers: Vec<(String, String)>,
    pub body: String,
    pub deadline: Duration,
}

impl Seen {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    pub fn form(&self) -> BTreeMap<String, String> {
        form_urlencoded::parse(self.body.as_bytes())
            .into_owned()
            .collect()
    }

    pub fn shown(&self) -> String {
        format!("{:?}", self)
    }
}

type Script = Box<dyn FnMut(&Seen) -> Reply + Send>;

/// Answers as its script says, and keeps a ledger.
pub struct ScriptedHttp {
    script: Mutex<Script>,
    ledger: Mutex<Vec<Seen>>,
}

impl std::fmt::Debug for ScriptedHttp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ScriptedHttp")
    }
}

#[async_trait]
impl HttpClient for ScriptedHttp {
    async fn send(&self, request: HttpRequest) -> Reply {
        let seen = Seen {
            method: request.method,
            url: request.url,
            deadline: request.deadline,
            headers: request
                .headers
                .iter()
                .map(|(name, value)| (name.to_string(), value.expose_secret().to_owned()))
                .collect(),
            body: request
                .body
                .map(|body| String::from_utf8(body.expose_secret().to_vec()).unwrap())
                .unwrap_or_default(),
        };
        self.ledger.lock().unwrap().push(seen.clone());
        (self.script.lock().unwrap())(&seen)
    }
}

/// A client, its provider and its clock.
pub struct World {
    pub client: Client,
    pub clock: Arc<FakeClock>,
    http: Arc<ScriptedHttp>,
}

impl World {
    pub fn new(script: impl FnMut(&Seen) -> Reply + Send + 'static) -> Self {
        let http = Arc::new(ScriptedHttp {
            script: Mutex::new(Box::new(script)),
            ledger: Mutex::default(),
        });
        let clock = Arc::new(FakeClock::default());
        let client = Client::new(http.clone(), clock.clone(), Arc::new(FakeRandom::default()));
        Self { client, clock, http }
    }

    /// A provider that always answers this.
    pub fn always(status: u16, body: &str) -> Self {
        let body = body.to_owned();
        Self::new(move |_| reply(status, &body))
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.http.ledger.lock().unwrap().clone()
    }

    pub fn only(&self) -> Seen {
        let seen = self.seen();
        assert_eq!(seen.len(), 1, "{seen:?}");
        seen[0].clone()
    }
}

pub fn response(status: u16, headers: &[(&str, &str)], body: &[u8]) -> HttpResponse {
    HttpResponse {
        status,
        headers: headers
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_string()))
            .collect(),
        body: secret_bytes(body.to_vec()),
    }
}

pub fn reply(status: u16, body: &str) -> Reply {
    Ok(response(
        status,
        &[("content-type", "application/json")],
        body.as_bytes(),
    ))
}

pub fn json(value: Value) -> Reply {
    reply(200, &value.to_string())
}

pub fn no_answer(kind: HttpErrorKind, sent: Sent) -> Reply {
    Err(HttpError {
        kind,
        sent,
        message: format!("id.example: {kind:?}"),
    })
}

pub static CATALOG: LazyLock<Catalog> = LazyLock::new(|| Catalog::builtin().unwrap());

pub fn provider(id: &str) -> Provider {
    CATALOG.find(id).unwrap().clone()
}

pub fn config<'a>(fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> Config {
    let mut public: BTreeMap<String, FieldValue> =
        BTreeMap::from([("client_id".to_owned(), FieldValue::Text(CLIENT_ID.to_owned()))]);
    for (name, value) in fields {
        public.insert(name.to_owned(), FieldValue::Text(value.to_owned()));
    }
    let secret = BTreeMap::from([("client_secret".to_owned(), SecretText::from(CLIENT_SECRET))]);
    Config::from_parts(public, secret)
}

pub fn integration(provider: Provider, config: Config) -> Integration {
    Integration::new(Arc::new(provider), config, REDIRECT.parse().unwrap())
}

/// Plain OAuth 2 at `id.example`, changed as the test needs it.
pub fn oauth2_with(change: impl FnOnce(&mut Provider), fields: &[(&str, &str)]) -> Integration {
    let mut provider = provider("generic-oauth2");
    change(&mut provider);
    let known = [
        ("authorize_url", "https://id.example/authorize"),
        ("token_url", "https://id.example/token"),
        ("revoke_url", "https://id.example/revoke"),
        ("userinfo_url", "https://id.example/me"),
    ];
    integration(provider, config(known.into_iter().chain(fields.iter().copied())))
}

pub fn oauth2() -> Integration {
    oauth2_with(|_| {}, &[])
}

/// OpenID Connect with discovery at `id.example`.
pub fn oidc() -> Integration {
    oidc_at(ISSUER)
}

pub fn oidc_at(issuer: &str) -> Integration {
    integration(provider("generic-oidc"), config([("issuer", issuer)]))
}

pub fn metadata() -> Value {
    serde_json::json!({
        "issuer": ISSUER,
        "authorization_endpoint": "https://id.example/authorize",
        "token_endpoint": "https://id.example/token",
        "revocation_endpoint": "https://id.example/revoke",
        "userinfo_endpoint": "https://id.example/userinfo",
        "jwks_uri": "https://id.example/keys",
        "code_challenge_methods_supported": ["plain", "S256"],
        "authorization_response_iss_parameter_supported": true,
    })
}

pub struct Grant {
    pub code: SecretText,
    pub redirect_uri: Url,
    pub verifier: SecretText,
    pub nonce: SecretText,
}

impl Default for Grant {
    fn default() -> Self {
        Self {
            code: "code-canary".into(),
            redirect_uri: REDIRECT.parse().unwrap(),
            verifier: "verifier-canary-verifier-canary-verifier-canary".into(),
            nonce: "nonce-1".into(),
        }
    }
}

impl Grant {
    pub fn of<'a>(&'a self, issuer: Option<&'a str>) -> CodeGrant<'a> {
        CodeGrant {
            code: &self.code,
            redirect_uri: &self.redirect_uri,
            verifier: Some(&self.verifier),
            nonce: issuer.map(|_| &self.nonce),
            issuer,
        }
    }
}

pub fn refused<T: std::fmt::Debug>(result: Result<T, Error>) -> ProviderError {
    match result {
        Err(Error::Provider(error)) => error,
        other => panic!("expected a refusal, not {other:?}"),
    }
}

pub fn text(value: &str) -> SecretText {
    SecretText::from(value)
}
