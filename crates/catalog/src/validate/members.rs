//! The remaining members, one by one.

use super::values::is_token;
use super::{Report, captures};
use crate::field::FieldKind;
use crate::provider::classify::ErrorRule;
use crate::provider::pkce::PkceMethod;
use crate::provider::rotation::RefreshStyle;
use crate::setting::Setting;
use crate::template::is_word;
use coffer_core::rotation::RotationClass;

pub(super) fn head(report: &mut Report<'_>) {
    let provider = report.provider;
    report.when(
        provider.schema != 1,
        "schema",
        "is not a version that is known",
        "write 1",
    );
    report.when(
        provider.name.trim().is_empty(),
        "name",
        "is empty",
        "write the provider's name",
    );
    report.when(
        provider.documentation.scheme() != "https",
        "documentation",
        "is not https",
        "link to an https page",
    );
    let doubtful = !provider.unverified.is_empty() && !provider.hidden;
    report.when(
        doubtful,
        "hidden",
        "is false, and facts are unverified",
        "write hidden = true until they are",
    );
}

pub(super) fn check(report: &mut Report<'_>) {
    oidc(report);
    let pkce = &report.provider.pkce;
    let unexplained = pkce.method == Setting::Fixed(PkceMethod::Off) && pkce.evidence.is_none();
    report.when(
        unexplained,
        "pkce.evidence",
        "is missing",
        "say where the provider says that PKCE does not work",
    );
    client(report);
    scopes(report);
    captures::check(report);
    response(report);
    errors(report);
    rotation(report);
    lifetime(report);
    let api = &report.provider.api;
    report.when(
        !is_token(&api.header),
        "api.header",
        "is not a header name",
        "write a name such as Authorization",
    );
    let scheme = api.scheme.is_empty() || is_token(&api.scheme);
    report.when(
        !scheme,
        "api.scheme",
        "is not one word",
        "write Bearer, or nothing for the bare token",
    );
}

fn oidc(report: &mut Report<'_>) {
    let Some(oidc) = &report.provider.oidc else { return };
    let symmetric = |name: &String| name.eq_ignore_ascii_case("none") || name.starts_with("HS");
    let weak = oidc.id_token_algorithms.is_empty() || oidc.id_token_algorithms.iter().any(symmetric);
    let hint = "write asymmetric algorithms, such as [\"RS256\"]";
    report.when(
        weak,
        "oidc.id_token_algorithms",
        "is empty, or has one that proves nothing",
        hint,
    );
    for required in &oidc.require_claims {
        let field = report.provider.field(&required.field);
        let right = field.is_some_and(|field| field.kind == FieldKind::Text);
        report.when(
            !right,
            "oidc.require_claims",
            "names a field that is not there",
            "name a text field",
        );
    }
}

fn client(report: &mut Report<'_>) {
    let client = &report.provider.client;
    for (member, name) in [
        ("client.id_parameter", &client.id_parameter),
        ("client.secret_parameter", &client.secret_parameter),
        ("client.code_parameter", &client.code_parameter),
    ] {
        report.when(
            name.is_empty(),
            member,
            "is empty",
            "write the parameter's name, or leave the line out",
        );
    }
}

fn scopes(report: &mut Report<'_>) {
    let scopes = &report.provider.scopes;
    let separator = matches!(scopes.separator.as_str(), " " | "," | "+" | ";");
    report.when(
        !separator,
        "scopes.separator",
        "is not a separator",
        "write \" \", \",\", \"+\" or \";\"",
    );
    report.when(
        scopes.parameter.is_empty(),
        "scopes.parameter",
        "is empty",
        "write scope",
    );
    let broken = |scope: &String| {
        scope.is_empty() || scope.contains(&scopes.separator) || scope.contains(char::is_whitespace)
    };
    report.when(
        scopes.required.iter().any(broken),
        "scopes.required",
        "has one that is several",
        "write one per element",
    );
    report.when(
        scopes.default.iter().any(broken),
        "scopes.default",
        "has one that is several",
        "write one per element",
    );
    let field = report.provider.field(&scopes.field);
    let list = field.is_none_or(|field| field.kind == FieldKind::List);
    report.when(
        !list,
        "scopes.field",
        "names a field that is no list",
        "give the field type = \"list\"",
    );
}

fn response(report: &mut Report<'_>) {
    let response = &report.provider.response;
    let compound = response
        .success
        .as_ref()
        .is_some_and(|test| test.equals.is_object() || test.equals.is_array());
    report.when(
        compound,
        "response.success.equals",
        "is not one value",
        "write true, a number or a string",
    );
    let named = response
        .extra_tokens
        .keys()
        .all(|name| is_word(name) && name != "main");
    report.when(
        !named,
        "response.extra_tokens",
        "has a name that is none",
        "write lower-case letters, other than main",
    );
}

fn errors(report: &mut Report<'_>) {
    let covers = |earlier: &ErrorRule, later: &ErrorRule| {
        earlier.step.is_none_or(|step| later.step == Some(step))
            && earlier.status.is_none_or(|status| later.status == Some(status))
            && earlier
                .code
                .as_ref()
                .is_none_or(|code| later.code.as_ref() == Some(code))
    };
    for (index, rule) in report.provider.errors.iter().enumerate() {
        let member = format!("errors.{index}");
        let everything = rule.status.is_none() && rule.code.is_none();
        report.when(
            everything,
            &member,
            "matches every refusal",
            "write a status or a code",
        );
        let status = rule.status.is_none_or(|status| (100..=599).contains(&status));
        report.when(!status, &member, "has no HTTP status", "write 100 to 599");
        let hidden = report
            .provider
            .errors
            .iter()
            .take(index)
            .any(|earlier| covers(earlier, rule));
        report.when(
            hidden,
            &member,
            "is never reached",
            "move it before the rule that covers it",
        );
    }
}

fn rotation(report: &mut Report<'_>) {
    let rotation = &report.provider.rotation;
    let grace = rotation.class == Setting::Fixed(RotationClass::Grace);
    let from_field = rotation.class.field().is_some();
    let wrong = !from_field && grace != (rotation.grace_seconds > 0);
    report.when(
        wrong,
        "rotation.grace_seconds",
        "does not go with the class",
        "write it for the class grace, and only there",
    );
    let never = rotation.refresh == RefreshStyle::None;
    let lifetime = &report.provider.lifetime;
    let dates = lifetime.refresh_idle_seconds.is_some() || lifetime.refresh_absolute_seconds.is_some();
    report.when(
        never && dates,
        "rotation.refresh",
        "is none, and refresh tokens have lifetimes",
        "leave one of them out",
    );
}

fn lifetime(report: &mut Report<'_>) {
    let lifetime = &report.provider.lifetime;
    let both = lifetime.no_expiry && lifetime.access_token_seconds.is_some();
    report.when(
        both,
        "lifetime.no_expiry",
        "is true, and there is a default lifetime",
        "leave one of them out",
    );
    let zero = [
        lifetime.access_token_seconds,
        lifetime.refresh_idle_seconds,
        lifetime.refresh_absolute_seconds,
        lifetime.live_refresh_tokens,
        lifetime.mint_budget.map(|budget| budget.count),
        lifetime.mint_budget.map(|budget| budget.per_seconds),
    ];
    report.when(
        zero.contains(&Some(0)),
        "lifetime",
        "has a zero",
        "leave the line out when there is no limit",
    );
    let longer = lifetime
        .access_token_seconds
        .is_some_and(|life| life <= lifetime.refresh_margin_seconds);
    report.when(
        longer,
        "lifetime.refresh_margin_seconds",
        "is not below the lifetime",
        "write a smaller one",
    );
}
