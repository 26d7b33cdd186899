/* What kinesis_store.c and kinesis_records.c share. */
#ifndef CADABRA_KINESIS_INTERNAL_H
#define CADABRA_KINESIS_INTERNAL_H

#include "storage/kinesis_store.h"
#include "storage/lazy.h"

/* Numbers per shard: a record's id is its shard's id and then 40 bits. */
#define KINESIS_NUMBERS (INT64_C(1) << 40)

struct kinesis_store {
    struct lazy_db *db;
};

static inline int64_t kinesis_record_id(const struct kinesis_shard *shard, int64_t number)
{
    return shard->id * KINESIS_NUMBERS + number;
}

#endif
