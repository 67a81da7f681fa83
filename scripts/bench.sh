#!/usr/bin/env bash
# Measures one thing and prints `NAME key=value ...` as its last line: ./scripts/bench.sh NAME
# Each measurement is a script in scripts/bench/; it starts what it needs and leaves nothing behind.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

names=$(for file in scripts/bench/*.sh; do basename "$file" .sh; done | paste -sd' ')
if [[ $# != 1 || ! -f scripts/bench/$1.sh || $1 == */* ]]; then
    echo "usage: $0 NAME, where NAME is one of: $names" >&2
    exit 2
fi
exec "scripts/bench/$1.sh"
