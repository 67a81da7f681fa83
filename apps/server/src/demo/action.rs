//! What the page's buttons do. Each is a form with the code of its browser, and ends with 303 (THR-54).

use super::browser::{Browser, Purpose};
use super::card::label;
use super::flash::{Toast, Tone};
use super::guard::see_other;
use super::problem::{PageError, home};
use super::state::{Caller, Demo, USER};
use crate::error::ApiError;
use crate::pages::{self, Scripts};
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use coffer_core::caller::CallerVerb;
use coffer_core::connection::Revocation;
use coffer_core::id::{ConnectionId, IntegrationId};
use coffer_core::secret::ExposeSecret;
use coffer_wallet::{NewConnectSession, WalletError};
use serde::Deserialize;

/// A form with nothing but its code.
#[derive(Deserialize)]
pub(super) struct Form {
    token: String,
}

/// The form that connects.
#[derive(Deserialize)]
pub(super) struct ConnectForm {
    token: String,
    integration: String,
}

/// The page that asks before a connection is ended.
#[derive(Template)]
#[template(path = "demo/disconnect.html")]
struct Disconnect {
    id: String,
    label: String,
    provider: String,
    token: String,
}

type Page = Result<HttpResponse, PageError>;

/// Makes a connect session, as a back end does for its user, and sends the browser to its link.
pub(super) async fn connect(
    demo: web::Data<Demo>,
    request: HttpRequest,
    form: web::Form<ConnectForm>,
) -> Page {
    let Some(browser) = sender(&demo, &request, &form.token) else {
        return Ok(stale(&demo, &request));
    };
    let integration = form
        .integration
        .parse()
        .map_err(|_| WalletError::NotFound("integration"))?;
    Ok(depart(&demo, &browser, integration, None).await)
}

/// The same for a connection that is there: it keeps its id.
pub(super) async fn reconnect(
    demo: web::Data<Demo>,
    request: HttpRequest,
    id: web::Path<String>,
    form: web::Form<Form>,
) -> Page {
    let Some(browser) = sender(&demo, &request, &form.token) else {
        return Ok(stale(&demo, &request));
    };
    let (caller, id) = (demo.caller().await?, connection(&id)?);
    let status = demo.wallet.connection(&caller.principal, id).await?;
    Ok(depart(&demo, &browser, status.integration, Some(id)).await)
}

/// Refreshes now.
pub(super) async fn refresh(
    demo: web::Data<Demo>,
    request: HttpRequest,
    id: web::Path<String>,
    form: web::Form<Form>,
) -> Page {
    let Some(browser) = sender(&demo, &request, &form.token) else {
        return Ok(stale(&demo, &request));
    };
    let (Caller { principal, asker }, id) = (demo.caller().await?, connection(&id)?);
    let toast = match demo.wallet.refresh(&principal, &asker, id).await {
        Ok(grant) => Toast::new(
            Tone::Good,
            "Refreshed",
            format!("The tokens are of generation {} now.", grant.generation),
        ),
        Err(error) => Toast::failed("Not refreshed", &error),
    };
    demo.flashes.put(&browser, toast);
    Ok(home())
}

/// Calls the provider with the connection's token.
pub(super) async fn smoke_test(
    demo: web::Data<Demo>,
    request: HttpRequest,
    id: web::Path<String>,
    form: web::Form<Form>,
) -> Page {
    let Some(browser) = sender(&demo, &request, &form.token) else {
        return Ok(stale(&demo, &request));
    };
    let (Caller { principal, asker }, id) = (demo.caller().await?, connection(&id)?);
    let toast = match demo.wallet.smoke_test(&principal, &asker, id).await {
        Ok(found) => {
            let (tone, title) = if found.ok {
                (Tone::Good, "Smoke test passed")
            } else {
                (Tone::Bad, "Smoke test failed")
            };
            let text = format!("The provider answered {}; more stands on the card.", found.status);
            demo.smoke_tests.put(id, demo.clock().now(), found);
            Toast::new(tone, title, text)
        }
        Err(error) => Toast::failed("No smoke test", &error),
    };
    demo.flashes.put(&browser, toast);
    Ok(see_other(&format!("/#c-{id}")))
}

