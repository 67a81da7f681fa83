//! A statement of the store taken apart: which tables it reads or changes, and by which conditions it stays in a tenant.

use std::collections::BTreeSet;

/// The columns that name a tenant: the row's own, and its integration's.
const TENANT_COLUMNS: [&str; 2] = ["tenant_id", "integration_tenant_id"];

/// The part of a statement that chooses rows: everything from its first table to the end of its conditions. What it
/// then does with the rows, reads or changes, is all the same here.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Choice {
    tokens: Vec<String>,
    /// The index in `tokens` of the first condition; its end, where there is none.
    conditions: usize,
}

/// A condition on a tenant: the tokens from and to, and what is compared.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Predicate {
    from: usize,
    to: usize,
    pub left: Column,
    /// A column of another table, or a bound value.
    pub right: Option<Column>,
}

/// A table, by the name that it has in the statement, and its column.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Column {
    pub table: String,
    pub column: String,
}

/// What a statement is, as far as tenants go.
#[derive(Debug)]
pub enum Statement {
    /// It reads, changes or deletes rows that it chooses; so many values are bound before the choice.
    Chooses(Choice, usize),
    /// It writes a new row, with these columns.
    Inserts {
        table: String,
        columns: BTreeSet<String>,
    },
    /// It has no table: `BEGIN`, a question about the time, or what sets up the connection or the schema.
    NoTable,
}

/// The first words of what opens and ends transactions, sets up a connection, and sets up the schema, whose files begin
/// with a comment.
const NO_TABLE: [&str; 10] = [
    "ALTER",
    "BEGIN",
    "COMMIT",
    "CREATE",
    "DROP",
    "PRAGMA",
    "RELEASE",
    "ROLLBACK",
    "SAVEPOINT",
    "-",
];

impl Statement {
    pub fn parse(sql: &str) -> Self {
        let tokens = tokens(sql);
        let word = |at: usize| tokens.get(at).map_or("", String::as_str);
        match word(0) {
            "INSERT" => {
                let chooses = |token: &String| matches!(token.as_str(), "SELECT" | "UPDATE" | "WHERE");
                assert!(word(1) == "INTO" && !tokens.iter().any(chooses), "{sql}");
                let open = tokens.iter().position(|token| token == "(").unwrap();
                let close = tokens.iter().position(|token| token == ")").unwrap();
                Self::Inserts {
                    table: bare(word(2)).to_owned(),
                    columns: tokens[open..close]
                        .iter()
                        .map(|token| bare(token).to_owned())
                        .collect(),
                }
            }
            "UPDATE" => {
                let at = tokens.iter().position(|token| token == "WHERE").expect(sql);
                let bound = binds(&tokens[..at]);
                let mut choice = vec!["FROM".to_owned(), word(1).to_owned()];
                choice.extend_from_slice(&tokens[at..]);
                Self::Chooses(Choice::new(&choice), bound)
            }
            "SELECT" | "DELETE" => match tokens.iter().position(|token| token == "FROM") {
                Some(at) => Self::Chooses(Choice::new(&tokens[at..]), binds(&tokens[..at])),
                None => Self::NoTable,
            },
            first if NO_TABLE.contains(&first) => Self::NoTable,
            _ => panic!("a statement that this test does not know: {sql}"),
        }
    }
}

impl Choice {
    /// Up to the end of the conditions, which is also where the brackets of an `EXISTS` close.
    fn new(tokens: &[String]) -> Self {
        let mut depth = 0_i32;
        let mut end = tokens.len();
        for (at, token) in tokens.iter().enumerate() {
            match token.as_str() {
                "(" => depth += 1,
                ")" => depth -= 1,
                "ORDER" | "LIMIT" | "RETURNING" if depth == 0 => depth = -1,
                _ => {}
            }
            if depth < 0 {
                end = at;
                break;
            }
        }
        let tokens = tokens[..end].to_vec();
        let conditions = tokens.iter().position(|token| token == "WHERE");
        Self {
            conditions: conditions.map_or(tokens.len(), |at| at + 1),
            tokens,
        }
    }

    /// As text, with its bound values as `?`.
    pub fn text(&self) -> String {
        self.tokens.join(" ").replace(" . ", ".")
    }

    /// In short: the tables with the number of conditions on a tenant of each, and the other columns of the conditions.
    pub fn brief(&self) -> String {
        let predicates = self.predicates();
        let of = |alias: &str| predicates.iter().filter(|one| one.is_of(alias)).count();
        let tables = self.tables().into_iter();
        let tables: Vec<_> = tables
            .map(|(table, alias)| format!("{table}={}", of(&alias)))
            .collect();
        let after_dot = self.tokens.windows(2).filter(|pair| pair[0] == ".");
        let columns = after_dot.map(|pair| bare(&pair[1]));
        let others: BTreeSet<_> = columns.filter(|name| !TENANT_COLUMNS.contains(name)).collect();
        let others: Vec<_> = others.into_iter().collect();
        let by = if others.is_empty() { "" } else { " by " };
        format!("{}{by}{}", tables.join(" "), others.join(" "))
    }

