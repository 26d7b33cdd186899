/* Where a channel delivers to and where it logs: read, checked, completed and kept. */
#include "handlers/kinesis/channel.h"
#include "handlers/kinesis/channel_key.h"
#include "handlers/kinesis/channel_pack.h"
#include "handlers/s3/s3.h"
#include "server/base/strbuf.h"
#include "server/model/stored.h"

enum { FRESHNESS_MIN_S = 300, FRESHNESS_MAX_S = 900 };

static const char bucket_prefix[] = ":s3:::";

const char *channel_bucket(const char *arn)
{
    const char *found = strstr(arn, bucket_prefix);

    return found ? found + sizeof(bucket_prefix) - 1 : arn;
}

/* --- kept --- */

struct kinesis_S3DestinationDescription *channel_destination(const struct kinesis_channel *channel,
                                                             struct arena *a)
{
    struct kinesis_S3DestinationDescription *to =
        ARENA_NEW(a, struct kinesis_S3DestinationDescription);

    if (!stored_from_json(&kinesis_model,
                          model_structure(&kinesis_model, "S3DestinationDescription"),
                          channel->destination, a, to))
        return NULL;
    to->DataFreshnessInSeconds = SOME_INT(channel->freshness_s);
    return to;
}

char *channel_destination_json(struct arena *a, const struct kinesis_S3DestinationDescription *to)
{
    return stored_to_json(&kinesis_model,
                          model_structure(&kinesis_model, "S3DestinationDescription"), to, a);
}

struct kinesis_ChannelLoggingConfiguration *
channel_stored_logging(const struct kinesis_channel *channel, struct arena *a)
{
    struct kinesis_ChannelLoggingConfiguration *logging =
        ARENA_NEW(a, struct kinesis_ChannelLoggingConfiguration);

    return stored_from_json(&kinesis_model,
                            model_structure(&kinesis_model, "ChannelLoggingConfiguration"),
                            channel->logging, a, logging)
               ? logging
               : NULL;
}

char *channel_logging_json(struct arena *a,
                           const struct kinesis_ChannelLoggingConfiguration *logging)
{
    return stored_to_json(
        &kinesis_model, model_structure(&kinesis_model, "ChannelLoggingConfiguration"), logging, a);
}

/* --- logging --- */

struct kinesis_ChannelLoggingConfiguration *
channel_logging(struct arena *a, const struct kinesis_channel *channel,
                const struct kinesis_CloudWatchLogs *before,
                const struct kinesis_CloudWatchLogs *change)
{
    struct kinesis_ChannelLoggingConfiguration *out =
        ARENA_NEW(a, struct kinesis_ChannelLoggingConfiguration);
    struct kinesis_CloudWatchLogs *to = ARENA_NEW(a, struct kinesis_CloudWatchLogs);

    *to = before ? *before : (struct kinesis_CloudWatchLogs){.Enabled = SOME_BOOL(false)};
    if (change) {
        to->Enabled = change->Enabled;
        to->LogGroupName = change->LogGroupName ? change->LogGroupName : to->LogGroupName;
        to->LogStreamName = change->LogStreamName ? change->LogStreamName : to->LogStreamName;
    }
    if (VALUE_OR(to->Enabled, false) && !to->LogGroupName)
        to->LogGroupName = arena_printf(a, "/aws/kinesis/%s/%s", channel->name, channel->resource);
    if (VALUE_OR(to->Enabled, false) && !to->LogStreamName)
        to->LogStreamName = "DestinationDelivery";
    out->CloudWatchLogs = to;
    return out;
}

/* --- destination --- */

int channel_check_freshness(struct request *req, int32_t seconds)
{
    if (seconds >= FRESHNESS_MIN_S && seconds <= FRESHNESS_MAX_S)
        return 0;
    return aws_fail(req, &kinesis_ValidationException,
                    "DataFreshnessInSeconds must be between %d and %d.", FRESHNESS_MIN_S,
                    FRESHNESS_MAX_S);
}

static int check_template(struct request *req, const struct kinesis_S3StorageConfiguration *to,
                          const struct kinesis_channel *channel)
{
    const char *problem =
        channel_key_problem(to->OutputKeyTemplate, !str_eq(to->CompressionType, "NONE"));
    struct strbuf key = STRBUF_INIT(64 * 1024);
    const struct channel_key values = {
        .channel_name = channel->name,
        .channel_id = channel->resource,
        .stream_name = channel->stream,
        .extension = channel_pack_extension(to->CompressionType),
    };

    if (!problem) {
        channel_key_write(to->OutputKeyTemplate, &values, "", &key);
        if (key.overflow || key.len > CHANNEL_KEY_MAX)
            problem = "with its variables expanded it must not exceed 986 characters";
        strbuf_release(&key);
    }
    return problem ? aws_fail(req, &kinesis_ValidationException,
                              "OutputKeyTemplate is invalid: %s.", problem)
                   : 0;
}

