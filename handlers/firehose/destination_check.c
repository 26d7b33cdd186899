/* What a destination must fulfil beyond the model's constraints, in AWS's words. */
#include "handlers/firehose/destination.h"

#include "handlers/firehose/convert.h"
#include "handlers/firehose/metadata_query.h"
#include "handlers/firehose/prefix.h"
#include "handlers/firehose/query.h"
#include "handlers/firehose/time_pattern.h"
#include "server/aws_error.h"
#include "server/base/encode.h"

enum {
    PARTITION_SIZE_MIN_MB = 64,
    PARTITION_INTERVAL_MIN_S = 60,
    PROCESSORS_MAX = 5,
    RETRIES_MAX = 300,
    INTERVAL_MAX_S = 900,
};

static int invalid(struct request *req, const char *words)
{
    return aws_fail(req, &firehose_InvalidArgumentException, "%s", words);
}

/* --- buffering --- */

static int check_hints(struct request *req, struct maybe_int size_mb, struct maybe_int interval_s)
{
    if (size_mb.set && interval_s.set)
        return 0;
    return invalid(req, "BufferingHints must have a value for SizeInMBs and for IntervalInSeconds, "
                        "or for none of them.");
}

static int check_s3_hints(struct request *req, const struct firehose_BufferingHints *hints)
{
    return check_hints(req, hints->SizeInMBs, hints->IntervalInSeconds);
}

/* --- errors for CloudWatch Logs --- */

static int check_logging(struct request *req, const struct firehose_CloudWatchLoggingOptions *o)
{
    if (!VALUE_OR(o->Enabled, false))
        return 0;
    if (!o->LogGroupName || !o->LogGroupName[0])
        return invalid(req, "CloudWatch Log Group Name is required if CloudWatch Logging is "
                            "enabled");
    if (!o->LogStreamName || !o->LogStreamName[0])
        return invalid(req, "CloudWatch Log Stream Name is required if CloudWatch Logging is "
                            "enabled");
    return 0;
}

/* --- prefixes --- */

static size_t timestamp_length(const struct prefix_part *part)
{
    struct strbuf text = STRBUF_INIT(PREFIX_MAX + 1);
    size_t len;

    time_pattern_write(part->text, part->len, 0, NULL, &text);
    len = text.overflow ? PREFIX_MAX + 1 : text.len;
    strbuf_release(&text);
    return len;
}

/* What any evaluation is at least: what is not known yet counts for one character. */
static size_t least_length(const struct prefix *p)
{
    size_t len = 0;

    for (size_t i = 0; i < p->count; i++)
        len += p->parts[i].kind == PREFIX_TEXT        ? p->parts[i].len
               : p->parts[i].kind == PREFIX_TIMESTAMP ? timestamp_length(&p->parts[i])
                                                      : 1;
    return len;
}

static int check_error_prefix(struct request *req, const char *text)
{
    const char *problem;
    struct prefix p;

    if (!prefix_parse(&req->arena, text, "ErrorOutputPrefix", &p, &problem))
        return invalid(req, problem);
    if (p.has_partition_keys)
        return invalid(req, "Dynamic Partitioning Namespaces can't be part of an error prefix "
                            "expression");
    if (p.has_expressions && !p.has_error_type)
        return invalid(req, "ErrorOutputPrefix must contain at least one occurrence of "
                            "!{firehose:error-output-type}");
    if (least_length(&p) > PREFIX_MAX)
        return invalid(req, "Length of evaluated ErrorOutputPrefix cannot be greater than 512");
    return 0;
}

static int check_prefix(struct request *req, const char *text, const char *error_text,
                        bool partitioned)
{
    bool has_error = error_text && error_text[0];
    const char *problem;
    struct prefix p;

    if (!prefix_parse(&req->arena, text ? text : "", "Prefix", &p, &problem))
        return invalid(req, problem);
    if (p.has_error_type)
        return invalid(req, "Prefix must not contain any occurrence of "
                            "!{firehose:error-output-type}");
    if (p.has_expressions && !has_error)
        return invalid(req, "ErrorOutputPrefix cannot be null or empty when Prefix contains "
                            "expressions");
    if (partitioned && !p.has_partition_keys)
        return invalid(req, "S3 Prefix should contain Dynamic Partitioning namespaces when Dynamic "
                            "Partitioning is enabled");
    if (!partitioned && p.has_partition_keys)
        return invalid(req, "Dynamic Partitioning Namespaces can only be part of a prefix "
                            "expression when Dynamic Partitioning is enabled");
    if (least_length(&p) > PREFIX_MAX)
        return invalid(req, "Length of evaluated prefix cannot be greater than 512");
    return has_error ? check_error_prefix(req, error_text) : 0;
}

