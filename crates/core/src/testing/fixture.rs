//! Records as they come in real life, for tests. Each call makes another one: ids are of version 7 and grow, names and
//! hashes differ. Sealed bytes are arbitrary: nothing opens them.

use crate::actor::Actor;
use crate::audit::{AuditEntry, AuditVerb};
use crate::caller::{Caller, CallerVerb, Operator};
use crate::connection::{
    AccessToken, Attempt, AttemptKind, Connection, ConnectionState, DEFAULT_AUDIENCE, DEFAULT_SLOT, Reason,
    Revocation, Slot,
};
use crate::data_key::{DataKey, DataKeyPurpose, DataKeyState, KeyWrap};
use crate::failure::FailureCode;
use crate::flow::{ConnectSession, Flow, FlowResult};
use crate::id::{
    AttemptId, AuditId, CallerId, ConnectSessionId, ConnectionId, DataKeyId, FlowId, IntegrationId,
    OperatorId, ReplicaId, SlotId, TenantId, UserId,
};
use crate::idempotency::{IdempotencyKey, KeptAnswer};
use crate::integration::{Integration, IntegrationRef, IntegrationState, TestCheck, TestReport};
use crate::rotation::RotationClass;
use crate::tenant::{Tenant, User};
use crate::{Fingerprint, Sealed, SecretHash, SecureRandom as _, SystemRandom, Timestamp};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use uuid::Uuid;

/// 2026-01-01T00:00:00Z in milliseconds since 1970.
const BASE_MILLIS: u64 = 1_767_225_600_000;

/// A new id of version 7, greater than every one before it.
pub fn id() -> Uuid {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let millis = BASE_MILLIS.saturating_add(COUNT.fetch_add(1, Ordering::SeqCst));
    uuid::Builder::from_unix_timestamp_millis(millis, &random()).into_uuid()
}

/// Seconds after 2026-01-01T00:00:00.123457Z: a time whose microseconds must survive.
pub fn time(secs: u64) -> Timestamp {
    Timestamp::from_unix_micros(1_767_225_600_123_457).plus(Duration::from_secs(secs))
}

/// Sealed bytes that differ from all others.
pub fn sealed() -> Sealed {
    Sealed::from_envelope(random::<96>().to_vec())
}

/// The hash of a secret that nobody has.
pub fn secret_hash() -> SecretHash {
    SecretHash(random())
}

/// A fingerprint that differs from all others.
pub fn fingerprint() -> Fingerprint {
    Fingerprint(random())
}

/// A running server.
pub fn replica() -> ReplicaId {
    ReplicaId::from_uuid(id())
}

/// A text that differs from all others.
pub fn name(prefix: &str) -> String {
    format!("{prefix} {}", Uuid::from_bytes(random()).simple())
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    SystemRandom.fill(&mut bytes);
    bytes
}

/// A customer organisation.
pub fn tenant() -> Tenant {
    Tenant {
        id: TenantId::from_uuid(id()),
        external_id: name("org"),
        name: "Müller & Söhne 有限会社".into(),
        created_at: time(0),
    }
}

/// A person.
pub fn user(tenant: TenantId) -> User {
    User {
        tenant,
        id: UserId::from_uuid(id()),
        external_id: name("user"),
        created_at: time(1),
    }
}

/// An enabled integration with everything set.
pub fn integration(owner: TenantId) -> Integration {
    let config = BTreeMap::from([
        ("client_id".to_owned(), json!("client-4711.example")),
        ("scopes".to_owned(), json!(["openid", "email", "offline_access"])),
        (
            "authorize".to_owned(),
            json!({"prompt": "consent", "max_age": 300, "hint": null, "nested": {"deep": [1, true, "ü"]}}),
        ),
    ]);
    Integration {
        owner,
        id: IntegrationId::from_uuid(id()),
        provider: "generic-oidc".into(),
        name: name("Kalender"),
        state: IntegrationState::Enabled,
        reason: None,
        config,
        secrets: Some(sealed()),
        secret_hints: BTreeMap::from([("client_secret".to_owned(), "x9Zq".to_owned())]),
        secrets_set_at: Some(time(2)),
        version: 1,
        last_test: Some(TestReport {
            at: time(3),
            ok: false,
            checks: vec![TestCheck {
                name: "discovery".into(),
                ok: false,
                field: Some("issuer".into()),
                message: "the issuer does not answer; check its address".into(),
            }],
        }),
        created_at: time(2),
        updated_at: time(3),
    }
}

/// A caller with a narrow reach.
pub fn caller(tenant: TenantId) -> Caller {
    Caller {
        tenant,
        id: CallerId::from_uuid(id()),
        name: name("backend"),
        key_hash: secret_hash(),
        key_hint: "a1B2".into(),
        verbs: vec![CallerVerb::Token, CallerVerb::Connect, CallerVerb::Read],
        integrations: Some(vec![IntegrationId::from_uuid(id())]),
        connections: None,
        created_at: time(4),
        expires_at: time(90 * 24 * 3600),
        revoked_at: None,
    }
}

/// An operator.
pub fn operator() -> Operator {
    Operator {
        id: OperatorId::from_uuid(id()),
        name: name("operator"),
        key_hash: secret_hash(),
        key_hint: "Zz09".into(),
        created_at: time(4),
        expires_at: time(90 * 24 * 3600),
        revoked_at: None,
    }
}

