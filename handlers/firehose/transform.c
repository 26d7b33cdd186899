/*
 * The Lambda transformation.
 *
 * https://docs.aws.amazon.com/firehose/latest/dev/data-transformation.html
 *
 * The function gets the records in events that stay below Lambda's limit, and answers for each
 * record with Ok, Dropped or ProcessingFailed. An event that fails, or whose answer is not what it
 * has to be, is tried again; after the last retry all of its records become lines for the error
 * prefix. Nothing passes through untransformed.
 */
#include "handlers/firehose/operations.h"
#include "handlers/firehose/process.h"
#include "handlers/firehose/source.h"
#include "handlers/lambda/lambda.h"
#include "server/base/digest.h"
#include "server/base/encode.h"
#include "server/base/json_read.h"
#include "server/base/json_write.h"

#include <poll.h>

enum {
    EVENT_MAX = 6 * 1000 * 1000,  /* where events end, with room for what is around the records */
    INVOKE_MAX = 6 * 1024 * 1024, /* AWS: no event is longer */
    RECORD_AROUND = 160,          /* of an event's record, besides data and meta data */
    RETRIES_DEFAULT = 3,
    RETRY_FIRST_MS = 100,
    RETRY_MAX_MS = 5000,
    DEPTH_MAX = 32,
    ID_LEN = 56,
};

/* One event: records [first, first + count) of the list. */
struct event {
    struct processing *processing;
    const char *function_arn;
    const struct record *records;
    size_t count;
    size_t first; /* numbers the ids */
};

/* What the function said of one record. */
enum verdict { NOTHING, OK, DROPPED, FAILED };

struct reply {
    enum verdict verdict;
    struct bytes data;
    const struct partition_key *keys;
    size_t key_count;
};

/* --- asking --- */

static void record_id(const struct event *e, size_t i, char out[ID_LEN + 1])
{
    snprintf(out, ID_LEN + 1, "49%018" PRId64 "%036zu", e->processing->work->buffer.id,
             e->first + i);
}

static void write_record(const struct event *e, size_t i, struct jw *w)
{
    const struct record *r = &e->records[i];
    char id[ID_LEN + 1];

    record_id(e, i, id);
    jw_begin_object(w);
    jw_member_string(w, "recordId", id);
    jw_member_int(w, "approximateArrivalTimestamp", r->at_ms);
    jw_key(w, "data");
    jw_base64(w, r->data.data, r->data.len);
    if (r->meta.len) {
        jw_key(w, "kinesisRecordMetadata");
        jw_raw(w, (const char *)r->meta.data, r->meta.len);
    }
    jw_end_object(w);
}

static void write_event(const struct event *e, struct strbuf *out)
{
    const struct work *work = e->processing->work;
    const struct firehose_KinesisStreamSourceDescription *source =
        source_of(work->stream, work->arena);
    char invocation[37];
    struct jw w;

    uuid_v4(invocation);
    jw_init(&w, out);
    jw_begin_object(&w);
    jw_member_string(&w, "invocationId", invocation);
    if (source)
        jw_member_string(&w, "sourceKinesisStreamArn", source->KinesisStreamARN);
    jw_member_string(&w, "deliveryStreamArn", firehose_arn(work->arena, work->stream));
    jw_member_string(&w, "region", work->stream->region);
    jw_key(&w, "records");
    jw_begin_array(&w);
    for (size_t i = 0; i < e->count; i++)
        write_record(e, i, &w);
    jw_end_array(&w);
    jw_end_object(&w);
}

/* --- reading the answer --- */

static const struct undelivered bad_answer = {
    .code = "Lambda.JsonProcessingException",
    .message = "There was an error parsing returned records from the Lambda function. Ensure that "
               "the returned records follow the status model required by Amazon Data Firehose.",
};
static const struct undelivered missing_id = {
    .code = "Lambda.MissingRecordId",
    .message = "One or more record IDs were not returned. Ensure that the Lambda function returns "
               "all received record IDs.",
};
static const struct undelivered duplicated_id = {
    .code = "Lambda.DuplicatedRecordId",
    .message = "Multiple records were returned with the same record ID. Ensure that the Lambda "
               "function returns unique record IDs for each record.",
};

