//! What a person's browser opens: the link of a connect session, and the callback. It is only ever sent on by 303, so
//! that nothing it posted is posted again elsewhere (THR-54).

mod cookie;
mod page;

use crate::app::App;
use crate::body;
use crate::error::ApiError;
use crate::request_id::RequestId;
use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest, HttpResponse};
use coffer_core::id::IntegrationId;
use coffer_core::secret::ExposeSecret;
use coffer_wallet::WalletError;
use futures_util::future::LocalBoxFuture;

/// Opens a connect session, once, and sends the browser to the provider.
#[utoipa::path(get, path = "/connect/{token}", tag = "browser", security(),
    params(("token" = String, Path, description = "The session's token")),
    responses((status = 303, description = "To the provider, or back with coffer_error"),
        (status = "4XX", description = "A page that says why not", body = String, content_type = "text/html")))]
pub(crate) async fn connect(app: Data<App>, request: HttpRequest) -> HttpResponse {
    let token = request.match_info().get("token").unwrap_or_default();
    let browser = cookie::read(&request, app.encrypted);
    let opened = app
        .wallet
        .open_connect_session(token, browser.as_deref(), &request_id())
        .await;
    match opened {
        Ok(departure) => {
            let life = app.wallet.settings().flow;
            let cookie = cookie::set(departure.browser.expose_secret(), life, app.encrypted);
            see_other(departure.authorize_url.as_str(), &cookie)
        }
        Err(error) => refuse(&app, error),
    }
}

/// Takes the provider's answer, and sends the browser back to where it came from, with `coffer_result` or
/// `coffer_error`.
#[utoipa::path(get, path = "/oauth/callback/{integration}", tag = "browser", security(),
    params(("integration" = Uuid, Path, description = "The integration's id"),
        ("state" = Option<String>, Query, description = "As it was sent"),
        ("code" = Option<String>, Query, description = "The authorization code"),
        ("error" = Option<String>, Query, description = "The provider's refusal")),
    responses((status = 303, description = "Back, with coffer_result or coffer_error"),
        (status = "4XX", description = "A page that says why not", body = String, content_type = "text/html")))]
pub(crate) async fn callback(app: Data<App>, request: HttpRequest) -> HttpResponse {
    let query = request.query_string();
    if query.len() > body::FORM_CAP {
        return page::problem(&ApiError::BodyTooLarge(body::FORM_CAP));
    }
    let Some(integration) = integration(&request) else {
        return page::problem(&ApiError::NoRoute);
    };
    let browser = cookie::read(&request, app.encrypted);
    match app
        .wallet
        .callback(integration, query, browser.as_deref(), &request_id())
        .await
    {
        // The cookie stays for its short life: another tab may be on its way with it.
        Ok(arrival) => see_other(arrival.return_to.expose_secret(), ""),
        Err(error) => refuse(&app, error),
    }
}

/// Takes the answer of a provider that posts it (`form_post`), and sends the browser on to the same address with the
/// answer in the query. A browser brings no cookie with a post from another site (SameSite=Lax), but brings it with
/// this next step.
#[utoipa::path(post, path = "/oauth/callback/{integration}", tag = "browser", security(),
    params(("integration" = Uuid, Path, description = "The integration's id")),
    request_body(content = String, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "On, to the same address"),
        (status = "4XX", description = "A page that says why not", body = String, content_type = "text/html")))]
pub(crate) async fn form_callback(request: HttpRequest, form: Form) -> HttpResponse {
    let Some(integration) = integration(&request) else {
        return page::problem(&ApiError::NoRoute);
    };
    match form.0 {
        Ok(form) => see_other(&format!("/oauth/callback/{integration}?{form}"), ""),
        Err(error) => page::problem(&error),
    }
}

/// The form of a callback, written again by us: names and values only, nothing that could leave the query.
pub(crate) struct Form(Result<String, ApiError>);

impl FromRequest for Form {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, mut payload) = (request.clone(), payload.take());
        Box::pin(async move { Ok(Self(read_form(&request, &mut payload).await)) })
    }
}

async fn read_form(request: &HttpRequest, payload: &mut Payload) -> Result<String, ApiError> {
    let form = body::read(request, payload, body::FORM_CAP).await?;
    let media_type = request
        .headers()
        .get(header::CONTENT_TYPE)
        .map(|value| value.as_bytes().to_ascii_lowercase());
    if !media_type.is_some_and(|value| value.starts_with(b"application/x-www-form-urlencoded")) {
        return Err(ApiError::Header(
            "Content-Type",
            "send application/x-www-form-urlencoded",
        ));
    }
    let pairs = url::form_urlencoded::parse(&form);
    Ok(url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish())
}

fn integration(request: &HttpRequest) -> Option<IntegrationId> {
    request.match_info().get("integration")?.parse().ok()
}

fn request_id() -> String {
    RequestId::current().map_or_else(String::new, |id| id.as_str().to_owned())
}

fn see_other(to: &str, cookie: &str) -> HttpResponse {
    let mut response = HttpResponse::SeeOther();
    response.insert_header((header::LOCATION, to));
    if !cookie.is_empty() {
        response.insert_header((header::SET_COOKIE, cookie));
    }
    response.finish()
}

/// Back to where the browser came from where that is known and safe, or else a page.
fn refuse(app: &App, error: WalletError) -> HttpResponse {
    let code = error.code();
    tracing::info!(code, "a browser's flow was refused");
    app.metrics.flow_refused(code);
    if let WalletError::Flow {
        return_to: Some(to), ..
    } = &error
    {
        let mut to = to.clone();
        to.query_pairs_mut().append_pair("coffer_error", code);
        return see_other(to.as_str(), "");
    }
    page::problem(&error.into())
}
