//! Every condition on a tenant, in the statements that the contract of the ports runs on SQLite: deleted, it would show
//! or change another tenant's row, or be missed in a list.
//!
//! The contract is walked through on SQLite, where no second net hides what a statement forgets. Each time, just before a
//! statement runs, its choice of rows is made on the same database with twins of all tenants: it must choose no row of a
//! twin. Then each of its conditions on a tenant is deleted: at least once, now it must; where others say the same, when
//! all those of its table go. One of these that is deleted alone from the source is missed by number, in
//! `predicates/statements.txt`, and so are statements that are new, or run no more.
//!
//! Not seen here: what the contract does not run, and what only PostgreSQL has. That is the `lock_*` functions of
//! `postgres.rs` (SQLite's own are seen), the text that a lane prepares (made of the same constants as the view of a
//! token, which is seen), and the statements of `queries/` as diesel writes them for PostgreSQL. Those are held by
//! row-level security (`row_security.rs`) and by the contract on PostgreSQL.

mod listed;
mod statement;
mod tap;
mod twins;

use crate::account::Account;
use crate::fixture::{Fixture, Place};
use crate::schema::TABLES;
use coffer_core::page::PageRequest;
use coffer_core::ports::ConnectionFilter;
use coffer_store::{Database, StoreConfig};
use futures_util::future::LocalBoxFuture;
use listed::Listed;
use statement::{Choice, Predicate, Statement};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use tap::Listen;
use twins::{Twin, Twins, is_twin};

/// The choices that are made before a tenant is known, or above tenants: those of `queries/system.rs`, and no others.
const ABOVE_TENANTS: [&str; 6] = [
    "FROM ( `flows` INNER JOIN `connect_sessions` ON ( ( `connect_sessions`.`tenant_id` = `flows`.`tenant_id` ) AND \
     ( `connect_sessions`.`id` = `flows`.`session_id` ) ) ) WHERE ( `flows`.`state_hash` = ? )",
    "FROM `callers` WHERE ( `callers`.`key_hash` = ? )",
    "FROM `connect_sessions` WHERE ( `connect_sessions`.`token_hash` = ? )",
    "FROM `operators` WHERE ( `operators`.`key_hash` = ? )",
    "FROM `tenants` WHERE ( ( `tenants`.`external_id` = ? ) AND ( `tenants`.`tenant_id` != ? ) )",
    "FROM `tenants` WHERE ( ( `tenants`.`tenant_id` != ? ) AND ( `tenants`.`tenant_id` > ? ) )",
];

/// SQLite's catalogue, and the list of migrations.
const NOT_OURS: [&str; 2] = ["__diesel_schema_migrations", "sqlite_master"];

/// Choices seen, each with its conditions on a tenant, and whether another tenant's row was chosen without it.
#[derive(Default)]
struct Seen {
    choices: BTreeMap<Choice, BTreeMap<Predicate, bool>>,
    above: BTreeSet<String>,
    inserted: BTreeSet<String>,
    listed: Listed,
    faults: BTreeSet<String>,
    looks: BTreeMap<String, [(Twin, Twins); 3]>,
}

const LOOKS: [Twin; 3] = [Twin::Whole, Twin::Row, Twin::Reference];

#[derive(Default)]
struct Watch(Mutex<Seen>);

impl Listen for Watch {
    fn statement(&self, path: &str, sql: &str, values: &str) {
        let mut seen = self.0.lock().unwrap();
        match Statement::parse(sql) {
            Statement::NoTable => {}
            Statement::Inserts { table, columns } => {
                if is_ours(&table) && !columns.contains("tenant_id") {
                    seen.faults.insert(format!("a row without a tenant: {sql}"));
                }
                seen.inserted.insert(table);
            }
            Statement::Chooses(choice, bound) => {
                if !choice
                    .tables()
                    .iter()
                    .all(|(table, _)| NOT_OURS.contains(&table.as_str()))
                {
                    seen.listed.add(sql, &choice);
                    seen.chosen(path, &choice, &tap::literals(values)[bound..]);
                }
            }
        }
    }
}

/// Not the catalogue's, nor the list of migrations.
fn is_ours(table: &str) -> bool {
    TABLES.iter().any(|(name, _)| *name == table)
}

