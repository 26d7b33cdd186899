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

/* AttributesToGet, where it is given (items not NULL), must include the name. */
int glue_check_attributes(struct request *req, const char *const *items, size_t count);
/* The rows of dropped tables are removed: some now, the rest in the background. */
void glue_sweep(struct glue *g);
/* What can't be kept of a storage descriptor is refused. */
int glue_check_storage(struct request *req, const struct glue_StorageDescriptor *sd);
/* The rows of new partition indexes of a table with these keys. */
int glue_check_indexes(struct request *req, const struct glue_PartitionIndex *indexes, size_t count,
                       const struct glue_ColumnList *keys, struct glue_index_row *out);
/* The tags of a new database, as they are stored; NULL after aws_fail(). */
const char *glue_new_tags(struct request *req, const struct glue_TagsMap *tags);

/* Lets a list give names by a regular expression, in which * may stand for any text. 0, or -1 after
 * aws_fail(). */
int glue_filter_names(struct request *req, const char *pattern, struct glue_filter *out);

/* --- operations --- */

/* All of them, each with its function: the prototypes and the table of handlers are made of this.
 */
/* clang-format off */
#define GLUE_OPERATIONS(X) \
    /* database.c */ \
    X(CreateDatabase, create_database) \
    X(GetDatabase, get_database) \
    X(GetDatabases, get_databases) \
    X(UpdateDatabase, update_database) \
    X(DeleteDatabase, delete_database) \
    /* table.c */ \
    X(CreateTable, create_table) \
    X(GetTable, get_table) \
    X(GetTables, get_tables) \
    X(UpdateTable, update_table) \
    X(DeleteTable, delete_table) \
    X(BatchDeleteTable, batch_delete_table) \
    /* partition_index.c */ \
    X(CreatePartitionIndex, create_partition_index) \
    X(GetPartitionIndexes, get_partition_indexes) \
    X(DeletePartitionIndex, delete_partition_index) \
    /* partition.c */ \
    X(CreatePartition, create_partition) \
    X(BatchCreatePartition, batch_create_partition) \
    X(GetPartition, get_partition) \
    X(BatchGetPartition, batch_get_partition) \
    X(UpdatePartition, update_partition) \
    X(BatchUpdatePartition, batch_update_partition) \
    X(DeletePartition, delete_partition) \
    X(BatchDeletePartition, batch_delete_partition) \
    /* partition_list.c */ \
    X(GetPartitions, get_partitions) \
    /* table_version.c */ \
    X(GetTableVersion, get_table_version) \
    X(GetTableVersions, get_table_versions) \
    X(DeleteTableVersion, delete_table_version) \
    X(BatchDeleteTableVersion, batch_delete_table_version) \
    /* search.c */ \
    X(SearchTables, search_tables) \
    /* statistics.c */ \
    X(UpdateColumnStatisticsForTable, update_column_statistics_for_table) \
    X(GetColumnStatisticsForTable, get_column_statistics_for_table) \
    X(DeleteColumnStatisticsForTable, delete_column_statistics_for_table) \
    X(UpdateColumnStatisticsForPartition, update_column_statistics_for_partition) \
    X(GetColumnStatisticsForPartition, get_column_statistics_for_partition) \
    X(DeleteColumnStatisticsForPartition, delete_column_statistics_for_partition) \
    /* function.c */ \
    X(CreateUserDefinedFunction, create_user_defined_function) \
    X(GetUserDefinedFunction, get_user_defined_function) \
    X(GetUserDefinedFunctions, get_user_defined_functions) \
    X(UpdateUserDefinedFunction, update_user_defined_function) \
    X(DeleteUserDefinedFunction, delete_user_defined_function) \
    /* policy.c */ \
    X(PutResourcePolicy, put_resource_policy) \
    X(GetResourcePolicy, get_resource_policy) \
    X(GetResourcePolicies, get_resource_policies) \
    X(DeleteResourcePolicy, delete_resource_policy) \
    X(GetCatalogImportStatus, get_catalog_import_status) \
    X(GetDataCatalogEncryptionSettings, get_data_catalog_encryption_settings) \
    X(PutDataCatalogEncryptionSettings, put_data_catalog_encryption_settings) \
    /* tag.c */ \
    X(TagResource, tag_resource) \
    X(UntagResource, untag_resource) \
    X(GetTags, get_tags)
/* clang-format on */

#define GLUE_PROTOTYPE(Name, function)                                                             \
    int glue_##function(struct request *req, const struct glue_##Name##Request *in,                \
                        struct glue_##Name##Response *out);
GLUE_OPERATIONS(GLUE_PROTOTYPE)
#undef GLUE_PROTOTYPE

#endif
