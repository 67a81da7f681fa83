use super::catalogue::{Catalogue, Kind, Reference, Table};
use super::{TABLES, postgres, sqlite};
use crate::fixture;

/// Rows that are found before their tenant is known: the hash of a 256-bit secret, and the operator's name of a tenant.
const UNIQUE_ACROSS_TENANTS: [(&str, &str); 5] = [
    ("callers", "key_hash"),
    ("connect_sessions", "token_hash"),
    ("flows", "state_hash"),
    ("operators", "key_hash"),
    ("tenants", "external_id"),
];

/// The references that may leave the tenant: to an integration of the installation.
const OUT_OF_THE_TENANT: [&str; 3] = ["connect_sessions", "connections", "flows"];

async fn both() -> [(&'static str, Catalogue); 2] {
    let (file, server) = (fixture::file().await, fixture::postgres().await);
    [
        ("sqlite", sqlite::catalogue(&file)),
        ("postgres", postgres::catalogue(&server).await),
    ]
}

#[tokio::test]
async fn both_databases_have_the_same_schema() {
    let [(_, one), (_, other)] = both().await;
    let names: Vec<&String> = one.keys().collect();
    assert_eq!(names, other.keys().collect::<Vec<_>>());
    for (name, table) in &one {
        assert_eq!(table, &other[name], "{name}");
    }
    let mut expected: Vec<&str> = TABLES.iter().map(|(name, _)| *name).collect();
    expected.sort_unstable();
    assert_eq!(names, expected);
}

#[tokio::test]
async fn w10_tenant_comes_first_in_every_key() {
    for (database, tables) in both().await {
        let mut exceptions = Vec::new();
        for (name, table) in &tables {
            assert_eq!(table.primary_key[0], "tenant_id", "{database}: {name}");
            let parts = table.primary_key.len();
            assert!(parts > 1 || name == "tenants", "{database}: {name}");
            assert_eq!(table.columns["tenant_id"].kind, Kind::Id);
            for key in &table.unique {
                match key.as_slice() {
                    [first, ..] if first == "tenant_id" => {}
                    [only] => exceptions.push((name.as_str(), only.as_str())),
                    more => panic!("{database}: {name} {more:?}"),
                }
            }
        }
        assert_eq!(exceptions, UNIQUE_ACROSS_TENANTS, "{database}");
    }
}

#[tokio::test]
async fn thr_2_references_stay_in_their_tenant_but_for_shared_integrations() {
    for (database, tables) in both().await {
        let mut exceptions = Vec::new();
        for (name, table) in &tables {
            let to_tenant = table
                .references
                .iter()
                .any(|reference| reference.table == "tenants");
            assert!(to_tenant || name == "tenants", "{database}: {name} has no tenant");
            for reference in &table.references {
                if stays_in_tenant(reference) {
                    continue;
                }
                assert_eq!(reference.columns, ["integration_tenant_id", "integration_id"]);
                assert_eq!(
                    (reference.table.as_str(), reference.to.join(" ")),
                    ("integrations", "tenant_id id".into())
                );
                exceptions.push(name.as_str());
            }
        }
        assert_eq!(exceptions, OUT_OF_THE_TENANT, "{database}");
    }
}

fn stays_in_tenant(reference: &Reference) -> bool {
    reference.columns[0] == "tenant_id" && reference.to[0] == "tenant_id"
}

#[tokio::test]
async fn every_foreign_key_is_indexed() {
    for (database, tables) in both().await {
        for (name, table) in &tables {
            for reference in &table.references {
                assert!(
                    is_indexed(table, reference),
                    "{database}: {name} {:?}",
                    reference.columns
                );
            }
        }
    }
}

fn is_indexed(table: &Table, reference: &Reference) -> bool {
    table
        .indexes
        .iter()
        .any(|index| index.starts_with(&reference.columns))
}

#[tokio::test]
async fn w7_bytes_lie_where_secrets_do_and_nowhere_else() {
    for (database, tables) in both().await {
        for (name, expected) in TABLES {
            let bytes: Vec<&str> = tables[name]
                .columns
                .iter()
                .filter(|(_, column)| column.kind == Kind::Bytes)
                .map(|(name, _)| name.as_str())
                .collect();
            assert_eq!(bytes, expected, "{database}: {name}");
        }
    }
}

#[tokio::test]
async fn thr_1_row_level_security_is_forced_on_every_table() {
    let server = fixture::postgres().await;
    // Nothing of a tenant is in it, and only the owner may write it.
    assert_eq!(postgres::unforced(&server).await, ["__diesel_schema_migrations"]);
}
