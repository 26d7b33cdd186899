/* The columns of a table of the Glue Data Catalog, read anew for each file: a table that changes
 * does so for what is delivered next. */
#include "handlers/firehose/catalog.h"

#include "handlers/firehose/parquet.h"
#include "handlers/glue/glue.h"

static enum store_status find_columns(struct app *app, const struct table_name *name,
                                      struct arena *a, struct table_columns *out)
{
    const struct glue_table_name wanted = {
        .account = name->catalog_id,
        .region = name->region,
        .database = name->database,
        .table = name->table,
        .version = name->version_id,
    };
    struct glue_table table;
    enum store_status rc = glue_find_table(app, &wanted, a, &table);

    if (rc)
        return rc == STORE_CONFLICT ? STORE_NOT_FOUND : rc;
    out->count = table.storage.columns.count;
    out->items = ARENA_ARRAY(a, struct table_column, out->count);
    for (size_t i = 0; i < out->count; i++) {
        out->items[i].name = table.storage.columns.items[i].name;
        out->items[i].type = table.storage.columns.items[i].type;
    }
    return STORE_OK;
}

const struct conversion_parts catalog_conversion = {
    .find_columns = find_columns,
    .missing = parquet_missing,
    .option_problem = parquet_option_problem,
    .begin = parquet_begin,
    .add = parquet_add,
    .end = parquet_end,
};
