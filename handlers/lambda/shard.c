/*
 * At least once, in order: a batch's records are delivered before the checkpoint moves past them,
 * and the next batch is read after that. With a parallelization factor the records of one read are
 * dealt out to lanes by their partition keys; the lanes run side by side and the checkpoint moves
 * when all have finished, so the order of each key is kept.
 *
 * With tumbling windows a batch holds records of one window only. The state that the function
 * returns is stored with the checkpoint; when the window's time is over, or a record of a later one
 * comes, the function is run once more to end it.
 */
#include "handlers/lambda/shard.h"

#include <poll.h>

#include "handlers/lambda/lane.h"
#include "handlers/lambda/record_filter.h"
#include "server/base/thread.h"

enum {
    PAYLOAD_MAX = 6 * 1024 * 1024,
    READ_BYTES_MAX = PAYLOAD_MAX / 4 * 3, /* more would not fit as base64 */
    LANES_MAX = 10,
    LOOK_AGAIN_MS = 5000,
    COALESCE_MS = 50,
};

struct reader {
    struct shard_work work;
    char shard_name[STREAM_SHARD_MAX];
    struct stream_position position;
    struct arena arena;      /* of one read */
    struct arena long_arena; /* as long as the reader */
    struct record_filter filter;
    struct window window;
    bool window_open;
    struct lane lanes[LANES_MAX];
    size_t lane_count;
};

bool shard_is_cancelled(const struct shard_work *w, int64_t wait_ms)
{
    struct pollfd fds[] = {{.fd = w->cancel_fd, .events = POLLIN},
                           {.fd = w->stop_fd, .events = POLLIN}};

    return poll(fds, ARRAY_LEN(fds), (int)wait_ms) > 0;
}

/* --- lanes --- */

static void *lane_thread(void *context)
{
    lane_run(context);
    return NULL;
}

static size_t lane_of(const struct stream_record *record, size_t lanes)
{
    uint32_t hash = 2166136261U; /* FNV-1a */

    for (const char *c = record->key; *c; c++)
        hash = (hash ^ (uint8_t)*c) * 16777619U;
    return hash % MAX(lanes, (size_t)1);
}

