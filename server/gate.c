#include "server/gate.h"

#include <pthread.h>
#include <sys/timerfd.h>

#include "server/base/clock.h"
#include "server/base/log.h"

struct gate {
    pthread_mutex_t lock;
    pthread_cond_t opened;
    pthread_cond_t emptied;
    int stop_fd;
    /* The lock guards all below. */
    size_t inside;
    bool closed;
    bool hurried;
};

struct gate *gate_new(void)
{
    struct gate *g = x_calloc(1, sizeof(*g));
    pthread_condattr_t monotonic;

    g->stop_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (g->stop_fd < 0) {
        log_error("timerfd: %s", strerror(errno));
        free(g);
        return NULL;
    }
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&g->lock, NULL);
    pthread_cond_init(&g->opened, NULL);
    pthread_cond_init(&g->emptied, &monotonic);
    pthread_condattr_destroy(&monotonic);
    return g;
}

void gate_free(struct gate *g)
{
    if (!g)
        return;
    assert(g->inside == 0);
    close(g->stop_fd);
    pthread_cond_destroy(&g->opened);
    pthread_cond_destroy(&g->emptied);
    pthread_mutex_destroy(&g->lock);
    free(g);
}

void gate_enter(struct gate *g)
{
    pthread_mutex_lock(&g->lock);
    while (g->closed)
        pthread_cond_wait(&g->opened, &g->lock);
    g->inside++;
    pthread_mutex_unlock(&g->lock);
}

bool gate_try_enter(struct gate *g)
{
    bool open;

    pthread_mutex_lock(&g->lock);
    open = !g->closed;
    g->inside += open;
    pthread_mutex_unlock(&g->lock);
    return open;
}

void gate_leave(struct gate *g)
{
    pthread_mutex_lock(&g->lock);
    assert(g->inside > 0);
    if (--g->inside == 0 && g->closed)
        pthread_cond_signal(&g->emptied);
    pthread_mutex_unlock(&g->lock);
}

/* A timer that has run out stays readable until it is set again; 0 puts it at rest. */
static void set_stop_after(struct gate *g, int64_t delay_ns)
{
    struct itimerspec when = {
        .it_value = {.tv_sec = delay_ns / 1000000000, .tv_nsec = delay_ns % 1000000000}};

    if (timerfd_settime(g->stop_fd, 0, &when, NULL))
        log_error("timerfd: %s", strerror(errno));
}

static void open_locked(struct gate *g)
{
    g->closed = false;
    if (!g->hurried)
        set_stop_after(g, 0);
    pthread_cond_broadcast(&g->opened);
}

bool gate_close(struct gate *g, int64_t timeout_ms)
{
    int64_t deadline_ms;
    struct timespec deadline;
    bool empty;

    pthread_mutex_lock(&g->lock);
    while (g->closed)
        pthread_cond_wait(&g->opened, &g->lock);
    g->closed = true;
    if (!g->hurried)
        set_stop_after(g, 1);
    deadline_ms = clock_monotonic_ms() + timeout_ms;
    deadline =
        (struct timespec){.tv_sec = deadline_ms / 1000, .tv_nsec = deadline_ms % 1000 * 1000000};
    while (g->inside > 0)
        if (pthread_cond_timedwait(&g->emptied, &g->lock, &deadline) == ETIMEDOUT)
            break;
    empty = g->inside == 0;
    if (!empty)
        open_locked(g);
    pthread_mutex_unlock(&g->lock);
    return empty;
}

void gate_open(struct gate *g)
{
    pthread_mutex_lock(&g->lock);
    open_locked(g);
    pthread_mutex_unlock(&g->lock);
}

int gate_stop_fd(const struct gate *g)
{
    return g->stop_fd;
}

void gate_hurry(struct gate *g, int64_t delay_ms)
{
    pthread_mutex_lock(&g->lock);
    g->hurried = true;
    set_stop_after(g, MAX(1, delay_ms * 1000000));
    pthread_mutex_unlock(&g->lock);
}
