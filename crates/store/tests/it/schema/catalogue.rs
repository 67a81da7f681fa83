//! A schema as a catalogue tells it, in words that both databases share.

use std::collections::{BTreeMap, BTreeSet};

/// The tables, by name.
pub type Catalogue = BTreeMap<String, Table>;

#[derive(Debug, Default, PartialEq, Eq)]
pub struct Table {
    pub columns: BTreeMap<String, Column>,
    pub primary_key: Vec<String>,
    /// The columns of each unique index or constraint but the primary key.
    pub unique: BTreeSet<Vec<String>>,
    /// The columns of each index that covers the whole table.
    pub indexes: BTreeSet<Vec<String>>,
    pub references: BTreeSet<Reference>,
}

#[derive(Debug, PartialEq, Eq)]
pub struct Column {
    pub kind: Kind,
    pub nullable: bool,
}

/// What a column holds. SQLite has one word for ids and bytes, and one for times and counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Id,
    Bytes,
    Text,
    Json,
    Time,
    Integer,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reference {
    pub columns: Vec<String>,
    pub table: String,
    pub to: Vec<String>,
    pub cascades: bool,
}
