//! The route table: every address with its method, who may use it, and what it leaves in the audit log. Registration,
//! authorization, metrics, the OpenAPI document and the tests all read this one table.

pub(crate) mod audit;
pub(crate) mod browser;
pub(crate) mod callers;
pub(crate) mod connect_sessions;
pub(crate) mod connections;
pub(crate) mod integrations;
pub(crate) mod operators;
pub(crate) mod providers;
pub(crate) mod service;
pub(crate) mod tenants;
pub(crate) mod token;
pub(crate) mod users;

mod table;

pub use crate::access::Access;
pub use table::ROUTES;

use crate::error::ApiError;
use actix_web::{HttpRequest, ResponseError as _, web};
use coffer_core::audit::AuditVerb;

/// An address and a method.
#[derive(Debug)]
pub struct Route {
    /// The method.
    pub method: Method,
    /// The path's pattern.
    pub path: &'static str,
    /// Who may use it.
    pub access: Access,
    /// What it writes into the audit log, where it changes something.
    pub audit: &'static [AuditVerb],
    /// Whether it is used so often that its successes are logged at `debug` only.
    pub quiet: bool,
    handler: fn() -> actix_web::Route,
}

/// The methods in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// GET
    Get,
    /// POST
    Post,
    /// PATCH
    Patch,
    /// DELETE
    Delete,
}

impl Method {
    /// The name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// The rows of one path; they lie beside its handlers.
struct Rows(Vec<&'static Route>);

/// The row of the table that a request belongs to.
pub(crate) fn of(request: &HttpRequest) -> Option<&'static Route> {
    let rows = request.app_data::<Rows>()?;
    let method = request.method().as_str();
    rows.0
        .iter()
        .copied()
        .find(|route| route.method.as_str() == method)
}

/// Registers all routes.
pub(crate) fn mount(config: &mut web::ServiceConfig) {
    let mut paths: Vec<&'static str> = Vec::new();
    for route in ROUTES {
        if !paths.contains(&route.path) {
            paths.push(route.path);
        }
    }
    for path in paths {
        let rows: Vec<&'static Route> = ROUTES.iter().filter(|route| route.path == path).collect();
        let methods: Vec<&str> = rows.iter().map(|route| route.method.as_str()).collect();
        let allowed = methods.join(", ");
        let mut resource = web::resource(path);
        for route in &rows {
            resource = resource.route((route.handler)());
        }
        let refuse = move || {
            let response = ApiError::Method(allowed.clone()).error_response();
            async move { response }
        };
        config.service(resource.app_data(Rows(rows)).default_service(web::to(refuse)));
    }
    config.default_service(web::to(|| async { ApiError::NoRoute.error_response() }));
}
