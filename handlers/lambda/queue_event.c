#include "handlers/lambda/queue_event.h"

#include "server/base/json_read.h"
#include "server/base/json_write.h"

enum { DEPTH_MAX = 1000 };

static void write_number_text(struct jw *w, const char *key, int64_t value)
{
    char text[24];

    snprintf(text, sizeof(text), "%" PRId64, value);
    jw_member_string(w, key, text);
}

static void write_attributes(struct jw *w, const struct sqs_incoming *m)
{
    jw_key(w, "attributes");
    jw_begin_object(w);
    write_number_text(w, "ApproximateReceiveCount", m->receive_count);
    write_number_text(w, "SentTimestamp", m->sent_ms);
    jw_member_string(w, "SequenceNumber", m->sequence_number);
    jw_member_string(w, "MessageGroupId", m->group_id);
    jw_member_string(w, "SenderId", m->sender_id);
    jw_member_string(w, "MessageDeduplicationId", m->dedup_id);
    jw_member_string(w, "AWSTraceHeader", m->trace_header);
    jw_member_string(w, "DeadLetterQueueSourceArn", m->dead_letter_source);
    write_number_text(w, "ApproximateFirstReceiveTimestamp", m->first_received_ms);
    jw_end_object(w);
}

static void write_message_attributes(struct jw *w, const struct sqs_incoming *m)
{
    jw_key(w, "messageAttributes");
    jw_begin_object(w);
    for (size_t i = 0; i < m->attribute_count; i++) {
        const struct sqs_attribute *at = &m->attributes[i];

        jw_key(w, at->name);
        jw_begin_object(w);
        if (str_starts(at->type, "Binary")) {
            jw_key(w, "binaryValue");
            jw_base64(w, at->value.data, at->value.len);
        } else {
            jw_key(w, "stringValue");
            jw_string_n(w, (const char *)at->value.data, at->value.len);
        }
        jw_key(w, "stringListValues");
        jw_raw(w, "[]", 2);
        jw_key(w, "binaryListValues");
        jw_raw(w, "[]", 2);
        jw_member_string(w, "dataType", at->type);
        jw_end_object(w);
    }
    jw_end_object(w);
}

static bool is_json(struct arena *a, const char *text)
{
    struct jr r;

    jr_init(&r, text, strlen(text), a, DEPTH_MAX);
    return jr_skip(&r, NULL) && jr_finish(&r);
}

void queue_record_write(struct strbuf *out, struct arena *a, const char *queue_arn,
                        const char *region, const struct sqs_incoming *m, bool filtered)
{
    struct jw w;

    jw_init(&w, out);
    jw_begin_object(&w);
    jw_member_string(&w, "messageId", m->message_id);
    jw_member_string(&w, "receiptHandle", m->receipt_handle);
    jw_key(&w, "body");
    if (filtered && is_json(a, m->body))
        jw_raw(&w, m->body, strlen(m->body));
    else
        jw_string(&w, m->body);
    write_attributes(&w, m);
    write_message_attributes(&w, m);
    jw_key(&w, "md5OfMessageAttributes");
    if (m->md5_of_attributes)
        jw_string(&w, m->md5_of_attributes);
    else /* AWS: shown */
        jw_null(&w);
    jw_member_string(&w, "md5OfBody", m->md5_of_body);
    jw_member_string(&w, "eventSource", "aws:sqs");
    jw_member_string(&w, "eventSourceARN", queue_arn);
    jw_member_string(&w, "awsRegion", region);
    jw_end_object(&w);
}
