//! Faults: what can go wrong between a client and a provider, and when it does.

mod plan;

pub(crate) use plan::FaultPlan;

use super::endpoint::Endpoint;
use super::outcome::{Delivery, Reply};
use chrono::{DateTime, Utc};
use coffer_core::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::time::Duration;

/// A fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// Whether the provider processes the request (rotates the token, say) before the fault strikes.
    pub commits: bool,
    /// What the client sees.
    pub effect: Effect,
}

/// What the client sees of a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", deny_unknown_fields)]
pub enum Effect {
    /// The connection breaks, without a byte of reply.
    Drop,
    /// The connection breaks in the middle of the reply.
    Truncate,
    /// An error status (500, 502, 503, 429 and the like) with a small JSON body.
    Status {
        /// The status.
        status: u16,
        /// The `Retry-After` header.
        #[serde(default)]
        retry_after: Option<RetryAfter>,
    },
    /// A page, as from a proxy in front of the provider.
    Html {
        /// The status.
        status: u16,
    },
    /// Bytes that mean nothing, as JSON and with status 200.
    Garbage,
    /// No body.
    Empty {
        /// The status.
        status: u16,
    },
    /// 302 to another place.
    Redirect,
    /// The right reply, a few bytes at a time.
    SlowBody {
        /// Bytes at a time.
        chunk: usize,
        /// The pause before each, in milliseconds.
        every_ms: u64,
    },
    /// The right reply, followed by filling.
    HugeBody {
        /// Bytes in all.
        bytes: u64,
    },
    /// The right reply, late. Where the fault does not commit, the processing itself is late (fault point 07).
    Late {
        /// Milliseconds.
        ms: u64,
    },
}

/// The two forms of `Retry-After` (RFC 9110, section 10.2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RetryAfter {
    /// So many seconds.
    Seconds(u32),
    /// A date, so many seconds from now.
    DateIn(u32),
}

/// Where and when a fault strikes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultRule {
    /// Only for this client.
    #[serde(default)]
    pub client_id: Option<String>,
    /// Only at this endpoint.
    #[serde(default)]
    pub endpoint: Option<Endpoint>,
    /// Only for this grant.
    #[serde(default)]
    pub grant: Option<u64>,
    /// When.
    pub when: When,
    /// What.
    pub fault: Fault,
}

/// Which of the matching requests a rule strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", deny_unknown_fields)]
pub enum When {
    /// Every one.
    Always,
    /// The next `count`, after `skip` others.
    Next {
        /// How many.
        count: u32,
        /// How many to let pass before.
        #[serde(default)]
        skip: u32,
    },
    /// Each with this chance, from a seed: the same requests in the same order meet the same faults.
    Chance {
        /// Of a million.
        per_million: u32,
        /// The seed.
        seed: u64,
    },
}

impl Fault {
    /// Whether the request is processed at all.
    pub(crate) const fn processes(self) -> bool {
        self.commits || matches!(self.effect, Effect::Late { .. })
    }

    /// How long processing itself is held up.
    pub(crate) fn before(self) -> Duration {
        if let (false, Effect::Late { ms }) = (self.commits, self.effect) {
            return Duration::from_millis(ms);
        }
        Duration::ZERO
    }

    /// What becomes of the reply: itself, a further delay, and how it travels.
    pub(crate) fn apply(self, reply: Reply, now: Timestamp) -> (Reply, Duration, Delivery) {
        let at_once = |reply| (reply, Duration::ZERO, Delivery::Whole);
        let travels = |delivery| (Duration::ZERO, delivery);
        let (delay, delivery) = match self.effect {
            Effect::Drop => travels(Delivery::Dropped),
            Effect::Truncate => travels(Delivery::Truncated),
            Effect::SlowBody { chunk, every_ms } => travels(Delivery::Slow {
                chunk: chunk.max(1),
                every: Duration::from_millis(every_ms),
            }),
            Effect::HugeBody { bytes } => travels(Delivery::Huge { bytes }),
            Effect::Late { ms } if self.commits => (Duration::from_millis(ms), Delivery::Whole),
            Effect::Late { .. } => travels(Delivery::Whole),
            Effect::Status { status, retry_after } => return at_once(error(status, retry_after, now)),
            Effect::Html { status } => return at_once(page(status)),
            Effect::Garbage => {
                let garbage = "{\"access_token\": \u{fffd}<<<".to_owned();
                return at_once(Reply::new(200, "application/json", garbage));
            }
            Effect::Empty { status } => return at_once(Reply::empty(status)),
            Effect::Redirect => {
                return at_once(Reply::empty(302).header("location", "https://moved.example/token"));
            }
        };
        (reply, delay, delivery)
    }
}

fn error(status: u16, retry_after: Option<RetryAfter>, now: Timestamp) -> Reply {
    let reply = Reply::json(status, &json!({ "error": "temporarily_unavailable" }));
    match retry_after {
        None => reply,
        Some(RetryAfter::Seconds(secs)) => reply.header("retry-after", secs.to_string()),
        Some(RetryAfter::DateIn(secs)) => {
            let at = now.plus(Duration::from_secs(u64::from(secs)));
            let date = DateTime::<Utc>::from_timestamp(at.unix_secs(), 0).unwrap_or_default();
            reply.header(
                "retry-after",
                date.format("%a, %d %b %Y %H:%M:%S GMT").to_string(),
            )
        }
    }
}

fn page(status: u16) -> Reply {
    Reply::html(
        status,
        "<!doctype html><title>Bad gateway</title><h1>Something went wrong</h1>".to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_comes_as_seconds_and_as_a_date() {
        let at = Timestamp::from_unix_secs(784_111_717);
        let header = |retry_after| {
            error(429, Some(retry_after), at)
                .header_value("retry-after")
                .map(str::to_owned)
        };
        assert_eq!(header(RetryAfter::Seconds(5)).as_deref(), Some("5"));
        assert_eq!(
            header(RetryAfter::DateIn(60)).as_deref(),
            Some("Sun, 06 Nov 1994 08:49:37 GMT")
        );
    }
}
