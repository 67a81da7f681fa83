-- Every table: tenant first in every key, references within one tenant, row-level security forced.
-- Roles and grants are not here: their names come from the configured URLs (crates/store/src/postgres/grants.rs).

CREATE TABLE tenants (
    tenant_id uuid NOT NULL,
    external_id text NOT NULL,
    name text NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT tenants_pkey PRIMARY KEY (tenant_id),
    CONSTRAINT tenants_external_id_key UNIQUE (external_id)
);

CREATE TABLE users (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    external_id text NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT users_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT users_external_id_key UNIQUE (tenant_id, external_id),
    CONSTRAINT users_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (tenant_id)
);

CREATE TABLE operators (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    name text NOT NULL,
    key_hash bytea NOT NULL,
    key_hint text NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz,
    CONSTRAINT operators_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT operators_name_key UNIQUE (tenant_id, name),
    CONSTRAINT operators_key_hash_key UNIQUE (key_hash),
    CONSTRAINT operators_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (tenant_id),
    CONSTRAINT operators_belong_to_the_installation CHECK (tenant_id = '00c0ffe2-0000-7000-8000-000000000001'),
    CONSTRAINT operators_key_hash_length CHECK (length(key_hash) = 32)
);

CREATE TABLE callers (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    name text NOT NULL,
    key_hash bytea NOT NULL,
    key_hint text NOT NULL,
    verbs jsonb NOT NULL,
    integrations jsonb,
    connections jsonb,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz,
    CONSTRAINT callers_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT callers_name_key UNIQUE (tenant_id, name),
    CONSTRAINT callers_key_hash_key UNIQUE (key_hash),
    CONSTRAINT callers_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (tenant_id),
    CONSTRAINT callers_key_hash_length CHECK (length(key_hash) = 32)
);

CREATE TABLE integrations (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    provider text NOT NULL,
    name text NOT NULL,
    state text NOT NULL,
    reason jsonb,
    config jsonb NOT NULL,
    secrets bytea,
    secret_hints jsonb NOT NULL,
    secrets_set_at timestamptz,
    version bigint NOT NULL,
    last_test jsonb,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT integrations_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT integrations_name_key UNIQUE (tenant_id, name),
    CONSTRAINT integrations_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (tenant_id)
);

-- An integration is the tenant's own or the installation's: the one reference that may leave the tenant.
CREATE TABLE connections (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    user_id uuid,
    integration_tenant_id uuid NOT NULL,
    integration_id uuid NOT NULL,
    provider text NOT NULL,
    state text NOT NULL,
    reason jsonb,
    revocation text NOT NULL,
    subject bytea,
    identity bytea,
    scopes jsonb NOT NULL,
    scopes_missing jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT connections_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT connections_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (tenant_id),
    CONSTRAINT connections_user_fkey FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id),
    CONSTRAINT connections_integration_fkey FOREIGN KEY (integration_tenant_id, integration_id)
        REFERENCES integrations (tenant_id, id),
    CONSTRAINT connections_integration_owner
        CHECK (integration_tenant_id IN (tenant_id, '00c0ffe2-0000-7000-8000-000000000001')),
    CONSTRAINT connections_subject_length CHECK (length(subject) = 16)
);
CREATE INDEX connections_user_idx ON connections (tenant_id, user_id);
CREATE INDEX connections_integration_idx ON connections (integration_tenant_id, integration_id);
-- One connection for one account of one person; in two halves because NULLs are distinct.
CREATE UNIQUE INDEX connections_account_of_user_key
    ON connections (tenant_id, integration_tenant_id, integration_id, subject, user_id)
    WHERE subject IS NOT NULL AND user_id IS NOT NULL AND state <> 'pending';
CREATE UNIQUE INDEX connections_account_key
    ON connections (tenant_id, integration_tenant_id, integration_id, subject)
    WHERE subject IS NOT NULL AND user_id IS NULL AND state <> 'pending';

CREATE TABLE credential_slots (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    connection_id uuid NOT NULL,
    name text NOT NULL,
    class text NOT NULL,
    refresh bytea,
    generation bigint NOT NULL,
    refresh_expires_at timestamptz,
    refreshed_at timestamptz NOT NULL,
    due_at timestamptz,
    failures integer NOT NULL,
    not_before timestamptz,
    epoch bigint NOT NULL,
    lease_owner uuid,
    lease_until timestamptz,
    ambiguous integer NOT NULL,
    CONSTRAINT credential_slots_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT credential_slots_name_key UNIQUE (tenant_id, connection_id, name),
    CONSTRAINT credential_slots_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (tenant_id),
    CONSTRAINT credential_slots_connection_fkey FOREIGN KEY (tenant_id, connection_id)
        REFERENCES connections (tenant_id, id) ON DELETE CASCADE,
    CONSTRAINT credential_slots_lease CHECK ((lease_owner IS NULL) = (lease_until IS NULL))
);

