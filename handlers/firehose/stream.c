/* Delivery streams: made, described, listed, changed, deleted. */
#include "handlers/firehose/destination.h"
#include "handlers/firehose/dispatch.h"
#include "handlers/firehose/operations.h"
#include "handlers/firehose/source.h"
#include "handlers/kinesis/kinesis.h"
#include "server/model/stored.h"

enum { STREAMS_MAX = 5000, LIST_DEFAULT = 10 };

static const struct shape *source_shape(void)
{
    return model_structure(&firehose_model, "SourceDescription");
}

/* --- making --- */

static int check_source_stream(struct request *req, const char *arn)
{
    struct kinesis_hold *hold;
    enum store_status rc = kinesis_hold_arn(kinesis_of(req->app), arn, &hold);

    if (rc == STORE_NOT_FOUND)
        return aws_fail(req, &firehose_InvalidArgumentException,
                        "Kinesis stream %s does not exist.", arn);
    if (rc != STORE_OK)
        return aws_fail_internal(req);
    kinesis_release(hold);
    return 0;
}

static int from_kinesis(struct request *req, const struct firehose_CreateDeliveryStreamInput *in,
                        struct firehose_SourceDescription *out)
{
    struct firehose_KinesisStreamSourceDescription *source =
        ARENA_NEW(&req->arena, struct firehose_KinesisStreamSourceDescription);

    if (!in->KinesisStreamSourceConfiguration)
        return aws_fail(req, &firehose_InvalidArgumentException,
                        "KinesisStreamSourceConfiguration must be present for "
                        "KinesisStreamAsSource delivery stream type.");
    if (in->DeliveryStreamEncryptionConfigurationInput)
        return aws_fail(
            req, &firehose_InvalidArgumentException,
            "DeliveryStreamEncryptionConfigurationInput is only supported for DirectPut "
            "delivery stream type.");
    if (check_source_stream(req, in->KinesisStreamSourceConfiguration->KinesisStreamARN))
        return -1;
    source->KinesisStreamARN = in->KinesisStreamSourceConfiguration->KinesisStreamARN;
    source->RoleARN = in->KinesisStreamSourceConfiguration->RoleARN;
    source->DeliveryStartTimestamp = SOME_TIME(clock_now_ms(&req->app->clock));
    out->KinesisStreamSourceDescription = source;
    return 0;
}

/* *out_json stays NULL where there is nothing to say of the source. */
static int new_source(struct request *req, const struct firehose_CreateDeliveryStreamInput *in,
                      const char *type, const char **out_json)
{
    struct firehose_SourceDescription source = {0};

    if (!str_eq(type, FIREHOSE_DIRECT_PUT) && !str_eq(type, FIREHOSE_FROM_KINESIS))
        return aws_fail_unsupported(req, type);
    if (str_eq(type, FIREHOSE_FROM_KINESIS)) {
        if (from_kinesis(req, in, &source))
            return -1;
    } else if (in->KinesisStreamSourceConfiguration) {
        return aws_fail(req, &firehose_InvalidArgumentException,
                        "KinesisStreamSourceConfig is only applicable for KinesisStreamAsSource "
                        "stream type.");
    } else if (in->DirectPutSourceConfiguration) {
        source.DirectPutSourceDescription =
            ARENA_NEW(&req->arena, struct firehose_DirectPutSourceDescription);
        source.DirectPutSourceDescription->ThroughputHintInMBs =
            in->DirectPutSourceConfiguration->ThroughputHintInMBs;
    } else {
        return 0;
    }
    *out_json = stored_to_json(&firehose_model, source_shape(), &source, &req->arena);
    return 0;
}

static int store_new(struct request *req, const struct firehose_stream *stream, int64_t *out_id)
{
    switch (firehose_store_create(firehose_of(req->app)->store, stream, STREAMS_MAX, out_id)) {
    case STORE_OK:
        return 0;
    case STORE_EXISTS:
        return aws_fail(req, &firehose_ResourceInUseException,
                        "Firehose %s under accountId %s already exists", stream->name,
                        req->account);
    case STORE_LIMIT:
        return aws_fail(req, &firehose_LimitExceededException,
                        "You have already consumed your firehose quota of %d hoses.", STREAMS_MAX);
    default:
        return aws_fail_internal(req);
    }
}

