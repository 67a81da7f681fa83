//! Provider files: one broken rule each, and the error that names it.

use coffer_catalog::catalog::parse_provider;
use coffer_catalog::{Catalog, CatalogError};
use coffer_core::ErrorKind;

/// A file that breaks no rule, for each test to break one. Quirks of many providers at once.
const GOOD: &str = r##"
schema = 1
id = "acme"
name = "Acme"
documentation = "https://acme.example/docs"
kind = "oauth2"
hidden = true
unverified = ["The idle lifetime is from a forum."]
notes = ["Ask Acme for access."]

[endpoints]
authorize = "https://{subdomain}.auth.acme.example/authorize"
token = ["https://{tssd}.auth.acme.example/token", "https://{subdomain}.auth.acme.example/token"]
refresh = ["{api_access_point}/oauth/refresh", "https://{subdomain}.auth.acme.example/token"]
userinfo = "{region.api}/v1/me?account={account}"

[client]
authentication = "basic+body"
body = "json"
id_parameter = "client_key"
code_parameter = "spapi_oauth_code"
headers = { Accept = "application/json" }

[parameters.authorize]
access_type = "offline"
resource = "{resources}"

[parameters.token]
expires_in = "1800"

[pkce]
method = "off"
evidence = "https://acme.example/docs#pkce"

[scopes]
separator = ","
parameter = "user_scope"
default = ["read"]
required = ["offline"]

[[captures]]
name = "tssd"
from = "callback"
parameter = "tssd"
kind = "label"

[[captures]]
name = "api_access_point"
from = "token"
pointer = "/api_access_point"
kind = "url"
hosts = ["*.acme.example", "api.acme.example"]
on_refresh = true

[[captures]]
name = "account"
from = "callback"
parameter = "realmId"
kind = "text"
pattern = "[0-9]+"

[response]
access_token = "/authed/access_token"
expires_unit = "ms"
refresh_expires_in = "/refresh_expires_in"
success = { pointer = "/ok", equals = true }

[response.extra_tokens.user]
access_token = "/authed_user/access_token"
refresh_token = "/authed_user/refresh_token"

[[errors]]
status = 403
code = "E1007"
means = "revoked"
hint = "Connect again."

[[errors]]
status = 403
means = "rate"

[rotation]
class = "grace"
grace_seconds = 30
old_access_token = "dies"

[lifetime]
access_token_seconds = 1200
refresh_margin_seconds = 120
minimum_age_seconds = 30
refresh_idle_seconds = 5184000
refresh_absolute_seconds = 31536000
live_refresh_tokens = 10
mint_budget = { count = 30, per_seconds = 3600 }

[api]
scheme = "Acme-oauthtoken"
headers = { Acme-Account = "{account}", Acme-Client = "{client_id}" }

[identity]
subject = "/data/id"

[identity.call]

[verify]
url = "{region.api}/v1/ping"

[revoke]
style = "call"

[revoke.call]
method = "POST"
url = "{region.api}/v1/revoke/{client_id}"
auth = "client_basic"
body = { token = "{refresh_token}" }

[regions]
field = "area"

[regions.values.na]
api = "https://api.acme.example"

[regions.values.eu]
api = "https://api.acme-eu.example"

[[fields]]
name = "client_id"
type = "text"
label = "Client ID"
required = true
pattern = "[a-z0-9]+"
example = "abc1"

[[fields]]
name = "client_secret"
type = "secret"
label = "Client secret"
required_unless = { field = "public", is = true }

[[fields]]
name = "public"
type = "bool"
label = "Public client"
default = false

[[fields]]
name = "subdomain"
type = "text"
label = "Subdomain"
required = true

[[fields]]
name = "resources"
type = "list"
label = "Resources"

[[fields]]
name = "scopes"
type = "list"
label = "Scopes"

[[fields]]
name = "area"
type = "enum"
label = "Region"
default = "na"
choices = [{ value = "na", label = "North America" }, { value = "eu", label = "Europe" }]
"##;

