/*
 * A dispatcher, started by the first event, looks for events that are due and starts a background
 * task for each, up to a bound. An event's row is removed when it was carried out or given up, so
 * an event that was running when the server was killed runs again.
 *
 * AWS: two retries, one minute and then two minutes after a failure; an event for which there is no
 * room waits 1 s, 2 s, 4 s ... up to 5 minutes, unless no concurrency is reserved for its function
 * at all; an event that would be older than 6 hours at its next try is given up.
 */
#include "handlers/lambda/async.h"

#include "handlers/lambda/async_record.h"
#include "handlers/lambda/destination.h"
#include "handlers/lambda/name.h"
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
    RECORD_MAX = 16 * 1024 * 1024,
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

/* Everything about one try. */
struct attempt {
    struct async_queue *queue;
    struct arena *arena;
    const struct lambda_event *event;
    struct lambda_function function;
    struct lambda_event_config config;
    enum pool_status status;
    struct invocation *in;
};

static int64_t no_room_delay_ms(int delays)
{
    int64_t ms = (int64_t)1000 << MIN(delays, 20);

    return MIN(ms, (int64_t)NO_ROOM_MAX_MS);
}

static enum destination_outcome send_record(struct attempt *t, const char *arn,
                                            enum async_condition condition)
{
    struct app *app = t->queue->lambda->app;
    const struct lambda_event *e = t->event;
    bool ran = t->status == POOL_RAN;
    int64_t now = clock_now_ms(&app->clock);
    const struct async_record record = {
        .now_ms = now,
        .request_id = e->request_id,
        .function_arn = lambda_qualified_arn(
            t->arena, &t->function, t->function.qualifier ? t->function.qualifier : "$LATEST"),
        .condition = condition,
        .ran = ran,
        .function_error = t->in->function_error,
        .invoke_count = e->attempts + (ran ? 1 : 0),
        .request = e->payload,
        .executed_version = lambda_version_text(t->arena, t->function.version),
        .response = {.data = (const uint8_t *)t->in->response.data, .len = t->in->response.len},
    };
    struct strbuf text = STRBUF_INIT(RECORD_MAX);

    async_record_write(&text, t->arena, &record);
    const struct destination_message message = {
        .body = {.data = (const uint8_t *)text.data, .len = text.len},
        .account = e->account,
        .s3_prefix = arena_printf(t->arena, "aws/lambda/async/%s/", t->function.name),
    };
    enum destination_outcome outcome = destination_send(app, arn, &message);
    strbuf_release(&text);
    return outcome;
}

/* AWS: the event as it came, the failure in attributes. */
static enum destination_outcome send_dead_letter(struct attempt *t)
{
    const char *text = t->in->response.data ? t->in->response.data : "";
    const struct destination_attribute attributes[] = {
        {"RequestID", "String", t->event->request_id},
        {"ErrorCode", "Number", t->in->function_error ? "200" : "429"},
        {"ErrorMessage", "String", async_error_message(t->arena, text, t->in->response.len)},
    };
    const struct destination_message message = {
        .body = t->event->payload,
        .account = t->event->account,
        .attributes = attributes,
        .attribute_count = ARRAY_LEN(attributes),
    };

    return destination_send(t->queue->lambda->app, t->function.dead_letter, &message);
}

/* The event has come to its end: tells whoever shall know, then forgets it. */
static void finish(struct attempt *t, enum async_condition condition)
{
    struct lambda_store *store = t->queue->lambda->store;
    const struct lambda_event *e = t->event;
    bool failed = condition != ASYNC_SUCCESS;
    const char *arn = failed ? t->config.on_failure : t->config.on_success;
    bool again = arn && send_record(t, arn, condition) == DESTINATION_RETRY;

    if (failed)
        log_info("event %s for %s was given up after %d attempts", e->request_id, e->function,
                 e->attempts + (t->status == POOL_RAN));
    if (failed && t->function.dead_letter && !again)
        again = send_dead_letter(t) == DESTINATION_RETRY;
    if (again)
        lambda_store_event_delay(store, e->id, e->attempts, e->delays + 1,
                                 clock_now_ms(&t->queue->lambda->app->clock) +
                                     no_room_delay_ms(e->delays));
    else
        lambda_store_event_remove(store, e->id);
}

