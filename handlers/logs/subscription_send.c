/*
 * What a subscription's destination gets: a JSON document, gzip'd; for a function in base64 inside
 * of an event.
 */
#include "handlers/logs/subscriptions.h"

#include <zlib.h>

#include "handlers/common/arn.h"
#include "handlers/firehose/firehose.h"
#include "handlers/kinesis/kinesis.h"
#include "handlers/lambda/lambda.h"
#include "server/base/digest.h"
#include "server/base/json_write.h"
#include "server/base/log.h"

enum { DOCUMENT_MAX = 16 * 1024 * 1024, GZIP_WINDOW = 15 + 16, MEMORY_LEVEL = 8 };

/* data NULL when zlib fails. */
static struct bytes compress_text(struct arena *a, const struct strbuf *text)
{
    z_stream z = {0};
    struct bytes out = {0};

    if (text->overflow || deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, GZIP_WINDOW,
                                       MEMORY_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK)
        return out;
    size_t room = deflateBound(&z, text->len);
    uint8_t *data = arena_alloc(a, room);
    z.next_in = (Bytef *)text->data;
    z.avail_in = (uInt)text->len;
    z.next_out = data;
    z.avail_out = (uInt)room;
    if (deflate(&z, Z_FINISH) == Z_STREAM_END)
        out = (struct bytes){.data = data, .len = z.total_out};
    deflateEnd(&z);
    return out;
}

/* AWS: 56 digits. */
static void write_id(struct jw *w, int64_t time_ms, int64_t id)
{
    char text[64];

    snprintf(text, sizeof(text), "%037" PRId64 "%019" PRId64, time_ms, id);
    jw_member_string(w, "id", text);
}

static void write_head(struct jw *w, const char *type, const char *owner, const char *group,
                       const char *stream)
{
    jw_begin_object(w);
    jw_member_string(w, "messageType", type);
    jw_member_string(w, "owner", owner);
    jw_member_string(w, "logGroup", group);
    jw_member_string(w, "logStream", stream);
    jw_key(w, "subscriptionFilters");
    jw_begin_array(w);
}

struct bytes subscription_document(struct arena *a, const struct logs_delivery *d,
                                   const struct logs_outbox_event *const *events, size_t count)
{
    struct strbuf text = STRBUF_INIT(DOCUMENT_MAX);
    struct jw w;

    jw_init(&w, &text);
    write_head(&w, "DATA_MESSAGE", d->account, d->group, d->stream);
    jw_string(&w, d->subscription.name);
    jw_end_array(&w);
    jw_key(&w, "logEvents");
    jw_begin_array(&w);
    for (size_t i = 0; i < count; i++) {
        jw_begin_object(&w);
        write_id(&w, events[i]->time_ms, events[i]->id);
        jw_member_int(&w, "timestamp", events[i]->time_ms);
        jw_member_string(&w, "message", events[i]->text);
        jw_end_object(&w);
    }
    jw_end_array(&w);
    jw_end_object(&w);
    struct bytes out = compress_text(a, &text);
    strbuf_release(&text);
    return out;
}

struct bytes subscription_test_document(struct arena *a, int64_t now_ms)
{
    struct strbuf text = STRBUF_INIT(DOCUMENT_MAX);
    struct jw w;

    jw_init(&w, &text);
    write_head(&w, "CONTROL_MESSAGE", "CloudwatchLogs", "", "");
    jw_end_array(&w);
    jw_key(&w, "logEvents");
    jw_begin_array(&w);
    jw_begin_object(&w);
    jw_member_string(&w, "id", "");
    jw_member_int(&w, "timestamp", now_ms);
    jw_member_string(&w, "message",
                     "CWL CONTROL MESSAGE: Checking health of destination Kinesis stream.");
    jw_end_object(&w);
    jw_end_array(&w);
    jw_end_object(&w);
    struct bytes out = compress_text(a, &text);
    strbuf_release(&text);
    return out;
}

/* --- sending --- */

/* AWS: the region's own name, and the one of all regions since 2021. */
static enum subscription_outcome to_function(struct app *app, struct arena *a,
                                             const struct logs_delivery *d, struct bytes document)
{
    struct strbuf event = STRBUF_INIT(2 * DOCUMENT_MAX);
    const char *principals[] = {"logs.amazonaws.com",
                                arena_printf(a, "logs.%s.amazonaws.com", d->region)};
    struct lambda_caller caller = {
        .source_arn = arn_make(a, "logs", d->region, d->account, "log-group:%s:*", d->group),
        .source_account = d->account,
    };
    enum lambda_check check = LAMBDA_NOT_ALLOWED;
    struct jw w;

    jw_init(&w, &event);
    jw_begin_object(&w);
    jw_key(&w, "awslogs");
    jw_begin_object(&w);
    jw_key(&w, "data");
    jw_base64(&w, document.data, document.len);
    jw_end_object(&w);
    jw_end_object(&w);
    const struct bytes payload = {.data = (const uint8_t *)event.data, .len = event.len};
    for (size_t i = 0; i < ARRAY_LEN(principals) && check == LAMBDA_NOT_ALLOWED; i++) {
        caller.principal = principals[i];
        /* Without a document it is the check alone. */
        check = document.data
                    ? lambda_invoke_event(app, d->subscription.destination, &caller, payload)
                    : lambda_check(app, d->subscription.destination, &caller);
    }
    strbuf_release(&event);
    if (check == LAMBDA_FAILED)
        return SUBSCRIPTION_RETRY;
    return check == LAMBDA_OK ? SUBSCRIPTION_SENT : SUBSCRIPTION_REFUSED;
}

static enum subscription_outcome outcome_of(enum store_status status)
{
    if (!status)
        return SUBSCRIPTION_SENT;
    return status == STORE_NOT_FOUND || status == STORE_CONFLICT ? SUBSCRIPTION_REFUSED
                                                                 : SUBSCRIPTION_RETRY;
}

static enum subscription_outcome to_stream(struct app *app, const struct logs_delivery *d,
                                           struct bytes document)
{
    char random[33];

    random_text(random, sizeof(random) - 1, "0123456789abcdef");
    bool by_stream = str_eq(d->subscription.distribution, "ByLogStream") && *d->stream;
    const struct kinesis_outgoing record = {.partition_key = by_stream ? d->stream : random,
                                            .data = document};

    return outcome_of(kinesis_put(app, d->subscription.destination, &record, 1));
}

enum subscription_outcome subscription_send(struct app *app, const struct logs_delivery *d,
                                            struct bytes document)
{
    enum subscription_outcome outcome = SUBSCRIPTION_REFUSED;
    struct arn arn;
    struct arena a;

    arena_init(&a);
    if (!arn_parse(&a, d->subscription.destination, &arn))
        outcome = SUBSCRIPTION_REFUSED;
    else if (str_eq(arn.service, "lambda"))
        outcome = to_function(app, &a, d, document);
    else if (str_eq(arn.service, "kinesis"))
        outcome = to_stream(app, d, document);
    else if (str_eq(arn.service, "firehose"))
        outcome = outcome_of(firehose_put(app, d->subscription.destination, &document, 1));
    arena_release(&a);
    return outcome;
}
