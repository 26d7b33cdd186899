/* Attributes of queues: given, shown. */
#include "handlers/common/arn.h"
#include "handlers/sqs/operations.h"

enum { RECEIVES_MAX = 1000 };

/* --- what can be given --- */

static int check_redrive(const struct sqs_attribute_change *c, const char *text)
{
    struct request *req = c->req;
    struct sqs_redrive redrive;
    struct sqs_redrive_allow allow;
    struct sqs_queue *target;
    struct sqs_settings theirs;
    bool fifo;

    if (!sqs_redrive_parse(&req->arena, text, &redrive))
        return aws_fail(req, &sqs_InvalidParameterValue,
                        "Value %s for parameter RedrivePolicy is invalid. Reason: Redrive policy "
                        "is not a valid JSON map or does not contain mandatory attribute: "
                        "deadLetterTargetArn and maxReceiveCount.",
                        text);
    if (!redrive.target_arn)
        return 0;
    if (redrive.max_receives < 1 || redrive.max_receives > RECEIVES_MAX)
        return aws_fail(req, &sqs_InvalidParameterValue,
                        "Value %s for parameter RedrivePolicy is invalid. Reason: Invalid value "
                        "for maxReceiveCount: %d, valid values are from 1 to 1000 both inclusive.",
                        text, (int)redrive.max_receives);
    if (sqs_queue_hold_arn(sqs_of(req->app), redrive.target_arn, &target) != STORE_OK)
        return aws_fail(req, &sqs_InvalidParameterValue,
                        "Value %s for parameter RedrivePolicy is invalid. Reason: Dead letter "
                        "target does not exist.",
                        text);
    theirs = sqs_queue_settings(target, &req->arena);
    fifo = target->fifo;
    sqs_queue_release(target);
    if (fifo != c->fifo)
        return aws_fail(req, &sqs_InvalidParameterValue,
                        "Value %s for parameter RedrivePolicy is invalid. Reason: Dead-letter "
                        "queue must be same type of queue as the source.",
                        text);
    if (!sqs_redrive_allow_parse(&req->arena, theirs.text[SQS_REDRIVE_ALLOW_POLICY], &allow) ||
        !sqs_redrive_allows(&allow, c->arn))
        return aws_fail(req, &sqs_InvalidParameterValue,
                        "Value %s for parameter RedrivePolicy is invalid. Reason: The "
                        "redriveAllowPolicy of the dead-letter queue does not allow this queue.",
                        text);
    return 0;
}

static int check_documents(const struct sqs_attribute_change *c, enum sqs_setting which,
                           const char *text)
{
    struct sqs_redrive_allow allow;

    if (which == SQS_REDRIVE_POLICY)
        return check_redrive(c, text);
    if (which == SQS_REDRIVE_ALLOW_POLICY && !sqs_redrive_allow_parse(&c->req->arena, text, &allow))
        return aws_fail(c->req, &sqs_InvalidParameterValue,
                        "Value %s for parameter RedriveAllowPolicy is invalid. Reason: Amazon SQS "
                        "can't create the redrive allow policy. The value should be a JSON map "
                        "with redrivePermission, and sourceQueueArns (1 to 10) for byQueue only.",
                        text);
    return 0;
}

static int check_kind(const struct sqs_attribute_change *c, enum sqs_setting which,
                      const char *value)
{
    const char *name = sqs_setting_name(which);

    if (which == SQS_FIFO_QUEUE && !c->is_new && c->fifo)
        return strcasecmp(value, "true") == 0
                   ? 0
                   : aws_fail(c->req, &sqs_InvalidAttributeValue,
                              "Invalid value for the parameter FifoQueue. Reason: Modifying queue "
                              "type is not supported.");
    if (c->fifo)
        return 0;
    if (which == SQS_FIFO_QUEUE || which == SQS_CONTENT_DEDUPLICATION)
        return aws_fail(c->req, &sqs_InvalidAttributeName, "Unknown Attribute %s.", name);
    if (which == SQS_DEDUPLICATION_SCOPE || which == SQS_THROUGHPUT_LIMIT)
        return aws_fail(c->req, &sqs_InvalidAttributeName,
                        "You can specify the %s only when FifoQueue is set to true.", name);
    return 0;
}

/* High throughput wants groups to deduplicate for themselves. */
static int check_together(struct request *req, const struct sqs_settings *s)
{
    const char *scope = sqs_setting_value(s, SQS_DEDUPLICATION_SCOPE);
    const char *limit = sqs_setting_value(s, SQS_THROUGHPUT_LIMIT);
    const char *key = s->text[SQS_KMS_KEY];

    if (limit && str_eq(limit, "perMessageGroupId") && (!scope || str_eq(scope, "queue")))
        return aws_fail(req, &sqs_InvalidAttributeValue,
                        "Invalid value for the parameter FifoThroughputLimit. Reason: The "
                        "perMessageGroupId value is allowed only when the value for "
                        "DeduplicationScope is messageGroup.");
    if (key && *key && s->text[SQS_MANAGED_SSE] && sqs_setting_number(s, SQS_MANAGED_SSE) != 0)
        return aws_fail(req, &sqs_InvalidAttributeName,
                        "You can use one type of server-side encryption (SSE) at one time. You can "
                        "either enable KMS SSE or SQS SSE.");
    return 0;
}

int sqs_apply_attributes(struct arena *a, struct sqs_settings *settings,
                         const struct sqs_attribute_change *c)
{
    struct request *req = c->req;

    for (size_t i = 0; i < c->given->count; i++) {
        const char *value = c->given->items[i].value;
        enum sqs_setting which = sqs_setting_named(c->given->items[i].key);

        if (which == SQS_SETTINGS)
            return aws_fail(req, &sqs_InvalidAttributeName, "Unknown Attribute %s.",
                            c->given->items[i].key);
        if (check_kind(c, which, value))
            return -1;
        if (*value && !sqs_setting_fits(which, value))
            return aws_fail(req, &sqs_InvalidAttributeValue, "Invalid value for the parameter %s.",
                            sqs_setting_name(which));
        if (*value && check_documents(c, which, value))
            return -1;
        settings->text[which] = *value ? arena_strdup(a, value) : NULL;
    }
    return check_together(req, settings);
}
