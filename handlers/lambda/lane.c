#include "handlers/lambda/lane.h"

#include "handlers/lambda/batch_response.h"
#include "handlers/lambda/destination.h"
#include "handlers/lambda/failure_record.h"
#include "handlers/lambda/name.h"
#include "server/base/json_write.h"
#include "server/base/log.h"

enum {
    PAYLOAD_MAX = 6 * 1024 * 1024,
    RECORD_ROOM = 4 * 1024 * 1024, /* one record always fits, whatever its size */
    CLOSING = 512,                 /* what ends the document, less a window's state */
    STATE_MAX = 1024 * 1024,       /* AWS: of a window */
    FAILURE_RECORD_MAX = 32 * 1024 * 1024,
    DESTINATION_RETRY_MS = 1000,
};

void lane_init(struct lane *lane, const struct shard_work *work, const char *shard_name)
{
    lane->work = *work;
    lane->shard_name = shard_name;
    strbuf_init(&lane->event, PAYLOAD_MAX + RECORD_ROOM);
}

void lane_release(struct lane *lane)
{
    strbuf_release(&lane->event);
}

static bool pause_lane(void *context, int64_t ms)
{
    struct lane *lane = context;

    return !shard_is_cancelled(&lane->work, ms);
}

static int64_t lane_now_ms(void *context)
{
    struct lane *lane = context;

    return clock_now_ms(&lane->work.lambda->app->clock);
}

/* --- the event --- */

static void write_window(struct jw *w, const struct lane *lane)
{
    const struct window *window = lane->window;
    char start[TIME_TEXT_MAX], end[TIME_TEXT_MAX];

    time_iso8601(window->start_ms, true, start);
    time_iso8601(window->start_ms + window->length_ms, true, end);
    jw_key(w, "window");
    jw_begin_object(w);
    jw_member_string(w, "start", start);
    jw_member_string(w, "end", end);
    jw_end_object(w);
    jw_key(w, "state");
    jw_raw(w, window->state, strlen(window->state));
    jw_member_string(w, "shardId", lane->shard_name);
    jw_member_string(w, "eventSourceARN", lane->work.mapping->source_arn);
    jw_member_bool(w, "isFinalInvokeForWindow", lane->final);
    jw_member_bool(w, "isWindowTerminatedEarly", false);
}

/* How many of the records it holds: all, or as many as fit, but at least one. */
static size_t write_event(struct lane *lane, const struct stream_record *const *records,
                          size_t count)
{
    size_t room = PAYLOAD_MAX - CLOSING - (lane->window ? strlen(lane->window->state) : 0);
    size_t taken = 0;
    struct jw w;

    strbuf_clear(&lane->event);
    jw_init(&w, &lane->event);
    jw_begin_object(&w);
    jw_key(&w, "Records");
    jw_begin_array(&w);
    for (; taken < count; taken++) {
        const struct bytes *json = &records[taken]->json;

        if (taken && lane->event.len + json->len > room)
            break;
        jw_raw(&w, (const char *)json->data, json->len);
    }
    jw_end_array(&w);
    if (lane->window)
        write_window(&w, lane);
    jw_end_object(&w);
    return taken;
}

/* --- delivery --- */

static void note_problem(struct lane *lane, const char *problem)
{
    lambda_store_mapping_result(lane->work.lambda->store, lane->work.mapping->id, problem);
}

static bool find_function(struct lane *lane, struct arena *a, struct lambda_function *out)
{
    const struct lambda_mapping *m = lane->work.mapping;
    struct scope scope = {.account = m->account, .region = m->region};
    struct function_name name;

    return function_name_parse(a, m->function_arn, &name) &&
           lambda_lookup(lane->work.lambda, scope, name.name, name.qualifier, true, a, out) ==
               STORE_OK;
}

static enum delivery run_function(struct lane *lane, struct lambda_function *f, struct arena *a,
                                  struct batch_response *response)
{
    struct invocation *in = ARENA_NEW(a, struct invocation);
    enum delivery how = NO_ROOM;

    uuid_v4(lane->request_id);
    *in = (struct invocation){
        .request_id = lane->request_id,
        .payload = {.data = (const uint8_t *)lane->event.data, .len = lane->event.len},
        .function_arn = lane->work.mapping->function_arn,
        .stop_fd = lane->work.stop_fd};
    enum pool_status status = lambda_run(lane->work.lambda, f, in);
    lane->version = f->version;
    lane->function_error = in->function_error;
    if (status == POOL_RAN && in->stopped)
        how = CANCELLED;
    else if (status == POOL_RAN)
        how = in->function_error ? FAILED : DELIVERED;
    if (how == DELIVERED && (lane->work.mapping->partial || lane->window)) {
        struct bytes text = {
            .data = arena_memdup(a, in->response.data ? in->response.data : "", in->response.len),
            .len = in->response.len};

        batch_response_read(a, text, response);
    }
    strbuf_release(&in->response);
    return how;
}

static bool is_listed(const struct batch_response *response, const char *id)
{
    for (size_t i = 0; i < response->failed_count; i++) {
        if (str_eq(response->failed[i], id))
            return true;
    }
    return false;
}

