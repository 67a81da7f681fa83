use crate::support::*;
use coffer_core::SecretText;
use coffer_core::failure::FailureCode;
use coffer_core::secret::ExposeSecret;
use coffer_core::testing::FakeClock;
use coffer_oauth::{Callback, CallbackError, Error, ExpectedCallback, Integration, Verdict};
use url::Url;

struct Flow {
    state: SecretText,
    issuer: Option<&'static str>,
    iss_required: bool,
    redirect_uri: Url,
    received_at: Url,
}

impl Default for Flow {
    fn default() -> Self {
        Self {
            state: "state-1".into(),
            issuer: Some(ISSUER),
            iss_required: false,
            redirect_uri: REDIRECT.parse().unwrap(),
            received_at: REDIRECT.parse().unwrap(),
        }
    }
}

impl Flow {
    fn redeem_at(&self, integration: &Integration, query: &str) -> Result<String, Error> {
        let expected = ExpectedCallback {
            state: &self.state,
            issuer: self.issuer,
            iss_required: self.iss_required,
            redirect_uri: &self.redirect_uri,
            received_at: &self.received_at,
        };
        let callback = Callback::parse(query)?;
        let code = callback.redeem(integration, &expected, &FakeClock::default())?;
        Ok(code.expose_secret().to_owned())
    }

    fn redeem(&self, query: &str) -> Result<String, Error> {
        self.redeem_at(&oidc(), query)
    }
}

fn refusal(error: CallbackError) -> Result<String, Error> {
    Err(Error::Callback(error))
}

#[test]
fn oa_c04_a_callback_needs_the_state_that_was_sent() {
    let flow = Flow::default();
    assert_eq!(flow.redeem("code=c%2F1&state=state-1"), Ok("c/1".into()));
    for query in [
        "code=c&state=state-2",
        "code=c&state=state-1%20",
        "code=c&state=STATE-1",
    ] {
        assert_eq!(flow.redeem(query), refusal(CallbackError::State), "{query}");
    }
    for query in ["code=c", "code=c&state=", "", "error=access_denied"] {
        assert_eq!(flow.redeem(query), refusal(CallbackError::NoState), "{query}");
    }
    // An error is no way around the check.
    assert_eq!(
        flow.redeem("error=access_denied&state=other"),
        refusal(CallbackError::State)
    );
}

#[test]
fn oa_c06_iss_is_compared_exactly_and_missing_when_advertised_is_refused() {
    let required = Flow {
        iss_required: true,
        ..Flow::default()
    };
    let optional = Flow::default();
    for flow in [&required, &optional] {
        assert_eq!(
            flow.redeem("code=c&state=state-1&iss=https%3A%2F%2Fid.example"),
            Ok("c".into())
        );
        for iss in [
            "https://id.example/",
            "https://ID.example",
            "https://id.example:443",
            "https://evil.example",
            "",
            "id.example",
        ] {
            let query = format!("code=c&state=state-1&iss={iss}");
            assert_eq!(flow.redeem(&query), refusal(CallbackError::Issuer), "{iss}");
            let query = format!("error=access_denied&state=state-1&iss={iss}");
            assert_eq!(flow.redeem(&query), refusal(CallbackError::Issuer), "{iss}");
        }
    }
    assert_eq!(
        required.redeem("code=c&state=state-1"),
        refusal(CallbackError::NoIssuer)
    );
    assert_eq!(
        required.redeem("error=x&state=state-1"),
        refusal(CallbackError::NoIssuer)
    );
    assert_eq!(optional.redeem("code=c&state=state-1"), Ok("c".into()));
}

#[test]
fn oa_c07_the_callback_has_to_come_back_to_the_redirect_uri_of_its_provider() {
    for other in [
        "https://coffer.example/callback/other",
        "https://coffer.example/callback/",
        "http://coffer.example/callback",
        "https://evil.example/callback",
        "https://coffer.example:8443/callback",
    ] {
        let flow = Flow {
            received_at: other.parse().unwrap(),
            issuer: None,
            ..Flow::default()
        };
        let outcome = flow.redeem_at(&oauth2(), "code=c&state=state-1");
        assert_eq!(outcome, refusal(CallbackError::RedirectUri), "{other}");
    }
}

