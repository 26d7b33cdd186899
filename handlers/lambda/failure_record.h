/*
 * What the on-failure destination of a stream's mapping is told about records that were given up.
 *
 * https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html
 */
#ifndef CADABRA_LAMBDA_FAILURE_RECORD_H
#define CADABRA_LAMBDA_FAILURE_RECORD_H

#include "handlers/lambda/batch.h"

struct failure_record {
    int64_t now_ms;
    const char *request_id; /* of the last attempt */
    const char *function_arn;
    enum batch_loss why;
    int attempts;
    const char *executed_version;
    const char *function_error; /* of the last attempt; NULL: there was none */
    const char *stream_arn;
    const char *shard;
    bool kinesis;
    const struct stream_record *const *records;
    size_t count;
    bool with_payload; /* for buckets: the whole event too */
};

void failure_record_write(struct strbuf *out, const struct failure_record *f);

#endif
