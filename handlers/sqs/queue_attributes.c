/* Attributes of queues: given, shown. */
#include "handlers/common/policy.h"
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
    const char *problem;

    if (which == SQS_POLICY && !policy_parse(&c->req->arena, text, strlen(text), &problem))
        return aws_fail(c->req, &sqs_InvalidAttributeValue,
                        "Invalid value for the parameter Policy.");
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

static bool is_given_true(const struct sqs_attribute_change *c, enum sqs_setting which)
{
    for (size_t i = 0; i < c->given->count; i++) {
        if (sqs_setting_named(c->given->items[i].key) == which)
            return strcasecmp(c->given->items[i].value, "true") == 0;
    }
    return false;
}

/* High throughput wants groups to deduplicate for themselves; encryption is of one kind. */
static int check_together(const struct sqs_attribute_change *c, const struct sqs_settings *s)
{
    const char *scope = sqs_setting_value(s, SQS_DEDUPLICATION_SCOPE);
    const char *limit = sqs_setting_value(s, SQS_THROUGHPUT_LIMIT);

    if (limit && str_eq(limit, "perMessageGroupId") && (!scope || str_eq(scope, "queue")))
        return aws_fail(c->req, &sqs_InvalidAttributeValue,
                        "Invalid value for the parameter FifoThroughputLimit. Reason: The "
                        "perMessageGroupId value is allowed only when the value for "
                        "DeduplicationScope is messageGroup.");
    if (s->text[SQS_KMS_KEY] && is_given_true(c, SQS_MANAGED_SSE))
        return aws_fail(c->req, &sqs_InvalidAttributeName,
                        "You can use one type of server-side encryption (SSE) at one time. You can "
                        "either enable KMS SSE or SQS SSE.");
    return 0;
}

/* AWS: numbers and words come back as they are kept, whatever their spelling was. */
static const char *kept_value(struct arena *a, enum sqs_setting which, const char *value)
{
    struct sqs_redrive redrive;

    if (which == SQS_REDRIVE_POLICY) {
        if (!sqs_redrive_parse(a, value, &redrive) || !redrive.target_arn)
            return NULL;
        return arena_printf(a, "{\"deadLetterTargetArn\":\"%s\",\"maxReceiveCount\":%d}",
                            redrive.target_arn, (int)redrive.max_receives);
    }
    if (strcasecmp(value, "true") == 0)
        return "true";
    if (strcasecmp(value, "false") == 0)
        return "false";
    return arena_strdup(a, value);
}

int sqs_apply_attributes(struct arena *a, struct sqs_settings *settings, const void *context)
{
    const struct sqs_attribute_change *c = context;
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
        settings->text[which] = *value ? kept_value(a, which, value) : NULL;
    }
    if (check_together(c, settings))
        return -1;
    if (settings->text[SQS_KMS_KEY]) /* AWS: its own encryption stays off when the key goes */
        settings->text[SQS_MANAGED_SSE] = "false";
    return 0;
}

int sqs_set_queue_attributes(struct request *req, const struct sqs_SetQueueAttributesRequest *in,
                             struct sqs_SetQueueAttributesOutput *out)
{
    struct sqs_queue *queue;
    enum store_status rc;
    bool refused;

    (void)out;
    if (sqs_use(req, in->QueueUrl, &queue))
        return -1;
    if (!in->Attributes.items)
        return sqs_fail_missing(req, "Attributes");
    const struct sqs_attribute_change change = {
        .req = req, .given = &in->Attributes, .arn = queue->arn, .fifo = queue->fifo};
    rc = sqs_queue_change(sqs_of(req->app), queue, sqs_apply_attributes, &change, &req->arena,
                          &refused);
    if (refused)
        return -1;
    return rc == STORE_OK ? 0 : sqs_fail_store(req, rc);
}

/* --- shown --- */

struct shown {
    const struct sqs_AttributeNameList *names;
    struct sqs_QueueAttributeMap *out;
};

/* Adds an attribute that the queue has, where it is wanted. */
static void show(struct shown *s, const char *name, const char *value)
{
    if (!value)
        return;
    for (size_t i = 0; i < s->names->count; i++) {
        if (str_eq(s->names->items[i], name) || str_eq(s->names->items[i], "All")) {
            s->out->items[s->out->count++] =
                (struct sqs_QueueAttributeMap_entry){.key = name, .value = value};
            return;
        }
    }
}

static const char *number_text(struct arena *a, int64_t number)
{
    return arena_printf(a, "%" PRId64, number);
}

static const char *const made_names[] = {
    "QueueArn",
    "CreatedTimestamp",
    "LastModifiedTimestamp",
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
};

/* What nobody sets. */
static void show_made(struct request *req, struct sqs_queue *queue, struct shown *s)
{
    const enum sqs_entry_state counted[] = {SQS_READY, SQS_IN_FLIGHT, SQS_DELAYED};
    struct arena *a = &req->arena;
    size_t counts[ARRAY_LEN(counted)];
    int64_t modified_ms;

    pthread_mutex_lock(&queue->lock);
    sqs_index_advance(queue->index, clock_now_ms(&req->app->clock));
    for (size_t i = 0; i < ARRAY_LEN(counted); i++)
        counts[i] = sqs_index_count(queue->index, counted[i]);
    modified_ms = queue->modified_ms;
    pthread_mutex_unlock(&queue->lock);
    show(s, made_names[0], queue->arn);
    show(s, made_names[1], number_text(a, queue->created_ms / 1000));
    show(s, made_names[2], number_text(a, modified_ms / 1000));
    for (size_t i = 0; i < ARRAY_LEN(counted); i++)
        show(s, made_names[3 + i], number_text(a, (int64_t)counts[i]));
}

static int check_names(struct request *req, const struct sqs_AttributeNameList *names)
{
    for (size_t i = 0; i < names->count; i++) {
        bool known =
            sqs_setting_named(names->items[i]) < SQS_SETTINGS || str_eq(names->items[i], "All");

        for (size_t k = 0; k < ARRAY_LEN(made_names); k++)
            known |= str_eq(names->items[i], made_names[k]);
        if (!known)
            return aws_fail(req, &sqs_InvalidAttributeName, "Unknown Attribute %s.",
                            names->items[i]);
    }
    return 0;
}

int sqs_get_queue_attributes(struct request *req, const struct sqs_GetQueueAttributesRequest *in,
                             struct sqs_GetQueueAttributesResult *out)
{
    struct shown s = {.names = &in->AttributeNames, .out = &out->Attributes};
    struct sqs_settings settings;
    struct sqs_queue *queue;

    if (sqs_use(req, in->QueueUrl, &queue) || check_names(req, &in->AttributeNames))
        return -1;
    settings = sqs_queue_settings(queue, &req->arena);
    out->Attributes.items = ARENA_ARRAY(&req->arena, struct sqs_QueueAttributeMap_entry,
                                        SQS_SETTINGS + ARRAY_LEN(made_names));
    show_made(req, queue, &s);
    if (!settings.text[SQS_KMS_KEY])
        settings.text[SQS_KMS_REUSE_PERIOD] = NULL; /* AWS: kept, and told only with a key */
    for (enum sqs_setting i = 0; i < SQS_SETTINGS; i++)
        show(&s, sqs_setting_name(i),
             settings.text[i] ? settings.text[i] : sqs_setting_default(&settings, i, queue->fifo));
    if (out->Attributes.count == 0)
        out->Attributes.items = NULL; /* AWS: the member is left out */
    return 0;
}
