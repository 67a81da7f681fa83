//! What the two roles of the server may do. Their names come from the URLs, so this is not in a migration: it is done
//! anew after each run of them, and takes back what an older version had granted.

use super::Conn;
use diesel::QueryResult;
use diesel::prelude::QueryableByName;
use diesel::sql_types::{Array, BigInt, Text};
use diesel_async::{AsyncConnection as _, RunQueryDsl as _, SimpleAsyncConnection as _};

/// A table, and what the app role and the system role may do with it.
const TABLES: [(&str, &str, &str); 16] = [
    ("tenants", "SELECT", "SELECT, INSERT"),
    ("users", "SELECT, INSERT, UPDATE, DELETE", ""),
    ("operators", "SELECT, INSERT, UPDATE", "SELECT"),
    ("callers", "SELECT, INSERT, UPDATE", "SELECT"),
    (
        "integrations",
        "SELECT, INSERT, UPDATE, DELETE",
        "SELECT, UPDATE (state, reason, updated_at)",
    ),
    ("connections", "SELECT, INSERT, UPDATE, DELETE", ""),
    ("credential_slots", "SELECT, INSERT, UPDATE, DELETE", ""),
    ("access_tokens", "SELECT, INSERT, UPDATE, DELETE", ""),
    ("attempts", "SELECT, INSERT, UPDATE", ""),
    ("connect_sessions", "SELECT, INSERT, UPDATE, DELETE", "SELECT"),
    ("flows", "SELECT, INSERT, UPDATE, DELETE", "SELECT"),
    ("data_keys", "SELECT, INSERT, UPDATE", ""),
    ("data_key_wraps", "SELECT, INSERT, DELETE", ""),
    ("audit", "SELECT, INSERT", "INSERT"),
    ("idempotency_keys", "SELECT, INSERT, UPDATE, DELETE", ""),
    ("__diesel_schema_migrations", "SELECT", "SELECT"),
];

/// The policy that lets the system role see every tenant, in a transaction that says that it is the system's.
const POLICY: &str = "by_system";

pub(super) async fn give(conn: &mut Conn, app: &str, system: &str) -> QueryResult<()> {
    let statements = statements(app, system, has_policies(conn, system).await?);
    conn.transaction(async |c| c.batch_execute(&statements.join("; ")).await)
        .await
}

fn statements(app: &str, system: &str, has_policies: bool) -> Vec<String> {
    let names = format!("{}, {}", literal(app), literal(system));
    let (app, system) = (quote(app), quote(system));
    let mut all = vec![format!(
        "DO $$ DECLARE name text; BEGIN FOREACH name IN ARRAY ARRAY[{names}] LOOP \
         EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', current_schema(), name); END LOOP; END $$"
    )];
    for (table, by_app, by_system) in TABLES {
        // Nobody takes anything from the owner, not even the owner.
        all.push(format!(
            "DO $$ DECLARE name text; BEGIN \
             FOREACH name IN ARRAY ARRAY[{names}] LOOP \
             IF name <> current_user THEN EXECUTE format('REVOKE ALL ON {table} FROM %I', name); END IF; \
             END LOOP; END $$"
        ));
        all.push(format!("GRANT {by_app} ON {table} TO {app}"));
        if !by_system.is_empty() {
            all.push(format!("GRANT {by_system} ON {table} TO {system}"));
        }
        if !by_system.is_empty() && !has_policies && !table.starts_with("__") {
            all.push(format!("DROP POLICY IF EXISTS {POLICY} ON {table}"));
            all.push(format!(
                "CREATE POLICY {POLICY} ON {table} TO {system} \
                 USING ((SELECT current_setting('app.scope', true) = 'system'))"
            ));
        }
    }
    all
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// Whether the policies are there for this role already. Making them anew would lock each table for a moment.
async fn has_policies(conn: &mut Conn, system: &str) -> QueryResult<bool> {
    let tables: Vec<&str> = policed().collect();
    let found: Count = diesel::sql_query(
        "SELECT count(*) AS count FROM pg_policies WHERE schemaname = current_schema() AND policyname = $1 \
         AND roles = ARRAY[$2]::name[] AND tablename = ANY($3)",
    )
    .bind::<Text, _>(POLICY)
    .bind::<Text, _>(system)
    .bind::<Array<Text>, _>(&tables)
    .get_result(conn)
    .await?;
    Ok(usize::try_from(found.count) == Ok(tables.len()))
}

fn policed() -> impl Iterator<Item = &'static str> {
    TABLES
        .iter()
        .filter(|(table, _, by_system)| !by_system.is_empty() && !table.starts_with("__"))
        .map(|(table, _, _)| *table)
}

/// An identifier, quoted.
fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text, quoted.
fn literal(name: &str) -> String {
    format!("'{}'", name.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_roles_cannot_break_out_of_their_quotes() {
        assert_eq!(quote("we\"ird; drop"), "\"we\"\"ird; drop\"");
        assert_eq!(literal("o'brien"), "'o''brien'");
    }

    #[test]
    fn system_role_never_touches_tokens_or_keys() {
        for (table, _, by_system) in TABLES {
            let secret = [
                "connections",
                "credential_slots",
                "access_tokens",
                "data_keys",
                "data_key_wraps",
            ];
            assert!(!secret.contains(&table) || by_system.is_empty(), "{table}");
        }
    }
}
