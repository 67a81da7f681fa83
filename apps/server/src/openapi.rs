//! The OpenAPI document (requirement O8): operations and schemas from the code, rights and errors from the route table.

use crate::problem::Problem;
use crate::routes::{
    Access, Method, ROUTES, Route, audit, browser, callers, connect_sessions, connections, integrations,
    operators, providers, service, tenants, token, users,
};
use utoipa::OpenApi as _;
use utoipa::openapi::path::{Operation, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{ContentBuilder, OpenApi, Ref, RefOr, Required, Response, ResponseBuilder};

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Coffer",
        description = "Connects accounts at OAuth providers, keeps their tokens sealed, and hands out fresh ones.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")
    ),
    paths(
        token::token,
        token::refresh,
        token::smoke_test,
        connections::list,
        connections::find,
        connections::attempts,
        connections::disconnect,
        connections::delete,
        connect_sessions::create,
        connect_sessions::redeem,
        integrations::create,
        integrations::validate,
        integrations::test_before,
        integrations::list,
        integrations::find,
        integrations::update,
        integrations::delete,
        integrations::test,
        integrations::enable,
        integrations::disable,
        users::create,
        users::list,
        users::find,
        callers::create,
        callers::list,
        callers::find,
        callers::revoke,
        callers::create_of_tenant,
        callers::list_of_tenant,
        callers::revoke_of_tenant,
        audit::list,
        providers::list,
        providers::find,
        tenants::create,
        tenants::list,
        tenants::find,
        operators::create,
        operators::list,
        operators::revoke,
        browser::connect,
        browser::callback,
        browser::form_callback,
        service::health,
        service::ready,
        service::metrics,
        service::openapi,
    ),
    components(schemas(Problem))
)]
struct Document;

/// The name of the security scheme.
const KEY: &str = "key";

/// The document.
pub fn document() -> OpenApi {
    let mut document = Document::openapi();
    let components = document.components.get_or_insert_default();
    let mut scheme = Http::new(HttpAuthScheme::Bearer);
    scheme.description = Some("The key of a caller or of an operator: `cfr_...`".to_owned());
    components.add_security_scheme(KEY, SecurityScheme::Http(scheme));
    for route in ROUTES {
        let item = document.paths.paths.get_mut(route.path);
        if let Some(operation) = item.and_then(|item| operation(item, route.method)) {
            describe(operation, route);
        }
    }
    document
}

/// The document as JSON.
pub fn text() -> String {
    // It holds texts and numbers only, so that this cannot fail.
    document().to_pretty_json().unwrap_or_default()
}

fn operation(item: &mut PathItem, method: Method) -> Option<&mut Operation> {
    match method {
        Method::Get => item.get.as_mut(),
        Method::Post => item.post.as_mut(),
        Method::Patch => item.patch.as_mut(),
        Method::Delete => item.delete.as_mut(),
    }
}

fn describe(operation: &mut Operation, route: &Route) {
    operation.operation_id = Some(operation_id(route));
    operation.description = Some(rights(route));
    if route.access == Access::Public {
        return;
    }
    operation.security = Some(vec![SecurityRequirement::new(KEY, Vec::<String>::new())]);
    let creates = operation.responses.responses.contains_key("201");
    if creates {
        operation
            .parameters
            .get_or_insert_default()
            .push(idempotency_parameter());
    }
    let mut errors = vec![
        ("401", "The key is missing, or not accepted"),
        ("403", "The key does not have this right"),
    ];
    errors.extend([("500", "Our own fault"), ("503", "Not now: see Retry-After")]);
    if route.path.contains('{') || operation.request_body.is_some() {
        errors.push(("404", "There is no such thing for this key"));
    }
    let takes_input =
        operation.request_body.is_some() || route.path == "/v1/connections" || has_query(operation);
    if takes_input || creates {
        errors.push(("400", "The request is wrong as it stands"));
    }
    if operation.request_body.is_some() {
        errors.extend([
            ("408", "The body did not come in time"),
            ("413", "The body is too large"),
            ("415", "The body is not JSON"),
        ]);
    }
    if matches!(route.method, Method::Post | Method::Patch | Method::Delete) {
        errors.extend([
            ("409", "It contradicts the state that something is in"),
            ("502", "The provider refused"),
        ]);
    }
    if creates {
        errors.push(("422", "The Idempotency-Key was used for another request"));
    }
    for (status, description) in errors {
        operation
            .responses
            .responses
            .insert(status.to_owned(), RefOr::T(problem(description)));
    }
}

