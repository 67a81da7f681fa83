//! How routes answer: JSON, pages of lists, and creations that are done once for an `Idempotency-Key`.

use crate::access::{Call, Granted};
use crate::app::App;
use crate::error::ApiError;
use crate::request_id::RequestId;
use actix_web::http::StatusCode;
use actix_web::web::{Bytes, Data};
use actix_web::{HttpResponse, HttpResponseBuilder};
use coffer_core::page::Page;
use coffer_core::secret::{ExposeSecret, secret_bytes};
use coffer_core::{StoreError, waits};
use coffer_wallet::{Idempotent, WalletError};
use serde::Serialize;
use utoipa::ToSchema;

/// What a handler gives.
pub(crate) type Answer = Result<HttpResponse, ApiError>;

/// The header of a creation that may be repeated.
pub(crate) const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Items<T> {
    /// The rows.
    pub(crate) items: Vec<T>,
    /// Where the next page begins: give it as `cursor`. `null` on the last page.
    pub(crate) next_cursor: Option<String>,
}

impl<T> Items<T> {
    /// The page with its rows as they are told.
    pub(crate) fn of<R>(page: Page<R>, to: impl FnMut(R) -> T) -> Self {
        let next_cursor = page.next.map(|cursor| cursor.to_string());
        Self {
            items: page.items.into_iter().map(to).collect(),
            next_cursor,
        }
    }
}

/// 200 with JSON.
pub(crate) fn ok(value: &impl Serialize) -> Answer {
    Ok(json(StatusCode::OK, to_bytes(value)?))
}

/// 204.
pub(crate) fn nothing() -> Answer {
    Ok(HttpResponse::NoContent().finish())
}

fn to_bytes(value: &impl Serialize) -> Result<Vec<u8>, ApiError> {
    serde_json::to_vec(value).map_err(|_| ApiError::Internal("an answer cannot be written as JSON"))
}

fn json(status: StatusCode, body: impl Into<Bytes>) -> HttpResponse {
    HttpResponseBuilder::new(status)
        .content_type("application/json")
        .body(body.into())
}

/// Creates something, and answers 201. With an `Idempotency-Key` it is done once, and the same answer is given again.
/// It goes on although the client goes away, so that a key never hangs between done and not done.
pub(crate) async fn create<B, T, W>(app: Data<App>, call: Call<B>, work: W) -> Answer
where
    B: 'static,
    T: Serialize + 'static,
    W: AsyncFnOnce(&App, &Granted, B) -> Result<T, ApiError> + 'static,
{
    let id = RequestId::current();
    let creation = waits::carry(async move {
        let Call { by, body, raw } = call;
        match idempotency_key(&by)? {
            None => Ok(json(
                StatusCode::CREATED,
                to_bytes(&work(&app, &by, body).await?)?,
            )),
            Some(key) => once(&app, &by, &key, &raw, work(&app, &by, body)).await,
        }
    });
    let task = match id {
        Some(id) => actix_web::rt::spawn(id.scope(creation)),
        None => actix_web::rt::spawn(creation),
    };
    task.await
        .map_err(|_| ApiError::Internal("a creation's task panicked"))?
}

fn idempotency_key(by: &Granted) -> Result<Option<String>, ApiError> {
    let mut given = by.request().headers().get_all(IDEMPOTENCY_KEY);
    match (given.next(), given.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => match value.to_str() {
            Ok(key) => Ok(Some(key.to_owned())),
            Err(_) => Err(ApiError::Header(
                "Idempotency-Key",
                "give printable ASCII characters",
            )),
        },
        (Some(_), Some(_)) => Err(ApiError::Header("Idempotency-Key", "there must be one")),
    }
}

async fn once<T: Serialize>(
    app: &App,
    by: &Granted,
    key: &str,
    raw: &[u8],
    work: impl Future<Output = Result<T, ApiError>>,
) -> Answer {
    let route = format!("{} {}", by.request().method(), by.request().path());
    let ticket = match app
        .wallet
        .take_idempotency_key(&by.asker, &route, key, raw)
        .await?
    {
        Idempotent::Do(ticket) => ticket,
        Idempotent::Done { status, body } => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::CREATED);
            let mut response = json(status, body.expose_secret().to_vec());
            let header = (
                actix_web::http::header::HeaderName::from_static("idempotency-replayed"),
                actix_web::http::header::HeaderValue::from_static("true"),
            );
            response.headers_mut().insert(header.0, header.1);
            return Ok(response);
        }
    };
    match work.await {
        Ok(value) => {
            let body = secret_bytes(to_bytes(&value)?);
            if let Err(error) = app
                .wallet
                .keep_answer(&by.asker, ticket, StatusCode::CREATED.as_u16(), &body)
                .await
            {
                tracing::warn!(
                    code = error.code(),
                    "an answer could not be kept for its idempotency key"
                );
            }
            Ok(json(StatusCode::CREATED, body.expose_secret().to_vec()))
        }
        Err(error) => {
            // After a commit of unknown outcome the key stays taken for a while: a repeat at once might do it twice.
            if !matches!(
                error,
                ApiError::Wallet(WalletError::Store(StoreError::CommitUnknown(_)))
            ) && let Err(error) = app.wallet.give_back(&by.asker, ticket).await
            {
                tracing::warn!(code = error.code(), "an idempotency key could not be given back");
            }
            Err(error)
        }
    }
}
