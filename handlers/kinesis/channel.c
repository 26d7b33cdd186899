/*
 * CreateChannel, DescribeChannel, ListChannels, UpdateChannel, DeleteChannel.
 * https://docs.aws.amazon.com/streams/latest/dev/data-delivery-s3.html
 *
 * A channel is made when CreateChannel returns, changed when UpdateChannel returns and gone when
 * DeleteChannel returns; their answers tell the states in between, as AWS's do. One whose bucket is
 * not there has FAILED from the beginning, and stays so until it is deleted.
 */
#include "handlers/kinesis/channel.h"

#include "handlers/common/arn.h"
#include "handlers/kinesis/channel_delivery.h"
#include "server/base/digest.h"

enum {
    LIST_CHANNELS = 100,
    PER_STREAM = 1, /* AWS: and one to S3 Tables */
    UUID_TEXT = 37,
};

static const char list_channels_kind[] = "kinesis ListChannels";

/* --- which channel --- */

static int fail_no_channel(struct request *req, const char *arn)
{
    return aws_fail(req, &kinesis_ResourceNotFoundException, "Channel %s not found.", arn);
}

int kinesis_use_channel(struct request *req, const char *arn, struct kinesis_hold **out_hold,
                        struct kinesis_channel *out)
{
    const struct scope scope = {.account = req->account, .region = req->region};
    const char *resource;
    struct arn named;
    enum store_status rc;

    if (!arn_parse(&req->arena, arn, &named) || !str_eq(named.service, "kinesis") ||
        !(resource = arn_resource_after(&named, "channel/")))
        return aws_fail(req, &kinesis_InvalidArgumentException, "Invalid ChannelARN: %s", arn);
    if (!str_eq(named.account, req->account) || !str_eq(named.region, req->region))
        return fail_no_channel(req, arn);
    rc = kinesis_channel_find(kinesis_of(req->app)->store, &scope, resource, &req->arena, out);
    if (rc == STORE_NOT_FOUND)
        return fail_no_channel(req, arn);
    if (rc != STORE_OK)
        return aws_fail_internal(req);
    const struct kinesis_name stream = {.scope = scope, .stream = out->stream};
    return kinesis_use(req, &stream, out_hold);
}

/* --- how it is told --- */

static char *arn_of(struct request *req, const struct kinesis_channel *channel)
{
    return arn_make(&req->arena, "kinesis", req->region, req->account, "channel/%s",
                    channel->resource);
}

static char *stream_arn_of(struct request *req, const struct kinesis_channel *channel)
{
    return arn_make(&req->arena, "kinesis", req->region, req->account, "stream/%s",
                    channel->stream);
}

static const char *status_of(const struct kinesis_channel *channel)
{
    return channel->problem ? "FAILED" : "ACTIVE";
}

static struct kinesis_ChannelStreamDescriptionList
describe_stream(struct request *req, const struct kinesis_channel *channel)
{
    struct kinesis_ChannelStreamDescription *stream =
        ARENA_NEW(&req->arena, struct kinesis_ChannelStreamDescription);

    stream->StreamARN = stream_arn_of(req, channel);
    stream->StreamCreationTimestamp = SOME_TIME(channel->stream_created_ms);
    stream->RecordConfiguration = ARENA_NEW(&req->arena, struct kinesis_RecordConfiguration);
    stream->RecordConfiguration->RecordFormatType = channel->format;
    return (struct kinesis_ChannelStreamDescriptionList){.items = stream, .count = 1};
}

/* NULL after a fault of ours. */
static struct kinesis_ChannelDescription *
describe(struct request *req, const struct kinesis_channel *channel, const char *status)
{
    struct arena *a = &req->arena;
    struct kinesis_ChannelDescription *d = ARENA_NEW(a, struct kinesis_ChannelDescription);

    d->ChannelName = channel->name;
    d->ChannelARN = arn_of(req, channel);
    d->ChannelId = channel->resource;
    d->ChannelStatus = status;
    d->ChannelCreationTimestamp = SOME_TIME(channel->created_ms);
    d->ServiceExecutionRoleARN = channel->role;
    d->StreamConfigurationList = describe_stream(req, channel);
    d->S3DestinationConfiguration = channel_destination(channel, a);
    d->LoggingConfiguration = channel_stored_logging(channel, a);
    if (str_eq(status, "FAILED"))
        d->ChannelStatusReason = channel->problem;
    if (channel->key_id) {
        d->EncryptionConfiguration = ARENA_NEW(a, struct kinesis_ChannelEncryptionConfiguration);
        d->EncryptionConfiguration->EncryptionType = "KMS";
        d->EncryptionConfiguration->KeyId = channel->key_id;
    }
    return d->S3DestinationConfiguration && d->LoggingConfiguration ? d : NULL;
}

