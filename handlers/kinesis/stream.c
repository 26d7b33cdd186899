/* CreateStream, DeleteStream, DescribeStream, DescribeStreamSummary, ListStreams. */
#include "handlers/common/arn.h"
#include "handlers/common/page_token.h"
#include "handlers/kinesis/hash.h"
#include "handlers/kinesis/queue.h"
#include "storage/kinesis_channel_store.h"

enum {
    RETENTION_HOURS = 24,
    ON_DEMAND_SHARDS = 4,
    RECORD_MAX_KIB = 1024,
    DESCRIBE_SHARDS = 100, /* AWS: who asks for more gets these, here and below */
    LIST_STREAMS = 100,
};

/* A stream takes records as soon as it has been made, and is gone as soon as it has been deleted.
 */
static const char status_active[] = "ACTIVE";
static const char list_streams_kind[] = "kinesis ListStreams";

/* --- CreateStream --- */

static int read_mode(struct request *req, const struct kinesis_CreateStreamInput *in,
                     struct kinesis_new_stream *out)
{
    const struct scope scope = {.account = req->account, .region = req->region};
    /* AWS: who names neither a mode nor a number of shards gets an on-demand stream. */
    bool on_demand = in->StreamModeDetails ? str_eq(in->StreamModeDetails->StreamMode, "ON_DEMAND")
                                           : !in->ShardCount.set;

    out->mode = on_demand ? KINESIS_ON_DEMAND : KINESIS_PROVISIONED;
    if (!on_demand && !in->ShardCount.set)
        return aws_fail(req, &kinesis_ValidationException,
                        "1 validation error detected: Value null at 'shardCount' failed to satisfy "
                        "constraint: Member must not be null");
    if (on_demand && in->ShardCount.set)
        return aws_fail(req, &kinesis_ValidationException,
                        "ShardCount must not be provided for a stream in ON_DEMAND mode.");
    if (kinesis_read_distribution(req, in->RecordDistributionStrategy, on_demand, &out->spread))
        return -1;
    if (in->WarmThroughputMiBps.set &&
        kinesis_check_warm(req, &scope, on_demand, in->WarmThroughputMiBps.value))
        return -1;
    out->warm_mibps = VALUE_OR(in->WarmThroughputMiBps, 0);
    out->shard_count = on_demand ? (size_t)MAX(out->warm_mibps, (int32_t)ON_DEMAND_SHARDS)
                                 : (size_t)in->ShardCount.value;
    return 0;
}

int kinesis_check_shard_limit(struct request *req, const struct scope *scope, size_t more)
{
    int64_t now;

    if (kinesis_store_open_shards(kinesis_of(req->app)->store, scope, &now) != STORE_OK)
        return aws_fail_internal(req);
    if (now + (int64_t)more <= KINESIS_SHARD_LIMIT)
        return 0;
    return aws_fail(req, &kinesis_LimitExceededException,
                    "This request would exceed the shard limit for the account %s in %s. Current "
                    "shard count for the account: %" PRId64 ". Limit: %d. Number of additional "
                    "shards that would have resulted from this request: %zu. Refer to the AWS "
                    "Service Limits page "
                    "(http://docs.aws.amazon.com/general/latest/gr/aws_service_limits.html) for "
                    "current limits and how to request higher limits.",
                    scope->account, scope->region, now, KINESIS_SHARD_LIMIT, more);
}

static int exists(struct request *req, const char *name)
{
    return aws_fail(req, &kinesis_ResourceInUseException,
                    "Stream %s under account %s already exists.", name, req->account);
}

int kinesis_create_stream(struct request *req, const struct kinesis_CreateStreamInput *in,
                          struct kinesis_CreateStreamOutput *out)
{
    struct kinesis *k = kinesis_of(req->app);
    const struct scope scope = {.account = req->account, .region = req->region};
    struct kinesis_new_stream stream = {
        .name = in->StreamName,
        .created_ms = clock_now_ms(&req->app->clock),
        .retention_hours = RETENTION_HOURS,
        .record_max = VALUE_OR(in->MaxRecordSizeInKiB, RECORD_MAX_KIB) * 1024,
    };
    struct kinesis_hash_range *ranges;
    struct kinesis_hold *present;
    enum store_status rc;

    (void)out;
    if (read_mode(req, in, &stream) ||
        kinesis_new_tags(req, in->StreamName, &in->Tags, &stream.tags))
        return -1;
    rc = kinesis_hold(k, &scope, in->StreamName, &present);
    if (rc == STORE_OK)
        kinesis_release(present);
    if (rc == STORE_OK)
        return exists(req, in->StreamName);
    if (kinesis_check_shard_limit(req, &scope, stream.shard_count))
        return -1;
    ranges = ARENA_ARRAY(&req->arena, struct kinesis_hash_range, stream.shard_count);
    for (size_t i = 0; i < stream.shard_count; i++)
        ranges[i] = kinesis_hash_part(i, stream.shard_count);
    stream.ranges = ranges;
    rc = kinesis_make(k, &scope, &stream);
    if (rc == STORE_EXISTS)
        return exists(req, in->StreamName);
    return rc == STORE_OK ? 0 : aws_fail_internal(req);
}

