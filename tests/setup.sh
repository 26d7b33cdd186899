#!/bin/sh
# Installs what the tests need: Debian packages, a Python environment with boto3, the AWS CLI and Node in build/venv,
# the JavaScript SDK in tests/sdk/node, and DuckDB's library. Does nothing where all is there already.
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
"$top/.ci/install" build test
venv=$top/build/venv
want=$(cat "$top/tests/requirements.txt" "$top/tests/sdk/node/package-lock.json" | cksum)
if [ ! -f "$venv/.done" ] || [ "$(cat "$venv/.done")" != "$want" ]; then
    /usr/bin/python3 -m venv --clear "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check -r "$top/tests/requirements.txt"
    (cd "$top/tests/sdk/node" && PATH=$venv/bin:$PATH npm ci --silent --no-audit --no-fund)
    echo "$want" >"$venv/.done"
fi
"$top/server/get-duckdb.sh"
