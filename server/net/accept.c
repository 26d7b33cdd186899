/*
 * The accepting thread: accepts, tells protocols apart, and is the watchdog of all connections. See
 * accept.h.
 *
 * It never waits for one client. A connection whose first bytes have not come is put into the epoll
 * set, edge-triggered, and looked at when something arrives; the others go to their engine at once.
 *
 * The watchdog looks at each connection's byte counts in the kernel every now and then, so that
 * requests need not keep time: one that has a request half sent or half answered and on which no
 * byte moves for the stall timeout is shut down, one whose headers take longer than that, too, and
 * one without a request after the idle timeout, or soon when the client has ended it.
 * While a handler runs there is no limit.
 *
 * It also gives memory back. What requests have freed lies between what is in use, where free()
 * leaves it to the process: after answers of some MB to many clients this is ten times what the
 * server needs.
 */
#include "server/net/accept.h"

#include "server/base/clock.h"
#include "server/base/log.h"

#include <linux/tcp.h>
#include <malloc.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
enum { PREFACE_LEN = sizeof(preface) - 1 };

enum {
    EVENTS = 64,
    ACCEPTS = 256,  /* in a row, before others get their turn */
    PAUSE_MS = 100, /* when descriptors have run out */
    PREFACE_WAIT_MS = 5000,
    SILENT_WAIT_MS = 300 * 1000,
    SAID_ALL_WAIT_MS = 2000, /* then whatever came before the end has been read */
    CLOSE_WAIT = 8,          /* the kernel's state of a connection that the client has ended */
    SWEEP_MIN_MS = 10,
    SWEEP_MAX_MS = 1000,
    TIDY_MS = 5000, /* while requests come without a pause: giving 100 MiB back takes 20 ms */
    TLS_HANDSHAKE = 0x16,
    HEAD_SEEN = 4096, /* of a first request, to tell what its connection is for */
};

void accept_wake(struct listener *l)
{
    eventfd_write(l->wake_fd, 1);
}

static void drop(struct connection *c)
{
    int fd = c->fd;

    connection_end(c);
    close(fd); /* leaves the epoll set, too */
}

/* --- telling protocols apart --- */

/* This is where TLS would begin. Until then the client is told at once, by an alert (fatal,
 * protocol_version), which the unread hello must not turn into a reset. */
static void turn_away_tls(struct connection *c)
{
    static const uint8_t alert[] = {0x15, 0x03, 0x01, 0x00, 0x02, 0x02, 0x46};
    char hello[4096];

    while (recv(c->fd, hello, sizeof(hello), MSG_DONTWAIT) > 0)
        ;
    send(c->fd, alert, sizeof(alert), MSG_NOSIGNAL | MSG_DONTWAIT);
    shutdown(c->fd, SHUT_WR);
    log_debug("a TLS client on port %u was turned away", c->endpoint->port);
    drop(c);
}

static void http2_job(void *context)
{
    struct connection *c = context;

    http2_serve(c, c->listener->crew);
}

/* By the head of its first request. One that is not short, or has not come whole, had better have a
 * thread, and room for more like it. */
static bool expects_quick(const struct connection *c, const char *seen, size_t len)
{
    const struct endpoint_handler *h = c->endpoint->handler;
    const char *end = h->expects_quick ? memmem(seen, len, "\r\n\r\n", 4) : NULL;

    return end && h->expects_quick(seen, (size_t)(end - seen));
}

/* To the engine of its kind. `seen` is what its client has said so far. */
static void hand_over(struct connection *c, enum connection_kind kind, const char *seen, size_t len)
{
    struct listener *l = c->listener;

    if (c->watched)
        epoll_ctl(l->epoll_fd, EPOLL_CTL_DEL, c->fd, NULL);
    c->watched = false;
    c->partial = true;
    c->changed_ms = clock_monotonic_ms();
    c->kind = kind;
    if (kind == CONNECTION_HTTP1)
        http1_adopt(l->http1, c, expects_quick(c, seen, len));
    else if (!crew_run(l->crew, http2_job, c))
        drop(c);
}

static void keep_watching(struct connection *c)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP | EPOLLET, .data.ptr = &c->watch};

    if (c->watched)
        return;
    c->watch = (struct watch){.what = WATCH_CONNECTION, .owner = c};
    c->watched = true;
    if (epoll_ctl(c->listener->epoll_fd, EPOLL_CTL_ADD, c->fd, &event) < 0)
        drop(c);
}

/* Looks at what the client has said so far, without taking it. */
static void look_at(struct connection *c)
{
    char seen[HEAD_SEEN];
    ssize_t n = recv(c->fd, seen, sizeof(seen), MSG_PEEK | MSG_DONTWAIT);
    size_t len = n > 0 ? (size_t)n : 0;

    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
        drop(c);
    } else if (n < 0) {
        keep_watching(c);
    } else if (seen[0] == TLS_HANDSHAKE) {
        turn_away_tls(c);
    } else if (memcmp(seen, preface, MIN(len, (size_t)PREFACE_LEN)) != 0) {
        hand_over(c, CONNECTION_HTTP1, seen, len);
    } else if (len >= PREFACE_LEN) {
        hand_over(c, CONNECTION_HTTP2, seen, len);
    } else {
        c->partial = true;
        keep_watching(c);
    }
}

