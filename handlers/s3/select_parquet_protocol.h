/*
 * What the server and its reader of Parquet say to one another. The file is descriptor 3. The
 * server sends a request and the names of columns to descriptor 0, and closes it; the reader
 * answers to descriptor 1 with two bytes, each a select_parquet_status: when the engine stands, and
 * when the file's metadata are read; then with rows, a line of JSON each. So a library that crashes
 * is not taken for a file that makes it crash. Its exit code is a select_parquet_status, too.
 */
#ifndef CADABRA_S3_SELECT_PARQUET_PROTOCOL_H
#define CADABRA_S3_SELECT_PARQUET_PROTOCOL_H

#include <stdint.h>

enum { SELECT_PARQUET_FILE = 3, SELECT_PARQUET_NAMES_MAX = 1 << 20 };

struct select_parquet_request {
    int64_t start; /* of the range in which row groups begin */
    int64_t end;
    uint32_t all;       /* 1: all columns are wanted; 0: those that are named */
    uint32_t names_len; /* bytes of what follows: names, each with a NUL behind */
};

enum select_parquet_status {
    SELECT_PARQUET_WELL,
    SELECT_PARQUET_BROKEN,     /* no Parquet, or damaged */
    SELECT_PARQUET_CODEC,      /* compressed in a way that S3 Select does not take */
    SELECT_PARQUET_BLOCK,      /* a row group is too large */
    SELECT_PARQUET_NO_ENGINE,  /* there is no DuckDB */
    SELECT_PARQUET_BAD_ENGINE, /* there is one that can't be used */
    SELECT_PARQUET_FAILED      /* whatever the file is: no process, or none that answers */
};

#endif
