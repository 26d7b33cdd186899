/*
 * Who is subscribed to which shard of a stream. A consumer has one subscription to a shard: a newer
 * one takes the place of the older, which learns of it the next time it looks. Thread-safe.
 */
#ifndef CADABRA_KINESIS_FANOUT_H
#define CADABRA_KINESIS_FANOUT_H

#include "handlers/kinesis/live.h"

struct kinesis_fanout;

struct kinesis_fanout *kinesis_fanout_new(void);
void kinesis_fanout_free(struct kinesis_fanout *f);

/* Takes the place, and wakes who had it. *out_ticket tells this subscription from others.
 * STORE_CONFLICT: it was taken less than five seconds ago. STORE_NOT_FOUND: the consumer has been
 * deregistered since it was read; it has no places then. */
enum store_status kinesis_fanout_take(struct kinesis_store *store, struct kinesis_hold *hold,
                                      const struct kinesis_consumer *consumer, int32_t shard,
                                      int64_t now_ms, struct arena *a, uint64_t *out_ticket);

enum kinesis_fanout_state {
    KINESIS_FANOUT_MINE,
    KINESIS_FANOUT_TAKEN, /* by a newer subscription */
    KINESIS_FANOUT_GONE,  /* the consumer was deregistered */
};

enum kinesis_fanout_state kinesis_fanout_look(struct kinesis_hold *hold, int64_t consumer,
                                              int32_t shard, uint64_t ticket);
/* The consumer was deregistered: ends its subscriptions. */
void kinesis_fanout_remove(struct kinesis_hold *hold, int64_t consumer);

#endif
