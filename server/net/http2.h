/*
 * What the two threads of an HTTP/2 stream share; for http2.c (the connection's thread, which alone
 * speaks to nghttp2) and stream.c (the thread that runs the handler).
 *
 * The request belongs to the connection's thread until stream_run(), then to the stream's thread
 * until it reports STREAM_DONE. While it streams a body, `pending` belongs to the connection's
 * thread when piece_ready is set and to the stream's thread when it is not.
 */
#ifndef CADABRA_HTTP2_H
#define CADABRA_HTTP2_H

#include "server/net/net.h"

#include <pthread.h>

struct stream_hub {
    pthread_mutex_t lock;
    int wake_fd;         /* an eventfd that the connection's thread polls */
    struct stream *news; /* the lock: streams that have something to tell */
};

struct stream {
    struct exchange exchange; /* first */
    struct stream_hub *hub;
    int32_t id;
    struct stream *previous; /* the connection's streams; its thread */
    struct stream *next;

    /* The connection's thread. */
    size_t header_room;
    size_t header_bytes;
    bool too_many_headers;
    bool head_done;
    bool running; /* a thread has it */
    bool answered;
    bool closed_here;
    size_t sent;    /* of bytes or file */
    int gone_fd;    /* closing it makes req.client_fd hang up */
    int hang_up_fd; /* the other end: req.client_fd, or -1 */

    /* hub->lock */
    struct stream *next_news;
    bool has_news;
    bool answer_ready;
    bool done; /* the thread has left */
    bool closed;
    bool head_taken; /* before that, a streaming thread keeps off the request */
    bool piece_ready;
    bool piece_last;   /* no further piece will come */
    bool piece_failed; /* because of a failure */
    pthread_cond_t taken;
};

struct stream *stream_new(struct stream_hub *hub, struct connection *c, int32_t id);
/* When no thread has it (any more): ends the exchange. */
void stream_free(struct stream *s);
/* Once its thread has left: answers that nobody reads shall not hold descriptors. */
void stream_close_pipe(struct stream *s);
/* Has the request served in a thread of its own; false when there is none to be had. */
bool stream_run(struct stream *s, struct crew *crew);
/* The client has gone or does not want the answer any more: wakes whatever waits. */
void stream_abandon(struct stream *s);
/* The connection's thread has done with the head of the answer: the body may be made. */
void stream_head_taken(struct stream *s);
/* Takes up to max bytes of the streamed body: their number, 0 when there are none yet, STREAM_END
 * or STREAM_FAILED. */
enum { STREAM_END = -1, STREAM_FAILED = -2 };
ssize_t stream_take(struct stream *s, uint8_t *out, size_t max);

#endif
