#!/usr/bin/env bash
# Seal and open of 2 KiB on one core, against bare AES-256-GCM on the same bytes: see ../bench.sh
set -euo pipefail
cargo run --quiet --release --package coffer-envelope --example seal_bench | sed '$ s/^/seal /'
