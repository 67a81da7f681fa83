#!/usr/bin/env bash
# Token reads of 100 tenants over 64 connections, on SQLite and on PostgreSQL with row-level security, against a
# constant from actix-web and against pgbench on the same PostgreSQL: see ../bench.sh
#
# Each round measures all four; the figures are medians of the rounds' ratios. All share the machine's cores: the load
# generators run with priority (as root), so that they measure the servers and not their own turn on a core, and beside
# PostgreSQL the server has one worker, because PostgreSQL needs the other core.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR
source "$(dirname "${BASH_SOURCE[0]}")/lib/server.sh"

rounds=5
seconds=6
targets=(constant sqlite postgres pgbench)

main() {
    need curl:curl wrk:wrk initdb:postgresql
    nice -n -10 true 2>&1 | grep -q . && die 'the load generators need priority: run this as root'
    build
    # The data of pgbench must lie in PostgreSQL's memory as ours does.
    export COFFER_TEST_POSTGRES_OPTIONS='-c shared_buffers=512MB'
    start_postgres
    start_simulator
    database[sqlite]=sqlite:$work/coffer.db
    make_roles
    workers[postgres]=1
    for name in sqlite postgres; do
        start_server "$name"
        seed "$name" --tenants 100 --connect
    done
    start_constant
    superuser --command='CREATE DATABASE bench'
    pgbench --initialize --scale=10 --quiet "${COFFER_TEST_POSTGRES_URL%/*}/bench" >"$work/pgbench.log" 2>&1
    measure
    report
}

superuser() {
    psql --quiet --no-psqlrc --set=ON_ERROR_STOP=1 --dbname="$COFFER_TEST_POSTGRES_URL" "$@"
}

# A database with the three roles that docs/tenancy.md asks for: none is a superuser, and none bypasses row-level security.
make_roles() {
    superuser --command='CREATE ROLE coffer_owner LOGIN' --command='CREATE ROLE coffer_app LOGIN' \
        --command='CREATE ROLE coffer_system LOGIN' --command='CREATE DATABASE coffer OWNER coffer_owner'
    local address=${COFFER_TEST_POSTGRES_URL#*@}
    database[postgres]=postgres://coffer_app@${address%/*}/coffer
    database_system[postgres]=postgres://coffer_system@${address%/*}/coffer
    database_owner[postgres]=postgres://coffer_owner@${address%/*}/coffer
}

# A body that the server gave, from actix-web alone.
start_constant() {
    local connection key port
    read -r connection key <"$work/sqlite.keys"
    curl --silent --fail -X POST -H "authorization: Bearer $key" \
        "${server[sqlite]}/v1/connections/$connection/token" >"$work/body.json"
    echo "the answer has $(wc -c <"$work/body.json") bytes"
    port=$(shuf -i 20000-31999 -n 1)
    server[constant]=http://127.0.0.1:$port
    cp "$work/sqlite.keys" "$work/constant.keys"
    "$bin/coffer-bench" constant --listen "127.0.0.1:$port" --body "$work/body.json" >"$work/constant.log" 2>&1 &
    started+=($!)
    until_true 200 curl --silent --fail --output /dev/null -X POST "${server[constant]}/v1/connections/x/token" ||
        die "the constant is not served: $(cat "$work/constant.log")"
}

measure() {
    local round name order
    for name in "${targets[@]}"; do one "$name" 3 >/dev/null; done # warm-up
    for ((round = 1; round <= rounds; round++)); do
        order=("${targets[@]}")
        ((round % 2)) || order=(pgbench postgres sqlite constant)
        for name in "${order[@]}"; do
            echo "$round $name $(one "$name" $seconds)" | tee -a "$work/figures"
        done
    done
}

# one NAME SECONDS: `rate=... p50_us=... p99_us=... wrong=...`
one() {
    if [[ $1 == pgbench ]]; then
        nice -n -10 pgbench --select-only --protocol=prepared --no-vacuum --client=64 --jobs=2 --time="$2" \
            "${COFFER_TEST_POSTGRES_URL%/*}/bench" 2>>"$work/pgbench.log" |
            awk '/^tps/ { rate = $3 } /failed transactions/ { wrong = $5 } END { print "rate=" rate " wrong=" wrong + 0 }'
    else
        KEYS=$work/$1.keys nice -n -10 wrk --threads 1 --connections 64 --duration "${2}s" --timeout 5s \
            --script "$root/scripts/bench/lib/token.lua" "${server[$1]}" | tail -n 1
    fi
}

# Medians of the rounds, with the smallest and the largest; fails where an answer was not as it should be.
report() {
    ! grep -v 'wrong=0$' "$work/figures" || die 'some answers were not as they should be'
    tr '=' ' ' <"$work/figures" | awk '
        { rate[$1, $2] = $4; if ($5 == "p50_us") tail[$1, $2] = $8 / $6; rounds = $1 > rounds ? $1 : rounds }
        function median(name, of, by,    n, i, j, v, all) {
            for (n = 1; n <= rounds; n++) all[n] = by == "" ? of[n, name] : of[n, name] / of[n, by]
            for (i = 2; i <= rounds; i++) for (j = i; j > 1 && all[j] < all[j - 1]; j--) {
                v = all[j]; all[j] = all[j - 1]; all[j - 1] = v
            }
            spread = sprintf("%.3g to %.3g", all[1], all[rounds])
            return all[int((rounds + 1) / 2)]
        }
        function show(key, value) { printf "%s: %.3f (%s)\n", key, value, spread; last = last sprintf(" %s=%.3f", key, value) }
        END {
            show("postgres_vs_pgbench", median("postgres", rate, "pgbench"))
            show("sqlite_vs_constant", median("sqlite", rate, "constant"))
            show("postgres_p99_over_p50", median("postgres", tail, ""))
            show("sqlite_p99_over_p50", median("sqlite", tail, ""))
            print "token-read" last
        }'
}

main
