# Sourced by the scripts beside it: a work folder that is removed at the end, missing programs, a throwaway PostgreSQL.
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
target=${CARGO_TARGET_DIR:-$root/target}
work=$(mktemp -d "${TMPDIR:-/tmp}/coffer.XXXXXXXX")
export PATH="$target/tools/bin:$PATH"

# What the sourcing script started itself, and stops at the end, by process id.
started=()

say() { printf '\n\033[1m== %s\033[0m\n' "$*"; }
die() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

cleanup() {
    local pid
    for pid in "${started[@]}"; do
        if kill "$pid" 2>/dev/null; then wait "$pid" 2>/dev/null || true; fi
    done
    stop_postgres
    rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

has() {
    case $1 in
    initdb) compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || command -v initdb >/dev/null ;;
    python3-venv) python3 -c 'import ensurepip' 2>/dev/null ;;
    *) command -v "$1" >/dev/null ;;
    esac
}

# need PROGRAM:PACKAGE...: installs the Debian packages whose programs are missing, or says which they are.
need() {
    local pair missing=()
    for pair in "$@"; do
        has "${pair%%:*}" || missing+=("${pair#*:}")
    done
    ((${#missing[@]})) || return 0
    if [[ $(id -u) != 0 ]] || ! command -v apt-get >/dev/null; then
        die "missing programs; on Debian: apt-get install --no-install-recommends ${missing[*]}"
    fi
    echo "installing: ${missing[*]}"
    apt_install "${missing[@]}" >"$work/apt.log" 2>&1 || {
        tail -n 20 "$work/apt.log" >&2
        die "apt-get could not install: ${missing[*]}"
    }
}

# The tests start a PostgreSQL of their own: the package's cluster, which would serve on port 5432, is not made.
apt_install() {
    local no_cluster=/etc/postgresql-common/createcluster.d/coffer-tests.conf status=0
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -q || return 1
    mkdir -p "${no_cluster%/*}"
    echo 'create_main_cluster = false' >"$no_cluster"
    apt-get install -y -q --no-install-recommends "$@" || status=1
    rm -f "$no_cluster"
    return $status
}

# Starts a PostgreSQL that ends with this shell, however it ends, and exports its URL for the tests.
start_postgres() {
    local line=''
    coproc POSTGRES { exec sh "$root/crates/testkit/src/postgres/serve.sh" 2>"$work/postgres.log"; }
    # shellcheck disable=SC2153 # bash sets it for the coprocess
    postgres_pid=$POSTGRES_PID
    read -r line <&"${POSTGRES[0]}" || true
    [[ $line == 'ready '* ]] || die "PostgreSQL did not start: $(cat "$work/postgres.log")"
    export COFFER_TEST_POSTGRES_URL=${line#ready }
}

stop_postgres() {
    [[ -n ${postgres_pid:-} ]] || return 0
    # shellcheck disable=SC1083 # bash closes the descriptor that the variable names
    if [[ -n ${POSTGRES[1]:-} ]]; then exec {POSTGRES[1]}>&-; fi
    wait "$postgres_pid" 2>/dev/null || true
    postgres_pid=
}
