//! A second look at the store's database, in which every tenant has a twin: all rows are there twice, the second time
//! with another tenant, and with the same ids, hashes and names. Nothing but a tenant tells the two apart.

use crate::schema::TABLES;
use diesel::connection::SimpleConnection as _;
use diesel::prelude::{Connection as _, QueryableByName, RunQueryDsl as _};
use diesel::sql_types::BigInt;
use diesel::{SqliteConnection, sql_query};

/// Ids begin with the time, and no clock says such a late one.
const FIRST_TWIN: &str = "x'ff'";

/// What the twin of a row has of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Twin {
    /// Every tenant that it names: it is all another tenant's.
    Whole,
    /// Its tenant alone: it is another tenant's, and refers to the same integration, as all may to the installation's.
    Row,
    /// The owner of the integration alone: it is this tenant's, and refers to an integration of another's.
    Reference,
}

/// A connection on which the names of the tables stand for rows and twins. It sees what is committed.
pub struct Twins(SqliteConnection);

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    found: i64,
}

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = diesel::sql_types::Text)]
    name: String,
}

/// The condition that a column names a twin.
pub fn is_twin(column: impl std::fmt::Display) -> String {
    format!("({column} >= {FIRST_TWIN})")
}

impl Twins {
    pub fn open(path: &str, twin: Twin) -> Self {
        let mut connection = SqliteConnection::establish(&format!("file:{path}?mode=ro")).unwrap();
        for (table, _) in TABLES {
            let sql = format!("SELECT name FROM pragma_table_info('{table}')");
            let columns: Vec<Name> = sql_query(sql).load(&mut connection).unwrap();
            let columns: Vec<String> = columns.into_iter().map(|column| column.name).collect();
            let own: Vec<String> = columns.iter().map(|column| twin.column(column)).collect();
            let mut view = format!("SELECT * FROM main.{table}");
            if own != columns {
                view = format!("{view} UNION ALL SELECT {} FROM main.{table}", own.join(", "));
            }
            let sql = format!("CREATE TEMP VIEW {table} AS {view}");
            connection.batch_execute(&sql).unwrap();
        }
        Self(connection)
    }

    pub fn count(&mut self, sql: &str) -> i64 {
        match sql_query(sql).get_result::<Count>(&mut self.0) {
            Ok(count) => count.found,
            Err(error) => panic!("{error}: {sql}"),
        }
    }
}

impl Twin {
    fn column(self, name: &str) -> String {
        let own = match self {
            Self::Whole => name == "tenant_id" || name == "integration_tenant_id",
            Self::Row => name == "tenant_id",
            Self::Reference => name == "integration_tenant_id",
        };
        if own {
            format!("unhex('ff' || substr(hex({name}), 3))")
        } else {
            name.to_owned()
        }
    }
}
