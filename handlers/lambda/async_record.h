/*
 * What a destination is told about an accepted event, as AWS words it.
 *
 * https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
 */
#ifndef CADABRA_LAMBDA_ASYNC_RECORD_H
#define CADABRA_LAMBDA_ASYNC_RECORD_H

#include "server/base/arena.h"
#include "server/base/strbuf.h"

enum async_condition {
    ASYNC_SUCCESS,
    ASYNC_RETRIES_EXHAUSTED,
    ASYNC_AGE_EXCEEDED,
    ASYNC_NO_CONCURRENCY, /* none is reserved for the function: it must not run */
};

struct async_record {
    int64_t now_ms;
    const char *request_id;
    const char *function_arn; /* with its qualifier */
    enum async_condition condition;
    bool ran; /* this time; then it has an answer */
    bool function_error;
    int invoke_count;
    struct bytes request; /* JSON */
    const char *executed_version;
    struct bytes response; /* what the function answered, if it ran */
};

void async_record_write(struct strbuf *out, struct arena *a, const struct async_record *r);
/* The errorMessage of a function's error, cut to what an attribute holds. */
const char *async_error_message(struct arena *a, const char *response, size_t len);

#endif
