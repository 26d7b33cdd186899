#include "handlers/sqs/timer.h"

#include "server/background.h"

#include <stdatomic.h>

enum {
    LOOK_AGAIN_MS = 1000,        /* while a time is waited for: the clock may be moved */
    HOUSEKEEPING_MS = 60 * 1000, /* retention is kept to that */
    TRIM_BREATH_MS = 2,          /* between two steps, for those who write */
    SWEEP_STEP = 500,
};

struct sqs_timer {
    struct sqs *sqs;
    struct waitq *changed;
    pthread_mutex_t lock;
    bool started;              /* guarded by lock, as is: */
    struct sqs_queue *watched; /* queues with watchers */
    _Atomic int64_t wake_ms;   /* of the app's clock: when the task looks next */
    atomic_bool trim;
};

struct sqs_timer *sqs_timer_new(struct sqs *q)
{
    struct sqs_timer *t = x_calloc(1, sizeof(*t));

    t->sqs = q;
    t->changed = waitq_new();
    t->wake_ms = INT64_MAX;
    pthread_mutex_init(&t->lock, NULL);
    return t;
}

void sqs_timer_free(struct sqs_timer *t)
{
    waitq_free(t->changed);
    pthread_mutex_destroy(&t->lock);
    free(t);
}

/* --- visibility --- */

/* Lets come what is due, and wakes the waiters for it. When to look next. */
static int64_t advance(struct sqs_queue *queue, int64_t now_ms)
{
    int64_t next_ms;
    bool ready;

    pthread_mutex_lock(&queue->lock);
    sqs_index_advance(queue->index, now_ms);
    ready = sqs_index_ready(queue->index);
    next_ms = sqs_index_next_ms(queue->index);
    pthread_mutex_unlock(&queue->lock);
    if (ready)
        waitq_wake(queue->arrivals);
    return next_ms;
}

static int64_t advance_all(struct sqs_timer *t, int64_t now_ms)
{
    int64_t next_ms = INT64_MAX;

    pthread_mutex_lock(&t->lock);
    for (struct sqs_queue *queue = t->watched; queue; queue = queue->next_watched)
        next_ms = MIN(next_ms, advance(queue, now_ms));
    pthread_mutex_unlock(&t->lock);
    return next_ms;
}

/* --- housekeeping --- */

static void sweep(struct sqs *q, struct sqs_queue *queue)
{
    int64_t now_ms = clock_now_ms(&q->app->clock);
    int64_t numbers[SWEEP_STEP];
    int64_t forgotten;
    size_t count;

    do {
        pthread_mutex_lock(&queue->lock);
        count = sqs_index_sweep(queue->index, now_ms - (int64_t)queue->rules.retention_s * 1000,
                                SWEEP_STEP, numbers);
        pthread_mutex_unlock(&queue->lock);
        if (count > 0)
            sqs_store_remove(q->store, &queue->ref, numbers, count);
    } while (count == SWEEP_STEP);
    pthread_mutex_lock(&queue->lock);
    sqs_dedup_expire(&queue->dedup, now_ms);
    forgotten = queue->dedup.forgotten;
    queue->dedup.forgotten = 0;
    pthread_mutex_unlock(&queue->lock);
    if (forgotten > 0)
        sqs_store_forget_dedup(q->store, &queue->ref, forgotten);
}

static void trim(struct sqs_timer *t, struct background_task *task)
{
    bool more = atomic_exchange(&t->trim, false);

    while (more && !background_stopping(task)) {
        if (sqs_store_trim(t->sqs->store, &more) != STORE_OK)
            more = false;
        if (more)
            background_sleep_ms(task, TRIM_BREATH_MS);
    }
}

/* --- the task --- */

static void run(struct background_task *task, void *context)
{
    struct sqs_timer *t = context;
    int64_t swept_ms = clock_monotonic_ms();

    while (!background_stopping(task)) {
        uint64_t ticket = waitq_ticket(t->changed);
        int64_t now_ms = clock_now_ms(&t->sqs->app->clock);
        int64_t next_ms, pause_ms;

        trim(t, task);
        if (clock_monotonic_ms() - swept_ms >= HOUSEKEEPING_MS) {
            sqs_each_queue(t->sqs, sweep);
            swept_ms = clock_monotonic_ms();
        }
        atomic_store(&t->wake_ms, INT64_MAX); /* so that what comes meanwhile makes us look again */
        next_ms = advance_all(t, now_ms);
        atomic_store(&t->wake_ms, next_ms);
        pause_ms = swept_ms + HOUSEKEEPING_MS - clock_monotonic_ms();
        if (next_ms != INT64_MAX)
            pause_ms = MIN(MAX(next_ms - now_ms, (int64_t)1), (int64_t)LOOK_AGAIN_MS);
        waitq_wait(t->changed, ticket, MAX(pause_ms, (int64_t)1), -1, background_stop_fd(task));
    }
}

/* With the lock held. */
static void start(struct sqs_timer *t)
{
    if (!t->started)
        t->started = background_run(t->sqs->app->background, "sqs-timer", run, t);
}

void sqs_timer_watch(struct sqs_timer *t, struct sqs_queue *queue)
{
    int64_t next_ms;

    pthread_mutex_lock(&t->lock);
    start(t);
    if (queue->watchers++ == 0) {
        queue->next_watched = t->watched;
        t->watched = queue;
    }
    pthread_mutex_unlock(&t->lock);
    pthread_mutex_lock(&queue->lock);
    next_ms = sqs_index_next_ms(queue->index);
    pthread_mutex_unlock(&queue->lock);
    if (next_ms < atomic_load(&t->wake_ms))
        waitq_wake(t->changed);
}

void sqs_timer_unwatch(struct sqs_timer *t, struct sqs_queue *queue)
{
    pthread_mutex_lock(&t->lock);
    if (--queue->watchers == 0) {
        struct sqs_queue **link = &t->watched;

        while (*link != queue)
            link = &(*link)->next_watched;
        *link = queue->next_watched;
    }
    pthread_mutex_unlock(&t->lock);
}

void sqs_timer_expect(struct sqs_timer *t, struct sqs_queue *queue, int64_t at_ms)
{
    if (atomic_load(&queue->watchers) > 0 && at_ms < atomic_load(&t->wake_ms))
        waitq_wake(t->changed);
}

void sqs_timer_trim(struct sqs_timer *t)
{
    pthread_mutex_lock(&t->lock);
    start(t);
    pthread_mutex_unlock(&t->lock);
    atomic_store(&t->trim, true);
    waitq_wake(t->changed);
}
