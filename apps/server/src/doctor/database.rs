//! The database: its answer, schema, roles and clock.

use super::{Finding, causes};
use crate::health::{CLOCK_WARN, apart};
use coffer_core::ports::StoreHealth as _;
use coffer_core::{Clock as _, SystemClock};
use coffer_store::{RoleReport, SchemaState, Store};
use std::time::Duration;
use tokio::time::Instant;

/// From here on tokens die, or live, at the wrong time.
const CLOCK_FAIL: Duration = Duration::from_secs(60);

/// Looks, and answers whether the schema is what this version needs.
pub(super) async fn look(store: &Store, findings: &mut Vec<Finding>) -> bool {
    let began = Instant::now();
    match store.ping().await {
        Ok(theirs) => {
            let took = began.elapsed();
            findings.push(Finding::ok(
                "database",
                format!("answered in {} ms", took.as_millis()),
            ));
            findings.push(clock(apart(SystemClock.now(), theirs).saturating_sub(took)));
        }
        Err(error) => findings.push(Finding::fail(
            "database",
            causes(&error),
            "see that it runs and can be reached",
        )),
    }
    let current = schema(store, findings).await;
    if current {
        roles(store, findings).await;
    }
    current
}

fn clock(apart: Duration) -> Finding {
    let found = format!("{} s from the database's", apart.as_secs());
    let todo = "set both clocks by NTP: leases run by the database's, tokens by this machine's";
    if apart > CLOCK_FAIL {
        Finding::fail("clock", found, todo)
    } else if apart > CLOCK_WARN {
        Finding::warn("clock", found, todo)
    } else {
        Finding::ok("clock", found)
    }
}

async fn schema(store: &Store, findings: &mut Vec<Finding>) -> bool {
    let state = store.schema_state().await;
    let current = matches!(state, Ok(SchemaState::Current));
    findings.push(match state.and_then(SchemaState::require_current) {
        Ok(()) => Finding::ok("schema", "what this version needs"),
        Err(error) => Finding::fail(
            "schema",
            causes(&error),
            "run `coffer-server migrate`, with the right version",
        ),
    });
    current
}

async fn roles(store: &Store, findings: &mut Vec<Finding>) {
    match store.roles().await {
        Ok(None) => findings.push(Finding::ok(
            "roles",
            "SQLite has none; the repository and the envelopes isolate tenants",
        )),
        Ok(Some(roles)) => {
            findings.push(app_role(&roles.app));
            findings.push(system_role(&roles.app, &roles.system));
            findings.push(row_security(&roles.unguarded));
        }
        Err(error) => findings.push(Finding::fail(
            "roles",
            causes(&error),
            "see that the database answers",
        )),
    }
}

fn row_security(unguarded: &[String]) -> Finding {
    let check = "row-level security";
    if unguarded.is_empty() {
        return Finding::ok(check, "enabled and forced for every table");
    }
    Finding::fail(
        check,
        format!("not enabled, or not forced, for {}", unguarded.join(", ")),
        "as the tables' owner: ALTER TABLE ... ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY; then find out who \
         switched it off",
    )
}

fn app_role(role: &RoleReport) -> Finding {
    let check = "role app";
    if role.superuser || role.bypasses_row_security {
        let found = format!("{} is not bound by row-level security", role.name);
        return Finding::warn(
            check,
            found,
            "good for trying out only: use a role without SUPERUSER and BYPASSRLS",
        );
    }
    if role.owns_tables {
        let found = format!(
            "{} owns the tables: it could switch row-level security off",
            role.name
        );
        return Finding::warn(
            check,
            found,
            "set COFFER_DATABASE_OWNER_URL to another role, and migrate as that",
        );
    }
    Finding::ok(
        check,
        format!("{} owns nothing, and row-level security binds it", role.name),
    )
}

fn system_role(app: &RoleReport, system: &RoleReport) -> Finding {
    let check = "role system";
    if system.name == app.name {
        let found = format!("{} serves requests, too", system.name);
        return Finding::warn(
            check,
            found,
            "set COFFER_DATABASE_SYSTEM_URL to a role of its own",
        );
    }
    if system.superuser {
        return Finding::warn(
            check,
            format!("{} is a superuser", system.name),
            "BYPASSRLS is enough",
        );
    }
    Finding::ok(check, format!("{} is apart from {}", system.name, app.name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Verdict;

    #[test]
    fn a_clock_an_hour_off_fails_and_six_seconds_warn() {
        let verdict = |secs| clock(Duration::from_secs(secs)).verdict;
        assert_eq!(
            [verdict(0), verdict(6), verdict(3600)],
            [Verdict::Ok, Verdict::Warn, Verdict::Fail]
        );
    }

    #[test]
    fn thr_2_a_table_without_row_level_security_fails_by_name() {
        assert_eq!(row_security(&[]).verdict, Verdict::Ok);
        let found = row_security(&["users".into(), "audit".into()]);
        assert_eq!(found.verdict, Verdict::Fail);
        assert!(found.found.contains("users, audit"), "{found:?}");
    }

    #[test]
    fn one_role_for_everything_is_told() {
        let role = RoleReport {
            name: "postgres".into(),
            superuser: true,
            bypasses_row_security: true,
            owns_tables: true,
        };
        assert_eq!(
            (app_role(&role).verdict, system_role(&role, &role).verdict),
            (Verdict::Warn, Verdict::Warn)
        );
        let app = RoleReport {
            name: "app".into(),
            superuser: false,
            bypasses_row_security: false,
            owns_tables: false,
        };
        let system = RoleReport {
            bypasses_row_security: true,
            name: "system".into(),
            ..app.clone()
        };
        assert_eq!(
            (app_role(&app).verdict, system_role(&app, &system).verdict),
            (Verdict::Ok, Verdict::Ok)
        );
    }
}
