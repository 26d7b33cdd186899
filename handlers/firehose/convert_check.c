/* What a destination that converts must fulfil: AWS's checks, in its order and its words. */
#include "handlers/firehose/convert.h"

#include "server/aws_error.h"

enum { SIZE_MIN_MB = 64 };

static int invalid(struct request *req, const char *words)
{
    return aws_fail(req, &firehose_InvalidArgumentException, "%s", words);
}

static int check_formats(struct request *req,
                         const struct firehose_DataFormatConversionConfiguration *c)
{
    const struct firehose_Deserializer *in;
    const struct firehose_Serializer *out;

    if (!c->InputFormatConfiguration)
        return invalid(req, "InputFormatConfiguration must not be null");
    if (!c->OutputFormatConfiguration)
        return invalid(req, "OutputFormatConfiguration must not be null");
    if (!c->SchemaConfiguration)
        return invalid(req, "SchemaConfiguration must not be null");
    in = c->InputFormatConfiguration->Deserializer;
    out = c->OutputFormatConfiguration->Serializer;
    if (!in || (!in->OpenXJsonSerDe && !in->HiveJsonSerDe))
        return invalid(req, "Deserializer must not be null");
    if (in->OpenXJsonSerDe && in->HiveJsonSerDe)
        return invalid(req, "More than one deserializer specified. Only one may be chosen.");
    if (!out || (!out->ParquetSerDe && !out->OrcSerDe))
        return invalid(req, "Serializer must not be null");
    if (out->ParquetSerDe && out->OrcSerDe)
        return invalid(req, "More than one serializer specified. Only one may be chosen.");
    return 0;
}

static int check_schema(struct request *req, const struct firehose_SchemaConfiguration *s)
{
    if (!s->RoleARN)
        return invalid(req, "SchemaConfiguration.RoleArn must not be null or empty");
    if (!s->DatabaseName)
        return invalid(req, "SchemaConfiguration.DatabaseName must not be null or empty");
    if (!s->TableName)
        return invalid(req, "SchemaConfiguration.TableName must not be null or empty");
    return 0;
}

static int check_table(struct request *req, const struct conversion_parts *parts,
                       const struct firehose_DataFormatConversionConfiguration *c)
{
    const struct table_name name =
        conversion_table(c->SchemaConfiguration, req->account, req->region);
    const struct hive_type *table;
    struct json_row_failure why;
    enum store_status rc =
        conversion_find_type(req->app, parts, c->InputFormatConfiguration->Deserializer, &name,
                             &req->arena, &table, &why);

    if (rc == STORE_NOT_FOUND)
        return invalid(req, why.message);
    return rc ? aws_fail_internal(req) : 0;
}

int conversion_check(struct request *req, const struct conversion_parts *parts,
                     const struct destination *d)
{
    const struct firehose_DataFormatConversionConfiguration *c = d->conversion;
    const char *problem;

    if (!str_eq(d->s3->CompressionFormat, "UNCOMPRESSED"))
        return invalid(req, "The S3 destination's compression format must be set to UNCOMPRESSED "
                            "when data format conversion is enabled. To enable compression within "
                            "the converted output format, set the appropriate serialization option "
                            "in the output format configuration.");
    if (d->s3->BufferingHints->SizeInMBs.value < SIZE_MIN_MB)
        return invalid(req, "BufferingHints.SizeInMBs must be at least 64 when data format "
                            "conversion is enabled.");
    if (check_formats(req, c) || check_schema(req, c->SchemaConfiguration))
        return -1;
    problem = json_row_option_problem(c->InputFormatConfiguration->Deserializer, &req->arena);
    if (problem)
        return aws_fail(req, &firehose_InvalidArgumentException,
                        "Invalid deserializer option(s): %s", problem);
    if (c->OutputFormatConfiguration->Serializer->OrcSerDe)
        return aws_fail_unsupported(req, "OrcSerDe");
    problem = parts->option_problem(c->OutputFormatConfiguration->Serializer->ParquetSerDe);
    if (problem)
        return aws_fail_unsupported(req, problem);
    problem = parts->missing(req->app);
    if (problem)
        return aws_fail(req, &cadabra_NotImplemented, "%s.", problem);
    return check_table(req, parts, c);
}
