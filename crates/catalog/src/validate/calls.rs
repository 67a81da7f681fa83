//! Calls: identity, smoke test, revocation.

use super::values::{self, Place};
use super::{Report, templates};
use crate::provider::call::{CallAuth, HttpCall, Method};
use crate::provider::revoke::RevokeStyle;

pub(super) fn check(report: &mut Report<'_>) {
    let provider = report.provider;
    if let Some(found) = &provider.identity.call {
        call(report, "identity.call", found);
    }
    if let Some(emails) = &provider.identity.emails {
        call(report, "identity.emails.call", &emails.call);
    }
    if let Some(found) = &provider.verify {
        call(report, "verify", found);
    }
    revoke(report);
}

fn call(report: &mut Report<'_>, name: &str, call: &HttpCall) {
    let member = |part: &str| format!("{name}.{part}");
    match &call.url {
        Some(url) => templates::one(report, &member("url"), url, true),
        None => {
            let userinfo = report.provider.oidc.is_some() || report.provider.endpoints.userinfo.is_some();
            report.when(
                !userinfo,
                &member("url"),
                "is missing",
                "write it, or endpoints.userinfo",
            );
        }
    }
    let get_with_body = call.method == Method::Get && !call.body.is_empty();
    report.when(
        get_with_body,
        &member("body"),
        "goes with no GET",
        "write another method, or no body",
    );
    let secretless = report.provider.field("client_secret").is_none() && call.auth == CallAuth::ClientBasic;
    report.when(
        secretless,
        &member("auth"),
        "needs a client secret",
        "add the field client_secret",
    );
    let statuses = !call.success.is_empty() && call.success.iter().all(|status| (200..=499).contains(status));
    report.when(
        !statuses,
        &member("success"),
        "is not a list of statuses",
        "write statuses from 200 to 499",
    );
    values::headers(report, &member("headers"), &call.headers, Place::Call);
    for (key, value) in &call.body {
        values::variables(report, &member(&format!("body.{key}")), value, Place::Call);
    }
}

fn revoke(report: &mut Report<'_>) {
    let revoke = &report.provider.revoke;
    match revoke.style {
        RevokeStyle::Call if revoke.call.is_none() => {
            report.add(
                "revoke.call",
                "is missing",
                "write the request under [revoke.call]",
            );
        }
        RevokeStyle::Rfc7009 | RevokeStyle::None if revoke.call.is_some() => {
            report.add(
                "revoke.call",
                "is not used by this style",
                "write style = \"call\", or leave it out",
            );
        }
        RevokeStyle::None if revoke.note.is_none() => {
            let hint = "say where the user can revoke access himself";
            report.add("revoke.note", "is missing", hint);
        }
        RevokeStyle::Rfc7009 | RevokeStyle::Call | RevokeStyle::None => {}
    }
    if let Some(found) = &revoke.call {
        call(report, "revoke.call", found);
        let url = found.url.is_none();
        report.when(url, "revoke.call.url", "is missing", "write the request's URL");
    }
}
