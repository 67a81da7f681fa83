//! The model step by step: checks at the endpoints, and defects.

use crate::setup::{CALLBACK, VERIFIER, authorization, param, provider};
use coffer_core::rotation::RotationClass;
use coffer_core::secret::ExposeSecret;
use coffer_core::testing::FakeRandom;
use coffer_core::{SecretText, Timestamp};
use coffer_simulator::SharedProvider;
use coffer_simulator::model::{
    Behaviour, ClientAuth, Defect, Issues, Moment, RefusalCode, Request, RevocationStyle, RevokedBy, Verdict,
};
use serde_json::Value;
use std::time::Duration;
use url::Url;

const ISSUER: &str = "https://provider.example";

pub struct Model {
    pub provider: SharedProvider,
    pub now: Timestamp,
    random: FakeRandom,
}

impl Model {
    pub fn new(behaviour: Behaviour) -> Self {
        Self {
            provider: provider(ISSUER, behaviour),
            now: Timestamp::from_unix_secs(1_800_000_000),
            random: FakeRandom::default(),
        }
    }

    pub fn at(&self) -> Moment<'_> {
        Moment {
            now: self.now,
            random: &self.random,
        }
    }

    fn callback(&self, query: &str) -> Url {
        let url = Url::parse(&format!("{ISSUER}/authorize?{query}")).unwrap();
        self.provider.consent(&url, "alice", self.at()).unwrap()
    }

    fn code(&self) -> String {
        param(&self.callback(&authorization("openid a")), "code").unwrap()
    }

    pub fn send(&self, request: Request) -> (u16, Value) {
        let reply = self
            .provider
            .with(|provider| provider.handle(request, self.at()))
            .reply;
        (
            reply.status,
            serde_json::from_slice(reply.body.expose_secret()).unwrap_or(Value::Null),
        )
    }

    fn post(&self, path: &str, form: &[(&str, &str)]) -> (u16, Value) {
        let own = [("client_id", "app"), ("client_secret", "s3cret")];
        self.send(Request::post(path, form.iter().chain(&own).copied()))
    }

    fn exchange(&self, code: &str, verifier: &str) -> (u16, Value) {
        self.post(
            "/token",
            &[
                ("grant_type", "authorization_code"),
                ("code", code),
                ("redirect_uri", CALLBACK),
                ("code_verifier", verifier),
            ],
        )
    }

    pub fn connected(&self) -> Value {
        self.exchange(&self.code(), VERIFIER).1
    }

    pub fn refresh(&self, token: &str) -> (u16, Value) {
        self.post(
            "/token",
            &[("grant_type", "refresh_token"), ("refresh_token", token)],
        )
    }

    pub fn me(&self, access: &str) -> u16 {
        self.send(Request::get("/api/me", "").bearer(access)).0
    }

    fn last(&self) -> Verdict {
        self.provider
            .with(|provider| provider.ledger().entries().last().unwrap().verdict)
    }
}

pub fn text<'a>(tokens: &'a Value, name: &str) -> &'a str {
    tokens[name].as_str().unwrap()
}

#[test]
fn a_code_is_single_use_and_its_second_use_revokes_what_it_gave() {
    let model = Model::new(Behaviour::default());
    let code = model.code();
    let tokens = model.exchange(&code, VERIFIER).1;
    assert_eq!(model.me(text(&tokens, "access_token")), 200);
    assert_eq!(model.exchange(&code, VERIFIER).1["error"], "invalid_grant");
    assert_eq!(model.last(), Verdict::Reused { family_revoked: true });
    assert_eq!(model.me(text(&tokens, "access_token")), 401);
    let grant = model
        .provider
        .with(|provider| provider.grant(1, model.now))
        .unwrap();
    assert_eq!(grant.revoked, Some((model.now, RevokedBy::CodeReuse)));
}

#[test]
fn a_code_is_bound_to_its_verifier_and_its_minute() {
    let mut model = Model::new(Behaviour::default());
    let wrong = VERIFIER.replace('d', "x");
    assert_eq!(model.exchange(&model.code(), &wrong).1["error"], "invalid_grant");
    assert_eq!(model.exchange(&model.code(), "").1["error"], "invalid_grant");
    assert_eq!(
        model.exchange("simac_1_guess", VERIFIER).1["error"],
        "invalid_grant"
    );
    let code = model.code();
    model.now = model.now.plus(Duration::from_secs(60));
    assert_eq!(model.exchange(&code, VERIFIER).1["error"], "invalid_grant");
}

#[test]
fn an_authorization_request_without_pkce_or_with_plain_is_sent_back() {
    let model = Model::new(Behaviour::default());
    let without = format!("response_type=code&client_id=app&redirect_uri={CALLBACK}");
    for query in [
        without.clone(),
        format!("{without}&code_challenge=x&code_challenge_method=plain"),
        authorization("a").replace("response_type=code", "state=again&response_type=code"),
    ] {
        let callback = model.callback(&query);
        assert_eq!(
            param(&callback, "error").as_deref(),
            Some("invalid_request"),
            "{query}"
        );
        assert_eq!(param(&callback, "iss").as_deref(), Some(ISSUER));
    }
    let implicit = model.callback(&authorization("a").replace("=code&", "=token&"));
    assert_eq!(
        param(&implicit, "error").as_deref(),
        Some("unsupported_response_type")
    );
}