#[test]
fn a_parameter_that_occurs_twice_is_refused() {
    for query in [
        "code=a&code=b&state=state-1",
        "state=state-1&state=state-1&code=c",
        "x=1&x=1&code=c&state=state-1",
    ] {
        assert_eq!(
            Flow::default().redeem(query),
            refusal(CallbackError::Duplicate),
            "{query}"
        );
    }
    let long = format!("code={}&state=state-1", "c".repeat(20_000));
    assert_eq!(Flow::default().redeem(&long), refusal(CallbackError::TooLong));
    assert_eq!(
        Flow::default().redeem("state=state-1"),
        refusal(CallbackError::NoCode)
    );
    assert_eq!(
        Flow::default().redeem("code=&state=state-1"),
        refusal(CallbackError::NoCode)
    );
}

#[test]
fn oa_c14_an_error_text_in_the_callback_is_cleaned() {
    let description = "%3Cscript%3Ealert(1)%3C%2Fscript%3E%0D%0ASet-Cookie%3A+a%1B%5B31m%E2%80%AE+state-1";
    let query = format!("error=access_denied%22%3E&error_description={description}&state=state-1");
    let error = refused(Flow::default().redeem(&query));
    assert_eq!(error.provider_code.as_deref(), Some("access_denied"));
    let message = error.provider_message.unwrap();
    assert!(
        !message.contains(['\r', '\n', '\u{1b}', '\u{202e}']) && !message.contains("state-1"),
        "{message}"
    );
    let huge = format!(
        "error={}&state=state-1&error_description={}",
        "e".repeat(5_000),
        "d".repeat(9_000)
    );
    let error = refused(Flow::default().redeem(&huge));
    assert!(error.provider_code.unwrap().len() <= 64 && error.provider_message.unwrap().len() <= 300);
}

#[test]
fn a_refusal_at_the_consent_page_is_told_by_its_code() {
    let cases = [
        ("access_denied", FailureCode::ConsentRequired, Verdict::Dead),
        ("login_required", FailureCode::ConsentRequired, Verdict::Dead),
        ("invalid_scope", FailureCode::InvalidConfig, Verdict::Refused),
        ("unauthorized_client", FailureCode::InvalidConfig, Verdict::Config),
        (
            "unsupported_response_type",
            FailureCode::InvalidConfig,
            Verdict::Refused,
        ),
        (
            "server_error",
            FailureCode::ProviderUnavailable,
            Verdict::Ambiguous,
        ),
        (
            "temporarily_unavailable",
            FailureCode::ProviderUnavailable,
            Verdict::Transient,
        ),
    ];
    for (code, failure, verdict) in cases {
        let error = refused(Flow::default().redeem(&format!("error={code}&state=state-1")));
        assert_eq!((error.code, error.verdict), (failure, verdict), "{code}");
    }
}

#[test]
fn captures_and_renamed_codes_are_read_and_debug_shows_no_values() {
    use coffer_catalog::provider::capture::{Capture, CaptureKind, CaptureSource};
    let integration = oauth2_with(
        |provider| {
            provider.client.code_parameter = "spapi_oauth_code".into();
            provider.captures = vec![Capture {
                name: "realm".into(),
                from: CaptureSource::Callback,
                parameter: Some("realmId".into()),
                pointer: None,
                kind: CaptureKind::Text,
                pattern: None,
                hosts: Vec::new(),
                required: true,
                on_refresh: false,
            }];
        },
        &[],
    );
    let query = "spapi_oauth_code=canary&state=state-1&realmId=42&other=x";
    let flow = Flow {
        issuer: None,
        ..Flow::default()
    };
    assert_eq!(flow.redeem_at(&integration, query), Ok("canary".into()));
    let callback = Callback::parse(query).unwrap();
    assert_eq!(
        callback.captured(&integration),
        [("realm".to_owned(), "42".to_owned())].into()
    );
    assert!(
        integration
            .check_captured(&callback.captured(&integration))
            .is_ok()
    );
    assert!(integration.check_captured(&Default::default()).is_err());
    let unknown = [("realm".to_owned(), "a\nb".to_owned())].into();
    assert!(integration.check_captured(&unknown).is_err());
    let shown = format!("{callback:?}");
    assert!(!shown.contains("canary") && !shown.contains("state-1"), "{shown}");
}
