/*
 * What the files of server/net share and nobody else sees: a connection, and one exchange (request
 * and answer) on it, whatever the HTTP version.
 */
#ifndef CADABRA_NET_H
#define CADABRA_NET_H

#include "server/net/listener.h"

#include <stdatomic.h>
#include <sys/socket.h>

enum connection_kind {
    CONNECTION_SILENT, /* has not said enough to be told apart; the accepting thread has it */
    CONNECTION_HTTP1,
    CONNECTION_HTTP2,
};

/* What an event of the accepting thread's epoll set is about. */
struct watch {
    enum { WATCH_WAKE, WATCH_SOCKET, WATCH_CONNECTION } what;
    void *owner;
};

/*
 * One accepted socket. Made by the accepting thread, handed to an engine, which ends it with
 * connection_end(). While it is in the listener's list its descriptor is open, so that whoever
 * holds the listener's lock may shut it down.
 */
struct connection {
    struct connection *previous; /* the listener's lock */
    struct connection *next;
    struct listener *listener;
    struct endpoint *endpoint;
    int fd;
    enum connection_kind kind;
    struct sockaddr_storage peer;
    socklen_t peer_len;
    struct watch watch;
    bool watched;                   /* in the accepting thread's epoll set */
    struct connection *next_chosen; /* in one list: to be dropped, or taken by an engine */

    /* What the watchdog goes by. */
    atomic_uint open;           /* requests whose target is known and that are not done */
    atomic_uint serving;        /* of these, in a handler: no timeout */
    atomic_uint_fast64_t heads; /* requests whose headers are there */
    atomic_uint_fast64_t done;  /* requests done */
    uint64_t seen_came;         /* these eight: the accepting thread's */
    uint64_t seen_went;
    uint64_t seen_heads;
    uint64_t seen_done;
    int64_t changed_ms;
    int64_t head_ms; /* when the headers that are still to end began; 0: none are coming */
    bool partial;    /* bytes came that have become no request yet */
    bool said_all;   /* the client will send nothing more */
};

/* Takes the connection out of the listener and frees it. Comes before close(c->fd), which is the
 * engine's part. */
void connection_end(struct connection *c);
/* True once the listener stops or the endpoint closes: no further requests, answers still go out.
 */
bool connection_stopping(const struct connection *c);
const char *connection_temp_dir(const struct connection *c);
struct app *connection_app(const struct connection *c);
const struct endpoint_handler *endpoint_handler_of(const struct endpoint *e);
void *endpoint_context_of(const struct endpoint *e);

/* --- an exchange: exchange.c --- */

/* What is read and dropped of a body that nobody wants, before the connection is cut. */
enum { DRAIN_MAX = 1 << 30 };

struct exchange {
    struct request req; /* first: exchange_of() */
    struct connection *connection;
    const struct endpoint_handler *handler;
    bool opened;  /* the target is known: counted in connection->open */
    bool begun;   /* begin was called, so done will be */
    bool refused; /* by begin */
    size_t dropped;
    /* Of a BODY_STREAM, for the engine: what next() gave and has not been sent. */
    struct strbuf pending;
    size_t pending_sent;
};

/* client_fd as in struct request. */
void exchange_init(struct exchange *x, struct connection *c, int client_fd);
/* Cuts off scheme and authority, copies the rest, parts it at '?'. */
void exchange_set_target(struct exchange *x, const char *target);
/* When method, target and headers are in place. */
void exchange_begin(struct exchange *x);
/* Body bytes; false when the client should be cut off because it does not stop. */
bool exchange_body(struct exchange *x, const void *data, size_t len);
/* Calls the handler. Afterwards response.status is valid, whatever the handler did. */
void exchange_serve(struct exchange *x);
/* The next piece of a BODY_STREAM into x->pending, which must have been sent: 1, 0 or -1 as from
 * next(). */
int exchange_next(struct exchange *x);
/* Ends the request, whether it was answered or not, and makes room for another one. */
void exchange_end(struct exchange *x);
void exchange_release(struct exchange *x);

/* True for the answers that have no body whatever their headers say. */
bool exchange_bodiless(const struct exchange *x);
/* The Content-Length of the answer; -1 for a stream. */
int64_t exchange_length(const struct exchange *x);
/* True for headers that the engines write themselves and those that belong to a connection. */
bool header_is_ours(const char *name);

/* --- the engines --- */

struct crew;
struct http1;
/* The crew serves those requests of quick connections that are not quick themselves. */
struct http1 *http1_new(unsigned connection_max, struct crew *crew);
/* No connection may be left. NULL is allowed. */
void http1_free(struct http1 *h);
/* Takes the connection over, in any case. A quick one shares a thread with others. */
void http1_adopt(struct http1 *h, struct connection *c, bool quick);

/* Serves an HTTP/2 connection until it ends, in this thread, and ends it. */
void http2_serve(struct connection *c, struct crew *crew);

#endif
