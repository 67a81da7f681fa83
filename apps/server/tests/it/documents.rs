//! The documents say what the code does.

use coffer_server::config::VARIABLES;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[test]
fn o5_every_variable_is_in_the_example_and_in_the_documentation() {
    let (example, documentation) = (read(".env.example"), read("docs/configuration.md"));
    for variable in VARIABLES {
        let name = variable.name;
        assert!(
            example
                .lines()
                .any(|line| line.trim_start_matches("# ").starts_with(&format!("{name}="))),
            "{name} in .env.example"
        );
        assert!(
            documentation.contains(&format!("`{name}`")),
            "{name} in docs/configuration.md"
        );
        if variable.secret {
            assert!(
                documentation.contains(&format!("`{name}_FILE`")),
                "{name}_FILE in docs/configuration.md"
            );
        }
    }
}

#[test]
fn o5_the_example_names_no_unknown_variable_and_holds_no_secret() {
    let example = read(".env.example");
    for line in example.lines() {
        let Some((name, value)) = line.trim_start_matches("# ").split_once('=') else {
            continue;
        };
        let Some(variable) = VARIABLES.iter().find(|variable| name == variable.name) else {
            assert!(!name.starts_with("COFFER_") || name.ends_with("_FILE"), "{name}");
            continue;
        };
        assert!(
            !variable.secret || value.is_empty() || name.ends_with("URL"),
            "{line}"
        );
    }
}

/// Texts in quotes that follow one of these, in the code that makes errors, are codes.
fn codes_of(source: &str) -> BTreeSet<String> {
    let mut codes = BTreeSet::new();
    let in_one_line = source
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .replace("( \"", "(\"");
    for start in [
        "flow(\"",
        "precondition(\"",
        "code: \"",
        "refuse(\"",
        "=> (\"",
        "state: \"",
    ] {
        for rest in in_one_line.split(start).skip(1) {
            codes.insert(rest.split('"').next().unwrap().to_owned());
        }
    }
    // The arms of every `fn code`.
    for body in source.split("fn code(&self)").skip(1) {
        let body = body.split("\n    }\n").next().unwrap();
        for rest in body.split("=> \"").skip(1) {
            codes.insert(rest.split('"').next().unwrap().to_owned());
        }
    }
    codes.retain(|code| {
        !code.is_empty()
            && code
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
    });
    codes
}

fn sources(folder: &Path, to: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, to);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            to.push(text.split("#[cfg(test)]").next().unwrap().to_owned());
        }
    }
}

#[test]
fn every_code_of_the_code_is_in_the_documentation() {
    let documentation = read("docs/errors.md");
    let mut all = Vec::new();
    sources(&root().join("crates/wallet/src"), &mut all);
    for file in [
        "apps/server/src/problem.rs",
        "crates/core/src/error.rs",
        "crates/envelope/src/error.rs",
        "crates/oauth/src/callback.rs",
        "crates/oauth/src/id_token.rs",
        "crates/oauth/src/discovery.rs",
        "crates/oauth/src/error.rs",
    ] {
        all.push(read(file));
    }
    let mut codes: BTreeSet<String> = all.iter().flat_map(|source| codes_of(source)).collect();
    codes.extend(coffer_core::failure::FailureCode::ALL.map(|code| code.as_str().to_owned()));
    assert!(
        codes.len() > 45 && codes.contains("state_used") && codes.contains("store_unavailable"),
        "{codes:?}"
    );
    let missing: Vec<&String> = codes
        .iter()
        .filter(|code| !documentation.contains(&format!("`{code}`")))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn every_state_of_a_connection_is_in_the_table_of_errors() {
    let documentation = read("docs/errors.md");
    for state in coffer_core::connection::ConnectionState::ALL {
        assert!(
            documentation.contains(&format!("`{}`", state.as_str())),
            "{state:?}"
        );
    }
}

#[test]
fn every_command_of_the_readme_is_understood() {
    let readme = read("README.md");
    let commands: Vec<&str> = readme
        .lines()
        .filter_map(|line| line.strip_prefix("coffer-server "))
        .collect();
    assert!(commands.len() > 5, "{commands:?}");
    let folder = tempfile::tempdir().unwrap();
    for command in commands {
        let command = command.replace("<id>", &uuid::Uuid::nil().to_string());
        let command = command.split('>').next().unwrap_or_default();
        // What follows an option that is not known is not looked at, `--help` among it.
        let words = words(command);
        let arguments: Vec<&str> = words.iter().map(String::as_str).chain(["--help"]).collect();
        crate::command::done(folder.path(), &arguments);
    }
}

/// The words of a command line, with those in quotes as one.
fn words(line: &str) -> Vec<String> {
    let parts = line.split('"').enumerate();
    parts
        .flat_map(|(number, part)| match number % 2 {
            0 => part.split_whitespace().map(str::to_owned).collect(),
            _ => vec![part.to_owned()],
        })
        .collect()
}
