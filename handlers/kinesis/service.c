/* Kinesis as the server sees it, and what its operations share. */
#include "server/service.h"
#include "handlers/common/arn.h"
#include "handlers/kinesis/hash.h"
#include "handlers/kinesis/name.h"
#include "handlers/kinesis/operations.h"
#include "handlers/kinesis/sequence.h"

#include <stdatomic.h>

enum { HOUR_MS = 3600 * 1000 };

static const struct kinesis_handlers handlers = {
    .AcknowledgeDeadLetterQueueRecords = kinesis_acknowledge_dead_letters,
    .AcknowledgeQueueRecords = kinesis_acknowledge_records,
    .AddTagsToStream = kinesis_add_tags_to_stream,
    .CreateChannel = kinesis_create_channel,
    .CreateQueue = kinesis_create_queue,
    .CreateStream = kinesis_create_stream,
    .DecreaseStreamRetentionPeriod = kinesis_decrease_retention,
    .DeleteChannel = kinesis_delete_channel,
    .DeleteQueue = kinesis_delete_queue,
    .DeleteResourcePolicy = kinesis_delete_resource_policy,
    .DeleteStream = kinesis_delete_stream,
    .DeregisterStreamConsumer = kinesis_deregister_stream_consumer,
    .DescribeAccountSettings = kinesis_describe_account_settings,
    .DescribeChannel = kinesis_describe_channel,
    .DescribeLimits = kinesis_describe_limits,
    .DescribeQueue = kinesis_describe_queue,
    .DescribeStream = kinesis_describe_stream,
    .DescribeStreamConsumer = kinesis_describe_stream_consumer,
    .DescribeStreamSummary = kinesis_describe_stream_summary,
    .DisableEnhancedMonitoring = kinesis_disable_monitoring,
    .EnableEnhancedMonitoring = kinesis_enable_monitoring,
    .GetRecords = kinesis_get_records,
    .GetResourcePolicy = kinesis_get_resource_policy,
    .GetShardIterator = kinesis_get_shard_iterator,
    .IncreaseStreamRetentionPeriod = kinesis_increase_retention,
    .ListChannels = kinesis_list_channels,
    .ListQueues = kinesis_list_queues,
    .ListShards = kinesis_list_shards,
    .ListStreamConsumers = kinesis_list_stream_consumers,
    .ListStreams = kinesis_list_streams,
    .ListTagsForResource = kinesis_list_tags_for_resource,
    .ListTagsForStream = kinesis_list_tags_for_stream,
    .MergeShards = kinesis_merge_shards,
    .PutRecord = kinesis_put_record,
    .PutRecords = kinesis_put_records,
    .PutResourcePolicy = kinesis_put_resource_policy,
    .ReceiveDeadLetterQueueRecords = kinesis_receive_dead_letters,
    .ReceiveQueueRecords = kinesis_receive_queue_records,
    .RegisterStreamConsumer = kinesis_register_stream_consumer,
    .RemoveTagsFromStream = kinesis_remove_tags_from_stream,
    .RestoreDeadLetterQueueRecords = kinesis_restore_dead_letters,
    .SplitShard = kinesis_split_shard,
    .StartStreamEncryption = kinesis_start_encryption,
    .StopStreamEncryption = kinesis_stop_encryption,
    .SubscribeToShard = kinesis_subscribe_to_shard,
    .TagResource = kinesis_tag_resource,
    .UntagResource = kinesis_untag_resource,
    .UpdateAccountSettings = kinesis_update_account_settings,
    .UpdateChannel = kinesis_update_channel,
    .UpdateDeadLetterQueueRecordsVisibility = kinesis_update_dead_letter_visibility,
    .UpdateMaxRecordSize = kinesis_update_max_record_size,
    .UpdateQueue = kinesis_update_queue,
    .UpdateQueueRecordsVisibility = kinesis_update_visibility,
    .UpdateShardCount = kinesis_update_shard_count,
    .UpdateStreamMode = kinesis_update_stream_mode,
    .UpdateStreamRecordDistributionStrategy = kinesis_update_distribution,
    .UpdateStreamWarmThroughput = kinesis_update_warm_throughput,
};

