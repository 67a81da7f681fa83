use std::fs;
use std::path::Path;

/// A case that nobody lists in the macro would never run.
#[test]
fn every_case_of_the_contract_is_listed_under_its_module() {
    let testing = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/testing");
    let list = fs::read_to_string(testing.join("contract.rs")).unwrap();
    let mut cases = 0;
    for file in fs::read_dir(testing.join("contract")).unwrap() {
        let path = file.unwrap().path();
        let source = fs::read_to_string(&path).unwrap();
        let module = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let listed = list
            .split_once(&format!("            {module} {{\n"))
            .map_or("", |(_, rest)| rest.split_once('}').unwrap().0);
        for line in source.lines() {
            let Some(rest) = line.strip_prefix("pub async fn ") else {
                continue;
            };
            let name = rest.split('(').next().unwrap();
            assert!(
                listed.lines().any(|line| line.trim() == format!("{name},")),
                "{module}::{name}"
            );
            cases += 1;
        }
    }
    assert!(cases > 80, "only {cases} cases were found");
}
