# `just` lists these; each is also a plain command that works without just.

_list:
    @just --list

# Start the demo: SQLite, a provider simulator inside, one sample connection
demo:
    cargo run --release -- demo

# Everything that CI runs, on this machine
test *flags:
    ./scripts/test.sh {{ flags }}

# The tests of one crate: `just unit wallet`
unit crate:
    cargo test -p coffer-{{ crate }}

# Format and lint
lint:
    cargo fmt --all
    cargo clippy --workspace --all-targets -- -D warnings

# The documentation of all crates, in the browser
docs:
    cargo doc --workspace --no-deps --all-features --open

# Licences, banned crates, advisories, unused dependencies
deps:
    cargo deny check
    cargo machete

# A measurement: token-read, seal, flows or idle
bench name:
    ./scripts/bench.sh {{ name }}
