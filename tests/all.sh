#!/bin/sh
# Everything: installs what the tests need, builds, and runs all tests. The last lines count them.
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
"$top/tests/setup.sh"
exec make -s -C "$top" check
