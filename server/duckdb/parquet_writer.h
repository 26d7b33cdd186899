/*
 * A Parquet file, written as its rows come: a thread of its own runs the COPY that takes them, so
 * no more of it is in memory than two chunks of rows and one row group.
 *
 * https://duckdb.org/docs/stable/data/parquet/overview#writing-to-parquet-files
 *
 * A writer belongs to one thread. Columns are optional, lists have three levels, times are INT64
 * microseconds without a zone. Row groups have up to 32 MiB.
 */
#ifndef CADABRA_DUCKDB_PARQUET_WRITER_H
#define CADABRA_DUCKDB_PARQUET_WRITER_H

#include "server/duckdb/engine.h"

struct parquet_column {
    const char *name;
    struct duckdb_type *type; /* stays the caller's; needed until the end */
};

struct parquet_options {
    const char *compression; /* "snappy", "gzip", "uncompressed" */
    bool dictionaries;       /* values that repeat are written once */
    int version;             /* of the encodings: 1 or 2 */
};

struct parquet_writer;

/* Writes into the open file, which stays the caller's, and is nobody else's until the end. NULL
 * after logging why not. lib and columns must outlive the writer. */
struct parquet_writer *parquet_writer_new(const struct engine_functions *lib,
                                          const struct parquet_column *columns, size_t count,
                                          const struct parquet_options *options, int file);

/* Where the next rows go, lib->vector_size() at most: one vector for each column. */
struct duckdb_chunk *parquet_writer_chunk(struct parquet_writer *w);
/* The first `rows` of the chunk are filled; there is a new chunk then. Waits until the rows before
 * them are written. */
void parquet_writer_send(struct parquet_writer *w, size_t rows);

/* Ends the file and frees the writer; what was not sent is not in it. False after logging: the file
 * is worth nothing. */
bool parquet_writer_end(struct parquet_writer *w);

#endif
