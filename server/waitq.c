/*
 * See waitq.h. Each waiter brings an eventfd of its own, so that it can poll() it beside a socket,
 * and hangs itself into the queue's list while it waits; a wake writes to all of them.
 */
#include "server/waitq.h"

#include "server/base/clock.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>

enum { SLICE_MS = 20 }; /* for waiters that got no eventfd */

struct waiter {
    struct waiter *next;
    int fd;
};

struct waitq {
    pthread_mutex_t lock;
    uint64_t count;
    struct waiter *waiters;
};

struct waitq *waitq_new(void)
{
    struct waitq *q = x_calloc(1, sizeof(*q));

    pthread_mutex_init(&q->lock, NULL);
    return q;
}

void waitq_free(struct waitq *q)
{
    if (!q)
        return;
    assert(!q->waiters);
    pthread_mutex_destroy(&q->lock);
    free(q);
}

uint64_t waitq_ticket(struct waitq *q)
{
    uint64_t count;

    pthread_mutex_lock(&q->lock);
    count = q->count;
    pthread_mutex_unlock(&q->lock);
    return count;
}

void waitq_wake(struct waitq *q)
{
    pthread_mutex_lock(&q->lock);
    q->count++;
    for (struct waiter *w = q->waiters; w; w = w->next)
        if (w->fd >= 0)
            eventfd_write(w->fd, 1);
    pthread_mutex_unlock(&q->lock);
}

/* Hangs the waiter in unless the counter has passed the ticket already: then true. */
static bool passed_or_join(struct waitq *q, uint64_t ticket, struct waiter *w)
{
    bool passed;

    pthread_mutex_lock(&q->lock);
    passed = q->count > ticket;
    if (!passed) {
        w->next = q->waiters;
        q->waiters = w;
    }
    pthread_mutex_unlock(&q->lock);
    return passed;
}

/* True when the counter passed the ticket in the meantime. */
static bool leave(struct waitq *q, uint64_t ticket, struct waiter *w)
{
    bool passed;

    pthread_mutex_lock(&q->lock);
    for (struct waiter **at = &q->waiters; *at; at = &(*at)->next) {
        if (*at == w) {
            *at = w->next;
            break;
        }
    }
    passed = q->count > ticket;
    pthread_mutex_unlock(&q->lock);
    return passed;
}

static int slice(const struct waiter *w, int64_t left_ms)
{
    int64_t most_ms = w->fd >= 0 ? INT32_MAX : SLICE_MS;

    return (int)(left_ms < 0 ? (w->fd >= 0 ? -1 : SLICE_MS) : MIN(left_ms, most_ms));
}

/* Polls until something happens or until_ms (negative: never) has come. */
static enum wait_result watch(struct waitq *q, uint64_t ticket, const struct waiter *w,
                              int64_t until_ms, const int fds[2])
{
    for (;;) {
        struct pollfd p[3] = {{.fd = w->fd, .events = POLLIN},
                              {.fd = fds[0], .events = POLLRDHUP},
                              {.fd = fds[1], .events = POLLIN}};
        int64_t left_ms = until_ms < 0 ? -1 : MAX(until_ms - clock_monotonic_ms(), (int64_t)0);
        int n = poll(p, ARRAY_LEN(p), slice(w, left_ms));

        if (n > 0 && p[0].revents)
            return WAIT_WOKEN;
        if (n > 0 && (p[1].revents || p[2].revents))
            return WAIT_ABANDONED;
        if (w->fd < 0 && waitq_ticket(q) > ticket)
            return WAIT_WOKEN;
        if (left_ms == 0)
            return WAIT_TIMEOUT;
    }
}

enum wait_result waitq_wait(struct waitq *q, uint64_t ticket, int64_t timeout_ms, int gone_fd,
                            int stop_fd)
{
    AUTO_CLOSE int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    struct waiter w = {.fd = fd};
    int64_t until_ms = timeout_ms < 0 ? -1 : clock_monotonic_ms() + timeout_ms;
    enum wait_result result;

    if (passed_or_join(q, ticket, &w))
        return WAIT_WOKEN;
    result = watch(q, ticket, &w, until_ms, (const int[]){gone_fd, stop_fd});
    return leave(q, ticket, &w) ? WAIT_WOKEN : result;
}
