/*
 * At least once, in order: a batch's records are delivered before the checkpoint moves past them,
 * and the next batch is read after that. With a parallelization factor the records of one read are
 * dealt out to lanes by their partition keys; the lanes run side by side and the checkpoint moves
 * when all have finished, so the order of each key is kept.
 */
#include "handlers/lambda/shard.h"

#include <poll.h>

#include "handlers/lambda/batch.h"
#include "handlers/lambda/kinesis_event.h"
#include "server/base/digest.h"
#include "server/base/log.h"
#include "server/base/thread.h"

enum {
    PAYLOAD_MAX = 6 * 1024 * 1024,
    READ_BYTES_MAX = PAYLOAD_MAX / 4 * 3, /* more would not fit as base64 */
    LANES_MAX = 10,
    LOOK_AGAIN_MS = 5000,
    COALESCE_MS = 50,
};

struct lane {
    struct shard_work work;
    const char *shard_name;
    const struct kinesis_event **records;
    size_t count;
    struct strbuf event; /* the document; kept for the next batch */
    bool failed;         /* records of the present read were given up */
    bool done;           /* all records were dealt with */
    pthread_t thread;
};

struct reader {
    struct shard_work work;
    char shard_name[KINESIS_SHARD_ID_MAX];
    struct kinesis_position position;
    struct arena arena; /* of one read */
    struct lane lanes[LANES_MAX];
    size_t lane_count;
};

/* --- waiting --- */

static bool is_cancelled(const struct shard_work *w, int64_t wait_ms)
{
    struct pollfd fds[] = {{.fd = w->cancel_fd, .events = POLLIN},
                           {.fd = w->stop_fd, .events = POLLIN}};

    return poll(fds, ARRAY_LEN(fds), (int)wait_ms) > 0;
}

static bool pause_lane(void *context, int64_t ms)
{
    struct lane *lane = context;

    return !is_cancelled(&lane->work, ms);
}

static int64_t lane_now_ms(void *context)
{
    struct lane *lane = context;

    return clock_now_ms(&lane->work.lambda->app->clock);
}

/* --- delivery --- */

static enum delivery run_function(struct lane *lane, struct lambda_function *f)
{
    struct lambda *l = lane->work.lambda;
    char request_id[37];
    enum delivery how;

    uuid_v4(request_id);
    struct invocation *in = x_calloc(1, sizeof(*in));
    *in = (struct invocation){
        .request_id = request_id,
        .payload = {.data = (const uint8_t *)lane->event.data, .len = lane->event.len},
        .function_arn = lane->work.mapping->function_arn,
        .stop_fd = lane->work.stop_fd};
    enum pool_status status = lambda_run(l, f, in);
    if (status != POOL_RAN)
        how = NO_ROOM;
    else if (in->stopped)
        how = CANCELLED;
    else
        how = in->function_error ? FAILED : DELIVERED;
    strbuf_release(&in->response);
    free(in);
    return how;
}

static void note_problem(struct lane *lane, const char *problem)
{
    lambda_store_mapping_result(lane->work.lambda->store, lane->work.mapping->id, problem);
}

static enum delivery deliver(void *context, const struct kinesis_event *const *records,
                             size_t count, size_t *out_taken)
{
    struct lane *lane = context;
    const struct lambda_mapping *m = lane->work.mapping;
    struct scope scope = {.account = m->account, .region = m->region};
    struct lambda_function f;
    struct arena a;
    enum delivery how = NO_ROOM;

    if (is_cancelled(&lane->work, 0))
        return CANCELLED;
    arena_init(&a);
    if (lambda_store_find(lane->work.lambda->store, scope, m->function, &a, &f) == STORE_OK) {
        const struct kinesis_event_source source = {.stream_arn = m->source_arn,
                                                    .region = m->region,
                                                    .role = f.role,
                                                    .shard = lane->shard_name};

        strbuf_clear(&lane->event);
        *out_taken = kinesis_event_write(&lane->event, &source, records,
                                         MIN(count, (size_t)m->batch_size), PAYLOAD_MAX);
        how = run_function(lane, &f);
        if (how == FAILED)
            note_problem(lane, "PROBLEM: Function call failed");
    } else {
        note_problem(lane, "PROBLEM: Function not found");
    }
    arena_release(&a);
    return how;
}

