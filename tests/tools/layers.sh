#!/bin/bash
# Who may include whom: server/base <- storage <- handlers <- server. The READMEs of the folders say why.
set -u
bad=0
complain() { # complain LINES REASON
    [ -z "$1" ] && return
    printf '%s\n' "$1" | sed "s|\$|   <- $2|"
    bad=1
}
includes() { # includes PATTERN FILES...
    local pattern=$1
    shift
    [ $# -gt 0 ] && grep -nE "^#include ($pattern)" "$@" /dev/null
}
mapfile -t base < <(git ls-files 'server/base/*.[ch]')
mapfile -t engine < <(git ls-files 'server/duckdb/*.[ch]')
mapfile -t storage < <(git ls-files 'storage/*.[ch]')
mapfile -t handlers < <(git ls-files 'handlers/*.[ch]' 'handlers/**/*.[ch]' | sort -u)
mapfile -t server < <(git ls-files 'server/*.[ch]' | grep -v '^server/registry.c$')
mapfile -t all < <(git ls-files 'server/*.[ch]' 'handlers/*.[ch]' 'storage/*.[ch]')

complain "$(includes '"(server/(net|model|protocol|auth|duckdb)|server/[a-z_]+\.h|handlers|storage)' "${base[@]}")" \
    "server/base knows nothing above it"
complain "$(includes '"(server/(net|model|protocol|auth)|server/[a-z_]+\.h|handlers|storage)' "${engine[@]}")" \
    "server/duckdb may use server/base only"
complain "$(includes '"(handlers/|server/(net|model|protocol|auth|duckdb)/|server/[a-z_]+\.h)' "${storage[@]}")" \
    "storage may use server/base only"
# Event streams are written by the handlers whose answers they are.
complain "$(includes '("server/protocol/|"storage/sql\.h|<sqlite3|<microhttpd|<nghttp2|<expat)' "${handlers[@]}" |
    grep -v '"server/protocol/event_stream\.h"')" \
    "handlers know no wire format and no SQL"
complain "$(includes '"handlers/' "${server[@]}")" "the server knows services through registry.c only"
for rule in 'microhttpd:server/net/http1' 'nghttp2/:server/net/http2' 'sqlite3:storage/' 'expat:server/protocol/xml_read.c'; do
    mapfile -t others < <(printf '%s\n' "${all[@]}" | grep -v "^${rule#*:}")
    complain "$(includes "<${rule%%:*}" "${others[@]}")" "only ${rule#*:} includes ${rule%%:*}"
done
exit $bad