/* --- DeleteStream --- */

int kinesis_delete_stream(struct request *req, const struct kinesis_DeleteStreamInput *in,
                          struct kinesis_DeleteStreamOutput *out)
{
    struct kinesis_hold *hold;
    int64_t consumers;
    int64_t queues;
    int64_t channels;
    enum store_status rc;

    (void)out;
    if (kinesis_use_named(req, in->StreamName, in->StreamARN, in->StreamId, &hold))
        return -1;
    rc = kinesis_consumer_count(kinesis_of(req->app)->store, hold->stream, &consumers);
    if (rc == STORE_OK)
        rc = kinesis_queue_count(kinesis_of(req->app)->store, hold->stream, &queues);
    if (rc == STORE_OK)
        rc = kinesis_channel_count(kinesis_of(req->app)->store, hold->stream, &channels);
    if (rc != STORE_OK)
        return aws_fail_internal(req);
    if (queues || channels)
        return kinesis_fail_in_use(req, hold);
    if (consumers && !(in->EnforceConsumerDeletion.set && in->EnforceConsumerDeletion.value))
        return aws_fail(req, &kinesis_ResourceInUseException,
                        "Stream %s under account %s has consumers registered with it. Deregister "
                        "them, or set EnforceConsumerDeletion.",
                        hold->stream->name, hold->account);
    rc = kinesis_delete(kinesis_of(req->app), hold);
    if (rc == STORE_CONFLICT)
        return kinesis_fail_in_use(req, hold);
    if (rc == STORE_NOT_FOUND)
        return kinesis_fail_gone(req, hold);
    return rc == STORE_OK ? 0 : aws_fail_internal(req);
}

/* --- DescribeStream --- */

static struct kinesis_StreamModeDetails *mode_details(struct request *req, enum kinesis_mode mode)
{
    struct kinesis_StreamModeDetails *details =
        ARENA_NEW(&req->arena, struct kinesis_StreamModeDetails);

    details->StreamMode = kinesis_mode_name(mode);
    return details;
}

/* AWS: always one element, whose list may be empty. */
static struct kinesis_EnhancedMonitoringList monitoring(struct request *req, uint32_t metrics)
{
    struct kinesis_EnhancedMetrics *all = ARENA_NEW(&req->arena, struct kinesis_EnhancedMetrics);

    all->ShardLevelMetrics = kinesis_metrics(&req->arena, metrics);
    return (struct kinesis_EnhancedMonitoringList){.items = all, .count = 1};
}

static struct kinesis_ShardList shards_after(struct request *req, struct kinesis_stream *stream,
                                             int32_t after, size_t limit, bool *out_more)
{
    int64_t not_before = kinesis_not_before(stream, clock_now_ms(&req->app->clock));
    struct kinesis_shard_list shards = kinesis_stream_shards(stream, &req->arena);
    struct kinesis_ShardList list = {
        .items = ARENA_ARRAY(&req->arena, struct kinesis_Shard, MIN(limit, shards.count))};

    *out_more = false;
    for (size_t i = 0; i < shards.count; i++) {
        if (shards.items[i]->index <= after || kinesis_expired(shards.items[i], not_before))
            continue;
        if (list.count == limit) {
            *out_more = true;
            break;
        }
        kinesis_shard_describe(&req->arena, shards.items[i], &list.items[list.count++]);
    }
    return list;
}

int kinesis_describe_stream(struct request *req, const struct kinesis_DescribeStreamInput *in,
                            struct kinesis_DescribeStreamOutput *out)
{
    struct kinesis_StreamDescription *d = ARENA_NEW(&req->arena, struct kinesis_StreamDescription);
    struct kinesis_hold *hold;
    size_t limit = (size_t)MIN(VALUE_OR(in->Limit, DESCRIBE_SHARDS), DESCRIBE_SHARDS);
    struct kinesis_settings settings;
    int32_t after = -1;
    bool more;

    if (kinesis_use_named(req, in->StreamName, in->StreamARN, in->StreamId, &hold) ||
        kinesis_settings(req, hold, &settings))
        return -1;
    if (in->ExclusiveStartShardId && !kinesis_shard_index(in->ExclusiveStartShardId, &after))
        return kinesis_fail_no_shard(req, hold, in->ExclusiveStartShardId);
    d->StreamName = hold->stream->name;
    d->StreamARN = kinesis_stream_arn(req, hold);
    d->StreamStatus = status_active;
    d->StreamModeDetails = mode_details(req, hold->stream->mode);
    d->Shards = shards_after(req, hold->stream, after, limit, &more);
    d->HasMoreShards = SOME_BOOL(more);
    d->RetentionPeriodHours = SOME_INT(hold->stream->retention_hours);
    d->StreamCreationTimestamp = SOME_TIME(hold->stream->created_ms);
    d->EnhancedMonitoring = monitoring(req, settings.metrics);
    d->EncryptionType = settings.key_id ? "KMS" : "NONE";
    d->KeyId = settings.key_id;
    out->StreamDescription = d;
    return 0;
}

