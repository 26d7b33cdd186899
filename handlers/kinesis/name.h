/* The ARNs of streams and of their consumers. */
#ifndef CADABRA_KINESIS_NAME_H
#define CADABRA_KINESIS_NAME_H

#include "server/base/arena.h"
#include "storage/store.h"

/* ...:stream/STREAM or ...:stream/STREAM/consumer/CONSUMER:CREATED */
struct kinesis_arn {
    struct scope scope;
    const char *stream;
    const char *consumer;  /* NULL: it names the stream */
    const char *created_s; /* as it stands in the consumer's ARN */
};

/* False when the text is neither. The parts lie in the arena. */
bool kinesis_arn_read(struct arena *a, const char *text, struct kinesis_arn *out);

#endif
