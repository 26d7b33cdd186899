/* Records that could not be processed or delivered, as lines for the error prefix. */
#include "handlers/firehose/deliver.h"
#include "handlers/firehose/frame.h"
#include "server/base/json_write.h"

struct bytes failure_line(const struct work *w, const struct undelivered *f, struct bytes data,
                          int64_t arrival_ms)
{
    struct strbuf line = STRBUF_INIT(FIREHOSE_TEXT_MAX);
    struct jw j;
    struct bytes out;

    jw_init(&j, &line);
    jw_begin_object(&j);
    jw_member_int(&j, "attemptsMade", f->attempts);
    jw_member_int(&j, "arrivalTimestamp", arrival_ms);
    jw_member_string(&j, "errorCode", f->code);
    jw_member_string(&j, "errorMessage", f->message);
    jw_member_int(&j, "attemptEndingTimestamp", clock_now_ms(&w->firehose->app->clock));
    if (f->index_name) {
        jw_member_string(&j, "esDocumentId", f->document_id);
        jw_member_string(&j, "esIndexName", f->index_name);
        jw_member_string(&j, "esTypeName", w->destination->search->TypeName);
    }
    jw_key(&j, "rawData");
    jw_base64(&j, data.data, data.len);
    jw_member_string(&j, "lambdaArn", f->lambda_arn);
    jw_end_object(&j);
    strbuf_add_char(&line, '\n');
    out = (struct bytes){arena_memdup(w->arena, line.data, line.len), line.len};
    strbuf_release(&line);
    return out;
}

struct firehose_target failure_target(const struct destination *d, const char *type)
{
    return (struct firehose_target){
        .lane = FIREHOSE_SIDE,
        .sort = type,
        .bytes_max = (int64_t)d->failures->BufferingHints->SizeInMBs.value * 1024 * 1024,
        .wait_ms = (int64_t)d->failures->BufferingHints->IntervalInSeconds.value * 1000,
    };
}
