/*
 * Reads one shard for one event source mapping, from where it stopped last, and hands its records
 * to the function, until it is cancelled or the shard ends.
 */
#ifndef CADABRA_LAMBDA_SHARD_H
#define CADABRA_LAMBDA_SHARD_H

#include "handlers/kinesis/kinesis.h"
#include "handlers/lambda/state.h"

struct shard_work {
    struct lambda *lambda;
    const struct lambda_mapping *mapping;
    struct kinesis_hold *hold;
    size_t shard;
    int cancel_fd; /* readable: end after the present batch */
    int stop_fd;   /* readable: end at once */
};

/* True when the shard has been read to its end. */
bool shard_read(const struct shard_work *work);

#endif
