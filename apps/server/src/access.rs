//! Who may use a route, and who asks. The rule stands in the route table; the extractor here enforces it, before
//! anything else of the request is looked at.

use crate::app::App;
use crate::body;
use crate::error::ApiError;
use crate::nul;
use crate::request_id::RequestId;
use crate::routes::{self, Route};
use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::web::{Bytes, Data};
use actix_web::{FromRequest, HttpRequest};
use coffer_core::actor::Asker;
use coffer_core::caller::{Caller, CallerVerb};
use coffer_core::id::IntegrationId;
use coffer_core::page::PageRequest;
use coffer_core::{OperatorScope, TenantScope};
use coffer_wallet::{Principal, WalletError};
use futures_util::future::LocalBoxFuture;
use serde::de::DeserializeOwned;
use std::str::FromStr;
use std::sync::Arc;

/// Who may use a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anybody.
    Public,
    /// A caller with at least one of these rights, in its own tenant.
    Caller(&'static [CallerVerb]),
    /// An operator.
    Operator,
    /// A caller with one of these rights in its own tenant, or an operator in the installation.
    Either(&'static [CallerVerb]),
    /// Whoever has a key.
    AnyKey,
}

/// Somebody who may use this route.
#[derive(Debug)]
pub(crate) struct Granted {
    /// Who it is.
    pub(crate) principal: Principal,
    /// Who it is, for the audit log.
    pub(crate) asker: Asker,
    /// Where: the caller's tenant, or the installation.
    pub(crate) scope: TenantScope,
    request: HttpRequest,
}

/// Somebody who may use this route, and what was sent.
#[derive(Debug)]
pub(crate) struct Call<B> {
    pub(crate) by: Granted,
    pub(crate) body: B,
    /// The body as it came.
    pub(crate) raw: Bytes,
}

impl Granted {
    /// The operator's right.
    pub(crate) fn operator(&self) -> Result<OperatorScope, ApiError> {
        Ok(self.principal.operator_scope()?)
    }

    /// An id in the path. What is no id names nothing, as a foreign one does.
    pub(crate) fn id<T: FromStr>(&self, what: &'static str) -> Result<T, ApiError> {
        let text = self.request.match_info().get(what).unwrap_or_default();
        text.parse().map_err(|_| WalletError::NotFound(what).into())
    }

    /// A text in the path.
    pub(crate) fn path_text(&self, what: &'static str) -> &str {
        self.request.match_info().get(what).unwrap_or_default()
    }

    /// The parameters of the query.
    pub(crate) fn query<T: DeserializeOwned>(&self) -> Result<T, ApiError> {
        let query = actix_web::web::Query::<T>::from_query(self.request.query_string());
        query.map(actix_web::web::Query::into_inner).map_err(|error| {
            let text = error.to_string();
            // The library's own words before the reason help nobody.
            let text = text
                .rsplit_once("deserialize error: ")
                .map_or(&*text, |(_, reason)| reason);
            ApiError::Query(text.chars().filter(|c| !c.is_control()).take(300).collect())
        })
    }

    /// The request itself.
    pub(crate) fn request(&self) -> &HttpRequest {
        &self.request
    }

    /// Whether an integration is within reach: a caller may be limited to some.
    pub(crate) fn reaches_integration(&self, id: IntegrationId) -> bool {
        match &self.principal {
            Principal::Caller(caller) => caller.reaches_integration(id),
            Principal::Operator(_) => true,
        }
    }

    /// Refuses a caller that is limited to some integrations or connections, where the answer or the change is about
    /// all of the tenant.
    pub(crate) fn unlimited(&self, beyond: &'static str) -> Result<(), ApiError> {
        let limited = |caller: &Caller| caller.integrations.is_some() || caller.connections.is_some();
        if self.caller().is_some_and(limited) {
            return Err(WalletError::Forbidden(beyond).into());
        }
        Ok(())
    }

    /// The caller, where it is one.
    pub(crate) fn caller(&self) -> Option<&Caller> {
        match &self.principal {
            Principal::Caller(caller) => Some(caller),
            Principal::Operator(_) => None,
        }
    }
}

impl FromRequest for Granted {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        Box::pin(grant(request.clone()))
    }
}

