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

impl Backend {
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
