/* What the files of the Data Catalog share:
 * https://docs.aws.amazon.com/glue/latest/dg/aws-glue-api-catalog.html */
#ifndef CADABRA_GLUE_OPERATIONS_H
#define CADABRA_GLUE_OPERATIONS_H

#include "gen/glue.h"
#include "handlers/glue/glue.h"
#include "server/aws_error.h"
#include "server/service.h"
#include "storage/glue_store.h"

#include <stdatomic.h>

/* The service's state. */
struct glue {
    struct app *app;
    struct glue_store *store;
    atomic_bool sweeping; /* a task removes what dropped tables have left */
};

static inline struct glue *glue_of(struct app *app)
{
    return service_state(app, &glue_service);
}

static inline struct glue_store *glue_store_of(const struct request *req)
{
    return glue_of(req->app)->store;
}

/* --- where things are: place.c --- */

/* Glue compares names without case, and keeps them in lower case. */
char *glue_fold(struct arena *a, const char *name);

/* The catalog of that id (NULL: the caller's own), as long as the caller may do there what they ask
 * with this database and table (folded; NULL: none). 0, or -1 after aws_fail(). */
int glue_use_catalog(struct request *req, const char *catalog_id, const char *database,
                     const char *table, struct scope *out);

struct glue_database_place {
    struct scope scope;
    struct glue_database_row row;
};

/* 0, or -1 after aws_fail(): EntityNotFoundException. */
int glue_use_database(struct request *req, const char *catalog_id, const char *name,
                      struct glue_database_place *out);

struct glue_table_place {
    struct scope scope;
    struct glue_table_row row;
};

int glue_use_table(struct request *req, const char *catalog_id, const char *database,
                   const char *name, struct glue_table_place *out);

/* EntityNotFoundException of what had been found and is gone; STORE_FAILED: our fault. -1. */
int glue_fail_table(struct request *req, enum store_status status, const char *name);
int glue_fail_database(struct request *req, enum store_status status, const char *name);

/* Position from a token, "" without one; -1 after aws_fail() for a token that is none. */
int glue_read_token(struct request *req, const char *kind, const char *token,
                    const char **out_position);

struct glue_ErrorDetail *glue_error_detail(struct request *req, const struct aws_error *error,
                                           const char *message);

/* --- documents: document.c --- */

/* The JSON of a structure of the model, by its name. */
char *glue_document(struct arena *a, const char *structure, const void *value);
/* Into a zeroed struct of the model; members that it does not have are skipped. */
void glue_read_document(const char *document, const char *structure, struct arena *a, void *out);

/* AWS: times are whole seconds. */
static inline struct maybe_time glue_seconds(int64_t ms)
{
    return SOME_TIME(ms - ms % 1000);
}

void glue_read_table(const struct glue_table_row *row, const struct scope *scope, struct arena *a,
                     struct glue_Table *out);
void glue_read_partition(const struct glue_partition_row *row, const struct glue_table_place *table,
                         struct arena *a, struct glue_Partition *out);

/* --- parts of operations --- */

/* The rows of dropped tables are removed: some now, the rest in the background. */
void glue_sweep(struct glue *g);
/* What can't be kept of a storage descriptor is refused. */
int glue_check_storage(struct request *req, const struct glue_StorageDescriptor *sd);
/* The rows of new partition indexes of a table with these keys. */
int glue_check_indexes(struct request *req, const struct glue_PartitionIndex *indexes, size_t count,
                       const struct glue_ColumnList *keys, struct glue_index_row *out);
/* The tags of a new database, as they are stored; NULL after aws_fail(). */
const char *glue_new_tags(struct request *req, const struct glue_TagsMap *tags);

struct pattern_cache;

/* Names by a regular expression, in which * may stand for any text. */
struct glue_name_filter {
    struct pattern_cache *cache; /* of the request's lifetime: compiles the pattern once */
    const char *pattern;
};

int glue_name_filter_init(struct request *req, const char *pattern, struct glue_name_filter *out);
bool glue_name_wanted(const char *name, void *filter);

/* --- operations --- */

