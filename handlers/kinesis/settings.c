/*
 * What can be set of a stream: its mode, its throughput, the size of its records, encryption,
 * shard-level metrics. All of it holds when the answer is there.
 */
#include "handlers/kinesis/commitment.h"
#include "handlers/kinesis/queue.h"
#include "handlers/kinesis/reshard.h"

enum { WARM_MIBPS_MAX = 10 * 1024 };

static int outcome(struct request *req, const struct kinesis_hold *hold, enum store_status rc)
{
    if (rc == STORE_NOT_FOUND)
        return kinesis_fail_gone(req, hold);
    return rc == STORE_OK ? 0 : aws_fail_internal(req);
}

int kinesis_settings(struct request *req, const struct kinesis_hold *hold,
                     struct kinesis_settings *out)
{
    return outcome(
        req, hold,
        kinesis_store_settings(kinesis_of(req->app)->store, hold->stream, &req->arena, out));
}

/* --- mode and throughput --- */

int kinesis_check_warm(struct request *req, const struct scope *scope, bool on_demand,
                       int32_t mibps)
{
    bool committed;

    if (!on_demand)
        return aws_fail(req, &kinesis_ValidationException,
                        "WarmThroughputMiBps is only supported for streams in ON_DEMAND mode.");
    if (kinesis_committed(req, scope, &committed))
        return -1;
    if (!committed)
        return aws_fail(req, &kinesis_ValidationException,
                        "WarmThroughputMiBps is only supported for accounts that have "
                        "MinimumThroughputBillingCommitment enabled.");
    if (mibps > WARM_MIBPS_MAX)
        return aws_fail(req, &kinesis_LimitExceededException,
                        "WarmThroughputMiBps %d exceeds the limit of %d MiB per second.", mibps,
                        WARM_MIBPS_MAX);
    return 0;
}

/* A shard takes 1 MiB a second; AWS scales up and leaves scaling down to itself. Under control. */
static int scale_up(struct request *req, struct kinesis_hold *hold, int32_t mibps)
{
    size_t open = kinesis_stream_open_shards(hold->stream, &req->arena).count;
    const struct scope scope = {.account = hold->account, .region = hold->region};

    if ((size_t)mibps <= open)
        return 0;
    if (kinesis_check_shard_limit(req, &scope, (size_t)mibps - open))
        return -1;
    return kinesis_reshard_uniform(req, hold, (size_t)mibps);
}

static int set_warm(struct request *req, struct kinesis_hold *hold, int32_t mibps)
{
    struct kinesis *k = kinesis_of(req->app);
    int rc;

    pthread_mutex_lock(&k->control);
    rc = scale_up(req, hold, mibps);
    pthread_mutex_unlock(&k->control);
    return rc ? rc : outcome(req, hold, kinesis_store_set_warm(k->store, hold->stream, mibps));
}

struct kinesis_WarmThroughputObject *kinesis_warm(struct arena *a, int32_t mibps)
{
    struct kinesis_WarmThroughputObject *out = ARENA_NEW(a, struct kinesis_WarmThroughputObject);

    out->TargetMiBps = SOME_INT(mibps);
    out->CurrentMiBps = SOME_INT(mibps);
    return out;
}

int kinesis_update_stream_mode(struct request *req, const struct kinesis_UpdateStreamModeInput *in,
                               struct kinesis_UpdateStreamModeOutput *out)
{
    bool on_demand = str_eq(in->StreamModeDetails->StreamMode, "ON_DEMAND");
    struct kinesis_hold *hold;
    enum store_status rc;

    (void)out;
    if (kinesis_use_named(req, NULL, in->StreamARN, in->StreamId, &hold))
        return -1;
    const struct scope scope = {.account = hold->account, .region = hold->region};
    if (in->WarmThroughputMiBps.set &&
        kinesis_check_warm(req, &scope, on_demand, in->WarmThroughputMiBps.value))
        return -1;
    rc = kinesis_store_set_mode(kinesis_of(req->app)->store, hold->stream,
                                on_demand ? KINESIS_ON_DEMAND : KINESIS_PROVISIONED);
    if (rc == STORE_CONFLICT)
        return kinesis_fail_in_use(req, hold);
    if (rc != STORE_OK)
        return outcome(req, hold, rc);
    return in->WarmThroughputMiBps.set ? set_warm(req, hold, in->WarmThroughputMiBps.value) : 0;
}

int kinesis_update_warm_throughput(struct request *req,
                                   const struct kinesis_UpdateStreamWarmThroughputInput *in,
                                   struct kinesis_UpdateStreamWarmThroughputOutput *out)
{
    struct kinesis_hold *hold;

    if (kinesis_use_named(req, in->StreamName, in->StreamARN, in->StreamId, &hold))
        return -1;
    const struct scope scope = {.account = hold->account, .region = hold->region};
    if (kinesis_check_warm(req, &scope, hold->stream->mode == KINESIS_ON_DEMAND,
                           in->WarmThroughputMiBps.value) ||
        set_warm(req, hold, in->WarmThroughputMiBps.value))
        return -1;
    out->StreamName = hold->stream->name;
    out->StreamARN = kinesis_stream_arn(req, hold);
    out->WarmThroughput = kinesis_warm(&req->arena, in->WarmThroughputMiBps.value);
    return 0;
}

/* --- which shard a record goes to --- */

static int fail_distribution(struct request *req)
{
    return aws_fail(req, &kinesis_InvalidArgumentException,
                    "RecordDistributionStrategy is only supported for streams in ON_DEMAND mode.");
}

int kinesis_read_distribution(struct request *req, const char *strategy, bool on_demand,
                              bool *out_spread)
{
    *out_spread = strategy && str_eq(strategy, "AUTO");
    return *out_spread && !on_demand ? fail_distribution(req) : 0;
}