/* --- accepting --- */

static void turn_away(struct listener *l, int fd)
{
    static const char answer[] = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n"
                                 "Connection: close\r\n\r\n";

    if (!l->full_noted)
        log_warn("%u connections: further ones are turned away", l->connection_max);
    l->full_noted = true;
    send(fd, answer, sizeof(answer) - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    close(fd);
}

/* Puts a new connection into the list; NULL when there are too many. */
static struct connection *enlist(struct endpoint *e, int fd)
{
    struct listener *l = e->listener;
    struct connection *c = NULL;

    pthread_mutex_lock(&l->lock);
    if (l->connection_count < l->connection_max) {
        c = x_calloc(1, sizeof(*c));
        c->listener = l;
        c->endpoint = e;
        c->fd = fd;
        c->changed_ms = clock_monotonic_ms();
        c->next = l->connections;
        if (c->next)
            c->next->previous = c;
        l->connections = c;
        l->connection_count++;
        e->connections++;
    }
    pthread_mutex_unlock(&l->lock);
    return c;
}

static void watch_all(struct listener *l, uint32_t events)
{
    pthread_mutex_lock(&l->lock);
    for (struct endpoint *e = l->endpoints; e; e = e->next) {
        for (size_t i = 0; i < e->socket_count; i++) {
            struct epoll_event event = {.events = events, .data.ptr = &e->sockets[i].watch};

            epoll_ctl(l->epoll_fd, EPOLL_CTL_MOD, e->sockets[i].fd, &event);
        }
    }
    pthread_mutex_unlock(&l->lock);
}

/* Descriptors or memory have run out: clients wait in the backlog for a moment instead of this
 * thread spinning. */
static void pause_accepting(struct listener *l)
{
    log_warn("cannot accept connections: %s", strerror(errno));
    l->resume_ms = clock_monotonic_ms() + PAUSE_MS;
    watch_all(l, 0);
}

static void accept_from(struct listen_socket *s)
{
    struct listener *l = s->endpoint->listener;

    for (int i = 0; i < ACCEPTS; i++) {
        struct sockaddr_storage peer;
        socklen_t peer_len = sizeof(peer);
        int on = 1;
        int fd = accept4(s->fd, (struct sockaddr *)&peer, &peer_len, SOCK_NONBLOCK | SOCK_CLOEXEC);
        struct connection *c;

        if (fd < 0 && (errno == EINTR || errno == ECONNABORTED || errno == EPROTO))
            continue;
        if (fd < 0 && errno != EAGAIN)
            pause_accepting(l);
        if (fd < 0)
            return;
        c = enlist(s->endpoint, fd);
        if (!c) {
            turn_away(l, fd);
            continue;
        }
        l->full_noted = false;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        c->peer = peer;
        c->peer_len = peer_len;
        look_at(c);
    }
}

/* --- the watchdog --- */

/* Bytes that have come and those that went and were taken; false where the kernel does not tell. */
static bool bytes_moved(struct connection *c, uint64_t *out_came, uint64_t *out_went)
{
    struct tcp_info info;
    socklen_t len = sizeof(info);

    if (getsockopt(c->fd, IPPROTO_TCP, TCP_INFO, &info, &len) < 0 ||
        len < offsetof(struct tcp_info, tcpi_bytes_received) + sizeof(info.tcpi_bytes_received))
        return false;
    *out_came = info.tcpi_bytes_received;
    *out_went = info.tcpi_bytes_acked;
    c->said_all = info.tcpi_state == CLOSE_WAIT;
    return true;
}

/* Looks at what has happened on the connection since the last time. */
static void observe(struct connection *c, int64_t now_ms)
{
    uint64_t heads = atomic_load(&c->heads), done = atomic_load(&c->done);
    uint64_t came, went;

    if (!bytes_moved(c, &came, &went) || atomic_load(&c->serving) > 0) {
        c->changed_ms = now_ms;
        c->head_ms = 0;
        return;
    }
    if (came != c->seen_came || went != c->seen_went || done != c->seen_done) {
        /* Bytes without a request are the beginning of one, but on HTTP/2, where they may be a
         * PING. */
        c->partial = done == c->seen_done && (c->partial || came != c->seen_came) &&
                     (c->kind != CONNECTION_HTTP2 || done == 0);
        c->changed_ms = now_ms;
    }
    if (done != c->seen_done)
        c->listener->worked = true;
    if (!c->partial || heads != done || heads != c->seen_heads)
        c->head_ms = 0;
    else if (!c->head_ms)
        c->head_ms = now_ms;
    c->seen_came = came;
    c->seen_went = went;
    c->seen_heads = heads;
    c->seen_done = done;
}

/* True when nothing has moved on the connection for too long, or headers come byte by byte. */
static bool overdue(const struct listener *l, struct connection *c, int64_t now_ms)
{
    int64_t limit_ms;

    observe(c, now_ms);
    if (c->head_ms && now_ms - c->head_ms >= l->stall_timeout_ms)
        return true;
    if (c->kind == CONNECTION_SILENT)
        limit_ms = c->partial ? PREFACE_WAIT_MS : SILENT_WAIT_MS;
    else if (c->partial || atomic_load(&c->open) > 0)
        limit_ms = l->stall_timeout_ms;
    else if (c->said_all) /* in a loop libmicrohttpd misses an end that came with a request */
        limit_ms = MIN(l->idle_timeout_ms, (int64_t)SAID_ALL_WAIT_MS);
    else
        limit_ms = l->idle_timeout_ms;
    return now_ms - c->changed_ms >= limit_ms;
}

/* Connections that are the accepting thread's own, and overdue or their endpoint closing. */
static void drop_silent(struct listener *l, int64_t now_ms, bool all)
{
    struct connection *chosen = NULL;

    pthread_mutex_lock(&l->lock);
    for (struct connection *c = l->connections; c; c = c->next) {
        if (c->kind != CONNECTION_SILENT)
            continue;
        if (all || atomic_load(&c->endpoint->closing) || overdue(l, c, now_ms)) {
            c->next_chosen = chosen;
            chosen = c;
        }
    }
    pthread_mutex_unlock(&l->lock);
    while (chosen) {
        struct connection *next = chosen->next_chosen;

        drop(chosen);
        chosen = next;
    }
}

/* Gives memory back once no more requests end, and every now and then while they do. */
static void tidy(struct listener *l, int64_t now_ms)
{
    bool worked;

    pthread_mutex_lock(&l->lock);
    worked = l->worked;
    l->worked = false;
    pthread_mutex_unlock(&l->lock);
    l->untidy |= worked;
    if (!l->untidy || (worked && now_ms - l->tidied_ms < TIDY_MS))
        return;
    malloc_trim(0);
    l->untidy = false;
    l->tidied_ms = now_ms;
}

static void sweep(struct listener *l, int64_t now_ms)
{
    pthread_mutex_lock(&l->lock);
    for (struct connection *c = l->connections; c; c = c->next) {
        if (c->kind == CONNECTION_SILENT || !overdue(l, c, now_ms))
            continue;
        log_debug("a connection of port %u timed out", c->endpoint->port);
        shutdown(c->fd, SHUT_RDWR); /* its thread ends it */
        c->changed_ms = now_ms;
        c->head_ms = 0;
    }
    pthread_mutex_unlock(&l->lock);
    drop_silent(l, now_ms, false);
    tidy(l, now_ms);
}

static int64_t sweep_interval(const struct listener *l)
{
    int64_t shortest = MIN(MIN(l->idle_timeout_ms, l->stall_timeout_ms), (int64_t)PREFACE_WAIT_MS);

    return MIN(MAX(shortest / 4, (int64_t)SWEEP_MIN_MS), (int64_t)SWEEP_MAX_MS);
}

/* --- the thread --- */

/* Stops listening on endpoints that close, or on all. */
static void stop_listening(struct listener *l, bool all)
{
    pthread_mutex_lock(&l->lock);
    for (struct endpoint *e = l->endpoints; e; e = e->next) {
        if (!e->listening || (!all && !atomic_load(&e->closing)))
            continue;
        sockets_close(e);
        e->listening = false;
        pthread_cond_broadcast(&l->changed);
    }
    pthread_mutex_unlock(&l->lock);
}

static void on_event(struct listener *l, const struct watch *w)
{
    eventfd_t count;

    switch (w->what) {
    case WATCH_WAKE:
        eventfd_read(l->wake_fd, &count);
        break;
    case WATCH_SOCKET:
        accept_from(w->owner);
        break;
    case WATCH_CONNECTION:
        look_at(w->owner);
        break;
    }
}

static int wait_ms(struct listener *l, int64_t now_ms)
{
    int64_t until_ms = l->sweep_ms;
    bool busy;

    pthread_mutex_lock(&l->lock);
    busy = l->connections || l->worked || l->untidy;
    pthread_mutex_unlock(&l->lock);
    if (!busy && !l->resume_ms)
        return -1;
    if (l->resume_ms)
        until_ms = busy ? MIN(until_ms, l->resume_ms) : l->resume_ms;
    return (int)MAX(until_ms - now_ms, (int64_t)0);
}

static void on_time(struct listener *l, int64_t now_ms)
{
    if (l->resume_ms && now_ms >= l->resume_ms) {
        l->resume_ms = 0;
        watch_all(l, EPOLLIN);
    }
    if (now_ms >= l->sweep_ms) {
        sweep(l, now_ms);
        l->sweep_ms = now_ms + sweep_interval(l);
    }
}

void *accept_thread(void *listener)
{
    struct listener *l = listener;
    struct epoll_event events[EVENTS];

    while (!atomic_load(&l->stopping)) {
        int n = epoll_wait(l->epoll_fd, events, EVENTS, wait_ms(l, clock_monotonic_ms()));

        for (int i = 0; i < n; i++)
            on_event(l, events[i].data.ptr);
        stop_listening(l, false);
        on_time(l, clock_monotonic_ms());
    }
    stop_listening(l, true);
    drop_silent(l, 0, true);
    return NULL;
}
