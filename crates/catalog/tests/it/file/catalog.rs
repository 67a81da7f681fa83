//! The set of files.

use super::GOOD;
use coffer_catalog::Catalog;
use coffer_catalog::catalog::parse_provider;
use coffer_core::ErrorKind;

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
