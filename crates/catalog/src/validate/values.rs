//! Parameters and headers: names that are free, variables that are known, no secret where it can be seen.

use super::{Origin, Report, origin};
use crate::field::FieldKind;
use crate::template::ValueTemplate;
use std::collections::BTreeMap;

const AUTHORIZE: [&str; 11] = [
    "response_type",
    "client_id",
    "redirect_uri",
    "state",
    "scope",
    "nonce",
    "code_challenge",
    "code_challenge_method",
    "client_secret",
    "request",
    "request_uri",
];
const TOKEN: [&str; 6] = [
    "grant_type",
    "code",
    "redirect_uri",
    "code_verifier",
    "client_id",
    "client_secret",
];
const REFRESH: [&str; 4] = ["grant_type", "refresh_token", "client_id", "client_secret"];
const REVOKE: [&str; 4] = ["token", "token_type_hint", "client_id", "client_secret"];
const HEADERS: [&str; 9] = [
    "authorization",
    "host",
    "content-length",
    "content-type",
    "transfer-encoding",
    "connection",
    "cookie",
    "te",
    "upgrade",
];

/// Where a value may have a variable that is secret or a list.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// A query or body parameter: lists, no secrets.
    Parameter,
    /// A header that is sent with every request: neither.
    Header,
    /// A header or body member of a call: secrets, no lists.
    Call,
}

pub(super) fn check(report: &mut Report<'_>) {
    let provider = report.provider;
    parameters(report, "authorize", &provider.parameters.authorize, &AUTHORIZE);
    parameters(report, "token", &provider.parameters.token, &TOKEN);
    parameters(report, "refresh", &provider.parameters.refresh, &REFRESH);
    parameters(report, "revoke", &provider.parameters.revoke, &REVOKE);
    headers(report, "client.headers", &provider.client.headers, Place::Header);
    headers(report, "api.headers", &provider.api.headers, Place::Header);
}

fn parameters(
    report: &mut Report<'_>,
    step: &str,
    values: &BTreeMap<String, ValueTemplate>,
    reserved: &[&str],
) {
    for (name, value) in values {
        let member = format!("parameters.{step}.{name}");
        let taken = reserved.contains(&name.as_str()) || *name == report.provider.scopes.parameter;
        report.when(taken, &member, "is set by the protocol", "leave it out");
        report.when(
            name.is_empty(),
            &member,
            "has no name",
            "write the parameter's name",
        );
        variables(report, &member, value, Place::Parameter);
    }
}

/// Checks a table of headers.
pub(super) fn headers(
    report: &mut Report<'_>,
    table: &str,
    values: &BTreeMap<String, ValueTemplate>,
    place: Place,
) {
    for (name, value) in values {
        let member = format!("{table}.{name}");
        let lower = name.to_ascii_lowercase();
        report.when(
            !is_token(name),
            &member,
            "is not a header name",
            "write letters, digits and hyphens",
        );
        let taken =
            HEADERS.contains(&lower.as_str()) || report.provider.api.header.eq_ignore_ascii_case(name);
        report.when(taken, &member, "is set by the protocol", "leave it out");
        let visible = value.as_str().chars().all(|c| c == ' ' || c.is_ascii_graphic());
        report.when(
            !visible,
            &member,
            "has characters that no header has",
            "write visible ASCII",
        );
        variables(report, &member, value, place);
    }
}

/// Checks the variables of one value.
pub(super) fn variables(report: &mut Report<'_>, member: &str, value: &ValueTemplate, place: Place) {
    let alone = value.as_str().matches('{').count() == 1
        && value.as_str().starts_with('{')
        && value.as_str().ends_with('}');
    for variable in value.variables() {
        let problem = match origin(report.provider, variable) {
            Origin::Unknown => Some((
                "is not known",
                "declare it under [[fields]], [[captures]] or [regions]",
            )),
            Origin::Token if place != Place::Call => Some(("is secret", "secrets stand only in calls")),
            Origin::Field(field) => match field.kind {
                FieldKind::Secret if place != Place::Call => {
                    Some(("is secret", "secrets stand only in calls"))
                }
                FieldKind::List if place != Place::Parameter || !alone => Some((
                    "is a list",
                    "let it stand alone, in a parameter, which is then repeated",
                )),
                FieldKind::Secret
                | FieldKind::List
                | FieldKind::Text
                | FieldKind::Url
                | FieldKind::Enum
                | FieldKind::Bool
                | FieldKind::Pointer => None,
            },
            Origin::Token | Origin::Capture(_) | Origin::Region => None,
        };
        if let Some((message, hint)) = problem {
            report.add(member, format!("{{{variable}}} {message}"), hint);
        }
    }
}

/// A token of HTTP (RFC 9110, section 5.6.2).
pub(super) fn is_token(text: &str) -> bool {
    !text.is_empty()
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c))
}