#define GLUE_OPERATION(function, input, output)                                                    \
    int function(struct request *req, const struct glue_##input *in, struct glue_##output *out)

/* database.c */
GLUE_OPERATION(glue_create_database, CreateDatabaseRequest, CreateDatabaseResponse);
GLUE_OPERATION(glue_get_database, GetDatabaseRequest, GetDatabaseResponse);
GLUE_OPERATION(glue_get_databases, GetDatabasesRequest, GetDatabasesResponse);
GLUE_OPERATION(glue_update_database, UpdateDatabaseRequest, UpdateDatabaseResponse);
GLUE_OPERATION(glue_delete_database, DeleteDatabaseRequest, DeleteDatabaseResponse);

/* table.c */
GLUE_OPERATION(glue_create_table, CreateTableRequest, CreateTableResponse);
GLUE_OPERATION(glue_get_table, GetTableRequest, GetTableResponse);
GLUE_OPERATION(glue_get_tables, GetTablesRequest, GetTablesResponse);
GLUE_OPERATION(glue_update_table, UpdateTableRequest, UpdateTableResponse);
GLUE_OPERATION(glue_delete_table, DeleteTableRequest, DeleteTableResponse);
GLUE_OPERATION(glue_batch_delete_table, BatchDeleteTableRequest, BatchDeleteTableResponse);

/* partition_index.c */
GLUE_OPERATION(glue_create_partition_index, CreatePartitionIndexRequest,
               CreatePartitionIndexResponse);
GLUE_OPERATION(glue_get_partition_indexes, GetPartitionIndexesRequest, GetPartitionIndexesResponse);
GLUE_OPERATION(glue_delete_partition_index, DeletePartitionIndexRequest,
               DeletePartitionIndexResponse);

/* partition.c */
GLUE_OPERATION(glue_create_partition, CreatePartitionRequest, CreatePartitionResponse);
GLUE_OPERATION(glue_batch_create_partition, BatchCreatePartitionRequest,
               BatchCreatePartitionResponse);
GLUE_OPERATION(glue_get_partition, GetPartitionRequest, GetPartitionResponse);
GLUE_OPERATION(glue_batch_get_partition, BatchGetPartitionRequest, BatchGetPartitionResponse);
GLUE_OPERATION(glue_update_partition, UpdatePartitionRequest, UpdatePartitionResponse);
GLUE_OPERATION(glue_batch_update_partition, BatchUpdatePartitionRequest,
               BatchUpdatePartitionResponse);
GLUE_OPERATION(glue_delete_partition, DeletePartitionRequest, DeletePartitionResponse);
GLUE_OPERATION(glue_batch_delete_partition, BatchDeletePartitionRequest,
               BatchDeletePartitionResponse);

/* partition_list.c */
GLUE_OPERATION(glue_get_partitions, GetPartitionsRequest, GetPartitionsResponse);

/* table_version.c */
GLUE_OPERATION(glue_get_table_version, GetTableVersionRequest, GetTableVersionResponse);
GLUE_OPERATION(glue_get_table_versions, GetTableVersionsRequest, GetTableVersionsResponse);
GLUE_OPERATION(glue_delete_table_version, DeleteTableVersionRequest, DeleteTableVersionResponse);
GLUE_OPERATION(glue_batch_delete_table_version, BatchDeleteTableVersionRequest,
               BatchDeleteTableVersionResponse);

/* search.c */
GLUE_OPERATION(glue_search_tables, SearchTablesRequest, SearchTablesResponse);

/* statistics.c */
GLUE_OPERATION(glue_update_column_statistics_for_table, UpdateColumnStatisticsForTableRequest,
               UpdateColumnStatisticsForTableResponse);
GLUE_OPERATION(glue_get_column_statistics_for_table, GetColumnStatisticsForTableRequest,
               GetColumnStatisticsForTableResponse);
GLUE_OPERATION(glue_delete_column_statistics_for_table, DeleteColumnStatisticsForTableRequest,
               DeleteColumnStatisticsForTableResponse);
GLUE_OPERATION(glue_update_column_statistics_for_partition,
               UpdateColumnStatisticsForPartitionRequest,
               UpdateColumnStatisticsForPartitionResponse);
GLUE_OPERATION(glue_get_column_statistics_for_partition, GetColumnStatisticsForPartitionRequest,
               GetColumnStatisticsForPartitionResponse);
GLUE_OPERATION(glue_delete_column_statistics_for_partition,
               DeleteColumnStatisticsForPartitionRequest,
               DeleteColumnStatisticsForPartitionResponse);

/* function.c */
GLUE_OPERATION(glue_create_user_defined_function, CreateUserDefinedFunctionRequest,
               CreateUserDefinedFunctionResponse);
GLUE_OPERATION(glue_get_user_defined_function, GetUserDefinedFunctionRequest,
               GetUserDefinedFunctionResponse);
GLUE_OPERATION(glue_get_user_defined_functions, GetUserDefinedFunctionsRequest,
               GetUserDefinedFunctionsResponse);
GLUE_OPERATION(glue_update_user_defined_function, UpdateUserDefinedFunctionRequest,
               UpdateUserDefinedFunctionResponse);
GLUE_OPERATION(glue_delete_user_defined_function, DeleteUserDefinedFunctionRequest,
               DeleteUserDefinedFunctionResponse);

/* policy.c */
GLUE_OPERATION(glue_put_resource_policy, PutResourcePolicyRequest, PutResourcePolicyResponse);
GLUE_OPERATION(glue_get_resource_policy, GetResourcePolicyRequest, GetResourcePolicyResponse);
GLUE_OPERATION(glue_get_resource_policies, GetResourcePoliciesRequest, GetResourcePoliciesResponse);
GLUE_OPERATION(glue_delete_resource_policy, DeleteResourcePolicyRequest,
               DeleteResourcePolicyResponse);
GLUE_OPERATION(glue_get_catalog_import_status, GetCatalogImportStatusRequest,
               GetCatalogImportStatusResponse);
GLUE_OPERATION(glue_get_data_catalog_encryption_settings, GetDataCatalogEncryptionSettingsRequest,
               GetDataCatalogEncryptionSettingsResponse);
GLUE_OPERATION(glue_put_data_catalog_encryption_settings, PutDataCatalogEncryptionSettingsRequest,
               PutDataCatalogEncryptionSettingsResponse);

/* tag.c */
GLUE_OPERATION(glue_tag_resource, TagResourceRequest, TagResourceResponse);
GLUE_OPERATION(glue_untag_resource, UntagResourceRequest, UntagResourceResponse);
GLUE_OPERATION(glue_get_tags, GetTagsRequest, GetTagsResponse);

#endif