CREATE TABLE access_tokens (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    slot_id uuid NOT NULL,
    audience text NOT NULL,
    token bytea NOT NULL,
    generation bigint NOT NULL,
    token_type text NOT NULL,
    issued_at timestamptz NOT NULL,
    expires_at timestamptz,
    CONSTRAINT access_tokens_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT access_tokens_audience_key UNIQUE (tenant_id, slot_id, audience),
    CONSTRAINT access_tokens_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (tenant_id),
    CONSTRAINT access_tokens_slot_fkey FOREIGN KEY (tenant_id, slot_id)
        REFERENCES credential_slots (tenant_id, id) ON DELETE CASCADE
) WITH (toast_tuple_target = 8160);
-- Ciphertext cannot be compressed, and this one is read all the time: it stays in the row.

CREATE TABLE attempts (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    kind text NOT NULL,
    connection_id uuid,
    slot_id uuid,
    generation bigint NOT NULL,
    epoch bigint NOT NULL,
    fingerprint bytea NOT NULL,
    started_at timestamptz NOT NULL,
    outcome text,
    reason jsonb,
    finished_at timestamptz,
    CONSTRAINT attempts_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT attempts_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (tenant_id),
    CONSTRAINT attempts_connection_fkey FOREIGN KEY (tenant_id, connection_id)
        REFERENCES connections (tenant_id, id) ON DELETE CASCADE,
    CONSTRAINT attempts_slot_fkey FOREIGN KEY (tenant_id, slot_id)
        REFERENCES credential_slots (tenant_id, id) ON DELETE CASCADE,
    CONSTRAINT attempts_fingerprint_length CHECK (length(fingerprint) = 16)
);
CREATE INDEX attempts_connection_idx ON attempts (tenant_id, connection_id, id);
CREATE INDEX attempts_slot_idx ON attempts (tenant_id, slot_id, generation);

CREATE TABLE connect_sessions (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    token_hash bytea NOT NULL,
    integration_tenant_id uuid NOT NULL,
    integration_id uuid NOT NULL,
    user_id uuid,
    connection_id uuid,
    scopes jsonb NOT NULL,
    return_to text NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    opened_at timestamptz,
    CONSTRAINT connect_sessions_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT connect_sessions_token_hash_key UNIQUE (token_hash),
    CONSTRAINT connect_sessions_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (tenant_id),
    CONSTRAINT connect_sessions_user_fkey FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id),
    CONSTRAINT connect_sessions_connection_fkey FOREIGN KEY (tenant_id, connection_id)
        REFERENCES connections (tenant_id, id) ON DELETE CASCADE,
    CONSTRAINT connect_sessions_integration_fkey FOREIGN KEY (integration_tenant_id, integration_id)
        REFERENCES integrations (tenant_id, id) ON DELETE CASCADE,
    CONSTRAINT connect_sessions_integration_owner
        CHECK (integration_tenant_id IN (tenant_id, '00c0ffe2-0000-7000-8000-000000000001')),
    CONSTRAINT connect_sessions_token_hash_length CHECK (length(token_hash) = 32)
);
CREATE INDEX connect_sessions_expiry_idx ON connect_sessions (tenant_id, expires_at);
CREATE INDEX connect_sessions_user_idx ON connect_sessions (tenant_id, user_id);
CREATE INDEX connect_sessions_connection_idx ON connect_sessions (tenant_id, connection_id);
CREATE INDEX connect_sessions_integration_idx ON connect_sessions (integration_tenant_id, integration_id);

