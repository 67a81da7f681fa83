//! An honest authorization server and an evil one, both connected to the same wallet (RFC 9700, section 4.4).

use super::{ISSUER, PUBLIC, SECRET, World, param};
use async_trait::async_trait;
use coffer_catalog::InputValue;
use coffer_core::http::{HttpClient, HttpError, HttpRequest, HttpResponse};
use coffer_core::id::{ConnectionId, IntegrationId};
use coffer_core::page::PageRequest;
use coffer_core::rotation::RotationClass;
use coffer_core::secret::{ExposeSecret, SecretBytes, secret_bytes};
use coffer_simulator::model::{Behaviour, ClientSetup, Defect, SigningKey};
use coffer_simulator::{InProcess, Provider, SharedProvider};
use coffer_wallet::{Arrival, Departure, WalletError};
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use url::{Url, form_urlencoded};

pub const EVIL: &str = "https://evil.example";
/// A client that the evil one has registered at the honest server, in its own name.
pub const EVILS_OWN: &str = "evils-own";
const EVIL_SECRET: &str = "canary-evil-secret-0123456789";
/// Where the evil one itself would take codes.
const EVIL_CALLBACK: &str = "https://evil.example/callback";

/// What is secret in what goes to a provider and comes back.
const SECRETS: [&str; 7] = [
    "code",
    "code_verifier",
    "client_secret",
    "token",
    "access_token",
    "refresh_token",
    "id_token",
];

/// The network: two hosts, of which one writes down what it hears and says what it wants.
#[derive(Debug, Clone)]
pub struct Network {
    honest: InProcess,
    pub evil: InProcess,
    said: Arc<Mutex<Said>>,
}

/// What went over the network, and what the evil one changes of it.
#[derive(Debug, Default)]
struct Said {
    /// Members of the evil metadata that differ from those of an honest server; null takes one away.
    metadata: Map<String, Value>,
    /// The same of its token responses.
    tokens: Map<String, Value>,
    /// What is between the wallet and the honest server alone.
    honest_secrets: BTreeSet<String>,
    /// What the evil server was asked, unless it was for a document that anybody may read.
    heard: Vec<String>,
    /// Every value in all that the evil server was asked.
    heard_values: BTreeSet<String>,
}

#[async_trait]
impl HttpClient for Network {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let (path, values) = (request.url.path().to_owned(), values_of(&request));
        if request.url.origin() == Url::parse(EVIL).unwrap().origin() {
            self.note(|said| {
                if !values.is_empty() {
                    said.heard.push(path.clone());
                }
                said.heard_values
                    .extend(values.into_iter().map(|(_, value)| value));
            });
            let reply = self.evil.send(request).await?;
            return Ok(self.lie(&path, reply));
        }
        let reply = self.honest.send(request).await?;
        let told = members(&reply.body).into_iter();
        let told = told.filter_map(|(name, value)| Some((name, value.as_str()?.to_owned())));
        self.note(|said| {
            let secrets = values.into_iter().chain(told);
            let secrets = secrets.filter(|(name, _)| SECRETS.contains(&&**name) || name == "authorization");
            said.honest_secrets.extend(secrets.map(|(_, value)| value));
        });
        Ok(reply)
    }
}

impl Network {
    fn note<T>(&self, act: impl FnOnce(&mut Said) -> T) -> T {
        act(&mut self.said.lock().unwrap())
    }

    /// The evil answer, as it was told to be.
    fn lie(&self, path: &str, reply: HttpResponse) -> HttpResponse {
        let lies = match path {
            "/.well-known/openid-configuration" => self.note(|said| said.metadata.clone()),
            "/token" => self.note(|said| said.tokens.clone()),
            _ => return reply,
        };
        let mut told = members(&reply.body);
        told.extend(lies);
        told.retain(|_, value| !value.is_null());
        HttpResponse {
            body: secret_bytes(serde_json::to_vec(&told).unwrap()),
            ..reply
        }
    }
}