static int check_plain_s3(struct request *req, const struct firehose_S3DestinationDescription *s3)
{
    if (check_s3_hints(req, s3->BufferingHints) || check_logging(req, s3->CloudWatchLoggingOptions))
        return -1;
    return check_prefix(req, s3->Prefix, s3->ErrorOutputPrefix, false);
}

/* --- processors --- */

static bool is_between(const char *text, double low, double high)
{
    char *end;
    double value = strtod(text, &end);

    return end > text && !*end && value >= low && value <= high;
}

static int check_lambda(struct request *req, const struct firehose_Processor *p)
{
    const char *retries = processor_parameter(p, "NumberOfRetries");
    const char *size = processor_parameter(p, "BufferSizeInMBs");
    const char *interval = processor_parameter(p, "BufferIntervalInSeconds");

    if (!processor_parameter(p, "LambdaArn"))
        return invalid(req, "LambdaArn is required when Lambda processor is used.");
    if (retries && !is_between(retries, 0, RETRIES_MAX))
        return invalid(req, "Number of retries for lambda must be between 0 and 300.");
    if (!size != !interval)
        return invalid(req, "Both BufferSizeInMBs and BufferIntervalInSeconds are required to "
                            "configure buffering for lambda processor.");
    if (size && !is_between(size, 0.2, 3))
        return invalid(req, "BufferSizeInMBs for lambda processor must be between 0.2 and 3.");
    if (interval && !is_between(interval, 0, INTERVAL_MAX_S))
        return invalid(req,
                       "BufferIntervalInSeconds for lambda processor must be between 0 and 900.");
    return 0;
}

static int check_deaggregation(struct request *req, const struct firehose_Processor *p)
{
    const char *type = processor_parameter(p, "SubRecordType");
    const char *delimiter = processor_parameter(p, "Delimiter");
    uint8_t *bytes;
    size_t len;

    if (!type || (!str_eq(type, "JSON") && !str_eq(type, "DELIMITED")))
        return invalid(req, "SubRecordType has to be one of JSON, DELIMITED");
    if (str_eq(type, "JSON"))
        return 0;
    if (!delimiter)
        return invalid(req, "Delimiter should be present for DELIMITED");
    bytes = arena_alloc(&req->arena, strlen(delimiter) + 1);
    if (!base64_decode(delimiter, strlen(delimiter), bytes, &len) || len == 0)
        return invalid(req, "Delimiter should be base64 encoded");
    return 0;
}

static int check_decompression(struct request *req, const struct firehose_Processor *p)
{
    const char *format = processor_parameter(p, "CompressionFormat");

    if (!format || !str_eq(format, "GZIP"))
        return invalid(req, "CompressionFormat for Decompression processor has to be GZIP");
    return 0;
}

static int check_log_processing(struct request *req, const struct firehose_Processor *p,
                                const struct firehose_ProcessingConfiguration *processing)
{
    const char *extraction = processor_parameter(p, "DataMessageExtraction");

    if (!destination_processor(processing, "Decompression"))
        return invalid(req, "CloudWatchLogProcessingProcessor can only be enabled with "
                            "DecompressionProcessor");
    if (!extraction ||
        (strcasecmp(extraction, "true") != 0 && strcasecmp(extraction, "false") != 0))
        return invalid(req, "DataMessageExtraction has to be true or false");
    return 0;
}

static bool stands_in(const struct prefix *prefix, const char *key)
{
    for (size_t i = 0; i < prefix->count; i++)
        if (prefix->parts[i].kind == PREFIX_FROM_QUERY && str_eq(prefix->parts[i].text, key))
            return true;
    return false;
}

