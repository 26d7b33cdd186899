/* Where the tests' DuckDB is: as tests/setup.sh has put it, seen from the top folder. */
#ifndef CADABRA_DUCKDB_FIXTURE_H
#define CADABRA_DUCKDB_FIXTURE_H

#include <stdlib.h>

static inline const char *duckdb_library(void)
{
    const char *named = getenv("CADABRA_DUCKDB"); /* NOLINT(concurrency-mt-unsafe): one thread */

    return named ? named : "build/duckdb/libduckdb.so";
}

#endif
