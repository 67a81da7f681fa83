//! What each catalogue says of the schema, against the rules that every table must keep.

mod catalogue;
mod postgres;
mod rules;
mod sqlite;

/// Every table, and the columns that may hold bytes: sealed bytes, wrapped keys, hashes and fingerprints. Whatever is
/// secret lies in one of these; a column that is not here cannot hold bytes, and one that is here holds nothing else.
pub const TABLES: [(&str, &[&str]); 15] = [
    ("tenants", &[]),
    ("users", &[]),
    ("operators", &["key_hash"]),
    ("callers", &["key_hash"]),
    ("integrations", &["secrets"]),
    ("connections", &["identity", "subject"]),
    ("credential_slots", &["refresh"]),
    ("access_tokens", &["token"]),
    ("attempts", &["fingerprint"]),
    ("connect_sessions", &["token_hash"]),
    ("flows", &["browser_hash", "result_hash", "secrets", "state_hash"]),
    ("data_keys", &[]),
    ("data_key_wraps", &["blob"]),
    ("audit", &[]),
    ("idempotency_keys", &["body", "key_hash", "request"]),
];
