/*
 * Delivery streams of Firehose, and the records that wait in them, on disk.
 *
 * Records are kept in buffers. A buffer is one future delivery: the first record opens it, it is
 * sealed when it is full, or by who delivers it when its time has come, and it is removed when its
 * records are where they belong. There is one open buffer at most for each stream, lane and sort.
 * What records look like inside a chunk this store does not know.
 *
 * All functions are thread-safe. What comes out lives in the arena that was given.
 */
#ifndef CADABRA_FIREHOSE_STORE_H
#define CADABRA_FIREHOSE_STORE_H

#include "server/base/arena.h"
#include "storage/store.h"

struct firehose_store;

enum firehose_lane {
    FIREHOSE_PROCESS, /* as they came in; to be transformed */
    FIREHOSE_DELIVER, /* ready for the destination */
    FIREHOSE_SIDE,    /* copies of what came in (sort ""), and what failed, by kind of failure */
    FIREHOSE_LANES,
};

/* Where records go, and when a buffer there is full (bytes of data, records) or due. */
struct firehose_target {
    enum firehose_lane lane;
    const char *sort;
    int64_t bytes_max;
    int64_t wait_ms;
    int64_t records_max; /* 0: any number */
};

/* Where records of a stream go that come in: PROCESS or DELIVER, and copies of them to SIDE. */
struct firehose_route {
    enum firehose_lane lane;
    int64_t bytes_max;
    int64_t wait_ms;
    int64_t records_max;
    int64_t copy_bytes_max; /* 0: no copies */
    int64_t copy_wait_ms;
};

struct firehose_stream {
    int64_t id;
    const char *account;
    const char *region;
    const char *name;
    const char *type;
    int64_t version;
    int64_t created_ms;
    int64_t updated_ms;      /* 0: never */
    const char *source;      /* JSON; NULL: none */
    const char *destination; /* JSON */
    const char *secret;      /* NULL: none */
    const char *encryption;  /* JSON; NULL: never asked for */
    bool encrypted;
    const char *tags; /* JSON; NULL: none */
    struct firehose_route route;
};

/* Costs nothing until the first stream is made. */
struct firehose_store *firehose_store_open(struct store_root *root);
void firehose_store_close(struct firehose_store *store);

/* --- streams --- */

/* `stream` without id; out_id may be NULL. STORE_EXISTS: there is one of that name. STORE_LIMIT:
 * the scope has stream_max of them. */
enum store_status firehose_store_create(struct firehose_store *store,
                                        const struct firehose_stream *stream, int64_t stream_max,
                                        int64_t *out_id);
enum store_status firehose_store_find(struct firehose_store *store, const struct scope *scope,
                                      const char *name, struct arena *a,
                                      struct firehose_stream *out);
enum store_status firehose_store_find_id(struct firehose_store *store, int64_t id, struct arena *a,
                                         struct firehose_stream *out);
/* Names in order, those after `after` (NULL: from the start), of that type (NULL: all). */
enum store_status firehose_store_list(struct firehose_store *store, const struct scope *scope,
                                      const char *type, const char *after, size_t limit,
                                      struct arena *a, const char ***out_names, size_t *out_count);
/* The ids of all streams of that type, of everybody. */
enum store_status firehose_store_of_type(struct firehose_store *store, const char *type,
                                         struct arena *a, int64_t **out_ids, size_t *out_count);
/* The stream is gone at once, with all that waited in it. */
enum store_status firehose_store_delete(struct firehose_store *store, int64_t id);
/* Replaces destination, secret, route and updated_ms, and counts the version on.
 * STORE_CONFLICT: the version is not the stream's. */
enum store_status firehose_store_update(struct firehose_store *store,
                                        const struct firehose_stream *stream);
enum store_status firehose_store_set_encryption(struct firehose_store *store, int64_t id,
                                                const char *json, bool encrypted);
/* Writes what `change` makes of the tags; STORE_LIMIT when it makes NULL. It may run on another
 * thread while the caller waits. */
enum store_status firehose_store_change_tags(struct firehose_store *store, int64_t id,
                                             const char *(*change)(const char *json, void *context),
                                             void *context);

