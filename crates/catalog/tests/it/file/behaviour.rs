//! PKCE, scopes, captures, responses, rotation, ID tokens.

use super::refused;

#[test]
fn oa_c02_pkce_is_off_only_with_evidence() {
    refused(
        "evidence = \"https://acme.example/docs#pkce\"",
        "",
        "pkce.evidence",
    );
}

#[test]
fn p22_scopes() {
    refused("separator = \",\"", "separator = \"\"", "scopes.separator");
    refused(
        "parameter = \"user_scope\"",
        "parameter = \"\"",
        "scopes.parameter",
    );
    refused(
        "default = [\"read\"]",
        "default = [\"read,write\"]",
        "scopes.default",
    );
    refused(
        "required = [\"offline\"]",
        "required = [\"a b\"]",
        "scopes.required",
    );
    refused(
        "required = [\"offline\"]",
        "field = \"client_id\"",
        "scopes.field",
    );
}

#[test]
fn p22_captures() {
    refused("name = \"tssd\"", "name = \"subdomain\"", "captures.subdomain");
    refused("name = \"tssd\"", "name = \"TSSD\"", "captures.TSSD");
    refused("parameter = \"tssd\"", "pointer = \"/tssd\"", "captures.tssd");
    refused(
        "pointer = \"/api_access_point\"",
        "parameter = \"x\"",
        "captures.api_access_point",
    );
    refused("pattern = \"[0-9]+\"", "pattern = \"[0-9\"", "captures.account");
    refused(
        "pattern = \"[0-9]+\"",
        "hosts = [\"a.example\"]",
        "captures.account",
    );
    refused(
        "hosts = [\"*.acme.example\", \"api.acme.example\"]",
        "",
        "captures.api_access_point",
    );
    refused("\"*.acme.example\"", "\"*\"", "captures.api_access_point");
    refused("\"*.acme.example\"", "\"*.com\"", "captures.api_access_point");
    refused(
        "\"*.acme.example\"",
        "\"https://acme.example\"",
        "captures.api_access_point",
    );
}

#[test]
fn p22_responses_and_errors() {
    refused("equals = true", "equals = [true]", "response.success.equals");
    refused(
        "[response.extra_tokens.user]",
        "[response.extra_tokens.main]",
        "response.extra_tokens",
    );
    refused("status = 403\ncode = \"E1007\"", "step = \"token\"", "errors.0");
    refused(
        "status = 403\nmeans = \"rate\"",
        "status = 99\nmeans = \"rate\"",
        "errors.1",
    );
    refused("status = 403\ncode = \"E1007\"", "status = 403", "errors.1");
}

#[test]
fn p22_rotation_and_lifetimes() {
    refused("grace_seconds = 30", "", "rotation.grace_seconds");
    refused(
        "class = \"grace\"",
        "class = \"static\"",
        "rotation.grace_seconds",
    );
    refused(
        "class = \"grace\"\ngrace_seconds = 30",
        "refresh = \"none\"",
        "rotation.refresh",
    );
    refused(
        "minimum_age_seconds = 30",
        "no_expiry = true",
        "lifetime.no_expiry",
    );
    refused(
        "refresh_idle_seconds = 5184000",
        "refresh_idle_seconds = 0",
        "lifetime",
    );
    refused("count = 30", "count = 0", "lifetime");
    refused(
        "refresh_margin_seconds = 120",
        "refresh_margin_seconds = 1200",
        "lifetime.refresh_margin_seconds",
    );
}

#[test]
fn oa_c23_id_tokens_have_asymmetric_signatures() {
    let oidc = |rest: &str| format!("[oidc]\nissuer = \"https://acme.example\"\n{rest}\n[endpoints]");
    refused(
        "[endpoints]",
        &oidc("id_token_algorithms = [\"none\"]"),
        "oidc.id_token_algorithms",
    );
    refused(
        "[endpoints]",
        &oidc("id_token_algorithms = [\"HS256\"]"),
        "oidc.id_token_algorithms",
    );
    refused(
        "[endpoints]",
        &oidc("id_token_algorithms = []"),
        "oidc.id_token_algorithms",
    );
    refused(
        "[endpoints]",
        &oidc("require_claims = [{ claim = \"hd\", field = \"x\" }]"),
        "oidc.require_claims",
    );
}
