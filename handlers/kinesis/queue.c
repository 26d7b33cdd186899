/*
 * CreateQueue, DescribeQueue, ListQueues, UpdateQueue, DeleteQueue.
 *
 * A queue is ready when CreateQueue returns, changed when UpdateQueue returns and gone when
 * DeleteQueue returns; their answers tell the states in between, as AWS's do.
 */
#include "handlers/kinesis/queue.h"

#include "handlers/common/arn.h"
#include "handlers/common/page_token.h"
#include "server/base/digest.h"
#include "storage/kinesis_channel_store.h"

enum {
    VISIBILITY_S = 30,
    MAX_RECEIVES = 6,
    LIST_QUEUES = 100,
    UUID_TEXT = 37,
};

static const char list_queues_kind[] = "kinesis ListQueues";
static const char status_active[] = "ACTIVE";
static const char status_creating[] = "CREATING";

/* --- which queue --- */

int kinesis_fail_no_queue(struct request *req, const char *arn)
{
    return aws_fail(req, &kinesis_ResourceNotFoundException, "Queue %s not found.", arn);
}

int kinesis_fail_in_use(struct request *req, const struct kinesis_hold *hold)
{
    int64_t channels = 0;

    if (kinesis_channel_count(kinesis_of(req->app)->store, hold->stream, &channels) != STORE_OK)
        return aws_fail_internal(req);
    if (channels)
        return aws_fail(req, &kinesis_ResourceInUseException,
                        "Stream %s under account %s has channels. Delete them with DeleteChannel "
                        "first.",
                        hold->stream->name, hold->account);
    return aws_fail(req, &kinesis_ResourceInUseException,
                    "Stream %s under account %s has queues. Delete them with DeleteQueue first.",
                    hold->stream->name, hold->account);
}

int kinesis_use_queue(struct request *req, const char *arn, struct kinesis_hold **out_hold,
                      struct kinesis_queue *out)
{
    const struct scope scope = {.account = req->account, .region = req->region};
    const char *resource;
    struct arn named;
    enum store_status rc;

    if (!arn_parse(&req->arena, arn, &named) || !str_eq(named.service, "kinesis") ||
        !(resource = arn_resource_after(&named, "queue/")))
        return aws_fail(req, &kinesis_InvalidArgumentException, "Invalid QueueARN: %s", arn);
    if (!str_eq(named.account, req->account) || !str_eq(named.region, req->region))
        return kinesis_fail_no_queue(req, arn);
    rc = kinesis_queue_find(kinesis_of(req->app)->store, &scope, resource, &req->arena, out);
    if (rc == STORE_NOT_FOUND)
        return kinesis_fail_no_queue(req, arn);
    if (rc != STORE_OK)
        return aws_fail_internal(req);
    const struct kinesis_name stream = {.scope = scope, .stream = out->stream};
    return kinesis_use(req, &stream, out_hold);
}

/* --- how it is told --- */

static const char *const start_names[] = {
    [KINESIS_QUEUE_LATEST] = "LATEST",
    [KINESIS_QUEUE_TRIM_HORIZON] = "TRIM_HORIZON",
    [KINESIS_QUEUE_AT_TIMESTAMP] = "AT_TIMESTAMP",
};

static char *arn_of(struct request *req, const struct kinesis_queue *queue)
{
    return arn_make(&req->arena, "kinesis", req->region, req->account, "queue/%s", queue->resource);
}

static char *stream_arn_of(struct request *req, const struct kinesis_queue *queue)
{
    return arn_make(&req->arena, "kinesis", req->region, req->account, "stream/%s", queue->stream);
}

static struct kinesis_QueueAttributes *attributes(struct arena *a,
                                                  const struct kinesis_queue *queue)
{
    struct kinesis_QueueAttributes *out = ARENA_NEW(a, struct kinesis_QueueAttributes);
    struct kinesis_DeadLetterConfiguration *dead =
        ARENA_NEW(a, struct kinesis_DeadLetterConfiguration);

    dead->TargetType = queue->max_receives ? "BUILT_IN" : "NONE";
    if (queue->max_receives)
        dead->MaxReceiveCount = SOME_INT(queue->max_receives);
    out->VisibilityTimeoutSeconds = SOME_INT(queue->visibility_s);
    out->DeadLetterConfiguration = dead;
    return out;
}