static int answer(struct request *req, const struct kinesis_channel *channel, const char *status,
                  struct kinesis_ChannelDescription **out)
{
    *out = describe(req, channel, status);
    return *out ? 0 : aws_fail_internal(req);
}

/* --- CreateChannel --- */

/* AWS: neither what is delivered nor its source may have the service's own key. */
static bool is_service_key(const char *key_id)
{
    const char *alias = strstr(key_id, "alias/");

    return alias && str_eq(alias, "alias/aws/kinesis");
}

static int check_keys(struct request *req, const struct kinesis_hold *hold,
                      const struct kinesis_channel *channel)
{
    struct kinesis_settings settings;

    if (channel->key_id && is_service_key(channel->key_id))
        return aws_fail(req, &kinesis_InvalidArgumentException,
                        "The key aws/kinesis cannot encrypt what a channel delivers. Specify a "
                        "customer managed key.");
    if (kinesis_settings(req, hold, &settings))
        return -1;
    if (settings.key_id && is_service_key(settings.key_id))
        return aws_fail(req, &kinesis_InvalidArgumentException,
                        "Stream %s under account %s is encrypted with the key aws/kinesis, which "
                        "channels cannot read.",
                        hold->stream->name, hold->account);
    return 0;
}

static int check_format(struct request *req, const struct kinesis_RecordConfiguration *records)
{
    if (records->GSRSchemaARN)
        return aws_fail_unsupported(req, "GSRSchemaARN");
    if (str_eq(records->RecordFormatType, "GSR_JSON"))
        return aws_fail_unsupported(req, "RecordFormatType GSR_JSON");
    return 0;
}

static int add(struct request *req, const struct kinesis_hold *hold,
               const struct kinesis_new_channel *new)
{
    const struct scope scope = {.account = req->account, .region = req->region};

    switch (kinesis_channel_add(kinesis_of(req->app)->store, &scope, hold->stream, new)) {
    case STORE_OK:
        return 0;
    case STORE_NOT_FOUND:
        return kinesis_fail_gone(req, hold);
    case STORE_CONFLICT:
        return aws_fail(req, &kinesis_ValidationException,
                        "Request is invalid. Stream %s under account %s is not in On-Demand mode, "
                        "which channels need.",
                        hold->stream->name, hold->account);
    case STORE_EXISTS:
        return aws_fail(req, &kinesis_ResourceInUseException,
                        "Channel %s under account %s already exists.", new->channel->name,
                        req->account);
    case STORE_LIMIT:
        return aws_fail(req, &kinesis_LimitExceededException,
                        "Stream %s under account %s has a channel to a general purpose bucket "
                        "already.",
                        hold->stream->name, hold->account);
    default:
        return aws_fail_internal(req);
    }
}

/* Nothing is delivered of what the stream has already. */
static int add_from_now(struct request *req, const struct kinesis_hold *hold,
                        struct kinesis_new_channel *new)
{
    struct kinesis_shard_list shards = kinesis_stream_shards(hold->stream, &req->arena);
    int64_t *next = ARENA_ARRAY(&req->arena, int64_t, shards.count);

    if (kinesis_newest_places(kinesis_of(req->app)->store, &shards, next) != STORE_OK)
        return aws_fail_internal(req);
    new->next = next;
    new->shard_count = shards.count;
    new->max = PER_STREAM;
    return add(req, hold, new);
}

