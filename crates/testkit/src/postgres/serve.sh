#!/bin/sh
# A throwaway PostgreSQL. Prints `ready URL` when it takes connections, serves until its standard input ends, which it
# does when whoever started it exits or is killed, and then removes everything. It never touches an installed cluster.
#
# `fsync`, `synchronous_commit` and `full_page_writes` are off: a test's data need not survive a crash of the machine,
# and commits are ten times faster. Trust authentication, on a socket in its own folder and on 127.0.0.1 only.
set -eu

fail() {
    echo "$1" >&2
    exit 1
}

find_programs() {
    for folder in $(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -rV); do
        [ -x "$folder/initdb" ] && PATH="$folder:$PATH" && break
    done
    command -v initdb >/dev/null && command -v pg_ctl >/dev/null ||
        fail 'PostgreSQL is not installed: apt-get install postgresql (Debian), or put initdb and pg_ctl on PATH'
}

# PostgreSQL refuses to run as root. The text is handed over, because the other user may not read this folder.
leave_root() {
    [ "$(id -u)" = 0 ] || return 0
    user=nobody
    id -u postgres >/dev/null 2>&1 && user=postgres
    text=$(cat "$1")
    cd /
    exec runuser -u "$user" -- sh -c "$text" serve.sh
}

start() {
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        port=$(shuf -i 20000-31999 -n 1) # below the ports that outgoing connections take
        pg_ctl start --silent --wait --timeout=60 --pgdata="$folder/data" --log="$folder/log" --options="\
            -c listen_addresses=127.0.0.1 -c port=$port -c unix_socket_directories=$folder -c max_connections=200 \
            -c fsync=off -c synchronous_commit=off -c full_page_writes=off -c shared_buffers=64MB \
            -c timezone=UTC ${COFFER_TEST_POSTGRES_OPTIONS:-}" >/dev/null 2>&1 && return 0
    done
    fail "PostgreSQL does not start: $(tail -n 3 "$folder/log")"
}

stop() {
    trap '' EXIT
    pg_ctl stop --silent --mode=immediate --wait --pgdata="$folder/data" >/dev/null 2>&1 || true
    rm -rf "$folder"
}

find_programs
leave_root "$0"
cd /
folder=$(mktemp -d "${TMPDIR:-/tmp}/coffer-postgres.XXXXXXXX")
trap '' HUP INT TERM # the end of standard input is the only order to stop
trap stop EXIT
initdb --pgdata="$folder/data" --username=postgres --auth=trust --encoding=UTF8 --locale=C --no-sync >"$folder/log" 2>&1 ||
    fail "initdb failed: $(tail -n 3 "$folder/log")"
start
echo "ready postgres://postgres@127.0.0.1:$port/postgres"
cat >/dev/null
