/*
 * ReceiveMessage.
 *
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html
 */
#include "handlers/sqs/operations.h"
#include "handlers/sqs/timer.h"

/* --- what the client wants of each message --- */

static bool names_hold(const char **names, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (str_eq(names[i], name) || str_eq(names[i], "All"))
            return true;
    }
    return false;
}

/* All, *, .*, a name, or prefix.* */
static bool attribute_is_wanted(const struct sqs_MessageAttributeNameList *names, const char *name)
{
    for (size_t i = 0; i < names->count; i++) {
        const char *wanted = names->items[i];
        size_t len = strlen(wanted);

        if (str_eq(wanted, "All") || str_eq(wanted, "*") || str_eq(wanted, name))
            return true;
        if (len >= 2 && str_eq(wanted + len - 2, ".*") && strncmp(wanted, name, len - 2) == 0)
            return true;
    }
    return false;
}

struct listing {
    const struct sqs_ReceiveMessageRequest *in;
    struct sqs_MessageSystemAttributeMap *out;
};

/* Adds a system attribute that is there and wanted. */
static void tell(struct listing *l, const char *name, const char *value)
{
    if (!value || !(names_hold(l->in->AttributeNames.items, l->in->AttributeNames.count, name) ||
                    names_hold(l->in->MessageSystemAttributeNames.items,
                               l->in->MessageSystemAttributeNames.count, name)))
        return;
    l->out->items[l->out->count++] =
        (struct sqs_MessageSystemAttributeMap_entry){.key = name, .value = value};
}

static const char *number_text(struct arena *a, int64_t number)
{
    return arena_printf(a, "%" PRId64, number);
}

static void tell_system_attributes(struct request *req, const struct sqs_ReceiveMessageRequest *in,
                                   const struct sqs_queue *queue, const struct sqs_take *item,
                                   struct sqs_Message *out)
{
    enum { SYSTEM_ATTRIBUTES = 11 }; /* with the two of the inspection */
    const struct sqs_content *c = &item->content;
    struct arena *a = &req->arena;
    struct listing l = {.in = in, .out = &out->Attributes};
    char sequence[SQS_SEQUENCE_TEXT];

    if (in->AttributeNames.count == 0 && in->MessageSystemAttributeNames.count == 0)
        return;
    out->Attributes.items =
        ARENA_ARRAY(a, struct sqs_MessageSystemAttributeMap_entry, SYSTEM_ATTRIBUTES);
    tell(&l, "SenderId", c->sender);
    tell(&l, "SentTimestamp", number_text(a, c->sent_ms));
    tell(&l, "ApproximateReceiveCount", number_text(a, item->received));
    tell(&l, "ApproximateFirstReceiveTimestamp", number_text(a, item->first_ms));
    if (queue->fifo) {
        sqs_sequence_text(item->number, sequence);
        tell(&l, "SequenceNumber", arena_strdup(a, sequence));
    }
    tell(&l, "MessageDeduplicationId", c->dedup_id);
    tell(&l, "MessageGroupId", c->group_id);
    tell(&l, "AWSTraceHeader", c->trace);
    tell(&l, "DeadLetterQueueSourceArn", c->source);
    if (out->Attributes.count == 0)
        out->Attributes.items = NULL; /* AWS: the member is left out */
}

static struct sqs_MessageAttributeValue attribute_value(struct arena *a,
                                                        const struct sqs_attribute *in)
{
    struct sqs_MessageAttributeValue value = {.DataType = in->type};

    if (sqs_attribute_is_binary(in))
        value.BinaryValue = in->value;
    else
        value.StringValue = arena_strndup(a, (const char *)in->value.data, in->value.len);
    return value;
}

