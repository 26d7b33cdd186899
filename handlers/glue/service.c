/* The Glue Data Catalog as the server sees it. */
#include "handlers/glue/operations.h"

static const struct glue_handlers handlers = {
    .BatchDeleteTable = glue_batch_delete_table,
    .CreateDatabase = glue_create_database,
    .CreatePartitionIndex = glue_create_partition_index,
    .CreateTable = glue_create_table,
    .DeleteDatabase = glue_delete_database,
    .DeletePartitionIndex = glue_delete_partition_index,
    .DeleteTable = glue_delete_table,
    .GetDatabase = glue_get_database,
    .GetDatabases = glue_get_databases,
    .GetPartitionIndexes = glue_get_partition_indexes,
    .GetTable = glue_get_table,
    .GetTables = glue_get_tables,
    .GetTags = glue_get_tags,
    .TagResource = glue_tag_resource,
    .UntagResource = glue_untag_resource,
    .UpdateDatabase = glue_update_database,
    .UpdateTable = glue_update_table,
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
};