int firehose_create(struct request *req, const struct firehose_CreateDeliveryStreamInput *in,
                    struct firehose_CreateDeliveryStreamOutput *out)
{
    struct firehose_DestinationDescription description;
    struct destination destination;
    struct firehose_stream stream = {
        .account = req->account,
        .region = req->region,
        .name = in->DeliveryStreamName,
        .type = in->DeliveryStreamType ? in->DeliveryStreamType : FIREHOSE_DIRECT_PUT,
        .created_ms = clock_now_ms(&req->app->clock),
    };

    if (destination_new(req, in, &description, &stream.secret))
        return -1;
    destination_look(&description, &req->arena, &destination);
    if (new_source(req, in, stream.type, &stream.source) || destination_check(req, &destination) ||
        firehose_new_tags(req, &in->Tags, &stream.tags) ||
        firehose_new_encryption(req, in->DeliveryStreamEncryptionConfigurationInput,
                                &stream.encryption))
        return -1;
    stream.encrypted = stream.encryption != NULL;
    stream.destination = destination_to_json(&description, &req->arena);
    stream.route = destination_route(&destination);
    if (store_new(req, &stream, &stream.id))
        return -1;
    if (str_eq(stream.type, FIREHOSE_FROM_KINESIS))
        sources_add(firehose_of(req->app)->sources, stream.id);
    out->DeliveryStreamARN = firehose_arn(&req->arena, &stream);
    return 0;
}

/* --- describing --- */

static int describe_destination(struct request *req, const struct firehose_stream *stream,
                                struct firehose_DeliveryStreamDescription *out)
{
    struct firehose_DestinationDescription *d;
    struct destination destination;

    if (!destination_read(stream->destination, &req->arena, &destination))
        return aws_fail_internal(req);
    d = destination.description;
    /* AWS: an extended S3 destination is described twice. */
    if (destination.s3) {
        d->S3DestinationDescription =
            ARENA_NEW(&req->arena, struct firehose_S3DestinationDescription);
        *d->S3DestinationDescription = *destination.failures;
    }
    out->Destinations = (struct firehose_DestinationDescriptionList){.items = d, .count = 1};
    return 0;
}

static int describe_source(struct request *req, const struct firehose_stream *stream,
                           struct firehose_DeliveryStreamDescription *out)
{
    if (!stream->source)
        return 0;
    out->Source = ARENA_NEW(&req->arena, struct firehose_SourceDescription);
    return stored_from_json(&firehose_model, source_shape(), stream->source, &req->arena,
                            out->Source)
               ? 0
               : aws_fail_internal(req);
}

static int describe_encryption(struct request *req, const struct firehose_stream *stream,
                               struct firehose_DeliveryStreamDescription *out)
{
    const struct shape *shape =
        model_structure(&firehose_model, "DeliveryStreamEncryptionConfiguration");

    out->DeliveryStreamEncryptionConfiguration =
        ARENA_NEW(&req->arena, struct firehose_DeliveryStreamEncryptionConfiguration);
    out->DeliveryStreamEncryptionConfiguration->Status = "DISABLED";
    if (!stream->encryption)
        return 0;
    return stored_from_json(&firehose_model, shape, stream->encryption, &req->arena,
                            out->DeliveryStreamEncryptionConfiguration)
               ? 0
               : aws_fail_internal(req);
}

int firehose_describe(struct request *req, const struct firehose_DescribeDeliveryStreamInput *in,
                      struct firehose_DescribeDeliveryStreamOutput *out)
{
    struct firehose_DeliveryStreamDescription *d =
        ARENA_NEW(&req->arena, struct firehose_DeliveryStreamDescription);
    struct firehose_stream stream;

    if (firehose_find(req, in->DeliveryStreamName, &stream) ||
        describe_destination(req, &stream, d) || describe_source(req, &stream, d) ||
        describe_encryption(req, &stream, d))
        return -1;
    d->DeliveryStreamName = stream.name;
    d->DeliveryStreamARN = firehose_arn(&req->arena, &stream);
    d->DeliveryStreamStatus = "ACTIVE";
    d->DeliveryStreamType = stream.type;
    d->VersionId = arena_printf(&req->arena, "%" PRId64, stream.version);
    d->CreateTimestamp = SOME_TIME(stream.created_ms);
    if (stream.updated_ms)
        d->LastUpdateTimestamp = SOME_TIME(stream.updated_ms);
    d->HasMoreDestinations = SOME_BOOL(false);
    if (in->ExclusiveStartDestinationId &&
        strcmp(in->ExclusiveStartDestinationId, d->Destinations.items[0].DestinationId) >= 0)
        d->Destinations.count = 0;
    out->DeliveryStreamDescription = d;
    return 0;
}

