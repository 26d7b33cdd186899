/*
 * Connections that share a thread: many clients with small requests, which are done in less time
 * than it takes to wake a thread for each.
 *
 * The thread runs its MHD daemon, which reads what has come and calls for answers. A quick request
 * (see listener.h) is served at once, as a fiber. If it waits for a commit the next one is read
 * meanwhile; when MHD has nothing more, all that wait share their commit, end, and MHD asks for
 * their answers. Any other request goes to a thread of the crew, with its connection suspended; if
 * none is to be had it waits for one.
 *
 * What must hold: nothing here waits for another thread but poll(), and what fibers wait for.
 */
#include "server/net/http1.h"

#include "server/base/fiber.h"
#include "server/base/log.h"
#include "server/base/thread.h"
#include "server/net/crew.h"

#include <poll.h>
#include <sched.h>
#include <sys/eventfd.h>

enum {
    CROWD_MIN = 3,   /* fibers that wait: then more requests are about to come */
    CROWD_MAX = 64,  /* fibers, each with its stack: then those that there are go on first */
    THREAD_MS = 100, /* between two tries to get a thread */
};

struct http1_loop {
    struct http1_daemon *daemon;
    struct crew *crew;
    struct fibers *fibers;    /* the thread's, as the next */
    struct talk *leaving;     /* away, and to be suspended */
    struct talk *turned_away; /* the crew had no thread */
    pthread_t thread;
    int wake_fd;
    pthread_mutex_t lock;        /* all that follows */
    struct connection *arrivals; /* connections to be taken over */
    struct talk *back;           /* what the crew has done */
    bool stopping;
    atomic_bool has_news; /* to be read without the lock */
};

/* With the lock held: whoever reads the news may free the loop as soon as the lock is free. */
static void wake(struct http1_loop *l)
{
    eventfd_write(l->wake_fd, 1);
    atomic_store(&l->has_news, true);
}

/* --- requests that are not quick --- */

static void come_back(struct talk *t)
{
    struct http1_loop *l = t->loop;

    pthread_mutex_lock(&l->lock);
    t->next = l->back;
    l->back = t;
    wake(l);
    pthread_mutex_unlock(&l->lock);
}

static void serve_away(void *context)
{
    struct talk *t = context;

    exchange_serve(&t->exchange);
    come_back(t);
}

static void next_away(void *context)
{
    struct talk *t = context;

    t->piece = exchange_next(&t->exchange);
    come_back(t);
}

/* The connection is suspended when MHD's call has returned: in the midst of it MHD would forget
 * that it does not read from it now, and the end of a client that has said all it wants to say
 * would end the connection instead. */
static void send_away(struct talk *t, void (*job)(void *context))
{
    struct http1_loop *l = t->loop;

    t->work = WORK_AWAY;
    t->next_leaving = l->leaving;
    l->leaving = t;
    t->job = job;
    if (crew_run(l->crew, job, t))
        return;
    t->next = l->turned_away;
    l->turned_away = t;
}

/* There were no threads for these. Served here they would hold up all others of the loop, be it for
 * a long poll. */
static void send_again(struct http1_loop *l)
{
    while (l->turned_away) {
        struct talk *t = l->turned_away, *next = t->next;

        if (!crew_run(l->crew, t->job, t))
            return;
        l->turned_away = next;
    }
}

static void suspend_leaving(struct http1_loop *l)
{
    while (l->leaving) {
        struct talk *t = l->leaving;

        l->leaving = t->next_leaving;
        MHD_suspend_connection(t->mhd);
    }
}

/* --- what MHD's callbacks ask for --- */

static void serve_as_fiber(void *context)
{
    struct talk *t = context;

    exchange_serve(&t->exchange);
    t->work = WORK_DONE;
}

static bool is_done(struct talk *t)
{
    if (t->work != WORK_DONE)
        return false;
    t->work = WORK_NONE;
    return true;
}

bool http1_loop_serve(struct talk *t)
{
    struct exchange *x = &t->exchange;
    struct fibers *fibers = t->loop->fibers;

    if (t->work != WORK_NONE)
        return is_done(t);
    if (x->handler->is_quick && x->handler->is_quick(&x->req)) {
        if (fibers_waiting(fibers) >= CROWD_MAX)
            fibers_finish(fibers);
        t->work = WORK_FIBER;
        if (fibers_start(fibers, serve_as_fiber, t))
            return is_done(t);
    }
    send_away(t, serve_away);
    return false;
}

bool http1_loop_next(struct talk *t, int *out_result)
{
    if (is_done(t)) {
        *out_result = t->piece;
        return true;
    }
    send_away(t, next_away);
    return false;
}

/* MHD drops a connection that was reset as soon as it hears of it, though a fiber serves it. Those
 * that are away are suspended, and MHD hears nothing. */
