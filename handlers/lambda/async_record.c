#include "handlers/lambda/async_record.h"

#include "server/base/clock.h"
#include "server/base/json_read.h"
#include "server/base/json_write.h"

enum { DEPTH_MAX = 1000, MESSAGE_MAX = 1024 };

/* A function's answer is JSON, unless its runtime is its own. */
static void write_payload(struct jw *w, struct arena *a, const char *key, struct bytes payload)
{
    struct jr r;

    jw_key(w, key);
    jr_init(&r, payload.data, payload.len, a, DEPTH_MAX);
    if (payload.len && jr_skip(&r, NULL) && jr_finish(&r))
        jw_raw(w, (const char *)payload.data, payload.len);
    else if (payload.len)
        jw_string_n(w, (const char *)payload.data, payload.len);
    else
        jw_null(w);
}

void async_record_write(struct strbuf *out, struct arena *a, const struct async_record *r)
{
    static const char *const conditions[] = {
        [ASYNC_SUCCESS] = "Success",
        [ASYNC_RETRIES_EXHAUSTED] = "RetriesExhausted",
        [ASYNC_AGE_EXCEEDED] = "EventAgeExceeded",
        [ASYNC_NO_CONCURRENCY] = "ZeroReservedConcurrency",
    };
    char time[TIME_TEXT_MAX];
    struct jw w;

    jw_init(&w, out);
    time_iso8601(r->now_ms, true, time);
    jw_begin_object(&w);
    jw_member_string(&w, "version", "1.0");
    jw_member_string(&w, "timestamp", time);
    jw_key(&w, "requestContext");
    jw_begin_object(&w);
    jw_member_string(&w, "requestId", r->request_id);
    jw_member_string(&w, "functionArn", r->function_arn);
    jw_member_string(&w, "condition", conditions[r->condition]);
    jw_member_int(&w, "approximateInvokeCount", r->invoke_count);
    jw_end_object(&w);
    write_payload(&w, a, "requestPayload", r->request);
    if (r->ran) {
        jw_key(&w, "responseContext");
        jw_begin_object(&w);
        jw_member_int(&w, "statusCode", 200);
        jw_member_string(&w, "executedVersion", r->executed_version);
        if (r->function_error)
            jw_member_string(&w, "functionError", "Unhandled");
        jw_end_object(&w);
        write_payload(&w, a, "responsePayload", r->response);
    }
    jw_end_object(&w);
}

const char *async_error_message(struct arena *a, const char *response, size_t len)
{
    struct jr_text key, text = {0};
    struct jr r;

    jr_init(&r, response, len, a, DEPTH_MAX);
    if (len && jr_peek(&r) == JR_OBJECT) {
        for (jr_enter_object(&r); jr_next_key(&r, &key);) {
            if (jr_text_eq(key, "errorMessage") && jr_peek(&r) == JR_STRING)
                jr_string(&r, &text);
            else
                jr_skip(&r, NULL);
        }
    }
    /* An attribute's value must not be empty. */
    return text.len ? arena_strndup(a, text.data, MIN(text.len, (size_t)MESSAGE_MAX)) : "None";
}
