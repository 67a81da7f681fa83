//! What every page has in common: the look, and headers that let nothing in from elsewhere (THR-53). The seed of the
//! dashboard: a page is a template that extends `templates/layout.html`, answered by [`html`].

use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, HttpResponseBuilder};
use askama::Template;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use std::sync::LazyLock;

/// The style sheet, which stands in each page.
pub(crate) const STYLE: &str = include_str!("../static/coffer.css");

/// The product's mark in a tab, as a `data:` URL: nothing has to be loaded for it.
pub(crate) const ICON: &str = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'%3E\
    %3Crect width='32' height='32' rx='9' fill='%236d28d9'/%3E%3Cg fill='none' stroke='%23fff' stroke-width='2'%3E\
    %3Crect x='8' y='11' width='16' height='13' rx='3'/%3E%3Cpath d='M8 16.5h5m6 0h5'/%3E\
    %3Ccircle cx='16' cy='16.5' r='2.6'/%3E%3C/g%3E%3C/svg%3E";

/// The policy of a page without scripts (CSP Level 3): its own style sheet by its hash, its icon, forms to this server.
static POLICY: LazyLock<String> = LazyLock::new(|| policy(""));

/// The same, with scripts that are files of this server.
static POLICY_WITH_SCRIPTS: LazyLock<String> = LazyLock::new(|| policy("script-src 'self'; "));

/// Whether a page has scripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scripts {
    /// None may run.
    None,
    /// Files of this server may.
    Own,
}

/// Answers with a page.
pub(crate) fn html(status: StatusCode, scripts: Scripts, page: &impl Template) -> HttpResponse {
    let policy = match scripts {
        Scripts::None => POLICY.as_str(),
        Scripts::Own => POLICY_WITH_SCRIPTS.as_str(),
    };
    let Ok(body) = page.render() else {
        tracing::error!("a page cannot be written");
        return HttpResponse::InternalServerError().finish();
    };
    HttpResponseBuilder::new(status)
        .insert_header((header::CONTENT_TYPE, "text/html; charset=utf-8"))
        .insert_header((header::CONTENT_SECURITY_POLICY, policy))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((header::X_FRAME_OPTIONS, "DENY"))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        // Not `no-referrer`: under that, browsers send forms with `Origin: null` (Fetch, "append a request Origin").
        .insert_header((header::REFERRER_POLICY, "same-origin"))
        .insert_header(("cross-origin-opener-policy", "same-origin"))
        .body(body)
}

fn policy(scripts: &str) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, STYLE.as_bytes());
    let style = BASE64_STANDARD.encode(digest);
    format!(
        "default-src 'none'; {scripts}style-src 'sha256-{style}'; img-src data:; form-action 'self'; \
         base-uri 'none'; frame-ancestors 'none'"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Template)]
    #[template(
        source = "{% extends \"layout.html\" %}{% block body %}{{ text }}{% endblock %}",
        ext = "html"
    )]
    struct Page<'a> {
        text: &'a str,
    }

    fn header<'a>(response: &'a HttpResponse, name: &str) -> &'a str {
        response.headers().get(name).unwrap().to_str().unwrap()
    }

    #[test]
    fn thr_53_a_page_lets_nothing_in_and_nobody_frame_it() {
        let response = html(StatusCode::OK, Scripts::None, &Page { text: "" });
        let policy = header(&response, "content-security-policy");
        assert!(
            policy.starts_with("default-src 'none';") && !policy.contains("script-src"),
            "{policy}"
        );
        for part in ["form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'"] {
            assert!(policy.contains(part), "{policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(
            (
                header(&response, "x-frame-options"),
                header(&response, "cache-control")
            ),
            ("DENY", "no-store")
        );
    }

    #[test]
    fn thr_53_the_policy_names_the_style_sheet_that_stands_in_the_page() {
        let page = Page { text: "" }.render().unwrap();
        let style = page
            .split("<style>")
            .nth(1)
            .unwrap()
            .split("</style>")
            .next()
            .unwrap();
        let digest = BASE64_STANDARD.encode(ring::digest::digest(&ring::digest::SHA256, style.as_bytes()));
        assert!(POLICY_WITH_SCRIPTS.contains(&digest) && POLICY.contains(&digest));
    }

    #[test]
    fn thr_53_texts_from_outside_are_escaped() {
        let page = Page {
            text: "<script>\"x\"</script>",
        }
        .render()
        .unwrap();
        assert!(!page.contains("<script>") && !page.contains("\"x\""), "{page}");
    }
}
