//! The first page.

use super::browser::{Browser, Purpose};
use super::card::{Card, label};
use super::flash::Toast;
use super::log::{self, AttemptRow, AuditRow};
use super::problem::PageError;
use super::provider::{self, Other, Ready};
use super::state::Demo;
use super::{command, sample};
use crate::pages::{self, Scripts};
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use coffer_core::caller::CallerVerb;
use coffer_core::connection::ConnectionState;
use coffer_core::page::PageRequest;
use coffer_core::ports::ConnectionFilter;

/// How many connections' attempts are looked at.
const WATCHED: usize = 20;

#[derive(Template)]
#[template(path = "demo/home.html")]
struct Home {
    toast: Option<Toast>,
    token: String,
    cards: Vec<Card>,
    more: bool,
    ready: Vec<Ready>,
    others: Vec<Other>,
    curl: Option<String>,
    caller_file: String,
    data_dir: String,
    attempts: Vec<AttemptRow>,
    audit: Vec<AuditRow>,
}

/// Shows everything.
pub(super) async fn home(demo: web::Data<Demo>, request: HttpRequest) -> Result<HttpResponse, PageError> {
    let known = Browser::of(&request, demo.port());
    let new = known.is_none();
    let browser = known.unwrap_or_else(|| Browser::new(demo.random()));
    let page = page(&demo, &browser).await?;
    let mut response = pages::html(StatusCode::OK, Scripts::Own, &page);
    if let Ok(cookie) = HeaderValue::from_str(&browser.cookie(demo.port()))
        && new
    {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

async fn page(demo: &Demo, browser: &Browser) -> Result<Home, PageError> {
    let caller = demo.caller().await?;
    let (wallet, principal) = (&demo.wallet, &caller.principal);
    let all = PageRequest::new(PageRequest::MAX, None);
    let found = wallet
        .connections(principal, &ConnectionFilter::default(), all)
        .await?;
    let more = found.next.is_some();
    let mut connections = found.items;
    connections.sort_by_key(|status| (status.state == ConnectionState::Revoked, status.id.uuid()));
    let watched: Vec<_> = connections
        .iter()
        .take(WATCHED)
        .map(|status| (status.id, label(status)))
        .collect();
    let attempts = log::attempts(demo, principal, &watched).await?;
    let scope = caller.scope(CallerVerb::Audit)?;
    let audit = wallet
        .audit_log(&scope, PageRequest::new(log::ROWS, None))
        .await?
        .items;
    let live = sample::to_show(wallet, principal).await?;
    let now = demo.clock().now();
    Ok(Home {
        toast: demo.flashes.take(browser),
        token: browser.code(Purpose::Form),
        cards: connections
            .into_iter()
            .map(|status| Card::of(demo, status, now))
            .collect(),
        more,
        ready: provider::ready(wallet.catalog(), demo.integration()),
        others: provider::others(wallet.catalog()),
        curl: live.map(|id| command::curl(demo, id)),
        caller_file: demo.folder.caller_key().display().to_string(),
        data_dir: demo.folder.path().display().to_string(),
        attempts,
        audit: audit.iter().map(|entry| AuditRow::of(entry, principal)).collect(),
    })
}
