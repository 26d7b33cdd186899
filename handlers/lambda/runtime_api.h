/*
 * The Lambda Runtime API of one sandbox: an HTTP endpoint on 127.0.0.1 where a runtime asks for the
 * next event and brings back its answer. Between the two sides, the runtime's connection threads
 * and the one thread that runs the invocation, stands one struct runtime_api.
 *
 * https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
 */
#ifndef CADABRA_LAMBDA_RUNTIME_API_H
#define CADABRA_LAMBDA_RUNTIME_API_H

#include "server/app.h"
#include "server/base/strbuf.h"

/* AWS: 6 MB and 100 bytes for what surrounds them. */
enum { RUNTIME_RESPONSE_MAX = 6 * 1024 * 1024 + 100 };
/* AWS: of a streamed answer. */
enum { RUNTIME_STREAM_MAX = 200 * 1024 * 1024 };

struct extensions;
struct runtime_api;
struct request;

enum sink_result { SINK_TAKEN, SINK_FULL /* try again in a moment */ };

/* Where a streamed answer goes while it is being made. Called in the runtime's threads; must not
 * block. */
struct response_sink {
    enum sink_result (*write)(void *context, const char *content_type, const void *data,
                              size_t len);
    void *context;
};

/* Borrowed from the caller until runtime_api_finish(). */
struct runtime_event {
    const char *request_id;
    struct bytes payload;
    int64_t deadline_ms; /* since 1970 */
    const char *function_arn;
    const char *client_context; /* JSON, or NULL */
    const char *trace_id;
    const struct response_sink *sink; /* NULL: answers are wanted whole */
};

enum runtime_state {
    RUNTIME_STARTING,    /* has not asked for an event yet */
    RUNTIME_WAITING,     /* has, and there is none */
    RUNTIME_RESTING,     /* its last answer was taken, and it has not asked again yet */
    RUNTIME_WORKING,     /* an event was offered */
    RUNTIME_ANSWERED,    /* the event's answer is there */
    RUNTIME_INIT_FAILED, /* it reported that it could not start; the answer says why */
};

struct runtime_answer {
    bool error;
    bool streamed;        /* it went to the sink; body is empty */
    struct strbuf body;   /* JSON as the function made it */
    char error_type[128]; /* "" where the runtime gave none */
    int64_t ready_us;     /* monotonic: when it came in */
};

/* Opens the endpoint. NULL, after logging why, when that fails. */
struct runtime_api *runtime_api_open(struct app *app);
/* Cuts its connections and closes it. The runtime's process must have ended or be about to. */
void runtime_api_close(struct runtime_api *r);

/* The Extensions API beside it. */
struct extensions *runtime_api_extensions(struct runtime_api *r);

uint16_t runtime_api_port(const struct runtime_api *r);
/* Becomes readable when the state has changed; runtime_api_look() makes it unreadable again. */
int runtime_api_fd(const struct runtime_api *r);
enum runtime_state runtime_api_look(struct runtime_api *r);

/* Offers an event to a runtime that is waiting or starting. It must stay as it is until it is
 * withdrawn. */
void runtime_api_offer(struct runtime_api *r, const struct runtime_event *event);
/* Takes the event back: what comes in answer to it from now on is refused. */
void runtime_api_withdraw(struct runtime_api *r);
/* Withdraws the event. When it was answered (or starting failed), the answer moves to out, which
 * must be released, and it returns true. */
bool runtime_api_finish(struct runtime_api *r, struct runtime_answer *out);

/* Exposed for tests: answers one request of a runtime. */
void runtime_api_serve(struct request *req);

#endif
