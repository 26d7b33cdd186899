/*
 * DuckDB, embedded: SQL over files, Parquet read and written.
 *
 * The library is loaded when it is first needed. Who opens an engine gets a database of its own, in
 * memory, locked down: it can reach the files it was given and nothing else, no network, no
 * extensions, and nothing of that can be changed back by SQL.
 *
 * https://duckdb.org/docs/stable/operations_manual/securing_duckdb/overview
 *
 * DuckDB wants a deep stack: open and use engines in threads of thread_start_deep(), or in a
 * process of their own. Files that others wrote are read in a process of their own (handlers/s3).
 * An engine belongs to one thread; different engines do not meet.
 */
#ifndef CADABRA_DUCKDB_ENGINE_H
#define CADABRA_DUCKDB_ENGINE_H

#include "server/duckdb/functions.h"

/* What to do where there is no library, or one that can't be used; for error messages. */
extern const char engine_missing[];
extern const char engine_unusable[];

/* Where the library is, as dlopen wants it; to be freed. `configured`, or NULL: beside the program,
 * in ../duckdb or ../lib/cadabra from there. NULL: there is none. */
char *engine_find(const char *configured);

/* Loads it and fills the functions. False after logging why. What is loaded stays loaded. */
bool engine_load(const char *configured, struct engine_functions *out);

struct engine_options {
    int memory_mb;  /* of DuckDB's buffers, at most */
    int threads;    /* 1: all work is done by the thread that asks */
    bool any_order; /* rows need not keep the order of their source */
    /* Open files that it may read and write, by engine_file_path(); up to ENGINE_FILES_MAX. */
    const int *files;
    size_t file_count;
    /* One that it may use as it likes, also for what does not fit into memory; NULL: none. */
    const char *directory;
};

enum { ENGINE_FILES_MAX = 64, ENGINE_PATH_MAX = 32, ENGINE_PROBLEM_MAX = 512 };

struct engine {
    const struct engine_functions *lib;
    struct duckdb_database *database;
    struct duckdb_connection *connection;
    char problem[ENGINE_PROBLEM_MAX]; /* why the last call failed, in DuckDB's words; one line */
};

/* False: `problem` says why; nothing is to be closed then. lib must outlive the engine. */
bool engine_open(struct engine *e, const struct engine_functions *lib,
                 const struct engine_options *options);
void engine_close(struct engine *e);

/* Runs a statement whose rows do not matter. False: `problem` says why. */
bool engine_run(struct engine *e, const char *sql);

/* A VARCHAR of a chunk that is not null; borrowed from it. */
struct bytes engine_text(const struct engine_functions *lib, struct duckdb_chunk *chunk,
                         uint64_t column, uint64_t row);

/* How SQL names an open file. */
void engine_file_path(int fd, char out[ENGINE_PATH_MAX]);

#endif
