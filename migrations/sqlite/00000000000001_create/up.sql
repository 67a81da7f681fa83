-- Every table: tenant first in every key, references within one tenant. Ids are 16 bytes, times are microseconds since
-- 1970, JSON is text; otherwise this is the PostgreSQL schema, column by column (a test compares the two).

CREATE TABLE tenants (
    tenant_id BLOB NOT NULL CHECK (length(tenant_id) = 16),
    external_id TEXT NOT NULL,
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    CONSTRAINT tenants_pkey PRIMARY KEY (tenant_id),
    CONSTRAINT tenants_external_id_key UNIQUE (external_id)
) STRICT;

CREATE TABLE users (
    tenant_id BLOB NOT NULL CHECK (length(tenant_id) = 16),
    id BLOB NOT NULL CHECK (length(id) = 16),
    external_id TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    CONSTRAINT users_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT users_external_id_key UNIQUE (tenant_id, external_id),
    CONSTRAINT users_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (tenant_id)
) STRICT;

CREATE TABLE operators (
    tenant_id BLOB NOT NULL CHECK (length(tenant_id) = 16),
    id BLOB NOT NULL CHECK (length(id) = 16),
    name TEXT NOT NULL,
    key_hash BLOB NOT NULL,
    key_hint TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    revoked_at INTEGER,
    CONSTRAINT operators_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT operators_name_key UNIQUE (tenant_id, name),
    CONSTRAINT operators_key_hash_key UNIQUE (key_hash),
    CONSTRAINT operators_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (tenant_id),
    CONSTRAINT operators_belong_to_the_installation CHECK (tenant_id = x'00c0ffe2000070008000000000000001'),
    CONSTRAINT operators_key_hash_length CHECK (length(key_hash) = 32)
) STRICT;

CREATE TABLE callers (
    tenant_id BLOB NOT NULL CHECK (length(tenant_id) = 16),
    id BLOB NOT NULL CHECK (length(id) = 16),
    name TEXT NOT NULL,
    key_hash BLOB NOT NULL,
    key_hint TEXT NOT NULL,
    verbs TEXT NOT NULL CHECK (json_valid(verbs)),
    integrations TEXT CHECK (json_valid(integrations)),
    connections TEXT CHECK (json_valid(connections)),
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    revoked_at INTEGER,
    CONSTRAINT callers_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT callers_name_key UNIQUE (tenant_id, name),
    CONSTRAINT callers_key_hash_key UNIQUE (key_hash),
    CONSTRAINT callers_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (tenant_id),
    CONSTRAINT callers_key_hash_length CHECK (length(key_hash) = 32)
) STRICT;

CREATE TABLE integrations (
    tenant_id BLOB NOT NULL CHECK (length(tenant_id) = 16),
    id BLOB NOT NULL CHECK (length(id) = 16),
    provider TEXT NOT NULL,
    name TEXT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT CHECK (json_valid(reason)),
    config TEXT NOT NULL CHECK (json_valid(config)),
    secrets BLOB,
    secret_hints TEXT NOT NULL CHECK (json_valid(secret_hints)),
    secrets_set_at INTEGER,
    version INTEGER NOT NULL,
    last_test TEXT CHECK (json_valid(last_test)),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    CONSTRAINT integrations_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT integrations_name_key UNIQUE (tenant_id, name),
    CONSTRAINT integrations_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (tenant_id)
) STRICT;

-- An integration is the tenant's own or the installation's: the one reference that may leave the tenant.
CREATE TABLE connections (
    tenant_id BLOB NOT NULL CHECK (length(tenant_id) = 16),
    id BLOB NOT NULL CHECK (length(id) = 16),
    user_id BLOB CHECK (length(user_id) = 16),
    integration_tenant_id BLOB NOT NULL CHECK (length(integration_tenant_id) = 16),
    integration_id BLOB NOT NULL CHECK (length(integration_id) = 16),
    provider TEXT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT CHECK (json_valid(reason)),
    revocation TEXT NOT NULL,
    subject BLOB,
    identity BLOB,
    scopes TEXT NOT NULL CHECK (json_valid(scopes)),
    scopes_missing TEXT NOT NULL CHECK (json_valid(scopes_missing)),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    CONSTRAINT connections_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT connections_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (tenant_id),
    CONSTRAINT connections_user_fkey FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id),
    CONSTRAINT connections_integration_fkey FOREIGN KEY (integration_tenant_id, integration_id)
        REFERENCES integrations (tenant_id, id),
    CONSTRAINT connections_integration_owner
        CHECK (integration_tenant_id IN (tenant_id, x'00c0ffe2000070008000000000000001')),
    CONSTRAINT connections_subject_length CHECK (length(subject) = 16)
) STRICT;
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
    tenant_id BLOB NOT NULL CHECK (length(tenant_id) = 16),
    id BLOB NOT NULL CHECK (length(id) = 16),
    connection_id BLOB NOT NULL CHECK (length(connection_id) = 16),
    name TEXT NOT NULL,
    class TEXT NOT NULL,
    refresh BLOB,
    generation INTEGER NOT NULL,
    refresh_expires_at INTEGER,
    refreshed_at INTEGER NOT NULL,
    due_at INTEGER,
    failures INTEGER NOT NULL,
    not_before INTEGER,
    epoch INTEGER NOT NULL,
    lease_owner BLOB CHECK (length(lease_owner) = 16),
    lease_until INTEGER,
    ambiguous INTEGER NOT NULL,
    CONSTRAINT credential_slots_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT credential_slots_name_key UNIQUE (tenant_id, connection_id, name),
    CONSTRAINT credential_slots_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (tenant_id),
    CONSTRAINT credential_slots_connection_fkey FOREIGN KEY (tenant_id, connection_id)
        REFERENCES connections (tenant_id, id) ON DELETE CASCADE,
    CONSTRAINT credential_slots_lease CHECK ((lease_owner IS NULL) = (lease_until IS NULL))
) STRICT;

