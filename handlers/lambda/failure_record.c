#include "handlers/lambda/failure_record.h"

#include "server/base/clock.h"
#include "server/base/json_write.h"

static void write_time(struct jw *w, const char *key, int64_t ms, bool with_ms)
{
    char time[TIME_TEXT_MAX];

    time_iso8601(ms, with_ms, time);
    jw_member_string(w, key, time);
}

static void write_contexts(struct jw *w, const struct failure_record *f)
{
    static const char *const conditions[] = {
        [LOST_RETRIES] = "RetryAttemptsExhausted",
        [LOST_AGE] = "RecordAgeExceeded",
    };

    jw_key(w, "requestContext");
    jw_begin_object(w);
    jw_member_string(w, "requestId", f->request_id);
    jw_member_string(w, "functionArn", f->function_arn);
    jw_member_string(w, "condition", conditions[f->why]);
    /* AWS: the attempt that was no longer made counts. */
    jw_member_int(w, "approximateInvokeCount", f->attempts + (f->why == LOST_AGE));
    jw_end_object(w);
    if (f->why == LOST_AGE)
        return;
    jw_key(w, "responseContext");
    jw_begin_object(w);
    jw_member_int(w, "statusCode", 200);
    jw_member_string(w, "executedVersion", f->executed_version);
    jw_key(w, "functionError");
    if (f->function_error)
        jw_string(w, f->function_error);
    else /* AWS: it named what failed */
        jw_null(w);
    jw_end_object(w);
}

static void write_payload(struct jw *w, const struct failure_record *f)
{
    struct strbuf event = STRBUF_INIT(w->out->max);
    struct jw inner;

    jw_init(&inner, &event);
    jw_begin_object(&inner);
    jw_key(&inner, "Records");
    jw_begin_array(&inner);
    for (size_t i = 0; i < f->count; i++)
        jw_raw(&inner, (const char *)f->records[i]->json.data, f->records[i]->json.len);
    jw_end_array(&inner);
    jw_end_object(&inner);
    jw_key(w, "payload");
    jw_string_n(w, event.data, event.len);
    strbuf_release(&event);
}

void failure_record_write(struct strbuf *out, const struct failure_record *f)
{
    const struct stream_record *first = f->records[0];
    const struct stream_record *last = f->records[f->count - 1];
    struct jw w;

    jw_init(&w, out);
    jw_begin_object(&w);
    write_contexts(&w, f);
    jw_member_string(&w, "version", "1.0");
    write_time(&w, "timestamp", f->now_ms, true);
    jw_key(&w, f->kinesis ? "KinesisBatchInfo" : "DDBStreamBatchInfo");
    jw_begin_object(&w);
    jw_member_string(&w, "shardId", f->shard);
    jw_member_string(&w, "startSequenceNumber", first->sequence_number);
    jw_member_string(&w, "endSequenceNumber", last->sequence_number);
    /* AWS: streams of DynamoDB know seconds only. */
    write_time(&w, "approximateArrivalOfFirstRecord", first->at_ms, f->kinesis);
    write_time(&w, "approximateArrivalOfLastRecord", last->at_ms, f->kinesis);
    jw_member_int(&w, "batchSize", (int64_t)f->count);
    jw_member_string(&w, "streamArn", f->stream_arn);
    jw_end_object(&w);
    if (f->with_payload)
        write_payload(&w, f);
    jw_end_object(&w);
}
