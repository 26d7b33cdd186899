/* SendMessage and SendMessageBatch. */
#include "handlers/iam/iam.h"
#include "handlers/sqs/operations.h"

enum { BATCH_BYTES_MAX = 1048576 };

static char *uuid_of(struct arena *a, const uint8_t id[SQS_MESSAGE_ID_LEN])
{
    char *text = arena_alloc(a, SQS_UUID_TEXT);

    sqs_uuid_text(id, text);
    return text;
}

/* NULL for a standard queue. */
static char *sequence_of(struct arena *a, const struct sqs_queue *queue, int64_t number)
{
    char *text;

    if (!queue->fifo)
        return NULL;
    text = arena_alloc(a, SQS_SEQUENCE_TEXT);
    sqs_sequence_text(number, text);
    return text;
}

int sqs_send_message(struct request *req, const struct sqs_SendMessageRequest *in,
                     struct sqs_SendMessageResult *out)
{
    const struct sqs_draft draft = {
        .body = in->MessageBody,
        .delay_s = in->DelaySeconds,
        .attributes = &in->MessageAttributes,
        .system_attributes = &in->MessageSystemAttributes,
        .dedup_id = in->MessageDeduplicationId,
        .group_id = in->MessageGroupId,
    };
    struct sqs_sent_digests digests;
    struct iam_caller caller;
    struct sqs_sending item;
    struct sqs_queue *queue;
    struct sqs_rules rules;
    enum store_status rc;

    if (sqs_use(req, in->QueueUrl, &queue))
        return -1;
    rules = sqs_queue_rules(queue, &req->arena);
    if (sqs_compose(req, queue, &rules, &draft, &item, &digests))
        return -1;
    if (sqs_draft_size(&draft) > (size_t)rules.size_max)
        return aws_fail(req, &sqs_InvalidParameterValue,
                        "One or more parameters are invalid. Reason: Message must be shorter than "
                        "%d bytes.",
                        (int)rules.size_max);
    if (iam_caller_of(req, &caller))
        return -1;
    item.content.sender = caller.id;
    rc = sqs_put(sqs_of(req->app), queue, &item, 1);
    if (rc != STORE_OK)
        return sqs_fail_store(req, rc);
    out->MessageId = uuid_of(&req->arena, item.content.id);
    out->MD5OfMessageBody = digests.md5_of_body;
    out->MD5OfMessageAttributes = digests.md5_of_attributes;
    out->MD5OfMessageSystemAttributes = digests.md5_of_system_attributes;
    out->SequenceNumber = sequence_of(&req->arena, queue, item.number);
    return 0;
}

/* --- batches --- */

static struct sqs_draft draft_of(const struct sqs_SendMessageBatchRequestEntry *in)
{
    return (struct sqs_draft){
        .body = in->MessageBody,
        .delay_s = in->DelaySeconds,
        .attributes = &in->MessageAttributes,
        .system_attributes = &in->MessageSystemAttributes,
        .dedup_id = in->MessageDeduplicationId,
        .group_id = in->MessageGroupId,
    };
}

/* AWS: these are told of the whole batch, each before any entry is looked at. */
static int check_whole(struct request *req, const struct sqs_queue *queue,
                       const struct sqs_rules *rules,
                       const struct sqs_SendMessageBatchRequestEntryList *entries)
{
    const char *ids[SQS_BATCH_MAX];
    size_t bytes = 0;

    for (size_t i = 0; i < MIN(entries->count, (size_t)SQS_BATCH_MAX); i++)
        ids[i] = entries->items[i].Id;
    if (entries->count == 0)
        return aws_fail(req, &sqs_EmptyBatchRequest,
                        "There should be at least one SendMessageBatchRequestEntry in the "
                        "request.");
    if (sqs_check_batch(req, ids, entries->count))
        return -1;
    for (size_t i = 0; i < entries->count; i++) {
        const struct sqs_draft draft = draft_of(&entries->items[i]);

        bytes += sqs_draft_size(&draft);
        if (queue->fifo && !draft.group_id)
            return aws_fail(req, &sqs_InvalidParameterValue,
                            "The request must contain the parameter MessageGroupId.");
        if (queue->fifo && !draft.dedup_id && !rules->content_dedup)
            return aws_fail(req, &sqs_InvalidParameterValue,
                            "The queue should either have ContentBasedDeduplication enabled or "
                            "MessageDeduplicationId provided explicitly");
    }
    if (bytes > BATCH_BYTES_MAX)
        return aws_fail(req, &sqs_BatchRequestTooLong,
                        "Batch requests cannot be longer than %d bytes. You have sent %zu bytes.",
                        BATCH_BYTES_MAX, bytes);
    return 0;
}

static int compose_entry(struct request *req, const struct sqs_queue *queue,
                         const struct sqs_rules *rules, const struct sqs_draft *draft,
                         struct sqs_sending *item, struct sqs_sent_digests *digests)
{
    if (sqs_draft_size(draft) > (size_t)rules->size_max)
        return aws_fail(req, &sqs_InvalidParameterValue,
                        "One or more parameters cannot be validated. Reason: Message must be "
                        "shorter than %d bytes.",
                        (int)rules->size_max);
    return sqs_compose(req, queue, rules, draft, item, digests);
}

int sqs_send_message_batch(struct request *req, const struct sqs_SendMessageBatchRequest *in,
                           struct sqs_SendMessageBatchResult *out)
{
    struct arena *a = &req->arena;
    struct sqs_sending items[SQS_BATCH_MAX];
    struct sqs_sent_digests digests[SQS_BATCH_MAX];
    struct iam_caller caller;
    struct sqs_queue *queue;
    struct sqs_rules rules;
    size_t good = 0;

    if (sqs_use(req, in->QueueUrl, &queue))
        return -1;
    rules = sqs_queue_rules(queue, a);
    if (check_whole(req, queue, &rules, &in->Entries) || iam_caller_of(req, &caller))
        return -1;
    out->Successful.items =
        ARENA_ARRAY(a, struct sqs_SendMessageBatchResultEntry, in->Entries.count);
    out->Failed.items = ARENA_ARRAY(a, struct sqs_BatchResultErrorEntry, in->Entries.count);
    for (size_t i = 0; i < in->Entries.count; i++) {
        const struct sqs_SendMessageBatchRequestEntry *entry = &in->Entries.items[i];
        const struct sqs_draft draft = draft_of(entry);

        if (compose_entry(req, queue, &rules, &draft, &items[good], &digests[good])) {
            out->Failed.items[out->Failed.count++] = sqs_entry_failure(req, entry->Id);
            continue;
        }
        items[good].content.sender = caller.id;
        out->Successful.items[good++].Id = entry->Id;
    }
    enum store_status rc = sqs_put(sqs_of(req->app), queue, items, good);
    if (rc != STORE_OK)
        return sqs_fail_store(req, rc);
    out->Successful.count = good;
    SQS_LEAVE_OUT_EMPTY(out->Successful);
    SQS_LEAVE_OUT_EMPTY(out->Failed);
    for (size_t i = 0; i < good; i++) {
        struct sqs_SendMessageBatchResultEntry *result = &out->Successful.items[i];

        result->MessageId = uuid_of(a, items[i].content.id);
        result->MD5OfMessageBody = digests[i].md5_of_body;
        result->MD5OfMessageAttributes = digests[i].md5_of_attributes;
        result->MD5OfMessageSystemAttributes = digests[i].md5_of_system_attributes;
        result->SequenceNumber = sequence_of(a, queue, items[i].number);
    }
    return 0;
}
