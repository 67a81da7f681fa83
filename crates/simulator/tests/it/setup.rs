//! A running service with one client, and the steps of a flow over HTTP.

use crate::raw::{self, Answer};
use coffer_core::SecretText;
use coffer_simulator::model::{Behaviour, ClientSetup, SigningKey};
use coffer_simulator::service::Running;
use coffer_simulator::{Provider, Service, SharedProvider};
use std::net::{SocketAddr, TcpListener};
use url::Url;

pub const CALLBACK: &str = "http://127.0.0.1:9/callback";
/// RFC 7636, appendix B.
pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

pub struct Sim {
    pub at: SocketAddr,
    pub provider: SharedProvider,
    running: Running,
}

impl Sim {
    pub fn start(behaviour: Behaviour) -> Self {
        Self::start_with(behaviour, |service| service)
    }

    pub fn start_with(behaviour: Behaviour, change: impl FnOnce(Service) -> Service) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let at = listener.local_addr().unwrap();
        let provider = provider(&format!("http://{at}/sim"), behaviour);
        let running = change(Service::new(provider.clone())).run(listener).unwrap();
        assert_eq!(running.address(), at);
        Self {
            at,
            provider,
            running,
        }
    }

    pub async fn stop(self) {
        self.running.stop().await.unwrap();
    }

    pub async fn code(&self) -> String {
        let target = format!("/sim/authorize?{}", authorization("openid email"));
        let answer = raw::post(self.at, &target, &[("account", "bob"), ("decision", "allow")]).await;
        assert_eq!(answer.status, 303, "{answer:?}");
        let callback = Url::parse(answer.header("location").unwrap()).unwrap();
        param(&callback, "code").unwrap()
    }

    pub async fn token(&self, form: &[(&str, &str)]) -> Answer {
        let own = [("client_id", "app"), ("client_secret", "s3cret")];
        let form = form.iter().chain(&own).copied().collect::<Vec<_>>();
        raw::post(self.at, "/sim/token", &form).await
    }

    pub async fn exchange(&self, code: &str) -> Answer {
        self.token(&[
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", CALLBACK),
            ("code_verifier", VERIFIER),
        ])
        .await
    }

    pub async fn refresh(&self, token: &str) -> Answer {
        self.token(&[("grant_type", "refresh_token"), ("refresh_token", token)])
            .await
    }

    pub async fn connected(&self) -> String {
        let tokens = self.exchange(&self.code().await).await.json();
        tokens["refresh_token"].as_str().unwrap().to_owned()
    }

    pub async fn me(&self, access: &str) -> Answer {
        let bearer = format!("bearer {access}");
        raw::send(self.at, "GET", "/sim/api/me", &[("authorization", &bearer)], "").await
    }
}

pub fn provider(issuer: &str, behaviour: Behaviour) -> SharedProvider {
    let mut provider = Provider::new(issuer, SigningKey::generate().unwrap()).unwrap();
    let setup = ClientSetup::new("app", SecretText::from("s3cret"), CALLBACK).behaviour(behaviour);
    provider.set_client(setup);
    provider.into()
}

pub fn authorization(scope: &str) -> String {
    url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs([
            ("response_type", "code"),
            ("client_id", "app"),
            ("redirect_uri", CALLBACK),
            ("scope", scope),
            ("state", "st&te"),
            ("nonce", "n-1"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ])
        .finish()
}

pub fn param(url: &Url, name: &str) -> Option<String> {
    url.query_pairs()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}