const char *kinesis_distribution_name(const struct kinesis_stream *stream)
{
    if (stream->mode != KINESIS_ON_DEMAND)
        return NULL;
    return stream->spread ? "AUTO" : "USER_PARTITION_KEY";
}

int kinesis_update_distribution(
    struct request *req, const struct kinesis_UpdateStreamRecordDistributionStrategyInput *in,
    struct kinesis_UpdateStreamRecordDistributionStrategyOutput *out)
{
    bool spread = str_eq(in->RecordDistributionStrategy, "AUTO");
    struct kinesis_hold *hold;
    enum store_status rc;

    (void)out;
    if (kinesis_use_named(req, NULL, in->StreamARN, in->StreamId, &hold))
        return -1;
    rc = kinesis_store_set_spread(kinesis_of(req->app)->store, hold->stream, spread);
    return rc == STORE_CONFLICT ? fail_distribution(req) : outcome(req, hold, rc);
}

/* --- the size of records --- */

int kinesis_update_max_record_size(struct request *req,
                                   const struct kinesis_UpdateMaxRecordSizeInput *in,
                                   struct kinesis_UpdateMaxRecordSizeOutput *out)
{
    struct kinesis_hold *hold;

    (void)out;
    if (kinesis_use_named(req, NULL, in->StreamARN, in->StreamId, &hold))
        return -1;
    return outcome(req, hold,
                   kinesis_store_set_record_max(kinesis_of(req->app)->store, hold->stream,
                                                in->MaxRecordSizeInKiB.value * 1024));
}

/* --- encryption --- */

static int check_type(struct request *req, const char *type)
{
    if (str_eq(type, "KMS"))
        return 0;
    return aws_fail(req, &kinesis_InvalidArgumentException,
                    "EncryptionType %s is not valid: the only valid value is KMS.", type);
}

int kinesis_start_encryption(struct request *req,
                             const struct kinesis_StartStreamEncryptionInput *in,
                             struct kinesis_StartStreamEncryptionOutput *out)
{
    struct kinesis_hold *hold;

    (void)out;
    if (kinesis_use_named(req, in->StreamName, in->StreamARN, in->StreamId, &hold) ||
        check_type(req, in->EncryptionType))
        return -1;
    return outcome(req, hold,
                   kinesis_store_set_key(kinesis_of(req->app)->store, hold->stream, in->KeyId));
}

int kinesis_stop_encryption(struct request *req, const struct kinesis_StopStreamEncryptionInput *in,
                            struct kinesis_StopStreamEncryptionOutput *out)
{
    struct kinesis_hold *hold;

    (void)out;
    if (kinesis_use_named(req, in->StreamName, in->StreamARN, in->StreamId, &hold) ||
        check_type(req, in->EncryptionType))
        return -1;
    return outcome(req, hold,
                   kinesis_store_set_key(kinesis_of(req->app)->store, hold->stream, NULL));
}

/* --- shard-level metrics --- */

/* In the order in which AWS lists them; their places are the bits in the store. */
static const char *const metrics[] = {
    "IncomingBytes",
    "OutgoingRecords",
    "IteratorAgeMilliseconds",
    "IncomingRecords",
    "ReadProvisionedThroughputExceeded",
    "WriteProvisionedThroughputExceeded",
    "OutgoingBytes",
};

static uint32_t bits_of(const struct kinesis_MetricsNameList *names)
{
    uint32_t bits = 0;

    for (size_t i = 0; i < names->count; i++)
        for (size_t m = 0; m < ARRAY_LEN(metrics); m++)
            if (str_eq(names->items[i], metrics[m]) || str_eq(names->items[i], "ALL"))
                bits |= 1U << m;
    return bits;
}

struct kinesis_MetricsNameList kinesis_metrics(struct arena *a, uint32_t bits)
{
    struct kinesis_MetricsNameList list = {.items =
                                               ARENA_ARRAY(a, const char *, ARRAY_LEN(metrics))};

    for (size_t m = 0; m < ARRAY_LEN(metrics); m++)
        if (bits & 1U << m)
            list.items[list.count++] = metrics[m];
    return list;
}

static int change_metrics(struct request *req, struct kinesis_hold *hold, uint32_t add,
                          uint32_t remove, struct kinesis_EnhancedMonitoringOutput *out)
{
    uint32_t before;
    enum store_status rc = kinesis_store_change_metrics(kinesis_of(req->app)->store, hold->stream,
                                                        add, remove, &before);

    if (rc != STORE_OK)
        return outcome(req, hold, rc);
    out->StreamName = hold->stream->name;
    out->StreamARN = kinesis_stream_arn(req, hold);
    out->CurrentShardLevelMetrics = kinesis_metrics(&req->arena, before);
    out->DesiredShardLevelMetrics = kinesis_metrics(&req->arena, (before | add) & ~remove);
    return 0;
}

int kinesis_enable_monitoring(struct request *req,
                              const struct kinesis_EnableEnhancedMonitoringInput *in,
                              struct kinesis_EnhancedMonitoringOutput *out)
{
    struct kinesis_hold *hold;

    if (kinesis_use_named(req, in->StreamName, in->StreamARN, in->StreamId, &hold))
        return -1;
    return change_metrics(req, hold, bits_of(&in->ShardLevelMetrics), 0, out);
}

int kinesis_disable_monitoring(struct request *req,
                               const struct kinesis_DisableEnhancedMonitoringInput *in,
                               struct kinesis_EnhancedMonitoringOutput *out)
{
    struct kinesis_hold *hold;

    if (kinesis_use_named(req, in->StreamName, in->StreamARN, in->StreamId, &hold))
        return -1;
    return change_metrics(req, hold, 0, bits_of(&in->ShardLevelMetrics), out);
}
