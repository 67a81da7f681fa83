#!/usr/bin/env bash
# 200 authorization flows at once against the simulator, on SQLite: see ../bench.sh
#
# p99_ms is the worst route's 99th percentile as a user sees it, with a new connection for each request; own_p99_ms is
# the worst route's without waiting for the database's writer or the provider. Memory is in MB of 10^6 bytes.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR
source "$(dirname "${BASH_SOURCE[0]}")/lib/server.sh"

need curl:curl
build
start_simulator
database[flows]=sqlite:$work/coffer.db
server_timing=true
start_server flows
sleep 3
idle=$(rss flows)
seed flows --tenants 20
"$bin/coffer-bench" flows --server "${server[flows]}" --simulator "$simulator" \
    --integration "${integration[flows]}" --keys "$work/flows.keys" --flows 200 >"$work/figures"
sed '$ d' "$work/figures"
echo "flows $(tail -n 1 "$work/figures") rss_mb=$(rss flows) idle_rss_mb=$idle"
