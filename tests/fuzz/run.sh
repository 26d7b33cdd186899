#!/bin/bash
# Runs fuzz targets, first on the corpus, then for new inputs.
# usage: run.sh BUILD-FOLDER SECONDS NAME...    (0 seconds: only the corpus)
set -u
folder=$1 seconds=$2
shift 2
here=$(dirname "$0")
passed=0 failed=0
mkdir -p "$folder/found"
fuzz_one() { # fuzz_one NAME
    local corpus=$here/corpus/$1 found=$folder/found/$1
    mkdir -p "$found" "$corpus"
    if [ "$seconds" = 0 ]; then
        "$folder/fuzz_$1" -runs=0 "$corpus"
    else
        "$folder/fuzz_$1" -max_total_time="$seconds" -timeout=$((10 * share)) -rss_limit_mb=2048 -max_len=65536 \
            -artifact_prefix="$folder/found/$1-" "$found" "$corpus"
    fi >"$folder/$1.log" 2>&1
}
running=()
finish_one() {
    local name=${running[0]%%:*} pid=${running[0]##*:}
    if wait "$pid"; then
        passed=$((passed + 1))
        echo "fuzz $name: $(grep -oE 'Done [0-9]+ runs' "$folder/$name.log" || echo corpus)"
    else
        failed=$((failed + 1))
        echo "fuzz $name failed; the input is in $folder/found/$name-*"
        tail -n 40 "$folder/$name.log"
    fi
    running=("${running[@]:1}")
}
# More at once than there are processors: each has its time, and all together do not take half an hour. An input may take
# ten seconds of a processor that has several to serve.
share=3
at_once=$(($(nproc) * share))
for name in "$@"; do
    [ ${#running[@]} -lt "$at_once" ] || finish_one
    fuzz_one "$name" &
    running+=("$name:$!")
done
while [ ${#running[@]} -gt 0 ]; do finish_one; done
echo "fuzz: $passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