/* The record of that id; e->count when it is none of ours. */
static size_t find_record(const struct event *e, struct jr_text id)
{
    char own[ID_LEN + 1];
    char text[ID_LEN + 1];
    size_t i;

    if (id.len != ID_LEN)
        return e->count;
    memcpy(text, id.data, ID_LEN);
    text[ID_LEN] = '\0';
    i = (size_t)strtoull(text + ID_LEN - 18, NULL, 10) - e->first;
    if (i >= e->count)
        return e->count;
    record_id(e, i, own);
    return str_eq(own, text) ? i : e->count;
}

static bool read_partition_keys(struct jr *r, struct reply *out)
{
    enum { KEYS_MAX = 100 };
    struct partition_key *keys = ARENA_ARRAY(r->arena, struct partition_key, KEYS_MAX);
    struct jr_text name;
    struct jr_text value;

    for (jr_enter_object(r); jr_next_key(r, &name);) {
        if (jr_peek(r) == JR_STRING)
            jr_string(r, &value);
        else
            jr_skip(r, &value);
        if (r->error || out->key_count == KEYS_MAX || memchr(value.data, '\0', value.len))
            return false;
        if (value.len == 0)
            continue; /* no value: the prefix finds none */
        keys[out->key_count++] =
            (struct partition_key){arena_strndup(r->arena, name.data, name.len),
                                   arena_strndup(r->arena, value.data, value.len)};
    }
    out->keys = keys;
    return true;
}

static bool read_metadata(struct jr *r, struct reply *out)
{
    struct jr_text name;

    if (jr_peek(r) != JR_OBJECT)
        return jr_skip(r, NULL);
    for (jr_enter_object(r); jr_next_key(r, &name);)
        if (!jr_text_eq(name, "partitionKeys") || jr_peek(r) != JR_OBJECT)
            jr_skip(r, NULL);
        else if (!read_partition_keys(r, out))
            return false;
    return !r->error;
}

static bool read_data(struct jr *r, struct reply *out)
{
    struct jr_text text;
    uint8_t *bytes;
    size_t len;

    if (jr_peek(r) != JR_STRING) /* null: none */
        return jr_skip(r, NULL);
    if (!jr_string(r, &text))
        return false;
    bytes = arena_alloc(r->arena, text.len / 4 * 3 + 1);
    if (!base64_decode(text.data, text.len, bytes, &len))
        return false;
    out->data = (struct bytes){bytes, len};
    return true;
}

static bool read_result(struct jr *r, struct reply *out)
{
    struct jr_text text;

    if (jr_peek(r) != JR_STRING || !jr_string(r, &text))
        return false;
    out->verdict = jr_text_eq(text, "Ok")                 ? OK
                   : jr_text_eq(text, "Dropped")          ? DROPPED
                   : jr_text_eq(text, "ProcessingFailed") ? FAILED
                                                          : NOTHING;
    return out->verdict != NOTHING;
}

static const struct undelivered *read_reply(const struct event *e, struct jr *r,
                                            struct reply *replies)
{
    struct reply reply = {0};
    struct jr_text id = {0};
    struct jr_text name;
    bool well = jr_peek(r) == JR_OBJECT;
    size_t i;

    for (jr_enter_object(r); well && jr_next_key(r, &name);) {
        if (jr_text_eq(name, "recordId"))
            well = jr_peek(r) == JR_STRING && jr_string(r, &id);
        else if (jr_text_eq(name, "result"))
            well = read_result(r, &reply);
        else if (jr_text_eq(name, "data"))
            well = read_data(r, &reply);
        else if (jr_text_eq(name, "metadata"))
            well = read_metadata(r, &reply);
        else
            well = jr_skip(r, NULL);
    }
    if (!well || r->error || reply.verdict == NOTHING || (reply.verdict == OK && !reply.data.data))
        return &bad_answer;
    i = find_record(e, id);
    if (i == e->count)
        return &bad_answer;
    if (replies[i].verdict != NOTHING)
        return &duplicated_id;
    replies[i] = reply;
    return NULL;
}

