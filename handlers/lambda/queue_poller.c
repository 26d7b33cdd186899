/*
 * One thread receives and gathers batches; each batch is handed over in a thread of its own, so
 * many at a time as the mapping's concurrency allows. As AWS's pollers do, it begins with five and
 * allows more while there is a backlog.
 *
 * A message is deleted after the function has dealt with it. What fails stays hidden for the rest
 * of the queue's visibility timeout and comes again, until the queue's redrive policy takes it; a
 * killed server leaves its messages in the same way. The queue keeps the order of FIFO groups: it
 * gives out nothing of a group while some of it is in flight.
 */
#include "handlers/lambda/queue_poller.h"

#include <poll.h>

#include "handlers/lambda/batch_response.h"
#include "handlers/lambda/name.h"
#include "handlers/lambda/queue_event.h"
#include "handlers/lambda/record_filter.h"
#include "handlers/sqs/sqs.h"
#include "server/background.h"
#include "server/base/digest.h"
#include "server/base/json_write.h"
#include "server/base/log.h"
#include "server/waitq.h"

enum {
    PAYLOAD_MAX = 6 * 1024 * 1024,
    MESSAGE_ROOM = 8 * 1024 * 1024, /* what one receive may add */
    CONCURRENCY_FIRST = 5,
    CONCURRENCY_MAX = 50,
    GROW_EVERY_MS = 1000,
    LOOK_AGAIN_MS = 5000,
    NO_ROOM_PAUSE_MS = 200,
    NO_ROOM_TRIES = 25,
};

struct queue_poller {
    struct queue_work work;
    struct sqs_hold *hold;
    struct arena arena; /* as long as the poller */
    struct record_filter filter;
    bool fifo;
    int limit; /* of batches at a time, for now */
    int64_t grown_ms;
    struct waitq *ended; /* a batch did */
    pthread_mutex_t lock;
    int running; /* under lock */
};

/* Messages that go to the function together. Owned by whoever handles it. */
struct queue_batch {
    struct queue_poller *poller;
    struct arena arena;
    struct strbuf event; /* the records so far, with commas between */
    const char **ids;
    const char **handles;
    size_t count;
    size_t room;
};

static bool is_cancelled(const struct queue_work *w, int64_t wait_ms)
{
    struct pollfd fds[] = {{.fd = w->cancel_fd, .events = POLLIN},
                           {.fd = w->stop_fd, .events = POLLIN}};

    return poll(fds, ARRAY_LEN(fds), (int)wait_ms) > 0;
}

/* --- one batch --- */

static struct queue_batch *batch_new(struct queue_poller *p)
{
    struct queue_batch *b = x_calloc(1, sizeof(*b));

    b->poller = p;
    arena_init(&b->arena);
    strbuf_init(&b->event, PAYLOAD_MAX + MESSAGE_ROOM);
    strbuf_add_text(&b->event, "{\"Records\":[");
    b->room = (size_t)p->work.mapping->batch_size;
    b->ids = ARENA_ARRAY(&b->arena, const char *, b->room);
    b->handles = ARENA_ARRAY(&b->arena, const char *, b->room);
    return b;
}

static void batch_free(struct queue_batch *b)
{
    strbuf_release(&b->event);
    arena_release(&b->arena);
    free(b);
}

static void each_ten(struct queue_batch *b, enum store_status (*call)(struct app *, const char *,
                                                                      const char *const *, size_t))
{
    struct app *app = b->poller->work.lambda->app;
    const char *arn = b->poller->work.mapping->source_arn;

    for (size_t at = 0; at < b->count; at += SQS_BATCH_MAX)
        call(app, arn, b->handles + at, MIN(b->count - at, (size_t)SQS_BATCH_MAX));
}

static enum store_status show_again(struct app *app, const char *arn, const char *const *handles,
                                    size_t count)
{
    return sqs_change_visibility(app, arn, handles, count, 0);
}

/* Keeps the handles of those that were dealt with. */
static void drop_failed(struct queue_batch *b, const struct batch_response *response)
{
    size_t kept = 0;

    for (size_t i = 0; i < b->count; i++) {
        bool failed = false;

        for (size_t j = 0; j < response->failed_count && !failed; j++)
            failed = str_eq(response->failed[j], b->ids[i]);
        if (!failed)
            b->handles[kept++] = b->handles[i];
    }
    /* AWS: an identifier that is none of the batch's fails all of it. */
    b->count = b->count - kept == response->failed_count ? kept : 0;
}

