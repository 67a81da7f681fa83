//! Head, endpoints, parameters, calls, regions.

use super::{problems, refused, unreadable};

#[test]
fn p22_unknown_missing_and_mistyped_members_are_named() {
    unreadable("hidden = true", "hiden = true", "hiden");
    unreadable("code_parameter = ", "code_param = ", "code_param");
    unreadable("name = \"Acme\"", "", "name");
    unreadable("kind = \"oauth2\"", "kind = \"oauth3\"", "oauth3");
    unreadable("grace_seconds = 30", "grace_seconds = -1", "grace_seconds");
    unreadable("class = \"grace\"", "class = \"gracious\"", "gracious");
    unreadable("means = \"rate\"", "means = \"unclear\"", "unclear");
    unreadable("body = \"json\"", "body = \"xml\"", "xml");
    unreadable(
        "access_token = \"/authed/access_token\"",
        "access_token = \"authed\"",
        "JSON Pointer",
    );
    unreadable("id = \"acme\"", "id = \"Acme\"", "provider id");
    unreadable(
        "https://{subdomain}.auth.acme.example/authorize",
        "http://acme.example/a",
        "https URL",
    );
    unreadable("type = \"bool\"", "type = \"boolean\"", "boolean");
}

#[test]
fn p22_head_of_the_file() {
    refused("schema = 1", "schema = 2", "schema");
    refused("name = \"Acme\"", "name = \" \"", "name");
    refused(
        "https://acme.example/docs\"",
        "http://acme.example/docs\"",
        "documentation",
    );
    refused("hidden = true", "hidden = false", "hidden");
}

#[test]
fn p22_endpoints_are_there_and_have_values() {
    refused(
        "authorize = \"https://{subdomain}.auth.acme.example/authorize\"",
        "",
        "endpoints.authorize",
    );
    refused(
        "https://{subdomain}.auth.acme.example/authorize",
        "https://{x}.acme.example/a",
        "endpoints.authorize",
    );
    refused(
        "\"https://{tssd}.auth.acme.example/token\", \"https://{subdomain}.auth.acme.example/token\"",
        "\"https://{tssd}.auth.acme.example/token\"",
        "endpoints.token",
    );
}

#[test]
fn p22_variables_stand_only_where_they_may() {
    let authorize = "https://{subdomain}.auth.acme.example/authorize";
    refused(
        authorize,
        "https://{tssd}.auth.acme.example/authorize",
        "endpoints.authorize",
    );
    refused(
        authorize,
        "https://{subdomain}.example/authorize",
        "endpoints.authorize",
    );
    refused(
        authorize,
        "https://auth.acme.{subdomain}/authorize",
        "endpoints.authorize",
    );
    refused(authorize, "{subdomain}/authorize", "endpoints.authorize");
    refused(
        authorize,
        "https://acme.example/{client_secret}",
        "endpoints.authorize",
    );
    refused(
        authorize,
        "https://acme.example/{access_token}",
        "endpoints.authorize",
    );
    refused(
        authorize,
        "https://acme.example/{resources}",
        "endpoints.authorize",
    );
    refused(
        "?account={account}",
        "?account={refresh_token}",
        "endpoints.userinfo",
    );
    refused(
        "{api_access_point}/oauth/refresh",
        "{account}/oauth/refresh",
        "endpoints.refresh",
    );
    refused("https://{tssd}.auth", "https://{account}.auth", "endpoints.token");
    refused(
        "?account={account}",
        "?account={api_access_point}",
        "endpoints.userinfo",
    );
    assert!(
        problems("{region.api}/v1/ping", "{region.pai}/v1/ping")
            .contains("verify.url: {region.pai} is not known")
    );
}

#[test]
fn p22_parameters_and_headers() {
    refused(
        "access_type = \"offline\"",
        "state = \"x\"",
        "parameters.authorize.state",
    );
    refused(
        "access_type = \"offline\"",
        "user_scope = \"x\"",
        "parameters.authorize.user_scope",
    );
    refused(
        "access_type = \"offline\"",
        "access_type = \"{unknown}\"",
        "parameters.authorize.access_type",
    );
    refused(
        "access_type = \"offline\"",
        "access_type = \"{client_secret}\"",
        "parameters.authorize.access_type",
    );
    refused(
        "resource = \"{resources}\"",
        "resource = \"x-{resources}\"",
        "parameters.authorize.resource",
    );
    refused(
        "expires_in = \"1800\"",
        "code_verifier = \"x\"",
        "parameters.token.code_verifier",
    );
    refused(
        "Accept = \"application/json\"",
        "Authorization = \"x\"",
        "client.headers.Authorization",
    );
    refused(
        "Accept = \"application/json\"",
        "\"Bad Name\" = \"x\"",
        "client.headers.Bad Name",
    );
    refused(
        "Accept = \"application/json\"",
        "Accept = \"a\\nb\"",
        "client.headers.Accept",
    );
    refused(
        "Acme-Account = \"{account}\"",
        "Acme-Account = \"{client_secret}\"",
        "api.headers.Acme-Account",
    );
    refused(
        "scheme = \"Acme-oauthtoken\"",
        "scheme = \"Two words\"",
        "api.scheme",
    );
    refused("scheme = \"Acme-oauthtoken\"", "header = \"X Key\"", "api.header");
}

#[test]
fn p22_calls_and_revocation() {
    refused(
        "userinfo = \"{region.api}/v1/me?account={account}\"",
        "",
        "identity.call.url",
    );
    refused("method = \"POST\"", "method = \"GET\"", "revoke.call.body");
    refused("style = \"call\"", "style = \"rfc7009\"", "revoke.call");
    refused("style = \"call\"", "style = \"none\"", "revoke.call");
    refused(
        "body = { token = \"{refresh_token}\" }",
        "body = { token = \"{token}\" }",
        "revoke.call.body.token",
    );
    refused("url = \"{region.api}/v1/ping\"", "success = []", "verify.success");
    refused(
        "url = \"{region.api}/v1/ping\"",
        "headers = { Cookie = \"x\" }",
        "verify.headers.Cookie",
    );
    refused(
        "url = \"{region.api}/v1/revoke/{client_id}\"\n",
        "",
        "revoke.call.url",
    );
}

#[test]
fn p22_regions_match_their_field_and_make_urls() {
    refused("field = \"area\"", "field = \"client_id\"", "regions.field");
    refused("[regions.values.eu]", "[regions.values.fe]", "regions.values");
    refused(
        "\"https://api.acme-eu.example\"",
        "\"https://user@api.acme-eu.example\"",
        "endpoints.userinfo",
    );
    refused(
        "\"https://api.acme-eu.example\"",
        "\"api.acme-eu.example\"",
        "endpoints.userinfo",
    );
    refused(
        "api = \"https://api.acme-eu.example\"",
        "ads = \"https://x.example\"",
        "endpoints.userinfo",
    );
}