/* The dead-letter queue of who names none is a prefix of the destination. */
static struct kinesis_DeadLetterQueueS3Configuration *
dead_letters(struct arena *a, const struct kinesis_S3DestinationConfiguration *in,
             const struct kinesis_channel *channel)
{
    struct kinesis_DeadLetterQueueS3Configuration *out =
        ARENA_NEW(a, struct kinesis_DeadLetterQueueS3Configuration);

    if (in->DeadLetterQueueS3Configuration) {
        *out = *in->DeadLetterQueueS3Configuration;
    } else {
        out->BucketARN = in->StorageConfiguration->BucketARN;
        out->ExpectedBucketOwner = in->StorageConfiguration->ExpectedBucketOwner;
    }
    if (!out->ErrorOutputPrefix)
        out->ErrorOutputPrefix =
            arena_printf(a, "kinesis-channel/errors/%s/%s/", channel->name, channel->resource);
    return out;
}

int channel_read_destination(struct request *req, const struct kinesis_CreateChannelInput *in,
                             const struct kinesis_channel *channel,
                             struct kinesis_S3DestinationDescription *out)
{
    const struct kinesis_S3DestinationConfiguration *from = in->S3DestinationConfiguration;
    struct kinesis_S3StorageConfiguration *to =
        ARENA_NEW(&req->arena, struct kinesis_S3StorageConfiguration);

    if (from && in->S3TablesDestinationConfiguration)
        return aws_fail(req, &kinesis_ValidationException,
                        "Specify either S3DestinationConfiguration or "
                        "S3TablesDestinationConfiguration, but not both.");
    if (in->S3TablesDestinationConfiguration)
        return aws_fail_unsupported(req, "S3TablesDestinationConfiguration");
    if (!from)
        return aws_fail(req, &kinesis_ValidationException,
                        "Specify S3DestinationConfiguration or S3TablesDestinationConfiguration.");
    *to = *from->StorageConfiguration;
    to->OutputKeyTemplate = to->OutputKeyTemplate ? to->OutputKeyTemplate : channel_key_default;
    to->StorageClass = to->StorageClass ? to->StorageClass : "STANDARD";
    out->StorageConfiguration = to;
    out->DataFreshnessInSeconds = SOME_INT(VALUE_OR(from->DataFreshnessInSeconds, FRESHNESS_MIN_S));
    out->DeadLetterQueueS3Configuration = dead_letters(&req->arena, from, channel);
    if (channel_check_freshness(req, out->DataFreshnessInSeconds.value) ||
        check_template(req, to, channel))
        return -1;
    return channel_pack_ready(to->CompressionType)
               ? 0
               : aws_fail_unsupported(req, "CompressionType ZSTD");
}

static const char *place_problem(struct request *req, const char *arn, const char *owner)
{
    const char *bucket = channel_bucket(arn);
    struct s3_place place;

    switch (s3_bucket_place(req->app, bucket, &req->arena, &place)) {
    case STORE_OK:
        break;
    case STORE_NOT_FOUND:
        return arena_printf(&req->arena, "The bucket %s does not exist.", bucket);
    default:
        return arena_printf(&req->arena, "The bucket %s could not be looked at.", bucket);
    }
    if (!str_eq(place.account, owner))
        return arena_printf(&req->arena, "The bucket %s is not owned by the expected account %s.",
                            bucket, owner);
    if (!str_eq(place.region, req->region))
        return arena_printf(&req->arena, "The bucket %s is not in the region of the stream.",
                            bucket);
    return NULL;
}

const char *channel_bucket_problem(struct request *req,
                                   const struct kinesis_S3DestinationDescription *to)
{
    const struct kinesis_DeadLetterQueueS3Configuration *dead = to->DeadLetterQueueS3Configuration;
    const char *problem = place_problem(req, to->StorageConfiguration->BucketARN,
                                        to->StorageConfiguration->ExpectedBucketOwner);

    return problem ? problem : place_problem(req, dead->BucketARN, dead->ExpectedBucketOwner);
}
