/*
 * From configurations and updates to descriptions: members of the same name are taken over
 * (server/model/stored.h), what was left out gets AWS's default.
 */
#include "handlers/firehose/destination.h"

#include "server/aws_error.h"
#include "server/model/stored.h"

enum {
    SIZE_DEFAULT_MB = 5,
    CONVERTING_SIZE_DEFAULT_MB = 128,
    INTERVAL_DEFAULT_S = 300,
    RETRY_DEFAULT_S = 300
};

/* Merges one generated struct into another by the names of their shapes. */
#define MERGE(a, into_name, into, from_name, from)                                                 \
    stored_merge(&firehose_model, model_structure(&firehose_model, into_name), (into),             \
                 model_structure(&firehose_model, from_name), (from), (a))

/* Sets a member that holds a text or a structure where it is not set. */
#define DEFAULT_TO(member, value)                                                                  \
    do {                                                                                           \
        if (!(member))                                                                             \
            (member) = (value);                                                                    \
    } while (0)

/* Each kind of destination has a structure of its own for buffering hints, with these members. */
#define DEFAULT_EACH_HINT(a, hints, size_mb)                                                       \
    do {                                                                                           \
        DEFAULT_TO(hints, ARENA_NEW(a, __typeof__(*(hints))));                                     \
        if (!(hints)->SizeInMBs.set)                                                               \
            (hints)->SizeInMBs = SOME_INT(size_mb);                                                \
        if (!(hints)->IntervalInSeconds.set)                                                       \
            (hints)->IntervalInSeconds = SOME_INT(INTERVAL_DEFAULT_S);                             \
    } while (0)

/* For S3 and HTTP: both of them or none. What was left out is missed by destination_check(). */
static struct firehose_BufferingHints *s3_hints(struct arena *a,
                                                struct firehose_BufferingHints *given, int size_mb)
{
    if (!given)
        DEFAULT_EACH_HINT(a, given, size_mb);
    return given;
}

static struct firehose_EncryptionConfiguration *no_encryption(struct arena *a)
{
    struct firehose_EncryptionConfiguration *e =
        ARENA_NEW(a, struct firehose_EncryptionConfiguration);

    e->NoEncryptionConfig = "NoEncryption";
    return e;
}

static struct firehose_CloudWatchLoggingOptions *no_logging(struct arena *a)
{
    struct firehose_CloudWatchLoggingOptions *l =
        ARENA_NEW(a, struct firehose_CloudWatchLoggingOptions);

    l->Enabled = SOME_BOOL(false);
    return l;
}

/* What S3DestinationDescription and ExtendedS3DestinationDescription have in common. */
#define DEFAULT_S3(a, s3)                                                                          \
    do {                                                                                           \
        (s3)->BufferingHints = s3_hints(a, (s3)->BufferingHints, SIZE_DEFAULT_MB);                 \
        DEFAULT_TO((s3)->CompressionFormat, "UNCOMPRESSED");                                       \
        DEFAULT_TO((s3)->EncryptionConfiguration, no_encryption(a));                               \
        DEFAULT_TO((s3)->CloudWatchLoggingOptions, no_logging(a));                                 \
    } while (0)

/* A structure that the description owns alone: a copy of `old`, or a new one. */
#define OWN(a, old)                                                                                \
    ({                                                                                             \
        __typeof__(old) own_ = ARENA_NEW(a, __typeof__(*(old)));                                   \
        if (old)                                                                                   \
            *own_ = *(old);                                                                        \
        own_;                                                                                      \
    })

static struct firehose_S3DestinationDescription *
take_s3(struct arena *a, struct firehose_S3DestinationDescription *old, const char *from_name,
        const void *from)
{
    struct firehose_S3DestinationDescription *s3 = OWN(a, old);

    if (from)
        MERGE(a, "S3DestinationDescription", s3, from_name, from);
    DEFAULT_S3(a, s3);
    return s3;
}

