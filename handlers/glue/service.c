/* The Glue Data Catalog as the server sees it. */
#include "handlers/glue/operations.h"

enum { BODY_MAX = 8 * 1024 * 1024 };

static const struct glue_handlers handlers = {
    .BatchCreatePartition = glue_batch_create_partition,
    .BatchDeletePartition = glue_batch_delete_partition,
    .BatchDeleteTable = glue_batch_delete_table,
    .BatchDeleteTableVersion = glue_batch_delete_table_version,
    .BatchGetPartition = glue_batch_get_partition,
    .BatchUpdatePartition = glue_batch_update_partition,
    .CreateDatabase = glue_create_database,
    .CreatePartition = glue_create_partition,
    .CreatePartitionIndex = glue_create_partition_index,
    .CreateTable = glue_create_table,
    .CreateUserDefinedFunction = glue_create_user_defined_function,
    .DeleteColumnStatisticsForPartition = glue_delete_column_statistics_for_partition,
    .DeleteColumnStatisticsForTable = glue_delete_column_statistics_for_table,
    .DeleteDatabase = glue_delete_database,
    .DeletePartition = glue_delete_partition,
    .DeletePartitionIndex = glue_delete_partition_index,
    .DeleteResourcePolicy = glue_delete_resource_policy,
    .DeleteTable = glue_delete_table,
    .DeleteTableVersion = glue_delete_table_version,
    .DeleteUserDefinedFunction = glue_delete_user_defined_function,
    .GetCatalogImportStatus = glue_get_catalog_import_status,
    .GetColumnStatisticsForPartition = glue_get_column_statistics_for_partition,
    .GetColumnStatisticsForTable = glue_get_column_statistics_for_table,
    .GetDataCatalogEncryptionSettings = glue_get_data_catalog_encryption_settings,
    .GetDatabase = glue_get_database,
    .GetDatabases = glue_get_databases,
    .GetPartition = glue_get_partition,
    .GetPartitionIndexes = glue_get_partition_indexes,
    .GetPartitions = glue_get_partitions,
    .GetResourcePolicies = glue_get_resource_policies,
    .GetResourcePolicy = glue_get_resource_policy,
    .GetTable = glue_get_table,
    .GetTableVersion = glue_get_table_version,
    .GetTableVersions = glue_get_table_versions,
    .GetTables = glue_get_tables,
    .GetTags = glue_get_tags,
    .GetUserDefinedFunction = glue_get_user_defined_function,
    .GetUserDefinedFunctions = glue_get_user_defined_functions,
    .PutDataCatalogEncryptionSettings = glue_put_data_catalog_encryption_settings,
    .PutResourcePolicy = glue_put_resource_policy,
    .SearchTables = glue_search_tables,
    .TagResource = glue_tag_resource,
    .UntagResource = glue_untag_resource,
    .UpdateColumnStatisticsForPartition = glue_update_column_statistics_for_partition,
    .UpdateColumnStatisticsForTable = glue_update_column_statistics_for_table,
    .UpdateDatabase = glue_update_database,
    .UpdatePartition = glue_update_partition,
    .UpdateTable = glue_update_table,
    .UpdateUserDefinedFunction = glue_update_user_defined_function,
};

static void *glue_open(struct app *app)
{
    struct glue *g = x_calloc(1, sizeof(*g));

    g->app = app;
    g->store = glue_store_open(app->store);
    return g;
}

static void glue_close(void *state)
{
    struct glue *g = state;

    glue_store_close(g->store);
    free(g);
}

const struct service glue_service = {
    .model = &glue_model,
    .handlers = &handlers,
    .open = glue_open,
    .close = glue_close,
    .body_max = BODY_MAX,
};
