//! Pages that say what is the matter.

use super::guard::see_other;
use super::state::Demo;
use crate::error::ApiError;
use crate::pages::{self, Scripts};
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use askama::Template;
use coffer_wallet::WalletError;

/// A page with one message.
#[derive(Template)]
#[template(path = "demo/message.html")]
struct Message<'a> {
    title: &'a str,
    text: &'a str,
    hint: Option<&'a str>,
    code: &'a str,
    home: Option<&'a str>,
}

/// Something that ends in a page of its own, because the page that was asked for cannot be shown.
#[derive(Debug)]
pub(super) struct PageError(ApiError);

impl<E: Into<ApiError>> From<E> for PageError {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl std::fmt::Display for PageError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl ResponseError for PageError {
    fn status_code(&self) -> StatusCode {
        self.0.status()
    }

    fn error_response(&self) -> HttpResponse {
        self.0.log();
        let problem = self.0.problem();
        let stranger = matches!(self.0, ApiError::Wallet(WalletError::Unauthenticated));
        let hint = if stranger {
            Some("The demo's caller was revoked. Restart the demo: it makes a new one.")
        } else {
            problem.hint
        };
        let text = format!("{}.", problem.detail);
        let page = Message {
            title: "This did not work",
            text: &text,
            hint,
            code: problem.code,
            home: Some("/"),
        };
        pages::html(self.status_code(), Scripts::None, &page)
    }
}

/// Refuses a request that is not from the demo's own pages.
pub(super) fn refusal(demo: &Demo, why: &str) -> HttpResponse {
    let home = demo.url("/");
    let page = Message {
        title: "Not from here",
        text: why,
        hint: Some("Open the demo by its own address. Nothing was done."),
        code: "forbidden",
        home: Some(&home),
    };
    pages::html(StatusCode::FORBIDDEN, Scripts::None, &page)
}

/// Back to the first page.
pub(super) fn home() -> HttpResponse {
    see_other("/")
}
