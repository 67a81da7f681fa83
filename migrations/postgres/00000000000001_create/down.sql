DROP TABLE idempotency_keys, audit, data_key_wraps, data_keys, flows, connect_sessions, attempts, access_tokens,
    credential_slots, connections, integrations, callers, operators, users, tenants;