impl<B: DeserializeOwned + 'static> FromRequest for Call<B> {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, mut payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let by = grant(request).await?;
            let raw = body::read(&by.request, &mut payload, body::JSON_CAP).await?;
            let body = body::json(&by.request, &raw)?;
            Ok(Self { by, body, raw })
        })
    }
}

async fn grant(request: HttpRequest) -> Result<Granted, ApiError> {
    let route =
        routes::of(&request).ok_or(ApiError::Internal("a handler without a row in the route table"))?;
    let app = request
        .app_data::<Data<App>>()
        .ok_or(ApiError::Internal("the application's state is missing"))?;
    let principal = app.wallet.authenticate(bearer(&request)?).await?;
    let scope = scope(route, &principal)?;
    nul::check_address(&request)?;
    let id = RequestId::current().map_or_else(String::new, |id| id.as_str().to_owned());
    Ok(Granted {
        asker: principal.asker(id),
        principal,
        scope,
        request,
    })
}

fn bearer(request: &HttpRequest) -> Result<&str, ApiError> {
    let mut given = request.headers().get_all(header::AUTHORIZATION);
    let (Some(value), None) = (given.next(), given.next()) else {
        return Err(WalletError::Unauthenticated.into());
    };
    let (scheme, key) = value
        .to_str()
        .ok()
        .and_then(|text| text.split_once(' '))
        .ok_or(WalletError::Unauthenticated)?;
    if scheme.eq_ignore_ascii_case("bearer") {
        Ok(key.trim())
    } else {
        Err(WalletError::Unauthenticated.into())
    }
}

fn scope(route: &Route, principal: &Principal) -> Result<TenantScope, ApiError> {
    let caller = |caller: &Arc<Caller>, verbs: &[CallerVerb]| {
        if verbs.is_empty() || verbs.iter().any(|verb| caller.may(*verb)) {
            Ok(TenantScope::assume(
                caller.tenant,
                "the caller's key was authenticated, and its right checked",
            ))
        } else {
            Err(WalletError::Forbidden(
                verbs.first().map_or("any", |verb| verb.as_str()),
            ))
        }
    };
    let operator = || principal.operator_scope().map(|scope| scope.installation());
    let scope = match (route.access, principal) {
        (Access::Caller(verbs) | Access::Either(verbs), Principal::Caller(who)) => caller(who, verbs),
        (Access::AnyKey, Principal::Caller(who)) => caller(who, &[]),
        (Access::Either(_) | Access::AnyKey | Access::Operator, _) => operator(),
        (Access::Caller(verbs), Principal::Operator(_)) => Err(WalletError::Forbidden(
            verbs.first().map_or("any", |verb| verb.as_str()),
        )),
        (Access::Public, _) => return Err(ApiError::Internal("a public route asked who is there")),
    };
    Ok(scope?)
}

/// The parameters of every list.
#[derive(Debug, Default, serde::Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Listing {
    /// How many at most.
    #[param(minimum = 1, maximum = 100, default = 50)]
    pub(crate) limit: Option<u16>,
    /// The `next_cursor` of the page before.
    pub(crate) cursor: Option<String>,
}

impl Listing {
    /// The page that is meant.
    pub(crate) fn page(&self) -> Result<PageRequest, ApiError> {
        page(self.limit, self.cursor.as_deref())
    }
}

/// The page that is meant.
pub(crate) fn page(limit: Option<u16>, cursor: Option<&str>) -> Result<PageRequest, ApiError> {
    let usual = PageRequest::default();
    let limit = limit.unwrap_or(usual.limit);
    if !(1..=PageRequest::MAX).contains(&limit) {
        return Err(ApiError::Query("limit: give a number between 1 and 100".into()));
    }
    let after = cursor.map(str::parse).transpose();
    let after =
        after.map_err(|error: coffer_core::page::CursorError| ApiError::Query(format!("cursor: {error}")))?;
    Ok(PageRequest::new(limit, after))
}
