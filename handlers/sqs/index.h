/*
 * Which messages of a queue are visible, in flight or delayed: the whole queue in memory, 100 bytes
 * a message, without what the messages say.
 *
 * An entry that is being written to disk is BUSY: nobody else takes it, and its owner settles or
 * removes it when the write is done. Between the two the queue's lock is given up, and the queue
 * may be purged; so an owner keeps numbers, never entries, across a write.
 *
 * Standard queues give what has waited longest. In a FIFO queue a group gives its messages in the
 * order of their numbers: none behind one that is in flight, delayed or being written.
 *
 * Not thread-safe: all calls under the queue's lock. Times are milliseconds since 1970.
 */
#ifndef CADABRA_SQS_INDEX_H
#define CADABRA_SQS_INDEX_H

#include "server/base/arena.h"

struct sqs_index;
struct sqs_group;

enum sqs_entry_state {
    SQS_BUSY,      /* being written by whoever made it so */
    SQS_READY,     /* can be received */
    SQS_DELAYED,   /* not yet */
    SQS_IN_FLIGHT, /* a receiver has it */
    SQS_OLD,       /* its retention is over; waits for sqs_index_sweep() */
    SQS_STATES,
};

struct sqs_entry {
    int64_t number;
    int64_t sent_ms;
    int64_t visible_ms;
    int64_t taken_ms; /* when it was received last; 0: not since the queue was loaded */
    int32_t received; /* how often, in all queues */
    int32_t carried;  /* how often before it came to this one */
    enum sqs_entry_state state;
    /* The index's own. */
    enum sqs_entry_state counted; /* to who counts: busy only until it is first settled */
    uint32_t heap_at;
    int64_t rank; /* among those that are ready: the lowest is taken first */
    struct sqs_entry *next_in_bucket;
    struct sqs_entry *next_in_group;
    struct sqs_group *group;
};

struct sqs_index *sqs_index_new(bool fifo, int64_t next_number);
void sqs_index_free(struct sqs_index *ix);
/* Forgets all messages; returns the number from which on there are none. */
int64_t sqs_index_clear(struct sqs_index *ix);

/* A new message, busy. group NULL: none. */
struct sqs_entry *sqs_index_add(struct sqs_index *ix, int64_t sent_ms, const char *group);
/* One that was on disk: numbers must rise. It is settled as its times say. */
void sqs_index_load(struct sqs_index *ix, const struct sqs_entry *like, const char *group,
                    int64_t now_ms);
/* NULL: there is none. */
struct sqs_entry *sqs_index_find(const struct sqs_index *ix, int64_t number);

/* The name of its group, copied; NULL: it has none. */
const char *sqs_entry_group(const struct sqs_entry *e, struct arena *a);

/* True when it is ready and the first of its group is not. */
bool sqs_index_is_blocked(const struct sqs_entry *e);

/* Makes an entry that is not busy so. */
void sqs_index_claim(struct sqs_index *ix, struct sqs_entry *e);
/* Ends that: ready, or delayed or in flight until visible_ms. */
void sqs_index_settle(struct sqs_index *ix, struct sqs_entry *e, enum sqs_entry_state state,
                      int64_t visible_ms);
/* The busy entry is gone. */
void sqs_index_remove(struct sqs_index *ix, struct sqs_entry *e);

/* Lets come what is due: delays and visibility timeouts that have passed. True when something
 * became ready. */
bool sqs_index_advance(struct sqs_index *ix, int64_t now_ms);
/* Claims up to `max` that are ready, for a receiver, and counts the receipt. What was sent before
 * oldest_ms is old and passed over. Call sqs_index_advance() first. */
size_t sqs_index_take(struct sqs_index *ix, size_t max, int64_t oldest_ms, struct sqs_entry *out[]);
/* Takes back a receipt that came to nothing: the entry is ready again. */
void sqs_index_untake(struct sqs_index *ix, struct sqs_entry *e);
/* True when sqs_index_take() would find something. */
bool sqs_index_ready(const struct sqs_index *ix);
/* When the next delay or timeout passes; INT64_MAX: there is none. */
int64_t sqs_index_next_ms(const struct sqs_index *ix);

/* How many are in that state, to a user: what a receiver is getting is in flight already, and what
 * is being changed or deleted is what it was. */
size_t sqs_index_count(const struct sqs_index *ix, enum sqs_entry_state state);
/* Removes up to `max` that were sent before oldest_ms, and tells their numbers. */
size_t sqs_index_sweep(struct sqs_index *ix, int64_t oldest_ms, size_t max, int64_t out[]);
/* Up to `max` numbers of those, in order. */
size_t sqs_index_list(const struct sqs_index *ix, enum sqs_entry_state state, size_t max,
                      int64_t out[]);

#endif
