//! The pages that a person sees: no script, one style sheet inside, and a policy that allows nothing else.

use crate::model::{Account, Reply};
use askama::Template;
use base64::{Engine, prelude::BASE64_STANDARD};
use std::sync::LazyLock;
use url::Url;

const STYLE: &str = include_str!("../templates/style.css");

/// The hash of the style sheet for the policy (CSP Level 3, section 2.3.1).
static STYLE_HASH: LazyLock<String> = LazyLock::new(|| {
    let digest = ring::digest::digest(&ring::digest::SHA256, STYLE.as_bytes());
    format!("sha256-{}", BASE64_STANDARD.encode(digest))
});

#[derive(Template)]
#[template(path = "consent.html")]
struct Consent<'a> {
    style: &'static str,
    client: &'a str,
    destination: String,
    scopes: Vec<(&'a str, &'static str)>,
    accounts: &'a [Account],
    minutes: u64,
}

#[derive(Template)]
#[template(path = "error.html")]
struct Error<'a> {
    style: &'static str,
    message: &'a str,
}

/// The consent page.
pub(crate) fn consent(
    client: &str,
    redirect: &Url,
    scopes: &[String],
    accounts: &[Account],
    access_secs: u64,
) -> Reply {
    let page = Consent {
        style: STYLE,
        client,
        destination: origin(redirect),
        scopes: scopes
            .iter()
            .map(|scope| (scope.as_str(), meaning(scope)))
            .collect(),
        accounts,
        minutes: access_secs.div_ceil(60),
    };
    // A browser applies form-action to the redirect that follows the form, too.
    rendered(200, &page, &format!("'self' {}", origin(redirect)))
}

/// A page that says what is wrong, where nobody may be sent back.
pub(crate) fn error(message: &str) -> Reply {
    rendered(
        400,
        &Error {
            style: STYLE,
            message,
        },
        "'none'",
    )
}

fn rendered(status: u16, page: &impl Template, form_action: &str) -> Reply {
    let Ok(body) = page.render() else {
        return Reply::empty(500);
    };
    let policy = format!(
        "default-src 'none'; style-src '{}'; form-action {form_action}; base-uri 'none'; frame-ancestors 'none'",
        *STYLE_HASH
    );
    Reply::html(status, body)
        .header("content-security-policy", policy)
        .header("referrer-policy", "no-referrer")
        .header("x-content-type-options", "nosniff")
        .header("x-frame-options", "DENY")
}

/// The origin of a web address; the scheme alone of any other (`myapp:`).
fn origin(url: &Url) -> String {
    match url.origin() {
        origin @ url::Origin::Tuple(..) => origin.ascii_serialization(),
        url::Origin::Opaque(_) => format!("{}:", url.scheme()),
    }
}

fn meaning(scope: &str) -> &'static str {
    match scope {
        "openid" => "Know who you are",
        "profile" => "See your name",
        "email" => "See your email address",
        "offline_access" => "Keep access while you are away",
        _ => "Use this permission on your behalf",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use coffer_core::secret::ExposeSecret;

    #[test]
    fn names_from_outside_are_escaped_and_no_script_may_run() {
        let redirect = Url::parse("https://app.example/cb?x=1").unwrap();
        let reply = consent(
            "<script>x</script>",
            &redirect,
            &["a\"b".into()],
            &Account::defaults(),
            3600,
        );
        let body = String::from_utf8(reply.body.expose_secret().to_vec()).unwrap();
        assert!(!body.contains("<script"), "{body}");
        assert!(body.contains("Alice Example"));
        let policy = reply.header_value("content-security-policy").unwrap();
        assert!(policy.contains("default-src 'none'") && !policy.contains("script-src"));
        assert!(
            policy.contains("form-action 'self' https://app.example;"),
            "{policy}"
        );
    }

    #[test]
    fn a_scheme_of_an_app_stands_for_its_origin() {
        assert_eq!(origin(&Url::parse("myapp:/cb").unwrap()), "myapp:");
    }
}
