/*
 * To an HTTP endpoint.
 *
 * https://docs.aws.amazon.com/firehose/latest/dev/httpdeliveryrequestresponse.html
 *
 * One buffer is one request, whose id is the buffer's label: the same for each try, also after the
 * server was killed. The body is bounded by the buffer's size, 64 MiB at most.
 */
#include "handlers/firehose/deliver.h"

#include "handlers/common/gzip.h"
#include "handlers/firehose/frame.h"
#include "handlers/firehose/operations.h"
#include "server/base/json_read.h"
#include "server/base/json_write.h"

enum {
    TIMEOUT_MS = 180 * 1000, /* AWS: 3 minutes */
    ANSWER_MAX = 1024 * 1024,
    TOLD_MAX = 1000, /* of a refusal's body */
    STATUS_OK = 200,
    STATUS_TOO_LARGE = 413,
    HEADERS_MAX = 8,
};

static const char failed_type[] = "http-endpoint-failed";

/* --- the request --- */

static bool write_body(const struct work *w, struct strbuf *out)
{
    struct chunk_walk walk = {.work = w};
    struct bytes *chunks;
    struct arena a;
    size_t count;
    struct jw j;

    jw_init(&j, out);
    jw_begin_object(&j);
    jw_member_string(&j, "requestId", w->buffer.label);
    jw_member_int(&j, "timestamp", clock_now_ms(&w->firehose->app->clock));
    jw_key(&j, "records");
    jw_begin_array(&j);
    arena_init(&a);
    while (deliver_chunks(&walk, &a, &chunks, &count)) {
        for (size_t i = 0; i < count; i++) {
            struct frame_reader r = frames_of(chunks[i]);
            struct frame f;

            while (frame_next(&r, &f)) {
                jw_begin_object(&j);
                jw_key(&j, "data");
                jw_base64(&j, f.data.data, f.data.len);
                jw_end_object(&j);
            }
        }
        arena_reset(&a);
    }
    arena_release(&a);
    jw_end_array(&j);
    jw_end_object(&j);
    return !walk.failed;
}

static const char *common_attributes(const struct work *w)
{
    const struct firehose_HttpEndpointCommonAttributesList *list =
        &w->destination->http->RequestConfiguration->CommonAttributes;
    struct strbuf text = STRBUF_INIT(FIREHOSE_TEXT_MAX);
    const char *out;
    struct jw j;

    jw_init(&j, &text);
    jw_begin_object(&j);
    jw_key(&j, "commonAttributes");
    jw_begin_object(&j);
    for (size_t i = 0; i < list->count; i++)
        jw_member_string(&j, list->items[i].AttributeName, list->items[i].AttributeValue);
    jw_end_object(&j);
    jw_end_object(&j);
    out = arena_strndup(w->arena, text.data, text.len);
    strbuf_release(&text);
    return out;
}

static size_t write_headers(const struct work *w, bool packed,
                            struct http_header headers[HEADERS_MAX])
{
    size_t n = 0;

    headers[n++] = (struct http_header){"Content-Type", "application/json"};
    headers[n++] = (struct http_header){"X-Amz-Firehose-Protocol-Version", "1.0"};
    headers[n++] = (struct http_header){"X-Amz-Firehose-Request-Id", w->buffer.label};
    headers[n++] =
        (struct http_header){"X-Amz-Firehose-Source-Arn", firehose_arn(w->arena, w->stream)};
    headers[n++] = (struct http_header){"User-Agent", "Amazon Kinesis Data Firehose Agent/1.0"};
    if (w->stream->secret)
        headers[n++] = (struct http_header){"X-Amz-Firehose-Access-Key", w->stream->secret};
    if (w->destination->http->RequestConfiguration->CommonAttributes.count)
        headers[n++] =
            (struct http_header){"X-Amz-Firehose-Common-Attributes", common_attributes(w)};
    if (packed)
        headers[n++] = (struct http_header){"Content-Encoding", "gzip"};
    return n;
}

/* --- the answer --- */

/* Whether the document is one that takes the records. */
static bool takes_records(const struct work *w, const struct http_answer *answer)
{
    struct jr_text name;
    struct jr_text text;
    bool same_id = false;
    bool has_time = false;
    struct jr r;

    if (!answer->content_type || !str_starts(answer->content_type, "application/json"))
        return false;
    jr_init(&r, answer->body.data, answer->body.len, w->arena, 16);
    if (jr_peek(&r) != JR_OBJECT)
        return false;
    for (jr_enter_object(&r); jr_next_key(&r, &name);) {
        enum jr_type type = jr_peek(&r);

        has_time |= type == JR_NUMBER && jr_text_eq(name, "timestamp");
        if (type == JR_STRING && jr_text_eq(name, "requestId") && jr_string(&r, &text))
            same_id = jr_text_eq(text, w->buffer.label);
        else
            jr_skip(&r, NULL);
    }
    return jr_finish(&r) && same_id && has_time;
}

