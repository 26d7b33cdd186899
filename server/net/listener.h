/*
 * The sockets that requests come in by.
 *
 * A listener owns one accepting thread, all connections and the two HTTP engines. It looks at the
 * first bytes of each connection, never waiting for a silent client, and gives it to HTTP/2
 * (http2.c), HTTP/1.1 (http1.c), or turns a TLS hello away. Requests meet the rest of the program
 * through the endpoint they came in by: the main port's handler is dispatch, others (the Lambda
 * Runtime API) open endpoints of their own at run time.
 *
 * All functions may be called from any thread, but for what is said at endpoint_close() and
 * listener_stop().
 */
#ifndef CADABRA_LISTENER_H
#define CADABRA_LISTENER_H

#include "server/net/request.h"

struct listener;
struct endpoint;

/*
 * What an endpoint does with a request. For each request whose headers were read, in this order:
 *
 * - begin: once, before the body is read. Target, headers and endpoint_context are there. It may
 *   set req->body_max, add body filters and, to refuse, return -1 after noting the refusal in the
 *   request (aws_fail()); the body is then not kept. Must not block where req->shared_thread is
 *   set: it holds up other requests. NULL: nothing to do.
 *
 * - is_quick: before serve, with the whole body: true when serve will wait for nothing but commits.
 *   Then serve may be called as a fiber of a thread that serves many connections, and must heed
 *   server/base/fiber.h. NULL: never.
 *
 * - serve: once, in a thread where it may block (but for is_quick), unless the client went before
 *   its request was complete. Must fill req->response. Called for refused requests too, and for
 *   bodies that could not be taken: look at req->failure and req->body_state first.
 *
 * - done: once, after the answer was sent or the client has gone; response.status is 0 if serve
 *   was never called. The request and its response are still whole; it is the last call that sees
 *   them. NULL: nothing to do.
 */
struct endpoint_handler {
    /* Looks at the head of a connection's first request: true when most of its requests are likely
     * to be quick ones. NULL: never. */
    bool (*expects_quick)(const char *head, size_t len);
    int (*begin)(struct request *req);
    bool (*is_quick)(struct request *req);
    void (*serve)(struct request *req);
    void (*done)(struct request *req);
};

struct listener_options {
    struct app *app;         /* requests point to it; may be NULL in tests */
    unsigned connection_max; /* over it new connections are answered 503; 0: 4,096 */
    int64_t idle_timeout_ms; /* between requests of a connection; 0: an hour */
    /* Between bytes of an unfinished request or answer, and for all headers together; 0: 60 s. */
    int64_t stall_timeout_ms;
};

/* Raises the limit of open files as far as it goes. NULL, after logging why, when a thread or
 * descriptor is not to be had. */
struct listener *listener_new(const struct listener_options *options);
/* Where large bodies are spooled, in files without a name; $TMPDIR or /tmp otherwise. To be called
 * before the first request may come. */
void listener_set_temp_dir(struct listener *l, const char *dir);

/*
 * Stops accepting, wakes every long poll (request_abandoned() turns true), lets requests in flight
 * finish for up to grace_ms, then cuts the connections and waits for their threads. Not from a
 * request's thread. May be called more than once.
 *
 * False when a handler has not returned even then: nothing that requests use may be freed, and the
 * process should leave by _exit().
 */
bool listener_stop(struct listener *l, int64_t grace_ms);
/* Stops with the default grace (10 s) if that was not done yet. All endpoints end with it. NULL is
 * allowed. */
void listener_free(struct listener *l);

struct endpoint_options {
    /* Numeric addresses with commas between; NULL or "localhost": 127.0.0.1,::1. All get the same
     * port. An IPv6 address of a machine without IPv6 is left out as long as another one remains.
     */
    const char *address;
    uint16_t port; /* 0: a free one */
    const struct endpoint_handler *handler;
    void *context; /* given to requests as req->endpoint_context */
};

/* NULL, after logging why, when the port is taken, an address is wrong, or the listener has been
 * stopped. */
struct endpoint *listener_open_endpoint(struct listener *l, const struct endpoint_options *options);
uint16_t endpoint_port(const struct endpoint *e);

/*
 * Stops accepting, abandons the endpoint's requests as listener_stop() does, and waits until its
 * last connection has ended: after that nothing uses its context. Never call it from a request that
 * came in by it. NULL is allowed.
 */
void endpoint_close(struct endpoint *e);

#endif