static struct kinesis_QueueDescription *
describe(struct request *req, const struct kinesis_queue *queue, const char *status)
{
    struct arena *a = &req->arena;
    struct kinesis_QueueDescription *d = ARENA_NEW(a, struct kinesis_QueueDescription);
    struct kinesis_QueueStreamConfiguration *stream =
        ARENA_NEW(a, struct kinesis_QueueStreamConfiguration);

    stream->StreamARN = stream_arn_of(req, queue);
    stream->StartingPosition = ARENA_NEW(a, struct kinesis_QueueStartingPosition);
    stream->StartingPosition->Type = start_names[queue->start];
    /* AWS: where it begins is not known yet while it is being created. */
    if (status != status_creating || queue->start == KINESIS_QUEUE_AT_TIMESTAMP)
        stream->StartingPosition->Timestamp = SOME_TIME(queue->start_ms);
    d->QueueName = queue->name;
    d->QueueARN = arn_of(req, queue);
    d->QueueStatus = status;
    d->QueueCreationTimestamp = SOME_TIME(queue->created_ms);
    d->StreamConfigurationList =
        (struct kinesis_QueueStreamConfigurationList){.items = stream, .count = 1};
    d->QueueAttributes = attributes(a, queue);
    return d;
}

/* --- CreateQueue --- */

/* Sets what is given, and leaves the rest. */
static int read_attributes(struct request *req, const struct kinesis_QueueAttributes *in,
                           int32_t *visibility_s, int32_t *max_receives)
{
    const struct kinesis_DeadLetterConfiguration *dead = in ? in->DeadLetterConfiguration : NULL;
    bool on = dead && str_eq(dead->TargetType, "BUILT_IN");

    if (on && !dead->MaxReceiveCount.set)
        return aws_fail(req, &kinesis_ValidationException,
                        "MaxReceiveCount is required when TargetType is BUILT_IN.");
    if (dead && !on && dead->MaxReceiveCount.set)
        return aws_fail(req, &kinesis_ValidationException,
                        "MaxReceiveCount can only be specified when TargetType is BUILT_IN.");
    if (dead)
        *max_receives = on ? dead->MaxReceiveCount.value : 0;
    if (in && in->VisibilityTimeoutSeconds.set)
        *visibility_s = in->VisibilityTimeoutSeconds.value;
    return 0;
}

static int read_start(struct request *req, const struct kinesis_QueueStartingPosition *in,
                      const struct kinesis_stream *stream, struct kinesis_queue *queue)
{
    /* The earliest time that the stream can be read from. */
    int64_t earliest_ms = MAX(stream->created_ms, kinesis_not_before(stream, queue->created_ms));

    queue->start_ms = queue->created_ms;
    if (in && str_eq(in->Type, "TRIM_HORIZON")) {
        queue->start = KINESIS_QUEUE_TRIM_HORIZON;
        queue->start_ms = earliest_ms;
    } else if (in && str_eq(in->Type, "AT_TIMESTAMP")) {
        queue->start = KINESIS_QUEUE_AT_TIMESTAMP;
        queue->start_ms = MAX(in->Timestamp.ms, earliest_ms);
    }
    if (queue->start == KINESIS_QUEUE_AT_TIMESTAMP && !in->Timestamp.set)
        return aws_fail(req, &kinesis_ValidationException,
                        "Timestamp is required when the starting position is AT_TIMESTAMP.");
    if (queue->start != KINESIS_QUEUE_AT_TIMESTAMP && in && in->Timestamp.set)
        return aws_fail(req, &kinesis_ValidationException,
                        "Timestamp can only be specified when the starting position is "
                        "AT_TIMESTAMP.");
    if (queue->start_ms > queue->created_ms)
        return aws_fail(req, &kinesis_InvalidArgumentException,
                        "The Timestamp of the starting position cannot be in the future.");
    return 0;
}

/* The first record to deliver of each shard that there is. Shards that open later are delivered
 * from their beginning. */
static int find_places(struct request *req, struct kinesis_stream *stream,
                       const struct kinesis_queue *queue, struct kinesis_new_queue *out)
{
    struct kinesis_store *store = kinesis_of(req->app)->store;
    struct kinesis_shard_list shards = kinesis_stream_shards(stream, &req->arena);
    int64_t *next = ARENA_ARRAY(&req->arena, int64_t, shards.count);
    enum store_status rc = STORE_OK;

    for (size_t i = 0; rc == STORE_OK && i < shards.count; i++) {
        const struct kinesis_shard *shard = shards.items[i];
        if (queue->start == KINESIS_QUEUE_LATEST)
            rc = kinesis_store_latest(store, shard, &next[shard->index]);
        else if (queue->start == KINESIS_QUEUE_AT_TIMESTAMP)
            rc = kinesis_store_number_at(store, shard, queue->start_ms, &next[shard->index]);
    }
    out->next = next;
    out->shard_count = shards.count;
    return rc == STORE_OK ? 0 : aws_fail_internal(req);
}

