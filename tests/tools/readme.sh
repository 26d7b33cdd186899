#!/bin/sh
# Writes the list of working operations into README.md, or with --check tells whether it is up to date.
# usage: readme.sh PROGRAM [--check]
set -eu
new=$(mktemp)
trap 'rm -f "$new"' EXIT
"$1" ops --markdown >"$new.ops"
awk -v ops="$new.ops" '
    /<!-- operations -->/ { print; print ""; while ((getline line < ops) > 0) print line; print ""; skip = 1 }
    /<!-- end of operations -->/ { skip = 0 }
    !skip { if (!/<!-- operations -->/) print }' README.md >"$new"
rm -f "$new.ops"
if [ "${2:-}" = --check ]; then
    cmp -s "$new" README.md || { echo "README.md: the list of operations is out of date: make readme"; exit 1; }
else
    cat "$new" >README.md
fi
