#!/bin/sh
# The protocol vectors against our codecs, with botocore as the reader of our answers.
# usage: run.sh BUILD_FOLDER          (build/asan)
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
cd "$top"
build=$1
vectors=${CADABRA_VECTORS:-../shared/data/vectors/protocols}
if [ ! -d "$vectors" ]; then
    echo "vectors: skipped, $vectors is absent"
    exit 0
fi
python=python3
[ -x build/venv/bin/python ] && python=build/venv/bin/python
kind=$(basename "$build")
make -s --no-print-directory BUILD="$kind" O="$build" "$build/modelc"
"$python" tests/vectors/vectors.py models "$vectors" "$build"
make -s --no-print-directory BUILD="$kind" O="$build" "$build/vectors/driver"
exec "$python" tests/vectors/vectors.py compare "$vectors" "$build"