static const char *settle(struct queue_batch *b, const struct invocation *in)
{
    struct batch_response response = {.valid = true};
    const struct bytes text = {.data = (const uint8_t *)in->response.data, .len = in->response.len};

    if (in->function_error)
        return "PROBLEM: Function call failed";
    if (b->poller->work.mapping->partial)
        batch_response_read(&b->arena, text, &response);
    if (!response.valid)
        return "PROBLEM: Function call failed";
    if (response.failed_count)
        drop_failed(b, &response);
    each_ten(b, sqs_remove);
    return "OK";
}

static enum pool_status run_function(struct queue_batch *b, struct lambda_function *f,
                                     struct invocation *in)
{
    struct lambda *l = b->poller->work.lambda;
    const struct queue_work *w = &b->poller->work;
    enum pool_status status = lambda_run(l, f, in);

    for (int i = 0; i < NO_ROOM_TRIES && status != POOL_RAN && !is_cancelled(w, NO_ROOM_PAUSE_MS);
         i++)
        status = lambda_run(l, f, in);
    return status;
}

static void hand_over(struct queue_batch *b, int stop_fd)
{
    const struct lambda_mapping *m = b->poller->work.mapping;
    struct lambda *l = b->poller->work.lambda;
    struct scope scope = {.account = m->account, .region = m->region};
    struct function_name name;
    struct lambda_function f;
    char request_id[37];
    struct invocation *in = ARENA_NEW(&b->arena, struct invocation);
    const char *result = "PROBLEM: Function not found";

    strbuf_add_text(&b->event, "]}");
    uuid_v4(request_id);
    *in = (struct invocation){
        .request_id = request_id,
        .payload = {.data = (const uint8_t *)b->event.data, .len = b->event.len},
        .function_arn = m->function_arn,
        .stop_fd = stop_fd};
    if (function_name_parse(&b->arena, m->function_arn, &name) &&
        lambda_lookup(l, scope, name.name, name.qualifier, true, &b->arena, &f) == STORE_OK) {
        enum pool_status status = run_function(b, &f, in);
        if (status == POOL_RAN && !in->stopped) {
            result = settle(b, in);
        } else {
            result = NULL;
            each_ten(b, show_again);
        }
    }
    if (result)
        lambda_store_mapping_result(l->store, m->id, result);
    strbuf_release(&in->response);
}

static void run_batch(struct background_task *task, void *context)
{
    struct queue_batch *b = context;
    struct queue_poller *p = b->poller;

    hand_over(b, background_stop_fd(task));
    batch_free(b);
    pthread_mutex_lock(&p->lock);
    p->running--;
    /* Under the lock, so that the poller cannot end before. */
    waitq_wake(p->ended);
    pthread_mutex_unlock(&p->lock);
}

static void start_batch(struct queue_batch *b)
{
    struct queue_poller *p = b->poller;

    pthread_mutex_lock(&p->lock);
    p->running++;
    pthread_mutex_unlock(&p->lock);
    if (background_run(p->work.lambda->app->background, "lambda-queue", run_batch, b))
        return;
    each_ten(b, show_again);
    batch_free(b);
    pthread_mutex_lock(&p->lock);
    p->running--;
    pthread_mutex_unlock(&p->lock);
}

/* --- gathering --- */

static void add_message(struct queue_batch *b, const struct sqs_incoming *m, struct arena *a)
{
    const struct lambda_mapping *mapping = b->poller->work.mapping;

    if (b->count)
        strbuf_add_char(&b->event, ',');
    queue_record_write(&b->event, a, mapping->source_arn, mapping->region, m, false);
    b->ids[b->count] = arena_strdup(&b->arena, m->message_id);
    b->handles[b->count++] = arena_strdup(&b->arena, m->receipt_handle);
}

static bool is_wanted(struct queue_poller *p, const struct sqs_incoming *m, struct arena *a)
{
    const struct lambda_mapping *mapping = p->work.mapping;
    struct strbuf text = STRBUF_INIT(MESSAGE_ROOM);

    if (!p->filter.count)
        return true;
    queue_record_write(&text, a, mapping->source_arn, mapping->region, m, true);
    const struct bytes record = {.data = (const uint8_t *)text.data, .len = text.len};
    bool wanted = record_filter_wants(&p->filter, record, a);
    strbuf_release(&text);
    return wanted;
}

/* Takes what can be had now. STORE_NOT_FOUND: the queue is gone. */
static enum store_status receive(struct queue_batch *b, size_t *out_received)
{
    struct queue_poller *p = b->poller;
    struct app *app = p->work.lambda->app;
    const char *arn = p->work.mapping->source_arn;
    struct sqs_received got = {0};
    struct arena a;