static const char *const quick[] = {"PutRecord", "PutRecords", NULL};

const struct service kinesis_service = {
    .model = &kinesis_model,
    .handlers = &handlers,
    .open = kinesis_state_open,
    .close = kinesis_state_close,
    .start = kinesis_state_start,
    .json_words = JSON_WORDS_CLASSES,
    .id_2_len = 72,
    .quick = quick,
};

/* --- which stream --- */

static int named_by_arn(struct request *req, const char *text, struct kinesis_name *out)
{
    struct kinesis_arn arn;

    if (!kinesis_arn_read(&req->arena, text, &arn) || arn.consumer)
        return aws_fail(req, &kinesis_InvalidArgumentException, "Invalid StreamARN: %s", text);
    if (out->stream && !str_eq(out->stream, arn.stream))
        return aws_fail(req, &kinesis_InvalidArgumentException,
                        "StreamARN %s does not match StreamName %s.", text, out->stream);
    out->stream = arn.stream;
    out->scope = arn.scope;
    return 0;
}

int kinesis_named(struct request *req, const char *name, const char *arn, const char *id,
                  struct kinesis_name *out)
{
    *out = (struct kinesis_name){
        .scope = {.account = req->account, .region = req->region},
        .stream = name,
    };
    if (id)
        return aws_fail_unsupported(req, "StreamId");
    if (arn)
        return named_by_arn(req, arn, out);
    if (name)
        return 0;
    return aws_fail(req, &kinesis_InvalidArgumentException,
                    "Either StreamName or StreamARN must be provided.");
}

int kinesis_fail_gone(struct request *req, const struct kinesis_hold *hold)
{
    return aws_fail(req, &kinesis_ResourceNotFoundException,
                    "Stream %s under account %s not found.", hold->stream->name, hold->account);
}

int kinesis_fail_no_shard(struct request *req, const struct kinesis_hold *hold,
                          const char *shard_id)
{
    return aws_fail(req, &kinesis_ResourceNotFoundException,
                    "Could not find shard %s in stream %s under account %s.", shard_id,
                    hold->stream->name, hold->account);
}

int kinesis_check_dry(struct request *req, struct maybe_bool dry)
{
    if (!VALUE_OR(dry, false))
        return 0;
    return aws_fail(req, &kinesis_DryRunOperationException,
                    "The request was rejected because the DryRun parameter was specified.");
}

int kinesis_fail_on_demand(struct request *req, const struct kinesis_hold *hold)
{
    return aws_fail(req, &kinesis_ValidationException,
                    "Request is invalid. Stream %s under account %s is in On-Demand mode.",
                    hold->stream->name, hold->account);
}

static void release(void *hold)
{
    kinesis_release(hold);
}

enum store_status kinesis_find(struct request *req, const struct kinesis_name *name,
                               struct kinesis_hold **out_hold)
{
    enum store_status rc;

    if (!str_eq(name->scope.region, req->region))
        return STORE_NOT_FOUND;
    rc = kinesis_hold(kinesis_of(req->app), &name->scope, name->stream, out_hold);
    if (rc == STORE_OK)
        arena_defer(&req->arena, release, *out_hold);
    return rc;
}

int kinesis_use(struct request *req, const struct kinesis_name *name,
                struct kinesis_hold **out_hold)
{
    enum store_status rc = kinesis_find(req, name, out_hold);

    if (rc == STORE_NOT_FOUND)
        return aws_fail(req, &kinesis_ResourceNotFoundException,
                        "Stream %s under account %s not found.", name->stream, name->scope.account);
    return rc == STORE_OK ? 0 : aws_fail_internal(req);
}

int kinesis_use_named(struct request *req, const char *name, const char *arn, const char *id,
                      struct kinesis_hold **out_hold)
{
    struct kinesis_name named;

    if (kinesis_named(req, name, arn, id, &named))
        return -1;
    return kinesis_use(req, &named, out_hold);
}

/* --- words --- */

