//! The statements that are known, in `statements.txt`, against those that ran. Where two conditions say the same, either
//! can go and no row shows it; but it is missing from the count here.
//!
//! A line is: how many statements are alike in what follows; the verb; each table with the number of its conditions on
//! a tenant; the other columns of the conditions. Statements differ if anything in their text does, but for the values
//! and how many there are.

use super::statement::Choice;
use std::collections::{BTreeMap, BTreeSet};

const LISTED: &str = include_str!("statements.txt");

/// What ran: the texts, by their short form.
#[derive(Default)]
pub struct Listed(BTreeMap<String, BTreeSet<String>>);

impl Listed {
    pub fn add(&mut self, sql: &str, choice: &Choice) {
        let verb = sql.split_whitespace().next().unwrap();
        let mut text = sql.to_owned();
        while text.contains("?, ?") {
            text = text.replace("?, ?", "?");
        }
        let brief = format!("{verb} {}", choice.brief());
        self.0.entry(brief).or_default().insert(text);
    }

    /// Neither more nor fewer conditions and statements than listed.
    pub fn compare(&self) {
        let listed: BTreeSet<String> = LISTED.lines().map(str::to_owned).collect();
        let lines = self.0.iter();
        let ran: BTreeMap<String, &BTreeSet<String>> = lines
            .map(|(brief, texts)| (format!("{} {brief}", texts.len()), texts))
            .collect();
        let gone: Vec<_> = listed.iter().filter(|line| !ran.contains_key(*line)).collect();
        let new: Vec<_> = ran.iter().filter(|(line, _)| !listed.contains(*line)).collect();
        assert!(
            gone.is_empty() && new.is_empty(),
            "The statements on tenants' tables are not those of tests/it/predicates/statements.txt. Look whether a \
             condition on a tenant is gone from the source: a number after a table has become smaller. If the change \
             is meant, take out of that file:\n{}\nand put in these lines, without the texts below each:\n{}",
            gone.iter().map(|line| format!("{line}\n")).collect::<String>(),
            new.iter()
                .map(|(line, texts)| format!("{line}\n{}", indented(texts)))
                .collect::<String>(),
        );
    }
}

fn indented(texts: &BTreeSet<String>) -> String {
    texts.iter().map(|text| format!("    {text}\n")).collect()
}
