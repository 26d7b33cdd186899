/*
 * Records on their way through a stream's processors, in the order of AWS: Decompression,
 * CloudWatchLogProcessing, RecordDeAggregation, Lambda, MetadataExtraction,
 * AppendDelimiterToRecord. Each step takes a list and leaves a list; a record that a step can't
 * deal with leaves the list and becomes a line for the error prefix.
 */
#ifndef CADABRA_FIREHOSE_PROCESS_H
#define CADABRA_FIREHOSE_PROCESS_H

#include "handlers/firehose/deliver.h"
#include "handlers/firehose/frame.h"
#include "handlers/firehose/prefix.h"

struct record {
    struct bytes data;
    struct bytes packed; /* as it was before its decompression; data NULL: it never was */
    struct bytes meta;   /* of the source, JSON */
    int64_t at_ms;
    struct partition_keys keys;
};

struct record_list {
    struct record *items;
    size_t count;
    size_t capacity;
};

/* What comes of a buffer, by the sort of the buffers it goes into. */
struct output_list {
    struct output *items;
    size_t count;
    size_t capacity;
};

struct processing {
    struct work *work;
    struct record_list records;
    struct output_list failed; /* lines for the error prefix, by error output type */
    struct chunker later;      /* frames for a round of their own: all at once would be too much */
    const char *logged;        /* the error code that was logged last */
};

void record_list_add(struct arena *a, struct record_list *list, const struct record *r);
/* The record becomes a line for the error prefix: as it is, or, AWS: as it was before its
 * decompression. */
void processing_fail(struct processing *p, const struct record *r, const struct undelivered *why);

/* --- unpack.c --- */
void unpack_decompress(struct processing *p);
/* The messages of CloudWatch Logs events, each a record; with a newline behind where asked for. */
void unpack_log_messages(struct processing *p, bool newline);
void unpack_deaggregate(struct processing *p, const struct firehose_Processor *processor);

/* --- transform.c: false when the server stops: then nothing came of it. --- */
bool transform(struct processing *p, const struct firehose_Processor *processor);

/* --- partition.c --- */
void partition_by_query(struct processing *p, const struct firehose_Processor *processor);
/* What a buffer of this record's partition is called (its sort); NULL after failing the record. */
const char *partition_sort(struct processing *p, const struct prefix *prefix,
                           const struct record *r);

#endif
