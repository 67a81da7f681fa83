//! Reading a request's body: media type, size, time, form.

use crate::error::ApiError;
use crate::nul;
use actix_web::HttpRequest;
use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::web::{Bytes, BytesMut};
use futures_util::StreamExt as _;
use serde::de::DeserializeOwned;
use std::time::Duration;

/// The most that a JSON body may have, in bytes.
pub(crate) const JSON_CAP: usize = 64 * 1024;

/// The most that the form of a callback may have, in bytes.
pub(crate) const FORM_CAP: usize = 16 * 1024;

/// How long a body may take to arrive (THR-29).
const BODY_TIME: Duration = Duration::from_secs(10);

/// Reads a body whole.
///
/// # Errors
/// [`ApiError::BodyTooLarge`] before or while it is read, [`ApiError::BodyBroken`].
pub(crate) async fn read(
    request: &HttpRequest,
    payload: &mut Payload,
    cap: usize,
) -> Result<Bytes, ApiError> {
    let announced = request.headers().get(header::CONTENT_LENGTH);
    let announced = announced
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.parse::<usize>().ok());
    match announced {
        Some(0) => return Ok(Bytes::new()),
        Some(length) if length > cap => return Err(ApiError::BodyTooLarge(cap)),
        Some(_) => {}
        None if !request.headers().contains_key(header::TRANSFER_ENCODING) => return Ok(Bytes::new()),
        None => {}
    }
    let all = async {
        let mut body = BytesMut::with_capacity(announced.unwrap_or(0));
        while let Some(chunk) = payload.next().await {
            let chunk = chunk.map_err(|_| ApiError::BodyBroken)?;
            if chunk.len() > cap.saturating_sub(body.len()) {
                return Err(ApiError::BodyTooLarge(cap));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body.freeze())
    };
    tokio::time::timeout(BODY_TIME, all)
        .await
        .map_err(|_| ApiError::BodyBroken)?
}

/// Reads JSON. An empty body counts as `{}`, so that a route whose members are all optional needs none.
///
/// # Errors
/// [`ApiError::MediaType`], [`ApiError::MalformedJson`], [`ApiError::BodyForm`], [`ApiError::Nul`].
pub(crate) fn json<T: DeserializeOwned>(request: &HttpRequest, body: &[u8]) -> Result<T, ApiError> {
    if body.is_empty() {
        return serde_json::from_slice(b"{}").map_err(|error| fault(&error));
    }
    if !is_json(request) {
        return Err(ApiError::MediaType);
    }
    nul::check_json(body)?;
    serde_json::from_slice(body).map_err(|error| fault(&error))
}

fn is_json(request: &HttpRequest) -> bool {
    let mut given = request.headers().get_all(header::CONTENT_TYPE);
    let (Some(value), None) = (given.next(), given.next()) else {
        return false;
    };
    let essence = value
        .as_bytes()
        .split(|byte| *byte == b';')
        .next()
        .unwrap_or_default();
    essence.trim_ascii().eq_ignore_ascii_case(b"application/json")
}

/// What is wrong with the JSON, without the value that is wrong: it may be a secret that was put into the wrong place.
fn fault(error: &serde_json::Error) -> ApiError {
    let place = match (error.line(), error.column()) {
        (0, _) | (1, 0) => String::new(),
        (line, column) => format!(" (line {line}, column {column})"),
    };
    let text = error.to_string();
    let text = text.split(" at line ").next().unwrap_or_default();
    if !error.is_data() {
        return ApiError::MalformedJson(format!("{text}{place}"));
    }
    let says_names_only = [
        "unknown field",
        "missing field",
        "duplicate field",
        "unknown variant",
    ];
    let told = if says_names_only.iter().any(|start| text.starts_with(start)) {
        text.chars().filter(|c| !c.is_control()).take(300).collect()
    } else {
        let expected = text
            .rsplit_once("expected ")
            .map_or("another form", |(_, expected)| expected);
        format!("a value is not what is expected: {expected}")
    };
    ApiError::BodyForm(format!("{told}{place}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::error::PayloadError;
    use actix_web::test::TestRequest;
    use futures_util::stream;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Small {
        number: Option<u32>,
    }

    fn read(media_type: &str, body: &str) -> Result<Small, ApiError> {
        let request = TestRequest::default()
            .insert_header(("content-type", media_type))
            .to_http_request();
        json(&request, body.as_bytes())
    }

    #[test]
    fn json_by_any_spelling_of_its_media_type_is_read() {
        for media_type in [
            "application/json",
            "application/json; charset=utf-8",
            "Application/JSON",
        ] {
            assert_eq!(read(media_type, "{\"number\": 7}").unwrap().number, Some(7));
        }
        assert_eq!(read("text/plain", "").unwrap().number, None);
    }

    #[tokio::test(start_paused = true)]
    async fn thr_29_a_body_that_dribbles_in_is_given_up_after_its_time() {
        let request = TestRequest::default()
            .insert_header(("content-length", "60000"))
            .to_http_request();
        let bytes = stream::unfold((), |()| async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            Some((Ok::<_, PayloadError>(Bytes::from_static(b"x")), ()))
        });
        let mut payload = Payload::Stream {
            payload: bytes.boxed_local(),
        };
        let began = tokio::time::Instant::now();
        let given_up = super::read(&request, &mut payload, JSON_CAP).await;
        assert!(matches!(given_up, Err(ApiError::BodyBroken)), "{given_up:?}");
        assert_eq!(began.elapsed(), BODY_TIME);
    }

    #[test]
    fn another_media_type_is_refused() {
        for media_type in [
            "text/plain",
            "application/x-www-form-urlencoded",
            "application/jsonp",
            "",
        ] {
            assert!(
                matches!(read(media_type, "{}"), Err(ApiError::MediaType)),
                "{media_type}"
            );
        }
    }

    #[test]
    fn thr_63_a_value_in_the_wrong_place_is_not_repeated() {
        let error = read("application/json", "{\"number\": \"canary-4711\"}")
            .unwrap_err()
            .to_string();
        assert!(error.contains("u32") && !error.contains("canary"), "{error}");
    }

    #[test]
    fn an_unknown_field_is_named_with_those_that_are_known() {
        let error = read("application/json", "{\"nubmer\": 1}")
            .unwrap_err()
            .to_string();
        assert!(error.contains("nubmer") && error.contains("`number`"), "{error}");
    }

    #[test]
    fn a_deeply_nested_body_is_refused_without_falling_over() {
        let deep = "[".repeat(60_000);
        assert!(matches!(
            read("application/json", &deep),
            Err(ApiError::MalformedJson(_) | ApiError::BodyForm(_))
        ));
        let known = format!("{{\"number\": {deep}");
        assert!(read("application/json", &known).is_err());
    }
}
