/*
 * A dispatcher, started by the first event, looks for events that are due and starts a background
 * task for each, up to a bound. An event's row is removed when it was carried out or given up, so
 * an event that was running when the server was killed runs again.
 *
 * AWS: two retries, one minute and then two minutes after a failure; an event for which there is no
 * room waits 1 s, 2 s, 4 s ... up to 5 minutes; after 6 hours an event is dropped.
 */
#include "handlers/lambda/async.h"

#include "handlers/lambda/state.h"
#include "server/background.h"
#include "server/base/log.h"
#include "server/waitq.h"

enum {
    RUNNING_MAX = 50,
    RETRIES_MAX = 2,
    RETRY_AFTER_MS = 60 * 1000,
    NO_ROOM_MAX_MS = 5 * 60 * 1000,
    AGE_MAX_MS = 6 * 3600 * 1000,
    LOOK_AGAIN_MS = 1000, /* the clock may be moved */
};

struct async_queue {
    struct lambda *lambda;
    struct waitq *changed;
    pthread_mutex_t lock;
    /* under lock: */
    bool dispatching;
    int64_t running[RUNNING_MAX]; /* ids; 0 is free */
    size_t running_count;
};

struct job {
    struct async_queue *queue;
    int64_t id;
};

/* --- one event --- */

static int64_t no_room_delay_ms(int delays)
{
    int64_t ms = (int64_t)1000 << MIN(delays, 20);

    return MIN(ms, (int64_t)NO_ROOM_MAX_MS);
}

static void settle(struct async_queue *q, const struct lambda_event *e, enum pool_status status,
                   const struct invocation *in)
{
    struct lambda_store *store = q->lambda->store;
    int64_t now = clock_now_ms(&q->lambda->app->clock);

    if (status == POOL_RAN && in->stopped)
        return; /* the next start carries it out */
    if (status != POOL_RAN) {
        if (now - e->accepted_ms > AGE_MAX_MS)
            lambda_store_event_remove(store, e->id);
        else
            lambda_store_event_delay(store, e->id, e->attempts, e->delays + 1,
                                     now + no_room_delay_ms(e->delays));
    } else if (in->function_error && e->attempts < RETRIES_MAX) {
        int64_t wait_ms = (int64_t)RETRY_AFTER_MS * (e->attempts + 1);

        lambda_store_event_delay(store, e->id, e->attempts + 1, e->delays, now + wait_ms);
    } else {
        if (in->function_error)
            log_info("event %s for %s was given up after %d attempts", e->request_id, e->function,
                     e->attempts + 1);
        lambda_store_event_remove(store, e->id);
    }
}

static void carry_out(struct async_queue *q, int64_t id, int stop_fd)
{
    struct lambda *l = q->lambda;
    struct lambda_function f;
    struct lambda_event e;
    struct arena a;

    arena_init(&a);
    if (lambda_store_event_read(l->store, id, &a, &e) == STORE_OK) {
        struct scope scope = {.account = e.account, .region = e.region};
        struct invocation *in = ARENA_NEW(&a, struct invocation);

        *in = (struct invocation){.request_id = e.request_id,
                                  .payload = e.payload,
                                  .client_context = e.client_context,
                                  .function_arn = e.arn,
                                  .stop_fd = stop_fd};
        enum store_status rc = lambda_store_find(l->store, scope, e.function, &a, &f);
        if (rc == STORE_NOT_FOUND)
            lambda_store_event_remove(l->store, id);
        else
            settle(q, &e, rc ? POOL_FAILED : pool_run(l->pool, &f, in), in);
        strbuf_release(&in->response);
    }
    arena_release(&a);
}

static void run(struct background_task *task, void *context)
{
    struct job job = *(struct job *)context;
    struct async_queue *q = job.queue;

    free(context);
    carry_out(q, job.id, background_stop_fd(task));
    pthread_mutex_lock(&q->lock);
    for (size_t i = 0; i < RUNNING_MAX; i++) {
        if (q->running[i] == job.id)
            q->running[i] = 0;
    }
    q->running_count--;
    pthread_mutex_unlock(&q->lock);
    waitq_wake(q->changed);
}