static int check_query(struct request *req, const char *text)
{
    const char *problem;
    struct query *query = query_open(text, &req->arena, &problem);

    if (!query)
        return aws_fail(req, &firehose_InvalidArgumentException,
                        "MetaDataExtraction JQ Query is invalid: %s", problem);
    query_close(query);
    return 0;
}

static int check_metadata(struct request *req, const struct firehose_Processor *p,
                          const struct destination *d)
{
    const char *engine = processor_parameter(p, "JsonParsingEngine");
    const char *query = processor_parameter(p, "MetadataExtractionQuery");
    struct metadata_query parsed;
    struct prefix prefix;
    const char *problem;

    if (!engine || !str_eq(engine, "JQ-1.6"))
        return invalid(req, "MetaDataExtraction JSON Parsing Engine has to be one of JQ-1.6");
    if (!query)
        return invalid(req, "MetaDataExtraction JQ Query must be present");
    if (!d->partitioned)
        return invalid(req, "MetadataExtraction processor is only supported when Dynamic "
                            "Partitioning is enabled.");
    if (!metadata_query_parse(&req->arena, query, &parsed, &problem))
        return aws_fail(req, &firehose_InvalidArgumentException,
                        "MetaDataExtraction JQ Query is invalid: %s", problem);
    if (!prefix_parse(&req->arena, d->s3->Prefix ? d->s3->Prefix : "", "Prefix", &prefix, &problem))
        return invalid(req, problem);
    for (size_t i = 0; i < parsed.count; i++)
        if (!stands_in(&prefix, parsed.keys[i]))
            return invalid(req, "MetaDataExtraction JQ Query can't contain keys that are not "
                                "present in the S3 Prefix expression");
    return check_query(req, query);
}

static int check_processor(struct request *req, const struct firehose_Processor *p,
                           const struct destination *d)
{
    if (destination_processor(d->processing, p->Type) != p)
        return aws_fail(req, &firehose_InvalidArgumentException,
                        "Cannot have more than 1 %s processor.", p->Type);
    if (str_eq(p->Type, "Lambda"))
        return check_lambda(req, p);
    if (str_eq(p->Type, "RecordDeAggregation"))
        return check_deaggregation(req, p);
    if (str_eq(p->Type, "Decompression"))
        return check_decompression(req, p);
    if (str_eq(p->Type, "CloudWatchLogProcessing"))
        return check_log_processing(req, p, d->processing);
    if (str_eq(p->Type, "MetadataExtraction"))
        return check_metadata(req, p, d);
    return 0; /* AppendDelimiterToRecord */
}

static int check_processing(struct request *req, const struct destination *d)
{
    size_t count = d->processing ? d->processing->Processors.count : 0;

    if (!d->processing)
        return 0;
    if (count < 1 || count > PROCESSORS_MAX)
        return invalid(req, "A maximum of 5 and a minimum of 1 processor needs to be supplied when "
                            "processing is enabled.");
    for (size_t i = 0; i < count; i++)
        if (check_processor(req, &d->processing->Processors.items[i], d))
            return -1;
    return 0;
}

/* --- destinations --- */

static int check_partitioning(struct request *req, const struct destination *d)
{
    struct prefix prefix;
    const char *problem;

    if (!d->partitioned)
        return 0;
    if (d->s3->BufferingHints->SizeInMBs.value < PARTITION_SIZE_MIN_MB)
        return invalid(req, "BufferingHints.SizeInMBs must be at least 64 when Dynamic "
                            "Partitioning is enabled.");
    /* AWS: there is no zero buffering for partitions. */
    if (d->s3->BufferingHints->IntervalInSeconds.value < PARTITION_INTERVAL_MIN_S)
        return invalid(req, "BufferingHints.IntervalInSeconds must be at least 60 when Dynamic "
                            "Partitioning is enabled.");
    if (!destination_processor(d->processing, "MetadataExtraction") &&
        !destination_processor(d->processing, "Lambda"))
        return invalid(req, "MetaDataExtraction or Lambda processor must be present when Dynamic "
                            "Partitioning is enabled.");
    if (!prefix_parse(&req->arena, d->s3->Prefix, "Prefix", &prefix, &problem))
        return invalid(req, problem);
    for (size_t i = 0; i < prefix.count; i++) {
        if (prefix.parts[i].kind == PREFIX_FROM_QUERY &&
            !destination_processor(d->processing, "MetadataExtraction"))
            return invalid(req, "MetadataExtraction processor should be present when S3 Prefix has "
                                "partitionKeyFromQuery namespace.");
        if (prefix.parts[i].kind == PREFIX_FROM_LAMBDA &&
            !destination_processor(d->processing, "Lambda"))
            return invalid(req, "Lambda processor should be present when S3 Prefix has "
                                "partitionKeyFromLambda namespace.");
    }
    return 0;
}

