/*
 * Rows of a Parquet object for S3 Select. A file that others made is read in a process of its own
 * (`cadabra helper s3`), by DuckDB; it writes the columns that the query needs as lines of JSON,
 * and select_input.c takes those as it takes any.
 *
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/selecting-content-from-objects.html
 */
#ifndef CADABRA_S3_SELECT_PARQUET_H
#define CADABRA_S3_SELECT_PARQUET_H

#include "handlers/s3/select.h"
#include "server/app.h"

struct select_parquet;

/* Row groups that begin inside [start, end) of the file. */
struct select_parquet_range {
    int64_t start;
    int64_t end;
};

/* `file` holds the object and nothing else; it stays the caller's, and may be closed. Waits until
 * the file's metadata are read. NULL after filling out_error. To be freed. */
struct select_parquet *select_parquet_open(const struct app *app, int file,
                                           const struct select_query *query,
                                           struct select_parquet_range range,
                                           struct select_error *out_error);
/* A select_source of JSON lines. */
ssize_t select_parquet_read(void *parquet, void *out, size_t max);
/* After a read that failed: why. */
void select_parquet_explain(const struct select_parquet *p, struct select_error *out_error);
void select_parquet_free(struct select_parquet *p);

/* `cadabra helper s3`; its exit code. */
int select_parquet_helper(void);

#endif