    arena_init(&a);
    enum store_status rc =
        sqs_receive(app, arn, (int)MIN(b->room - b->count, (size_t)SQS_BATCH_MAX), -1, &a, &got);
    for (size_t i = 0; !rc && i < got.count; i++) {
        /* AWS: what no filter wants is deleted. */
        if (is_wanted(p, &got.items[i], &a))
            add_message(b, &got.items[i], &a);
        else
            sqs_remove(app, arn, &got.items[i].receipt_handle, 1);
    }
    *out_received = rc ? 0 : got.count;
    arena_release(&a);
    return rc;
}

static bool is_full(const struct queue_batch *b)
{
    return b->count == b->room || b->event.len > PAYLOAD_MAX - 2 * 1024 * 1024;
}

/* Fills the batch until it is full, the window is over, or there is nothing more without one. */
static enum store_status gather(struct queue_batch *b)
{
    struct queue_poller *p = b->poller;
    struct waitq *puts = sqs_waitq(p->hold);
    int64_t window_ms = (int64_t)p->work.mapping->window_s * 1000;
    int64_t deadline_ms = 0;

    for (;;) {
        uint64_t ticket = waitq_ticket(puts);
        size_t received;
        enum store_status rc = receive(b, &received);

        if (rc || is_full(b))
            return rc;
        if (b->count && !deadline_ms)
            deadline_ms = clock_monotonic_ms() + window_ms;
        if (received)
            continue;
        int64_t left = b->count ? deadline_ms - clock_monotonic_ms() : LOOK_AGAIN_MS;
        if (left <= 0)
            return STORE_OK;
        if (waitq_wait(puts, ticket, left, -1, p->work.cancel_fd) == WAIT_ABANDONED ||
            is_cancelled(&p->work, 0) || sqs_gone(p->hold))
            return STORE_OK;
    }
}

/* --- the poller --- */

/* Waits until another batch may run; false when none shall. */
static bool wait_for_room(struct queue_poller *p)
{
    int most =
        p->work.mapping->max_concurrency ? p->work.mapping->max_concurrency : CONCURRENCY_MAX;

    while (!is_cancelled(&p->work, 0)) {
        uint64_t ticket = waitq_ticket(p->ended);

        pthread_mutex_lock(&p->lock);
        bool room = p->running < MIN(p->limit, most);
        pthread_mutex_unlock(&p->lock);
        if (room)
            return true;
        if (p->limit < most && clock_monotonic_ms() - p->grown_ms >= GROW_EVERY_MS) {
            p->limit += CONCURRENCY_FIRST;
            p->grown_ms = clock_monotonic_ms();
            continue;
        }
        waitq_wait(p->ended, ticket, GROW_EVERY_MS, -1, p->work.cancel_fd);
    }
    return false;
}

static bool step(struct queue_poller *p)
{
    if (!wait_for_room(p))
        return false;
    struct queue_batch *b = batch_new(p);
    enum store_status rc = gather(b);
    if (is_cancelled(&p->work, 0)) {
        each_ten(b, show_again);
        b->count = 0;
    }
    if (b->count)
        start_batch(b);
    else
        batch_free(b);
    if (rc && rc != STORE_NOT_FOUND)
        return !is_cancelled(&p->work, LOOK_AGAIN_MS);
    return !rc && !sqs_gone(p->hold) && !is_cancelled(&p->work, 0);
}

void queue_poll(const struct queue_work *work)
{
    struct queue_poller p = {.work = *work, .limit = CONCURRENCY_FIRST};

    if (sqs_hold(work->lambda->app, work->mapping->source_arn, &p.hold) != STORE_OK)
        return;
    p.ended = waitq_new();
    p.grown_ms = clock_monotonic_ms();
    pthread_mutex_init(&p.lock, NULL);
    arena_init(&p.arena);
    if (record_filter_open(&p.arena, work->mapping->filters, &p.filter)) {
        while (step(&p))
            ;
    }
    for (;;) {
        uint64_t ticket = waitq_ticket(p.ended);

        pthread_mutex_lock(&p.lock);
        bool all = p.running == 0;
        pthread_mutex_unlock(&p.lock);
        if (all)
            break;
        waitq_wait(p.ended, ticket, -1, -1, -1);
    }
    arena_release(&p.arena);
    pthread_mutex_destroy(&p.lock);
    waitq_free(p.ended);
    sqs_release(p.hold);
}
