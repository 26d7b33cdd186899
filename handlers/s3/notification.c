/*
 * Get/PutBucketNotificationConfiguration, with the checks of AWS and its test event.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/EventNotifications.html
 */
#include "handlers/common/arn.h"
#include "handlers/lambda/lambda.h"
#include "handlers/s3/event.h"
#include "handlers/s3/kept.h"
#include "handlers/s3/rules.h"
#include "handlers/s3/target.h"
#include "handlers/sns/sns.h"
#include "handlers/sqs/sqs.h"
#include "server/base/clock.h"
#include "server/base/digest.h"
#include "server/base/encode.h"

enum { CONFIGURATIONS_MAX = 100, ID_MAX = 255, VALUE_MAX = 1024 };

enum destination_kind { TO_QUEUE, TO_TOPIC, TO_FUNCTION };

/* One configuration, whatever its kind. */
struct rule {
    enum destination_kind kind;
    const char **id;
    const char *arn;
    const struct s3_EventList *events;
    const struct s3_NotificationConfigurationFilter *filter;
};

struct rules {
    struct rule items[CONFIGURATIONS_MAX];
    size_t count;
};

/* --- the three kinds as one list --- */

static int add(struct request *req, struct rules *rules, struct rule rule)
{
    if (rules->count == CONFIGURATIONS_MAX)
        return aws_fail(req, &s3_InvalidRequest,
                        "You have attempted to put an excessive number of configurations to this "
                        "bucket.");
    if (!rule.arn || !rule.events->count)
        return s3_fail_malformed_xml(req);
    rules->items[rules->count++] = rule;
    return 0;
}

static int gather(struct request *req, struct s3_NotificationConfiguration *c, struct rules *out)
{
    for (size_t i = 0; i < c->QueueConfigurations.count; i++) {
        struct s3_QueueConfiguration *q = &c->QueueConfigurations.items[i];

        if (add(req, out, (struct rule){TO_QUEUE, &q->Id, q->QueueArn, &q->Events, q->Filter}))
            return -1;
    }
    for (size_t i = 0; i < c->TopicConfigurations.count; i++) {
        struct s3_TopicConfiguration *t = &c->TopicConfigurations.items[i];

        if (add(req, out, (struct rule){TO_TOPIC, &t->Id, t->TopicArn, &t->Events, t->Filter}))
            return -1;
    }
    for (size_t i = 0; i < c->LambdaFunctionConfigurations.count; i++) {
        struct s3_LambdaFunctionConfiguration *l = &c->LambdaFunctionConfigurations.items[i];

        if (add(req, out,
                (struct rule){TO_FUNCTION, &l->Id, l->LambdaFunctionArn, &l->Events, l->Filter}))
            return -1;
    }
    return 0;
}

/* --- checks --- */

static int check_arn(struct request *req, const struct rule *rule, const struct s3_bucket *bucket)
{
    static const struct {
        const char *service;
        const char *element;
    } kinds[] = {[TO_QUEUE] = {"sqs", "Queue"},
                 [TO_TOPIC] = {"sns", "Topic"},
                 [TO_FUNCTION] = {"lambda", "CloudFunction"}};
    struct arn arn;
    size_t len = strlen(rule->arn);

    if (!arn_parse(&req->arena, rule->arn, &arn))
        return s3_fail_argument(req, kinds[rule->kind].element, rule->arn,
                                "The ARN could not be parsed");
    if (!str_eq(arn.service, kinds[rule->kind].service))
        return s3_fail_argument(req, kinds[rule->kind].element, rule->arn,
                                "The ARN is not well formed");
    if (!str_eq(arn.region, bucket->region))
        return s3_fail_argument(req, rule->arn, rule->arn,
                                "The notification destination service region is not valid for the "
                                "bucket location constraint");
    if (rule->kind != TO_FUNCTION && len > 5 && str_eq(rule->arn + len - 5, ".fifo"))
        return s3_fail_argument(req, rule->arn, rule->arn,
                                "FIFO destinations are not supported for notifications");
    return 0;
}

static int check_events(struct request *req, const struct rule *rule)
{
    for (size_t i = 0; i < rule->events->count; i++) {
        const char *event = rule->events->items[i];

        if (!s3_event_is_known(event))
            return s3_fail_argument(
                req, "Event", event,
                arena_printf(&req->arena, "The event '%.100s' is not supported for notifications",
                             event));
    }
    return 0;
}