/* AWS: an update of the conversion changes the members that it names, and those of the schema that
 * it names; all other structures of a destination are replaced whole. */
static struct firehose_DataFormatConversionConfiguration *
merged_conversion(struct arena *a, struct firehose_DataFormatConversionConfiguration *old,
                  struct firehose_DataFormatConversionConfiguration *update)
{
    struct firehose_DataFormatConversionConfiguration *merged;

    if (!old || !update || update == old)
        return update;
    merged = OWN(a, old);
    MERGE(a, "DataFormatConversionConfiguration", merged, "DataFormatConversionConfiguration",
          update);
    if (old->SchemaConfiguration && update->SchemaConfiguration) {
        merged->SchemaConfiguration = OWN(a, old->SchemaConfiguration);
        MERGE(a, "SchemaConfiguration", merged->SchemaConfiguration, "SchemaConfiguration",
              update->SchemaConfiguration);
    }
    return merged;
}

static void take_extended_s3(struct arena *a, struct firehose_DestinationDescription *d,
                             const char *from_name, const void *from)
{
    const struct firehose_ExtendedS3DestinationDescription *old =
        d->ExtendedS3DestinationDescription;
    struct firehose_ExtendedS3DestinationDescription *s3 =
        OWN(a, d->ExtendedS3DestinationDescription);

    MERGE(a, "ExtendedS3DestinationDescription", s3, from_name, from);
    if (old)
        s3->DataFormatConversionConfiguration = merged_conversion(
            a, old->DataFormatConversionConfiguration, s3->DataFormatConversionConfiguration);
    if (destination_converts(s3))
        s3->BufferingHints = s3_hints(a, s3->BufferingHints, CONVERTING_SIZE_DEFAULT_MB);
    DEFAULT_S3(a, s3);
    DEFAULT_TO(s3->S3BackupMode, "Disabled");
    d->ExtendedS3DestinationDescription = s3;
}

static void take_http(struct arena *a, struct firehose_DestinationDescription *d,
                      const char *from_name, const void *from)
{
    struct firehose_HttpEndpointDestinationDescription *http =
        OWN(a, d->HttpEndpointDestinationDescription);

    MERGE(a, "HttpEndpointDestinationDescription", http, from_name, from);
    if (!http->BufferingHints)
        DEFAULT_EACH_HINT(a, http->BufferingHints, SIZE_DEFAULT_MB);
    DEFAULT_TO(http->CloudWatchLoggingOptions, no_logging(a));
    DEFAULT_TO(http->S3BackupMode, "FailedDataOnly");
    DEFAULT_TO(http->RequestConfiguration,
               ARENA_NEW(a, struct firehose_HttpEndpointRequestConfiguration));
    DEFAULT_TO(http->RequestConfiguration->ContentEncoding, "NONE");
    DEFAULT_TO(http->RetryOptions, ARENA_NEW(a, struct firehose_HttpEndpointRetryOptions));
    if (!http->RetryOptions->DurationInSeconds.set)
        http->RetryOptions->DurationInSeconds = SOME_INT(RETRY_DEFAULT_S);
    d->HttpEndpointDestinationDescription = http;
}

#define DEFAULT_SEARCH(a, search, retry_type)                                                      \
    do {                                                                                           \
        DEFAULT_EACH_HINT(a, (search)->BufferingHints, SIZE_DEFAULT_MB);                           \
        DEFAULT_TO((search)->CloudWatchLoggingOptions, no_logging(a));                             \
        DEFAULT_TO((search)->S3BackupMode, "FailedDocumentsOnly");                                 \
        DEFAULT_TO((search)->IndexRotationPeriod, "OneDay");                                       \
        DEFAULT_TO((search)->TypeName, "");                                                        \
        DEFAULT_TO((search)->RetryOptions, ARENA_NEW(a, retry_type));                              \
        if (!(search)->RetryOptions->DurationInSeconds.set)                                        \
            (search)->RetryOptions->DurationInSeconds = SOME_INT(RETRY_DEFAULT_S);                 \
        DEFAULT_TO((search)->DocumentIdOptions, ARENA_NEW(a, struct firehose_DocumentIdOptions));  \
        DEFAULT_TO((search)->DocumentIdOptions->DefaultDocumentIdFormat, "FIREHOSE_DEFAULT");      \
    } while (0)

