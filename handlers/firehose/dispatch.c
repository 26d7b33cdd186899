#include "handlers/firehose/dispatch.h"

#include "handlers/firehose/deliver.h"
#include "server/background.h"
#include "server/base/log.h"
#include "server/config.h"
#include "server/waitq.h"

#include <pthread.h>
#include <stdatomic.h>

enum {
    RUNNING_MAX = 32,
    TEST_CLOCK_LOOK_MS = 50, /* tests move the clock: it is looked at often then */
    CLOCK_LOOK_MS = 10000,   /* the machine's clock may be set */
    AFTER_FAULT_MS = 1000,
};

/* What runs: a lane of a stream. */
struct lane_run {
    struct dispatcher *dispatcher;
    int64_t stream; /* 0: free */
    enum firehose_lane lane;
};

struct dispatcher {
    struct firehose *firehose;
    struct waitq *changed;
    _Atomic bool started;
    pthread_mutex_t lock;
    struct lane_run running[RUNNING_MAX]; /* under lock */
};

struct dispatcher *dispatcher_new(struct firehose *f)
{
    struct dispatcher *d = x_calloc(1, sizeof(*d));

    d->firehose = f;
    d->changed = waitq_new();
    pthread_mutex_init(&d->lock, NULL);
    return d;
}

void dispatcher_free(struct dispatcher *d)
{
    waitq_free(d->changed);
    pthread_mutex_destroy(&d->lock);
    free(d);
}

/* --- one buffer --- */

static void deliver(struct work *w)
{
    if (w->buffer.lane == FIREHOSE_PROCESS)
        process_records(w);
    else if (w->buffer.lane == FIREHOSE_SIDE || w->destination->kind == DESTINATION_S3)
        deliver_to_s3(w);
    else if (w->destination->kind == DESTINATION_HTTP)
        deliver_to_http(w);
    else
        deliver_to_search(w);
}

/* False after a fault of ours: then this is not tried again at once. */
static bool handle(struct work *w)
{
    struct firehose_store *store = w->firehose->store;
    struct firehose_stream stream;
    struct destination destination;
    const char *label = NULL;
    enum store_status rc = firehose_store_find_id(store, w->buffer.stream, w->arena, &stream);

    if (rc == STORE_NOT_FOUND) /* it was deleted while this came in */
        return firehose_store_replace(store, &w->buffer, NULL, 0, 0) == STORE_OK;
    if (rc != STORE_OK || !destination_read(stream.destination, w->arena, &destination))
        return false;
    w->stream = &stream;
    w->destination = &destination;
    if (!w->buffer.label && w->buffer.lane != FIREHOSE_PROCESS)
        label = deliver_label(w);
    rc = firehose_store_seal(store, w->buffer.id, label, w->arena, &w->buffer);
    if (rc == STORE_OK)
        deliver(w);
    return rc == STORE_OK || rc == STORE_NOT_FOUND;
}

/* --- a lane --- */

static bool take_next(struct firehose *f, const struct lane_run *run, struct arena *a,
                      struct firehose_buffer *out)
{
    return firehose_store_next(f->store, run->stream, run->lane, clock_now_ms(&f->app->clock), a,
                               out) == STORE_OK;
}

static void run_lane(struct background_task *task, void *context)
{
    struct lane_run *run = context;
    struct dispatcher *d = run->dispatcher;
    struct work w = {.firehose = d->firehose, .stop_fd = background_stop_fd(task)};
    struct arena a;

    arena_init(&a);
    w.arena = &a;
    w.http = http_client_new();
    while (!background_stopping(task) && take_next(d->firehose, run, &a, &w.buffer)) {
        if (!handle(&w) && background_sleep_ms(task, AFTER_FAULT_MS))
            break;
        arena_reset(&a);
    }
    http_client_free(w.http);
    arena_release(&a);
    pthread_mutex_lock(&d->lock);
    run->stream = 0;
    pthread_mutex_unlock(&d->lock);
    waitq_wake(d->changed);
}

/* The place of that lane, or a free one, or NULL when all are taken. */
static struct lane_run *find_run(struct dispatcher *d, const struct firehose_due *due)
{
    struct lane_run *free_run = NULL;

    for (size_t i = 0; i < RUNNING_MAX; i++) {
        struct lane_run *run = &d->running[i];
        if (run->stream == due->stream && run->lane == due->lane)
            return run;
        if (run->stream == 0)
            free_run = run;
    }
    return free_run;
}

/* Starts what is due, unless it runs; it wakes us when it ends. False: it can't be started now. */
static bool start_lane(struct dispatcher *d, const struct firehose_due *due)
{
    struct lane_run *run;
    bool fresh;

    pthread_mutex_lock(&d->lock);
    run = find_run(d, due);
    fresh = run && run->stream == 0;
    if (fresh)
        *run = (struct lane_run){d, due->stream, due->lane};
    pthread_mutex_unlock(&d->lock);
    if (!fresh || background_run(d->firehose->app->background, "firehose-lane", run_lane, run))
        return true;
    pthread_mutex_lock(&d->lock);
    run->stream = 0;
    pthread_mutex_unlock(&d->lock);
    return false;
}

static bool is_running(struct dispatcher *d, const struct firehose_due *due)
{
    bool running;

    pthread_mutex_lock(&d->lock);
    struct lane_run *run = find_run(d, due);
    running = run && run->stream != 0;
    pthread_mutex_unlock(&d->lock);
    return running;
}

/* --- all lanes --- */

static int64_t sooner(int64_t wait_ms, int64_t other_ms)
{
    return wait_ms < 0 ? other_ms : MIN(wait_ms, other_ms);
}

/* Starts what is due and tells how long there is nothing to do; negative: until a wake. */
static int64_t look(struct dispatcher *d)
{
    struct firehose *f = d->firehose;
    int64_t now_ms = clock_now_ms(&f->app->clock);
    int64_t wait_ms = -1;
    struct firehose_due *due;
    size_t count;
    struct arena a;

    arena_init(&a);
    if (firehose_store_due(f->store, &a, &due, &count) != STORE_OK) {
        count = 0;
        wait_ms = AFTER_FAULT_MS;
    }
    for (size_t i = 0; i < count; i++) {
        bool is_due = due[i].due_ms <= now_ms;

        if (is_due ? !start_lane(d, &due[i]) : !is_running(d, &due[i]))
            wait_ms = sooner(wait_ms, is_due ? AFTER_FAULT_MS : due[i].due_ms - now_ms);
    }
    arena_release(&a);
    return wait_ms;
}

static void dispatch(struct background_task *task, void *context)
{
    struct dispatcher *d = context;
    int64_t most_ms = d->firehose->app->config->test_clock ? TEST_CLOCK_LOOK_MS : CLOCK_LOOK_MS;

    while (!background_stopping(task)) {
        uint64_t ticket = waitq_ticket(d->changed);
        int64_t wait_ms = look(d);

        waitq_wait(d->changed, ticket, wait_ms < 0 ? -1 : MIN(wait_ms, most_ms), -1,
                   background_stop_fd(task));
    }
}

void dispatcher_wake(struct dispatcher *d)
{
    bool expected = false;

    if (atomic_compare_exchange_strong(&d->started, &expected, true) &&
        !background_run(d->firehose->app->background, "firehose", dispatch, d))
        atomic_store(&d->started, false);
    waitq_wake(d->changed);
}