static int check_filter(struct request *req, const struct s3_NotificationConfigurationFilter *f)
{
    bool prefix = false;
    bool suffix = false;

    for (size_t i = 0; f && f->Key && i < f->Key->FilterRules.count; i++) {
        struct s3_FilterRule *rule = &f->Key->FilterRules.items[i];
        bool is_prefix = rule->Name && strcasecmp(rule->Name, "prefix") == 0;
        bool is_suffix = rule->Name && strcasecmp(rule->Name, "suffix") == 0;

        if (!rule->Name || !rule->Value)
            return s3_fail_malformed_xml(req);
        if (!is_prefix && !is_suffix)
            return s3_fail_argument(req, "FilterRule.Name", rule->Name,
                                    "filter rule name must be either prefix or suffix");
        if ((is_prefix && prefix) || (is_suffix && suffix))
            return s3_fail_argument(
                req, "FilterRule.Name", rule->Name,
                arena_printf(&req->arena, "Cannot specify more than one %s rule in a filter.",
                             is_prefix ? "prefix" : "suffix"));
        if (strlen(rule->Value) > VALUE_MAX)
            return s3_fail_argument(req, "FilterRule.Value", rule->Value,
                                    "Size of filter rule value cannot exceed 1024 bytes in UTF-8 "
                                    "representation");
        rule->Name = is_prefix ? "Prefix" : "Suffix"; /* AWS: given back like this */
        prefix = prefix || is_prefix;
        suffix = suffix || is_suffix;
    }
    return 0;
}

static int check_pairs(struct request *req, const struct rules *rules, size_t index)
{
    const struct rule *b = &rules->items[index];

    for (size_t i = 0; i < index; i++) {
        const struct rule *a = &rules->items[i];

        if (*a->id && *b->id && str_eq(*a->id, *b->id))
            return s3_fail_argument(req, "Id", *b->id,
                                    "Same ID used for multiple configurations. IDs must be "
                                    "unique.");
        if (s3_event_overlap(a->events, a->filter, b->events, b->filter))
            return aws_fail(
                req, &s3_InvalidArgument,
                "Configuration is ambiguously defined. Cannot have overlapping suffixes "
                "in two rules if the prefixes are overlapping for the same event "
                "type.");
    }
    return 0;
}

static const char *queue_problem(enum sqs_check check)
{
    switch (check) {
    case SQS_OK:
        return NULL;
    case SQS_NO_QUEUE:
        return "The destination queue does not exist";
    case SQS_NOT_ALLOWED:
        break;
    }
    return "Permissions on the destination queue do not allow S3 to publish notifications from "
           "this bucket";
}

static const char *topic_problem(enum sns_check check)
{
    switch (check) {
    case SNS_OK:
        return NULL;
    case SNS_NO_TOPIC:
        return "The destination topic does not exist";
    case SNS_NOT_ALLOWED:
        break;
    }
    return "Permissions on the destination topic do not allow S3 to publish notifications from "
           "this bucket";
}

static const char *destination_problem(struct app *app, const struct rule *rule,
                                       const struct s3_bucket *bucket, struct arena *a)
{
    const struct iam_service by = s3_event_sender(a, bucket);
    const struct lambda_caller caller = {by.principal, by.source_arn, by.source_account};

    switch (rule->kind) {
    case TO_QUEUE:
        return queue_problem(sqs_check(app, rule->arn, &by));
    case TO_TOPIC:
        return topic_problem(sns_check(app, rule->arn, &by));
    case TO_FUNCTION:
        break;
    }
    /* AWS: a function that is not there may not be invoked, either. */
    return lambda_check(app, rule->arn, &caller) == LAMBDA_OK
               ? NULL
               : arena_printf(a, "Not authorized to invoke function [%s]", rule->arn);
}