static void take_opensearch(struct arena *a, struct firehose_DestinationDescription *d,
                            const char *from_name, const void *from)
{
    struct firehose_AmazonopensearchserviceDestinationDescription *search =
        OWN(a, d->AmazonopensearchserviceDestinationDescription);

    MERGE(a, "AmazonopensearchserviceDestinationDescription", search, from_name, from);
    DEFAULT_SEARCH(a, search, struct firehose_AmazonopensearchserviceRetryOptions);
    d->AmazonopensearchserviceDestinationDescription = search;
}

static void take_elasticsearch(struct arena *a, struct firehose_DestinationDescription *d,
                               const char *from_name, const void *from)
{
    struct firehose_ElasticsearchDestinationDescription *search =
        OWN(a, d->ElasticsearchDestinationDescription);

    MERGE(a, "ElasticsearchDestinationDescription", search, from_name, from);
    DEFAULT_SEARCH(a, search, struct firehose_ElasticsearchRetryOptions);
    d->ElasticsearchDestinationDescription = search;
}

/* --- new --- */

static int refuse_new(struct request *req, const struct firehose_CreateDeliveryStreamInput *in)
{
    const struct {
        const void *given;
        const char *name;
    } refused[] = {
        {in->RedshiftDestinationConfiguration, "RedshiftDestinationConfiguration"},
        {in->SplunkDestinationConfiguration, "SplunkDestinationConfiguration"},
        {in->AmazonOpenSearchServerlessDestinationConfiguration,
         "AmazonOpenSearchServerlessDestinationConfiguration"},
        {in->SnowflakeDestinationConfiguration, "SnowflakeDestinationConfiguration"},
        {in->IcebergDestinationConfiguration, "IcebergDestinationConfiguration"},
        {in->MSKSourceConfiguration, "MSKSourceConfiguration"},
        {in->DatabaseSourceConfiguration, "DatabaseSourceConfiguration"},
        {in->ElasticsearchDestinationConfiguration
             ? in->ElasticsearchDestinationConfiguration->VpcConfiguration
             : NULL,
         "VpcConfiguration"},
        {in->AmazonopensearchserviceDestinationConfiguration
             ? in->AmazonopensearchserviceDestinationConfiguration->VpcConfiguration
             : NULL,
         "VpcConfiguration"},
    };

    for (size_t i = 0; i < ARRAY_LEN(refused); i++)
        if (refused[i].given)
            return aws_fail_unsupported(req, refused[i].name);
    return 0;
}

static int count_new(const struct firehose_CreateDeliveryStreamInput *in)
{
    const void *const given[] = {
        in->S3DestinationConfiguration,
        in->ExtendedS3DestinationConfiguration,
        in->RedshiftDestinationConfiguration,
        in->ElasticsearchDestinationConfiguration,
        in->AmazonopensearchserviceDestinationConfiguration,
        in->SplunkDestinationConfiguration,
        in->HttpEndpointDestinationConfiguration,
        in->AmazonOpenSearchServerlessDestinationConfiguration,
        in->SnowflakeDestinationConfiguration,
        in->IcebergDestinationConfiguration,
    };
    int count = 0;

    for (size_t i = 0; i < ARRAY_LEN(given); i++)
        count += given[i] != NULL;
    return count;
}

static void new_s3(struct arena *a, const struct firehose_CreateDeliveryStreamInput *in,
                   struct firehose_DestinationDescription *out)
{
    const struct firehose_ExtendedS3DestinationConfiguration *extended =
        in->ExtendedS3DestinationConfiguration;