/// Asks whether it is meant.
pub(super) async fn ask_disconnect(
    demo: web::Data<Demo>,
    request: HttpRequest,
    id: web::Path<String>,
) -> Page {
    let Some(browser) = Browser::of(&request, demo.port()) else {
        return Ok(home());
    };
    let (caller, id) = (demo.caller().await?, connection(&id)?);
    let status = demo.wallet.connection(&caller.principal, id).await?;
    let provider = demo
        .wallet
        .catalog()
        .find(&status.provider)
        .map(|provider| provider.name.clone());
    let page = Disconnect {
        id: id.to_string(),
        label: label(&status),
        provider: provider.unwrap_or(status.provider),
        token: browser.code(Purpose::Form),
    };
    Ok(pages::html(StatusCode::OK, Scripts::None, &page))
}

/// Disconnects, here and at the provider.
pub(super) async fn disconnect(
    demo: web::Data<Demo>,
    request: HttpRequest,
    id: web::Path<String>,
    form: web::Form<Form>,
) -> Page {
    let Some(browser) = sender(&demo, &request, &form.token) else {
        return Ok(stale(&demo, &request));
    };
    let (Caller { principal, asker }, id) = (demo.caller().await?, connection(&id)?);
    let toast = match demo.wallet.disconnect(&principal, &asker, id).await {
        Ok(status) => {
            let (tone, text) = match status.revocation {
                Revocation::Done => (Tone::Good, "The grant is revoked at the provider, too."),
                Revocation::Unsupported => (
                    Tone::Good,
                    "The provider has no way to revoke: its tokens die when they expire.",
                ),
                Revocation::None | Revocation::Requested => {
                    (Tone::Good, "The provider is being asked to revoke the grant.")
                }
                Revocation::Failed => (
                    Tone::Warn,
                    "The provider did not revoke the grant; disconnect again to repeat it.",
                ),
            };
            Toast::new(tone, format!("{} is disconnected", label(&status)), text)
        }
        Err(error) => Toast::failed("Not disconnected", &error),
    };
    demo.flashes.put(&browser, toast);
    Ok(home())
}

/// What is wrong with a form that cannot be read.
pub(super) fn unreadable() -> PageError {
    ApiError::BodyForm("send the form of the page".into()).into()
}

async fn depart(
    demo: &Demo,
    browser: &Browser,
    integration: IntegrationId,
    connection: Option<ConnectionId>,
) -> HttpResponse {
    match session(demo, browser, integration, connection).await {
        Ok(link) => see_other(link.expose_secret()),
        Err(error) => {
            demo.flashes.put(browser, Toast::failed("Not connected", &error));
            home()
        }
    }
}

async fn session(
    demo: &Demo,
    browser: &Browser,
    integration: IntegrationId,
    connection: Option<ConnectionId>,
) -> Result<coffer_core::SecretText, WalletError> {
    let caller = demo.caller().await?;
    caller.scope(CallerVerb::Connect)?;
    let new = NewConnectSession {
        integration,
        user: connection.is_none().then(|| USER.to_owned()),
        connection,
        scopes: Vec::new(),
        return_to: demo.url(&format!("/demo/return?way={}", browser.code(Purpose::Return))),
    };
    Ok(demo.wallet.create_connect_session(&caller.asker, new).await?.link)
}

/// The browser whose form it is.
fn sender(demo: &Demo, request: &HttpRequest, token: &str) -> Option<Browser> {
    Browser::of(request, demo.port()).filter(|browser| browser.made(Purpose::Form, token))
}

/// A form of an earlier visit. Nothing is done; the page that it is sent to has a form that works.
fn stale(demo: &Demo, request: &HttpRequest) -> HttpResponse {
    if let Some(browser) = Browser::of(request, demo.port()) {
        let text = "The page was of an earlier visit. Nothing was done; try it again from here.";
        demo.flashes
            .put(&browser, Toast::new(Tone::Warn, "Please try again", text));
    }
    home()
}

fn connection(id: &str) -> Result<ConnectionId, WalletError> {
    id.parse().map_err(|_| WalletError::NotFound("connection"))
}