int firehose_list(struct request *req, const struct firehose_ListDeliveryStreamsInput *in,
                  struct firehose_ListDeliveryStreamsOutput *out)
{
    const struct scope scope = {.account = req->account, .region = req->region};
    size_t limit = (size_t)VALUE_OR(in->Limit, LIST_DEFAULT);
    size_t count;

    if (firehose_store_list(firehose_of(req->app)->store, &scope, in->DeliveryStreamType,
                            in->ExclusiveStartDeliveryStreamName, limit + 1, &req->arena,
                            &out->DeliveryStreamNames.items, &count) != STORE_OK)
        return aws_fail_internal(req);
    if (!out->DeliveryStreamNames.items)
        out->DeliveryStreamNames.items = ARENA_NEW(&req->arena, const char *);
    out->DeliveryStreamNames.count = MIN(count, limit);
    out->HasMoreDeliveryStreams = SOME_BOOL(count > limit);
    return 0;
}

/* --- changing --- */

static enum store_status find_to_update(struct request *req, const char *name,
                                        struct firehose_stream *out)
{
    const struct scope scope = {.account = req->account, .region = req->region};

    return firehose_store_find(firehose_of(req->app)->store, &scope, name, &req->arena, out);
}

/* What an update can't take back. */
struct kept {
    bool partitioned;
    bool backed_up;
};

static int check_update(struct request *req, const struct kept *before, const struct destination *d)
{
    if (d->partitioned && !before->partitioned)
        return aws_fail(req, &firehose_InvalidArgumentException,
                        "Dynamic Partitioning cannot be enabled for an existing delivery stream.");
    if (before->partitioned && !d->partitioned)
        return aws_fail(req, &firehose_InvalidArgumentException,
                        "Dynamic Partitioning cannot be disabled once it is enabled.");
    if (before->backed_up && !d->copies)
        return aws_fail(req, &firehose_InvalidArgumentException,
                        "S3 backup cannot be disabled once it is enabled.");
    return destination_check(req, d);
}

int firehose_update_destination(struct request *req,
                                const struct firehose_UpdateDestinationInput *in,
                                struct firehose_UpdateDestinationOutput *out)
{
    struct firehose_stream stream;
    struct destination destination;
    struct kept before;

    (void)out;
    switch (find_to_update(req, in->DeliveryStreamName, &stream)) {
    case STORE_OK:
        break;
    case STORE_NOT_FOUND: /* AWS: in words of its own */
        return aws_fail(req, &firehose_ResourceNotFoundException,
                        "Firehose %s under accountId %s not found.", in->DeliveryStreamName,
                        req->account);
    default:
        return aws_fail_internal(req);
    }
    if (!destination_read(stream.destination, &req->arena, &destination))
        return aws_fail_internal(req);
    if (!str_eq(in->DestinationId, destination.description->DestinationId))
        return aws_fail(req, &firehose_InvalidArgumentException, "Destination Id %s not found",
                        in->DestinationId);
    before = (struct kept){destination.partitioned, destination.s3 && destination.copies};
    if (destination_change(req, in, destination.description, &stream.secret))
        return -1;
    destination_look(destination.description, &req->arena, &destination);
    if (check_update(req, &before, &destination))
        return -1;
    stream.destination = destination_to_json(destination.description, &req->arena);
    stream.route = destination_route(&destination);
    stream.updated_ms = clock_now_ms(&req->app->clock);
    stream.version = strtoll(in->CurrentDeliveryStreamVersionId, NULL, 10);
    switch (firehose_store_update(firehose_of(req->app)->store, &stream)) {
    case STORE_OK:
        return 0;
    case STORE_CONFLICT:
        return aws_fail(req, &firehose_ConcurrentModificationException,
                        "Cannot update firehose: %s since the current version id and specified "
                        "version id do not match",
                        stream.name);
    default:
        return aws_fail_internal(req);
    }
}

int firehose_delete(struct request *req, const struct firehose_DeleteDeliveryStreamInput *in,
                    struct firehose_DeleteDeliveryStreamOutput *out)
{
    struct firehose_stream stream;

    (void)out;
    if (firehose_find(req, in->DeliveryStreamName, &stream))
        return -1;
    return firehose_store_delete(firehose_of(req->app)->store, stream.id) == STORE_OK
               ? 0
               : aws_fail_internal(req);
}
