//! SQLite's catalogue.

use super::catalogue::{Catalogue, Column, Kind, Reference, Table};
use crate::fixture::Fixture;
use diesel::prelude::{Connection as _, QueryableByName, RunQueryDsl as _};
use diesel::sql_types::{BigInt, Bool, Text};
use diesel::{SqliteConnection, sql_query};
use std::collections::BTreeMap;

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    sql: String,
}

#[derive(QueryableByName)]
struct ColumnInfo {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text, column_name = "type")]
    kind: String,
    #[diesel(sql_type = Bool)]
    notnull: bool,
}

#[derive(QueryableByName)]
struct IndexInfo {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Bool, column_name = "unique")]
    is_unique: bool,
    #[diesel(sql_type = Text)]
    origin: String,
    #[diesel(sql_type = Bool)]
    partial: bool,
}

#[derive(QueryableByName)]
struct IndexColumn {
    #[diesel(sql_type = Text)]
    name: String,
}

#[derive(QueryableByName)]
struct ForeignKey {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Text, column_name = "table")]
    target: String,
    #[diesel(sql_type = Text, column_name = "from")]
    column: String,
    #[diesel(sql_type = Text)]
    to: String,
    #[diesel(sql_type = Text)]
    on_delete: String,
}

pub fn catalogue(fixture: &Fixture) -> Catalogue {
    let mut c = SqliteConnection::establish(fixture.file().to_str().unwrap()).unwrap();
    let tables: Vec<Name> = sql_query(
        "SELECT name, sql FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_\\_%' ESCAPE '\\' \
         AND name NOT LIKE 'sqlite%'",
    )
    .load(&mut c)
    .unwrap();
    tables
        .into_iter()
        .map(|table| (table.name.clone(), read(&mut c, &table)))
        .collect()
}

fn read(c: &mut SqliteConnection, of: &Name) -> Table {
    assert!(of.sql.ends_with("STRICT"), "{} is not strict", of.name);
    let mut table = Table::default();
    let columns: Vec<ColumnInfo> = sql_query(format!("PRAGMA table_info({})", of.name))
        .load(c)
        .unwrap();
    for column in columns {
        let kind = kind(&of.sql, &column.name, &column.kind);
        let nullable = !column.notnull;
        table.columns.insert(column.name, Column { kind, nullable });
    }
    let indexes: Vec<IndexInfo> = sql_query(format!("PRAGMA index_list({})", of.name))
        .load(c)
        .unwrap();
    for index in indexes {
        let columns: Vec<IndexColumn> = sql_query(format!("PRAGMA index_info({})", index.name))
            .load(c)
            .unwrap();
        let columns: Vec<String> = columns.into_iter().map(|column| column.name).collect();
        if index.origin == "pk" {
            table.primary_key.clone_from(&columns);
        } else if index.is_unique {
            table.unique.insert(columns.clone());
        }
        if !index.partial {
            table.indexes.insert(columns);
        }
    }
    let keys: Vec<ForeignKey> = sql_query(format!("PRAGMA foreign_key_list({})", of.name))
        .load(c)
        .unwrap();
    let mut references: BTreeMap<i64, Reference> = BTreeMap::new();
    for key in keys {
        let reference = references.entry(key.id).or_insert_with(|| Reference {
            columns: Vec::new(),
            table: key.target,
            to: Vec::new(),
            cascades: key.on_delete == "CASCADE",
        });
        reference.columns.push(key.column);
        reference.to.push(key.to);
    }
    table.references = references.into_values().collect();
    table
}

/// An id and a JSON text are told by the check that the table makes on them.
fn kind(sql: &str, column: &str, declared: &str) -> Kind {
    match declared {
        "BLOB" if is_id(sql, column) => Kind::Id,
        "BLOB" => Kind::Bytes,
        "TEXT" if sql.contains(&format!("json_valid({column})")) => Kind::Json,
        "TEXT" => Kind::Text,
        "INTEGER"
            if ["_at", "_before", "_until"]
                .iter()
                .any(|end| column.ends_with(end))
                || column == "at" =>
        {
            Kind::Time
        }
        "INTEGER" => Kind::Integer,
        other => panic!("a column of type {other}"),
    }
}

fn is_id(sql: &str, column: &str) -> bool {
    let begin = format!("{column} BLOB");
    sql.lines()
        .any(|line| line.trim_start().starts_with(&begin) && line.contains("CHECK (length("))
}
