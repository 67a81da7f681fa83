//! The tables: what was tried at providers, and what the audit log has.

use super::state::Demo;
use super::words::{clock, short};
use coffer_core::actor::Actor;
use coffer_core::audit::AuditEntry;
use coffer_core::connection::{Attempt, AttemptOutcome};
use coffer_wallet::Principal;
use serde_json::Value;
use uuid::Uuid;

/// The longest text in a cell, in characters.
const CELL: usize = 120;

/// The longest name of an account, in characters.
const NAME: usize = 32;

/// A row about an attempt.
pub(super) struct AttemptRow {
    pub(super) at: String,
    pub(super) clock: String,
    pub(super) account: String,
    pub(super) kind: &'static str,
    pub(super) generation: u64,
    pub(super) outcome: &'static str,
    pub(super) tone: &'static str,
    pub(super) why: Option<String>,
    pub(super) took: String,
}

/// A row about a change.
pub(super) struct AuditRow {
    pub(super) at: String,
    pub(super) clock: String,
    pub(super) who: &'static str,
    pub(super) what: &'static str,
    pub(super) target: String,
    pub(super) target_short: String,
    pub(super) detail: String,
}

impl AttemptRow {
    /// The row of an attempt for this account.
    pub(super) fn of(attempt: &Attempt, account: &str) -> Self {
        let (outcome, tone) = match attempt.outcome {
            Some(AttemptOutcome::Succeeded) => ("succeeded", "good-text"),
            Some(AttemptOutcome::Refused) => ("refused", "bad-text"),
            Some(AttemptOutcome::Failed) => ("failed", "warn-text"),
            Some(AttemptOutcome::Ambiguous) => ("ambiguous", "bad-text"),
            Some(AttemptOutcome::Fenced) => ("fenced", "warn-text"),
            None => ("under way", "dim"),
        };
        let took = attempt.finished_at.map(|end| end.since(attempt.started_at));
        Self {
            at: attempt.started_at.to_string(),
            clock: clock(attempt.started_at),
            account: short(account, NAME),
            kind: attempt.kind.as_str(),
            generation: attempt.generation,
            outcome,
            tone,
            why: attempt.reason.as_ref().map(|reason| short(&reason.message, CELL)),
            took: took.map_or_else(String::new, |took| format!("{} ms", took.as_millis())),
        }
    }
}

impl AuditRow {
    /// The row of an entry, as the caller sees it.
    pub(super) fn of(entry: &AuditEntry, caller: &Principal) -> Self {
        Self {
            at: entry.at.to_string(),
            clock: clock(entry.at),
            who: who(entry.actor, caller),
            what: entry.verb.as_str(),
            target: entry.target.to_string(),
            target_short: short_id(entry.target),
            detail: detail(&entry.detail),
        }
    }
}

fn who(actor: Actor, caller: &Principal) -> &'static str {
    match (actor, caller) {
        (Actor::Caller(id), Principal::Caller(own)) if own.id == id => "this page",
        (Actor::Caller(_), _) => "caller",
        (Actor::Operator(_), _) => "operator",
        (Actor::Browser, _) => "browser",
        (Actor::System, _) => "system",
        (Actor::CommandLine, _) => "command line",
    }
}

/// The members of an entry's detail in one line; those that say nothing are left out.
fn detail(detail: &Value) -> String {
    let Value::Object(members) = detail else {
        return String::new();
    };
    let told = members
        .iter()
        .filter_map(|(name, value)| Some(format!("{}: {}", name.replace('_', " "), text(value)?)));
    short(&told.collect::<Vec<_>>().join(", "), CELL)
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.parse().map_or_else(|_| text.clone(), short_id)),
        Value::Bool(flag) => Some(if *flag { "yes".to_owned() } else { "no".to_owned() }),
        Value::Number(number) => Some(number.to_string()),
        Value::Array(items) => Some(items.iter().filter_map(text).collect::<Vec<_>>().join(" ")),
        Value::Object(_) => Some(value.to_string()),
    }
}

/// The end of an id: its beginning is the time, which ids of one moment have in common.
fn short_id(id: Uuid) -> String {
    let text = id.simple().to_string();
    format!("…{}", text.get(24..).unwrap_or_default())
}

/// How many rows each table has.
pub(super) const ROWS: u16 = 10;

/// The newest attempts of these connections.
pub(super) async fn attempts(
    demo: &Demo,
    caller: &Principal,
    connections: &[(coffer_core::id::ConnectionId, String)],
) -> Result<Vec<AttemptRow>, coffer_wallet::WalletError> {
    let mut found = Vec::new();
    for (id, account) in connections {
        let page = coffer_core::page::PageRequest::new(ROWS, None);
        let page = demo.wallet.attempts(caller, *id, page).await?;
        found.extend(page.items.into_iter().map(|attempt| (attempt, account)));
    }
    found.sort_by_key(|(attempt, _)| std::cmp::Reverse(attempt.started_at));
    found.truncate(ROWS.into());
    Ok(found
        .iter()
        .map(|(attempt, account)| AttemptRow::of(attempt, account))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_detail_is_one_line_of_what_it_says() {
        let id = "01890a5d-ac96-774b-bcce-b302099a8057";
        let all =
            json!({ "integration": id, "connection": null, "ok": true, "scopes": ["a", "b"], "status": 200 });
        assert_eq!(
            detail(&all),
            "integration: …099a8057, ok: yes, scopes: a b, status: 200"
        );
        assert_eq!(detail(&json!({})), "");
        assert_eq!(detail(&json!({ "x": "y".repeat(500) })).chars().count(), CELL);
    }
}
