/* The handler's side of an HTTP/2 stream: see http2.h. */
#include "server/net/http2.h"

#include "server/net/crew.h"

#include <fcntl.h>
#include <sys/eventfd.h>

struct stream *stream_new(struct stream_hub *hub, struct connection *c, int32_t id)
{
    struct stream *s = x_calloc(1, sizeof(*s));

    exchange_init(&s->exchange, c, -1);
    s->exchange.req.http2 = s->exchange.req.shared_thread = true;
    s->hub = hub;
    s->id = id;
    s->gone_fd = s->hang_up_fd = -1;
    pthread_cond_init(&s->taken, NULL);
    return s;
}

void stream_close_pipe(struct stream *s)
{
    if (s->gone_fd >= 0)
        close(s->gone_fd);
    if (s->hang_up_fd >= 0)
        close(s->hang_up_fd);
    s->gone_fd = s->hang_up_fd = -1;
}

void stream_free(struct stream *s)
{
    exchange_release(&s->exchange);
    stream_close_pipe(s);
    pthread_cond_destroy(&s->taken);
    free(s);
}

/* With the lock held. The wake-up is written under it, because the hub may go as soon as the lock
 * is free. */
static void tell(struct stream *s)
{
    if (!s->has_news) {
        s->has_news = true;
        s->next_news = s->hub->news;
        s->hub->news = s;
    }
    eventfd_write(s->hub->wake_fd, 1);
}

/* Makes the next piece and waits until it has been taken; false at the end. */
static bool make_piece(struct stream *s)
{
    int rc = exchange_next(&s->exchange);
    bool go_on;

    pthread_mutex_lock(&s->hub->lock);
    s->piece_ready = rc > 0;
    s->piece_last = rc <= 0;
    s->piece_failed = rc < 0;
    tell(s);
    while (s->piece_ready && !s->closed)
        pthread_cond_wait(&s->taken, &s->hub->lock);
    go_on = rc > 0 && !s->closed;
    pthread_mutex_unlock(&s->hub->lock);
    return go_on;
}

static void stream_job(void *context)
{
    struct stream *s = context;
    struct stream_hub *hub = s->hub;

    exchange_serve(&s->exchange);
    if (s->exchange.req.response.kind == BODY_STREAM && !exchange_bodiless(&s->exchange)) {
        pthread_mutex_lock(&hub->lock);
        s->answer_ready = true;
        tell(s);
        while (!s->head_taken && !s->closed)
            pthread_cond_wait(&s->taken, &hub->lock);
        pthread_mutex_unlock(&hub->lock);
        while (make_piece(s))
            ;
    }
    pthread_mutex_lock(&hub->lock);
    s->answer_ready = true;
    s->done = true;
    tell(s);
    pthread_mutex_unlock(&hub->lock);
}

bool stream_run(struct stream *s, struct crew *crew)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0) {
        s->hang_up_fd = s->exchange.req.client_fd = ends[0];
        s->gone_fd = ends[1];
    } else {
        /* Out of descriptors: then a reset of this one stream goes unnoticed, the end of the
         * connection does not. */
        s->exchange.req.client_fd = s->exchange.connection->fd;
    }
    s->running = crew_run(crew, stream_job, s);
    return s->running;
}

void stream_abandon(struct stream *s)
{
    if (s->gone_fd >= 0)
        close(s->gone_fd);
    s->gone_fd = -1;
    pthread_mutex_lock(&s->hub->lock);
    s->closed = true;
    pthread_cond_signal(&s->taken);
    pthread_mutex_unlock(&s->hub->lock);
}

void stream_head_taken(struct stream *s)
{
    pthread_mutex_lock(&s->hub->lock);
    s->head_taken = true;
    pthread_cond_signal(&s->taken);
    pthread_mutex_unlock(&s->hub->lock);
}

ssize_t stream_take(struct stream *s, uint8_t *out, size_t max)
{
    struct exchange *x = &s->exchange;
    ssize_t taken;

    pthread_mutex_lock(&s->hub->lock);
    if (s->piece_ready) {
        size_t n = MIN(max, x->pending.len - x->pending_sent);

        memcpy(out, x->pending.data + x->pending_sent, n);
        x->pending_sent += n;
        s->piece_ready = x->pending_sent < x->pending.len;
        if (!s->piece_ready)
            pthread_cond_signal(&s->taken);
        taken = (ssize_t)n;
    } else if (s->piece_last) {
        taken = s->piece_failed ? STREAM_FAILED : STREAM_END;
    } else {
        taken = 0;
    }
    pthread_mutex_unlock(&s->hub->lock);
    return taken;
}