static int add(struct request *req, const struct kinesis_hold *hold,
               const struct kinesis_new_queue *new)
{
    const struct scope scope = {.account = req->account, .region = req->region};

    switch (kinesis_queue_add(kinesis_of(req->app)->store, &scope, hold->stream, new)) {
    case STORE_OK:
        return 0;
    case STORE_NOT_FOUND:
        return kinesis_fail_gone(req, hold);
    case STORE_CONFLICT:
        return aws_fail(req, &kinesis_ValidationException,
                        "Request is invalid. Stream %s under account %s is not in On-Demand mode, "
                        "which queues need.",
                        hold->stream->name, hold->account);
    case STORE_EXISTS:
        return aws_fail(req, &kinesis_ResourceInUseException,
                        "Queue %s under account %s already exists.", new->queue->name,
                        req->account);
    case STORE_LIMIT:
        return kinesis_fail_consumers(req, hold, new->max);
    default:
        return aws_fail_internal(req);
    }
}

int kinesis_create_queue(struct request *req, const struct kinesis_CreateQueueInput *in,
                         struct kinesis_CreateQueueOutput *out)
{
    const struct kinesis_QueueStreamConfiguration *from = &in->StreamConfigurationList.items[0];
    struct kinesis_queue queue = {.name = in->QueueName,
                                  .created_ms = clock_now_ms(&req->app->clock),
                                  .visibility_s = VISIBILITY_S,
                                  .max_receives = MAX_RECEIVES};
    struct kinesis_new_queue new = {.queue = &queue};
    char resource[UUID_TEXT];
    struct kinesis_hold *hold;

    if (in->StreamConfigurationList.count != 1)
        return aws_fail(req, &kinesis_ValidationException,
                        "StreamConfigurationList must contain exactly one entry.");
    if (read_attributes(req, in->QueueAttributes, &queue.visibility_s, &queue.max_receives) ||
        kinesis_use_named(req, NULL, from->StreamARN, NULL, &hold) ||
        read_start(req, from->StartingPosition, hold->stream, &queue) ||
        kinesis_new_tags(req, hold->stream->name, &in->Tags, &new.tags))
        return -1;
    if (!str_eq(hold->account, req->account))
        return kinesis_fail_gone(req, hold); /* both belong to one account */
    uuid_v4(resource);
    queue.resource = arena_strdup(&req->arena, resource);
    queue.stream = hold->stream->name;
    if (kinesis_consumer_limit(req, hold, &new.max) ||
        find_places(req, hold->stream, &queue, &new) || add(req, hold, &new))
        return -1;
    out->QueueDescription = describe(req, &queue, status_creating);
    return 0;
}

/* --- DescribeQueue, UpdateQueue, DeleteQueue --- */

int kinesis_describe_queue(struct request *req, const struct kinesis_DescribeQueueInput *in,
                           struct kinesis_DescribeQueueOutput *out)
{
    struct kinesis_queue queue;
    struct kinesis_hold *hold;

    if (kinesis_use_queue(req, in->QueueARN, &hold, &queue))
        return -1;
    out->QueueDescription = describe(req, &queue, status_active);
    return 0;
}

int kinesis_update_queue(struct request *req, const struct kinesis_UpdateQueueInput *in,
                         struct kinesis_UpdateQueueOutput *out)
{
    int32_t visibility_s = -1;
    int32_t max_receives = -1;
    struct kinesis_queue queue;
    struct kinesis_hold *hold;
    enum store_status rc;

    if (kinesis_use_queue(req, in->QueueARN, &hold, &queue) ||
        read_attributes(req, in->QueueAttributes, &visibility_s, &max_receives))
        return -1;
    rc = kinesis_queue_update(kinesis_of(req->app)->store, queue.id, visibility_s, max_receives);
    if (rc == STORE_NOT_FOUND)
        return kinesis_fail_no_queue(req, in->QueueARN);
    if (rc != STORE_OK)
        return aws_fail_internal(req);
    queue.visibility_s = visibility_s < 0 ? queue.visibility_s : visibility_s;
    queue.max_receives = max_receives < 0 ? queue.max_receives : max_receives;
    out->QueueDescription = describe(req, &queue, "UPDATING");
    return 0;
}

