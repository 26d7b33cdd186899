/*
 * DynamoDB streams for other services: reading them without a request (event source mappings).
 *
 * As with Kinesis (handlers/kinesis/kinesis.h): hold the stream, list its shards, open a position
 * in each, read batches; when a batch is empty wait at the waitq (take the ticket before the read).
 * A stream has one shard as long as it lives; it closes when the stream is switched off or its
 * table deleted, and can be read for a day after that. A position is a plain value.
 *
 * All functions are thread-safe. What comes out lives in the arena that was given.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html
 */
#ifndef CADABRA_DYNAMODB_STREAMS_H
#define CADABRA_DYNAMODB_STREAMS_H

#include "server/app.h"
#include "server/base/arena.h"
#include "server/waitq.h"
#include "storage/store.h"

extern const struct service dynamodbstreams_service;

/* A stream that is being used, valid while it is held. */
struct dynamodb_stream_hold;

/* By the stream's ARN. STORE_NOT_FOUND: there is none, or not any more. */
enum store_status dynamodb_stream_hold(struct app *app, const char *stream_arn,
                                       struct dynamodb_stream_hold **out_hold);
void dynamodb_stream_release(struct dynamodb_stream_hold *hold); /* NULL is allowed */

/* True once a read has found that the stream has been forgotten: a day after it closed. */
bool dynamodb_stream_gone(const struct dynamodb_stream_hold *hold);
/* Woken after every change of the table, and when the stream closes. Valid while it is held. */
struct waitq *dynamodb_stream_waitq(struct dynamodb_stream_hold *hold);

enum { DYNAMODB_SHARD_ID_MAX = 40, DYNAMODB_SEQUENCE_MAX = 24 };

size_t dynamodb_stream_shard_count(const struct dynamodb_stream_hold *hold);
void dynamodb_stream_shard_name(const struct dynamodb_stream_hold *hold, size_t shard,
                                char out[DYNAMODB_SHARD_ID_MAX]);

enum dynamodb_stream_start {
    DYNAMODB_STREAM_TRIM_HORIZON,
    DYNAMODB_STREAM_LATEST,
    DYNAMODB_STREAM_AT_TIMESTAMP, /* changes after that time: for those who mean "since then" */
    DYNAMODB_STREAM_AFTER_SEQUENCE,
};

struct dynamodb_stream_start_at {
    enum dynamodb_stream_start kind;
    int64_t timestamp_ms;        /* DYNAMODB_STREAM_AT_TIMESTAMP */
    const char *sequence_number; /* DYNAMODB_STREAM_AFTER_SEQUENCE */
};

struct dynamodb_stream_position {
    size_t shard;
    int64_t next;
};

/* STORE_NOT_FOUND: no such shard, or the stream is gone. STORE_CONFLICT: the sequence number is not
 * one of this stream. */
enum store_status dynamodb_stream_open(struct dynamodb_stream_hold *hold, size_t shard,
                                       const struct dynamodb_stream_start_at *start,
                                       struct dynamodb_stream_position *out_position);

struct dynamodb_stream_event {
    const char *sequence_number;
    const char
        *partition_key; /* the item's: JSON text of the value, for keeping the order of keys */
    /* {"eventID","eventName","eventVersion","eventSource","awsRegion","dynamodb":{...},
     * "userIdentity"?}: as in events of Lambda, without eventSourceARN. */
    struct bytes json;
    int64_t at_ms;
};

struct dynamodb_stream_events {
    struct dynamodb_stream_event *items;
    size_t count;
    struct dynamodb_stream_position next; /* where to go on */
    int64_t behind_ms;                    /* how old the last one is, 0 at the end of the stream */
    bool end;                             /* the shard is closed and has been read to its end */
};

/* Up to max_records and max_bytes of items, at least one record if there is one. STORE_NOT_FOUND:
 * the stream has been forgotten. */
enum store_status dynamodb_stream_read(struct dynamodb_stream_hold *hold,
                                       const struct dynamodb_stream_position *from,
                                       size_t max_records, size_t max_bytes, struct arena *a,
                                       struct dynamodb_stream_events *out);

#endif
