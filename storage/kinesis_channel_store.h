/*
 * Channels of Kinesis streams on disk: which there are, and how far they have delivered.
 *
 * A channel has a place in each shard of its stream. All places move in one commit, after what lies
 * before them is safe elsewhere: so a crash delivers some records twice, and loses none.
 *
 * All functions are thread-safe. Texts that come out live in the arena that was given.
 */
#ifndef CADABRA_KINESIS_CHANNEL_STORE_H
#define CADABRA_KINESIS_CHANNEL_STORE_H

#include "storage/kinesis_store.h"

struct kinesis_channel {
    int64_t id; /* never used twice in this data directory */
    const char *account;
    const char *region;
    const char *resource;
    const char *name;
    const char *stream;
    int64_t stream_created_ms;
    int64_t created_ms;
    const char *role;
    const char *format;
    const char *destination; /* JSON, the caller's business */
    int32_t freshness_s;
    const char *key_id;  /* NULL: none */
    const char *logging; /* JSON, the caller's business */
    const char *problem; /* NULL: active */
    int64_t failing_ms;  /* since when the destination refuses; 0: it does not */
    int64_t retry_ms;
};

struct kinesis_new_channel {
    const struct kinesis_channel
        *channel;        /* id, scope and the stream's members are not looked at */
    const char *tags;    /* JSON, NULL: none */
    const int64_t *next; /* by the stream's shards: the first record to deliver */
    size_t shard_count;
    int64_t max; /* channels of the stream */
};

/* STORE_NOT_FOUND: the stream is gone. STORE_CONFLICT: it is not on-demand. STORE_EXISTS: the scope
 * has a channel of that name. STORE_LIMIT: the stream has `max` channels. */
enum store_status kinesis_channel_add(struct kinesis_store *store, const struct scope *scope,
                                      const struct kinesis_stream *stream,
                                      const struct kinesis_new_channel *new);
enum store_status kinesis_channel_find(struct kinesis_store *store, const struct scope *scope,
                                       const char *resource, struct arena *a,
                                       struct kinesis_channel *out);
/* Names in order, those after `after` (NULL: from the start), at most `limit`; only those of that
 * stream, where it is not NULL. */
enum store_status kinesis_channel_list(struct kinesis_store *store, const struct scope *scope,
                                       const char *stream, const char *after, size_t limit,
                                       struct arena *a, struct kinesis_channel **out_items,
                                       size_t *out_count);
enum store_status kinesis_channel_count(struct kinesis_store *store,
                                        const struct kinesis_stream *stream, int64_t *out_count);
enum store_status kinesis_channel_total(struct kinesis_store *store, const struct scope *scope,
                                        int64_t *out_count);
/* freshness_s 0 and logging NULL leave what there is. */
enum store_status kinesis_channel_update(struct kinesis_store *store, int64_t channel,
                                         int32_t freshness_s, const char *logging);
enum store_status kinesis_channel_remove(struct kinesis_store *store, int64_t channel);

/* --- delivering --- */

/* Active channels of all accounts by id, those after `after`, at most `limit`. */
enum store_status kinesis_channel_active(struct kinesis_store *store, int64_t after, size_t limit,
                                         struct arena *a, struct kinesis_channel **out_items,
                                         size_t *out_count);
/* The channel's places: `next` has room for `count` shards, by their index. */
enum store_status kinesis_channel_places(struct kinesis_store *store, int64_t channel,
                                         int64_t *next, size_t count);
/* When the oldest record arrived that lies at or behind such places; STORE_NOT_FOUND: there is
 * none. */
enum store_status kinesis_channel_oldest(struct kinesis_store *store,
                                         const struct kinesis_shard_list *shards,
                                         const int64_t *next, int64_t *out_at_ms);
/* What lies before the places has been delivered; failing_ms 0: to the destination.
 * STORE_NOT_FOUND: the channel is gone. */
enum store_status kinesis_channel_advance(struct kinesis_store *store, int64_t channel,
                                          const int64_t *next, size_t count, int64_t failing_ms);
/* Nothing was delivered. */
enum store_status kinesis_channel_postpone(struct kinesis_store *store, int64_t channel,
                                           int64_t failing_ms, int64_t retry_ms);

#endif
