//! Looks at everything that could be wrong, changes nothing, and says what to do.

mod database;
mod keys;
mod local;

use crate::cli::CliError;
use crate::compose::Composed;
use crate::config::{Config, Source};
use serde::Serialize;
use std::error::Error;
use std::io::Write as _;
use std::process::ExitCode;

/// How a check went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// In order.
    Ok,
    /// It works, but somebody should look.
    Warn,
    /// It does not work.
    Fail,
}

impl Verdict {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "FAIL",
        }
    }
}

/// What was found.
#[derive(Debug, Clone, Serialize)]
pub struct Finding {
    /// What was looked at.
    pub check: String,
    /// How it is.
    pub verdict: Verdict,
    /// What was found.
    pub found: String,
    /// What to do, where there is something to do.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub todo: String,
}

impl Finding {
    fn ok(check: impl Into<String>, found: impl Into<String>) -> Self {
        Self {
            check: check.into(),
            verdict: Verdict::Ok,
            found: found.into(),
            todo: String::new(),
        }
    }

    fn warn(check: impl Into<String>, found: impl Into<String>, todo: impl Into<String>) -> Self {
        Self {
            check: check.into(),
            verdict: Verdict::Warn,
            found: found.into(),
            todo: todo.into(),
        }
    }

    fn fail(check: impl Into<String>, found: impl Into<String>, todo: impl Into<String>) -> Self {
        Self {
            check: check.into(),
            verdict: Verdict::Fail,
            found: found.into(),
            todo: todo.into(),
        }
    }
}

/// Looks, prints, and exits with 1 where something does not work.
///
/// # Errors
/// Where the findings cannot be printed.
pub async fn run(source: &Source, json: bool) -> Result<ExitCode, CliError> {
    let findings = look(source).await;
    let text = if json {
        as_json(&findings)
    } else {
        as_table(&findings)
    };
    let written = std::io::stdout().lock().write_all(text.as_bytes());
    written.map_err(|source| CliError::Io {
        what: "standard output cannot be written".into(),
        source,
    })?;
    let worst = findings.iter().map(|finding| finding.verdict).max();
    Ok(if worst == Some(Verdict::Fail) {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

/// Everything that was found, in the order of the checks. What cannot be looked at, because something before it does
/// not work, is left out.
pub async fn look(source: &Source) -> Vec<Finding> {
    let config = match Config::read(source) {
        Ok(config) => config,
        Err(error) => {
            let problems = error.0.into_iter();
            return problems
                .map(|problem| Finding::fail(problem.setting, "cannot be used", problem.message))
                .collect();
        }
    };
    let mut findings = vec![Finding::ok("configuration", "every setting can be used")];
    findings.extend(local::look(&config));
    let store = match Composed::store(&config).await {
        Ok(store) => store,
        Err(error) => {
            findings.push(Finding::fail(
                "database",
                causes(&error),
                "check COFFER_DATABASE_URL, and that it runs",
            ));
            return findings;
        }
    };
    let current = database::look(&store, &mut findings).await;
    match Composed::over(&config, store) {
        Ok(composed) if current => keys::look(&composed, &mut findings).await,
        Ok(_) => {}
        Err(error) => findings.push(Finding::fail(
            "composition",
            causes(&error),
            "correct the setting that it names",
        )),
    }
    findings
}

/// An error and its causes in one line.
fn causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

fn as_json(findings: &[Finding]) -> String {
    // Texts only, so that this cannot fail.
    let mut text = serde_json::to_string_pretty(findings).unwrap_or_default();
    text.push('\n');
    text
}

fn as_table(findings: &[Finding]) -> String {
    let width = findings
        .iter()
        .map(|finding| finding.check.chars().count())
        .max()
        .unwrap_or(0);
    let mut text = String::new();
    for Finding {
        check,
        verdict,
        found,
        todo,
    } in findings
    {
        text.push_str(&format!("{:4}  {check:width$}  {found}\n", verdict.as_str()));
        if !todo.is_empty() {
            text.push_str(&format!("      {:width$}  -> {todo}\n", ""));
        }
    }
    text
}
