/*
 * Lambda for the rest of the server: other services run functions through this, under the
 * function's resource policy, as AWS's services do.
 *
 * https://docs.aws.amazon.com/lambda/latest/dg/lambda-services.html
 *
 * All functions are thread-safe and may be called from background tasks. What they are given is
 * borrowed for the call, and copied where it is kept.
 */
#ifndef CADABRA_LAMBDA_H
#define CADABRA_LAMBDA_H

#include "server/app.h"
#include "server/base/arena.h"
#include "server/service.h"

struct lambda;

extern const struct service lambda_service;

struct lambda *lambda_of(struct app *app);

/* Who wants to run a function. A NULL caller stands for the account itself (a role that may do so):
 * then no policy is asked. */
struct lambda_caller {
    const char *principal;      /* "s3.amazonaws.com" */
    const char *source_arn;     /* of the bucket, topic, rule ...; NULL: none */
    const char *source_account; /* its account; NULL: the one in source_arn, if any */
};

enum lambda_check {
    LAMBDA_OK,
    LAMBDA_NO_FUNCTION, /* no function, version or alias of that ARN, or the text is no ARN */
    LAMBDA_NOT_ALLOWED, /* no statement of its policy lets the caller in */
    LAMBDA_FAILED,      /* a fault of ours; logged */
};

/* Whether the caller might run it. Versions and aliases are understood at the end of the ARN. */
enum lambda_check lambda_check(struct app *app, const char *function_arn,
                               const struct lambda_caller *caller);

/* Accepts an event: when it returns LAMBDA_OK the event is stored and will be carried out whatever
 * happens to the server, with Lambda's retries, destinations and dead letter queue. The payload is
 * a JSON document. */
enum lambda_check lambda_invoke_event(struct app *app, const char *function_arn,
                                      const struct lambda_caller *caller, struct bytes payload);

struct lambda_outcome {
    bool ran;                   /* false: throttled, or it could not be started, or the server
                                   stops */
    const char *function_error; /* NULL: success. Else "Unhandled", and the payload describes it */
    struct bytes payload;       /* in the arena */
    int status;                 /* as Invoke answers: 200, 429, 500 */
};

/* Runs it and waits for the answer. *out is written with LAMBDA_OK. */
enum lambda_check lambda_invoke_wait(struct app *app, const char *function_arn,
                                     const struct lambda_caller *caller, struct bytes payload,
                                     struct arena *a, struct lambda_outcome *out);

#endif
