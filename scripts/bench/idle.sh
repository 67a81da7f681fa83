#!/usr/bin/env bash
# How much of one processor the idle server takes, over a minute: see ../bench.sh
set -euo pipefail
# shellcheck source-path=SCRIPTDIR
source "$(dirname "${BASH_SOURCE[0]}")/lib/server.sh"

seconds=60

# User and system time of the process so far, in clock ticks.
ticks() {
    # The name in the second field may have spaces; what follows its bracket has not.
    sed 's/.*) //' "/proc/${pid[idle]}/stat" | awk '{ print $12 + $13 }'
}

need curl:curl
build
start_simulator
database[idle]=sqlite:$work/coffer.db
start_server idle
sleep 5
before=$(ticks)
sleep $seconds
after=$(ticks)
echo "$((after - before)) ticks of $(getconf CLK_TCK) a second in $seconds s; resident: $(rss idle) MB"
awk -v ticks=$((after - before)) -v hz="$(getconf CLK_TCK)" -v seconds=$seconds \
    'BEGIN { printf "idle cpu_percent=%.3f\n", 100 * ticks / hz / seconds }'