/* --- the dispatcher --- */

/* Notes that the event runs; false when it does already, or when there is no room. */
static bool claim(struct async_queue *q, int64_t id)
{
    int64_t *slot = NULL;

    pthread_mutex_lock(&q->lock);
    for (size_t i = 0; i < RUNNING_MAX; i++) {
        if (q->running[i] == id) {
            slot = NULL;
            break;
        }
        if (!q->running[i] && !slot)
            slot = &q->running[i];
    }
    if (slot) {
        *slot = id;
        q->running_count++;
    }
    pthread_mutex_unlock(&q->lock);
    return slot != NULL;
}

static void unclaim(struct async_queue *q, int64_t id)
{
    pthread_mutex_lock(&q->lock);
    for (size_t i = 0; i < RUNNING_MAX; i++) {
        if (q->running[i] == id)
            q->running[i] = 0;
    }
    q->running_count--;
    pthread_mutex_unlock(&q->lock);
}

static bool start_job(struct async_queue *q, int64_t id)
{
    struct job *job = x_calloc(1, sizeof(*job));

    *job = (struct job){.queue = q, .id = id};
    if (background_run(q->lambda->app->background, "lambda-event", run, job))
        return true;
    free(job);
    unclaim(q, id);
    return false;
}

/* Starts what is due. How long to wait for the next. */
static int64_t dispatch_due(struct async_queue *q)
{
    int64_t ids[2 * RUNNING_MAX];
    int64_t now = clock_now_ms(&q->lambda->app->clock);
    int64_t next_ms;
    size_t count;

    if (lambda_store_events_due(q->lambda->store, now, ids, ARRAY_LEN(ids), &count, &next_ms) !=
        STORE_OK)
        return LOOK_AGAIN_MS;
    for (size_t i = 0; i < count; i++) {
        if (claim(q, ids[i]) && !start_job(q, ids[i]))
            return LOOK_AGAIN_MS;
    }
    if (next_ms == INT64_MAX)
        return INT32_MAX;
    return MIN(MAX(next_ms - now, (int64_t)1), (int64_t)LOOK_AGAIN_MS);
}

static void dispatch_events(struct background_task *task, void *context)
{
    struct async_queue *q = context;

    if (!lambda_wait_for_server(q->lambda, task))
        return;
    while (!background_stopping(task)) {
        uint64_t ticket = waitq_ticket(q->changed);

        waitq_wait(q->changed, ticket, dispatch_due(q), -1, background_stop_fd(task));
    }
}

static void wake_dispatcher(struct async_queue *q)
{
    pthread_mutex_lock(&q->lock);
    if (!q->dispatching)
        q->dispatching =
            background_run(q->lambda->app->background, "lambda-events", dispatch_events, q);
    pthread_mutex_unlock(&q->lock);
    waitq_wake(q->changed);
}

struct async_queue *async_new(struct lambda *l)
{
    struct async_queue *q = x_calloc(1, sizeof(*q));
    int64_t id, next_ms;
    size_t count;

    q->lambda = l;
    q->changed = waitq_new();
    pthread_mutex_init(&q->lock, NULL);
    if (lambda_store_events_due(l->store, INT64_MAX, &id, 1, &count, &next_ms) == STORE_OK && count)
        wake_dispatcher(q);
    return q;
}

void async_free(struct async_queue *q)
{
    if (!q)
        return;
    waitq_free(q->changed);
    pthread_mutex_destroy(&q->lock);
    free(q);
}

enum store_status async_put(struct async_queue *q, const struct lambda_event *event)
{
    enum store_status rc = lambda_store_event_add(q->lambda->store, event);

    if (rc == STORE_OK)
        wake_dispatcher(q);
    return rc;
}
