#!/usr/bin/env bash
# Everything there is to check, on a machine that has Rust and a C compiler: ./scripts/test.sh [--long]
#
# As root on Debian it installs the packages that are missing; otherwise it says which. Tools are built once into
# target/tools. It starts a throwaway PostgreSQL and the counterparts of tests/peers, and leaves nothing running.
# --long: more cases for each property, more seals and dropped calls, and each crate's tests built alone, as who embeds
# one crate would.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/common.sh

long=
for flag in "$@"; do
    case $flag in
    --long) long=1 ;;
    *) die "unknown flag $flag; usage: $0 [--long]" ;;
    esac
done

export CARGO_INCREMENTAL=0
# A release needs the numbers of the threat model: so many seals, so many calls that are given up.
[[ -z $long ]] || export PROPTEST_CASES=4096 COFFER_TEST_SEALS=10000000 COFFER_TEST_DROPS=100000

passed=0 failed=0

main() {
    step packages
    step tools
    [[ $failed == 0 ]] || report # without them nothing below can be right
    start_postgres
    step format
    step lint
    step documentation
    step unused_dependencies
    step licences
    step advisories
    step rust_tests
    step peers
    [[ -z $long ]] || step crates_alone
    report
}

# git fetches the database of advisories.
packages() {
    need git:git initdb:postgresql node:nodejs npm:npm chromium:chromium python3:python3 python3-venv:python3-venv
}

# Built without optimisation: they run for seconds, and would be built for minutes.
tools() {
    cargo fmt --version >/dev/null 2>&1 || rustup component add rustfmt
    cargo clippy --version >/dev/null 2>&1 || rustup component add clippy
    cargo_tool cargo-deny 0.20.2
    cargo_tool cargo-machete 0.9.2
    npm install --prefix tests/peers --no-package-lock --no-fund --no-audit --loglevel=error
    [[ -x $target/peers/bin/schemathesis ]] || {
        python3 -m venv "$target/peers"
        "$target/peers/bin/pip" install --quiet --disable-pip-version-check -r tests/peers/requirements.txt
    }
}

cargo_tool() {
    command -v "$1" >/dev/null || cargo install --quiet --locked --debug --root "$target/tools" --version "$2" "$1"
}

format() {
    cargo fmt --all --check
}

lint() {
    cargo clippy --quiet --workspace --all-targets -- -D warnings
}

documentation() {
    RUSTDOCFLAGS='-D warnings' cargo doc --quiet --workspace --no-deps --all-features
}

unused_dependencies() {
    cargo machete
}

licences() {
    cargo deny --log-level error check bans licenses sources
}

advisories() {
    if timeout 120 cargo deny --log-level error fetch db 2>"$work/advisories"; then
        cargo deny --log-level error check --disable-fetch advisories
    else
        tail -n 2 "$work/advisories"
        remark 'ADVISORIES NOT CHECKED: the database of known vulnerabilities could not be fetched (see above)'
    fi
}

rust_tests() {
    cargo test --workspace --no-fail-fast 2>&1 | tee "$work/rust"
}

peers() {
    CHROMIUM=$(command -v chromium) SCHEMATHESIS=$target/peers/bin/schemathesis COFFER_SERVER=$target/debug/coffer-server \
        tests/peers/node_modules/.bin/node --test --test-reporter=spec 'tests/peers/*.test.mjs' 2>&1 | tee "$work/peers"
}

crates_alone() {
    local crate
    for crate in crates/*/; do
        echo "$crate"
        cargo check --quiet --tests --manifest-path "$crate/Cargo.toml"
    done
}

# Runs one of the functions above, in a shell of its own that ends at the first error. Later steps run all the same.
step() {
    local status=0 began=$SECONDS
    say "$1"
    set +e
    (
        set -e
        "$1"
    )
    status=$?
    set -e
    count "$1" $status
    printf '%s: %s, %d s\n' "$1" "$([[ $status == 0 ]] && echo ok || echo FAILED)" $((SECONDS - began))
}

# A step with tests counts as its tests, any other as one.
count() {
    local ok=0 bad=0
    case $1 in
    rust_tests)
        ok=$(sum 's/^test result: .* \([0-9]*\) passed;.*/\1/p' rust)
        bad=$(sum 's/^test result: .* \([0-9]*\) failed;.*/\1/p' rust)
        ;;
    peers)
        ok=$(sum 's/^ℹ pass \([0-9]*\)$/\1/p' peers)
        bad=$(sum 's/^ℹ fail \([0-9]*\)$/\1/p' peers)
        ;;
    *) [[ $2 == 0 ]] && ok=1 || bad=1 ;;
    esac
    [[ $2 == 0 || $bad != 0 ]] || bad=1
    passed=$((passed + ok)) failed=$((failed + bad))
}

sum() {
    sed -n "$1" "$work/$2" 2>/dev/null | paste -sd+ | sed 's/^$/0/' | { read -r terms && echo $((terms)); }
}

# What whoever reads only the end must know.
remark() {
    echo "$1"
    echo "$1" >>"$work/remarks"
}

report() {
    say "done in $((SECONDS / 60)) min $((SECONDS % 60)) s"
    [[ ! -f $work/remarks ]] || cat "$work/remarks"
    echo "$passed passed, $failed failed"
    [[ $failed == 0 ]]
}

main