/* --- records: firehose_buffer_store.c --- */

/* Framed records; at most some 100 KiB, unless a single record is larger. */
struct firehose_chunk {
    struct bytes data;
    size_t records;
    size_t bytes;      /* of the records' data */
    int64_t oldest_ms; /* arrival of its oldest record */
};

struct firehose_append {
    const struct firehose_chunk *chunks;
    size_t count;
    int64_t now_ms;
    /* out: */
    bool encrypted; /* the stream is */
    bool wake;      /* a buffer was opened or sealed: there may be something to do earlier */
};

/* All or none, by the stream's route. STORE_NOT_FOUND: no such stream. STORE_CONFLICT: it takes
 * its records from a source of its own. */
enum store_status firehose_store_append(struct firehose_store *store, const struct scope *scope,
                                        const char *name, struct firehose_append *append);
/* The same for what came from a shard of the source, read up to `next`. */
enum store_status firehose_store_ingest(struct firehose_store *store, int64_t stream_id,
                                        int64_t shard, int64_t next,
                                        struct firehose_append *append);
/* The source is gone: what comes under its name begins anew. */
enum store_status firehose_store_forget_positions(struct firehose_store *store, int64_t stream_id);
/* STORE_NOT_FOUND: nothing was read from it yet. */
enum store_status firehose_store_position(struct firehose_store *store, int64_t stream_id,
                                          int64_t shard, int64_t *out_next);

/* --- buffers --- */

struct firehose_buffer {
    int64_t id;
    int64_t stream;
    enum firehose_lane lane;
    const char *sort;
    bool sealed;
    int64_t opened_ms;
    int64_t due_ms;
    int64_t chunks;
    int64_t records;
    int64_t bytes;
    const char *label; /* NULL: none yet */
    int64_t tries;
    int64_t first_try_ms; /* 0: none yet */
};

struct firehose_due {
    int64_t stream;
    enum firehose_lane lane;
    int64_t due_ms; /* of its first buffer */
};

/* Each lane of each stream that has buffers. */
enum store_status firehose_store_due(struct firehose_store *store, struct arena *a,
                                     struct firehose_due **out_items, size_t *out_count);
/* The sorts that a lane of a stream has buffers of, open or sealed. */
enum store_status firehose_store_sorts(struct firehose_store *store, int64_t stream_id,
                                       enum firehose_lane lane, struct arena *a,
                                       const char ***out_sorts, size_t *out_count);
/* The buffer of that lane that is due first, if one is due. */
enum store_status firehose_store_next(struct firehose_store *store, int64_t stream_id,
                                      enum firehose_lane lane, int64_t now_ms, struct arena *a,
                                      struct firehose_buffer *out);
/* Nothing more goes into it. It gets the label unless it has one. *out is the buffer as it is then.
 */
enum store_status firehose_store_seal(struct firehose_store *store, int64_t id, const char *label,
                                      struct arena *a, struct firehose_buffer *out);
/* Chunks from that number on, at least one if there is one, up to bytes_max. */
enum store_status firehose_store_read(struct firehose_store *store, int64_t id, int64_t from,
                                      size_t bytes_max, struct arena *a, struct bytes **out_chunks,
                                      size_t *out_count);
/* Counts a try that failed; the next one not before due_ms. */
enum store_status firehose_store_postpone(struct firehose_store *store, int64_t id, int64_t now_ms,
                                          int64_t due_ms);

/* Records on their way from one buffer to another. */
struct firehose_move {
    struct firehose_target target;
    struct firehose_chunk chunk;
    /* What is tried again goes into one new buffer, sealed and due then, with these counts. */
    bool again;
    int64_t due_ms;
    int64_t tries;
    int64_t first_try_ms;
};

/* Removes the buffer and its chunks, and puts in their place what came of it: all or none.
 * STORE_NOT_FOUND: it is gone (its stream was deleted); nothing was written. */
enum store_status firehose_store_replace(struct firehose_store *store,
                                         const struct firehose_buffer *buffer,
                                         const struct firehose_move *moves, size_t count,
                                         int64_t now_ms);

#endif
