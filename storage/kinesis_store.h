/*
 * Streams, shards and records of Kinesis on disk.
 *
 * A record's number counts from 1 in its shard and only grows; its arrival time never goes back
 * within a shard, whatever the clock does. So a place in a shard is one number, and a time is found
 * by bisection.
 *
 * A struct kinesis_stream is what is known of a stream in memory. Records are only ever appended
 * through one such object per stream (handlers/kinesis/live.c sees to that), because it holds the
 * numbers that come next.
 *
 * All functions are thread-safe. Texts and records that come out live in the arena that was given.
 */
#ifndef CADABRA_KINESIS_STORE_H
#define CADABRA_KINESIS_STORE_H

#include "server/base/arena.h"
#include "storage/store.h"

#include <pthread.h>

struct kinesis_store;

enum kinesis_mode { KINESIS_PROVISIONED, KINESIS_ON_DEMAND };

enum { KINESIS_HASH_LEN = 16, KINESIS_SECRET_LEN = 32 };

/* A range of hash keys, big endian, both ends inclusive. */
struct kinesis_hash_range {
    uint8_t start[KINESIS_HASH_LEN];
    uint8_t end[KINESIS_HASH_LEN];
};

struct kinesis_shard {
    int64_t id;              /* never used twice in this data directory */
    int32_t index;           /* the number in its name */
    int32_t parent;          /* index, -1: none */
    int32_t adjacent_parent; /* index, -1: none */
    struct kinesis_hash_range range;
    int64_t created_ms; /* in a later second than its parents', as sequence numbers begin with it */
    _Atomic int64_t closed_ms; /* 0: open; then `next` does not change any more */
    _Atomic int64_t next;      /* number of the next record */
    _Atomic int64_t last_ms;   /* arrival of the newest record ever; 0: there was none */
};

/* Resharding adds shards and closes others; it never removes or moves one, so a pointer to a shard
 * is good as long as its stream. */
struct kinesis_stream {
    int64_t id; /* never used twice in this data directory */
    char *name;
    int64_t created_ms;
    _Atomic enum kinesis_mode mode;
    _Atomic int32_t retention_hours;
    _Atomic int32_t record_max; /* bytes of data and partition key */
    _Atomic bool encrypted;     /* kinesis_store_settings() knows the key */
    _Atomic bool spread;        /* records go to the shards by turns, whatever their keys */
    _Atomic unsigned turn;      /* whose turn it is then */
    _Atomic bool gone;          /* deleted: appending answers STORE_NOT_FOUND */
    pthread_rwlock_t shape;     /* guards what follows; kinesis_shape_hold() */
    size_t shard_count;
    struct kinesis_shard **shards; /* by index */
    size_t open_count;
    struct kinesis_shard **open;     /* those that take records, ordered by hash range */
    struct kinesis_segment *segment; /* where large puts go (kinesis_segments.c); NULL: none yet */
};

struct kinesis_shard_list {
    struct kinesis_shard **items;
    size_t count;
};

/* What resharding makes: a shard that takes over from its parents, which are closed. Parents may be
 * among the new ones, which are numbered on from the last shard. */
struct kinesis_new_shard {
    int32_t parent;
    int32_t adjacent_parent; /* -1: none */
    struct kinesis_hash_range range;
};

struct kinesis_new_stream {
    const char *name;
    enum kinesis_mode mode;
    int64_t created_ms;
    int32_t retention_hours;
    int32_t record_max;
    int32_t warm_mibps;
    bool spread;
    const char *tags; /* JSON, NULL: none */
    const struct kinesis_hash_range *ranges;
    size_t shard_count;
};

struct kinesis_stream_row {
    const char *name;
    enum kinesis_mode mode;
    int64_t created_ms;
};

/* What is appended; number and at_ms are filled in. */
struct kinesis_append {
    struct kinesis_shard *shard; /* of the stream; open */
    const char *key;
    struct bytes data;
    int64_t number;
    int64_t at_ms;
};

struct kinesis_record {
    int64_t number;
    int64_t at_ms;
    const char *key;
    struct bytes data;
};

struct kinesis_read_limits {
    size_t records;     /* at most */
    size_t bytes;       /* of data, at most; the first record is always given */
    int64_t not_before; /* older records have left the stream */
};

struct kinesis_batch {
    struct kinesis_record *records;
    size_t count;
    int64_t next; /* number to go on from */
};

