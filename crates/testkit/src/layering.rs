//! Which crate may depend on which, over `cargo metadata`.
//!
//! The table is the one of `docs/architecture.md`. A new crate gets a row in [`RULES`]; a library that one crate alone
//! may know gets a row in [`SOLE_USERS`].

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand};

/// The crates of the workspace that one crate may depend on, by their short names (`core` for `coffer-core`).
#[derive(Debug)]
pub struct Rule {
    /// The crate.
    pub of: &'static str,
    /// What it may be built with.
    pub may_use: &'static [&'static str],
    /// What its tests, benches and examples may use besides.
    pub tests_may_use: &'static [&'static str],
}

/// A library that shows in the API or the behaviour of few crates, so that it can be replaced there.
#[derive(Debug)]
pub struct SoleUser {
    /// The library, as its package is called.
    pub library: &'static str,
    /// The short names of the crates that may use it.
    pub crates: &'static [&'static str],
}

/// The allowed arrows.
pub const RULES: &[Rule] = &[
    Rule {
        of: "core",
        may_use: &[],
        tests_may_use: &[],
    },
    Rule {
        of: "envelope",
        may_use: &["core"],
        tests_may_use: &[],
    },
    Rule {
        of: "catalog",
        may_use: &["core"],
        tests_may_use: &[],
    },
    Rule {
        of: "http",
        may_use: &["core"],
        tests_may_use: &[],
    },
    Rule {
        of: "oauth",
        may_use: &["core", "catalog", "http"],
        tests_may_use: &["simulator"],
    },
    Rule {
        of: "store",
        may_use: &["core"],
        tests_may_use: &["testkit"],
    },
    Rule {
        of: "wallet",
        may_use: &["core", "envelope", "catalog", "oauth"],
        tests_may_use: &["http", "simulator", "store", "testkit"],
    },
    Rule {
        of: "simulator",
        may_use: &["core", "catalog"],
        tests_may_use: &["http", "oauth"],
    },
    Rule {
        of: "testkit",
        may_use: &["core", "store", "simulator"],
        tests_may_use: &[],
    },
    Rule {
        of: "server",
        may_use: &[
            "core",
            "envelope",
            "catalog",
            "http",
            "oauth",
            "store",
            "wallet",
            "simulator",
        ],
        tests_may_use: &["testkit"],
    },
    Rule {
        of: "bench",
        may_use: &["core", "http"],
        tests_may_use: &[],
    },
];

/// The libraries that only these crates may name.
pub const SOLE_USERS: &[SoleUser] = &[
    SoleUser {
        library: "diesel",
        crates: &["store"],
    },
    SoleUser {
        library: "diesel-async",
        crates: &["store"],
    },
    SoleUser {
        library: "reqwest",
        crates: &["http"],
    },
    SoleUser {
        library: "openidconnect",
        crates: &["oauth"],
    },
    SoleUser {
        library: "config",
        crates: &["server"],
    },
    SoleUser {
        library: "actix-web",
        crates: &["server", "simulator", "bench"],
    },
    SoleUser {
        library: "tokio-postgres",
        crates: &["store", "testkit"],
    },
];

/// Cryptography that none of our crates names: our own code calls ring, and TLS is rustls on ring.
pub const NO_CRYPTOGRAPHY: &[&str] = &[
    "aead",
    "aes",
    "aes-gcm",
    "aes-gcm-siv",
    "aes-siv",
    "argon2",
    "aws-lc-rs",
    "blake2",
    "blake3",
    "chacha20poly1305",
    "ecdsa",
    "ed25519-dalek",
    "getrandom",
    "hkdf",
    "hmac",
    "jsonwebtoken",
    "md-5",
    "openssl",
    "orion",
    "p256",
    "p384",
    "pbkdf2",
    "rand",
    "rand_core",
    "rsa",
    "scrypt",
    "sha1",
    "sha2",
    "sha3",
    "sodiumoxide",
    "x25519-dalek",
];

/// One line of a manifest: `of` depends on `on`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrow {
    /// The short name of the crate.
    pub of: String,
    /// What it depends on: a short name, or the name of a library.
    pub on: String,
    /// For tests, benches and examples alone.
    pub for_tests: bool,
}

/// What `cargo metadata` says of the workspace that `manifest` belongs to.
///
/// # Errors
/// There is no such manifest, or cargo cannot read it.
pub fn workspace(manifest: &str) -> Result<Metadata, cargo_metadata::Error> {
    MetadataCommand::new().manifest_path(manifest).no_deps().exec()
}

/// The short names of the workspace's crates.
pub fn crates(workspace: &Metadata) -> impl Iterator<Item = &str> {
    workspace
        .packages
        .iter()
        .map(|package| short(package.name.as_str()))
}

/// All dependencies that the workspace's manifests declare.
pub fn arrows(workspace: &Metadata) -> impl Iterator<Item = Arrow> {
    workspace.packages.iter().flat_map(|package| {
        package.dependencies.iter().map(|dependency| Arrow {
            of: short(package.name.as_str()).to_owned(),
            on: short(&dependency.name).to_owned(),
            for_tests: dependency.kind == DependencyKind::Development,
        })
    })
}

/// Why this arrow may not be, or nothing where it may.
#[must_use]
pub fn objection(arrow: &Arrow) -> Option<String> {
    let Arrow { of, on, for_tests } = arrow;
    let Some(rule) = RULES.iter().find(|rule| rule.of == of) else {
        return Some(format!("`{of}` has no row in the table of layers"));
    };
    if NO_CRYPTOGRAPHY.contains(&on.as_str()) {
        return Some(format!("`{of}` uses {on}; our own code calls ring"));
    }
    if let Some(sole) = SOLE_USERS.iter().find(|sole| sole.library == on)
        && !sole.crates.contains(&of.as_str())
    {
        return Some(format!("`{of}` uses {on}, which is for {:?} alone", sole.crates));
    }
    let is_ours = RULES.iter().any(|rule| rule.of == on);
    let allowed = of == on // its own features, in its own tests
        || rule.may_use.contains(&on.as_str())
        || (*for_tests && rule.tests_may_use.contains(&on.as_str()));
    (is_ours && !allowed).then(|| {
        format!(
            "`{of}` may not use `{on}`{}",
            if *for_tests { " in tests" } else { "" }
        )
    })
}

fn short(package: &str) -> &str {
    package.strip_prefix("coffer-").unwrap_or(package)
}
