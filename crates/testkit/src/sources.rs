//! What holds for every source file of the workspace.

use std::io;
use std::path::{Path, PathBuf};

/// How long a file of product code may be, in lines, without the unit tests at its end.
pub const LONGEST: usize = 400;

/// A Rust source file.
#[derive(Debug)]
pub struct Source {
    /// Where it is.
    pub path: PathBuf,
    /// Its text.
    pub text: String,
}

/// All Rust files under `folder`, those of tests, benches and examples too.
///
/// # Errors
/// A folder or file cannot be read.
pub fn sources(folder: &Path) -> io::Result<Vec<Source>> {
    let mut found = Vec::new();
    collect(folder, &mut found)?;
    Ok(found)
}

fn collect(folder: &Path, found: &mut Vec<Source>) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() && path.file_name().is_some_and(|name| name != "target") {
            collect(&path, found)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(Source {
                text: std::fs::read_to_string(&path)?,
                path,
            });
        }
    }
    Ok(())
}

impl Source {
    /// What is wrong with this file, one sentence each.
    #[must_use]
    pub fn objections(&self) -> Vec<String> {
        let mut objections = Vec::new();
        if self.path.file_name().is_some_and(|name| name == "mod.rs") {
            objections.push("a module `foo` is `foo.rs` with `foo/` beside it, not `foo/mod.rs`".to_owned());
        }
        if self
            .text
            .lines()
            .any(|line| line.trim_start().starts_with("#[ignore"))
        {
            objections.push("a test is ignored: mend it or remove it".to_owned());
        }
        let length = self.product_lines();
        if length > LONGEST {
            objections.push(format!(
                "{length} lines are too many to read: split it at {LONGEST}"
            ));
        }
        objections
    }

    /// The lines before the unit tests; none in a folder of tests.
    fn product_lines(&self) -> usize {
        let in_tests = self.path.components().any(|part| part.as_os_str() == "tests");
        if in_tests {
            return 0;
        }
        self.text
            .lines()
            .take_while(|line| *line != "#[cfg(test)]")
            .count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(path: &str, text: &str) -> Source {
        Source {
            path: path.into(),
            text: text.to_owned(),
        }
    }

    #[test]
    fn a_long_file_is_refused_and_its_unit_tests_do_not_count() {
        let long = "let a = 1;\n".repeat(LONGEST + 1);
        assert_eq!(source("src/a.rs", &long).objections().len(), 1);
        assert_eq!(source("tests/it/a.rs", &long).objections().len(), 0);
        let tested = format!("let a = 1;\n#[cfg(test)]\nmod tests {{\n{long}}}\n");
        assert_eq!(source("src/a.rs", &tested).objections().len(), 0);
    }

    #[test]
    fn an_ignored_test_and_a_mod_file_are_refused() {
        assert_eq!(
            source("src/a.rs", "    #[ignore = \"slow\"]\n")
                .objections()
                .len(),
            1
        );
        assert_eq!(source("src/a/mod.rs", "").objections().len(), 1);
    }
}
