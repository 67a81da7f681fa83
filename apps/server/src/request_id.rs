//! The correlation id of a request (requirement O3): taken from the client where it is safe to repeat, made otherwise.

use coffer_core::SecureRandom;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

tokio::task_local! {
    static CURRENT: RequestId;
}

/// The header that carries it, both ways.
pub const HEADER: &str = "x-request-id";

/// A correlation id: 1 to 64 letters, digits, dots, dashes and underscores.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(Arc<str>);

impl RequestId {
    /// Takes the client's own id, if it is one that can go into a log as it is.
    pub fn accept(text: &str) -> Option<Self> {
        let safe = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
        ((1..=64).contains(&text.len()) && text.bytes().all(safe)).then(|| Self(text.into()))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The id of the request that this task is about.
    pub fn current() -> Option<Self> {
        CURRENT.try_with(Clone::clone).ok()
    }

    /// Does this work as part of the request.
    pub async fn scope<F: Future>(self, work: F) -> F::Output {
        CURRENT.scope(self, work).await
    }
}

/// Makes ids that differ among all requests of all servers: random for the process, counted within it. That costs a
/// hundredth of asking the operating system for randomness each time.
#[derive(Debug)]
pub struct RequestIds {
    process: String,
    next: AtomicU64,
}

impl RequestIds {
    /// Ids of this process.
    pub fn new(random: &dyn SecureRandom) -> Self {
        let mut bytes = [0_u8; 8];
        random.fill(&mut bytes);
        Self {
            process: format!("{:016x}", u64::from_be_bytes(bytes)),
            next: AtomicU64::new(1),
        }
    }

    /// The next one.
    pub fn make(&self) -> RequestId {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        RequestId(format!("{}-{number}", self.process).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use coffer_core::SystemRandom;

    #[test]
    fn thr_65_only_an_id_that_is_safe_in_a_log_is_taken_over() {
        for good in ["a", "8f14e45f-ceea", "A.b_C-9", &"x".repeat(64)] {
            assert_eq!(RequestId::accept(good).unwrap().as_str(), good);
        }
        for bad in ["", "a b", "a\nb", "a\u{2028}b", "{}", "a\"", &"x".repeat(65)] {
            assert_eq!(RequestId::accept(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn made_ids_differ_and_would_be_accepted() {
        let ids = RequestIds::new(&SystemRandom);
        let (a, b) = (ids.make(), ids.make());
        assert_ne!(a, b);
        assert!(RequestId::accept(a.as_str()).is_some());
    }
}