/// An audit row for a tenant's log.
pub fn audit(tenant: TenantId, verb: AuditVerb) -> AuditEntry {
    AuditEntry {
        id: AuditId::from_uuid(id()),
        tenant,
        at: time(5),
        actor: Actor::Caller(CallerId::from_uuid(id())),
        verb,
        target: id(),
        detail: json!({"integration": "generic-oidc", "scopes": ["email"], "note": "größer als 1 ✓"}),
        request: "req-7f3a".into(),
    }
}

/// A connect session that nobody has opened yet.
pub fn session(tenant: TenantId, integration: IntegrationRef) -> ConnectSession {
    ConnectSession {
        tenant,
        id: ConnectSessionId::from_uuid(id()),
        token_hash: secret_hash(),
        integration,
        user: None,
        connection: None,
        scopes: vec!["email".into(), "calendar.read".into()],
        return_to: "https://app.example/settings?tab=calendars#done".into(),
        created_at: time(10),
        expires_at: time(610),
        opened_at: None,
    }
}

/// A flow of a session, before its callback.
pub fn flow(session: &ConnectSession) -> Flow {
    Flow {
        tenant: session.tenant,
        id: FlowId::from_uuid(id()),
        session: session.id,
        integration: session.integration,
        state_hash: secret_hash(),
        browser_hash: secret_hash(),
        secrets: sealed(),
        redirect_uri: "https://wallet.example/oauth/callback".into(),
        issuer: Some("https://login.example".into()),
        scopes: session.scopes.clone(),
        created_at: time(20),
        expires_at: time(620),
        consumed_at: None,
        result: None,
    }
}

/// A one-time result that names a connection.
pub fn flow_result(connection: ConnectionId) -> FlowResult {
    FlowResult {
        connection,
        result_hash: secret_hash(),
        expires_at: time(330),
        redeemed_at: None,
    }
}

/// A pending connection.
pub fn connection(tenant: TenantId, integration: IntegrationRef) -> Connection {
    Connection {
        tenant,
        id: ConnectionId::from_uuid(id()),
        user: None,
        integration,
        provider: "generic-oidc".into(),
        state: ConnectionState::Pending,
        reason: None,
        revocation: Revocation::None,
        subject: Some(fingerprint()),
        identity: Some(sealed()),
        scopes: vec!["email".into(), "calendar.read".into()],
        scopes_missing: vec!["calendar.write".into()],
        created_at: time(30),
        updated_at: time(30),
    }
}

/// The default slot of a connection, at generation 1.
pub fn slot(connection: &Connection) -> Slot {
    Slot {
        tenant: connection.tenant,
        id: SlotId::from_uuid(id()),
        connection: connection.id,
        name: DEFAULT_SLOT.into(),
        class: RotationClass::SingleUseFamily,
        refresh: Some(sealed()),
        generation: 1,
        refresh_expires_at: Some(time(30 * 24 * 3600)),
        refreshed_at: time(30),
        due_at: Some(time(3300)),
        failures: 0,
        not_before: None,
        epoch: 0,
        lease: None,
        ambiguous: 0,
    }
}

/// The access token that belongs to a slot as it is.
pub fn access_token(slot: &Slot) -> AccessToken {
    AccessToken {
        id: id(),
        slot: slot.id,
        audience: DEFAULT_AUDIENCE.into(),
        token: sealed(),
        generation: slot.generation,
        token_type: "Bearer".into(),
        issued_at: time(30),
        expires_at: Some(time(3630)),
    }
}

/// The intent to present a slot's token under the lease that it has.
pub fn attempt(slot: &Slot, kind: AttemptKind) -> Attempt {
    Attempt {
        tenant: slot.tenant,
        id: AttemptId::from_uuid(id()),
        kind,
        connection: Some(slot.connection),
        slot: Some(slot.id),
        generation: slot.generation,
        epoch: slot.epoch,
        fingerprint: fingerprint(),
        started_at: time(40),
        outcome: None,
        reason: None,
        finished_at: None,
    }
}

/// The intent to exchange a code.
pub fn exchange_attempt(tenant: TenantId) -> Attempt {
    Attempt {
        tenant,
        id: AttemptId::from_uuid(id()),
        kind: AttemptKind::Exchange,
        connection: None,
        slot: None,
        generation: 0,
        epoch: 0,
        fingerprint: fingerprint(),
        started_at: time(25),
        outcome: None,
        reason: None,
        finished_at: None,
    }
}

/// What a provider said, and what it means.
pub fn reason(code: FailureCode) -> Reason {
    Reason {
        code,
        provider_code: Some("temporarily_unavailable".into()),
        message: "the provider is busy – it is tried again".into(),
        at: time(50),
    }
}

/// A data key with two wraps.
pub fn data_key(tenant: TenantId, purpose: DataKeyPurpose) -> DataKey {
    DataKey {
        tenant,
        id: DataKeyId::from_uuid(id()),
        version: 1,
        purpose,
        state: DataKeyState::Active,
        created_at: time(6),
        wraps: vec![
            KeyWrap {
                kek: "local:6f1c2a9b30d4e587".into(),
                blob: random::<60>().to_vec(),
            },
            KeyWrap {
                kek: "vault:transit/coffer".into(),
                blob: random::<120>().to_vec(),
            },
        ],
    }
}

/// An idempotency key that is kept for a day.
pub fn idempotency_key() -> IdempotencyKey {
    IdempotencyKey {
        id: id(),
        key: secret_hash(),
        request: fingerprint(),
        created_at: time(60),
        expires_at: time(60 + 24 * 3600),
    }
}

/// The answer for an idempotency key.
pub fn kept_answer(key: &IdempotencyKey) -> KeptAnswer {
    KeptAnswer {
        id: key.id,
        status: 201,
        body: sealed(),
    }
}