int kinesis_create_channel(struct request *req, const struct kinesis_CreateChannelInput *in,
                           struct kinesis_CreateChannelOutput *out)
{
    const struct kinesis_ChannelStreamConfiguration *from = &in->StreamConfigurationList.items[0];
    struct kinesis_channel channel = {
        .name = in->ChannelName,
        .created_ms = clock_now_ms(&req->app->clock),
        .role = in->ServiceExecutionRoleARN,
        .format = from->RecordConfiguration->RecordFormatType,
        .key_id = in->EncryptionConfiguration ? in->EncryptionConfiguration->KeyId : NULL,
    };
    struct kinesis_new_channel new = {.channel = &channel};
    struct kinesis_S3DestinationDescription to = {0};
    char resource[UUID_TEXT];
    struct kinesis_hold *hold;

    if (in->StreamConfigurationList.count != 1)
        return aws_fail(req, &kinesis_ValidationException,
                        "StreamConfigurationList must contain exactly one entry.");
    if (kinesis_use_named(req, NULL, from->StreamARN, NULL, &hold))
        return -1;
    if (!str_eq(hold->account, req->account))
        return kinesis_fail_gone(req, hold); /* both belong to one account */
    uuid_v4(resource);
    channel.resource = arena_strdup(&req->arena, resource);
    channel.stream = hold->stream->name;
    channel.stream_created_ms = hold->stream->created_ms;
    if (channel_read_destination(req, in, &channel, &to) ||
        check_format(req, from->RecordConfiguration) || check_keys(req, hold, &channel) ||
        kinesis_new_tags(req, hold->stream->name, &in->Tags, &new.tags))
        return -1;
    channel.freshness_s = to.DataFreshnessInSeconds.value;
    channel.destination = channel_destination_json(&req->arena, &to);
    channel.logging = channel_logging_json(
        &req->arena,
        channel_logging(&req->arena, &channel, NULL,
                        in->LoggingConfiguration ? in->LoggingConfiguration->CloudWatchLogs
                                                 : NULL));
    channel.problem = channel_bucket_problem(req, &to);
    if (add_from_now(req, hold, &new))
        return -1;
    kinesis_channels_wake(kinesis_of(req->app));
    return answer(req, &channel, "CREATING", &out->ChannelDescription);
}

/* --- DescribeChannel, UpdateChannel, DeleteChannel --- */

int kinesis_describe_channel(struct request *req, const struct kinesis_DescribeChannelInput *in,
                             struct kinesis_DescribeChannelOutput *out)
{
    struct kinesis_channel channel;
    struct kinesis_hold *hold;

    if (kinesis_use_channel(req, in->ChannelARN, &hold, &channel))
        return -1;
    return answer(req, &channel, status_of(&channel), &out->ChannelDescription);
}

/* The log that there will be, as JSON; *out_json is left alone where the request says nothing. */
static int read_logging(struct request *req, const struct kinesis_UpdateChannelInput *in,
                        const struct kinesis_channel *channel, const char **out_json)
{
    const struct kinesis_ChannelLoggingConfiguration *before =
        channel_stored_logging(channel, &req->arena);

    if (!before)
        return aws_fail_internal(req);
    if (!in->LoggingConfiguration)
        return 0;
    const struct kinesis_CloudWatchLogsUpdateInput *to = in->LoggingConfiguration->CloudWatchLogs;
    const struct kinesis_CloudWatchLogs change = {.Enabled = to->Enabled,
                                                  .LogGroupName = to->LogGroupName,
                                                  .LogStreamName = to->LogStreamName};
    *out_json = channel_logging_json(
        &req->arena, channel_logging(&req->arena, channel, before->CloudWatchLogs, &change));
    return 0;
}

int kinesis_update_channel(struct request *req, const struct kinesis_UpdateChannelInput *in,
                           struct kinesis_UpdateChannelOutput *out)
{
    const struct kinesis_S3DestinationUpdateInput *to = in->S3DestinationConfiguration;
    int32_t freshness_s = to ? to->DataFreshnessInSeconds.value : 0;
    const char *logging = NULL;
    struct kinesis_channel channel;
    struct kinesis_hold *hold;
    enum store_status rc;