/* Those of the first `count` records that the filters want. */
static void deal_out(struct reader *r, const struct stream_records *records, size_t count)
{
    for (size_t i = 0; i < r->lane_count; i++) {
        r->lanes[i].records = ARENA_ARRAY(&r->arena, const struct stream_record *, count);
        r->lanes[i].count = 0;
    }
    for (size_t i = 0; i < count; i++) {
        struct lane *lane = &r->lanes[lane_of(&records->items[i], r->lane_count)];

        if (record_filter_wants(&r->filter, records->items[i].filter, &r->arena))
            lane->records[lane->count++] = &records->items[i];
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
    lane_run(&r->lanes[0]);
    for (size_t i = 1; i < r->lane_count; i++) {
        if (started[i])
            pthread_join(r->lanes[i].thread, NULL);
        else if (r->lanes[i].count)
            lane_run(&r->lanes[i]);
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
    const char *sequence;
    struct stream_start start = {.kind = STREAM_AT_TIME};

    if (lambda_store_checkpoint(w->lambda->store, m->id, r->shard_name, &r->arena, &sequence))
        return false;
    if (sequence) {
        start = (struct stream_start){.kind = STREAM_AFTER, .sequence = sequence};
        enum store_status rc = stream_source_open(w->source, w->shard, &start, &r->position);
        if (rc != STORE_CONFLICT)
            return rc == STORE_OK;
        /* The checkpoint is of a stream that had the same name. */
        start = (struct stream_start){.kind = STREAM_AT_TIME};
    }
    if (str_eq(m->starting_position, "TRIM_HORIZON"))
        start.kind = STREAM_OLDEST;
    else if (m->has_starting_ms)
        start.at_ms = m->starting_ms;
    else
        /* LATEST means: since the mapping was made. So nothing is lost when the server is killed
         * before the first checkpoint, nor in shards that a resharding makes later. */
        start.at_ms = m->created_ms;
    return stream_source_open(w->source, w->shard, &start, &r->position) == STORE_OK;
}

static const char *role_of(struct reader *r)
{
    const struct lambda_mapping *m = r->work.mapping;
    struct scope scope = {.account = m->account, .region = m->region};
    struct lambda_function f;

    if (lambda_store_find(r->work.lambda->store, scope, m->function, &r->arena, &f) == STORE_OK)
        return f.role;
    return "";
}

static enum store_status read_batch(struct reader *r, struct stream_records *out)
{
    const struct lambda_mapping *m = r->work.mapping;

    arena_reset(&r->arena);
    const struct stream_read how = {.records_max = (size_t)m->batch_size * r->lane_count,
                                    .bytes_max = (size_t)READ_BYTES_MAX * r->lane_count,
                                    .role = role_of(r),
                                    .filtered = r->filter.count > 0};
    return stream_source_read(r->work.source, &r->position, &how, &r->arena, out);
}

static bool is_full(const struct reader *r, const struct stream_records *records)
{
    size_t bytes = 0;

    for (size_t i = 0; i < records->count; i++)
        bytes += records->items[i].json.len;
    return records->end || bytes >= PAYLOAD_MAX / 2 ||
           records->count >= (size_t)r->work.mapping->batch_size * r->lane_count;
}

/* The batching window: waits for more records after the first. */
static enum store_status wait_for_more(struct reader *r, struct stream_records *records)
{
    struct waitq *puts = stream_source_waitq(r->work.source);
    int64_t deadline_ms = clock_monotonic_ms() + (int64_t)r->work.mapping->window_s * 1000;
    enum store_status rc = STORE_OK;

    while (!rc && !is_full(r, records)) {
        uint64_t ticket = waitq_ticket(puts);
        int64_t left = deadline_ms - clock_monotonic_ms();

        if (left <= 0 || shard_is_cancelled(&r->work, MIN(left, (int64_t)COALESCE_MS)))
            break;
        left = deadline_ms - clock_monotonic_ms();
        if (left > 0)
            waitq_wait(puts, ticket, left, -1, r->work.cancel_fd);
        rc = read_batch(r, records);
    }
    return rc;
}

/* --- tumbling windows --- */

static int64_t now_ms(const struct reader *r)
{
    return clock_now_ms(&r->work.lambda->app->clock);
}

static int64_t window_end_ms(const struct reader *r)
{
    return r->window.start_ms + r->window.length_ms;
}

static void load_window(struct reader *r)
{
    const struct lambda_mapping *m = r->work.mapping;
    struct lambda_window stored;

    if (!m->tumbling_s)
        return;
    r->window.length_ms = (int64_t)m->tumbling_s * 1000;
    r->lanes[0].window = &r->window;
    if (lambda_store_window(r->work.lambda->store, m->id, r->shard_name, &r->arena, &stored) ==
        STORE_OK) {
        r->window_open = true;
        r->window.start_ms = stored.start_ms;
        r->window.state = x_strdup(stored.state);
    }
}

/* Ends the window that is open. False when there is nothing more to do here. */
static bool end_window(struct reader *r)
{
    if (!lane_end_window(&r->lanes[0]))
        return false;
    r->window_open = false;
    return lambda_store_window_set(r->work.lambda->store, r->work.mapping->id, r->shard_name, NULL,
                                   NULL) == STORE_OK;
}

/* How many of the records, from the first on, belong to its window; that window is opened. 0: there
 * is nothing more to do here. */
static size_t enter_window(struct reader *r, const struct stream_records *records)
{
    int64_t length_ms = r->window.length_ms;
    int64_t start_ms = records->items[0].at_ms / length_ms * length_ms;
    size_t count = 0;

    if (r->window_open && r->window.start_ms != start_ms && !end_window(r))
        return 0;
    if (!r->window_open) {
        free(r->window.state);
        r->window.state = x_strdup("{}");
        r->window.start_ms = start_ms;
        r->window_open = true;
    }
    while (count < records->count && records->items[count].at_ms < start_ms + length_ms)
        count++;
    return MAX(count, (size_t)1);
}

/* --- one step --- */

static enum store_status move_on(struct reader *r, const char *sequence)
{
    struct lambda_store *store = r->work.lambda->store;
    const struct lambda_mapping *m = r->work.mapping;

    if (r->window_open) {
        const struct lambda_window window = {.start_ms = r->window.start_ms,
                                             .state = r->window.state};
        enum store_status rc =
            lambda_store_window_set(store, m->id, r->shard_name, sequence, &window);
        return rc ? rc : lambda_store_mapping_result(store, m->id, result_of(r));
    }
    return lambda_store_checkpoint_set(store, m->id, r->shard_name, sequence, result_of(r));
}

/* After the first `count` records. */
static bool go_after(struct reader *r, const struct stream_records *records, size_t count)
{
    const char *sequence = records->items[count - 1].sequence_number;
    const struct stream_start after = {.kind = STREAM_AFTER, .sequence = sequence};

    if (move_on(r, sequence))
        return false;
    if (count < records->count)
        return stream_source_open(r->work.source, r->work.shard, &after, &r->position) == STORE_OK;
    r->position = records->next;
    return true;
}

/* False when there is nothing more to do here. */
static bool handle(struct reader *r, const struct stream_records *records)
{
    size_t count = records->count;

    if (r->work.mapping->tumbling_s && !(count = enter_window(r, records)))
        return false;
    deal_out(r, records, count);
    return run_lanes(r) && go_after(r, records, count);
}

/* Nothing is there: waits, or ends the window whose time is over. */
static bool wait_for_records(struct reader *r, uint64_t ticket)
{
    struct waitq *puts = stream_source_waitq(r->work.source);
    int64_t wait_ms = LOOK_AGAIN_MS;

    if (r->window_open) {
        int64_t left = window_end_ms(r) - now_ms(r);

        if (left <= 0)
            return end_window(r);
        wait_ms = MIN(left, (int64_t)1000); /* the clock may be moved */
    }
    waitq_wait(puts, ticket, wait_ms, -1, r->work.cancel_fd);
    return true;
}

/* One batch, or one wait for it. False when there is nothing more to do here. */
static bool step(struct reader *r, bool *out_ended)
{
    struct stream_records records;
    uint64_t ticket = waitq_ticket(stream_source_waitq(r->work.source));
    enum store_status rc = read_batch(r, &records);

    if (rc)
        return false;
    if (!records.count) {
        if (records.end) {
            *out_ended = !r->window_open || end_window(r);
            return false;
        }
        r->position = records.next;
        return wait_for_records(r, ticket);
    }
    if (r->work.mapping->window_s > 0)
        rc = wait_for_more(r, &records);
    if (rc || shard_is_cancelled(&r->work, 0))
        return false;
    return handle(r, &records);
}

bool shard_read(const struct shard_work *work)
{
    struct reader *r = x_calloc(1, sizeof(*r));
    bool ended = false;

    r->work = *work;
    r->lane_count = (size_t)MIN(MAX(work->mapping->parallelization, 1), LANES_MAX);
    stream_source_shard_name(work->source, work->shard, r->shard_name);
    arena_init(&r->arena);
    arena_init(&r->long_arena);
    for (size_t i = 0; i < r->lane_count; i++)
        lane_init(&r->lanes[i], work, r->shard_name);
    load_window(r);
    if (record_filter_open(&r->long_arena, work->mapping->filters, &r->filter) &&
        open_position(r)) {
        while (!shard_is_cancelled(work, 0) && step(r, &ended))
            ;
    }
    for (size_t i = 0; i < r->lane_count; i++)
        lane_release(&r->lanes[i]);
    free(r->window.state);
    arena_release(&r->long_arena);
    arena_release(&r->arena);
    free(r);
    return ended;
}
