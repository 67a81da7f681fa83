//! The page that says why a flow does not go on.

use crate::error::ApiError;
use crate::pages::{self, Scripts};
use crate::request_id::RequestId;
use actix_web::HttpResponse;
use actix_web::http::header::{self, HeaderValue};
use askama::Template;

#[derive(Template)]
#[template(path = "problem.html")]
struct ProblemPage<'a> {
    detail: &'a str,
    hint: Option<&'a str>,
    code: &'a str,
    request_id: &'a str,
}

pub(super) fn problem(error: &ApiError) -> HttpResponse {
    error.log();
    let problem = error.problem();
    let request_id = RequestId::current();
    let page = ProblemPage {
        detail: &problem.detail,
        hint: problem.hint,
        code: problem.code,
        request_id: request_id.as_ref().map_or("", RequestId::as_str),
    };
    let mut response = pages::html(error.status(), Scripts::None, &page);
    let headers = response.headers_mut();
    // The address holds a connect token, or what a provider sent.
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    if let Some(wait) = error.retry_after() {
        headers.insert(
            header::RETRY_AFTER,
            HeaderValue::from(crate::problem::whole_seconds(wait)),
        );
    }
    response
}