static void handle_lane(struct lane *lane)
{
    const struct lambda_mapping *m = lane->work.mapping;
    const struct batch_rules rules = {
        .retries_max = m->retries_max, .age_max_s = m->age_max_s, .bisect = m->bisect};
    const struct batch_target target = {
        .deliver = deliver, .pause = pause_lane, .now_ms = lane_now_ms, .context = lane};
    bool all = true;

    lane->failed = false;
    /* One batch after the other: what is split or given up of one must not touch the next. */
    for (size_t at = 0; all && at < lane->count; at += (size_t)m->batch_size) {
        size_t n = MIN(lane->count - at, (size_t)m->batch_size);
        size_t given_up = 0;

        all = batch_handle(&rules, &target, lane->records + at, n, &given_up);
        lane->failed = lane->failed || given_up > 0;
        if (given_up)
            log_info("%s: %zu records of %s were given up", m->function, given_up,
                     lane->shard_name);
    }
    lane->done = all;
}

static void *lane_thread(void *context)
{
    handle_lane(context);
    return NULL;
}

/* --- lanes --- */

static size_t lane_of(const struct kinesis_event *record, size_t lanes)
{
    uint32_t hash = 2166136261U; /* FNV-1a */

    for (const char *c = record->partition_key; *c; c++)
        hash = (hash ^ (uint8_t)*c) * 16777619U;
    return hash % MAX(lanes, (size_t)1);
}

static void deal_out(struct reader *r, const struct kinesis_events *events)
{
    for (size_t i = 0; i < r->lane_count; i++) {
        r->lanes[i].records = ARENA_ARRAY(&r->arena, const struct kinesis_event *, events->count);
        r->lanes[i].count = 0;
    }
    for (size_t i = 0; i < events->count; i++) {
        struct lane *lane = &r->lanes[lane_of(&events->items[i], r->lane_count)];

        lane->records[lane->count++] = &events->items[i];
    }
}

/* Runs all lanes that have records, the first in this thread. True when all were dealt with. */
static bool run_lanes(struct reader *r)
{
    bool started[LANES_MAX] = {false};
    bool done = true;

    for (size_t i = 1; i < r->lane_count; i++) {
        struct lane *lane = &r->lanes[i];

        lane->done = true;
        if (lane->count)
            started[i] = thread_start(&lane->thread, "lambda-lane", lane_thread, lane) == 0;
    }
    handle_lane(&r->lanes[0]);
    for (size_t i = 1; i < r->lane_count; i++) {
        if (started[i])
            pthread_join(r->lanes[i].thread, NULL);
        else if (r->lanes[i].count)
            handle_lane(&r->lanes[i]);
    }
    for (size_t i = 0; i < r->lane_count; i++)
        done = done && r->lanes[i].done;
    return done;
}

static const char *result_of(const struct reader *r)
{
    for (size_t i = 0; i < r->lane_count; i++) {
        if (r->lanes[i].failed)
            return "PROBLEM: Function call failed";
    }
    return "OK";
}

/* --- reading --- */

static bool open_position(struct reader *r)
{
    const struct shard_work *w = &r->work;
    const struct lambda_mapping *m = w->mapping;
    struct kinesis *k = kinesis_of(w->lambda->app);
    const char *sequence;
    struct kinesis_start_at start = {.kind = KINESIS_AT_TIMESTAMP};

    if (lambda_store_checkpoint(w->lambda->store, m->id, r->shard_name, &r->arena, &sequence))
        return false;
    if (sequence) {
        start =
            (struct kinesis_start_at){.kind = KINESIS_AFTER_SEQUENCE, .sequence_number = sequence};
        enum store_status rc = kinesis_open(k, w->hold, w->shard, &start, &r->position);
        if (rc != STORE_CONFLICT)
            return rc == STORE_OK;
        /* The checkpoint is of a stream that had the same name. */
        start = (struct kinesis_start_at){.kind = KINESIS_AT_TIMESTAMP};
    }
    if (str_eq(m->starting_position, "TRIM_HORIZON"))
        start.kind = KINESIS_TRIM_HORIZON;
    else if (m->has_starting_ms)
        start.timestamp_ms = m->starting_ms;
    else
        /* LATEST means: since the mapping was made. So nothing is lost when the server is killed
         * before the first checkpoint, nor in shards that a resharding makes later. */
        start.timestamp_ms = m->created_ms;
    return kinesis_open(k, w->hold, w->shard, &start, &r->position) == STORE_OK;
}

