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

/* What went wrong, filled by aws_fail(). */
struct failure {
    const struct aws_error *error; /* NULL: nothing did */
    const char *message;
    const void *members; /* the error's own C struct, or NULL */
};

struct request {
    struct app *app;
    struct arena arena;

    /* As the client sent it. */
    const char *method;
    const char
        *target; /* raw, never decoded: /b/a%2Fb?x=%20 ; scheme and authority already cut off */
    const char *path;  /* the part before '?', raw, NUL-terminated */
    const char *query; /* the part after '?', raw; "" where there is none */
    struct header *headers;
    size_t header_count;
    bool http2; /* then the authority is in header ":authority" and, for routing, in "host" too */
    struct bytes body; /* whole, after HTTP and aws-chunked framing; data is never NULL */
    enum body_state body_state;
    const char
        *body_sha256; /* in hex, of the body as it was signed where that differs; else NULL */

    /* How the body is taken; begin() of the endpoint's handler may change it (body.h). */
    size_t body_max; /* bytes after all filters; BODY_MAX_DEFAULT before begin() */
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

/* First header of that name, compared without case; NULL when there is none. */
const char *request_header(const struct request *req, const char *name);
/* First query parameter of that name, decoded; NULL when there is none, "" for one without a value.
 */
const char *request_query(struct request *req, const char *name);
/* True once the client has closed its connection or the server is stopping. */
bool request_abandoned(const struct request *req);

#endif