int kinesis_describe_stream_summary(struct request *req,
                                    const struct kinesis_DescribeStreamSummaryInput *in,
                                    struct kinesis_DescribeStreamSummaryOutput *out)
{
    struct kinesis_StreamDescriptionSummary *d =
        ARENA_NEW(&req->arena, struct kinesis_StreamDescriptionSummary);
    struct kinesis_settings settings;
    struct kinesis_hold *hold;
    int64_t consumers;
    int64_t queues;
    int64_t channels;

    if (kinesis_use_named(req, in->StreamName, in->StreamARN, in->StreamId, &hold) ||
        kinesis_settings(req, hold, &settings))
        return -1;
    if (kinesis_consumer_count(kinesis_of(req->app)->store, hold->stream, &consumers) != STORE_OK ||
        kinesis_queue_count(kinesis_of(req->app)->store, hold->stream, &queues) != STORE_OK ||
        kinesis_channel_count(kinesis_of(req->app)->store, hold->stream, &channels) != STORE_OK)
        return aws_fail_internal(req);
    d->StreamName = hold->stream->name;
    d->StreamARN = kinesis_stream_arn(req, hold);
    d->StreamStatus = status_active;
    d->StreamModeDetails = mode_details(req, hold->stream->mode);
    d->RetentionPeriodHours = SOME_INT(hold->stream->retention_hours);
    d->StreamCreationTimestamp = SOME_TIME(hold->stream->created_ms);
    d->EnhancedMonitoring = monitoring(req, settings.metrics);
    d->EncryptionType = settings.key_id ? "KMS" : "NONE";
    d->KeyId = settings.key_id;
    d->OpenShardCount =
        SOME_INT((int32_t)kinesis_stream_open_shards(hold->stream, &req->arena).count);
    d->ConsumerCount = SOME_INT((int32_t)consumers);
    d->QueueCount = SOME_INT((int32_t)queues);
    d->ChannelCount = SOME_INT((int32_t)channels);
    if (settings.warm_mibps)
        d->WarmThroughput = kinesis_warm(&req->arena, settings.warm_mibps);
    d->RecordDistributionStrategy = kinesis_distribution_name(hold->stream);
    d->MaxRecordSizeInKiB = SOME_INT(hold->stream->record_max / 1024);
    out->StreamDescriptionSummary = d;
    return 0;
}

/* --- ListStreams --- */

static void describe_row(struct request *req, const struct kinesis_stream_row *row,
                         struct kinesis_StreamSummary *out)
{
    out->StreamName = row->name;
    out->StreamARN =
        arn_make(&req->arena, "kinesis", req->region, req->account, "stream/%s", row->name);
    out->StreamStatus = status_active;
    out->StreamModeDetails = mode_details(req, row->mode);
    out->StreamCreationTimestamp = SOME_TIME(row->created_ms);
}

int kinesis_list_streams(struct request *req, const struct kinesis_ListStreamsInput *in,
                         struct kinesis_ListStreamsOutput *out)
{
    const struct scope scope = {.account = req->account, .region = req->region};
    const char *after = in->ExclusiveStartStreamName;
    size_t limit = (size_t)MIN(VALUE_OR(in->Limit, LIST_STREAMS), LIST_STREAMS);
    struct kinesis_stream_row *rows;
    size_t count;

    if (in->NextToken && !(after = page_token_read(&req->arena, list_streams_kind, in->NextToken)))
        return aws_fail(req, &kinesis_InvalidArgumentException, "NextToken is invalid.");
    if (kinesis_store_list(kinesis_of(req->app)->store, &scope, after, limit + 1, &req->arena,
                           &rows, &count) != STORE_OK)
        return aws_fail_internal(req);
    out->HasMoreStreams = SOME_BOOL(count > limit);
    count = MIN(count, limit);
    out->StreamNames.items = ARENA_ARRAY(&req->arena, const char *, count);
    out->StreamSummaries.items = ARENA_ARRAY(&req->arena, struct kinesis_StreamSummary, count);
    out->StreamNames.count = out->StreamSummaries.count = count;
    for (size_t i = 0; i < count; i++) {
        out->StreamNames.items[i] = rows[i].name;
        describe_row(req, &rows[i], &out->StreamSummaries.items[i]);
    }
    if (out->HasMoreStreams.value)
        out->NextToken = page_token_make(&req->arena, list_streams_kind, rows[count - 1].name);
    return 0;
}