/* AWS: the digest is of those that are told. */
static void tell_attributes(struct request *req, const struct sqs_ReceiveMessageRequest *in,
                            const struct sqs_take *item, struct sqs_Message *out)
{
    struct arena *a = &req->arena;
    struct sqs_attribute *list;
    size_t count, wanted = 0;
    struct bytes packed;
    char *digest;

    if (in->MessageAttributeNames.count == 0 || item->content.attributes.len == 0)
        return;
    count = sqs_attributes_unpack(item->content.attributes, a, &list);
    out->MessageAttributes.items = ARENA_ARRAY(a, struct sqs_MessageBodyAttributeMap_entry, count);
    for (size_t i = 0; i < count; i++) {
        if (!attribute_is_wanted(&in->MessageAttributeNames, list[i].name))
            continue;
        list[wanted] = list[i];
        out->MessageAttributes.items[wanted] = (struct sqs_MessageBodyAttributeMap_entry){
            .key = list[i].name, .value = attribute_value(a, &list[i])};
        wanted++;
    }
    out->MessageAttributes.count = wanted;
    if (wanted == 0) {
        out->MessageAttributes.items = NULL;
        return;
    }
    packed = sqs_attributes_pack(a, list, wanted);
    digest = arena_alloc(a, SQS_MD5_TEXT);
    sqs_md5_text(packed.data, packed.len, digest);
    out->MD5OfMessageAttributes = digest;
}

void sqs_tell_message(struct request *req, const struct sqs_ReceiveMessageRequest *in,
                      const struct sqs_queue *queue, const char *handle,
                      const struct sqs_take *item, struct sqs_Message *out)
{
    char *id = arena_alloc(&req->arena, SQS_UUID_TEXT);
    char *digest = arena_alloc(&req->arena, SQS_MD5_TEXT);

    sqs_uuid_text(item->content.id, id);
    sqs_md5_text(item->content.body, strlen(item->content.body), digest);
    *out = (struct sqs_Message){
        .MessageId = id,
        .ReceiptHandle = handle,
        .MD5OfBody = digest,
        .Body = item->content.body,
    };
    tell_system_attributes(req, in, queue, item, out);
    tell_attributes(req, in, item, out);
}

/* --- the wish --- */

static int check_names(struct request *req, const struct sqs_ReceiveMessageRequest *in)
{
    static const char *const known[] = {
        "All", "SenderId", "SentTimestamp", "ApproximateReceiveCount",
        "ApproximateFirstReceiveTimestamp", "SequenceNumber", "MessageDeduplicationId",
        "MessageGroupId", "AWSTraceHeader", "DeadLetterQueueSourceArn",
        /* AWS takes names of queues' attributes, too, and tells nothing for them. */
        "Policy", "VisibilityTimeout", "MaximumMessageSize", "MessageRetentionPeriod",
        "ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible", "CreatedTimestamp",
        "LastModifiedTimestamp", "QueueArn", "ApproximateNumberOfMessagesDelayed", "DelaySeconds",
        "ReceiveMessageWaitTimeSeconds", "RedrivePolicy", "FifoQueue", "ContentBasedDeduplication",
        "KmsMasterKeyId", "KmsDataKeyReusePeriodSeconds", "DeduplicationScope",
        "FifoThroughputLimit", "RedriveAllowPolicy", "SqsManagedSseEnabled"};

    for (size_t i = 0; i < in->AttributeNames.count + in->MessageSystemAttributeNames.count; i++) {
        const char *name =
            i < in->AttributeNames.count
                ? in->AttributeNames.items[i]
                : in->MessageSystemAttributeNames.items[i - in->AttributeNames.count];
        size_t k = 0;

        while (k < ARRAY_LEN(known) && !str_eq(known[k], name))
            k++;
        if (k == ARRAY_LEN(known))
            return aws_fail(req, &sqs_InvalidAttributeName, "Unknown Attribute %s.", name);
    }
    return 0;
}

static int check_numbers(struct request *req, const struct sqs_ReceiveMessageRequest *in)
{
    int max = VALUE_OR(in->MaxNumberOfMessages, 1);
    int wait = VALUE_OR(in->WaitTimeSeconds, 0);
    int visibility = VALUE_OR(in->VisibilityTimeout, 0);

    if (max < 1 || max > SQS_BATCH_MAX)
        return aws_fail(req, &sqs_InvalidParameterValue,
                        "Value %d for parameter MaxNumberOfMessages is invalid. Reason: Must be "
                        "between 1 and 10, if provided.",
                        max);
    if (wait < 0 || wait > 20)
        return aws_fail(req, &sqs_InvalidParameterValue,
                        "Value %d for parameter WaitTimeSeconds is invalid. Reason: Must be >= 0 "
                        "and <= 20, if provided.",
                        wait);
    if (visibility < 0 || visibility > SQS_VISIBILITY_MAX_S)
        return aws_fail(req, &sqs_InvalidParameterValue,
                        "Value %d for parameter VisibilityTimeout is invalid. Reason: Must be "
                        "between 0 and 43200, if provided.",
                        visibility);
    return 0;
}

