#!/bin/sh
# Refuses source files that have grown beyond what one reader holds in mind.
# Function length and complexity are clang-tidy's (.clang-tidy).
max=1000
git ls-files '*.c' '*.h' '*.py' '*.mjs' '*.js' | while read -r f; do
    lines=$(wc -l <"$f")
    [ "$lines" -le "$max" ] || echo "$f: $lines lines; at most $max. Split it by resource."
done | sort | { ! grep .; }
