//! Why something did not open: told to the operator as a counter, never to whoever asked.

use std::sync::atomic::{AtomicU64, Ordering};

macro_rules! reasons {
    ($($(#[$doc:meta])* $variant:ident = $label:literal,)*) => {
        /// Why an envelope was refused, or a key was. It is counted and logged; the error itself does not have it, so
        /// that nobody can use us as an oracle.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum FailureReason { $($(#[$doc])* $variant,)* }

        impl FailureReason {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The stable name: the metric's label.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $label,)* }
            }
        }

        #[derive(Debug, Default)]
        #[expect(non_snake_case, reason = "a field for each variant, named like it")]
        pub(crate) struct Failures { $($variant: AtomicU64,)* }

        impl Failures {
            fn counter(&self, reason: FailureReason) -> &AtomicU64 {
                match reason { $(FailureReason::$variant => &self.$variant,)* }
            }
        }
    };
}

reasons! {
    /// Shorter than an empty envelope, or longer than the longest.
    Length = "length",
    /// The first byte is not 0xE7.
    Magic = "magic",
    /// A format version that this code does not know.
    Version = "version",
    /// A suite that this code does not know.
    Suite = "suite",
    /// Flags that must be zero are not.
    Flags = "flags",
    /// The tenant has no data key with this id.
    UnknownKey = "unknown_key",
    /// The data key is another tenant's, or is not for sealing.
    ForeignKey = "foreign_key",
    /// The data key is destroyed, or was never active.
    RetiredKey = "retired_key",
    /// The commitment is not that of the derived key.
    Commitment = "commitment",
    /// The tag does not fit key, ciphertext and authenticated data.
    Authentication = "authentication",
    /// It opened, but is not the UTF-8 text that was asked for.
    NotText = "not_text",
    /// The store names an active key of a lower version than was seen before.
    Rollback = "rollback",
}

impl Failures {
    pub(crate) fn count(&self, reason: FailureReason) {
        self.counter(reason).fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn snapshot(&self) -> FailureCounts {
        let count = |reason: &FailureReason| (*reason, self.counter(*reason).load(Ordering::Relaxed));
        FailureCounts(FailureReason::ALL.iter().map(count).collect())
    }
}

/// How often each reason occurred since the key ring was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailureCounts(Vec<(FailureReason, u64)>);

impl FailureCounts {
    /// How often this reason occurred.
    pub fn of(&self, reason: FailureReason) -> u64 {
        self.iter()
            .find_map(|(known, count)| (known == reason).then_some(count))
            .unwrap_or(0)
    }

    /// How often any occurred.
    pub fn total(&self) -> u64 {
        self.iter().map(|(_, count)| count).sum()
    }

    /// Every reason with its count, also those that did not occur.
    pub fn iter(&self) -> impl Iterator<Item = (FailureReason, u64)> + '_ {
        self.0.iter().copied()
    }
}
