/* The event that a function gets for a batch of Kinesis records. */
#ifndef CADABRA_LAMBDA_KINESIS_EVENT_H
#define CADABRA_LAMBDA_KINESIS_EVENT_H

#include "handlers/kinesis/kinesis.h"
#include "server/base/strbuf.h"

struct kinesis_event_source {
    const char *stream_arn;
    const char *region;
    const char *role; /* of the function */
    const char *shard;
};

/* Appends the JSON document to out and returns how many of the records it holds: all, or as many as
 * keep it below max bytes, but at least one. */
size_t kinesis_event_write(struct strbuf *out, const struct kinesis_event_source *source,
                           const struct kinesis_event *const *records, size_t count, size_t max);

#endif
