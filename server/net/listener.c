/*
 * The listener's life, its endpoints, and the list of all connections. See listener.h; the
 * accepting thread is in accept.c.
 *
 * Stopping works through the sockets: shutting one down for reading makes a thread that waits for
 * the next request see its end, and a long poll see that its client has gone, while an answer can
 * still be written.
 */
#include "server/net/listener.h"

#include "server/base/clock.h"
#include "server/base/log.h"
#include "server/base/thread.h"
#include "server/net/accept.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>

enum {
    CONNECTIONS_DEFAULT = 4096,
    CONNECTIONS_SPARE = 64, /* what libmicrohttpd allows beyond our own limit */
    IDLE_DEFAULT_MS = 3600 * 1000,
    STALL_DEFAULT_MS = 60 * 1000,
    GRACE_DEFAULT_MS = 10 * 1000,
    CUT_WAIT_MS = 5000, /* for threads to notice that their connection was cut */
};

static void raise_file_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur == limit.rlim_max)
        return;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
        log_warn("the limit of open files stays low: %s", strerror(errno));
}

static const char *default_temp_dir(void)
{
    const char *dir = getenv("TMPDIR");

    return dir && *dir ? dir : "/tmp";
}

static void release(struct listener *l)
{
    if (l->epoll_fd >= 0)
        close(l->epoll_fd);
    if (l->wake_fd >= 0)
        close(l->wake_fd);
    crew_free(l->crew);
    pthread_cond_destroy(&l->changed);
    pthread_mutex_destroy(&l->lock);
    free(l->temp_dir);
    free(l);
}

static bool start(struct listener *l)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = &l->wake};
    int error;

    if (l->epoll_fd < 0 || l->wake_fd < 0 ||
        epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, l->wake_fd, &event) < 0) {
        log_error("no descriptors for the listener: %s", strerror(errno));
        return false;
    }
    l->crew = crew_new("worker", 2 * l->connection_max);
    l->http1 = http1_new(l->connection_max + CONNECTIONS_SPARE, l->crew);
    if (!l->http1)
        return false;
    error = thread_start(&l->thread, "listener", accept_thread, l);
    if (error) {
        log_error("no thread for the listener: %s", strerror(error));
        http1_free(l->http1);
        return false;
    }
    return true;
}

struct listener *listener_new(const struct listener_options *options)
{
    struct listener *l = x_calloc(1, sizeof(*l));
    pthread_condattr_t monotonic;

