#include "handlers/sns/status_log.h"

#include "handlers/logs/logs.h"
#include "server/base/digest.h"
#include "server/base/encode.h"
#include "server/base/json_write.h"

enum { LINE_MAX = 64 * 1024, RESPONSE_MAX = 1024 };

static const struct {
    const char *protocol;
    const char *prefix; /* of the topic's attributes */
} prefixes[] = {
    {"http", "HTTP"},     {"https", "HTTP"},        {"sqs", "SQS"},
    {"lambda", "Lambda"}, {"firehose", "Firehose"}, {"application", "Application"},
};

static const char *attribute(struct arena *a, struct tag_list list, const char *protocol,
                             const char *rest)
{
    for (size_t i = 0; i < ARRAY_LEN(prefixes); i++) {
        if (str_eq(prefixes[i].protocol, protocol))
            return sns_attribute_of(list, arena_printf(a, "%s%s", prefixes[i].prefix, rest));
    }
    return NULL;
}

/* AWS: failures are all logged, of successes a part. */
static bool is_wanted(struct arena *a, struct tag_list list, const struct sns_outcome *o)
{
    const char *rate;
    uint8_t dice;

    if (!o->success)
        return attribute(a, list, o->protocol, "FailureFeedbackRoleArn") != NULL;
    if (!attribute(a, list, o->protocol, "SuccessFeedbackRoleArn"))
        return false;
    rate = attribute(a, list, o->protocol, "SuccessFeedbackSampleRate");
    random_bytes(&dice, 1);
    return dice * 100 < (rate ? strtol(rate, NULL, 10) : 100) * 256;
}

static void write_line(struct sns *sns, struct strbuf *b, const struct sns_outcome *o)
{
    char hash[2 * MD5_LEN + 1] = "", id[SNS_MESSAGE_ID_LEN], at[TIME_TEXT_MAX];
    uint8_t digest[MD5_LEN];
    struct jw w;

    uuid_v4(id);
    time_iso8601(o->published_ms, true, at);
    if (o->text) {
        md5(o->text, strlen(o->text), digest);
        hex_encode(digest, sizeof(digest), hash);
    }
    jw_init(&w, b);
    jw_begin_object(&w);
    jw_key(&w, "notification");
    jw_begin_object(&w);
    jw_member_string(&w, "messageMD5Sum", o->text ? hash : NULL);
    jw_member_string(&w, "messageId", o->message_id);
    jw_member_string(&w, "topicArn", o->topic_arn);
    jw_member_string(&w, "timestamp", at);
    jw_end_object(&w);
    jw_key(&w, "delivery");
    jw_begin_object(&w);
    jw_member_string(&w, "deliveryId", id);
    jw_member_string(&w, "destination", o->destination);
    if (o->response) {
        jw_key(&w, "providerResponse");
        jw_string_n(&w, o->response, strnlen(o->response, RESPONSE_MAX));
    }
    jw_member_int(&w, "dwellTimeMs", clock_now_ms(&sns->app->clock) - o->published_ms);
    jw_member_int(&w, "attempts", o->attempts);
    if (o->status)
        jw_member_int(&w, "statusCode", o->status);
    jw_end_object(&w);
    jw_member_string(&w, "status", o->success ? "SUCCESS" : "FAILURE");
    jw_end_object(&w);
}

void sns_log_outcome(struct sns *sns, struct arena *a, struct tag_list topic_attributes,
                     const struct sns_outcome *outcome)
{
    struct strbuf b = STRBUF_INIT(LINE_MAX);
    char stream[SNS_MESSAGE_ID_LEN];
    struct sns_topic_name name;

    if (topic_attributes.count == 0 || !is_wanted(a, topic_attributes, outcome) ||
        !sns_topic_split(a, outcome->topic_arn, &name))
        return;
    uuid_v4(stream);
    write_line(sns, &b, outcome);
    const struct logs_event event = {clock_now_ms(&sns->app->clock), b.data, b.len};
    logs_append(sns->app, name.scope,
                arena_printf(a, "sns/%s/%s/%s%s", name.scope.region, name.scope.account, name.name,
                             outcome->success ? "" : "/Failure"),
                stream, &event, 1);
    strbuf_release(&b);
}