CREATE TABLE flows (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    session_id uuid NOT NULL,
    integration_tenant_id uuid NOT NULL,
    integration_id uuid NOT NULL,
    state_hash bytea NOT NULL,
    browser_hash bytea NOT NULL,
    secrets bytea NOT NULL,
    redirect_uri text NOT NULL,
    issuer text,
    scopes jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    consumed_at timestamptz,
    result_connection_id uuid,
    result_hash bytea,
    result_expires_at timestamptz,
    redeemed_at timestamptz,
    CONSTRAINT flows_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT flows_state_hash_key UNIQUE (state_hash),
    CONSTRAINT flows_result_hash_key UNIQUE (tenant_id, result_hash),
    CONSTRAINT flows_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (tenant_id),
    CONSTRAINT flows_session_fkey FOREIGN KEY (tenant_id, session_id)
        REFERENCES connect_sessions (tenant_id, id) ON DELETE CASCADE,
    CONSTRAINT flows_result_connection_fkey FOREIGN KEY (tenant_id, result_connection_id)
        REFERENCES connections (tenant_id, id),
    CONSTRAINT flows_integration_fkey FOREIGN KEY (integration_tenant_id, integration_id)
        REFERENCES integrations (tenant_id, id) ON DELETE CASCADE,
    CONSTRAINT flows_integration_owner
        CHECK (integration_tenant_id IN (tenant_id, '00c0ffe2-0000-7000-8000-000000000001')),
    CONSTRAINT flows_state_hash_length CHECK (length(state_hash) = 32),
    CONSTRAINT flows_browser_hash_length CHECK (length(browser_hash) = 32),
    CONSTRAINT flows_result_hash_length CHECK (length(result_hash) = 32),
    CONSTRAINT flows_result CHECK ((result_hash IS NULL) = (result_connection_id IS NULL)
        AND (result_hash IS NULL) = (result_expires_at IS NULL)
        AND (redeemed_at IS NULL OR result_hash IS NOT NULL))
);
CREATE INDEX flows_session_idx ON flows (tenant_id, session_id);
CREATE INDEX flows_result_connection_idx ON flows (tenant_id, result_connection_id);
CREATE INDEX flows_integration_idx ON flows (integration_tenant_id, integration_id);

CREATE TABLE data_keys (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    version integer NOT NULL,
    purpose text NOT NULL,
    state text NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT data_keys_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT data_keys_version_key UNIQUE (tenant_id, purpose, version),
    CONSTRAINT data_keys_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (tenant_id)
);
CREATE UNIQUE INDEX data_keys_active_key ON data_keys (tenant_id, purpose) WHERE state = 'active';

CREATE TABLE data_key_wraps (
    tenant_id uuid NOT NULL,
    data_key_id uuid NOT NULL,
    position integer NOT NULL,
    kek text NOT NULL,
    blob bytea NOT NULL,
    CONSTRAINT data_key_wraps_pkey PRIMARY KEY (tenant_id, data_key_id, position),
    CONSTRAINT data_key_wraps_kek_key UNIQUE (tenant_id, data_key_id, kek),
    CONSTRAINT data_key_wraps_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (tenant_id),
    CONSTRAINT data_key_wraps_data_key_fkey FOREIGN KEY (tenant_id, data_key_id) REFERENCES data_keys (tenant_id, id)
);

CREATE TABLE audit (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    at timestamptz NOT NULL,
    actor text NOT NULL,
    verb text NOT NULL,
    target uuid NOT NULL,
    detail jsonb NOT NULL,
    request text NOT NULL,
    CONSTRAINT audit_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT audit_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (tenant_id)
);

CREATE TABLE idempotency_keys (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    key_hash bytea NOT NULL,
    request bytea NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    status integer,
    body bytea,
    CONSTRAINT idempotency_keys_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT idempotency_keys_key_hash_key UNIQUE (tenant_id, key_hash),
    CONSTRAINT idempotency_keys_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (tenant_id),
    CONSTRAINT idempotency_keys_key_hash_length CHECK (length(key_hash) = 32),
    CONSTRAINT idempotency_keys_answer CHECK ((status IS NULL) = (body IS NULL))
);
CREATE INDEX idempotency_keys_expiry_idx ON idempotency_keys (tenant_id, expires_at);

-- The installation is a tenant too (coffer_core::id::TenantId::INSTALLATION).
INSERT INTO tenants (tenant_id, external_id, name, created_at)
VALUES ('00c0ffe2-0000-7000-8000-000000000001', 'installation', 'Installation', '2026-01-01T00:00:00Z');

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY[
        'tenants', 'users', 'operators', 'callers', 'integrations', 'connections', 'credential_slots', 'access_tokens',
        'attempts', 'connect_sessions', 'flows', 'data_keys', 'data_key_wraps', 'audit', 'idempotency_keys'
    ] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        -- The subselect is evaluated once for each statement; without a tenant it is NULL, and no row is seen.
        EXECUTE format(
            'CREATE POLICY by_tenant ON %I USING (tenant_id = '
            || '(SELECT nullif(current_setting(''app.tenant_id'', true), '''')::uuid))', name);
    END LOOP;
END $$;

-- Each tenant sees the installation's integrations, and can't write them.
CREATE POLICY shared ON integrations FOR SELECT USING (
    tenant_id = '00c0ffe2-0000-7000-8000-000000000001'
    AND (SELECT nullif(current_setting('app.tenant_id', true), '')) IS NOT NULL
);
