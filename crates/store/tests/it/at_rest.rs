//! What whoever steals the database finds in it.

use crate::account::{Account, OPERATOR};
use crate::fixture::{self, Fixture};
use crate::raw;
use crate::schema::TABLES;
use coffer_core::audit::AuditVerb;
use coffer_core::bearer::BearerKind;
use coffer_core::connection::Revocation;
use coffer_core::id::TenantId;
use coffer_core::ports::{LeaseAnswer, RevokeEnd};
use coffer_core::secret::ExposeSecret as _;
use coffer_core::testing::fixture as make;
use coffer_core::{Sealed, SecretHash, SystemRandom};
use std::time::Duration;

/// Stores a caller and an operator, of whose keys only hashes are handed over, and answers with keys and hashes.
async fn holders_of_keys(fixture: &Fixture) -> (Vec<String>, Vec<SecretHash>) {
    let stores = fixture.stores();
    let tenant = crate::account::new_tenant(stores).await;
    let keys: Vec<String> = (0..2)
        .map(|_| {
            BearerKind::ApiKey
                .generate(&SystemRandom)
                .expose_secret()
                .to_owned()
        })
        .collect();
    let (mut caller, mut operator) = (make::caller(tenant), make::operator());
    caller.key_hint = keys[0][keys[0].len() - 4..].to_owned();
    operator.key_hint = keys[1][keys[1].len() - 4..].to_owned();
    let audit = make::audit(tenant, AuditVerb::CallerCreate);
    let scope = crate::account::scope(tenant);
    stores.callers.create(&scope, &caller, &audit).await.unwrap();
    let audit = make::audit(TenantId::INSTALLATION, AuditVerb::OperatorCreate);
    stores
        .callers
        .create_operator(&OPERATOR, &operator, &audit)
        .await
        .unwrap();
    (keys, vec![caller.key_hash, operator.key_hash])
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

fn files(fixture: &Fixture) -> Vec<u8> {
    let folder = fixture.file().parent().unwrap().to_owned();
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        all.extend(std::fs::read(entry.unwrap().path()).unwrap());
    }
    all
}

#[tokio::test]
async fn thr_9_sqlite_files_and_log_hold_hashes_of_keys_and_no_keys() {
    let fixture = fixture::file().await;
    let (keys, hashes) = holders_of_keys(&fixture).await;
    let all = files(&fixture);
    for (key, hash) in keys.iter().zip(&hashes) {
        assert!(contains(&all, &hash.0), "the scan finds what is there");
        assert!(!contains(&all, key.as_bytes()));
    }
}

#[tokio::test]
async fn thr_9_postgres_rows_hold_hashes_of_keys_and_no_keys() {
    let fixture = fixture::postgres().await;
    let (keys, hashes) = holders_of_keys(&fixture).await;
    let client = raw::connect(fixture.database().superuser_url()).await;
    let mut all = String::new();
    for (table, _) in TABLES {
        let rows = format!("SELECT coalesce(string_agg(t::text, ' '), '') FROM {table} t");
        all += client.query_one(&rows, &[]).await.unwrap().get(0);
    }
    for (key, hash) in keys.iter().zip(&hashes) {
        assert!(all.contains(&hex(&hash.0)), "the scan finds what is there");
        assert!(!all.contains(key) && !all.contains(&hex(key.as_bytes())));
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Even sealed, a token that was revoked is not left lying in free pages of the file.
#[tokio::test]
async fn thr_9_shredded_tokens_are_overwritten_in_the_file() {
    let fixture = fixture::file().await;
    let stores = fixture.stores();
    let canary = b"a sealed refresh token that is to be shredded".repeat(3);
    let account = Account::holding(stores, Sealed::from_envelope(canary.clone())).await;
    assert!(contains(&files(&fixture), &canary));
    let audit = make::audit(account.scope.tenant(), AuditVerb::ConnectionDisconnect);
    let gone = stores
        .connections
        .disconnect(&account.scope, account.id, make::time(6), &audit);
    assert!(gone.await.unwrap());
    let (ttl, at) = (Duration::from_secs(60), make::time(7));
    let lease = stores
        .connections
        .lease_for_revoke(&account.scope, account.slot.id, make::replica(), ttl, at)
        .await;
    let LeaseAnswer::Granted { slot, .. } = lease.unwrap() else {
        panic!("no lease");
    };
    let end = RevokeEnd {
        connection: account.id,
        slot: slot.id,
        epoch: slot.epoch,
        attempt: None,
        revocation: Revocation::Done,
        reason: None,
        at,
    };
    let audit = make::audit(account.scope.tenant(), AuditVerb::OAuthRevoke);
    stores
        .connections
        .end_revoke(&account.scope, &end, &audit)
        .await
        .unwrap();
    truncate_log(&fixture);
    assert!(!contains(&files(&fixture), &canary));
}

/// Moves everything from the write-ahead log into the file, as SQLite does by itself in time.
fn truncate_log(fixture: &Fixture) {
    use diesel::connection::{Connection as _, SimpleConnection as _};
    let path = fixture.file();
    let mut raw = diesel::SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    raw.batch_execute("PRAGMA busy_timeout = 5000; PRAGMA wal_checkpoint(TRUNCATE)")
        .unwrap();
}