    if (in->S3TablesDestinationConfiguration)
        return aws_fail_unsupported(req, "S3TablesDestinationConfiguration");
    if (!to && !in->LoggingConfiguration)
        return aws_fail(req, &kinesis_ValidationException,
                        "Specify S3DestinationConfiguration or LoggingConfiguration.");
    if ((to && channel_check_freshness(req, freshness_s)) ||
        kinesis_use_channel(req, in->ChannelARN, &hold, &channel) ||
        read_logging(req, in, &channel, &logging))
        return -1;
    if (channel.problem)
        return aws_fail(req, &kinesis_ResourceInUseException, "Channel %s is not ACTIVE.",
                        in->ChannelARN);
    rc = kinesis_channel_update(kinesis_of(req->app)->store, channel.id, freshness_s, logging);
    if (rc == STORE_NOT_FOUND)
        return fail_no_channel(req, in->ChannelARN);
    if (rc != STORE_OK)
        return aws_fail_internal(req);
    kinesis_channels_wake(kinesis_of(req->app));
    channel.freshness_s = to ? freshness_s : channel.freshness_s;
    channel.logging = logging ? logging : channel.logging;
    return answer(req, &channel, "UPDATING", &out->ChannelDescription);
}

int kinesis_delete_channel(struct request *req, const struct kinesis_DeleteChannelInput *in,
                           struct kinesis_DeleteChannelOutput *out)
{
    struct kinesis_channel channel;
    struct kinesis_hold *hold;
    enum store_status rc;

    (void)out;
    if (kinesis_use_channel(req, in->ChannelARN, &hold, &channel))
        return -1;
    rc = kinesis_channel_remove(kinesis_of(req->app)->store, channel.id);
    if (rc == STORE_NOT_FOUND)
        return fail_no_channel(req, in->ChannelARN);
    return rc == STORE_OK ? 0 : aws_fail_internal(req);
}

/* --- ListChannels --- */

static struct kinesis_ChannelSummary summary(struct request *req,
                                             const struct kinesis_channel *channel)
{
    struct kinesis_ChannelStreamIdentifier *stream =
        ARENA_NEW(&req->arena, struct kinesis_ChannelStreamIdentifier);

    stream->StreamARN = stream_arn_of(req, channel);
    stream->StreamCreationTimestamp = SOME_TIME(channel->stream_created_ms);
    return (struct kinesis_ChannelSummary){
        .ChannelName = channel->name,
        .ChannelARN = arn_of(req, channel),
        .ChannelId = channel->resource,
        .ChannelStatus = status_of(channel),
        .ChannelStatusReason = channel->problem,
        .ChannelCreationTimestamp = SOME_TIME(channel->created_ms),
        .ChannelDestinationType = "S3",
        .Streams = {.items = stream, .count = 1},
    };
}

int kinesis_list_channels(struct request *req, const struct kinesis_ListChannelsInput *in,
                          struct kinesis_ListChannelsOutput *out)
{
    const struct scope scope = {.account = req->account, .region = req->region};
    const struct kinesis_StreamFilter *filter =
        in->StreamFilter.count ? &in->StreamFilter.items[0] : NULL;
    size_t limit = (size_t)MIN(VALUE_OR(in->MaxResults, LIST_CHANNELS), LIST_CHANNELS);
    struct kinesis_channel *items = NULL;
    const char *stream = NULL;
    const char *after = NULL;
    const char *kind;
    size_t count = 0;
    bool any;

    if (in->StreamFilter.count > 1)
        return aws_fail(req, &kinesis_ValidationException,
                        "StreamFilter must contain exactly one entry.");
    any = !filter ||
          kinesis_filter_stream(req, filter->StreamARN, filter->StreamCreationTimestamp, &stream);
    kind = arena_printf(&req->arena, "%s %s/%s/%s", list_channels_kind, req->account, req->region,
                        filter ? filter->StreamARN : "");
    if (in->NextToken && kinesis_token_read(req, in->NextToken, kind, &after))
        return -1;
    if (any && kinesis_channel_list(kinesis_of(req->app)->store, &scope, stream, after, limit + 1,
                                    &req->arena, &items, &count) != STORE_OK)
        return aws_fail_internal(req);
    out->ChannelSummaries.count = MIN(count, limit);
    out->ChannelSummaries.items =
        ARENA_ARRAY(&req->arena, struct kinesis_ChannelSummary, out->ChannelSummaries.count);
    for (size_t i = 0; i < out->ChannelSummaries.count; i++)
        out->ChannelSummaries.items[i] = summary(req, &items[i]);
    if (items && count > limit)
        out->NextToken = kinesis_token_make(req, kind, items[limit - 1].name);
    return 0;
}
