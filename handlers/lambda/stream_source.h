/*
 * The streams that functions are mapped to, seen alike: Kinesis and DynamoDB. A source is held,
 * its shards are listed, a position is opened in each, and records are read from there, already as
 * a function gets them.
 *
 * https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html
 * https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html
 */
#ifndef CADABRA_LAMBDA_STREAM_SOURCE_H
#define CADABRA_LAMBDA_STREAM_SOURCE_H

#include "handlers/kinesis/kinesis.h"
#include "server/app.h"
#include "server/base/arena.h"
#include "server/base/strbuf.h"
#include "server/waitq.h"
#include "storage/store.h"

struct stream_source;

enum { STREAM_SHARD_MAX = 48 };

/* STORE_NOT_FOUND: there is no such stream; STORE_CONFLICT: the ARN is of no stream at all. */
enum store_status stream_source_hold(struct app *app, const char *text, struct stream_source **out);
void stream_source_release(struct stream_source *s);
bool stream_source_gone(const struct stream_source *s);
/* Woken when there may be more records. */
struct waitq *stream_source_waitq(struct stream_source *s);
bool stream_source_is_kinesis(const struct stream_source *s);

size_t stream_source_shards(const struct stream_source *s);
void stream_source_shard_name(const struct stream_source *s, size_t shard,
                              char out[STREAM_SHARD_MAX]);
/* As kinesis_shard_parents(). */
void stream_source_parents(const struct stream_source *s, size_t shard, int *out_parent,
                           int *out_adjacent);

struct stream_position {
    size_t shard;
    int64_t next;
};

struct stream_start {
    enum { STREAM_OLDEST, STREAM_AT_TIME, STREAM_AFTER } kind;
    int64_t at_ms;        /* STREAM_AT_TIME */
    const char *sequence; /* STREAM_AFTER */
};

/* STORE_CONFLICT: the sequence number is not one of this shard. */
enum store_status stream_source_open(struct stream_source *s, size_t shard,
                                     const struct stream_start *start, struct stream_position *out);

struct stream_record {
    const char *sequence_number;
    const char *key; /* records of one key keep their order */
    int64_t at_ms;
    struct bytes json;   /* an element of the event's Records */
    struct bytes filter; /* the same as filters see it */
};

struct stream_records {
    struct stream_record *items;
    size_t count;
    struct stream_position next;
    bool end; /* the shard is closed and has been read to its end */
};

struct stream_read {
    size_t records_max;
    size_t bytes_max;
    const char *role; /* of the function, as records name it */
    bool filtered;    /* whether `filter` is wanted */
};

enum store_status stream_source_read(struct stream_source *s, const struct stream_position *from,
                                     const struct stream_read *how, struct arena *a,
                                     struct stream_records *out);

/* Exposed for tests. */
struct kinesis_record_place {
    const char *stream_arn;
    const char *region;
    const char *role;
    const char *shard;
};
void kinesis_record_write(struct strbuf *out, const struct kinesis_record_place *place,
                          const struct kinesis_event *record);

#endif