    /// The tables: their names, and what the statement calls them.
    pub fn tables(&self) -> Vec<(String, String)> {
        let mut found = Vec::new();
        for (at, token) in self.tokens.iter().enumerate() {
            if !matches!(token.as_str(), "FROM" | "JOIN") {
                continue;
            }
            let mut name = at + 1;
            while self.tokens[name] == "(" {
                name += 1;
            }
            let table = bare(&self.tokens[name]).to_owned();
            assert_ne!(table, "SELECT", "a table inside brackets: {}", self.text());
            let alias = self.tokens.get(name + 1).filter(|next| is_name(next));
            let alias = alias.map_or_else(|| table.clone(), |alias| bare(alias).to_owned());
            found.push((table, alias));
        }
        found
    }

    /// The conditions that compare a tenant with a bound value or with another table's.
    pub fn predicates(&self) -> Vec<Predicate> {
        let mut found = Vec::new();
        for at in 0..self.tokens.len() {
            let Some(left) = self.tenant_column(at) else {
                continue;
            };
            if self.tokens.get(at + 3).map(String::as_str) != Some("=") {
                continue;
            }
            let right = self.tenant_column(at + 4);
            let bound = self.tokens.get(at + 4).map(String::as_str) == Some("?");
            assert!(bound || right.is_some(), "compared with neither: {}", self.text());
            let to = at + if bound { 5 } else { 7 };
            found.push(Predicate {
                from: at,
                to,
                left,
                right,
            });
        }
        found
    }

    fn tenant_column(&self, at: usize) -> Option<Column> {
        let [table, dot, column] = self.tokens.get(at..at + 3)? else {
            return None;
        };
        (dot == "." && TENANT_COLUMNS.contains(&bare(column))).then(|| Column {
            table: bare(table).to_owned(),
            column: bare(column).to_owned(),
        })
    }

    /// The predicates to delete so as to see what this one does: it alone, and where the others say the same once more,
    /// all those of its table.
    pub fn deletions(&self, one: &Predicate) -> Vec<Vec<Predicate>> {
        let all = self.predicates();
        let mut deletions = vec![vec![one.clone()]];
        let others = all.iter().filter(|other| *other != one);
        let mut same = vec![Some(one.left.clone())];
        for other in others.clone().chain(others) {
            let ends = [Some(other.left.clone()), other.right.clone()];
            if ends.iter().any(|end| same.contains(end)) {
                same.extend(ends);
            }
        }
        if same.contains(&one.right) {
            let of_table = |other: &Predicate| other.is_of(&one.left.table);
            deletions.push(all.into_iter().filter(of_table).collect());
        }
        deletions
    }

    /// The SQL that counts the rows of this choice of which `wanted` is true, with these predicates deleted.
    pub fn count(&self, values: &[String], deleted: &[Predicate], wanted: &str) -> String {
        let mut values = values.iter();
        let mut sql = String::from("SELECT count(*) AS found");
        for (at, token) in self.tokens.iter().enumerate() {
            if at == self.conditions {
                sql.push_str(" (");
            }
            let value = if token == "?" { values.next() } else { None };
            let predicate = deleted
                .iter()
                .find(|predicate| (predicate.from..predicate.to).contains(&at));
            sql.push_str(if predicate.is_some_and(|predicate| predicate.from == at) {
                " true"
            } else {
                " "
            });
            if predicate.is_none() {
                sql.push_str(value.unwrap_or(token));
            }
        }
        let joint = if self.conditions == self.tokens.len() {
            "WHERE"
        } else {
            ") AND"
        };
        format!("{sql} {joint} ({wanted})")
    }
}

impl Predicate {
    /// Whether it says whose integration it has to be, rather than whose row.
    pub fn is_of_reference(&self) -> bool {
        self.right.is_none() && self.left.column == "integration_tenant_id"
    }

    pub fn is_of(&self, table: &str) -> bool {
        self.left.table == table || self.right.as_ref().is_some_and(|right| right.table == table)
    }
}

impl std::fmt::Display for Column {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.table, self.column)
    }
}

impl std::fmt::Display for Predicate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.right {
            Some(right) => write!(f, "{} = {right}", self.left),
            None => write!(f, "{} = ?", self.left),
        }
    }
}

fn binds(tokens: &[String]) -> usize {
    tokens.iter().filter(|token| *token == "?").count()
}

fn bare(token: &str) -> &str {
    token.trim_matches('`')
}

fn is_name(token: &str) -> bool {
    token.starts_with('`') || token.starts_with(|first: char| first.is_ascii_lowercase())
}

/// Words, quoted names and texts, and single signs.
fn tokens(sql: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = sql.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '`' | '\'' => rest[1..].find(first).expect(sql) + 2,
            _ if first.is_alphanumeric() || first == '_' => rest
                .find(|sign: char| !sign.is_alphanumeric() && sign != '_')
                .unwrap_or(rest.len()),
            '<' | '>' | '!' => rest.find(|sign| !"<>=!".contains(sign)).unwrap_or(rest.len()),
            _ => first.len_utf8(),
        };
        found.push(rest[..length].to_owned());
        rest = rest[length..].trim_start();
    }
    found
}
