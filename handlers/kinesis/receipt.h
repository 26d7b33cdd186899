/*
 * Receipt handles: one delivery of a record by a queue, signed with the data directory's own key,
 * so that one that was made up or comes from elsewhere is told from ours.
 */
#ifndef CADABRA_KINESIS_RECEIPT_H
#define CADABRA_KINESIS_RECEIPT_H

#include "server/base/arena.h"
#include "storage/kinesis_store.h"

struct kinesis_receipt {
    int64_t queue; /* kinesis_queue.id */
    int32_t shard; /* index */
    int64_t number;
    int64_t delivery;
    bool dead; /* delivered as a dead letter */
};

char *kinesis_receipt_format(const struct kinesis_receipt *receipt,
                             const uint8_t secret[KINESIS_SECRET_LEN], struct arena *a);
/* False when it is none of ours. */
bool kinesis_receipt_parse(const char *text, const uint8_t secret[KINESIS_SECRET_LEN],
                           struct kinesis_receipt *out);

#endif