static enum store_status read_batch(struct reader *r, struct kinesis_events *out)
{
    const struct lambda_mapping *m = r->work.mapping;
    size_t records = (size_t)m->batch_size * r->lane_count;

    arena_reset(&r->arena);
    return kinesis_read(kinesis_of(r->work.lambda->app), r->work.hold, &r->position, records,
                        (size_t)READ_BYTES_MAX * r->lane_count, &r->arena, out);
}

static bool is_full(const struct reader *r, const struct kinesis_events *events)
{
    size_t bytes = 0;

    for (size_t i = 0; i < events->count; i++)
        bytes += events->items[i].data.len;
    return events->end || bytes >= READ_BYTES_MAX / 2 ||
           events->count >= (size_t)r->work.mapping->batch_size * r->lane_count;
}

/* The batching window: waits for more records after the first. */
static enum store_status wait_for_more(struct reader *r, struct kinesis_events *events)
{
    struct waitq *puts = kinesis_waitq(r->work.hold);
    int64_t deadline_ms = clock_monotonic_ms() + (int64_t)r->work.mapping->window_s * 1000;
    enum store_status rc = STORE_OK;

    while (!rc && !is_full(r, events)) {
        uint64_t ticket = waitq_ticket(puts);
        int64_t left = deadline_ms - clock_monotonic_ms();

        if (left <= 0 || is_cancelled(&r->work, MIN(left, (int64_t)COALESCE_MS)))
            break;
        left = deadline_ms - clock_monotonic_ms();
        if (left > 0)
            waitq_wait(puts, ticket, left, -1, r->work.cancel_fd);
        rc = read_batch(r, events);
    }
    return rc;
}

/* One batch, or one wait for it. False when there is nothing more to do here. */
static bool step(struct reader *r, bool *out_ended)
{
    struct waitq *puts = kinesis_waitq(r->work.hold);
    struct kinesis_events events;
    uint64_t ticket = waitq_ticket(puts);
    struct lambda_store *store = r->work.lambda->store;

    enum store_status rc = read_batch(r, &events);
    if (rc)
        return false;
    if (!events.count) {
        *out_ended = events.end;
        if (events.end)
            return false;
        r->position = events.next;
        waitq_wait(puts, ticket, LOOK_AGAIN_MS, -1, r->work.cancel_fd);
        return true;
    }
    if (r->work.mapping->window_s > 0)
        rc = wait_for_more(r, &events);
    if (rc || is_cancelled(&r->work, 0))
        return false;
    deal_out(r, &events);
    if (!run_lanes(r))
        return false;
    rc = lambda_store_checkpoint_set(store, r->work.mapping->id, r->shard_name,
                                     events.items[events.count - 1].sequence_number, result_of(r));
    r->position = events.next;
    return rc == STORE_OK;
}

bool shard_read(const struct shard_work *work)
{
    struct reader *r = x_calloc(1, sizeof(*r));
    bool ended = false;

    r->work = *work;
    r->lane_count = (size_t)MIN(MAX(work->mapping->parallelization, 1), LANES_MAX);
    kinesis_shard_name(work->hold, work->shard, r->shard_name);
    arena_init(&r->arena);
    for (size_t i = 0; i < r->lane_count; i++) {
        r->lanes[i].work = *work;
        r->lanes[i].shard_name = r->shard_name;
        strbuf_init(&r->lanes[i].event, PAYLOAD_MAX + 4 * 1024 * 1024);
    }
    if (open_position(r)) {
        while (!is_cancelled(work, 0) && step(r, &ended))
            ;
    }
    for (size_t i = 0; i < r->lane_count; i++)
        strbuf_release(&r->lanes[i].event);
    arena_release(&r->arena);
    free(r);
    return ended;
}