CREATE TABLE access_tokens (
    tenant_id BLOB NOT NULL CHECK (length(tenant_id) = 16),
    id BLOB NOT NULL CHECK (length(id) = 16),
    slot_id BLOB NOT NULL CHECK (length(slot_id) = 16),
    audience TEXT NOT NULL,
    token BLOB NOT NULL,
    generation INTEGER NOT NULL,
    token_type TEXT NOT NULL,
    issued_at INTEGER NOT NULL,
    expires_at INTEGER,
    CONSTRAINT access_tokens_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT access_tokens_audience_key UNIQUE (tenant_id, slot_id, audience),
    CONSTRAINT access_tokens_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (tenant_id),
    CONSTRAINT access_tokens_slot_fkey FOREIGN KEY (tenant_id, slot_id)
        REFERENCES credential_slots (tenant_id, id) ON DELETE CASCADE
) STRICT;

CREATE TABLE attempts (
    tenant_id BLOB NOT NULL CHECK (length(tenant_id) = 16),
    id BLOB NOT NULL CHECK (length(id) = 16),
    kind TEXT NOT NULL,
    connection_id BLOB CHECK (length(connection_id) = 16),
    slot_id BLOB CHECK (length(slot_id) = 16),
    generation INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    fingerprint BLOB NOT NULL,
    started_at INTEGER NOT NULL,
    outcome TEXT,
    reason TEXT CHECK (json_valid(reason)),
    finished_at INTEGER,
    CONSTRAINT attempts_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT attempts_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (tenant_id),
    CONSTRAINT attempts_connection_fkey FOREIGN KEY (tenant_id, connection_id)
        REFERENCES connections (tenant_id, id) ON DELETE CASCADE,
    CONSTRAINT attempts_slot_fkey FOREIGN KEY (tenant_id, slot_id)
        REFERENCES credential_slots (tenant_id, id) ON DELETE CASCADE,
    CONSTRAINT attempts_fingerprint_length CHECK (length(fingerprint) = 16)
) STRICT;
CREATE INDEX attempts_connection_idx ON attempts (tenant_id, connection_id, id);
CREATE INDEX attempts_slot_idx ON attempts (tenant_id, slot_id, generation);

CREATE TABLE connect_sessions (
    tenant_id BLOB NOT NULL CHECK (length(tenant_id) = 16),
    id BLOB NOT NULL CHECK (length(id) = 16),
    token_hash BLOB NOT NULL,
    integration_tenant_id BLOB NOT NULL CHECK (length(integration_tenant_id) = 16),
    integration_id BLOB NOT NULL CHECK (length(integration_id) = 16),
    user_id BLOB CHECK (length(user_id) = 16),
    connection_id BLOB CHECK (length(connection_id) = 16),
    scopes TEXT NOT NULL CHECK (json_valid(scopes)),
    return_to TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    opened_at INTEGER,
    CONSTRAINT connect_sessions_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT connect_sessions_token_hash_key UNIQUE (token_hash),
    CONSTRAINT connect_sessions_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (tenant_id),
    CONSTRAINT connect_sessions_user_fkey FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id),
    CONSTRAINT connect_sessions_connection_fkey FOREIGN KEY (tenant_id, connection_id)
        REFERENCES connections (tenant_id, id) ON DELETE CASCADE,
    CONSTRAINT connect_sessions_integration_fkey FOREIGN KEY (integration_tenant_id, integration_id)
        REFERENCES integrations (tenant_id, id) ON DELETE CASCADE,
    CONSTRAINT connect_sessions_integration_owner
        CHECK (integration_tenant_id IN (tenant_id, x'00c0ffe2000070008000000000000001')),
    CONSTRAINT connect_sessions_token_hash_length CHECK (length(token_hash) = 32)
) STRICT;
CREATE INDEX connect_sessions_expiry_idx ON connect_sessions (tenant_id, expires_at);
CREATE INDEX connect_sessions_user_idx ON connect_sessions (tenant_id, user_id);
CREATE INDEX connect_sessions_connection_idx ON connect_sessions (tenant_id, connection_id);
CREATE INDEX connect_sessions_integration_idx ON connect_sessions (integration_tenant_id, integration_id);

