/* What is done with receipt handles: deleting messages, and changing how long they stay hidden. */
#include "handlers/sqs/operations.h"

int sqs_read_receipt(struct request *req, const struct sqs_queue *queue, const char *handle,
                     struct sqs_receipt *out)
{
    const uint8_t *secret;

    if (!handle)
        return sqs_fail_missing(req, "ReceiptHandle");
    if (sqs_secret(sqs_of(req->app), &secret) != STORE_OK)
        return aws_fail_internal(req);
    if (!sqs_receipt_read(handle, secret, out) || out->queue != queue->ref.id)
        return aws_fail(req, &sqs_ReceiptHandleIsInvalid,
                        "The input receipt handle \"%s\" is not a valid receipt handle.", handle);
    return 0;
}

/* The entries of a batch whose handles are good, and which entries they are. */
struct receipts {
    struct sqs_receipt items[SQS_BATCH_MAX];
    int visibility_s[SQS_BATCH_MAX];
    size_t entry[SQS_BATCH_MAX];
    size_t count;
};

/* --- deleting --- */

static int check_dropped(struct request *req, const char *handle, enum sqs_outcome outcome,
                         bool fifo)
{
    /* AWS: to delete what is gone does nothing. */
    if (outcome != SQS_EXPIRED || !fifo)
        return 0;
    return aws_fail(req, &sqs_InvalidParameterValue,
                    "Value %s for parameter ReceiptHandle is invalid. Reason: The receipt handle "
                    "has expired.",
                    handle);
}

int sqs_delete_message(struct request *req, const struct sqs_DeleteMessageRequest *in,
                       struct sqs_DeleteMessageOutput *out)
{
    struct sqs_receipt receipt;
    enum sqs_outcome outcome;
    struct sqs_queue *queue;
    enum store_status rc;

    (void)out;
    if (sqs_use(req, in->QueueUrl, &queue) ||
        sqs_read_receipt(req, queue, in->ReceiptHandle, &receipt))
        return -1;
    rc = sqs_drop(sqs_of(req->app), queue, &receipt, 1, &outcome);
    if (rc != STORE_OK)
        return sqs_fail_store(req, rc);
    return check_dropped(req, in->ReceiptHandle, outcome, queue->fifo);
}

static int check_entries(struct request *req, const char *operation, const char *const *ids,
                         size_t count)
{
    if (count == 0)
        return aws_fail(req, &sqs_EmptyBatchRequest,
                        "There should be at least one %sBatchRequestEntry in the request.",
                        operation);
    return sqs_check_batch(req, ids, count);
}

int sqs_delete_message_batch(struct request *req, const struct sqs_DeleteMessageBatchRequest *in,
                             struct sqs_DeleteMessageBatchResult *out)
{
    const struct sqs_DeleteMessageBatchRequestEntry *entries = in->Entries.items;
    size_t count = MIN(in->Entries.count, (size_t)SQS_BATCH_MAX);
    enum sqs_outcome outcomes[SQS_BATCH_MAX];
    const char *ids[SQS_BATCH_MAX];
    struct receipts r = {.count = 0};
    struct sqs_queue *queue;
    enum store_status rc;

    for (size_t i = 0; i < count; i++)
        ids[i] = entries[i].Id;
    if (sqs_use(req, in->QueueUrl, &queue) ||
        check_entries(req, "DeleteMessage", ids, in->Entries.count))
        return -1;
    out->Successful.items =
        ARENA_ARRAY(&req->arena, struct sqs_DeleteMessageBatchResultEntry, count);
    out->Failed.items = ARENA_ARRAY(&req->arena, struct sqs_BatchResultErrorEntry, count);
    for (size_t i = 0; i < count; i++) {
        r.entry[r.count] = i;
        if (sqs_read_receipt(req, queue, entries[i].ReceiptHandle, &r.items[r.count]))
            out->Failed.items[out->Failed.count++] = sqs_entry_failure(req, ids[i]);
        else
            r.count++;
    }
    rc = sqs_drop(sqs_of(req->app), queue, r.items, r.count, outcomes);
    if (rc != STORE_OK)
        return sqs_fail_store(req, rc);
    for (size_t i = 0; i < r.count; i++) {
        const char *id = ids[r.entry[i]];

        if (check_dropped(req, entries[r.entry[i]].ReceiptHandle, outcomes[i], queue->fifo))
            out->Failed.items[out->Failed.count++] = sqs_entry_failure(req, id);
        else
            out->Successful.items[out->Successful.count++].Id = id;
    }
    SQS_LEAVE_OUT_EMPTY(out->Successful);
    SQS_LEAVE_OUT_EMPTY(out->Failed);
    return 0;
}

/* --- visibility --- */