/// Replaces `from`, which has to be there, and gives the problems as text.
fn problems(from: &str, to: &str) -> String {
    assert!(GOOD.contains(from), "the good file has no {from}");
    let error = parse_provider("acme.toml", &GOOD.replacen(from, to, 1)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    let CatalogError::Invalid { file, problems } = &error else {
        panic!("{from} -> {to}: {error:?}")
    };
    assert_eq!(file, "acme.toml");
    assert!(
        problems
            .iter()
            .all(|problem| !problem.hint.is_empty() && !problem.message.is_empty())
    );
    assert!(error.to_string().starts_with("acme.toml: "), "{error}");
    error.to_string()
}

/// Asserts that the broken file is refused with a problem at this member.
fn refused(from: &str, to: &str, member: &str) {
    let text = problems(from, to);
    assert!(
        text.contains(&format!("{member}: ")),
        "{from} -> {to}: expected {member}, got {text}"
    );
}

/// Asserts that the broken file is not even read, and that the error names the member or value.
fn unreadable(from: &str, to: &str, named: &str) {
    assert!(GOOD.contains(from), "the good file has no {from}");
    let error = parse_provider("acme.toml", &GOOD.replacen(from, to, 1)).unwrap_err();
    let CatalogError::Parse { file, source } = error else {
        panic!("{from} -> {to}: {error:?}")
    };
    assert_eq!(file, "acme.toml");
    assert!(source.to_string().contains(named), "{source}");
}

#[test]
fn p22_every_quirk_of_the_schema_fits_in_one_file() {
    let provider = parse_provider("acme.toml", GOOD).unwrap();
    assert_eq!(provider.scopes.join(&["a".into(), "b".into()]), "a,b");
    assert_eq!(provider.api.prefix(), "Acme-oauthtoken ");
    assert_eq!(provider.rotation.grace().as_secs(), 30);
    assert_eq!(
        provider.response.extra_tokens["user"].access_token.as_str(),
        "/authed_user/access_token"
    );
}

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
fn p22_settings_name_a_field_with_a_closed_set_of_known_values() {
    let class = "class = \"grace\"\ngrace_seconds = 30";
    refused(
        class,
        "class = { field = \"nothing\", default = \"static\" }",
        "rotation.class",
    );
    refused(
        class,
        "class = { field = \"client_id\", default = \"static\" }",
        "rotation.class",
    );
    refused(
        class,
        "class = { field = \"area\", default = \"static\" }",
        "rotation.class",
    );
    let subject = "subject = \"/data/id\"";
    refused(
        subject,
        "subject = { field = \"client_id\", default = \"/sub\" }",
        "identity.subject",
    );
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

#[test]
fn p2_fields_of_the_form() {
    refused("name = \"resources\"", "name = \"scopes\"", "fields.scopes");
    refused("name = \"public\"", "name = \"state\"", "fields.state");
    refused("name = \"public\"", "name = \"Public\"", "fields.Public");
    refused("label = \"Resources\"", "label = \"\"", "fields.resources.label");
    refused(
        "label = \"Resources\"",
        "label = \"R\"\ngroup = \"A b\"",
        "fields.resources.group",
    );
    refused(
        "label = \"Client secret\"",
        "label = \"S\"\nexample = \"hunter2\"",
        "fields.client_secret",
    );
    refused(
        "type = \"secret\"",
        "type = \"text\"",
        "fields.client_secret.type",
    );
    refused("required = true\npattern", "pattern", "fields.client_id");
    refused(
        "pattern = \"[a-z0-9]+\"",
        "pattern = \"[a-z0-9\"",
        "fields.client_id.pattern",
    );
    refused(
        "example = \"abc1\"",
        "example = \"ABC\"",
        "fields.client_id.pattern",
    );
    refused("default = false", "default = \"no\"", "fields.public.default");
    refused("default = \"na\"", "default = \"xx\"", "fields.area.default");
    refused(
        "default = \"na\"",
        "required = true\ndefault = \"na\"",
        "fields.area.default",
    );
    refused(
        "field = \"public\", is = true",
        "field = \"public\", is = \"yes\"",
        "fields.client_secret.required_unless",
    );
    refused(
        "field = \"public\", is = true",
        "field = \"client_secret\", is = \"x\"",
        "fields.client_secret.required_unless",
    );
    refused(
        "{ value = \"eu\", label = \"Europe\" }",
        "{ value = \"na\", label = \"Europe\" }",
        "fields.area.choices",
    );
    refused(
        "label = \"Resources\"",
        "label = \"R\"\nchoices = [{ value = \"a\", label = \"A\" }]",
        "fields.resources.choices",
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

#[test]
fn p22_a_file_of_the_operator_adds_or_replaces_a_provider() {
    let catalog = Catalog::with_overrides([("acme.toml", GOOD)]).unwrap();
    assert_eq!(catalog.iter().count(), 6);
    assert_eq!(catalog.visible().count(), 5, "acme is hidden");
    let replaced = GOOD.replacen("id = \"acme\"", "id = \"github\"", 1);
    let catalog = Catalog::with_overrides([("mine.toml", replaced)]).unwrap();
    assert_eq!(catalog.find("github").unwrap().name, "Acme");
    assert_eq!(catalog.iter().count(), 5);
    assert!(catalog.find("No Such").is_none());
}

#[test]
fn p22_two_files_of_one_provider_are_refused() {
    let error = Catalog::with_overrides([("a.toml", GOOD), ("b.toml", GOOD)]).unwrap_err();
    assert_eq!(
        (error.code(), error.file(), error.kind()),
        ("provider_duplicate", "b.toml", ErrorKind::Conflict)
    );
    assert!(error.to_string().contains("a.toml"));
}