static const struct undelivered *read_replies(const struct event *e, struct jr *r,
                                              struct reply *replies)
{
    const struct undelivered *problem = NULL;

    for (jr_enter_array(r); !problem && jr_next_item(r);)
        problem = read_reply(e, r, replies);
    return problem;
}

/* NULL, or what is wrong with the whole answer. */
static const struct undelivered *read_answer(const struct event *e, struct bytes answer,
                                             struct arena *a, struct reply *replies)
{
    const struct undelivered *problem = NULL;
    bool has_records = false;
    struct jr_text name;
    struct jr r;

    jr_init(&r, answer.data, answer.len, a, DEPTH_MAX);
    if (jr_peek(&r) != JR_OBJECT)
        return &bad_answer;
    for (jr_enter_object(&r); !problem && jr_next_key(&r, &name);) {
        if (jr_text_eq(name, "records") && jr_peek(&r) == JR_ARRAY) {
            has_records = true;
            problem = read_replies(e, &r, replies);
        } else {
            jr_skip(&r, NULL);
        }
    }
    if (problem || !has_records || !jr_finish(&r))
        return problem ? problem : &bad_answer;
    for (size_t i = 0; i < e->count; i++)
        if (replies[i].verdict == NOTHING)
            return &missing_id;
    return NULL;
}

/* --- one event --- */

/* The payload of a function that failed says how. */
static bool has_timed_out(struct bytes payload, struct arena *a)
{
    struct jr_text name;
    struct jr_text type = {0};
    struct jr r;

    jr_init(&r, payload.data, payload.len, a, DEPTH_MAX);
    if (jr_peek(&r) != JR_OBJECT)
        return false;
    for (jr_enter_object(&r); jr_next_key(&r, &name);) {
        if (jr_text_eq(name, "errorType") && jr_peek(&r) == JR_STRING)
            jr_string(&r, &type);
        else
            jr_skip(&r, NULL);
    }
    return jr_text_eq(type, "Sandbox.Timedout");
}

static const struct undelivered *
check_outcome(enum lambda_check check, const struct lambda_outcome *outcome, struct arena *a)
{
    static const struct undelivered no_function = {
        .code = "Lambda.ResourceNotFound",
        .message = "The specified Lambda function does not exist. Use a different function that "
                   "does exist.",
    };
    static const struct undelivered not_allowed = {
        .code = "Lambda.InvokeAccessDenied",
        .message = "Access was denied. Ensure that the access policy allows access to the Lambda "
                   "function.",
    };
    static const struct undelivered throttled = {
        .code = "Lambda.InvokeLimitExceeded",
        .message = "The Lambda concurrent execution limit is exceeded. Increase the concurrent "
                   "execution limit.",
    };
    static const struct undelivered function_error = {
        .code = "Lambda.FunctionError",
        .message = "The Lambda function was successfully invoked but it returned an error result.",
    };

    static const struct undelivered timed_out = {
        .code = "Lambda.FunctionTimedOut",
        .message = "The Lambda function invocation timed out. Increase the Timeout setting in the "
                   "Lambda function.",
    };

    if (check == LAMBDA_NO_FUNCTION)
        return &no_function;
    if (check != LAMBDA_OK)
        return &not_allowed;
    if (!outcome->ran)
        return &throttled;
    if (!outcome->function_error)
        return NULL;
    return has_timed_out(outcome->payload, a) ? &timed_out : &function_error;
}

/* One record alone; no retry makes it shorter. */
static const struct undelivered too_large = {
    .code = "Lambda.RequestTooLarge",
    .message = "The event is larger than the 6 MB that a Lambda function can be invoked with.",
};