impl Seen {
    fn chosen(&mut self, path: &str, choice: &Choice, values: &[String]) {
        let predicates = choice.predicates();
        let tables = choice.tables();
        let in_tenant = predicates.iter().any(|predicate| predicate.right.is_none());
        if !in_tenant {
            self.above.insert(choice.text());
        }
        for (_, table) in &tables {
            if in_tenant && !predicates.iter().any(|predicate| predicate.is_of(table)) {
                self.faults
                    .insert(format!("{table} is in no tenant: {}", choice.text()));
            }
        }
        let twins = tables
            .iter()
            .map(|(_, table)| is_twin(format!("{table}.tenant_id")))
            .collect::<Vec<_>>();
        // Where no tenant is given, a row of one must not come with a row of another.
        let foreign = twins.join(if in_tenant { " OR " } else { " <> " });
        let looks = self
            .looks
            .entry(path.to_owned())
            .or_insert_with(|| LOOKS.map(|twin| (twin, Twins::open(path, twin))));
        let known = self.choices.entry(choice.clone()).or_default();
        for predicate in predicates {
            let caught = known.entry(predicate.clone()).or_default();
            for (twin, look) in looks.iter_mut() {
                if (*twin == Twin::Reference) != predicate.is_of_reference() {
                    continue;
                }
                let wanted = match twin {
                    Twin::Whole | Twin::Row => foreign.clone(),
                    Twin::Reference => is_twin(&predicate.left),
                };
                // Each time, for other values choose other rows.
                if look.count(&choice.count(values, &[], &wanted)) > 0 {
                    self.faults
                        .insert(format!("chooses rows of another tenant: {}", choice.text()));
                }
                let deletions = choice.deletions(&predicate);
                *caught = *caught
                    || deletions
                        .iter()
                        .any(|deleted| look.count(&choice.count(values, deleted, &wanted)) > 0);
            }
        }
    }
}

/// A store on a file of its own, to whose statements the watch listens.
async fn watched(watch: &Arc<Watch>) -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("coffer.db");
    tap::listen(path.to_str().unwrap(), watch.clone());
    Fixture::open(StoreConfig::new(Database::Sqlite { path }), Place::File(folder)).await
}

type Case = fn(Arc<Watch>) -> LocalBoxFuture<'static, ()>;

macro_rules! cases {
    ($($module:ident { $($case:ident,)* })*) => {
        [$($(
            |watch| Box::pin(async move {
                let fixture = watched(&watch).await;
                coffer_core::testing::contract::$module::$case(fixture.stores()).await;
            }),
        )*)*]
    };
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thr_1_every_condition_on_a_tenant_keeps_another_tenants_rows_out() {
    let watch = Arc::new(Watch::default());
    let cases: &[Case] = &coffer_core::store_contract_cases! { [cases] };
    for case in cases {
        case(Arc::clone(&watch)).await;
    }
    list_by_integration(&watch).await;
    let seen = watch.0.lock().unwrap();
    assert_eq!(seen.faults, BTreeSet::new());
    let above = ABOVE_TENANTS.map(str::to_owned);
    assert_eq!(seen.above, BTreeSet::from(above));
    let ours = TABLES.map(|(table, _)| table.to_owned());
    seen.listed.compare();
    assert!(seen.inserted.is_superset(&BTreeSet::from(ours)));
    for (choice, predicates) in &seen.choices {
        for (predicate, caught) in predicates {
            assert!(
                caught,
                "nothing shows when {predicate} is deleted from: {}",
                choice.text()
            );
        }
    }
}

/// What the contract asks only together with other filters.
async fn list_by_integration(watch: &Arc<Watch>) {
    let fixture = watched(watch).await;
    let account = Account::new(fixture.stores()).await;
    let connections = &fixture.stores().connections;
    let page = PageRequest::default();
    let mut filter = ConnectionFilter::default();
    let all = connections.list(&account.scope, &filter, page).await.unwrap();
    filter.integration = Some(all.items[0].connection.integration.id);
    let found = connections.list(&account.scope, &filter, page).await.unwrap();
    assert_eq!(found.items[0].connection.id, account.id);
}
