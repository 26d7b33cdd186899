/* The catalog for other services. */
#include "handlers/glue/glue.h"

#include "handlers/glue/operations.h"
#include "handlers/glue/partition_filter.h"

static struct glue_table_columns columns_of(const struct glue_ColumnList *list, struct arena *a)
{
    struct glue_table_columns columns = {
        .items = ARENA_ARRAY(a, struct glue_table_column, list->count), .count = list->count};

    for (size_t i = 0; i < list->count; i++) {
        columns.items[i].name = list->items[i].Name;
        columns.items[i].type = list->items[i].Type ? list->items[i].Type : "";
    }
    return columns;
}

static struct glue_parameters parameters_of(const struct glue_ParametersMap *map, struct arena *a)
{
    struct glue_parameters parameters = {.items = ARENA_ARRAY(a, struct glue_parameter, map->count),
                                         .count = map->count};

    for (size_t i = 0; i < map->count; i++) {
        parameters.items[i].name = map->items[i].key;
        parameters.items[i].value = map->items[i].value;
    }
    return parameters;
}

static struct glue_storage storage_of(const struct glue_StorageDescriptor *sd, struct arena *a)
{
    struct glue_storage storage = {0};

    if (!sd)
        return storage;
    storage = (struct glue_storage){
        .columns = columns_of(&sd->Columns, a),
        .location = sd->Location,
        .input_format = sd->InputFormat,
        .output_format = sd->OutputFormat,
        .parameters = parameters_of(&sd->Parameters, a),
    };
    if (sd->SerdeInfo) {
        storage.serde = sd->SerdeInfo->SerializationLibrary;
        storage.serde_parameters = parameters_of(&sd->SerdeInfo->Parameters, a);
    }
    return storage;
}

static struct glue_table table_of(const struct glue_Table *t, const struct glue_table_row *row,
                                  struct arena *a)
{
    return (struct glue_table){
        .database = row->database,
        .name = row->name,
        .type = t->TableType,
        .version = t->VersionId,
        .created_ms = row->created_ms,
        .updated_ms = row->updated_ms,
        .storage = storage_of(t->StorageDescriptor, a),
        .partition_keys = columns_of(&t->PartitionKeys, a),
        .parameters = parameters_of(&t->Parameters, a),
        .view_original_text = t->ViewOriginalText,
        .view_expanded_text = t->ViewExpandedText,
    };
}

/* The row of the version that the name tells. */
static enum store_status find_row(struct app *app, const struct glue_table_name *name,
                                  struct arena *a, struct glue_table_place *out)
{
    struct glue_store *store = glue_of(app)->store;
    enum store_status status;
    char *end;
    long long version;

    out->scope = (struct scope){.account = name->account, .region = name->region};
    status = glue_table_find(store, &out->scope, glue_fold(a, name->database),
                             glue_fold(a, name->table), a, &out->row);
    if (status || !name->version || str_eq(name->version, "LATEST"))
        return status;
    errno = 0;
    version = strtoll(name->version, &end, 10);
    if (errno || *end || end == name->version)
        return STORE_NOT_FOUND;
    return version == out->row.version
               ? STORE_OK
               : glue_version_find(store, out->row.id, version, a, &out->row);
}

enum store_status glue_find_table(struct app *app, const struct glue_table_name *name,
                                  struct arena *a, struct glue_table *out)
{
    struct glue_table_place place = {0};
    struct glue_Table table;
    enum store_status status = find_row(app, name, a, &place);

    if (status)
        return status;
    glue_read_table(&place.row, &place.scope, a, &table);
    *out = table_of(&table, &place.row, a);
    return STORE_OK;
}

const char *glue_parameter(const struct glue_parameters *parameters, const char *name)
{
    for (size_t i = 0; i < parameters->count; i++) {
        if (str_eq(parameters->items[i].name, name))
            return parameters->items[i].value;
    }
    return NULL;
}

static struct glue_partition partition_of(const struct glue_partition_row *row,
                                          const struct glue_table_place *place, struct arena *a)
{
    struct glue_Partition p;

    glue_read_partition(row, place, a, &p);
    return (struct glue_partition){
        .values = p.Values.items,
        .value_count = p.Values.count,
        .storage = storage_of(p.StorageDescriptor, a),
        .parameters = parameters_of(&p.Parameters, a),
    };
}

enum store_status glue_list_partitions(struct app *app, const struct glue_table_name *name,
                                       const struct glue_partition_query *query, struct arena *a,
                                       struct glue_partition_page *out)
{
    struct glue_table_place place = {0};
    struct glue_Table table;
    struct partition_filter filter;
    struct glue_partition_row *rows = ARENA_ARRAY(a, struct glue_partition_row, query->limit);
    size_t count = 0;
    bool more = false;
    enum store_status status = find_row(app, name, a, &place);

    *out = (struct glue_partition_page){0};
    if (status)
        return status == STORE_CONFLICT ? STORE_NOT_FOUND : status;
    glue_read_table(&place.row, &place.scope, a, &table);
    if (!partition_filter_init(&filter, a, query->expression, &table.PartitionKeys)) {
        out->problem = filter.problem;
        return STORE_CONFLICT;
    }
    status =
        partition_filter_list(&filter, glue_of(app)->store, place.row.id,
                              query->after ? query->after : "", query->limit, rows, &count, &more);
    if (status) {
        out->problem = filter.problem;
        return status;
    }
    out->items = ARENA_ARRAY(a, struct glue_partition, count);
    out->count = count;
    for (size_t i = 0; i < count; i++)
        out->items[i] = partition_of(&rows[i], &place, a);
    out->next = more && count > 0 ? rows[count - 1].tuple : NULL;
    return STORE_OK;
}
