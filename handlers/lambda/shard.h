/*
 * Reads one shard for one event source mapping, from where it stopped last, and hands its records
 * to the function, until it is cancelled or the shard ends.
 */
#ifndef CADABRA_LAMBDA_SHARD_H
#define CADABRA_LAMBDA_SHARD_H

#include "handlers/lambda/state.h"
#include "handlers/lambda/stream_source.h"

struct shard_work {
    struct lambda *lambda;
    const struct lambda_mapping *mapping;
    struct stream_source *source;
    size_t shard;
    int cancel_fd; /* readable: end after the present batch */
    int stop_fd;   /* readable: end at once */
};

/* True when the shard has been read to its end. */
bool shard_read(const struct shard_work *work);

/* Waits so long, or until the work is cancelled: then true. */
bool shard_is_cancelled(const struct shard_work *w, int64_t wait_ms);

#endif
