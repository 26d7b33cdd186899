#!/bin/sh
# Runs every unit test binary of a folder; ends with a line that counts them.
# usage: run.sh FOLDER
passed=0 failed=0
for t in "$1"/test_*; do
    case "$t" in *.o | *.d) continue ;; esac
    [ -x "$t" ] || continue
    if out=$(CK_FORK=no "$t" 2>&1); then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        printf '%s\n%s\n' "$t" "$out"
    fi
done
echo "unit: $passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
