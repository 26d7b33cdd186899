/* What the files of the Kinesis store share. */
#ifndef CADABRA_KINESIS_INTERNAL_H
#define CADABRA_KINESIS_INTERNAL_H

#include "storage/kinesis_store.h"
#include "storage/lazy.h"

#include <sys/uio.h>

/* Numbers per shard: a record's id is its shard's id and then 40 bits. */
#define KINESIS_NUMBERS (INT64_C(1) << 40)

struct kinesis_store {
    struct lazy_db *db;
    struct store_root *root;
    pthread_mutex_t lock;             /* guards what follows; held for a file's creation at most */
    struct kinesis_segment *segments; /* those that somebody may write to */
    unsigned open_files;              /* of them */
    int64_t next_segment;             /* 0: not known yet */
    bool sweep;                       /* something has gone since the last sweep */
};

static inline int64_t kinesis_record_id(const struct kinesis_shard *shard, int64_t number)
{
    return shard->id * KINESIS_NUMBERS + number;
}

/* --- where a number is: kinesis_records.c --- */

/* A row of the table: some records that arrived together. */
struct kinesis_row {
    int64_t number; /* of the first */
    int64_t end;    /* of the one behind the last */
    int64_t at_ms;
};

/* The row that holds that number, or else the next one; its `number` is never less than `from`. */
enum store_status kinesis_row_from(struct sql *s, const struct kinesis_shard *shard, int64_t from,
                                   struct kinesis_row *out);
/* The lowest number in [low, high] from which on nothing is older than at_ms; behind `high` where a
 * row that is older ends there. */
enum store_status kinesis_bisect(struct sql *s, const struct kinesis_shard *shard, int64_t low,
                                 int64_t high, int64_t at_ms, int64_t *out_number);

/* --- what is registered with a stream --- */

enum store_status kinesis_queues_of(struct sql *s, int64_t stream_id, int64_t *out_count);
enum store_status kinesis_channels_of(struct sql *s, int64_t stream_id, int64_t *out_count);
/* It has queues or channels. */
enum store_status kinesis_is_used(struct sql *s, int64_t stream_id, bool *out_used);
/* Consumers and queues, which share a limit. */
enum store_status kinesis_registered(struct sql *s, int64_t stream_id, int64_t *out_count);

/* --- what queues have delivered: kinesis_queue_change.c --- */

enum store_status kinesis_queue_drop(struct sql *s, int64_t queue, int32_t shard, int64_t number);
/* Forgets what the queues delivered of the shard (by its id) before that number. */
enum store_status kinesis_queue_trim(struct sql *s, int64_t shard, int64_t end);
/* Removes some of what deleted queues have left. *out_more is set if there was something. */
enum store_status kinesis_queue_sweep(struct kinesis_store *store, bool *out_more);

/* --- files of packs: kinesis_segments.c --- */

/* A part of a file that is the caller's to write, and then to refer to in a row. The file stays
 * until it is given back. */
struct kinesis_room {
    struct kinesis_segment *segment;
    int64_t segment_id;
    int64_t place;
    size_t len;
};

enum store_status kinesis_segment_take(struct kinesis_store *store, struct kinesis_stream *stream,
                                       size_t len, struct kinesis_room *out);
/* The parts follow one another, none of them empty; the array is used up. */
enum store_status kinesis_segment_write(struct kinesis_store *store,
                                        const struct kinesis_room *room, struct iovec *parts,
                                        size_t count);
/* After the commit of what refers to it. NULL is fine. */
void kinesis_segment_give_back(struct kinesis_segment *segment);
/* A descriptor for reading; -1 with errno. */
int kinesis_segment_open(struct kinesis_store *store, int64_t id);
/* Removes the files that no row refers to any more. */
enum store_status kinesis_segment_sweep(struct kinesis_store *store);

#endif
