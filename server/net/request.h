/*
 * One request, from its first header to its last byte, whatever HTTP version brought it.
 *
 * It is born when the undecoded target is known, in the thread of its connection (HTTP/1.1) or of
 * its stream (HTTP/2), and dies when the answer has been sent or the client has gone. It belongs to
 * that thread alone. All that it holds, and all that handlers make for it, lies in its arena.
 */
#ifndef CADABRA_REQUEST_H
#define CADABRA_REQUEST_H

#include "server/base/arena.h"
#include "server/base/strbuf.h"
#include "server/model/shape.h"
#include "server/net/body.h"
#include "server/net/response.h"

struct app;
struct service;
struct dispatch_state;
struct failure;

struct header {
    const char *name; /* as sent; compare without case */
    const char *value;
};

/* Something that an error says beside code and message: an element of its XML, or a header. */
struct failure_detail {
    const char *name;
    const char *value;
    bool header;
};

enum { FAILURE_DETAILS_MAX = 6 };

/* What went wrong, filled by aws_fail(). */
struct failure {
    const struct aws_error *error; /* NULL: nothing did */
    const char *message;
    const void *members;                                /* the error's own C struct, or NULL */
    struct failure_detail details[FAILURE_DETAILS_MAX]; /* by aws_fail_detail() */
    size_t detail_count;
};

struct request {
    struct app *app;
    struct arena arena;

    /* As the client sent it. */
    const char *method;
    const char
        *target; /* raw, never decoded: /b/a%2Fb?x=%20 ; scheme and authority already cut off */
    const char *path;     /* the part before '?', raw, NUL-terminated */
    const char *query;    /* the part after '?', raw; "" where there is none */
    const char *resource; /* see request_resource(); NULL: path */
    struct header *headers;
    size_t header_count;
    bool http2; /* then the authority is in header ":authority" and, for routing, in "host" too */
    bool shared_thread; /* begin() runs in a thread that serves others, too: it must not wait */
    struct bytes body;  /* whole, after HTTP and aws-chunked framing; data is never NULL */
    enum body_state body_state;
    const char
        *body_sha256; /* in hex, of the body as it was signed where that differs; else NULL */
    const struct header *trailers; /* of an aws-chunked body, once it is whole */
    size_t trailer_count;

    /* How the body is taken; begin() of the endpoint's handler may change it (body.h). */
    size_t body_max;       /* bytes after all filters; BODY_MAX_DEFAULT before begin() */
    size_t body_in_memory; /* what is kept there before it goes to a file; BODY_MEMORY_MAX */
    bool body_stays_file;  /* a body in a file is not mapped: see body_file() */
    struct body_filter *body_filters;
    struct body_store body_store;

    /* Who asks, for what. Account and region are set before any handler runs. */
    char account[13];
    char region[32];
    const char *access_key; /* NULL for an unsigned request */
    const struct service *service;
    const struct operation *operation;
    unsigned protocol; /* enum protocol_kind of this request */
    char request_id[64];
    const char *id_2;         /* x-amz-id-2 of services that have it; else NULL */
    void *intake;             /* what service->begin left for the handler; NULL: nothing */
    int64_t received_ms;      /* clock of the app */
    int64_t received_mono_us; /* monotonic, for the log line */

    struct dispatch_state *dispatch; /* dispatch.c's own; NULL on other endpoints */

    /* What it becomes. */
    struct failure failure;
    struct response response;

    /* For waits: readable-with-EOF on this descriptor means that the client has gone; -1 where not
     * known. */
    int client_fd;
    /* What the endpoint that accepted the connection was opened with (see listener.h). */
    void *endpoint_context;
};

/* The raw path by which operations are told apart, and of which labels are read: that of a
 * virtual-hosted bucket has the bucket in front, any other is path itself. */
static inline const char *request_resource(const struct request *req)
{
    return req->resource ? req->resource : req->path;
}

/* First header of that name, compared without case; NULL when there is none. */
const char *request_header(const struct request *req, const char *name);
/* First query parameter of that name, decoded; NULL when there is none, "" for one without a value.
 */
const char *request_query(struct request *req, const char *name);
/* True once the client has closed its connection or the server is stopping. */
bool request_abandoned(const struct request *req);

#endif
