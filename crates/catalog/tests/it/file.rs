//! Provider files: one broken rule each, and the error that names it.

mod behaviour;
mod catalog;
mod endpoints;
mod fields;

use coffer_catalog::CatalogError;
use coffer_catalog::catalog::parse_provider;
use coffer_core::ErrorKind;

/// A file that breaks no rule, for each test to break one. Quirks of many providers at once.
const GOOD: &str = include_str!("acme.toml");

/// Replaces `from`, which has to be there, and gives the problems as text.
fn problems(from: &str, to: &str) -> String {
    assert!(GOOD.contains(from), "the good file has no {from}");
    let error = parse_provider("acme.toml", &GOOD.replacen(from, to, 1)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    let CatalogError::Invalid { file, problems } = &error else {
        panic!("{from} -> {to}: {error:?}")
    };
    assert_eq!(file, "acme.toml");
    assert!(
        problems
            .iter()
            .all(|problem| !problem.hint.is_empty() && !problem.message.is_empty())
    );
    assert!(error.to_string().starts_with("acme.toml: "), "{error}");
    error.to_string()
}

/// Asserts that the broken file is refused with a problem at this member.
fn refused(from: &str, to: &str, member: &str) {
    let text = problems(from, to);
    assert!(
        text.contains(&format!("{member}: ")),
        "{from} -> {to}: expected {member}, got {text}"
    );
}

/// Asserts that the broken file is not even read, and that the error names the member or value.
fn unreadable(from: &str, to: &str, named: &str) {
    assert!(GOOD.contains(from), "the good file has no {from}");
    let error = parse_provider("acme.toml", &GOOD.replacen(from, to, 1)).unwrap_err();
    let CatalogError::Parse { file, source } = error else {
        panic!("{from} -> {to}: {error:?}")
    };
    assert_eq!(file, "acme.toml");
    assert!(source.to_string().contains(named), "{source}");
}
