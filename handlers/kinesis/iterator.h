/*
 * Shard iterators: a place in a shard, signed with the data directory's own key, so that one that
 * was made up or comes from elsewhere is told from ours. What is in them is no secret. Their length
 * follows the stream's name as AWS's do.
 */
#ifndef CADABRA_KINESIS_ITERATOR_H
#define CADABRA_KINESIS_ITERATOR_H

#include "server/base/arena.h"
#include "storage/kinesis_store.h"

enum { KINESIS_ITERATOR_LIFE_MS = 300000, KINESIS_STREAM_NAME_MAX = 128 };

struct kinesis_iterator {
    int64_t made_ms;
    int64_t shard; /* kinesis_shard.id */
    int64_t next;
    int32_t index; /* the shard's, for messages */
    char stream[KINESIS_STREAM_NAME_MAX + 1];
};

char *kinesis_iterator_format(const struct kinesis_iterator *it,
                              const uint8_t secret[KINESIS_SECRET_LEN], struct arena *a);
/* False when it is none of ours. */
bool kinesis_iterator_parse(const char *text, const uint8_t secret[KINESIS_SECRET_LEN],
                            struct arena *a, struct kinesis_iterator *out);

#endif
