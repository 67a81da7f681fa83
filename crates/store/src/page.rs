//! Lists in pages: the row after which a page begins, and one row more than was asked for.

use crate::types::Id;
use coffer_core::page::PageRequest;
use coffer_core::ports::PURGE;
use uuid::Uuid;

/// The row after which an ascending page begins.
pub(crate) fn after(page: PageRequest) -> Id {
    Id(page.after.map_or(Uuid::nil(), |cursor| cursor.0))
}

/// The row before which a descending page begins.
pub(crate) fn before(page: PageRequest) -> Id {
    Id(page.after.map_or(Uuid::max(), |cursor| cursor.0))
}

/// One row more than the page has.
pub(crate) fn limit(page: PageRequest) -> i64 {
    i64::from(page.limit).saturating_add(1)
}

/// How many rows that are over are deleted on the way.
pub(crate) fn purge_limit() -> i64 {
    i64::try_from(PURGE).unwrap_or(i64::MAX)
}