/* Costs nothing until the first stream is made. */
struct kinesis_store *kinesis_store_open(struct store_root *root);
void kinesis_store_close(struct kinesis_store *store);
/* A key of this data directory, made when it is first asked for. */
enum store_status kinesis_store_secret(struct kinesis_store *store,
                                       uint8_t out[KINESIS_SECRET_LEN]);

/* STORE_EXISTS: there is one of that name. */
enum store_status kinesis_store_create(struct kinesis_store *store, const struct scope *scope,
                                       const struct kinesis_new_stream *stream);
/* The caller frees it. */
enum store_status kinesis_store_load(struct kinesis_store *store, const struct scope *scope,
                                     const char *name, struct kinesis_stream **out_stream);
void kinesis_stream_free(struct kinesis_stream *stream);

/* Between these two no shard opens or closes: appending happens there, after its shard was chosen.
 * Many may hold the shape; resharding waits for them. Not recursive, and the functions that follow
 * do it themselves. */
void kinesis_shape_hold(struct kinesis_stream *stream);
void kinesis_shape_release(struct kinesis_stream *stream);
/* NULL: there is none with that number. */
struct kinesis_shard *kinesis_stream_shard(struct kinesis_stream *stream, int64_t index);
/* All of them, or those that are open by their ranges, as of now. */
struct kinesis_shard_list kinesis_stream_shards(struct kinesis_stream *stream, struct arena *a);
struct kinesis_shard_list kinesis_stream_open_shards(struct kinesis_stream *stream,
                                                     struct arena *a);
/* The open shard whose turn it is. The caller holds the shape. */
struct kinesis_shard *kinesis_stream_next_shard(struct kinesis_stream *stream);
size_t kinesis_stream_shard_count(struct kinesis_stream *stream);

/* The stream and its consumers are gone at once; kinesis_store_trim() removes its records bit by
 * bit. STORE_CONFLICT: it has queues or channels. */
enum store_status kinesis_store_delete(struct kinesis_store *store, struct kinesis_stream *stream);
/* Opens the new shards and closes their parents. The caller sees to it that one resharding of the
 * stream follows the other, and that the ranges of what is open stay whole. STORE_NOT_FOUND: the
 * stream has been deleted. */
enum store_status kinesis_store_reshard(struct kinesis_store *store, struct kinesis_stream *stream,
                                        const struct kinesis_new_shard *shards, size_t count,
                                        int64_t now_ms);
/* Names in order, those after `after` (NULL: from the start), at most `limit`. */
enum store_status kinesis_store_list(struct kinesis_store *store, const struct scope *scope,
                                     const char *after, size_t limit, struct arena *a,
                                     struct kinesis_stream_row **out_rows, size_t *out_count);
/* How many shards take records in all streams of the scope. */
enum store_status kinesis_store_open_shards(struct kinesis_store *store, const struct scope *scope,
                                            int64_t *out_count);
enum store_status kinesis_store_on_demand_streams(struct kinesis_store *store,
                                                  const struct scope *scope, int64_t *out_count);

/* --- what can change of a stream: kinesis_stream_store.c --- */

/* What has tags and a policy. */
struct kinesis_resource {
    enum { KINESIS_STREAM, KINESIS_CONSUMER, KINESIS_QUEUE, KINESIS_CHANNEL } kind;
    int64_t id;
};

/* The tags as JSON; NULL: none. STORE_NOT_FOUND: the resource is gone, here and below. */
enum store_status kinesis_store_tags(struct kinesis_store *store, struct kinesis_resource resource,
                                     struct arena *a, const char **out_json);
/* Writes what `change` makes of the tags; STORE_LIMIT when it makes NULL. It may run on another
 * thread while the caller waits. */
enum store_status kinesis_store_change_tags(struct kinesis_store *store,
                                            struct kinesis_resource resource,
                                            const char *(*change)(const char *json, void *context),
                                            void *context);
/* The policy as it was written; NULL: none. */
enum store_status kinesis_store_policy(struct kinesis_store *store,
                                       struct kinesis_resource resource, struct arena *a,
                                       const char **out_policy);
enum store_status kinesis_store_set_policy(struct kinesis_store *store,
                                           struct kinesis_resource resource, const char *policy);

/* What is only told of a stream. */
struct kinesis_settings {
    const char *key_id; /* NULL: not encrypted */
    uint32_t metrics;   /* a bit for each shard-level metric; which one is the caller's business */
    int32_t warm_mibps; /* 0: none was asked for */
};

