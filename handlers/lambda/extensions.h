/*
 * The Extensions API of one sandbox: programs beside the function, from /opt/extensions of its
 * layers, register here and are told of invocations and of the end. It shares the endpoint of the
 * Runtime API. Thread-safe.
 *
 * https://docs.aws.amazon.com/lambda/latest/dg/runtimes-extensions-api.html
 */
#ifndef CADABRA_LAMBDA_EXTENSIONS_H
#define CADABRA_LAMBDA_EXTENSIONS_H

#include "server/base/base.h"

enum { EXTENSIONS_MAX = 10 }; /* AWS */

struct extensions;
struct request;

/* What a registration is told of the function; borrowed as long as the sandbox lives. */
struct extensions_function {
    const char *name;
    const char *version;
    const char *handler;
    const char *account;
};

/* Whatever changes makes wake_fd, an eventfd, readable. */
struct extensions *extensions_new(int wake_fd);
void extensions_free(struct extensions *e);
/* Ends all waits; no request is answered with an event any more. */
void extensions_close(struct extensions *e);

/* The names of the programs, borrowed as `f` is: all of them are waited for. */
void extensions_expect(struct extensions *e, const struct extensions_function *f,
                       const char *const *names, size_t count);
/* Answers a request below /2020-01-01/extension, and those for telemetry, which there is none of;
 * false when it is neither. */
bool extensions_serve(struct extensions *e, struct request *req);

/* Whether there is any, be it a program or a part of the runtime. */
bool extensions_any(struct extensions *e);
/* Whether all that are expected have registered and wait for the next event. */
bool extensions_ready(struct extensions *e);
/* Whether one has said that it cannot go on; type (of 128 bytes) then says why. */
bool extensions_failed(struct extensions *e, char *type);

struct extensions_event {
    const char *request_id;
    const char *function_arn;
    const char *trace_id;
    int64_t deadline_ms; /* since 1970 */
};
/* Tells those that want to know of an invocation; what is passed in is copied. */
void extensions_invoke(struct extensions *e, const struct extensions_event *event);
/* Tells those that want to know of the end. False when there are none. */
bool extensions_shutdown(struct extensions *e, const char *reason, int64_t deadline_ms);

#endif
