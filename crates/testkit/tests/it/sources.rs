use coffer_testkit::layering::workspace;
use coffer_testkit::sources::sources;

#[test]
fn every_source_file_keeps_the_rules() {
    let workspace = workspace(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")).unwrap();
    let mut objections = Vec::new();
    for package in &workspace.packages {
        for source in sources(package.manifest_path.parent().unwrap().as_std_path()).unwrap() {
            objections.extend(
                source
                    .objections()
                    .into_iter()
                    .map(|text| format!("{}: {text}", source.path.display())),
            );
        }
    }
    assert!(objections.is_empty(), "{objections:#?}");
}

#[test]
fn the_readme_of_every_library_is_its_documentation() {
    let workspace = workspace(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")).unwrap();
    let library =
        |package: &&cargo_metadata::Package| package.targets.iter().any(cargo_metadata::Target::is_lib);
    let is_documented = |package: &&cargo_metadata::Package| {
        let folder = package.manifest_path.parent().unwrap();
        let root = std::fs::read_to_string(folder.join("src/lib.rs")).unwrap();
        root.contains(r#"#![doc = include_str!("../README.md")]"#) && folder.join("README.md").exists()
    };
    let without: Vec<_> = (workspace.packages.iter().filter(library))
        .filter(|package| !is_documented(package))
        .map(|package| package.name.as_str())
        .collect();
    assert!(
        without.is_empty(),
        "their README.md is not the documentation of: {without:?}"
    );
}
