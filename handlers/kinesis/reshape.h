/*
 * Which shards to make so that a stream has that many open ones of equal size: pure arithmetic on
 * ranges of hash keys.
 */
#ifndef CADABRA_KINESIS_RESHAPE_H
#define CADABRA_KINESIS_RESHAPE_H

#include "storage/kinesis_store.h"

struct kinesis_reshape {
    struct kinesis_new_shard *shards; /* in the order in which they are numbered */
    size_t count;                     /* 0: the stream has that shape */
};

/* `open` are all open shards in the order of their ranges, next_index is the number of the first
 * new one. */
struct kinesis_reshape kinesis_reshape_uniform(struct kinesis_shard_list open, int32_t next_index,
                                               size_t target, struct arena *a);

#endif
