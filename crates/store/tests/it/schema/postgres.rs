//! PostgreSQL's catalogue.

use super::catalogue::{Catalogue, Column, Kind, Reference};
use crate::fixture::Fixture;
use crate::raw;
use tokio_postgres::Client;

const COLUMNS: &str = "SELECT table_name::text, column_name::text, data_type::text, is_nullable = 'YES' \
    FROM information_schema.columns WHERE table_schema = 'public' AND table_name NOT LIKE '\\_\\_%'";

const INDEXES: &str = "SELECT t.relname::text, i.indisunique, i.indisprimary, i.indpred IS NULL, \
    ARRAY(SELECT a.attname::text FROM unnest(i.indkey) WITH ORDINALITY k(n, o) \
          JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.n ORDER BY k.o) \
    FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid \
    WHERE t.relnamespace = 'public'::regnamespace AND t.relname NOT LIKE '\\_\\_%'";

const REFERENCES: &str = "SELECT t.relname::text, f.relname::text, c.confdeltype::text = 'c', \
    ARRAY(SELECT a.attname::text FROM unnest(c.conkey) WITH ORDINALITY k(n, o) \
          JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.n ORDER BY k.o), \
    ARRAY(SELECT a.attname::text FROM unnest(c.confkey) WITH ORDINALITY k(n, o) \
          JOIN pg_attribute a ON a.attrelid = f.oid AND a.attnum = k.n ORDER BY k.o) \
    FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid JOIN pg_class f ON f.oid = c.confrelid \
    WHERE c.contype = 'f'";

pub async fn catalogue(fixture: &Fixture) -> Catalogue {
    let client = raw::connect(fixture.database().superuser_url()).await;
    let mut tables = Catalogue::new();
    for row in client.query(COLUMNS, &[]).await.unwrap() {
        let column = Column {
            kind: kind(row.get(2)),
            nullable: row.get(3),
        };
        let table = tables.entry(row.get(0)).or_default();
        table.columns.insert(row.get(1), column);
    }
    indexes(&client, &mut tables).await;
    for row in client.query(REFERENCES, &[]).await.unwrap() {
        let table: String = row.get(0);
        tables.get_mut(&table).unwrap().references.insert(Reference {
            table: row.get(1),
            cascades: row.get(2),
            columns: row.get(3),
            to: row.get(4),
        });
    }
    tables
}

async fn indexes(client: &Client, tables: &mut Catalogue) {
    for row in client.query(INDEXES, &[]).await.unwrap() {
        let name: String = row.get(0);
        let table = tables.get_mut(&name).unwrap();
        let (unique, primary, whole): (bool, bool, bool) = (row.get(1), row.get(2), row.get(3));
        let columns: Vec<String> = row.get(4);
        if primary {
            table.primary_key.clone_from(&columns);
        } else if unique {
            table.unique.insert(columns.clone());
        }
        if whole {
            table.indexes.insert(columns);
        }
    }
}

fn kind(data_type: &str) -> Kind {
    match data_type {
        "uuid" => Kind::Id,
        "bytea" => Kind::Bytes,
        "text" => Kind::Text,
        "jsonb" => Kind::Json,
        "timestamp with time zone" => Kind::Time,
        "bigint" | "integer" => Kind::Integer,
        other => panic!("a column of type {other}"),
    }
}

/// The tables on which row-level security is not forced, or which have no policy.
pub async fn unforced(fixture: &Fixture) -> Vec<String> {
    let client = raw::connect(fixture.database().superuser_url()).await;
    let rows = client
        .query(
            "SELECT relname::text FROM pg_class c WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') \
             AND NOT (relrowsecurity AND relforcerowsecurity \
             AND EXISTS (SELECT 1 FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = 'by_tenant'))",
            &[],
        )
        .await
        .unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}
