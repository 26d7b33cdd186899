/*
 * What the two files of HTTP/1.1 share: http1.c, which makes requests of messages and messages of
 * answers, and http1_loop.c, whose threads serve many connections each. For them alone.
 */
#ifndef CADABRA_HTTP1_H
#define CADABRA_HTTP1_H

#include "server/net/net.h"

#include <microhttpd.h>

struct http1_loop;
struct http1_daemon;

/* What MHD keeps for us per connection. */
struct talk {
    struct exchange exchange; /* first */
    struct MHD_Connection *mhd;
    struct http1_loop *loop; /* NULL: the connection has a thread of its own */
    bool head_seen;
    bool answered;
    /* All below is for a connection of a loop, and the loop's thread's. */
    enum {
        WORK_NONE,
        WORK_FIBER, /* waits among the loop's fibers */
        WORK_AWAY,  /* with the crew, or about to be, the connection suspended */
        WORK_DONE,  /* and MHD is about to ask for it again */
    } work;
    int piece;                  /* what exchange_next() gave */
    void (*job)(void *context); /* what the crew does */
    struct talk *next_leaving;  /* in loop->leaving */
    struct talk *next;          /* in loop->turned_away, then loop->back */
};

/* A daemon without a listening socket. `loop`: whose thread runs it; NULL: each connection gets a
 * thread. NULL on failure, with errno. */
struct http1_daemon *http1_daemon_new(unsigned connection_max, struct http1_loop *loop);
void http1_daemon_free(struct http1_daemon *d);
struct MHD_Daemon *http1_daemon_mhd(const struct http1_daemon *d);
/* Takes the connection over, in any case. By the loop's thread, if there is one. */
void http1_daemon_add(struct http1_daemon *d, struct connection *c);

/* --- loops: http1_loop.c --- */

/* NULL, after logging why. */
struct http1_loop *http1_loop_new(unsigned connection_max, struct crew *crew);
/* No connection may be left. NULL is allowed. */
void http1_loop_free(struct http1_loop *l);
void http1_loop_adopt(struct http1_loop *l, struct connection *c);

/* exchange_serve() for a connection of a loop. False: not yet; MHD will ask again. */
bool http1_loop_serve(struct talk *t);
/* exchange_next(), likewise. Not while the work is away. */
bool http1_loop_next(struct talk *t, int *out_result);
/* The request is about to end, with or without its answer: its work ends before. */
void http1_loop_forget(struct talk *t);

#endif
