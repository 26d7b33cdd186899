/*
 * Queues of Kinesis streams on disk: which there are, and what they have delivered.
 *
 * A queue has a place in each shard of its stream, which moves on as records are delivered for the
 * first time. Only records that were delivered and not acknowledged have rows. Each delivery and
 * each acknowledgement is one commit: nothing that was acknowledged comes back after a crash, and
 * what was delivered stays hidden for as long as was promised.
 *
 * A record whose deliveries have come to the queue's maximum is marked dead with the last of them;
 * it becomes a dead letter when its visibility timeout runs out.
 *
 * All functions are thread-safe. Texts and records that come out live in the arena that was given.
 */
#ifndef CADABRA_KINESIS_QUEUE_STORE_H
#define CADABRA_KINESIS_QUEUE_STORE_H

#include "storage/kinesis_store.h"

/* --- queues: kinesis_queue_store.c --- */

enum kinesis_queue_start {
    KINESIS_QUEUE_LATEST,
    KINESIS_QUEUE_TRIM_HORIZON,
    KINESIS_QUEUE_AT_TIMESTAMP,
};

struct kinesis_queue {
    int64_t id; /* never used twice in this data directory */
    const char *resource;
    const char *name;
    const char *stream;
    int64_t stream_created_ms;
    int64_t created_ms;
    int32_t visibility_s;
    int32_t max_receives; /* 0: records do not become dead letters */
    enum kinesis_queue_start start;
    int64_t start_ms; /* the time from which it delivers */
};

struct kinesis_new_queue {
    const struct kinesis_queue *queue; /* id and the stream's members are not looked at */
    const char *tags;                  /* JSON, NULL: none */
    const int64_t *next;               /* by the stream's shards: the first record to deliver */
    size_t shard_count;
    int64_t max; /* queues and consumers of the stream together */
};

/* STORE_NOT_FOUND: the stream is gone. STORE_CONFLICT: it is not on-demand. STORE_EXISTS: the scope
 * has a queue of that name. STORE_LIMIT: the stream has `max` consumers. */
enum store_status kinesis_queue_add(struct kinesis_store *store, const struct scope *scope,
                                    const struct kinesis_stream *stream,
                                    const struct kinesis_new_queue *new);
enum store_status kinesis_queue_find(struct kinesis_store *store, const struct scope *scope,
                                     const char *resource, struct arena *a,
                                     struct kinesis_queue *out);
/* Names in order, those after `after` (NULL: from the start), at most `limit`; only those of that
 * stream, where it is not NULL. */
enum store_status kinesis_queue_list(struct kinesis_store *store, const struct scope *scope,
                                     const char *stream, const char *after, size_t limit,
                                     struct arena *a, struct kinesis_queue **out_items,
                                     size_t *out_count);
enum store_status kinesis_queue_count(struct kinesis_store *store,
                                      const struct kinesis_stream *stream, int64_t *out_count);
/* For what is delivered from now on; what is negative stays as it is. */
enum store_status kinesis_queue_update(struct kinesis_store *store, int64_t queue,
                                       int32_t visibility_s, int32_t max_receives);
/* The queue is gone at once; kinesis_store_trim() removes its records bit by bit. */
enum store_status kinesis_queue_remove(struct kinesis_store *store, int64_t queue);

/* --- records: kinesis_queue_records.c --- */

struct kinesis_queue_wish {
    int64_t queue;
    bool dead; /* dead letters are wanted, not the others */
    size_t max;
    int64_t in_flight_max; /* so many are hidden at the same time, at most */
    int32_t visibility_s;  /* negative: the queue's */
    int64_t now_ms;
    int64_t not_before; /* older records have left the stream */
};

struct kinesis_delivery {
    int32_t shard; /* index */
    int64_t number;
    int64_t delivery; /* what a receipt tells beside the record */
    int32_t receives;
    int64_t first_ms;
    struct kinesis_record record;
};

struct kinesis_deliveries {
    struct kinesis_delivery *items;
    size_t count;
    int64_t next_ms; /* where there are none: when a hidden record shows again; INT64_MAX: never */
};

/* Delivers what has become visible again, and then records that were never delivered.
 * STORE_NOT_FOUND: the queue is gone. Takes nothing from the arena when there is nothing. */
enum store_status kinesis_queue_receive(struct kinesis_store *store, struct kinesis_stream *stream,
                                        const struct kinesis_queue_wish *wish, struct arena *a,
                                        struct kinesis_deliveries *out);

enum kinesis_queue_action {
    KINESIS_QUEUE_ACKNOWLEDGE, /* it is not delivered again */
    KINESIS_QUEUE_HIDE,        /* for visibility_s from now on */
    KINESIS_QUEUE_RESTORE,     /* it is no dead letter any more, and visible */
};

/* One delivered record that something is done to. */
struct kinesis_queue_entry {
    int32_t shard;
    int64_t number;
    int64_t delivery;
    int32_t visibility_s;
    /* STORE_NOT_FOUND: there is no such record any more. STORE_CONFLICT: it was delivered or
     * restored since, or has become a dead letter. */
    enum store_status outcome;
};

struct kinesis_queue_change {
    int64_t queue;
    enum kinesis_queue_action action;
    bool dead; /* the entries were delivered as dead letters */
    int64_t now_ms;
    int64_t not_before;
    struct kinesis_queue_entry *const *entries;
    size_t count;
};

/* STORE_NOT_FOUND: the queue is gone; else the entries tell their outcomes. */
enum store_status kinesis_queue_change(struct kinesis_store *store,
                                       const struct kinesis_queue_change *change);

#endif