void http1_loop_forget(struct talk *t)
{
    if (t->work == WORK_FIBER)
        fibers_finish(t->loop->fibers);
    assert(t->work == WORK_NONE || t->work == WORK_DONE);
    t->work = WORK_NONE; /* an answer that nobody fetched */
}

/* --- the thread --- */

/* False when the loop shall end. */
static bool take_news(struct http1_loop *l)
{
    struct connection *arrivals;
    struct talk *back;
    eventfd_t count;
    bool stopping;

    eventfd_read(l->wake_fd, &count);
    pthread_mutex_lock(&l->lock);
    arrivals = TAKE(l->arrivals);
    back = TAKE(l->back);
    stopping = l->stopping;
    atomic_store(&l->has_news, false);
    pthread_mutex_unlock(&l->lock);
    while (arrivals) {
        struct connection *next = arrivals->next_chosen;

        http1_daemon_add(l->daemon, arrivals);
        arrivals = next;
    }
    while (back) {
        struct talk *next = back->next;

        back->work = WORK_DONE;
        MHD_resume_connection(back->mhd);
        back = next;
    }
    return !stopping;
}

/* Has MHD read all that is there, and what comes meanwhile, for which a crowd lets others run: the
 * more fibers wait, the less each pays for their commit. */
static void read_all(struct http1_loop *l)
{
    size_t before;

    do {
        before = fibers_waiting(l->fibers);
        MHD_run(http1_daemon_mhd(l->daemon));
        suspend_leaving(l);
        if (fibers_waiting(l->fibers) > MAX(before, (size_t)CROWD_MIN - 1))
            sched_yield();
    } while (fibers_waiting(l->fibers) > before);
}

/* Serves what has come; returns when there is nothing more, or news: busy clients shall not keep
 * new ones waiting. */
static void serve_all(struct http1_loop *l)
{
    struct MHD_Daemon *mhd = http1_daemon_mhd(l->daemon);
    MHD_UNSIGNED_LONG_LONG timeout_ms;

    do {
        read_all(l);
        fibers_finish(l->fibers); /* then MHD calls again for the answers that it did not get */
    } while (!atomic_load(&l->has_news) && MHD_get_timeout(mhd, &timeout_ms) == MHD_YES &&
             timeout_ms == 0);
}

static void *loop_thread(void *context)
{
    struct http1_loop *l = context;
    struct MHD_Daemon *mhd = http1_daemon_mhd(l->daemon);
    struct pollfd fds[] = {
        {.fd = MHD_get_daemon_info(mhd, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd, .events = POLLIN},
        {.fd = l->wake_fd, .events = POLLIN},
    };

    /* A client that is about to send its next request is not pushed aside for its last one. */
    sched_setscheduler(0, SCHED_BATCH | SCHED_RESET_ON_FORK, &(struct sched_param){0});
    l->fibers = fibers_new();
    for (;;) {
        if (poll(fds, ARRAY_LEN(fds), l->turned_away ? THREAD_MS : -1) < 0 && errno != EINTR)
            log_error("poll: %s", strerror(errno));
        if (fds[1].revents && !take_news(l))
            break;
        send_again(l);
        serve_all(l);
    }
    fibers_free(l->fibers);
    return NULL;
}

/* --- its life --- */

static void release(struct http1_loop *l)
{
    if (l->daemon)
        http1_daemon_free(l->daemon);
    if (l->wake_fd >= 0)
        close(l->wake_fd);
    pthread_mutex_destroy(&l->lock);
    free(l);
}

struct http1_loop *http1_loop_new(unsigned connection_max, struct crew *crew)
{
    struct http1_loop *l = x_calloc(1, sizeof(*l));
    int error = 0;

    pthread_mutex_init(&l->lock, NULL);
    l->crew = crew;
    l->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (l->wake_fd >= 0)
        l->daemon = http1_daemon_new(connection_max, l);
    if (l->daemon)
        error = thread_start(&l->thread, "loop", loop_thread, l);
    if (l->daemon && !error)
        return l;
    log_error("no thread for connections: %s", strerror(error ? error : errno));
    release(l);
    return NULL;
}

void http1_loop_free(struct http1_loop *l)
{
    if (!l)
        return;
    pthread_mutex_lock(&l->lock);
    l->stopping = true;
    wake(l);
    pthread_mutex_unlock(&l->lock);
    pthread_join(l->thread, NULL);
    release(l);
}

void http1_loop_adopt(struct http1_loop *l, struct connection *c)
{
    pthread_mutex_lock(&l->lock);
    c->next_chosen = l->arrivals;
    l->arrivals = c;
    wake(l);
    pthread_mutex_unlock(&l->lock);
}
