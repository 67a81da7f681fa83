use super::identity::Defect;
use super::shape::ResponseShape;
use super::token::TokenHash;
use coffer_core::rotation::RotationClass;
use coffer_core::secret::{ExposeSecret, SecretText};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A client as it is registered.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientSetup {
    /// The client's id.
    pub client_id: String,
    /// The client's secret; none for a public client. Only its hash is kept.
    #[serde(default)]
    pub client_secret: Option<SecretText>,
    /// Where a person may be sent back to, compared exactly.
    pub redirect_uris: Vec<String>,
    /// What the consent page calls the client; its id where absent.
    #[serde(default)]
    pub name: Option<String>,
    /// How the provider behaves towards this client.
    #[serde(default)]
    pub behaviour: Behaviour,
}

impl ClientSetup {
    /// A confidential client with the strictest behaviour.
    pub fn new(client_id: &str, client_secret: SecretText, redirect_uri: &str) -> Self {
        Self {
            client_id: client_id.to_owned(),
            client_secret: Some(client_secret),
            redirect_uris: vec![redirect_uri.to_owned()],
            name: None,
            behaviour: Behaviour::default(),
        }
    }

    /// Sets the behaviour.
    #[must_use]
    pub fn behaviour(mut self, behaviour: Behaviour) -> Self {
        self.behaviour = behaviour;
        self
    }
}

/// How the provider behaves towards a client. The default is a strict, well-behaved OpenID provider of class R5.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Behaviour {
    /// What happens to refresh tokens.
    pub rotation: RotationClass,
    /// R2: how long the old refresh token is accepted after it was first used.
    pub grace_secs: u64,
    /// R2: whether using a refresh token after its grace revokes the family (Auth0, Hydra) or only fails (Xero).
    pub late_reuse_revokes: bool,
    /// How long an access token lives.
    pub access_token_secs: u64,
    /// How long a refresh token lives unused.
    pub refresh_idle_secs: Option<u64>,
    /// How long a grant lives, however often it is refreshed.
    pub refresh_absolute_secs: Option<u64>,
    /// Whether a refresh kills the access tokens issued before it (GitHub Apps).
    pub refresh_kills_access: bool,
    /// When a refresh token is issued.
    pub issues_refresh_token: Issues,
    /// The scopes that can be granted; what is asked for beyond them is left out. Empty: whatever is asked for.
    pub scopes: Vec<String>,
    /// How the client may authenticate. `None` stands for a public client.
    pub client_auth: Vec<ClientAuth>,
    /// Whether an authorization request without PKCE is refused.
    pub pkce_required: bool,
    /// How long an authorization code lives.
    pub code_secs: u64,
    /// How revocation works.
    pub revocation: RevocationStyle,
    /// The form of the answers of the token endpoint.
    pub response: ResponseShape,
    /// How long the provider takes.
    pub latency: Latency,
    /// What is wrong with ID tokens, the callback or userinfo.
    pub defect: Option<Defect>,
}

impl Default for Behaviour {
    fn default() -> Self {
        Self {
            rotation: RotationClass::default(),
            grace_secs: 30,
            late_reuse_revokes: false,
            access_token_secs: 3600,
            refresh_idle_secs: None,
            refresh_absolute_secs: None,
            refresh_kills_access: false,
            issues_refresh_token: Issues::Always,
            scopes: Vec::new(),
            client_auth: vec![ClientAuth::Basic, ClientAuth::Post],
            pkce_required: true,
            code_secs: 60,
            revocation: RevocationStyle::Standard,
            response: ResponseShape::default(),
            latency: Latency::default(),
            defect: None,
        }
    }
}

impl Behaviour {
    /// The default with another class.
    pub fn of_class(rotation: RotationClass) -> Self {
        Self {
            rotation,
            ..Self::default()
        }
    }
}

/// When a refresh token is issued.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Issues {
    /// With every code exchange.
    Always,
    /// Never: connections without a refresh token.
    Never,
    /// Only where the scope `offline_access` was granted (OIDC Core, section 11).
    WithOfflineAccess,
}

/// How a client authenticates at the token, revocation and introspection endpoints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientAuth {
    /// `client_secret_basic`.
    Basic,
    /// `client_secret_post`.
    Post,
    /// `none`.
    None,
}

/// How revocation (RFC 7009) works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RevocationStyle {
    /// A refresh token ends its grant; an access token ends alone.
    Standard,
    /// Any token ends its grant (Google).
    WholeGrant,
    /// There is no revocation (Microsoft Entra).
    Unsupported,
}

/// How long the provider takes for a request of a client.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Latency {
    /// From the arrival of the request until it is processed.
    pub before_ms: u64,
    /// From there until the answer leaves.
    pub after_ms: u64,
    /// Up to this much more, at random, before the answer leaves.
    pub jitter_ms: u64,
}

/// A registered client: the setup with the secret's hash instead of the secret.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Client {
    pub(crate) client_id: String,
    pub(crate) secret: Option<TokenHash>,
    pub(crate) redirect_uris: Vec<String>,
    pub(crate) name: Option<String>,
    pub(crate) behaviour: Behaviour,
}

impl Client {
    pub(crate) fn new(setup: ClientSetup) -> Self {
        Self {
            client_id: setup.client_id,
            secret: setup
                .client_secret
                .map(|secret| TokenHash::of(secret.expose_secret())),
            redirect_uris: setup.redirect_uris,
            name: setup.name,
            behaviour: setup.behaviour,
        }
    }

    pub(crate) fn title(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.client_id)
    }

    /// What is granted of the scopes asked for, in their order, each once.
    pub(crate) fn narrow(&self, asked: &str) -> Vec<String> {
        let mut granted: Vec<String> = Vec::new();
        for scope in asked.split([' ', ',']).filter(|scope| !scope.is_empty()) {
            let known =
                self.behaviour.scopes.is_empty() || self.behaviour.scopes.iter().any(|known| known == scope);
            if known && !granted.iter().any(|had| had == scope) {
                granted.push(scope.to_owned());
            }
        }
        granted
    }

    pub(crate) fn issues_refresh_token(&self, scopes: &[String]) -> bool {
        match self.behaviour.issues_refresh_token {
            Issues::Always => true,
            Issues::Never => false,
            Issues::WithOfflineAccess => scopes.iter().any(|scope| scope == "offline_access"),
        }
    }
}

impl Behaviour {
    pub(crate) fn grace(&self) -> Duration {
        Duration::from_secs(self.grace_secs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setup_is_read_from_json_and_unknown_members_are_refused() {
        let setup: ClientSetup = serde_json::from_str(
            r#"{"client_id":"c","client_secret":"s","redirect_uris":["http://127.0.0.1/cb"],
                "behaviour":{"rotation":"grace","grace_secs":5,"scopes":["a","b"]}}"#,
        )
        .unwrap();
        assert_eq!(setup.behaviour.rotation, RotationClass::Grace);
        assert_eq!(Client::new(setup).narrow("b c,a b"), ["b", "a"]);
        assert!(serde_json::from_str::<Behaviour>(r#"{"rotatoin":"grace"}"#).is_err());
    }
}