enum store_status kinesis_store_settings(struct kinesis_store *store,
                                         const struct kinesis_stream *stream, struct arena *a,
                                         struct kinesis_settings *out);
enum store_status kinesis_store_set_retention(struct kinesis_store *store,
                                              struct kinesis_stream *stream, int32_t hours);
/* A provisioned stream does not spread its records. STORE_CONFLICT: it has queues or
 * channels, which are for on-demand streams. */
enum store_status kinesis_store_set_mode(struct kinesis_store *store, struct kinesis_stream *stream,
                                         enum kinesis_mode mode);
/* STORE_CONFLICT: only on-demand streams spread their records. */
enum store_status kinesis_store_set_spread(struct kinesis_store *store,
                                           struct kinesis_stream *stream, bool spread);
enum store_status kinesis_store_set_record_max(struct kinesis_store *store,
                                               struct kinesis_stream *stream, int32_t bytes);
/* NULL: the stream is not encrypted. */
enum store_status kinesis_store_set_key(struct kinesis_store *store, struct kinesis_stream *stream,
                                        const char *key_id);
/* Adds some metrics and takes others away; *out_before: those that there were. */
enum store_status kinesis_store_change_metrics(struct kinesis_store *store,
                                               const struct kinesis_stream *stream, uint32_t add,
                                               uint32_t remove, uint32_t *out_before);
enum store_status kinesis_store_set_warm(struct kinesis_store *store,
                                         const struct kinesis_stream *stream, int32_t mibps);

/* --- an account's commitment to a minimum of throughput --- */

struct kinesis_commitment {
    int64_t started_ms;   /* 0: there never was one */
    int64_t end_asked_ms; /* 0: it goes on */
};

enum store_status kinesis_store_commitment(struct kinesis_store *store, const struct scope *scope,
                                           struct kinesis_commitment *out);
enum store_status kinesis_store_set_commitment(struct kinesis_store *store,
                                               const struct scope *scope,
                                               const struct kinesis_commitment *commitment);

/* --- consumers: kinesis_consumer_store.c --- */

struct kinesis_consumer {
    int64_t id; /* never used twice in this data directory */
    const char *name;
    int64_t created_ms;
};

/* STORE_EXISTS: there is one of that name. STORE_LIMIT: there are `max` already, with the stream's
 * queues. */
enum store_status kinesis_consumer_add(struct kinesis_store *store,
                                       const struct kinesis_stream *stream, const char *name,
                                       int64_t created_ms, const char *tags, int64_t max);
enum store_status kinesis_consumer_find(struct kinesis_store *store,
                                        const struct kinesis_stream *stream, const char *name,
                                        struct arena *a, struct kinesis_consumer *out);
/* Names in order, those after `after` (NULL: from the start), at most `limit`. */
enum store_status kinesis_consumer_list(struct kinesis_store *store,
                                        const struct kinesis_stream *stream, const char *after,
                                        size_t limit, struct arena *a,
                                        struct kinesis_consumer **out_items, size_t *out_count);
enum store_status kinesis_consumer_count(struct kinesis_store *store,
                                         const struct kinesis_stream *stream, int64_t *out_count);
enum store_status kinesis_consumer_remove(struct kinesis_store *store, int64_t id);

/* --- records: kinesis_append.c, kinesis_records.c, kinesis_trim.c --- */

/* All or none. The caller holds the stream's shape. */
enum store_status kinesis_store_append(struct kinesis_store *store, struct kinesis_stream *stream,
                                       struct kinesis_append *items, size_t count, int64_t now_ms);
/* Records from that number on. */
enum store_status kinesis_store_read(struct kinesis_store *store, const struct kinesis_shard *shard,
                                     int64_t from, const struct kinesis_read_limits *limits,
                                     struct arena *a, struct kinesis_batch *out);
/* Number of the first record that came at that time or later; that of the next one when there is
 * none. */
enum store_status kinesis_store_number_at(struct kinesis_store *store,
                                          const struct kinesis_shard *shard, int64_t at_ms,
                                          int64_t *out_number);
/* Number of the record that comes after the newest that has been committed. */
enum store_status kinesis_store_latest(struct kinesis_store *store,
                                       const struct kinesis_shard *shard, int64_t *out_number);
/* Removes some of what has left its stream. *out_more: there is more of it. */
enum store_status kinesis_store_trim(struct kinesis_store *store, int64_t now_ms, bool *out_more);

#endif
