/*
 * What is done to records that were received: acknowledging, changing their visibility, restoring
 * dead letters. Each entry of a request succeeds or fails for itself; all of it is one commit.
 */
#include "handlers/kinesis/queue.h"
#include "handlers/kinesis/receipt.h"

/* One entry, and how it went. */
struct entry {
    const char *handle;
    struct kinesis_queue_entry change;
    const char *code; /* NULL: it succeeded */
    const char *message;
};

struct task {
    const char *arn;
    enum kinesis_queue_action action;
    bool dead;
    struct entry *entries;
    size_t count;
};

/* --- what is wrong with a receipt --- */

static bool fail(struct entry *e, const struct aws_error *error, const char *message)
{
    e->code = error->code;
    e->message = message;
    return false;
}

/* Whether the receipt is one of this queue, and of this kind. */
static bool read_receipt(struct entry *e, const uint8_t *secret, int64_t queue, bool dead)
{
    const struct aws_error *invalid = &kinesis_InvalidArgumentException;
    struct kinesis_receipt receipt;

    if (!kinesis_receipt_parse(e->handle, secret, &receipt))
        return fail(e, invalid, "ReceiptHandle is invalid.");
    if (receipt.queue != queue)
        return fail(e, invalid, "ReceiptHandle was issued by another queue.");
    if (receipt.dead != dead)
        return fail(e, invalid,
                    dead ? "ReceiptHandle was not issued for a dead-letter record."
                         : "ReceiptHandle was issued for a dead-letter record.");
    e->change.shard = receipt.shard;
    e->change.number = receipt.number;
    e->change.delivery = receipt.delivery;
    return true;
}

static void tell_outcome(struct entry *e)
{
    if (e->change.outcome == STORE_NOT_FOUND)
        fail(e, &kinesis_ResourceNotFoundException,
             "The record was acknowledged, or has left the stream.");
    if (e->change.outcome == STORE_CONFLICT)
        fail(e, &kinesis_InvalidArgumentException,
             "ReceiptHandle is no longer valid: the record was received again or restored, or has "
             "become a dead-letter record.");
}

/* --- doing it --- */

static int run(struct request *req, const struct task *task)
{
    struct kinesis_queue_entry **good =
        ARENA_ARRAY(&req->arena, struct kinesis_queue_entry *, task->count);
    struct kinesis_queue_change change = {
        .action = task->action, .dead = task->dead, .entries = good};
    struct kinesis_queue queue;
    struct kinesis_hold *hold;
    const uint8_t *secret;
    enum store_status rc;

    if (kinesis_use_queue(req, task->arn, &hold, &queue))
        return -1;
    if (kinesis_secret(kinesis_of(req->app), &secret) != STORE_OK)
        return aws_fail_internal(req);
    change.queue = queue.id;
    change.now_ms = clock_now_ms(&req->app->clock);
    change.not_before = kinesis_not_before(hold->stream, change.now_ms);
    for (size_t i = 0; i < task->count; i++)
        if (read_receipt(&task->entries[i], secret, queue.id, task->dead))
            good[change.count++] = &task->entries[i].change;
    if (change.count == 0)
        return 0;
    rc = kinesis_queue_change(kinesis_of(req->app)->store, &change);
    if (rc == STORE_NOT_FOUND)
        return kinesis_fail_no_queue(req, task->arn);
    if (rc != STORE_OK)
        return aws_fail_internal(req);
    for (size_t i = 0; i < task->count; i++)
        tell_outcome(&task->entries[i]);
    if (task->action != KINESIS_QUEUE_ACKNOWLEDGE)
        waitq_wake(hold->arrivals); /* some may be visible earlier than those think who wait */
    return 0;
}

/* --- the operations --- */

#define NO_SECONDS(entry) 0
#define SECONDS_OF(entry) ((entry).VisibilityTimeoutSeconds.value)

/* The operations have the same members, in structures of their own. SECONDS gives the visibility
 * timeout that an entry of the request asks for. */
#define ENTRIES_OPERATION(operation, function, what, letters, SECONDS)                             \
    int function(struct request *req, const struct kinesis_##operation##Input *in,                 \
                 struct kinesis_##operation##Output *out)                                          \
    {                                                                                              \
        size_t count = in->Entries.count;                                                          \
        struct entry *entries = ARENA_ARRAY(&req->arena, struct entry, count);                     \
        const struct task task = {in->QueueARN, (what), (letters), entries, count};                \
                                                                                                   \
        for (size_t i = 0; i < count; i++) {                                                       \
            entries[i].handle = in->Entries.items[i].ReceiptHandle;                                \
            entries[i].change.visibility_s = SECONDS(in->Entries.items[i]);                        \
        }                                                                                          \
        if (run(req, &task))                                                                       \
            return -1;                                                                             \
        out->Successful.items =                                                                    \
            ARENA_ARRAY(&req->arena, struct kinesis_##operation##ResultEntry, count);              \
        out->Failed.items =                                                                        \
            ARENA_ARRAY(&req->arena, struct kinesis_##operation##ErrorEntry, count);               \
        for (size_t i = 0; i < count; i++) {                                                       \
            const struct entry *e = &entries[i];                                                   \
            if (!e->code)                                                                          \
                out->Successful.items[out->Successful.count++].ReceiptHandle = e->handle;          \
            else                                                                                   \
                out->Failed.items[out->Failed.count++] = (struct kinesis_##operation##ErrorEntry){ \
                    .ReceiptHandle = e->handle, .ErrorCode = e->code, .ErrorMessage = e->message}; \
        }                                                                                          \
        return 0;                                                                                  \
    }

ENTRIES_OPERATION(AcknowledgeQueueRecords, kinesis_acknowledge_records, KINESIS_QUEUE_ACKNOWLEDGE,
                  false, NO_SECONDS)
ENTRIES_OPERATION(AcknowledgeDeadLetterQueueRecords, kinesis_acknowledge_dead_letters,
                  KINESIS_QUEUE_ACKNOWLEDGE, true, NO_SECONDS)
ENTRIES_OPERATION(UpdateQueueRecordsVisibility, kinesis_update_visibility, KINESIS_QUEUE_HIDE,
                  false, SECONDS_OF)
ENTRIES_OPERATION(UpdateDeadLetterQueueRecordsVisibility, kinesis_update_dead_letter_visibility,
                  KINESIS_QUEUE_HIDE, true, SECONDS_OF)
ENTRIES_OPERATION(RestoreDeadLetterQueueRecords, kinesis_restore_dead_letters,
                  KINESIS_QUEUE_RESTORE, true, NO_SECONDS)