#[test]
fn a_client_authenticates_in_exactly_one_allowed_way() {
    let model = Model::new(Behaviour {
        client_auth: vec![ClientAuth::Basic],
        ..Behaviour::default()
    });
    let form = [("grant_type", "refresh_token"), ("refresh_token", "x")];
    let basic = |secret: &str, extra: &[(&'static str, &'static str)]| {
        use base64::{Engine, prelude::BASE64_STANDARD};
        let mut request = Request::post("/token", form.iter().chain(extra).copied());
        let header = BASE64_STANDARD.encode(format!("app:{secret}"));
        request.authorization = Some(SecretText::from(format!("Basic {header}")));
        model.send(request)
    };
    let error = |(status, body): (u16, Value)| (status, body["error"].as_str().unwrap_or("").to_owned());
    assert_eq!(error(basic("s3cret", &[])), (400, "invalid_grant".into()));
    assert_eq!(error(basic("wrong", &[])), (401, "invalid_client".into()));
    assert_eq!(
        error(basic("s3cret", &[("client_secret", "s3cret")])),
        (400, "invalid_request".into())
    );
    assert_eq!(error(model.post("/token", &form)), (401, "invalid_client".into()));
    assert_eq!(model.last(), Verdict::Refused(RefusalCode::InvalidClient));
}

#[test]
fn scopes_are_narrowed_and_a_refresh_never_widens_them() {
    let model = Model::new(Behaviour {
        scopes: vec!["a".into(), "b".into()],
        issues_refresh_token: Issues::Always,
        rotation: RotationClass::Static,
        ..Behaviour::default()
    });
    let tokens = model.connected();
    assert_eq!(tokens["scope"], "a");
    assert!(tokens["id_token"].is_null(), "openid was not granted");
    let token = text(&tokens, "refresh_token");
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", token),
        ("scope", "a b"),
    ];
    assert_eq!(model.post("/token", &form).1["error"], "invalid_scope");
}

#[test]
fn a_client_without_offline_access_gets_no_refresh_token() {
    let model = Model::new(Behaviour {
        issues_refresh_token: Issues::WithOfflineAccess,
        ..Behaviour::default()
    });
    assert!(model.connected()["refresh_token"].is_null());
}

#[test]
fn revocation_follows_the_style_of_the_provider() {
    for (style, access_ends_grant, works) in [
        (RevocationStyle::Standard, false, true),
        (RevocationStyle::WholeGrant, true, true),
        (RevocationStyle::Unsupported, false, false),
    ] {
        let model = Model::new(Behaviour {
            revocation: style,
            ..Behaviour::default()
        });
        let tokens = model.connected();
        let access = text(&tokens, "access_token");
        let status = model.post("/revoke", &[("token", access)]).0;
        assert_eq!(status, if works { 200 } else { 404 });
        assert_eq!(model.me(access), if works { 401 } else { 200 });
        let refreshed = model.refresh(text(&tokens, "refresh_token")).0;
        assert_eq!(refreshed, if access_ends_grant { 400 } else { 200 }, "{style:?}");
    }
    let model = Model::new(Behaviour::default());
    assert_eq!(model.post("/revoke", &[("token", "unknown")]).0, 200);
    assert_eq!(model.last(), Verdict::Served);
}

#[test]
fn introspection_tells_live_from_dead() {
    let model = Model::new(Behaviour::of_class(RotationClass::SingleUse));
    let tokens = model.connected();
    let refresh = text(&tokens, "refresh_token");
    let introspect = |token: &str| model.post("/introspect", &[("token", token)]).1;
    let access = introspect(text(&tokens, "access_token"));
    assert_eq!(
        (&access["active"], &access["sub"]),
        (&true.into(), &"sim-alice".into())
    );
    assert_eq!(introspect(refresh)["active"], true);
    model.refresh(refresh);
    assert_eq!(introspect(refresh), serde_json::json!({ "active": false }));
}

#[test]
fn defects_show_where_a_client_must_notice_them() {
    let with = |defect| {
        Model::new(Behaviour {
            defect: Some(defect),
            ..Behaviour::default()
        })
    };
    let callback = |defect| with(defect).callback(&authorization("openid"));
    assert_eq!(param(&callback(Defect::NoCallbackIssuer), "iss"), None);
    assert_eq!(
        param(&callback(Defect::CallbackIssuer), "iss").as_deref(),
        Some("https://elsewhere.example")
    );
    assert_eq!(
        param(&callback(Defect::CallbackState), "state").as_deref(),
        Some("another-state")
    );
    let jwt = |defect| {
        use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
        let tokens = with(defect).connected();
        let parts = text(&tokens, "id_token")
            .split('.')
            .map(str::to_owned)
            .collect::<Vec<_>>();
        let part = |n: usize| -> Value {
            serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(&parts[n]).unwrap()).unwrap()
        };
        (part(0), part(1), parts[2].clone())
    };
    assert_eq!(jwt(Defect::Audience).1["aud"], "another-client");
    assert_eq!(jwt(Defect::Issuer).1["iss"], "https://elsewhere.example");
    assert_eq!(jwt(Defect::Nonce).1["nonce"], "another-nonce");
    assert!(jwt(Defect::NoNonce).1["nonce"].is_null());
    assert!(jwt(Defect::Expired).1["exp"].as_i64() < Some(1_800_000_000));
    let none = jwt(Defect::AlgNone);
    assert_eq!((&none.0["alg"], none.2.as_str()), (&"none".into(), ""));
    assert_eq!(jwt(Defect::AlgHs256).0["alg"], "HS256");
    assert!(with(Defect::NoIdToken).connected()["id_token"].is_null());
    let other = with(Defect::UserinfoSubject);
    let tokens = other.connected();
    let userinfo = other.send(Request::get("/userinfo", "").bearer(text(&tokens, "access_token")));
    assert_eq!(userinfo.1["sub"], "sim-somebody-else");
}
