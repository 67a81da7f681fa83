//! Lists in pages.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::fmt;
use std::str::FromStr;
use uuid::Uuid;

/// Where the next page begins: after the row with this id. Its text form is opaque to whoever holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor(pub Uuid);

/// A text that is not a cursor of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a cursor: send the `next_cursor` of the page before, unchanged")]
pub struct CursorError;

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0.as_bytes()))
    }
}

impl FromStr for Cursor {
    type Err = CursorError;

    fn from_str(text: &str) -> Result<Self, CursorError> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| CursorError)?;
        Uuid::from_slice(&bytes).map(Self).map_err(|_| CursorError)
    }
}

/// Which page is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageRequest {
    /// How many rows at most, 1 to 100.
    pub limit: u16,
    /// After which row; from the start where it is `None`.
    pub after: Option<Cursor>,
}

impl PageRequest {
    /// The most rows of a page.
    pub const MAX: u16 = 100;

    /// A page of `limit` rows, brought into the range 1 to 100.
    pub fn new(limit: u16, after: Option<Cursor>) -> Self {
        Self {
            limit: limit.clamp(1, Self::MAX),
            after,
        }
    }
}

impl Default for PageRequest {
    fn default() -> Self {
        Self::new(50, None)
    }
}

/// A page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// Where the next page begins; `None` on the last one.
    pub next: Option<Cursor>,
}

impl<T> Page<T> {
    /// Makes a page of rows that were asked for with one more than the limit: the extra row tells that there is more.
    pub fn from_overfull(mut rows: Vec<T>, limit: u16, id: impl Fn(&T) -> Uuid) -> Self {
        let limit = usize::from(limit);
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = if more {
            rows.last().map(|row| Cursor(id(row)))
        } else {
            None
        };
        Self { items: rows, next }
    }

    /// The same page with each row turned into something else.
    pub fn map<U>(self, to: impl FnMut(T) -> U) -> Page<U> {
        Page {
            items: self.items.into_iter().map(to).collect(),
            next: self.next,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursor_round_trips_and_garbage_is_refused() {
        let cursor = Cursor(Uuid::from_u128(42));
        assert_eq!(cursor.to_string().parse(), Ok(cursor));
        assert_eq!("'; drop".parse::<Cursor>(), Err(CursorError));
    }

    #[test]
    fn last_page_has_no_next() {
        let rows = vec![Uuid::from_u128(1), Uuid::from_u128(2)];
        assert_eq!(Page::from_overfull(rows.clone(), 2, |id| *id).next, None);
        assert_eq!(
            Page::from_overfull(rows, 1, |id| *id).next,
            Some(Cursor(Uuid::from_u128(1)))
        );
    }
}