/// Everything in a request but its address and what says of which form it is.
fn values_of(request: &HttpRequest) -> Vec<(String, String)> {
    let mut values: Vec<_> = request.url.query_pairs().into_owned().collect();
    if let Some(body) = &request.body {
        values.extend(form_urlencoded::parse(body.expose_secret()).into_owned());
    }
    let headers = request.headers.iter();
    let headers = headers.filter(|(name, _)| !["accept", "content-type"].contains(&&**name));
    values.extend(headers.map(|(name, value)| (name.to_lowercase(), value.expose_secret().to_owned())));
    values
}

fn members(body: &SecretBytes) -> Map<String, Value> {
    serde_json::from_slice(body.expose_secret()).unwrap_or_default()
}

/// A world with a second, evil provider. Alice has a connection at the honest one.
pub struct Pair {
    pub world: World,
    pub net: Network,
    pub alice: ConnectionId,
}

impl Pair {
    pub async fn new() -> Self {
        let mut world = World::of_class(RotationClass::SingleUseFamily).await;
        let evil: SharedProvider = Provider::new(EVIL, SigningKey::generate().unwrap())
            .unwrap()
            .into();
        let net = Network {
            honest: world.http.clone(),
            evil: InProcess::new(evil, world.clock.clone(), world.random.clone()),
            said: Arc::default(),
        };
        net.note(|said| said.honest_secrets.insert(SECRET.into()));
        world.wallet = world.through(Arc::new(net.clone()));
        let alice = world.connect().await;
        Self { world, net, alice }
    }

    /// What the evil one says of itself from now on.
    pub fn evil_says(&self, name: &str, value: impl Into<Value>) {
        self.net
            .note(|said| said.metadata.insert(name.into(), value.into()));
    }

    /// What stands in its token responses from now on.
    pub fn evil_gives(&self, name: &str, value: impl Into<Value>) {
        self.net
            .note(|said| said.tokens.insert(name.into(), value.into()));
    }

    /// Somebody was talked into an integration of the evil one, with the client id that it named.
    pub async fn integrate(&self, client_id: &str) -> IntegrationId {
        let (world, by) = (&self.world, self.world.asker());
        let name = format!("Evil, as {client_id}");
        let values = [
            ("client_id", client_id),
            ("client_secret", EVIL_SECRET),
            ("client_authentication", "post"),
            ("issuer", EVIL),
        ];
        let values = values.map(|(field, value)| (field.to_owned(), InputValue::text(value)));
        let wallet = &world.wallet;
        let made = wallet.create_integration(&world.scope, &by, "generic-oidc", &name, values.into());
        let id = made.await.unwrap().id;
        let client = ClientSetup::new(client_id, EVIL_SECRET.into(), self.callback_of(id).as_str());
        self.net
            .evil
            .provider()
            .with(|provider| provider.set_client(client));
        wallet.enable_integration(&world.scope, &by, id).await.unwrap();
        id
    }

    pub fn callback_of(&self, id: IntegrationId) -> Url {
        self.world.wallet.redirect_uri(id)
    }

    /// The honest server sends people back to this integration, too, as with a pattern for addresses.
    pub fn honest_admits(&self, id: IntegrationId) {
        let mut client = ClientSetup::new(
            "app",
            SECRET.into(),
            self.callback_of(self.world.integration).as_str(),
        );
        client.redirect_uris.push(self.callback_of(id).into());
        self.world.provider.with(|provider| provider.set_client(client));
    }

    /// The evil one registers a client of its own at the honest server, which is to be as careless with it as it gets:
    /// no PKCE, and no `iss` in the callback.
    pub fn register_evils_own(&self, id: IntegrationId) {
        let mut client = ClientSetup::new(EVILS_OWN, EVIL_SECRET.into(), self.callback_of(id).as_str());
        client.redirect_uris.push(EVIL_CALLBACK.into());
        let client = client.behaviour(Behaviour {
            pkce_required: false,
            defect: Some(Defect::NoCallbackIssuer),
            ..Behaviour::default()
        });
        self.world.provider.with(|provider| provider.set_client(client));
    }