/* An update may be the first that is said of it. */
static int check_backup(struct request *req, const struct firehose_S3DestinationDescription *backup)
{
    if (!backup->RoleARN)
        return invalid(req, "S3BackupConfiguration.RoleARN must not be null or empty");
    if (!backup->BucketARN)
        return invalid(req, "S3BackupConfiguration.BucketARN must not be null or empty");
    return check_plain_s3(req, backup);
}

static int check_s3(struct request *req, const struct destination *d)
{
    const struct firehose_ExtendedS3DestinationDescription *s3 = d->s3;

    if (check_s3_hints(req, s3->BufferingHints) || check_logging(req, s3->CloudWatchLoggingOptions))
        return -1;
    if (d->conversion && conversion_check(req, firehose_of(req->app)->conversion, d))
        return -1;
    if (check_prefix(req, s3->Prefix, s3->ErrorOutputPrefix, d->partitioned) ||
        check_partitioning(req, d))
        return -1;
    if (s3->CustomTimeZone && s3->CustomTimeZone[0] &&
        !time_zone_read(&req->arena, s3->CustomTimeZone))
        return invalid(req, "CustomTimeZone is not a supported time zone");
    if (str_eq(s3->S3BackupMode, "Enabled") && !s3->S3BackupDescription)
        return invalid(req, "S3BackupConfiguration must be present when S3BackupMode is Enabled");
    return s3->S3BackupDescription ? check_backup(req, s3->S3BackupDescription) : 0;
}

/* AWS: https only. Here endpoints of the same machine are the rule, so http is taken, too. */
static int check_url(struct request *req, const char *url, const char *what)
{
    if (!str_starts(url, "https://") && !str_starts(url, "http://"))
        return aws_fail(req, &firehose_InvalidArgumentException,
                        "%s must be an https:// or http:// URL", what);
    return 0;
}

static int check_http(struct request *req, const struct destination *d)
{
    const struct firehose_HttpEndpointCommonAttributesList *attributes =
        &d->http->RequestConfiguration->CommonAttributes;

    if (d->http->SecretsManagerConfiguration &&
        VALUE_OR(d->http->SecretsManagerConfiguration->Enabled, false))
        return aws_fail_unsupported(req, "SecretsManagerConfiguration");
    if (check_hints(req, d->http->BufferingHints->SizeInMBs,
                    d->http->BufferingHints->IntervalInSeconds) ||
        check_url(req, d->http->EndpointConfiguration->Url, "Url") ||
        check_logging(req, d->http->CloudWatchLoggingOptions))
        return -1;
    for (size_t i = 0; i < attributes->count; i++)
        for (size_t j = 0; j < i; j++)
            if (str_eq(attributes->items[i].AttributeName, attributes->items[j].AttributeName))
                return aws_fail(req, &firehose_InvalidArgumentException,
                                "Http Endpoint Common Attributes have duplicate name %s",
                                attributes->items[i].AttributeName);
    return check_plain_s3(req, d->http->S3DestinationDescription);
}

static int check_search(struct request *req, const struct destination *d)
{
    if (d->search->DomainARN)
        return aws_fail_unsupported(req, "DomainARN");
    if (!d->search->ClusterEndpoint)
        return invalid(req, "Either DomainARN or ClusterEndpoint must be specified");
    if (check_url(req, d->search->ClusterEndpoint, "ClusterEndpoint") ||
        check_logging(req, d->search->CloudWatchLoggingOptions))
        return -1;
    return check_plain_s3(req, d->search->S3DestinationDescription);
}

int destination_check(struct request *req, const struct destination *d)
{
    int failed = d->kind == DESTINATION_S3     ? check_s3(req, d)
                 : d->kind == DESTINATION_HTTP ? check_http(req, d)
                                               : check_search(req, d);

    return failed ? -1 : check_processing(req, d);
}