/* AWS: everything from the first record on that failed is tried again. */
static enum delivery judge(const struct batch_response *response,
                           const struct stream_record *const *records, struct delivered *out)
{
    if (!response->valid)
        return FAILED;
    if (!response->failed_count)
        return DELIVERED;
    for (size_t i = 0; i < out->taken; i++) {
        if (is_listed(response, records[i]->sequence_number)) {
            out->done = i;
            return FAILED;
        }
    }
    return FAILED; /* AWS: names that are none of the batch's */
}

static bool keep_state(struct lane *lane, const struct batch_response *response)
{
    if (!lane->window)
        return true;
    const char *state = response->state ? response->state : "{}";
    if (strlen(state) > STATE_MAX)
        return false;
    free(lane->window->state);
    lane->window->state = x_strdup(state);
    return true;
}

static enum delivery deliver(void *context, const struct stream_record *const *records,
                             size_t count, struct delivered *out)
{
    struct lane *lane = context;
    struct batch_response response = {.valid = true};
    struct lambda_function f;
    struct arena a;
    enum delivery how = NO_ROOM;

    if (shard_is_cancelled(&lane->work, 0))
        return CANCELLED;
    arena_init(&a);
    if (find_function(lane, &a, &f)) {
        out->taken = write_event(lane, records, MIN(count, (size_t)lane->work.mapping->batch_size));
        how = run_function(lane, &f, &a, &response);
        if (how == DELIVERED && count && lane->work.mapping->partial)
            how = judge(&response, records, out);
        if (how == DELIVERED && !keep_state(lane, &response))
            how = FAILED;
        if (how == FAILED)
            note_problem(lane, "PROBLEM: Function call failed");
    } else {
        note_problem(lane, "PROBLEM: Function not found");
    }
    arena_release(&a);
    return how;
}

/* --- giving up --- */

static enum destination_outcome send_failure(struct lane *lane, const struct failure_record *record,
                                             struct arena *a)
{
    const struct lambda_mapping *m = lane->work.mapping;
    struct strbuf text = STRBUF_INIT(FAILURE_RECORD_MAX);

    failure_record_write(&text, record);
    const struct destination_message message = {
        .body = {.data = (const uint8_t *)text.data, .len = text.len},
        .account = m->account,
        .s3_prefix = arena_printf(a, "aws/lambda/%s/%s/", m->uuid, lane->shard_name),
    };
    enum destination_outcome outcome =
        destination_send(lane->work.lambda->app, m->on_failure, &message);
    strbuf_release(&text);
    return outcome;
}

static bool give_up(void *context, const struct stream_record *const *records, size_t count,
                    enum batch_loss why, int attempts)
{
    struct lane *lane = context;
    const struct lambda_mapping *m = lane->work.mapping;
    bool go_on = true;
    struct arena a;

    log_info("%s: %zu records of %s were given up", m->function, count, lane->shard_name);
    if (!m->on_failure)
        return true;
    arena_init(&a);
    if (!attempts)
        uuid_v4(lane->request_id);
    const struct failure_record record = {
        .now_ms = lane_now_ms(lane),
        .request_id = lane->request_id,
        .function_arn = m->function_arn,
        .why = why,
        .attempts = attempts,
        .executed_version = lambda_version_text(&a, lane->version),
        .function_error = lane->function_error ? "Unhandled" : NULL,
        .stream_arn = m->source_arn,
        .shard = lane->shard_name,
        .kinesis = stream_source_is_kinesis(lane->work.source),
        .records = records,
        .count = count,
        .with_payload = destination_kind(&a, m->on_failure) == DESTINATION_S3,
    };
    while (go_on && send_failure(lane, &record, &a) == DESTINATION_RETRY)
        go_on = pause_lane(lane, DESTINATION_RETRY_MS);
    arena_release(&a);
    return go_on;
}

/* --- running --- */

static struct batch_rules rules_of(const struct lambda_mapping *m)
{
    return (struct batch_rules){
        .retries_max = m->retries_max, .age_max_s = m->age_max_s, .bisect = m->bisect};
}

void lane_run(struct lane *lane)
{
    const struct lambda_mapping *m = lane->work.mapping;
    const struct batch_rules rules = rules_of(m);
    const struct batch_target target = {.deliver = deliver,
                                        .give_up = give_up,
                                        .pause = pause_lane,
                                        .now_ms = lane_now_ms,
                                        .context = lane};
    bool all = true;

    lane->failed = false;
    /* One batch after the other: what is split or given up of one must not touch the next. */
    for (size_t at = 0; all && at < lane->count; at += (size_t)m->batch_size) {
        size_t n = MIN(lane->count - at, (size_t)m->batch_size);
        size_t given_up = 0;

        all = batch_handle(&rules, &target, lane->records + at, n, &given_up);
        lane->failed = lane->failed || given_up > 0;
    }
    lane->done = all;
}

bool lane_end_window(struct lane *lane)
{
    const struct batch_rules rules = rules_of(lane->work.mapping);
    int64_t wait_ms = 200;
    enum delivery how;

    lane->final = true;
    for (int failures = 0;;) {
        struct delivered none = {0};

        how = deliver(lane, NULL, 0, &none);
        failures += how == FAILED;
        if (how == DELIVERED || how == CANCELLED ||
            (rules.retries_max >= 0 && failures > rules.retries_max))
            break;
        if (!pause_lane(lane, wait_ms)) {
            how = CANCELLED;
            break;
        }
        wait_ms = MIN(2 * wait_ms, (int64_t)60000);
    }
    lane->final = false;
    return how != CANCELLED;
}
