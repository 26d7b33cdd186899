#include "handlers/firehose/destination.h"

#include "server/model/stored.h"

enum {
    MIB = 1024 * 1024,
    HTTP_RECORDS_MAX = 10000,     /* AWS: of a request */
    LAMBDA_BUFFER_DEFAULT_S = 60, /* AWS: with a size of 1 MB */
};

static const struct shape *shape(const char *name)
{
    return model_structure(&firehose_model, name);
}

bool destination_read(const char *json, struct arena *a, struct destination *out)
{
    struct firehose_DestinationDescription *d =
        ARENA_NEW(a, struct firehose_DestinationDescription);

    if (!stored_from_json(&firehose_model, shape("DestinationDescription"), json, a, d))
        return false;
    destination_look(d, a, out);
    return true;
}

char *destination_to_json(const struct firehose_DestinationDescription *description,
                          struct arena *a)
{
    return stored_to_json(&firehose_model, shape("DestinationDescription"), description, a);
}

static const struct firehose_S3DestinationDescription *
plain_s3(const struct firehose_ExtendedS3DestinationDescription *extended, struct arena *a)
{
    struct firehose_S3DestinationDescription *plain =
        ARENA_NEW(a, struct firehose_S3DestinationDescription);

    stored_merge(&firehose_model, shape("S3DestinationDescription"), plain,
                 shape("ExtendedS3DestinationDescription"), extended, a);
    return plain;
}

bool destination_converts(const struct firehose_ExtendedS3DestinationDescription *s3)
{
    return s3->DataFormatConversionConfiguration &&
           VALUE_OR(s3->DataFormatConversionConfiguration->Enabled, true);
}

static void look_at_s3(struct destination *d, struct arena *a)
{
    const struct firehose_ExtendedS3DestinationDescription *s3 = d->s3;

    d->kind = DESTINATION_S3;
    d->processing = s3->ProcessingConfiguration;
    d->failures = plain_s3(s3, a);
    if (destination_converts(s3))
        d->conversion = s3->DataFormatConversionConfiguration;
    d->logging = s3->CloudWatchLoggingOptions;
    if (s3->S3BackupMode && str_eq(s3->S3BackupMode, "Enabled"))
        d->copies = s3->S3BackupDescription;
    d->partitioned = s3->DynamicPartitioningConfiguration &&
                     VALUE_OR(s3->DynamicPartitioningConfiguration->Enabled, false);
    d->bytes_max = (int64_t)s3->BufferingHints->SizeInMBs.value * MIB;
    d->wait_ms = (int64_t)s3->BufferingHints->IntervalInSeconds.value * 1000;
}

static void look_at_http(struct destination *d)
{
    const struct firehose_HttpEndpointDestinationDescription *http = d->http;

    d->kind = DESTINATION_HTTP;
    d->records_max = HTTP_RECORDS_MAX;
    d->processing = http->ProcessingConfiguration;
    d->failures = http->S3DestinationDescription;
    d->logging = http->CloudWatchLoggingOptions;
    if (str_eq(http->S3BackupMode, "AllData"))
        d->copies = http->S3DestinationDescription;
    d->bytes_max = (int64_t)http->BufferingHints->SizeInMBs.value * MIB;
    d->wait_ms = (int64_t)http->BufferingHints->IntervalInSeconds.value * 1000;
}

static void look_at_search(struct destination *d)
{
    const struct firehose_AmazonopensearchserviceDestinationDescription *search = d->search;

    d->kind = DESTINATION_SEARCH;
    d->processing = search->ProcessingConfiguration;
    d->failures = search->S3DestinationDescription;
    d->logging = search->CloudWatchLoggingOptions;
    if (str_eq(search->S3BackupMode, "AllDocuments"))
        d->copies = search->S3DestinationDescription;
    d->bytes_max = (int64_t)search->BufferingHints->SizeInMBs.value * MIB;
    d->wait_ms = (int64_t)search->BufferingHints->IntervalInSeconds.value * 1000;
}

/* Two names for one thing: their descriptions have the same members. */
static const struct firehose_AmazonopensearchserviceDestinationDescription *
as_opensearch(const struct firehose_ElasticsearchDestinationDescription *old, struct arena *a)
{
    struct firehose_AmazonopensearchserviceDestinationDescription *search =
        ARENA_NEW(a, struct firehose_AmazonopensearchserviceDestinationDescription);

    stored_merge(&firehose_model, shape("AmazonopensearchserviceDestinationDescription"), search,
                 shape("ElasticsearchDestinationDescription"), old, a);
    return search;
}

void destination_look(struct firehose_DestinationDescription *description, struct arena *a,
                      struct destination *out)
{
    *out = (struct destination){
        .description = description,
        .s3 = description->ExtendedS3DestinationDescription,
        .http = description->HttpEndpointDestinationDescription,
        .search = description->AmazonopensearchserviceDestinationDescription,
        .elasticsearch = description->ElasticsearchDestinationDescription != NULL,
    };
    if (out->elasticsearch)
        out->search = as_opensearch(description->ElasticsearchDestinationDescription, a);
    if (out->s3)
        look_at_s3(out, a);
    else if (out->http)
        look_at_http(out);
    else
        look_at_search(out);
    if (out->processing && !VALUE_OR(out->processing->Enabled, false))
        out->processing = NULL;
    if (out->logging && !VALUE_OR(out->logging->Enabled, false))
        out->logging = NULL;
}

const char *processor_parameter(const struct firehose_Processor *p, const char *name)
{
    for (size_t i = 0; i < p->Parameters.count; i++)
        if (str_eq(p->Parameters.items[i].ParameterName, name))
            return p->Parameters.items[i].ParameterValue;
    return NULL;
}

const struct firehose_Processor *
destination_processor(const struct firehose_ProcessingConfiguration *processing, const char *type)
{
    for (size_t i = 0; processing && i < processing->Processors.count; i++)
        if (str_eq(processing->Processors.items[i].Type, type))
            return &processing->Processors.items[i];
    return NULL;
}

const char *destination_bucket(const char *bucket_arn)
{
    const char *colon = strrchr(bucket_arn, ':');

    return colon ? colon + 1 : bucket_arn;
}

/* Records are transformed in batches of the function's own hints; without a function at once. */
static void route_through_processing(const struct destination *d, struct firehose_route *out)
{
    const struct firehose_Processor *lambda = destination_processor(d->processing, "Lambda");
    const char *size = lambda ? processor_parameter(lambda, "BufferSizeInMBs") : NULL;
    const char *interval = lambda ? processor_parameter(lambda, "BufferIntervalInSeconds") : NULL;

    out->lane = FIREHOSE_PROCESS;
    out->records_max = 0;
    out->bytes_max = size ? (int64_t)(strtod(size, NULL) * MIB) : MIB;
    out->wait_ms = interval ? strtol(interval, NULL, 10) * 1000
                   : lambda ? LAMBDA_BUFFER_DEFAULT_S * 1000
                            : 0;
}

struct firehose_route destination_route(const struct destination *d)
{
    struct firehose_route route = {
        FIREHOSE_DELIVER, d->bytes_max, d->wait_ms, d->records_max, 0, 0};

    if (d->processing)
        route_through_processing(d, &route);
    if (d->copies) {
        route.copy_bytes_max = (int64_t)d->copies->BufferingHints->SizeInMBs.value * MIB;
        route.copy_wait_ms = (int64_t)d->copies->BufferingHints->IntervalInSeconds.value * 1000;
    }
    return route;
}
