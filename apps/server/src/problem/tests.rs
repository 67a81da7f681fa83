use super::*;
use coffer_core::StoreError;

fn told(error: ApiError) -> (u16, serde_json::Value) {
    let response = error.error_response();
    assert_eq!(response.headers().get(header::CONTENT_TYPE).unwrap(), MEDIA_TYPE);
    (
        response.status().as_u16(),
        serde_json::to_value(error.problem()).unwrap(),
    )
}

#[test]
fn a_field_that_is_wrong_is_named() {
    let error = WalletError::Invalid {
        field: "name",
        message: "give 1 to 200 characters".into(),
    };
    let (status, problem) = told(error.into());
    assert_eq!((status, &problem["errors"][0]["field"]), (400, &"name".into()));
}

#[test]
fn what_waiting_helps_says_how_long_in_whole_seconds_and_never_too_short() {
    let later = WalletError::Later {
        code: "rate_limited",
        message: "m".into(),
        after: Duration::from_millis(1_001),
    };
    let response = ApiError::from(later).error_response();
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(response.headers().get(header::RETRY_AFTER).unwrap(), "2");
    assert_eq!(
        (
            whole_seconds(Duration::ZERO),
            whole_seconds(Duration::from_secs(3))
        ),
        (0, 3)
    );
}

#[test]
fn a_store_that_is_away_is_503_and_a_duplicate_409() {
    let away = || WalletError::Store(StoreError::Unavailable("canary: values".into()));
    let (status, problem) = told(away().into());
    assert_eq!((status, &problem["code"]), (503, &"store_unavailable".into()));
    assert!(!problem.to_string().contains("canary"));
    assert_eq!(
        told(WalletError::Store(StoreError::Duplicate("name")).into()).0,
        409
    );
}

#[test]
fn idempotency_has_its_own_statuses() {
    let mismatch = WalletError::Precondition {
        reason: None,
        code: "idempotency_mismatch",
        message: "m".into(),
    };
    let running = WalletError::Later {
        code: "idempotency_in_progress",
        message: "m".into(),
        after: Duration::ZERO,
    };
    assert_eq!((told(mismatch.into()).0, told(running.into()).0), (422, 409));
}

#[test]
fn missing_keys_ask_for_a_bearer() {
    let response = ApiError::from(WalletError::Unauthenticated).error_response();
    assert_eq!(
        response.headers().get(header::WWW_AUTHENTICATE).unwrap(),
        "Bearer"
    );
}
