//! The rules of a provider file that its types do not already state.

mod calls;
mod captures;
mod fields;
mod members;
mod settings;
mod templates;
mod values;

use crate::error::Problem;
use crate::provider::Provider;

/// Every broken rule, in the order of the file's schema.
pub(crate) fn validate(provider: &Provider) -> Vec<Problem> {
    let mut report = Report {
        provider,
        problems: Vec::new(),
    };
    members::head(&mut report);
    templates::check(&mut report);
    values::check(&mut report);
    settings::check(&mut report);
    members::check(&mut report);
    calls::check(&mut report);
    fields::check(&mut report);
    report.problems
}

/// The problems found so far.
struct Report<'a> {
    provider: &'a Provider,
    problems: Vec<Problem>,
}

impl Report<'_> {
    /// Notes a problem when `broken` holds.
    fn when(&mut self, broken: bool, field: &str, message: &str, hint: &str) {
        if broken {
            self.add(field, message, hint);
        }
    }

    fn add(&mut self, field: &str, message: impl Into<String>, hint: impl Into<String>) {
        self.problems.push(Problem {
            field: field.to_owned(),
            message: message.into(),
            hint: hint.into(),
        });
    }
}

/// What a variable's name stands for.
enum Origin<'a> {
    Field(&'a crate::field::Field),
    Capture(&'a crate::provider::capture::Capture),
    Region,
    Token,
    Unknown,
}

/// Finds what a variable stands for.
fn origin<'a>(provider: &'a Provider, name: &str) -> Origin<'a> {
    if let Some(value) = name.strip_prefix("region.") {
        let known = provider
            .regions
            .iter()
            .flat_map(|regions| regions.values.values());
        let mut known = known.peekable();
        let all = known.peek().is_some() && known.all(|values| values.contains_key(value));
        return if all { Origin::Region } else { Origin::Unknown };
    }
    if let Some(field) = provider.field(name) {
        return Origin::Field(field);
    }
    if let Some(capture) = provider.capture(name) {
        return Origin::Capture(capture);
    }
    if matches!(name, "access_token" | "refresh_token") {
        Origin::Token
    } else {
        Origin::Unknown
    }
}
