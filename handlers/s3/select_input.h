/*
 * Rows of an object for S3 Select: CSV, JSON lines and JSON documents, plain or packed with gzip;
 * and of Parquet, of which the source makes JSON lines (select_parquet.h).
 * Reads on as rows are asked for; holds one row (or document) at a time.
 */
#ifndef CADABRA_S3_SELECT_INPUT_H
#define CADABRA_S3_SELECT_INPUT_H

#include "gen/s3.h"
#include "handlers/s3/select.h"

/* Where bytes come from. Returns how many, 0 at the end, -1 on a failure. */
struct select_source {
    ssize_t (*read)(void *context, void *out, size_t max);
    void *context;
};

struct select_input;

/* serialization must live as long as the input. NULL after filling out_error: what it says is
 * wrong, or not built. `from` may be NULL. To be freed. */
struct select_input *select_input_new(const struct s3_InputSerialization *serialization,
                                      const struct select_path *from, struct select_source source,
                                      struct select_error *out_error);
void select_input_free(struct select_input *in);

/* 1: out is the next row, valid until the next call; what it needs beside lies in `a`. 0: there is
 * none. -1 after filling out_error. */
int select_input_next(struct select_input *in, struct arena *a, struct select_row *out,
                      struct select_error *out_error);

/* Unpacked bytes that have become rows: where the next row begins. */
int64_t select_input_position(const struct select_input *in);
/* Bytes taken from the source, and what became of them. */
int64_t select_input_scanned(const struct select_input *in);
int64_t select_input_processed(const struct select_input *in);

#endif