/* Whether the endpoint took the records; else *out_why says what it said. */
static bool accepted(const struct work *w, const struct http_answer *answer,
                     struct undelivered *out_why)
{
    if (answer->status == STATUS_OK && takes_records(w, answer))
        return true;
    if (answer->status == STATUS_OK)
        *out_why = (struct undelivered){
            .code = "HttpEndpoint.InvalidResponseFromDestination",
            .message = "The response received from the endpoint is invalid. It must be a JSON "
                       "document with the request's requestId and a timestamp."};
    else
        *out_why = (struct undelivered){
            .code = "HttpEndpoint.DestinationException",
            .message = arena_printf(w->arena,
                                    "The following response was received from the endpoint "
                                    "destination. %d: %.*s",
                                    answer->status, (int)MIN(answer->body.len, (size_t)TOLD_MAX),
                                    (const char *)answer->body.data)};
    return false;
}

/* Why there is no answer. */
static struct undelivered unanswered(enum http_outcome outcome, const char *problem)
{
    if (outcome == HTTP_TOO_LARGE)
        return (struct undelivered){
            .code = "HttpEndpoint.ResponseTooLarge",
            .message = "The response received from the endpoint is too large. Contact the owner of "
                       "the endpoint to resolve this issue."};
    return (struct undelivered){.code = outcome == HTTP_TIMEOUT ? "HttpEndpoint.RequestTimeout"
                                                                : "HttpEndpoint.ConnectionFailed",
                                .message = problem};
}

enum end { TAKEN, LATER, NEVER, STOPPED };

static enum end send(struct work *w, struct strbuf *body, struct undelivered *out_why)
{
    const struct firehose_HttpEndpointDestinationDescription *d = w->destination->http;
    bool packed = str_eq(d->RequestConfiguration->ContentEncoding, "GZIP");
    struct http_header headers[HEADERS_MAX];
    struct http_answer answer;
    const char *problem = "";
    enum http_outcome outcome;

    if (packed)
        gzip_strbuf(body);
    const struct http_call call = {
        .method = "POST",
        .url = d->EndpointConfiguration->Url,
        .headers = headers,
        .header_count = write_headers(w, packed, headers),
        .body = {(const uint8_t *)body->data, body->len},
        .timeout_ms = TIMEOUT_MS,
        .answer_max = ANSWER_MAX,
        .stop_fd = w->stop_fd,
    };
    outcome = http_client_call(w->http, &call, w->arena, &answer, &problem);
    if (outcome == HTTP_STOPPED)
        return STOPPED;
    if (outcome == HTTP_ANSWERED)
        return accepted(w, &answer, out_why)       ? TAKEN
               : answer.status == STATUS_TOO_LARGE ? NEVER /* AWS: no retry helps */
                                                   : LATER;
    *out_why = unanswered(outcome, problem);
    return outcome == HTTP_BAD_CALL ? NEVER : LATER;
}

/* --- giving up --- */

/* All records become lines for the error prefix. */
static void give_up(struct work *w, struct undelivered *why)
{
    struct firehose_target target = failure_target(w->destination, failed_type);
    struct chunk_walk walk = {.work = w};
    struct firehose_move *moves;
    struct chunker lines;
    struct bytes *chunks;
    size_t count;

    why->attempts = w->buffer.tries + 1;
    chunker_init(&lines, w->arena);
    while (deliver_chunks(&walk, w->arena, &chunks, &count)) {
        for (size_t i = 0; i < count; i++) {
            struct frame_reader r = frames_of(chunks[i]);
            struct frame f;

            while (frame_next(&r, &f))
                chunker_add(&lines, &(struct frame){.data = failure_line(w, why, f.data, f.at_ms),
                                                    .at_ms = f.at_ms});
        }
    }
    chunker_finish(&lines);
    if (walk.failed) {
        deliver_postpone(w, why->code, why->message);
        return;
    }
    moves = ARENA_ARRAY(w->arena, struct firehose_move, lines.count);
    for (size_t i = 0; i < lines.count; i++)
        moves[i] = (struct firehose_move){.target = target, .chunk = lines.chunks[i]};
    error_log_write(w, why->code, why->message);
    deliver_replace(w, moves, lines.count);
}

void deliver_to_http(struct work *w)
{
    int64_t duration_s = w->destination->http->RetryOptions->DurationInSeconds.value;
    struct strbuf body = STRBUF_INIT(FIREHOSE_TEXT_MAX);
    struct undelivered why = {.code = "InternalError", .message = "The records could not be read"};
    bool readable = write_body(w, &body);
    enum end end = readable ? send(w, &body, &why) : LATER;

    strbuf_release(&body);
    if (end == TAKEN)
        deliver_done(w);
    else if (end == NEVER || (end == LATER && readable && deliver_expired(w, duration_s)))
        give_up(w, &why);
    else if (end == LATER)
        deliver_postpone(w, why.code, why.message);
    /* STOPPED: it is still there when the server comes back. */
}
