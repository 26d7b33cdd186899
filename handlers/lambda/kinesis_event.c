/*
 * https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html
 */
#include "handlers/lambda/kinesis_event.h"

#include "server/base/encode.h"
#include "server/base/json_write.h"

enum { CLOSING = 4 }; /* what ends the document */

static void write_record(struct jw *w, const struct kinesis_event_source *source,
                         const struct kinesis_event *record)
{
    char number[32];
    char id[KINESIS_SHARD_ID_MAX + KINESIS_SEQUENCE_MAX + 2];

    jw_begin_object(w);
    jw_key(w, "kinesis");
    jw_begin_object(w);
    jw_member_string(w, "kinesisSchemaVersion", "1.0");
    jw_member_string(w, "partitionKey", record->partition_key);
    jw_member_string(w, "sequenceNumber", record->sequence_number);
    jw_key(w, "data");
    jw_base64(w, record->data.data, record->data.len);
    jw_key(w, "approximateArrivalTimestamp");
    int n = snprintf(number, sizeof(number), "%" PRId64 ".%03d", record->at_ms / 1000,
                     (int)(record->at_ms % 1000));
    jw_raw(w, number, (size_t)n);
    jw_end_object(w);
    jw_member_string(w, "eventSource", "aws:kinesis");
    jw_member_string(w, "eventVersion", "1.0");
    jw_key(w, "eventID");
    n = snprintf(id, sizeof(id), "%s:%s", source->shard, record->sequence_number);
    jw_string_n(w, id, (size_t)n);
    jw_member_string(w, "eventName", "aws:kinesis:record");
    jw_member_string(w, "invokeIdentityArn", source->role);
    jw_member_string(w, "awsRegion", source->region);
    jw_member_string(w, "eventSourceARN", source->stream_arn);
    jw_end_object(w);
}

size_t kinesis_event_write(struct strbuf *out, const struct kinesis_event_source *source,
                           const struct kinesis_event *const *records, size_t count, size_t max)
{
    struct jw w;
    size_t taken = 0;

    jw_init(&w, out);
    jw_begin_object(&w);
    jw_key(&w, "Records");
    jw_begin_array(&w);
    for (; taken < count; taken++) {
        size_t before = out->len;

        write_record(&w, source, records[taken]);
        if (taken && out->len + CLOSING > max) {
            out->len = before;
            out->data[before] = 0;
            w.needs_comma = true;
            break;
        }
    }
    jw_end_array(&w);
    jw_end_object(&w);
    return taken;
}