    /// Sends the person off to a provider; all in one browser, where `with` departed before.
    pub async fn depart(
        &self,
        id: IntegrationId,
        with: Option<&Departure>,
    ) -> Result<Departure, WalletError> {
        let made = self.world.session(|new| new.integration = id).await;
        let browser = with.map(|with| with.browser.expose_secret());
        let token = super::token_of(&made);
        self.world
            .wallet
            .open_connect_session(&token, browser, "r-2")
            .await
    }

    /// Alice consents at the honest server. What it gives is secret.
    pub fn honest_consent(&self, url: &Url) -> Option<Url> {
        let callback = self.world.http.consent(url, "alice").ok()?;
        let code = param(&callback, "code").unwrap();
        self.net.note(|said| said.honest_secrets.insert(code));
        Some(callback)
    }

    /// The browser comes to one of the wallet's addresses.
    pub async fn arrive(&self, callback: &Url, departed: &Departure) -> Result<Arrival, WalletError> {
        let place = callback.as_str().strip_prefix(PUBLIC).unwrap();
        let id = place.strip_prefix("/oauth/callback/").unwrap();
        let id = id.split('?').next().unwrap().parse().unwrap();
        let (query, browser) = (callback.query().unwrap(), departed.browser.expose_secret());
        self.world.wallet.callback(id, query, Some(browser), "r-3").await
    }

    /// The server starts anew: what it knew of providers it asks again.
    pub fn restart(&mut self) {
        self.world.wallet = self.world.through(Arc::new(self.net.clone()));
    }

    /// An ID token that the honest server issued to the evil one's own client, and its access token: Alice consented
    /// there some other day.
    pub async fn stolen(&self, nonce: &str) -> (Value, Value) {
        let mut url = Url::parse(&format!("{ISSUER}/authorize")).unwrap();
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", EVILS_OWN)
            .append_pair("redirect_uri", EVIL_CALLBACK)
            .append_pair("scope", "openid email profile")
            .append_pair("nonce", nonce);
        let callback = self.world.http.consent(&url, "alice").unwrap();
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("grant_type", "authorization_code")
            .append_pair("code", &param(&callback, "code").unwrap())
            .append_pair("redirect_uri", EVIL_CALLBACK)
            .append_pair("client_id", EVILS_OWN)
            .append_pair("client_secret", EVIL_SECRET)
            .finish();
        let url = Url::parse(&format!("{ISSUER}/token")).unwrap();
        let request = HttpRequest::new(coffer_core::http::Method::Post, url).body(
            "application/x-www-form-urlencoded",
            secret_bytes(form.into_bytes()),
        );
        let reply = self.world.http.send(request).await.unwrap();
        let told = members(&reply.body);
        (told["id_token"].clone(), told["access_token"].clone())
    }

    /// What the evil server was asked beyond its public documents.
    pub fn evil_heard(&self) -> Vec<String> {
        self.net.note(|said| said.heard.clone())
    }

    pub fn evil_knows(&self, value: &str) -> bool {
        self.net.note(|said| said.heard_values.contains(value))
    }

    /// What the evil server was told that is between the wallet and the honest one.
    pub fn leaked(&self) -> Vec<String> {
        self.net.note(|said| {
            let leaked = said.honest_secrets.intersection(&said.heard_values);
            leaked.cloned().collect()
        })
    }

    /// Every connection that there is: its id, integration, state and generation.
    pub async fn connections(&self) -> Vec<String> {
        let (world, page) = (&self.world, PageRequest::new(PageRequest::MAX, None));
        let all = world
            .wallet
            .connections(&world.caller, &Default::default(), page)
            .await
            .unwrap();
        all.items
            .iter()
            .map(|one| {
                format!(
                    "{} {} {:?} {}",
                    one.id, one.integration, one.state, one.generation
                )
            })
            .collect()
    }
}
