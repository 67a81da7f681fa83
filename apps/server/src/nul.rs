//! Text with a NUL character. PostgreSQL cannot store one and JSON can say one, so that it is refused where requests are
//! read, and the databases agree.

use crate::error::ApiError;
use actix_web::HttpRequest;
use serde_json::Value;
use url::form_urlencoded;

/// Refuses an address with one, in its path or its query.
///
/// # Errors
/// [`ApiError::Nul`] with the parameter's name.
pub(crate) fn check_address(request: &HttpRequest) -> Result<(), ApiError> {
    let (path, query) = (request.path(), request.query_string());
    if path.contains("%00") {
        let mut parameters = request.match_info().iter();
        let name = parameters.find(|(_, value)| value.contains('\0') || value.contains("%00"));
        return Err(refused(name.map_or("path", |(name, _)| name)));
    }
    if !query.contains("%00") {
        return Ok(());
    }
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    match pairs.find(|(name, value)| name.contains('\0') || value.contains('\0')) {
        Some((name, _)) => Err(refused(&name)),
        None => Ok(()),
    }
}

/// Refuses a JSON body with one, in a value or in a member's name. Few bodies have what looks like one, and only those
/// are read for it.
///
/// # Errors
/// [`ApiError::Nul`] with the member's name.
pub(crate) fn check_json(body: &[u8]) -> Result<(), ApiError> {
    const ESCAPED: &[u8] = b"\\u0000";
    if !body.windows(ESCAPED.len()).any(|part| part == ESCAPED) {
        return Ok(());
    }
    // What is not JSON is told by who reads it in earnest.
    match serde_json::from_slice::<Value>(body) {
        Ok(value) => place(&value).map_or(Ok(()), |place| Err(refused(&place))),
        Err(_) => Ok(()),
    }
}

/// Where it is: the members' names from the outermost to the innermost, with dots.
fn place(value: &Value) -> Option<String> {
    let inside = |name: &str, value| {
        place(value).map(|inner| {
            if inner.is_empty() {
                name.to_owned()
            } else {
                format!("{name}.{inner}")
            }
        })
    };
    match value {
        Value::String(text) => text.contains('\0').then(String::new),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .find_map(|(index, item)| inside(&index.to_string(), item)),
        Value::Object(members) => members.iter().find_map(|(name, member)| {
            if name.contains('\0') {
                Some(name.clone())
            } else {
                inside(name, member)
            }
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

fn refused(place: &str) -> ApiError {
    let place: String = place.chars().filter(|c| !c.is_control()).take(100).collect();
    ApiError::Nul(if place.is_empty() { "body".into() } else { place })
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn named(answer: Result<(), ApiError>) -> Option<String> {
        match answer {
            Ok(()) => None,
            Err(ApiError::Nul(place)) => Some(place),
            Err(other) => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_nul_in_json_is_refused_and_its_member_named() {
        for (body, place) in [
            (r#"{"name": "a\u0000b"}"#, Some("name")),
            (
                r#"{"config": {"scopes": ["x", "\u0000"]}}"#,
                Some("config.scopes.1"),
            ),
            (r#"{"config": {"a\u0000b": 1}}"#, Some("config.ab")),
            (r#"{"\u0000": 1}"#, Some("body")),
            (r#""\u0000""#, Some("body")),
            (r#"{"name": "a\\u0000b"}"#, None),
            (r#"{"name": "a\u0001b"}"#, None),
            (r#"{"name": "\u0000"#, None),
        ] {
            assert_eq!(named(check_json(body.as_bytes())).as_deref(), place, "{body}");
        }
    }

    #[test]
    fn a_nul_in_an_address_is_refused_and_its_parameter_named() {
        for (uri, place) in [
            ("/v1/users?user=a%00b", Some("user")),
            ("/v1/users?limit=1&a%00=2", Some("a")),
            ("/v1/users?user=a%2500b", None),
            ("/v1/users?user=a%01b", None),
        ] {
            let request = TestRequest::with_uri(uri).to_http_request();
            assert_eq!(named(check_address(&request)).as_deref(), place, "{uri}");
        }
        let request = TestRequest::with_uri("/v1/tenants/a%00b")
            .param("tenant", "a\0b")
            .to_http_request();
        assert_eq!(named(check_address(&request)).as_deref(), Some("tenant"));
    }
}