CREATE TABLE flows (
    tenant_id BLOB NOT NULL CHECK (length(tenant_id) = 16),
    id BLOB NOT NULL CHECK (length(id) = 16),
    session_id BLOB NOT NULL CHECK (length(session_id) = 16),
    integration_tenant_id BLOB NOT NULL CHECK (length(integration_tenant_id) = 16),
    integration_id BLOB NOT NULL CHECK (length(integration_id) = 16),
    state_hash BLOB NOT NULL,
    browser_hash BLOB NOT NULL,
    secrets BLOB NOT NULL,
    redirect_uri TEXT NOT NULL,
    issuer TEXT,
    scopes TEXT NOT NULL CHECK (json_valid(scopes)),
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    consumed_at INTEGER,
    result_connection_id BLOB CHECK (length(result_connection_id) = 16),
    result_hash BLOB,
    result_expires_at INTEGER,
    redeemed_at INTEGER,
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
        CHECK (integration_tenant_id IN (tenant_id, x'00c0ffe2000070008000000000000001')),
    CONSTRAINT flows_state_hash_length CHECK (length(state_hash) = 32),
    CONSTRAINT flows_browser_hash_length CHECK (length(browser_hash) = 32),
    CONSTRAINT flows_result_hash_length CHECK (length(result_hash) = 32),
    CONSTRAINT flows_result CHECK ((result_hash IS NULL) = (result_connection_id IS NULL)
        AND (result_hash IS NULL) = (result_expires_at IS NULL)
        AND (redeemed_at IS NULL OR result_hash IS NOT NULL))
) STRICT;
CREATE INDEX flows_session_idx ON flows (tenant_id, session_id);
CREATE INDEX flows_result_connection_idx ON flows (tenant_id, result_connection_id);
CREATE INDEX flows_integration_idx ON flows (integration_tenant_id, integration_id);

CREATE TABLE data_keys (
    tenant_id BLOB NOT NULL CHECK (length(tenant_id) = 16),
    id BLOB NOT NULL CHECK (length(id) = 16),
    version INTEGER NOT NULL,
    purpose TEXT NOT NULL,
    state TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    CONSTRAINT data_keys_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT data_keys_version_key UNIQUE (tenant_id, purpose, version),
    CONSTRAINT data_keys_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (tenant_id)
) STRICT;
CREATE UNIQUE INDEX data_keys_active_key ON data_keys (tenant_id, purpose) WHERE state = 'active';

CREATE TABLE data_key_wraps (
    tenant_id BLOB NOT NULL CHECK (length(tenant_id) = 16),
    data_key_id BLOB NOT NULL CHECK (length(data_key_id) = 16),
    position INTEGER NOT NULL,
    kek TEXT NOT NULL,
    blob BLOB NOT NULL,
    CONSTRAINT data_key_wraps_pkey PRIMARY KEY (tenant_id, data_key_id, position),
    CONSTRAINT data_key_wraps_kek_key UNIQUE (tenant_id, data_key_id, kek),
    CONSTRAINT data_key_wraps_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (tenant_id),
    CONSTRAINT data_key_wraps_data_key_fkey FOREIGN KEY (tenant_id, data_key_id) REFERENCES data_keys (tenant_id, id)
) STRICT;

CREATE TABLE audit (
    tenant_id BLOB NOT NULL CHECK (length(tenant_id) = 16),
    id BLOB NOT NULL CHECK (length(id) = 16),
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    verb TEXT NOT NULL,
    target BLOB NOT NULL CHECK (length(target) = 16),
    detail TEXT NOT NULL CHECK (json_valid(detail)),
    request TEXT NOT NULL,
    CONSTRAINT audit_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT audit_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (tenant_id)
) STRICT;

CREATE TABLE idempotency_keys (
    tenant_id BLOB NOT NULL CHECK (length(tenant_id) = 16),
    id BLOB NOT NULL CHECK (length(id) = 16),
    key_hash BLOB NOT NULL,
    request BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    status INTEGER,
    body BLOB,
    CONSTRAINT idempotency_keys_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT idempotency_keys_key_hash_key UNIQUE (tenant_id, key_hash),
    CONSTRAINT idempotency_keys_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (tenant_id),
    CONSTRAINT idempotency_keys_key_hash_length CHECK (length(key_hash) = 32),
    CONSTRAINT idempotency_keys_answer CHECK ((status IS NULL) = (body IS NULL))
) STRICT;
CREATE INDEX idempotency_keys_expiry_idx ON idempotency_keys (tenant_id, expires_at);

-- The installation is a tenant too (coffer_core::id::TenantId::INSTALLATION).
INSERT INTO tenants (tenant_id, external_id, name, created_at)
VALUES (x'00c0ffe2000070008000000000000001', 'installation', 'Installation', 1767225600000000);
