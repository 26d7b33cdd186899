/* Errors of deliveries and transformations for CloudWatch Logs, as AWS words them. */
#include "handlers/firehose/deliver.h"
#include "handlers/firehose/operations.h"
#include "handlers/logs/logs.h"
#include "server/base/json_write.h"

void error_log_write(const struct work *w, const char *code, const char *message)
{
    const struct firehose_CloudWatchLoggingOptions *to = w->destination->logging;
    const struct scope scope = {.account = w->stream->account, .region = w->stream->region};
    struct strbuf text = STRBUF_INIT(64 * 1024);
    struct logs_event event = {.time_ms = clock_now_ms(&w->firehose->app->clock)};
    struct jw j;

    if (!to || !to->LogGroupName || !to->LogStreamName)
        return;
    jw_init(&j, &text);
    jw_begin_object(&j);
    jw_member_string(&j, "deliveryStreamARN", firehose_arn(w->arena, w->stream));
    jw_member_string(&j, "destination", w->destination->failures->BucketARN);
    jw_member_int(&j, "deliveryStreamVersionId", w->stream->version);
    jw_member_string(&j, "message", message);
    jw_member_string(&j, "errorCode", code);
    jw_end_object(&j);
    event.text = text.data;
    event.len = text.len;
    logs_append(w->firehose->app, scope, to->LogGroupName, to->LogStreamName, &event, 1);
    strbuf_release(&text);
}
