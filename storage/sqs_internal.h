/* What the files of the SQS store share. */
#ifndef CADABRA_SQS_INTERNAL_H
#define CADABRA_SQS_INTERNAL_H

#include "storage/lazy.h"
#include "storage/sqs_store.h"

/* Numbers per queue: a message's row is its queue's id and then 40 bits. */
#define SQS_NUMBERS (INT64_C(1) << 40)

struct sqs_store {
    struct lazy_db *db;
};

static inline int64_t sqs_row_id(int64_t queue_id, int64_t number)
{
    return queue_id * SQS_NUMBERS + number;
}

#endif
