//! What `doctor` wants to know of the roles.

use super::{Backend, Conn};
use crate::error::translate;
use crate::store::RoleReport;
use coffer_core::StoreError;
use diesel::prelude::QueryableByName;
use diesel::sql_types::{BigInt, Bool, Text};
use diesel_async::RunQueryDsl as _;

#[derive(QueryableByName)]
struct Role {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Bool)]
    superuser: bool,
    #[diesel(sql_type = Bool)]
    bypasses: bool,
    #[diesel(sql_type = BigInt)]
    owned: i64,
}

const ROLE: &str = "SELECT rolname::text AS name, rolsuper AS superuser, rolsuper OR rolbypassrls AS bypasses, \
                    (SELECT count(*) FROM pg_class WHERE relowner = pg_roles.oid AND relkind = 'r' \
                    AND relnamespace = current_schema()::regnamespace) AS owned \
                    FROM pg_roles WHERE rolname = current_user";

#[derive(QueryableByName)]
struct Table {
    #[diesel(sql_type = Text)]
    name: String,
}

/// The migrations' own table holds nothing of anybody.
const UNGUARDED: &str = "SELECT relname::text AS name FROM pg_class WHERE relkind IN ('r', 'p') \
                         AND relnamespace = current_schema()::regnamespace \
                         AND relname <> '__diesel_schema_migrations' \
                         AND NOT (relrowsecurity AND relforcerowsecurity) ORDER BY 1";

impl Backend {
    /// The tables whose rows anybody with a grant sees, or their owner.
    pub(crate) async fn unguarded_tables(&self) -> Result<Vec<String>, StoreError> {
        let mut app = self.app().await?;
        let tables: Vec<Table> = diesel::sql_query(UNGUARDED)
            .load(app.get())
            .await
            .map_err(translate)?;
        app.give_back();
        Ok(tables.into_iter().map(|table| table.name).collect())
    }

    /// The app role and the system role.
    pub(crate) async fn roles(&self) -> Result<(RoleReport, RoleReport), StoreError> {
        let mut app = self.app().await?;
        let mut system = self.system().await?;
        let reports = (report(app.get()).await?, report(system.get()).await?);
        app.give_back();
        system.give_back();
        Ok(reports)
    }
}

async fn report(conn: &mut Conn) -> Result<RoleReport, StoreError> {
    let role: Role = diesel::sql_query(ROLE)
        .get_result(conn)
        .await
        .map_err(translate)?;
    Ok(RoleReport {
        name: role.name,
        superuser: role.superuser,
        bypasses_row_security: role.bypasses,
        owns_tables: role.owned > 0,
    })
}
