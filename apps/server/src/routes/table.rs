use super::{Access, Method, Route};
use super::{
    audit, browser, callers, connect_sessions, connections, integrations, operators, providers, service,
    tenants, token, users,
};
use actix_web::web::{delete, get, patch, post};
use coffer_core::audit::AuditVerb;
use coffer_core::caller::CallerVerb::{
    self, Audit, Callers, Connect, Disconnect, Integrations, Read, Refresh, Token,
};

const fn row(
    method: Method,
    path: &'static str,
    access: Access,
    audit: &'static [AuditVerb],
    handler: fn() -> actix_web::Route,
) -> Route {
    Route {
        method,
        path,
        access,
        audit,
        quiet: false,
        handler,
    }
}

const fn quiet(mut route: Route) -> Route {
    route.quiet = true;
    route
}

const NONE: &[AuditVerb] = &[];
const SEE_INTEGRATIONS: &[CallerVerb] = &[Integrations, Read, Connect];

use Access::{AnyKey, Caller, Either, Operator, Public};
use AuditVerb as V;
use Method::{Delete, Get, Patch, Post};

/// Every route. A path with a fixed end stands before one with a parameter in its place.
#[rustfmt::skip]
pub static ROUTES: &[Route] = &[
    quiet(row(Post, "/v1/connections/{connection}/token", Caller(&[Token]), NONE, || post().to(token::token))),
    row(Post, "/v1/connections/{connection}/refresh", Caller(&[Refresh]), &[V::OAuthTokenRefresh], || post().to(token::refresh)),
    row(Post, "/v1/connections/{connection}/smoke-test", Caller(&[Refresh]), &[V::ConnectionSmokeTest], || post().to(token::smoke_test)),
    row(Post, "/v1/connections/{connection}/disconnect", Caller(&[Disconnect]), &[V::ConnectionDisconnect, V::OAuthRevoke], || post().to(connections::disconnect)),
    row(Get, "/v1/connections/{connection}/attempts", Caller(&[Read]), NONE, || get().to(connections::attempts)),
    row(Get, "/v1/connections/{connection}", Caller(&[Read]), NONE, || get().to(connections::find)),
    row(Delete, "/v1/connections/{connection}", Caller(&[Disconnect]), &[V::ConnectionDisconnect, V::OAuthRevoke], || delete().to(connections::delete)),
    row(Get, "/v1/connections", Caller(&[Read]), NONE, || get().to(connections::list)),
    row(Post, "/v1/connect-sessions/redeem", Caller(&[Connect]), &[V::ConnectionConfirm], || post().to(connect_sessions::redeem)),
    row(Post, "/v1/connect-sessions", Caller(&[Connect]), &[V::ConnectSessionCreate, V::UserCreate], || post().to(connect_sessions::create)),
    row(Post, "/v1/integrations/validate", Either(&[Integrations]), NONE, || post().to(integrations::validate)),
    row(Post, "/v1/integrations/test", Either(&[Integrations]), NONE, || post().to(integrations::test_before)),
    row(Post, "/v1/integrations/{integration}/test", Either(&[Integrations]), &[V::IntegrationTest], || post().to(integrations::test)),
    row(Post, "/v1/integrations/{integration}/enable", Either(&[Integrations]), &[V::IntegrationEnable], || post().to(integrations::enable)),
    row(Post, "/v1/integrations/{integration}/disable", Either(&[Integrations]), &[V::IntegrationDisable], || post().to(integrations::disable)),
    row(Get, "/v1/integrations/{integration}", Either(SEE_INTEGRATIONS), NONE, || get().to(integrations::find)),
    row(Patch, "/v1/integrations/{integration}", Either(&[Integrations]), &[V::IntegrationUpdate], || patch().to(integrations::update)),
    row(Delete, "/v1/integrations/{integration}", Either(&[Integrations]), &[V::IntegrationDelete], || delete().to(integrations::delete)),
    row(Get, "/v1/integrations", Either(SEE_INTEGRATIONS), NONE, || get().to(integrations::list)),
    row(Post, "/v1/integrations", Either(&[Integrations]), &[V::IntegrationCreate], || post().to(integrations::create)),
    row(Get, "/v1/users/{user}", Caller(&[Read, Connect]), NONE, || get().to(users::find)),
    row(Get, "/v1/users", Caller(&[Read, Connect]), NONE, || get().to(users::list)),
    row(Post, "/v1/users", Caller(&[Connect]), &[V::UserCreate], || post().to(users::create)),
    row(Get, "/v1/callers/{caller}", Caller(&[Callers]), NONE, || get().to(callers::find)),
    row(Delete, "/v1/callers/{caller}", Caller(&[Callers]), &[V::CallerRevoke], || delete().to(callers::revoke)),
    row(Get, "/v1/callers", Caller(&[Callers]), NONE, || get().to(callers::list)),
    row(Post, "/v1/callers", Caller(&[Callers]), &[V::CallerCreate], || post().to(callers::create)),
    row(Get, "/v1/audit", Either(&[Audit]), NONE, || get().to(audit::list)),
    row(Get, "/v1/providers/{provider}", AnyKey, NONE, || get().to(providers::find)),
    row(Get, "/v1/providers", AnyKey, NONE, || get().to(providers::list)),
    row(Delete, "/v1/tenants/{tenant}/callers/{caller}", Operator, &[V::CallerRevoke], || delete().to(callers::revoke_of_tenant)),
    row(Get, "/v1/tenants/{tenant}/callers", Operator, NONE, || get().to(callers::list_of_tenant)),
    row(Post, "/v1/tenants/{tenant}/callers", Operator, &[V::CallerCreate], || post().to(callers::create_of_tenant)),
    row(Get, "/v1/tenants/{tenant}", Operator, NONE, || get().to(tenants::find)),
    row(Get, "/v1/tenants", Operator, NONE, || get().to(tenants::list)),
    row(Post, "/v1/tenants", Operator, &[V::TenantCreate], || post().to(tenants::create)),
    row(Delete, "/v1/operators/{operator}", Operator, &[V::OperatorRevoke], || delete().to(operators::revoke)),
    row(Get, "/v1/operators", Operator, NONE, || get().to(operators::list)),
    row(Post, "/v1/operators", Operator, &[V::OperatorCreate], || post().to(operators::create)),
    row(Get, "/connect/{token}", Public, &[V::OAuthAuthorize], || get().to(browser::connect)),
    row(Get, "/oauth/callback/{integration}", Public, &[V::ConnectionAuthorize, V::OAuthAuthorizeFailed], || get().to(browser::callback)),
    row(Post, "/oauth/callback/{integration}", Public, NONE, || post().to(browser::form_callback)),
    quiet(row(Get, "/health", Public, NONE, || get().to(service::health))),
    quiet(row(Get, "/ready", Public, NONE, || get().to(service::ready))),
    quiet(row(Get, "/metrics", Operator, NONE, || get().to(service::metrics))),
    row(Get, "/openapi.json", Public, NONE, || get().to(service::openapi)),
];