fn operation_id(route: &Route) -> String {
    let path = route.path.trim_start_matches("/v1").replace(['{', '}'], "");
    let words = path.split(['/', '-', '.']).filter(|word| !word.is_empty());
    words.fold(route.method.as_str().to_ascii_lowercase(), |mut id, word| {
        id.push('_');
        id.push_str(word);
        id
    })
}

fn has_query(operation: &Operation) -> bool {
    let all = operation.parameters.iter().flatten();
    all.into_iter()
        .any(|parameter| matches!(parameter.parameter_in, ParameterIn::Query))
}

fn rights(route: &Route) -> String {
    let verbs = |verbs: &[coffer_core::caller::CallerVerb]| {
        verbs
            .iter()
            .map(|verb| format!("`{}`", verb.as_str()))
            .collect::<Vec<_>>()
            .join(" or ")
    };
    let who = match route.access {
        Access::Public => "Anybody.".to_owned(),
        Access::Caller(needed) => format!("A caller with the right {}.", verbs(needed)),
        Access::Operator => "An operator.".to_owned(),
        Access::Either(needed) => format!(
            "A caller with the right {}, or an operator for all tenants.",
            verbs(needed)
        ),
        Access::AnyKey => "Anybody with a key.".to_owned(),
    };
    let audited: Vec<String> = route
        .audit
        .iter()
        .map(|verb| format!("`{}`", verb.as_str()))
        .collect();
    if audited.is_empty() {
        who
    } else {
        format!("{who} Audited as {}.", audited.join(", "))
    }
}

fn idempotency_parameter() -> utoipa::openapi::path::Parameter {
    let schema = ObjectBuilder::new()
        .schema_type(Type::String)
        .min_length(Some(1))
        .max_length(Some(255));
    ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(
            "With it the creation is done once; the same request gets the same answer for 24 hours.",
        ))
        .schema(Some(schema.pattern(Some("^[!-~]+$")).build()))
        .build()
}

fn problem(description: &str) -> Response {
    let content = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name("Problem")))
        .build();
    ResponseBuilder::new()
        .description(description)
        .content(crate::problem::MEDIA_TYPE, content)
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn o8_the_document_and_the_route_table_have_the_same_operations() {
        let mut document = document();
        let mut documented = BTreeSet::new();
        for (path, item) in &mut document.paths.paths {
            for method in [Method::Get, Method::Post, Method::Patch, Method::Delete] {
                if operation(item, method).is_some() {
                    documented.insert((method.as_str(), path.clone()));
                }
            }
        }
        let table = ROUTES
            .iter()
            .map(|route| (route.method.as_str(), route.path.to_owned()));
        assert_eq!(documented, table.collect::<BTreeSet<_>>());
    }

    #[test]
    fn o8_every_reference_leads_somewhere_and_every_operation_id_is_its_own() {
        let text = text();
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["openapi"], "3.1.0");
        let schemas = value["components"]["schemas"].as_object().unwrap();
        for reference in text.split("\"#/components/schemas/").skip(1) {
            let name = reference.split('"').next().unwrap();
            assert!(schemas.contains_key(name), "{name}");
        }
        let ids: BTreeSet<String> = ROUTES.iter().map(operation_id).collect();
        assert_eq!(ids.len(), ROUTES.len());
    }

    #[test]
    fn o2_every_route_that_changes_something_names_its_audit_verb() {
        let changes_nothing = [
            "/v1/connections/{connection}/token",
            "/v1/integrations/validate",
            "/v1/integrations/test",
            "/oauth/callback/{integration}",
        ];
        for route in ROUTES {
            let reads = route.method == Method::Get || changes_nothing.contains(&route.path);
            assert!(
                reads || !route.audit.is_empty(),
                "{} {}",
                route.method.as_str(),
                route.path
            );
        }
    }
}
