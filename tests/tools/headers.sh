#!/bin/bash
# Every header compiles alone, and every source file includes its own header first, or the one its folder shares.
# usage: headers.sh "compiler and flags"
set -u
bad=0
compile=$1
export compile
# shellcheck disable=SC2016 # expanded by the inner shell
git ls-files 'server/*.h' 'handlers/*.h' 'storage/*.h' | xargs -P "$(nproc)" -I{} sh -c '
    printf "#include \"%s\"\n" "$1" | $compile -x c -fsyntax-only - || { echo "$1: does not compile alone"; exit 1; }' _ {} || bad=1
while read -r f; do
    own=${f%.c}.h
    [ -f "$own" ] || continue
    first=$(grep -m1 '^#include' "$f")
    folder=$(dirname "$f")
    shared=$folder/$(basename "$folder").h
    [ "$first" = "#include \"$own\"" ] || [ "$first" = "#include \"$shared\"" ] || { echo "$f: include \"$own\" first"; bad=1; }
done < <(git ls-files 'server/*.c' 'handlers/*.c' 'storage/*.c')
exit $bad