bool kinesis_shard_index(const char *shard_id, int32_t *out_index)
{
    const char *dash = strchr(shard_id, '-');
    const char *digits = dash && dash[1] && dash[1] != '-' ? dash + 1 : shard_id;
    size_t len = strcspn(digits, "-");
    int64_t index = 0;

    if (len == 0 || strspn(digits, "0123456789") < len)
        return false;
    for (size_t i = 0; i < len; i++) {
        index = index * 10 + (digits[i] - '0');
        if (index > INT32_MAX)
            return false;
    }
    *out_index = (int32_t)index;
    return true;
}

const char *kinesis_shard_id(struct arena *a, int32_t index)
{
    static const char zero[] = "shardId-000000000000";
    char *text;
    char *digit;

    if (index < 0) /* AWS: as a sequence number that was made up may tell */
        return arena_printf(a, "shardId-%012" PRId32, index);
    text = arena_memdup(a, zero, sizeof(zero));
    digit = text + sizeof(zero) - 1;
    /* By hand, as PutRecords writes one for each record. */
    for (uint32_t rest = (uint32_t)index; rest > 0; rest /= 10)
        *--digit = (char)('0' + rest % 10);
    return text;
}

static char *hash_text(struct arena *a, const uint8_t hash[KINESIS_HASH_LEN])
{
    char *text = arena_alloc(a, KINESIS_HASH_TEXT);

    kinesis_hash_format(hash, text);
    return text;
}

struct kinesis_HashKeyRange *kinesis_hash_key_range(struct arena *a,
                                                    const struct kinesis_hash_range *range)
{
    struct kinesis_HashKeyRange *out = ARENA_NEW(a, struct kinesis_HashKeyRange);

    out->StartingHashKey = hash_text(a, range->start);
    out->EndingHashKey = hash_text(a, range->end);
    return out;
}

const char *kinesis_sequence_text(struct arena *a, const struct kinesis_shard *shard,
                                  int64_t number, int64_t at_ms)
{
    char *text = arena_alloc(a, KINESIS_SEQUENCE_MAX);

    kinesis_sequence_of(shard, number, at_ms, text);
    return text;
}

const char *kinesis_encryption_name(const struct kinesis_stream *stream)
{
    return atomic_load(&stream->encrypted) ? "KMS" : NULL;
}

void kinesis_shard_describe(struct arena *a, const struct kinesis_shard *shard,
                            struct kinesis_Shard *out)
{
    const char *first = kinesis_sequence_text(a, shard, 0, shard->created_ms);
    const char *last = NULL;

    /* AWS: the end is a number that no record has: the highest place, at the time of closing. */
    if (shard->closed_ms)
        last = kinesis_sequence_text(a, shard, INT64_MAX, shard->closed_ms);
    *out = (struct kinesis_Shard){
        .ShardId = kinesis_shard_id(a, shard->index),
        .ParentShardId = shard->parent < 0 ? NULL : kinesis_shard_id(a, shard->parent),
        .AdjacentParentShardId =
            shard->adjacent_parent < 0 ? NULL : kinesis_shard_id(a, shard->adjacent_parent),
        .HashKeyRange = kinesis_hash_key_range(a, &shard->range),
        .SequenceNumberRange = ARENA_NEW(a, struct kinesis_SequenceNumberRange),
    };
    out->SequenceNumberRange->StartingSequenceNumber = first;
    out->SequenceNumberRange->EndingSequenceNumber = last;
}

const char *kinesis_mode_name(enum kinesis_mode mode)
{
    return mode == KINESIS_ON_DEMAND ? "ON_DEMAND" : "PROVISIONED";
}

char *kinesis_stream_arn(struct request *req, const struct kinesis_hold *hold)
{
    return arn_make(&req->arena, "kinesis", hold->region, hold->account, "stream/%s",
                    hold->stream->name);
}

bool kinesis_expired(const struct kinesis_shard *shard, int64_t not_before)
{
    int64_t closed_ms = atomic_load(&shard->closed_ms);

    return closed_ms && closed_ms < not_before;
}

int64_t kinesis_not_before(const struct kinesis_stream *stream, int64_t now_ms)
{
    return now_ms - (int64_t)stream->retention_hours * HOUR_MS;
}