    raise_file_limit();
    l->app = options->app;
    l->temp_dir = x_strdup(default_temp_dir());
    l->connection_max = options->connection_max ? options->connection_max : CONNECTIONS_DEFAULT;
    l->idle_timeout_ms = options->idle_timeout_ms ? options->idle_timeout_ms : IDLE_DEFAULT_MS;
    l->stall_timeout_ms = options->stall_timeout_ms ? options->stall_timeout_ms : STALL_DEFAULT_MS;
    l->wake = (struct watch){.what = WATCH_WAKE};
    l->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    l->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    pthread_mutex_init(&l->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&l->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    if (start(l))
        return l;
    release(l);
    return NULL;
}

void listener_set_temp_dir(struct listener *l, const char *dir)
{
    free(l->temp_dir);
    l->temp_dir = x_strdup(dir);
}

/* --- connections --- */

void connection_end(struct connection *c)
{
    struct listener *l = c->listener;

    pthread_mutex_lock(&l->lock);
    if (c->previous)
        c->previous->next = c->next;
    else
        l->connections = c->next;
    if (c->next)
        c->next->previous = c->previous;
    l->connection_count--;
    l->worked = true;
    c->endpoint->connections--;
    pthread_cond_broadcast(&l->changed);
    pthread_mutex_unlock(&l->lock);
    free(c);
}

bool connection_stopping(const struct connection *c)
{
    return atomic_load(&c->listener->stopping) || atomic_load(&c->endpoint->closing);
}

const char *connection_temp_dir(const struct connection *c)
{
    return c->listener->temp_dir;
}

struct app *connection_app(const struct connection *c)
{
    return c->listener->app;
}

/* --- stopping --- */

/* With the lock held: waits until the endpoint (NULL: any) has no connection left. */
static bool wait_for_none(struct listener *l, const struct endpoint *e, int64_t timeout_ms)
{
    int64_t until_ms = clock_monotonic_ms() + timeout_ms;
    const struct timespec until = {.tv_sec = until_ms / 1000, .tv_nsec = until_ms % 1000 * 1000000};
    int rc = 0;

    while ((e ? e->connections : l->connection_count) > 0 && rc == 0)
        rc = pthread_cond_timedwait(&l->changed, &l->lock, &until);
    return (e ? e->connections : l->connection_count) == 0;
}

static void shut_down(struct listener *l, const struct endpoint *e, int how)
{
    for (struct connection *c = l->connections; c; c = c->next)
        if (!e || c->endpoint == e)
            shutdown(c->fd, how);
}

/* With the lock held, when nothing is accepted any more. */
static bool end_connections(struct listener *l, const struct endpoint *e, int64_t grace_ms)
{
    shut_down(l, e, SHUT_RD);
    if (wait_for_none(l, e, grace_ms))
        return true;
    log_warn("requests in flight are cut off after %" PRId64 " ms", grace_ms);
    shut_down(l, e, SHUT_RDWR);
    return wait_for_none(l, e, CUT_WAIT_MS);
}

bool listener_stop(struct listener *l, int64_t grace_ms)
{
    bool ended;

    atomic_store(&l->stopping, true);
    if (!l->stopped) {
        accept_wake(l);
        pthread_join(l->thread, NULL);
        l->stopped = true;
    }
    pthread_mutex_lock(&l->lock);
    ended = end_connections(l, NULL, grace_ms);
    pthread_mutex_unlock(&l->lock);
    return ended;
}

void listener_free(struct listener *l)
{
    if (!l)
        return;
    if (!listener_stop(l, GRACE_DEFAULT_MS)) {
        log_error("a handler does not return: the listener cannot be freed");
        return;
    }
    http1_free(l->http1);
    crew_free(TAKE(l->crew));
    while (l->endpoints) {
        struct endpoint *e = l->endpoints;

        l->endpoints = e->next;
        free(e);
    }
    release(l);
}

/* --- endpoints --- */

static bool watch_sockets(struct listener *l, struct endpoint *e)
{
    for (size_t i = 0; i < e->socket_count; i++) {
        struct listen_socket *s = &e->sockets[i];
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = &s->watch};

        s->watch = (struct watch){.what = WATCH_SOCKET, .owner = s};
        if (epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, s->fd, &event) < 0) {
            log_error("cannot watch port %u: %s", e->port, strerror(errno));
            return false;
        }
    }
    return true;
}

struct endpoint *listener_open_endpoint(struct listener *l, const struct endpoint_options *options)
{
    struct endpoint *e = x_calloc(1, sizeof(*e));
    bool opened;

    e->listener = l;
    e->handler = options->handler;
    e->context = options->context;
    if (!sockets_open(e, options->address, options->port)) {
        free(e);
        return NULL;
    }
    /* Under the lock from here on, so that the accepting thread sees the endpoint whole or not at
     * all. */
    pthread_mutex_lock(&l->lock);
    opened = !atomic_load(&l->stopping) && watch_sockets(l, e);
    if (opened) {
        e->listening = true;
        e->next = l->endpoints;
        l->endpoints = e;
    }
    pthread_mutex_unlock(&l->lock);
    if (opened)
        return e;
    sockets_close(e);
    free(e);
    return NULL;
}

uint16_t endpoint_port(const struct endpoint *e)
{
    return e->port;
}

const struct endpoint_handler *endpoint_handler_of(const struct endpoint *e)
{
    return e->handler;
}

void *endpoint_context_of(const struct endpoint *e)
{
    return e->context;
}

static void forget(struct listener *l, const struct endpoint *e)
{
    for (struct endpoint **at = &l->endpoints; *at; at = &(*at)->next) {
        if (*at == e) {
            *at = e->next;
            return;
        }
    }
}

void endpoint_close(struct endpoint *e)
{
    struct listener *l;

    if (!e)
        return;
    l = e->listener;
    atomic_store(&e->closing, true);
    accept_wake(l);
    pthread_mutex_lock(&l->lock);
    while (e->listening)
        pthread_cond_wait(&l->changed, &l->lock);
    while (!end_connections(l, e, GRACE_DEFAULT_MS))
        log_error("a handler of port %u does not return", e->port);
    forget(l, e);
    pthread_mutex_unlock(&l->lock);
    free(e);
}
