/*
 * The answer of a function while it is being made: the function runs in a thread of its own, what
 * it writes is taken by the request that waits for it.
 *
 * Two sides share one struct response_stream; it ends with the later of them. A side that is too
 * quick waits, so memory stays bounded.
 */
#ifndef CADABRA_LAMBDA_RESPONSE_STREAM_H
#define CADABRA_LAMBDA_RESPONSE_STREAM_H

#include "handlers/lambda/state.h"

struct response_stream;

/* Starts the function. What is passed in is copied. NULL when there is no thread to be had. */
struct response_stream *response_stream_start(struct lambda *l, const struct lambda_function *f,
                                              const struct invocation *in);
/* The request is done with it; a function that still runs goes on and its answer is dropped. */
void response_stream_release(struct response_stream *s);

enum stream_state {
    STREAM_DATA,      /* bytes were added to out */
    STREAM_ENDED,     /* all bytes were taken: see response_stream_end() */
    STREAM_ABANDONED, /* the client has gone, or the server stops */
};

/* Waits for bytes and moves those that are there to out. */
enum stream_state response_stream_take(struct response_stream *s, struct request *req,
                                       struct strbuf *out);
/* Waits for the first bytes or the end without taking anything; false when abandoned. */
bool response_stream_wait(struct response_stream *s, struct request *req);
/* The content type that came with the first bytes; NULL for none. Lives as long as the stream. */
const char *response_stream_type(struct response_stream *s);
/* Whether the function itself streams, as opposed to an answer that came whole. */
bool response_stream_is_streamed(struct response_stream *s);

struct stream_end {
    bool ended;                   /* false: it goes on; nothing else is set */
    enum pool_status status;      /* POOL_RAN: it ran */
    const struct invocation *run; /* its response holds the error, if there was one */
};
/* How it ended. */
struct stream_end response_stream_end(struct response_stream *s);

#endif
