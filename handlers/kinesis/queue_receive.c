/*
 * ReceiveQueueRecords, ReceiveDeadLetterQueueRecords: waiting at the stream's waitq for records
 * that were put, or for those whose visibility timeout runs out.
 */
#include "handlers/kinesis/queue.h"
#include "handlers/kinesis/receipt.h"

enum {
    RECEIVE_MAX = 10,
    WAIT_S = 9,
    IN_FLIGHT_MAX = 120000, /* AWS: the quota of a queue */
    CLOCK_LOOK_MS = 1000,   /* tests move the clock */
};

/* What either operation asks for. */
struct wanted {
    const char *arn;
    bool dead;
    struct maybe_int limit;
    struct maybe_int wait_s;
    struct maybe_int visibility_s;
};

/* The same in all queues of the stream. */
static const char *record_id(struct arena *a, const struct kinesis_shard *shard, int64_t number)
{
    return arena_printf(a, "%016" PRIx64 "%016" PRIx64, (uint64_t)shard->id, (uint64_t)number);
}

static struct kinesis_QueueRecordList tell(struct request *req, const struct kinesis_hold *hold,
                                           const struct kinesis_queue *queue, bool dead,
                                           const uint8_t *secret,
                                           const struct kinesis_deliveries *deliveries)
{
    struct arena *a = &req->arena;
    struct kinesis_QueueRecordList list = {
        .items = ARENA_ARRAY(a, struct kinesis_QueueRecord, deliveries->count),
        .count = deliveries->count,
    };

    for (size_t i = 0; i < deliveries->count; i++) {
        const struct kinesis_delivery *d = &deliveries->items[i];
        const struct kinesis_receipt receipt = {.queue = queue->id,
                                                .shard = d->shard,
                                                .number = d->number,
                                                .delivery = d->delivery,
                                                .dead = dead};
        list.items[i] = (struct kinesis_QueueRecord){
            .ReceiptHandle = kinesis_receipt_format(&receipt, secret, a),
            .RecordId = record_id(a, kinesis_stream_shard(hold->stream, d->shard), d->number),
            .PartitionKey = d->record.key[0] ? d->record.key : NULL, /* none was given */
            .Data = d->record.data,
            .ApproximateArrivalTimestamp = SOME_TIME(d->record.at_ms),
            .FirstReceiveTimestamp = SOME_TIME(d->first_ms),
            .ReceiveCount = SOME_INT(d->receives),
        };
    }
    return list;
}

/* Until something may be there; false when the time is over, or the client has gone. */
static bool wait_for_more(struct request *req, struct kinesis_hold *hold, uint64_t ticket,
                          int64_t until_mono_ms, int64_t due_ms)
{
    int64_t left_ms = until_mono_ms - clock_monotonic_ms();
    int64_t wait_ms = MIN(MIN(left_ms, due_ms), (int64_t)CLOCK_LOOK_MS);

    return left_ms > 0 && waitq_wait(hold->arrivals, ticket, MAX(wait_ms, (int64_t)0),
                                     req->client_fd, req->app->stop_fd) != WAIT_ABANDONED;
}

static enum store_status receive_or_wait(struct request *req, struct kinesis_hold *hold,
                                         struct kinesis_queue_wish *wish, int32_t wait_s,
                                         struct kinesis_deliveries *out)
{
    int64_t until_mono_ms = clock_monotonic_ms() + (int64_t)wait_s * 1000;
    enum store_status rc;
    uint64_t ticket;

    do {
        ticket = waitq_ticket(hold->arrivals);
        wish->now_ms = clock_now_ms(&req->app->clock);
        wish->not_before = kinesis_not_before(hold->stream, wish->now_ms);
        rc = kinesis_queue_receive(kinesis_of(req->app)->store, hold->stream, wish, &req->arena,
                                   out);
    } while (rc == STORE_OK && out->count == 0 &&
             wait_for_more(req, hold, ticket, until_mono_ms, out->next_ms - wish->now_ms));
    return rc;
}

static int receive(struct request *req, const struct wanted *wanted,
                   struct kinesis_QueueRecordList *out)
{
    struct kinesis_queue_wish wish = {
        .dead = wanted->dead,
        .max = (size_t)VALUE_OR(wanted->limit, RECEIVE_MAX),
        .in_flight_max = IN_FLIGHT_MAX,
        .visibility_s = VALUE_OR(wanted->visibility_s, -1),
    };
    struct kinesis_deliveries deliveries;
    struct kinesis_queue queue;
    struct kinesis_hold *hold;
    const uint8_t *secret;
    enum store_status rc;

    if (kinesis_use_queue(req, wanted->arn, &hold, &queue))
        return -1;
    if (kinesis_secret(kinesis_of(req->app), &secret) != STORE_OK)
        return aws_fail_internal(req);
    wish.queue = queue.id;
    rc = receive_or_wait(req, hold, &wish, VALUE_OR(wanted->wait_s, WAIT_S), &deliveries);
    if (rc == STORE_NOT_FOUND)
        return kinesis_fail_no_queue(req, wanted->arn);
    if (rc != STORE_OK)
        return aws_fail_internal(req);
    *out = tell(req, hold, &queue, wanted->dead, secret, &deliveries);
    return 0;
}

int kinesis_receive_queue_records(struct request *req,
                                  const struct kinesis_ReceiveQueueRecordsInput *in,
                                  struct kinesis_ReceiveQueueRecordsOutput *out)
{
    const struct wanted wanted = {.arn = in->QueueARN,
                                  .dead = false,
                                  .limit = in->Limit,
                                  .wait_s = in->WaitTimeSeconds,
                                  .visibility_s = in->VisibilityTimeoutSeconds};

    return receive(req, &wanted, &out->QueueRecords);
}

int kinesis_receive_dead_letters(struct request *req,
                                 const struct kinesis_ReceiveDeadLetterQueueRecordsInput *in,
                                 struct kinesis_ReceiveDeadLetterQueueRecordsOutput *out)
{
    const struct wanted wanted = {.arn = in->QueueARN,
                                  .dead = true,
                                  .limit = in->Limit,
                                  .wait_s = in->WaitTimeSeconds,
                                  .visibility_s = in->VisibilityTimeoutSeconds};

    return receive(req, &wanted, &out->QueueRecords);
}