static int64_t age_max_ms(const struct attempt *t)
{
    return t->config.age_max_s >= 0 ? (int64_t)t->config.age_max_s * 1000 : AGE_MAX_MS;
}

/* Tries again later. AWS: it does not wait for a try that would come too late. */
static void delay(struct attempt *t, int attempts, int delays, int64_t wait_ms)
{
    int64_t due_ms = clock_now_ms(&t->queue->lambda->app->clock) + wait_ms;

    if (due_ms - t->event->accepted_ms > age_max_ms(t))
        finish(t, ASYNC_AGE_EXCEEDED);
    else
        lambda_store_event_delay(t->queue->lambda->store, t->event->id, attempts, delays, due_ms);
}

static void settle(struct attempt *t)
{
    const struct lambda_event *e = t->event;
    int retries_max = t->config.retries_max >= 0 ? t->config.retries_max : RETRIES_MAX;

    if (t->status == POOL_RAN && t->in->stopped)
        return; /* the next start carries it out */
    if (t->status == POOL_RESERVED && t->function.reserved == 0)
        finish(t, ASYNC_NO_CONCURRENCY);
    else if (t->status != POOL_RAN)
        delay(t, e->attempts, e->delays + 1, no_room_delay_ms(e->delays));
    else if (t->in->function_error && e->attempts < retries_max)
        delay(t, e->attempts + 1, e->delays, (int64_t)RETRY_AFTER_MS * (e->attempts + 1));
    else
        finish(t, t->in->function_error ? ASYNC_RETRIES_EXHAUSTED : ASYNC_SUCCESS);
}

/* AWS: an event that waited too long is not tried again. */
static bool is_too_old(const struct attempt *t)
{
    int64_t age_ms = clock_now_ms(&t->queue->lambda->app->clock) - t->event->accepted_ms;

    return age_ms > age_max_ms(t) && (t->event->attempts || t->event->delays);
}

static enum store_status look_up(struct attempt *t)
{
    struct lambda *l = t->queue->lambda;
    const struct lambda_event *e = t->event;
    struct scope scope = {.account = e->account, .region = e->region};
    struct function_name name = {0};

    if (!function_name_parse(t->arena, e->arn, &name))
        name.qualifier = NULL;
    enum store_status rc =
        lambda_lookup(l, scope, e->function, name.qualifier, true, t->arena, &t->function);
    if (rc)
        return rc;
    rc = lambda_store_event_config_find(l->store, scope, e->function,
                                        name.qualifier ? name.qualifier : "$LATEST", t->arena,
                                        &t->config);
    return rc == STORE_NOT_FOUND ? STORE_OK : rc;
}

static void carry_out(struct async_queue *q, int64_t id, int stop_fd)
{
    struct lambda *l = q->lambda;
    struct lambda_event e;
    struct arena a;

    arena_init(&a);
    if (lambda_store_event_read(l->store, id, &a, &e) == STORE_OK) {
        struct attempt t = {.queue = q,
                            .arena = &a,
                            .event = &e,
                            .config = {.retries_max = -1, .age_max_s = -1},
                            .status = POOL_FAILED,
                            .in = ARENA_NEW(&a, struct invocation)};

        *t.in = (struct invocation){.request_id = e.request_id,
                                    .payload = e.payload,
                                    .client_context = e.client_context,
                                    .function_arn = e.arn,
                                    .stop_fd = stop_fd};
        enum store_status rc = look_up(&t);
        if (rc == STORE_NOT_FOUND) {
            lambda_store_event_remove(l->store, id);
        } else if (!rc && is_too_old(&t)) {
            finish(&t, ASYNC_AGE_EXCEEDED);
        } else {
            if (!rc)
                t.status = lambda_run(l, &t.function, t.in);
            settle(&t);
        }
        strbuf_release(&t.in->response);
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
