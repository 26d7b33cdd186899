/* How long a stream keeps records, and how many shards and streams an account may have. */
#include "handlers/kinesis/operations.h"
#include "storage/kinesis_channel_store.h"

enum {
    RETENTION_MIN_HOURS = 24,
    RETENTION_MAX_HOURS = 8760,
    ON_DEMAND_STREAMS_MAX = 50, /* AWS: the quota of the large regions; told, not enforced */
    CHANNELS_MAX = 2 * ON_DEMAND_STREAMS_MAX, /* AWS: two for each of these */
};

static int set_retention(struct request *req, struct kinesis_hold *hold, int32_t hours)
{
    enum store_status rc =
        kinesis_store_set_retention(kinesis_of(req->app)->store, hold->stream, hours);

    if (rc == STORE_NOT_FOUND)
        return kinesis_fail_gone(req, hold);
    return rc == STORE_OK ? 0 : aws_fail_internal(req);
}

static int check_hours(struct request *req, int32_t hours)
{
    if (hours < RETENTION_MIN_HOURS)
        return aws_fail(req, &kinesis_InvalidArgumentException,
                        "Minimum allowed retention period is %d hours. Requested retention period "
                        "(%d hours) is too short.",
                        RETENTION_MIN_HOURS, hours);
    if (hours > RETENTION_MAX_HOURS)
        return aws_fail(req, &kinesis_InvalidArgumentException,
                        "Maximum allowed retention period is %d hours. Requested retention period "
                        "(%d hours) is too long.",
                        RETENTION_MAX_HOURS, hours);
    return 0;
}

int kinesis_increase_retention(struct request *req,
                               const struct kinesis_IncreaseStreamRetentionPeriodInput *in,
                               struct kinesis_IncreaseStreamRetentionPeriodOutput *out)
{
    int32_t hours = in->RetentionPeriodHours.value;
    struct kinesis_hold *hold;

    (void)out;
    if (kinesis_use_named(req, in->StreamName, in->StreamARN, in->StreamId, &hold) ||
        check_hours(req, hours))
        return -1;
    if (hours < hold->stream->retention_hours)
        return aws_fail(req, &kinesis_InvalidArgumentException,
                        "Requested retention period (%d hours) for stream %s can not be shorter "
                        "than existing retention period (%d hours). Use DecreaseRetentionPeriod "
                        "API.",
                        hours, hold->stream->name, hold->stream->retention_hours);
    return set_retention(req, hold, hours);
}

int kinesis_decrease_retention(struct request *req,
                               const struct kinesis_DecreaseStreamRetentionPeriodInput *in,
                               struct kinesis_DecreaseStreamRetentionPeriodOutput *out)
{
    int32_t hours = in->RetentionPeriodHours.value;
    struct kinesis_hold *hold;

    (void)out;
    if (kinesis_use_named(req, in->StreamName, in->StreamARN, in->StreamId, &hold) ||
        check_hours(req, hours))
        return -1;
    if (hours > hold->stream->retention_hours)
        return aws_fail(req, &kinesis_InvalidArgumentException,
                        "Requested retention period (%d hours) for stream %s can not be longer "
                        "than existing retention period (%d hours). Use IncreaseRetentionPeriod "
                        "API.",
                        hours, hold->stream->name, hold->stream->retention_hours);
    return set_retention(req, hold, hours);
}

int kinesis_describe_limits(struct request *req, const struct kinesis_DescribeLimitsInput *in,
                            struct kinesis_DescribeLimitsOutput *out)
{
    struct kinesis_store *store = kinesis_of(req->app)->store;
    const struct scope scope = {.account = req->account, .region = req->region};
    int64_t shards;
    int64_t streams;
    int64_t channels;

    (void)in;
    if (kinesis_store_open_shards(store, &scope, &shards) != STORE_OK ||
        kinesis_store_on_demand_streams(store, &scope, &streams) != STORE_OK ||
        kinesis_channel_total(store, &scope, &channels) != STORE_OK)
        return aws_fail_internal(req);
    out->ShardLimit = SOME_INT(KINESIS_SHARD_LIMIT);
    out->OpenShardCount = SOME_INT((int32_t)shards);
    out->OnDemandStreamCount = SOME_INT((int32_t)streams);
    out->OnDemandStreamCountLimit = SOME_INT(ON_DEMAND_STREAMS_MAX);
    out->ChannelCount = SOME_INT((int32_t)channels);
    out->ChannelCountLimit = SOME_INT(CHANNELS_MAX);
    return 0;
}
