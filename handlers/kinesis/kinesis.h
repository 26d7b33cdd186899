/*
 * Kinesis for other services: putting records and reading shards without a request (event source
 * mappings, deliveries, streams that others write to).
 *
 * A reader finds the stream, lists its shards, opens a position in each, and reads batches; when a
 * batch is empty it waits at the stream's waitq for a put (take the ticket before the read). A
 * position is a plain value: it can be kept, copied and written to disk as the sequence number of
 * the last record that was dealt with.
 *
 * All functions are thread-safe. What comes out lives in the arena that was given.
 */
#ifndef CADABRA_KINESIS_H
#define CADABRA_KINESIS_H

#include "server/app.h"
#include "server/base/arena.h"
#include "server/waitq.h"
#include "storage/store.h"

struct kinesis; /* the service's state */

extern const struct service kinesis_service;

struct kinesis *kinesis_of(struct app *app);

/* One record to be put: its shard follows from the explicit hash key (decimal, below 2^128), or
 * from the partition key (1 to 256 characters) where that is NULL. */
struct kinesis_outgoing {
    const char *partition_key;
    const char *explicit_hash_key;
    struct bytes data;
};

/* All or none, in order; they are safe on disk when it returns. STORE_NOT_FOUND: no such stream.
 * STORE_CONFLICT: the stream takes no such record (its size, its keys). */
enum store_status kinesis_put(struct app *app, const char *stream_arn,
                              const struct kinesis_outgoing *records, size_t count);

/* A stream that is being used. It stays valid while it is held, even when it is deleted meanwhile.
 */
struct kinesis_hold;

/* By name or ARN; the ARN of a consumer gives its stream. STORE_NOT_FOUND: there is none in that
 * account and region. */
enum store_status kinesis_hold(struct kinesis *k, const struct scope *scope, const char *name,
                               struct kinesis_hold **out_hold);
enum store_status kinesis_hold_arn(struct kinesis *k, const char *stream_arn,
                                   struct kinesis_hold **out_hold);
void kinesis_release(struct kinesis_hold *hold);

/* True once the stream has been deleted: its shards give no more records. */
bool kinesis_gone(const struct kinesis_hold *hold);
/* Woken after every put to the stream, and when it is deleted. Valid while the stream is held. */
struct waitq *kinesis_waitq(struct kinesis_hold *hold);

enum { KINESIS_SHARD_ID_MAX = 32, KINESIS_SEQUENCE_MAX = 64 };

/* How many shards the stream has, closed ones included, and the name of one: shardId-000000000000.
 * Resharding adds shards, which come after their parents, and wakes the waitq. */
size_t kinesis_shard_count(const struct kinesis_hold *hold);
void kinesis_shard_name(const struct kinesis_hold *hold, size_t shard,
                        char out[KINESIS_SHARD_ID_MAX]);
/* The parents' positions in 0 .. kinesis_shard_count - 1, or -1: read them to their end first. */
void kinesis_shard_parents(const struct kinesis_hold *hold, size_t shard, int *out_parent,
                           int *out_adjacent);

enum kinesis_start {
    KINESIS_TRIM_HORIZON,
    KINESIS_LATEST,
    KINESIS_AT_TIMESTAMP,
    KINESIS_AFTER_SEQUENCE, /* a sequence number of that shard */
};

struct kinesis_start_at {
    enum kinesis_start kind;
    int64_t timestamp_ms;        /* KINESIS_AT_TIMESTAMP */
    const char *sequence_number; /* KINESIS_AFTER_SEQUENCE */
};

struct kinesis_position {
    size_t shard;
    int64_t next;
};

/* STORE_NOT_FOUND: no such shard. STORE_CONFLICT: the sequence number is not one of this shard. */
enum store_status kinesis_open(struct kinesis *k, struct kinesis_hold *hold, size_t shard,
                               const struct kinesis_start_at *start,
                               struct kinesis_position *out_position);

struct kinesis_event {
    const char *sequence_number;
    const char *partition_key; /* "": none, which streams allow that spread their records */
    struct bytes data;
    int64_t at_ms; /* approximate arrival */
};

struct kinesis_events {
    struct kinesis_event *items;
    size_t count;
    struct kinesis_position next; /* where to go on */
    int64_t behind_ms;            /* how far the last one is behind the newest in the shard */
    bool end;                     /* the shard is closed and has been read to its end */
};

/* Up to max_records and max_bytes of data, at least one record if there is one. STORE_NOT_FOUND:
 * the stream has been deleted. */
enum store_status kinesis_read(struct kinesis *k, struct kinesis_hold *hold,
                               const struct kinesis_position *from, size_t max_records,
                               size_t max_bytes, struct arena *a, struct kinesis_events *out);

#endif
