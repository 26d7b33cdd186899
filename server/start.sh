#!/bin/sh
# From a fresh clone to a running server: installs what is missing, builds, starts. Arguments go to cadabra:
#   server/start.sh --port 5000 --data /tmp/cadabra
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
"$top/.ci/install" build
"$top/server/get-duckdb.sh" || echo "cadabra starts without DuckDB: it won't read or write Parquet." >&2
make -s -C "$top" -j"$(nproc)" BUILD=release
exec "$top/build/release/cadabra" "$@"