/* All that cannot be reached are named. */
static int check_destinations(struct request *req, const struct rules *rules,
                              const struct s3_bucket *bucket)
{
    struct arena *a = &req->arena;
    int bad = 0;

    for (size_t i = 0; i < rules->count; i++) {
        const struct rule *rule = &rules->items[i];
        const char *problem = destination_problem(req->app, rule, bucket, a);

        if (!problem)
            continue;
        if (bad++ == 0)
            aws_fail(req, &s3_InvalidArgument,
                     "Unable to validate the following destination configurations");
        aws_fail_detail(req, arena_printf(a, "ArgumentName%d", bad),
                        rule->kind == TO_FUNCTION ? arena_printf(a, "%s, null", rule->arn)
                                                  : rule->arn);
        aws_fail_detail(req, arena_printf(a, "ArgumentValue%d", bad), problem);
    }
    return bad ? -1 : 0;
}

static int check_rules(struct request *req, const struct rules *rules,
                       const struct s3_bucket *bucket, bool destinations)
{
    for (size_t i = 0; i < rules->count; i++) {
        const struct rule *rule = &rules->items[i];

        if (*rule->id && strlen(*rule->id) > ID_MAX)
            return s3_fail_argument(req, "Id", *rule->id, "The ID is too long");
        if (check_arn(req, rule, bucket) || check_events(req, rule) ||
            check_filter(req, rule->filter) || check_pairs(req, rules, i))
            return -1;
    }
    return destinations ? check_destinations(req, rules, bucket) : 0;
}

/* --- the operations --- */

static void name_rules(struct request *req, struct rules *rules)
{
    for (size_t i = 0; i < rules->count; i++) {
        char uuid[37];
        char *id;

        if (*rules->items[i].id && **rules->items[i].id)
            continue;
        uuid_v4(uuid);
        id = arena_alloc(&req->arena, BASE64_LEN(36) + 1);
        base64_encode(uuid, 36, id);
        *rules->items[i].id = id;
    }
}

/* AWS: functions get none. */
static void send_tests(struct request *req, const struct rules *rules,
                       const struct s3_bucket *bucket)
{
    const struct iam_service by = s3_event_sender(&req->arena, bucket);
    struct strbuf b = STRBUF_INIT(16 << 10);

    s3_event_write_test(&b, bucket->name, clock_now_ms(&req->app->clock), req->request_id,
                        req->id_2);
    for (size_t i = 0; i < rules->count; i++) {
        const struct rule *rule = &rules->items[i];
        const struct sqs_outgoing to_queue = {
            .body = {(const uint8_t *)b.data, b.len}, .delay_s = -1, .by = &by};
        const struct sns_outgoing to_topic = {
            .message = b.data, .subject = "Amazon S3 Notification", .by = &by};
        char id[SNS_MESSAGE_ID_LEN];

        if (rule->kind == TO_QUEUE)
            sqs_send(req->app, rule->arn, &to_queue, 1);
        else if (rule->kind == TO_TOPIC)
            sns_publish(req->app, rule->arn, &to_topic, id);
    }
    strbuf_release(&b);
}

int s3_get_bucket_notification(struct request *req,
                               const struct s3_GetBucketNotificationConfigurationRequest *in,
                               struct s3_NotificationConfiguration *out)
{
    struct s3_target t;

    if (s3_use_bucket(req, in->Bucket, in->ExpectedBucketOwner, "s3:GetBucketNotification", &t))
        return -1;
    return s3_kept_get(req, &t.bucket, S3_DOC_NOTIFICATION, out);
}

int s3_put_bucket_notification(struct request *req,
                               const struct s3_PutBucketNotificationConfigurationRequest *in,
                               struct s3_PutBucketNotificationConfigurationOutput *out)
{
    struct s3_NotificationConfiguration *c = in->NotificationConfiguration;
    struct rules *rules = ARENA_NEW(&req->arena, struct rules);
    struct s3_target t;

    (void)out;
    if (s3_use_bucket(req, in->Bucket, in->ExpectedBucketOwner, "s3:PutBucketNotification", &t))
        return -1;
    if (!c)
        return s3_fail_malformed_xml(req);
    if (gather(req, c, rules) ||
        check_rules(req, rules, &t.bucket, !VALUE_OR(in->SkipDestinationValidation, false)))
        return -1;
    /* AWS: an empty configuration switches notifications off. */
    if (!rules->count && !c->EventBridgeConfiguration)
        return s3_kept_delete(req, &t.bucket, S3_DOC_NOTIFICATION);
    name_rules(req, rules);
    if (s3_kept_put(req, &t.bucket, S3_DOC_NOTIFICATION, c))
        return -1;
    send_tests(req, rules, &t.bucket);
    return 0;
}
