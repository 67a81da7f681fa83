use coffer_testkit::layering::{Arrow, RULES, arrows, crates, objection, workspace};

fn arrow(of: &str, on: &str, for_tests: bool) -> Arrow {
    Arrow {
        of: of.to_owned(),
        on: on.to_owned(),
        for_tests,
    }
}

#[test]
fn every_dependency_of_the_workspace_follows_the_table_of_layers() {
    let workspace = workspace(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")).unwrap();
    let objections: Vec<_> = arrows(&workspace).filter_map(|arrow| objection(&arrow)).collect();
    assert!(objections.is_empty(), "{objections:#?}");
}

#[test]
fn the_table_of_layers_has_a_row_for_every_crate_and_for_nothing_else() {
    let workspace = workspace(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")).unwrap();
    let (mut rules, mut found): (Vec<_>, Vec<_>) = (
        RULES.iter().map(|rule| rule.of).collect(),
        crates(&workspace).collect(),
    );
    rules.sort_unstable();
    found.sort_unstable();
    assert_eq!(rules, found);
}

#[test]
fn the_wallet_knows_no_database_and_the_store_no_keys() {
    assert!(objection(&arrow("wallet", "store", false)).is_some());
    assert!(objection(&arrow("wallet", "store", true)).is_none());
    assert!(objection(&arrow("store", "envelope", false)).is_some());
    assert!(objection(&arrow("store", "envelope", true)).is_some());
    assert!(objection(&arrow("core", "wallet", true)).is_some());
}

#[test]
fn a_library_of_one_crate_is_refused_in_another_even_in_its_tests() {
    assert!(objection(&arrow("wallet", "reqwest", false)).is_some());
    assert!(objection(&arrow("server", "diesel", true)).is_some());
    assert!(objection(&arrow("store", "diesel", false)).is_none());
    assert!(objection(&arrow("store", "serde", false)).is_none());
}

#[test]
fn a_crate_without_a_row_is_refused() {
    assert!(objection(&arrow("people", "core", false)).is_some());
}

#[test]
fn no_crate_names_other_cryptography_than_ring() {
    for library in [
        "sha2",
        "hmac",
        "hkdf",
        "aes-gcm",
        "p256",
        "ed25519-dalek",
        "rand",
        "jsonwebtoken",
    ] {
        for for_tests in [false, true] {
            assert!(
                objection(&arrow("envelope", library, for_tests)).is_some(),
                "{library}"
            );
        }
    }
    assert!(objection(&arrow("envelope", "ring", false)).is_none());
    assert!(objection(&arrow("oauth", "openidconnect", false)).is_none());
}
