/* DynamoDB as the server sees it: model, handlers, life, and how its errors are named. */
#include "handlers/dynamodb/service.h"

#include "handlers/dynamodb/ops.h"
#include "handlers/dynamodb/validate.h"

static const struct dynamodb_handlers handlers = {
    .CreateTable = dynamodb_create_table,
    .DescribeTable = dynamodb_describe_table,
    .ListTables = dynamodb_list_tables,
    .DeleteTable = dynamodb_delete_table,
    .UpdateTable = dynamodb_update_table,
    .TagResource = dynamodb_tag_resource,
    .UntagResource = dynamodb_untag_resource,
    .ListTagsOfResource = dynamodb_list_tags_of_resource,
    .DescribeLimits = dynamodb_describe_limits,
    .DescribeTimeToLive = dynamodb_describe_time_to_live,
    .UpdateTimeToLive = dynamodb_update_time_to_live,
    .DescribeContinuousBackups = dynamodb_describe_continuous_backups,
    .UpdateContinuousBackups = dynamodb_update_continuous_backups,
    .CreateBackup = dynamodb_create_backup,
    .DescribeBackup = dynamodb_describe_backup,
    .ListBackups = dynamodb_list_backups,
    .DeleteBackup = dynamodb_delete_backup,
    .RestoreTableFromBackup = dynamodb_restore_table_from_backup,
    .RestoreTableToPointInTime = dynamodb_restore_table_to_point_in_time,
    .DescribeEndpoints = dynamodb_describe_endpoints,
    .EnableKinesisStreamingDestination = dynamodb_enable_kinesis_streaming_destination,
    .DisableKinesisStreamingDestination = dynamodb_disable_kinesis_streaming_destination,
    .UpdateKinesisStreamingDestination = dynamodb_update_kinesis_streaming_destination,
    .DescribeKinesisStreamingDestination = dynamodb_describe_kinesis_streaming_destination,
    .PutResourcePolicy = dynamodb_put_resource_policy,
    .GetResourcePolicy = dynamodb_get_resource_policy,
    .DeleteResourcePolicy = dynamodb_delete_resource_policy,
    .UpdateContributorInsights = dynamodb_update_contributor_insights,
    .DescribeContributorInsights = dynamodb_describe_contributor_insights,
    .ListContributorInsights = dynamodb_list_contributor_insights,
    .ExportTableToPointInTime = dynamodb_export_table_to_point_in_time,
    .DescribeExport = dynamodb_describe_export,
    .ListExports = dynamodb_list_exports,
    .ImportTable = dynamodb_import_table,
    .DescribeImport = dynamodb_describe_import,
    .ListImports = dynamodb_list_imports,
    .CreateGlobalTable = dynamodb_create_global_table,
    .UpdateGlobalTable = dynamodb_update_global_table,
    .DescribeGlobalTable = dynamodb_describe_global_table,
    .ListGlobalTables = dynamodb_list_global_tables,
    .PutItem = dynamodb_put_item,
    .GetItem = dynamodb_get_item,
    .UpdateItem = dynamodb_update_item,
    .DeleteItem = dynamodb_delete_item,
    .BatchGetItem = dynamodb_batch_get_item,
    .BatchWriteItem = dynamodb_batch_write_item,
    .Query = dynamodb_query,
    .Scan = dynamodb_scan,
    .TransactGetItems = dynamodb_transact_get_items,
    .TransactWriteItems = dynamodb_transact_write_items,
    .ExecuteStatement = dynamodb_execute_statement,
    .BatchExecuteStatement = dynamodb_batch_execute_statement,
    .ExecuteTransaction = dynamodb_execute_transaction,
};

/* AWS: the errors that its framework raises carry the framework's names. */
const char *ddb_error_type(const struct request *req, const struct aws_error *error)
{
    (void)req;
    if (str_eq(error->code, "ValidationException"))
        return "com.amazon.coral.validate#";
    if (str_eq(error->code, "SerializationException") ||
        str_eq(error->code, "UnknownOperationException") ||
        str_eq(error->code, "AccessDeniedException"))
        return "com.amazon.coral.service#";
    return "com.amazonaws.dynamodb.v20120810#";
}

static const char *const quick[] = {"GetItem", "PutItem", "UpdateItem", "DeleteItem", NULL};

const struct service dynamodb_service = {
    .model = &dynamodb_model,
    .handlers = &handlers,
    .open = ddb_open,
    .close = ddb_close,
    .error_type = ddb_error_type,
    .crc32_header = true,
    .json_words = JSON_WORDS_DYNAMODB,
    .request_id_form = REQUEST_ID_ALNUM_52,
    .validate = ddb_validate,
    .quick = quick,
};
