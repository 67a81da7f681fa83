//! The tables, as both databases have them. A test compares them with each database's own catalogue.

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::*;

    tenants (tenant_id) {
        tenant_id -> SqlId,
        external_id -> Text,
        name -> Text,
        created_at -> SqlTime,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::*;

    users (tenant_id, id) {
        tenant_id -> SqlId,
        id -> SqlId,
        external_id -> Text,
        created_at -> SqlTime,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::*;

    operators (tenant_id, id) {
        tenant_id -> SqlId,
        id -> SqlId,
        name -> Text,
        key_hash -> Binary,
        key_hint -> Text,
        created_at -> SqlTime,
        expires_at -> SqlTime,
        revoked_at -> Nullable<SqlTime>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::*;

    callers (tenant_id, id) {
        tenant_id -> SqlId,
        id -> SqlId,
        name -> Text,
        key_hash -> Binary,
        key_hint -> Text,
        verbs -> SqlJson,
        integrations -> Nullable<SqlJson>,
        connections -> Nullable<SqlJson>,
        created_at -> SqlTime,
        expires_at -> SqlTime,
        revoked_at -> Nullable<SqlTime>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::*;

    integrations (tenant_id, id) {
        tenant_id -> SqlId,
        id -> SqlId,
        provider -> Text,
        name -> Text,
        state -> Text,
        reason -> Nullable<SqlJson>,
        config -> SqlJson,
        secrets -> Nullable<Binary>,
        secret_hints -> SqlJson,
        secrets_set_at -> Nullable<SqlTime>,
        version -> BigInt,
        last_test -> Nullable<SqlJson>,
        created_at -> SqlTime,
        updated_at -> SqlTime,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::*;

    connections (tenant_id, id) {
        tenant_id -> SqlId,
        id -> SqlId,
        user_id -> Nullable<SqlId>,
        integration_tenant_id -> SqlId,
        integration_id -> SqlId,
        provider -> Text,
        state -> Text,
        reason -> Nullable<SqlJson>,
        revocation -> Text,
        subject -> Nullable<Binary>,
        identity -> Nullable<Binary>,
        scopes -> SqlJson,
        scopes_missing -> SqlJson,
        created_at -> SqlTime,
        updated_at -> SqlTime,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::*;

    credential_slots (tenant_id, id) {
        tenant_id -> SqlId,
        id -> SqlId,
        connection_id -> SqlId,
        name -> Text,
        class -> Text,
        refresh -> Nullable<Binary>,
        generation -> BigInt,
        refresh_expires_at -> Nullable<SqlTime>,
        refreshed_at -> SqlTime,
        due_at -> Nullable<SqlTime>,
        failures -> Integer,
        not_before -> Nullable<SqlTime>,
        epoch -> BigInt,
        lease_owner -> Nullable<SqlId>,
        lease_until -> Nullable<SqlTime>,
        ambiguous -> Integer,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::*;

    access_tokens (tenant_id, id) {
        tenant_id -> SqlId,
        id -> SqlId,
        slot_id -> SqlId,
        audience -> Text,
        token -> Binary,
        generation -> BigInt,
        token_type -> Text,
        issued_at -> SqlTime,
        expires_at -> Nullable<SqlTime>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::*;

    attempts (tenant_id, id) {
        tenant_id -> SqlId,
        id -> SqlId,
        kind -> Text,
        connection_id -> Nullable<SqlId>,
        slot_id -> Nullable<SqlId>,
        generation -> BigInt,
        epoch -> BigInt,
        fingerprint -> Binary,
        started_at -> SqlTime,
        outcome -> Nullable<Text>,
        reason -> Nullable<SqlJson>,
        finished_at -> Nullable<SqlTime>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::*;

    connect_sessions (tenant_id, id) {
        tenant_id -> SqlId,
        id -> SqlId,
        token_hash -> Binary,
        integration_tenant_id -> SqlId,
        integration_id -> SqlId,
        user_id -> Nullable<SqlId>,
        connection_id -> Nullable<SqlId>,
        scopes -> SqlJson,
        return_to -> Text,
        created_at -> SqlTime,
        expires_at -> SqlTime,
        opened_at -> Nullable<SqlTime>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::*;

    flows (tenant_id, id) {
        tenant_id -> SqlId,
        id -> SqlId,
        session_id -> SqlId,
        integration_tenant_id -> SqlId,
        integration_id -> SqlId,
        state_hash -> Binary,
        browser_hash -> Binary,
        secrets -> Binary,
        redirect_uri -> Text,
        issuer -> Nullable<Text>,
        scopes -> SqlJson,
        created_at -> SqlTime,
        expires_at -> SqlTime,
        consumed_at -> Nullable<SqlTime>,
        result_connection_id -> Nullable<SqlId>,
        result_hash -> Nullable<Binary>,
        result_expires_at -> Nullable<SqlTime>,
        redeemed_at -> Nullable<SqlTime>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::*;

    data_keys (tenant_id, id) {
        tenant_id -> SqlId,
        id -> SqlId,
        version -> Integer,
        purpose -> Text,
        state -> Text,
        created_at -> SqlTime,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::*;

    data_key_wraps (tenant_id, data_key_id, position) {
        tenant_id -> SqlId,
        data_key_id -> SqlId,
        position -> Integer,
        kek -> Text,
        blob -> Binary,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::*;

    audit (tenant_id, id) {
        tenant_id -> SqlId,
        id -> SqlId,
        at -> SqlTime,
        actor -> Text,
        verb -> Text,
        target -> SqlId,
        detail -> SqlJson,
        request -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::*;

    idempotency_keys (tenant_id, id) {
        tenant_id -> SqlId,
        id -> SqlId,
        key_hash -> Binary,
        request -> Binary,
        created_at -> SqlTime,
        expires_at -> SqlTime,
        status -> Nullable<Integer>,
        body -> Nullable<Binary>,
    }
}

diesel::allow_tables_to_appear_in_same_query!(
    tenants,
    users,
    operators,
    callers,
    integrations,
    connections,
    credential_slots,
    access_tokens,
    attempts,
    connect_sessions,
    flows,
    data_keys,
    data_key_wraps,
    audit,
    idempotency_keys,
);
