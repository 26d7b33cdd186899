/*
 * What a function answers to a batch: which records failed (ReportBatchItemFailures), and the
 * state of a tumbling window.
 *
 * https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
 */
#ifndef CADABRA_LAMBDA_BATCH_RESPONSE_H
#define CADABRA_LAMBDA_BATCH_RESPONSE_H

#include "server/base/arena.h"

struct batch_response {
    bool valid;          /* false: the whole batch has failed */
    const char **failed; /* identifiers */
    size_t failed_count;
    const char *state; /* JSON object, or NULL */
};

void batch_response_read(struct arena *a, struct bytes response, struct batch_response *out);

#endif
