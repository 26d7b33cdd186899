/* Column statistics of tables and partitions: kept for those that plan queries by them. */
#include "handlers/glue/operations.h"

/* Whose statistics: a table's (tuple "") or a partition's. */
struct owner {
    struct glue_table_place place;
    const char *tuple;
};

static int use_partition(struct request *req, struct owner *o,
                         const struct glue_ValueStringList *values)
{
    struct glue_partition_row row;
    enum store_status status;

    o->tuple = glue_tuple_make(&req->arena, values->items, values->count);
    status = glue_partition_find(glue_store_of(req), o->place.row.id, o->tuple, &req->arena, &row);
    if (status == STORE_NOT_FOUND)
        return aws_fail(req, &glue_EntityNotFoundException, "Cannot find partition.");
    return status ? aws_fail_internal(req) : 0;
}

static int put(struct request *req, const struct owner *o,
               const struct glue_UpdateColumnStatisticsList *list,
               struct glue_ColumnStatisticsErrors *out)
{
    struct glue_statistics_row *rows =
        ARENA_ARRAY(&req->arena, struct glue_statistics_row, list->count);
    enum store_status status;

    for (size_t i = 0; i < list->count; i++)
        rows[i] = (struct glue_statistics_row){
            .column = glue_fold(&req->arena, list->items[i].ColumnName),
            .document = glue_document(&req->arena, "ColumnStatistics", &list->items[i]),
        };
    status = glue_statistics_put(glue_store_of(req), o->place.row.id, o->tuple, rows, list->count);
    out->items = ARENA_NEW(&req->arena, struct glue_ColumnStatisticsError);
    return status ? glue_fail_table(req, status, o->place.row.name) : 0;
}

static int get(struct request *req, const struct owner *o,
               const struct glue_GetColumnNamesList *names, struct glue_ColumnStatisticsList *out,
               struct glue_ColumnErrors *out_errors)
{
    out->items = ARENA_ARRAY(&req->arena, struct glue_ColumnStatistics, names->count + 1);
    out_errors->items = ARENA_ARRAY(&req->arena, struct glue_ColumnError, names->count + 1);
    for (size_t i = 0; i < names->count; i++) {
        const char *document;
        enum store_status status =
            glue_statistics_find(glue_store_of(req), o->place.row.id, o->tuple,
                                 glue_fold(&req->arena, names->items[i]), &req->arena, &document);

        if (status == STORE_NOT_FOUND)
            out_errors->items[out_errors->count++] = (struct glue_ColumnError){
                .ColumnName = names->items[i],
                .Error = glue_error_detail(req, &glue_EntityNotFoundException,
                                           "Statistics do not exist for this column")};
        else if (status)
            return aws_fail_internal(req);
        else
            glue_read_document(document, "ColumnStatistics", &req->arena,
                               &out->items[out->count++]);
    }
    return 0;
}

static int delete_statistics(struct request *req, const struct owner *o, const char *column)
{
    return glue_statistics_delete(glue_store_of(req), o->place.row.id, o->tuple,
                                  glue_fold(&req->arena, column))
               ? aws_fail_internal(req)
               : 0;
}

/* --- of tables --- */

int glue_update_column_statistics_for_table(
    struct request *req, const struct glue_UpdateColumnStatisticsForTableRequest *in,
    struct glue_UpdateColumnStatisticsForTableResponse *out)
{
    struct owner o = {.tuple = ""};

    if (glue_use_table(req, in->CatalogId, in->DatabaseName, in->TableName, &o.place))
        return -1;
    return put(req, &o, &in->ColumnStatisticsList, &out->Errors);
}

int glue_get_column_statistics_for_table(struct request *req,
                                         const struct glue_GetColumnStatisticsForTableRequest *in,
                                         struct glue_GetColumnStatisticsForTableResponse *out)
{
    struct owner o = {.tuple = ""};

    if (glue_use_table(req, in->CatalogId, in->DatabaseName, in->TableName, &o.place))
        return -1;
    return get(req, &o, &in->ColumnNames, &out->ColumnStatisticsList, &out->Errors);
}

int glue_delete_column_statistics_for_table(
    struct request *req, const struct glue_DeleteColumnStatisticsForTableRequest *in,
    struct glue_DeleteColumnStatisticsForTableResponse *out)
{
    struct owner o = {.tuple = ""};

    (void)out;
    if (glue_use_table(req, in->CatalogId, in->DatabaseName, in->TableName, &o.place))
        return -1;
    return delete_statistics(req, &o, in->ColumnName);
}

/* --- of partitions --- */

int glue_update_column_statistics_for_partition(
    struct request *req, const struct glue_UpdateColumnStatisticsForPartitionRequest *in,
    struct glue_UpdateColumnStatisticsForPartitionResponse *out)
{
    struct owner o;

    if (glue_use_table(req, in->CatalogId, in->DatabaseName, in->TableName, &o.place) ||
        use_partition(req, &o, &in->PartitionValues))
        return -1;
    return put(req, &o, &in->ColumnStatisticsList, &out->Errors);
}

int glue_get_column_statistics_for_partition(
    struct request *req, const struct glue_GetColumnStatisticsForPartitionRequest *in,
    struct glue_GetColumnStatisticsForPartitionResponse *out)
{
    struct owner o;

    if (glue_use_table(req, in->CatalogId, in->DatabaseName, in->TableName, &o.place) ||
        use_partition(req, &o, &in->PartitionValues))
        return -1;
    return get(req, &o, &in->ColumnNames, &out->ColumnStatisticsList, &out->Errors);
}

int glue_delete_column_statistics_for_partition(
    struct request *req, const struct glue_DeleteColumnStatisticsForPartitionRequest *in,
    struct glue_DeleteColumnStatisticsForPartitionResponse *out)
{
    struct owner o;

    (void)out;
    if (glue_use_table(req, in->CatalogId, in->DatabaseName, in->TableName, &o.place) ||
        use_partition(req, &o, &in->PartitionValues))
        return -1;
    return delete_statistics(req, &o, in->ColumnName);
}