    if (!extended) {
        take_extended_s3(a, out, "S3DestinationConfiguration", in->S3DestinationConfiguration);
        return;
    }
    take_extended_s3(a, out, "ExtendedS3DestinationConfiguration", extended);
    if (extended->S3BackupConfiguration)
        out->ExtendedS3DestinationDescription->S3BackupDescription =
            take_s3(a, NULL, "S3DestinationConfiguration", extended->S3BackupConfiguration);
}

static void new_http(struct arena *a,
                     const struct firehose_HttpEndpointDestinationConfiguration *in,
                     struct firehose_DestinationDescription *out, const char **out_secret)
{
    take_http(a, out, "HttpEndpointDestinationConfiguration", in);
    out->HttpEndpointDestinationDescription->S3DestinationDescription =
        take_s3(a, NULL, "S3DestinationConfiguration", in->S3Configuration);
    *out_secret = in->EndpointConfiguration->AccessKey;
}

int destination_new(struct request *req, const struct firehose_CreateDeliveryStreamInput *in,
                    struct firehose_DestinationDescription *out, const char **out_secret)
{
    struct arena *a = &req->arena;

    if (count_new(in) != 1)
        return aws_fail(req, &firehose_InvalidArgumentException,
                        "Exactly one destination configuration is supported for a Firehose");
    if (refuse_new(req, in))
        return -1;
    *out = (struct firehose_DestinationDescription){.DestinationId = "destinationId-000000000001"};
    *out_secret = NULL;
    if (in->HttpEndpointDestinationConfiguration) {
        new_http(a, in->HttpEndpointDestinationConfiguration, out, out_secret);
    } else if (in->AmazonopensearchserviceDestinationConfiguration) {
        take_opensearch(a, out, "AmazonopensearchserviceDestinationConfiguration",
                        in->AmazonopensearchserviceDestinationConfiguration);
        out->AmazonopensearchserviceDestinationDescription->S3DestinationDescription =
            take_s3(a, NULL, "S3DestinationConfiguration",
                    in->AmazonopensearchserviceDestinationConfiguration->S3Configuration);
    } else if (in->ElasticsearchDestinationConfiguration) {
        take_elasticsearch(a, out, "ElasticsearchDestinationConfiguration",
                           in->ElasticsearchDestinationConfiguration);
        out->ElasticsearchDestinationDescription->S3DestinationDescription =
            take_s3(a, NULL, "S3DestinationConfiguration",
                    in->ElasticsearchDestinationConfiguration->S3Configuration);
    } else {
        new_s3(a, in, out);
    }
    return 0;
}

/* --- changed --- */

static int refuse_change(struct request *req, const struct firehose_UpdateDestinationInput *in)
{
    const struct {
        const void *given;
        const char *name;
    } refused[] = {
        {in->RedshiftDestinationUpdate, "RedshiftDestinationUpdate"},
        {in->SplunkDestinationUpdate, "SplunkDestinationUpdate"},
        {in->AmazonOpenSearchServerlessDestinationUpdate,
         "AmazonOpenSearchServerlessDestinationUpdate"},
        {in->SnowflakeDestinationUpdate, "SnowflakeDestinationUpdate"},
        {in->IcebergDestinationUpdate, "IcebergDestinationUpdate"},
    };

    for (size_t i = 0; i < ARRAY_LEN(refused); i++)
        if (refused[i].given)
            return aws_fail_unsupported(req, refused[i].name);
    return 0;
}

static void change_s3(struct arena *a, const struct firehose_UpdateDestinationInput *in,
                      struct firehose_DestinationDescription *d)
{
    const struct firehose_ExtendedS3DestinationUpdate *extended = in->ExtendedS3DestinationUpdate;
    struct firehose_ExtendedS3DestinationDescription *s3;