/* Once; NULL, or why it has to be done again. */
static const struct undelivered *ask(const struct event *e, struct arena *a, struct reply *replies)
{
    struct lambda_outcome outcome = {0};
    struct strbuf text = STRBUF_INIT(FIREHOSE_TEXT_MAX);
    const struct undelivered *problem;
    enum lambda_check check;

    write_event(e, &text);
    if (text.len > INVOKE_MAX) {
        strbuf_release(&text);
        return &too_large;
    }
    check = lambda_invoke_wait(e->processing->work->firehose->app, e->function_arn, NULL,
                               (struct bytes){(uint8_t *)text.data, text.len}, a, &outcome);
    strbuf_release(&text);
    problem = check_outcome(check, &outcome, a);
    return problem ? problem : read_answer(e, outcome.payload, a, replies);
}

/* True when the server stops meanwhile. */
static bool pause_for(const struct work *w, int64_t ms)
{
    struct pollfd p = {.fd = w->stop_fd, .events = POLLIN};

    return poll(&p, 1, (int)ms) > 0;
}

static void fail_all(const struct event *e, const struct undelivered *why, int64_t attempts)
{
    struct undelivered full = *why;

    full.attempts = attempts;
    full.lambda_arn = e->function_arn;
    for (size_t i = 0; i < e->count; i++)
        processing_fail(e->processing, &e->records[i], &full);
}

static void take_replies(const struct event *e, const struct reply *replies, int64_t attempts,
                         struct record_list *out)
{
    const struct undelivered failed = {
        .code = "Lambda.ProcessingFailedStatus",
        .message = "ProcessingFailed status set for record",
        .attempts = attempts,
        .lambda_arn = e->function_arn,
    };

    for (size_t i = 0; i < e->count; i++) {
        struct record r = e->records[i];

        if (replies[i].verdict == FAILED)
            processing_fail(e->processing, &r, &failed);
        if (replies[i].verdict != OK)
            continue;
        r.data = replies[i].data;
        r.keys.lambda = replies[i].keys;
        r.keys.lambda_count = replies[i].key_count;
        record_list_add(e->processing->work->arena, out, &r);
    }
}

static void free_arena(void *context)
{
    arena_release(context);
    free(context);
}

/* With all its retries; false when the server stops. What is said in vain is not kept. */
static bool run_event(const struct event *e, int64_t retries, struct record_list *out)
{
    struct work *w = e->processing->work;

    for (int64_t attempt = 0;; attempt++) {
        struct arena *a = x_calloc(1, sizeof(*a));
        struct reply *replies;
        const struct undelivered *problem;
        int64_t pause_ms = MIN((int64_t)RETRY_FIRST_MS << MIN(attempt, 6), (int64_t)RETRY_MAX_MS);
        bool last;

        arena_init(a);
        replies = ARENA_ARRAY(a, struct reply, e->count);
        problem = ask(e, a, replies);
        if (!problem) {
            take_replies(e, replies, attempt + 1, out);
            arena_defer(w->arena, free_arena, a);
            return true;
        }
        free_arena(a);
        last = attempt == retries || problem == &too_large;
        if (pause_for(w, last ? 0 : pause_ms))
            return false;
        if (last) {
            fail_all(e, problem, attempt + 1);
            return true;
        }
    }
}

bool transform(struct processing *p, const struct firehose_Processor *processor)
{
    const char *retries = processor_parameter(processor, "NumberOfRetries");
    struct record_list in = p->records;
    struct record_list out = {0};

    for (size_t i = 0; i < in.count;) {
        struct event e = {.processing = p,
                          .function_arn = processor_parameter(processor, "LambdaArn"),
                          .records = in.items + i,
                          .first = i};
        size_t size = 0;

        do {
            const struct record *r = &in.items[i++];
            size += BASE64_LEN(r->data.len) + r->meta.len + RECORD_AROUND;
            e.count++;
        } while (i < in.count &&
                 size + BASE64_LEN(in.items[i].data.len) + in.items[i].meta.len + RECORD_AROUND <
                     EVENT_MAX);
        if (!run_event(&e, retries ? strtol(retries, NULL, 10) : RETRIES_DEFAULT, &out))
            return false;
    }
    p->records = out;
    return true;
}