int kinesis_delete_queue(struct request *req, const struct kinesis_DeleteQueueInput *in,
                         struct kinesis_DeleteQueueOutput *out)
{
    struct kinesis_queue queue;
    struct kinesis_hold *hold;
    enum store_status rc;

    (void)out;
    if (kinesis_use_queue(req, in->QueueARN, &hold, &queue))
        return -1;
    rc = kinesis_queue_remove(kinesis_of(req->app)->store, queue.id);
    if (rc == STORE_NOT_FOUND)
        return kinesis_fail_no_queue(req, in->QueueARN);
    if (rc != STORE_OK)
        return aws_fail_internal(req);
    waitq_wake(hold->arrivals); /* those who wait for its records */
    return 0;
}

/* --- ListQueues --- */

bool kinesis_filter_stream(struct request *req, const char *arn_text, struct maybe_time created,
                           const char **out_name)
{
    struct kinesis_hold *hold = NULL;
    const char *name;
    struct arn arn;

    if (!arn_parse(&req->arena, arn_text, &arn) || !str_eq(arn.account, req->account) ||
        !str_eq(arn.region, req->region) || !(name = arn_resource_after(&arn, "stream/")))
        return false;
    const struct kinesis_name stream = {.scope = {.account = req->account, .region = req->region},
                                        .stream = name};
    if (kinesis_find(req, &stream, &hold) != STORE_OK)
        return false;
    *out_name = name;
    return !kinesis_is_another(created, hold->stream);
}

static struct kinesis_QueueSummary summary(struct request *req, const struct kinesis_queue *queue)
{
    struct kinesis_QueueStreamIdentifier *stream =
        ARENA_NEW(&req->arena, struct kinesis_QueueStreamIdentifier);

    stream->StreamARN = stream_arn_of(req, queue);
    stream->StreamCreationTimestamp = SOME_TIME(queue->stream_created_ms);
    return (struct kinesis_QueueSummary){
        .QueueName = queue->name,
        .QueueARN = arn_of(req, queue),
        .QueueStatus = status_active,
        .QueueCreationTimestamp = SOME_TIME(queue->created_ms),
        .Streams = {.items = stream, .count = 1},
    };
}

int kinesis_list_queues(struct request *req, const struct kinesis_ListQueuesInput *in,
                        struct kinesis_ListQueuesOutput *out)
{
    const struct scope scope = {.account = req->account, .region = req->region};
    size_t limit = (size_t)MIN(VALUE_OR(in->MaxResults, LIST_QUEUES), LIST_QUEUES);
    struct kinesis_queue *items = NULL;
    const char *stream = NULL;
    const char *after = NULL;
    const char *kind;
    size_t count = 0;
    bool any;

    if (in->StreamFilter.count > 1)
        return aws_fail(req, &kinesis_ValidationException,
                        "StreamFilter must contain exactly one entry.");
    any = in->StreamFilter.count == 0 ||
          kinesis_filter_stream(req, in->StreamFilter.items[0].StreamARN,
                                in->StreamFilter.items[0].StreamCreationTimestamp, &stream);
    kind = arena_printf(&req->arena, "%s %s/%s/%s", list_queues_kind, req->account, req->region,
                        in->StreamFilter.count ? in->StreamFilter.items[0].StreamARN : "");
    if (in->NextToken && kinesis_token_read(req, in->NextToken, kind, &after))
        return -1;
    if (any && kinesis_queue_list(kinesis_of(req->app)->store, &scope, stream, after, limit + 1,
                                  &req->arena, &items, &count) != STORE_OK)
        return aws_fail_internal(req);
    out->QueueSummaries.count = MIN(count, limit);
    out->QueueSummaries.items =
        ARENA_ARRAY(&req->arena, struct kinesis_QueueSummary, out->QueueSummaries.count);
    for (size_t i = 0; i < out->QueueSummaries.count; i++)
        out->QueueSummaries.items[i] = summary(req, &items[i]);
    if (items && count > limit)
        out->NextToken = kinesis_token_make(req, kind, items[limit - 1].name);
    return 0;
}