    if (!extended) {
        take_extended_s3(a, d, "S3DestinationUpdate", in->S3DestinationUpdate);
        return;
    }
    take_extended_s3(a, d, "ExtendedS3DestinationUpdate", extended);
    s3 = d->ExtendedS3DestinationDescription;
    if (extended->S3BackupUpdate)
        s3->S3BackupDescription =
            take_s3(a, s3->S3BackupDescription, "S3DestinationUpdate", extended->S3BackupUpdate);
}

static void change_http(struct arena *a, const struct firehose_HttpEndpointDestinationUpdate *in,
                        struct firehose_DestinationDescription *d, const char **secret)
{
    struct firehose_HttpEndpointDestinationDescription *http;

    take_http(a, d, "HttpEndpointDestinationUpdate", in);
    http = d->HttpEndpointDestinationDescription;
    http->S3DestinationDescription =
        take_s3(a, http->S3DestinationDescription, "S3DestinationUpdate", in->S3Update);
    if (in->EndpointConfiguration && in->EndpointConfiguration->AccessKey)
        *secret = in->EndpointConfiguration->AccessKey;
}

static void change_search(struct arena *a, const struct firehose_UpdateDestinationInput *in,
                          struct firehose_DestinationDescription *d)
{
    const struct firehose_S3DestinationUpdate *s3;

    if (in->ElasticsearchDestinationUpdate) {
        take_elasticsearch(a, d, "ElasticsearchDestinationUpdate",
                           in->ElasticsearchDestinationUpdate);
        s3 = in->ElasticsearchDestinationUpdate->S3Update;
        d->ElasticsearchDestinationDescription->S3DestinationDescription =
            take_s3(a, d->ElasticsearchDestinationDescription->S3DestinationDescription,
                    "S3DestinationUpdate", s3);
        return;
    }
    take_opensearch(a, d, "AmazonopensearchserviceDestinationUpdate",
                    in->AmazonopensearchserviceDestinationUpdate);
    s3 = in->AmazonopensearchserviceDestinationUpdate->S3Update;
    d->AmazonopensearchserviceDestinationDescription->S3DestinationDescription =
        take_s3(a, d->AmazonopensearchserviceDestinationDescription->S3DestinationDescription,
                "S3DestinationUpdate", s3);
}

static int fail_type_change(struct request *req, const char *type)
{
    return aws_fail(req, &firehose_InvalidArgumentException,
                    "Changing the destination type to or from %s is not supported at this time.",
                    type);
}

int destination_change(struct request *req, const struct firehose_UpdateDestinationInput *in,
                       struct firehose_DestinationDescription *description, const char **secret)
{
    bool s3 = in->S3DestinationUpdate || in->ExtendedS3DestinationUpdate;
    bool http = in->HttpEndpointDestinationUpdate != NULL;
    bool opensearch = in->AmazonopensearchserviceDestinationUpdate != NULL;
    bool elasticsearch = in->ElasticsearchDestinationUpdate != NULL;

    if (refuse_change(req, in))
        return -1;
    if ((in->S3DestinationUpdate && in->ExtendedS3DestinationUpdate) ||
        s3 + http + opensearch + elasticsearch != 1)
        return aws_fail(req, &firehose_InvalidArgumentException,
                        "Exactly one destination configuration is supported for a Firehose");
    if (http != (description->HttpEndpointDestinationDescription != NULL))
        return fail_type_change(req, "HttpEndpoint");
    if (opensearch != (description->AmazonopensearchserviceDestinationDescription != NULL))
        return fail_type_change(req, "AmazonOpenSearchService");
    if (elasticsearch != (description->ElasticsearchDestinationDescription != NULL))
        return fail_type_change(req, "Elasticsearch");
    if (s3)
        change_s3(&req->arena, in, description);
    else if (http)
        change_http(&req->arena, in->HttpEndpointDestinationUpdate, description, secret);
    else
        change_search(&req->arena, in, description);
    return 0;
}