/* Waits until something may have come; false when the time is over or the client has gone. */
static bool wait_for_arrival(struct request *req, struct sqs_queue *queue, uint64_t ticket,
                             int64_t until_ms)
{
    int64_t left_ms = until_ms - clock_monotonic_ms();

    return left_ms > 0 && waitq_wait(queue->arrivals, ticket, left_ms, req->client_fd,
                                     req->app->stop_fd) == WAIT_WOKEN;
}

/* Tries until there is something, or the queue has been deleted, or nothing more is to be waited
 * for. */
static enum store_status take_or_wait(struct request *req, struct sqs_queue *queue,
                                      const struct sqs_wish *wish, int wait_s,
                                      struct sqs_take items[SQS_BATCH_MAX], size_t *out_count)
{
    struct sqs *q = sqs_of(req->app);
    int64_t until_ms = clock_monotonic_ms() + (int64_t)wait_s * 1000;
    enum store_status rc = sqs_take(q, queue, wish, &req->arena, items, out_count);
    uint64_t ticket;

    if (wait_s == 0 || *out_count > 0 || rc == STORE_FAILED)
        return rc;
    sqs_timer_watch(q->timer, queue);
    do {
        ticket = waitq_ticket(queue->arrivals);
        rc = sqs_queue_gone(queue) ? STORE_NOT_FOUND
                                   : sqs_take(q, queue, wish, &req->arena, items, out_count);
    } while (*out_count == 0 && (rc == STORE_OK || rc == STORE_LIMIT) &&
             wait_for_arrival(req, queue, ticket, until_ms));
    sqs_timer_unwatch(q->timer, queue);
    return rc;
}

int sqs_receive_message(struct request *req, const struct sqs_ReceiveMessageRequest *in,
                        struct sqs_ReceiveMessageResult *out)
{
    struct sqs_take items[SQS_BATCH_MAX];
    const uint8_t *secret;
    struct sqs_queue *queue;
    struct sqs_rules rules;
    enum store_status rc;
    size_t count;

    if (str_starts(req->path, SQS_INSPECT_PATH))
        return sqs_inspect(req, in, out);
    if (sqs_use(req, in->QueueUrl, &queue) || check_names(req, in) || check_numbers(req, in))
        return -1;
    rules = sqs_queue_rules(queue, &req->arena);
    const struct sqs_wish wish = {
        .max = (size_t)VALUE_OR(in->MaxNumberOfMessages, 1),
        .visibility_s = VALUE_OR(in->VisibilityTimeout, -1),
        .attempt_id = in->ReceiveRequestAttemptId,
    };
    if (sqs_secret(sqs_of(req->app), &secret) != STORE_OK)
        return aws_fail_internal(req);
    rc =
        take_or_wait(req, queue, &wish, VALUE_OR(in->WaitTimeSeconds, rules.wait_s), items, &count);
    /* AWS: a FIFO queue, and who waits, is given nothing. */
    if (rc == STORE_LIMIT && !queue->fifo && VALUE_OR(in->WaitTimeSeconds, rules.wait_s) == 0)
        return aws_fail(req, &sqs_OverLimit, "Too many messages are in flight.");
    if (rc != STORE_OK && rc != STORE_LIMIT)
        return sqs_fail_store(req, rc);
    if (count == 0)
        return 0;
    out->Messages.items = ARENA_ARRAY(&req->arena, struct sqs_Message, count);
    out->Messages.count = count;
    for (size_t i = 0; i < count; i++) {
        const struct sqs_receipt receipt = {
            .queue = queue->ref.id, .number = items[i].number, .received = items[i].received};

        sqs_tell_message(req, in, queue, sqs_receipt_make(&req->arena, secret, &receipt), &items[i],
                         &out->Messages.items[i]);
    }
    return 0;
}
