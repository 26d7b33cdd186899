/* The operations that are built, and what they take and give: the generated structs of the model.
 */
#ifndef CADABRA_DYNAMODB_OPS_H
#define CADABRA_DYNAMODB_OPS_H

#include "dynamodb.h"
#include "handlers/dynamodb/state.h"

#define DDB_OPERATION(name, Name)                                                                  \
    int dynamodb_##name(struct request *req, const struct dynamodb_##Name##Input *in,              \
                        struct dynamodb_##Name##Output *out)

DDB_OPERATION(create_table, CreateTable);
DDB_OPERATION(describe_table, DescribeTable);
DDB_OPERATION(list_tables, ListTables);
DDB_OPERATION(delete_table, DeleteTable);
DDB_OPERATION(update_table, UpdateTable);
DDB_OPERATION(tag_resource, TagResource);
DDB_OPERATION(untag_resource, UntagResource);
DDB_OPERATION(list_tags_of_resource, ListTagsOfResource);
DDB_OPERATION(describe_limits, DescribeLimits);
DDB_OPERATION(describe_time_to_live, DescribeTimeToLive);
DDB_OPERATION(update_time_to_live, UpdateTimeToLive);
DDB_OPERATION(describe_continuous_backups, DescribeContinuousBackups);
DDB_OPERATION(update_continuous_backups, UpdateContinuousBackups);
DDB_OPERATION(create_backup, CreateBackup);
DDB_OPERATION(describe_backup, DescribeBackup);
DDB_OPERATION(list_backups, ListBackups);
DDB_OPERATION(delete_backup, DeleteBackup);
DDB_OPERATION(restore_table_from_backup, RestoreTableFromBackup);
DDB_OPERATION(restore_table_to_point_in_time, RestoreTableToPointInTime);
DDB_OPERATION(enable_kinesis_streaming_destination, KinesisStreamingDestination);
DDB_OPERATION(disable_kinesis_streaming_destination, KinesisStreamingDestination);
DDB_OPERATION(update_kinesis_streaming_destination, UpdateKinesisStreamingDestination);
DDB_OPERATION(describe_kinesis_streaming_destination, DescribeKinesisStreamingDestination);
DDB_OPERATION(put_resource_policy, PutResourcePolicy);
DDB_OPERATION(get_resource_policy, GetResourcePolicy);
DDB_OPERATION(delete_resource_policy, DeleteResourcePolicy);
DDB_OPERATION(update_contributor_insights, UpdateContributorInsights);
DDB_OPERATION(describe_contributor_insights, DescribeContributorInsights);
DDB_OPERATION(list_contributor_insights, ListContributorInsights);
DDB_OPERATION(export_table_to_point_in_time, ExportTableToPointInTime);
DDB_OPERATION(describe_export, DescribeExport);
DDB_OPERATION(list_exports, ListExports);
DDB_OPERATION(import_table, ImportTable);
DDB_OPERATION(describe_import, DescribeImport);
DDB_OPERATION(list_imports, ListImports);
DDB_OPERATION(create_global_table, CreateGlobalTable);
DDB_OPERATION(update_global_table, UpdateGlobalTable);
DDB_OPERATION(describe_global_table, DescribeGlobalTable);
DDB_OPERATION(list_global_tables, ListGlobalTables);
DDB_OPERATION(put_item, PutItem);
DDB_OPERATION(get_item, GetItem);
DDB_OPERATION(update_item, UpdateItem);
DDB_OPERATION(delete_item, DeleteItem);
DDB_OPERATION(batch_get_item, BatchGetItem);
DDB_OPERATION(batch_write_item, BatchWriteItem);
DDB_OPERATION(query, Query);
DDB_OPERATION(scan, Scan);
DDB_OPERATION(transact_get_items, TransactGetItems);
DDB_OPERATION(transact_write_items, TransactWriteItems);
DDB_OPERATION(execute_statement, ExecuteStatement);
DDB_OPERATION(batch_execute_statement, BatchExecuteStatement);
DDB_OPERATION(execute_transaction, ExecuteTransaction);

/* The one whose shapes are not called Input and Output. */
int dynamodb_describe_endpoints(struct request *req,
                                const struct dynamodb_DescribeEndpointsRequest *in,
                                struct dynamodb_DescribeEndpointsResponse *out);

#endif
