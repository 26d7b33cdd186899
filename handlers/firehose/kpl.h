/*
 * Records that the Kinesis Producer Library put together into one:
 * https://github.com/awslabs/amazon-kinesis-producer/blob/master/aggregation-format.md
 */
#ifndef CADABRA_FIREHOSE_KPL_H
#define CADABRA_FIREHOSE_KPL_H

#include "server/base/arena.h"

struct kpl_record {
    struct bytes data;
    const char *partition_key;
    size_t number; /* its place in the aggregate */
};

struct kpl_records {
    struct kpl_record *items;
    size_t count;
};

/* What is aggregated; a record that is none is given back as it is. Data is borrowed. */
void kpl_open(struct arena *a, struct bytes data, const char *partition_key,
              struct kpl_records *out);

#endif