static int check_visibility(struct request *req, struct maybe_int visibility_s)
{
    if (!visibility_s.set)
        return sqs_fail_missing(req, "VisibilityTimeout");
    if (visibility_s.value < 0 || visibility_s.value > SQS_VISIBILITY_MAX_S)
        return aws_fail(req, &sqs_InvalidParameterValue,
                        "Value %d for parameter VisibilityTimeout is invalid. Reason: "
                        "VisibilityTimeout must be an integer between 0 and 43200.",
                        (int)visibility_s.value);
    return 0;
}

static int check_hidden(struct request *req, const char *handle, enum sqs_outcome outcome,
                        int visibility_s)
{
    switch (outcome) {
    case SQS_DONE:
        return 0;
    case SQS_TOO_LONG:
        return aws_fail(req, &sqs_InvalidParameterValue,
                        "Value %d for parameter VisibilityTimeout is invalid. Reason: Total "
                        "VisibilityTimeout for the message is beyond the limit [%d seconds].",
                        visibility_s, SQS_VISIBILITY_MAX_S);
    case SQS_NOT_IN_FLIGHT:
        return aws_fail(req, &sqs_MessageNotInflight, "%s", "");
    case SQS_EXPIRED:
    case SQS_NOT_THERE:
        break;
    }
    return aws_fail(req, &sqs_InvalidParameterValue,
                    "Value %s for parameter ReceiptHandle is invalid. Reason: Message does not "
                    "exist or is not available for visibility timeout change.",
                    handle);
}

int sqs_change_message_visibility(struct request *req,
                                  const struct sqs_ChangeMessageVisibilityRequest *in,
                                  struct sqs_ChangeMessageVisibilityOutput *out)
{
    int visibility_s = VALUE_OR(in->VisibilityTimeout, 0);
    struct sqs_receipt receipt;
    enum sqs_outcome outcome;
    struct sqs_queue *queue;
    enum store_status rc;

    (void)out;
    if (sqs_use(req, in->QueueUrl, &queue) || check_visibility(req, in->VisibilityTimeout) ||
        sqs_read_receipt(req, queue, in->ReceiptHandle, &receipt))
        return -1;
    rc = sqs_hide(sqs_of(req->app), queue, &receipt, &visibility_s, 1, &outcome);
    if (rc != STORE_OK)
        return sqs_fail_store(req, rc);
    return check_hidden(req, in->ReceiptHandle, outcome, visibility_s);
}

int sqs_change_message_visibility_batch(struct request *req,
                                        const struct sqs_ChangeMessageVisibilityBatchRequest *in,
                                        struct sqs_ChangeMessageVisibilityBatchResult *out)
{
    const struct sqs_ChangeMessageVisibilityBatchRequestEntry *entries = in->Entries.items;
    size_t count = MIN(in->Entries.count, (size_t)SQS_BATCH_MAX);
    enum sqs_outcome outcomes[SQS_BATCH_MAX];
    const char *ids[SQS_BATCH_MAX];
    struct receipts r = {.count = 0};
    struct sqs_queue *queue;
    enum store_status rc;

    for (size_t i = 0; i < count; i++)
        ids[i] = entries[i].Id;
    if (sqs_use(req, in->QueueUrl, &queue) ||
        check_entries(req, "ChangeMessageVisibility", ids, in->Entries.count))
        return -1;
    out->Successful.items =
        ARENA_ARRAY(&req->arena, struct sqs_ChangeMessageVisibilityBatchResultEntry, count);
    out->Failed.items = ARENA_ARRAY(&req->arena, struct sqs_BatchResultErrorEntry, count);
    for (size_t i = 0; i < count; i++) {
        r.entry[r.count] = i;
        r.visibility_s[r.count] = VALUE_OR(entries[i].VisibilityTimeout, 0);
        if (check_visibility(req, entries[i].VisibilityTimeout) ||
            sqs_read_receipt(req, queue, entries[i].ReceiptHandle, &r.items[r.count]))
            out->Failed.items[out->Failed.count++] = sqs_entry_failure(req, ids[i]);
        else
            r.count++;
    }
    rc = sqs_hide(sqs_of(req->app), queue, r.items, r.visibility_s, r.count, outcomes);
    if (rc != STORE_OK)
        return sqs_fail_store(req, rc);
    for (size_t i = 0; i < r.count; i++) {
        const char *id = ids[r.entry[i]];

        if (check_hidden(req, entries[r.entry[i]].ReceiptHandle, outcomes[i], r.visibility_s[i]))
            out->Failed.items[out->Failed.count++] = sqs_entry_failure(req, id);
        else
            out->Successful.items[out->Successful.count++].Id = id;
    }
    SQS_LEAVE_OUT_EMPTY(out->Successful);
    SQS_LEAVE_OUT_EMPTY(out->Failed);
    return 0;
}
